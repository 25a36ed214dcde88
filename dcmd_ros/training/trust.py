"""Teaches the confidence (MCE) what faults of a sensor do to the teacher's features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from dcmd_ros.frame import MODALITIES, Frame, Modality
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.confidence import CELL, Confidence, change
from dcmd_ros.network.dcmd import Dcmd
from dcmd_ros.network.detector import inputs, masks
from dcmd_ros.network.preparation import Preparation, Prepared
from dcmd_ros.sensing.foreground import part_by_depth
from dcmd_ros.training.corruption import KINDS, drawn
from dcmd_ros.training.material import Frames
from dcmd_ros.training.options import TrainingOptions
from dcmd_ros.training.pseudo_anomaly import FEWEST, pseudo_anomaly
from dcmd_ros.training.side_by_side import side_by_side

_BATCH = 16
_RATE = 1e-3
_ALONE = 0.2       # share of the frames whose other sensor is taken away
_LEVELS = (1.0, 4.0)  # sensitivities at which the guess has to be right


@dataclass
class Lessons:
    """
    features      (K, C, h, w) half precision, three strides of each modality
    part, valid   (K, S, S)
    target        (K, 2, S/8, S/8), how far each modality's features were moved
    """

    features: dict[Modality, list[Tensor]]
    part: Tensor
    valid: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.part)


def learn_confidence(frames: Frames, preparation: Preparation, teacher: Backbone, network: Dcmd,
                     options: TrainingOptions) -> Confidence:
    """A confidence network for a view, from good parts; the same seed gives the same one."""
    lessons = prepare_lessons(frames, preparation, teacher, network, options)
    torch.manual_seed(options.seed)
    return fit(Confidence(teacher.channels, options.sensitivity).to(options.device), lessons,
               options)


def prepare_lessons(frames: Frames, preparation: Preparation, teacher: Backbone, network: Dcmd,
                    options: TrainingOptions) -> Lessons:
    """Good parts, with made-up defects too, each as it is and with every fault."""
    chosen = frames.spread(options.trust_parts)

    def group(index: int) -> Lessons:
        frame, donor = chosen[index % len(chosen)], chosen[(index + 1) % len(chosen)]
        return _group(frame, donor, preparation, teacher, network,
                      np.random.default_rng((options.seed, index)), options.device)
    groups = side_by_side(group, options.trust_parts, 'corrupted frames', options.device)
    return Lessons({m: [torch.cat([g.features[m][k] for g in groups]) for k in range(3)]
                    for m in MODALITIES},
                   *(torch.cat([getattr(g, name) for g in groups])
                     for name in ('part', 'valid', 'target')))


def _group(frame: Frame, donor: Frame, preparation: Preparation, teacher: Backbone,
           network: Dcmd, rng: np.random.Generator, device: str) -> Lessons:
    """One part: as it is, with two made-up defects, and one of those three with each fault."""
    bases = [frame, *(_defective(frame, donor, preparation, rng) for _ in range(2))]
    seen, touched, origin = list(bases), [], []
    for sensor in MODALITIES:
        for kind in KINDS[sensor]:
            base = int(rng.integers(len(bases)))
            seen.append(drawn(sensor, kind, rng)(bases[base], rng))
            touched.append(sensor)
            origin.append(base)
    prepared = [preparation(f) for f in seen]
    features = featured(prepared, teacher, network, device)
    cells = preparation.view.size // CELL
    target = torch.zeros(len(seen), len(MODALITIES), cells, cells, device=device)
    for place, (sensor, base) in enumerate(zip(touched, origin, strict=True), len(bases)):
        before, after = ([f[k:k + 1] for f in features[sensor]] for k in (base, place))
        target[place, MODALITIES.index(sensor)] = change(before, after)[0, 0]
    part = masks([p.foreground for p in prepared], device)
    valid = masks([p.valid for p in prepared], device)
    assert part is not None and valid is not None
    return Lessons({m: [f.half() for f in features[m]] for m in MODALITIES}, part, valid, target)


def _defective(frame: Frame, donor: Frame, preparation: Preparation,
               rng: np.random.Generator) -> Frame:
    assert frame.depth is not None
    part = part_by_depth(frame.depth, preparation.scene)
    return pseudo_anomaly(frame, donor, part, rng).frame if part.sum() >= FEWEST else frame


@torch.inference_mode()
def featured(prepared: Sequence[Prepared], teacher: Backbone, network: Dcmd,
             device: str) -> dict[Modality, list[Tensor]]:
    """Standardised features of both sensors."""
    return network.features(teacher, inputs(prepared, 'both', device))


def fit(confidence: Confidence, lessons: Lessons, options: TrainingOptions) -> Confidence:
    """
    Adam with a cosine; the loss is the cross-entropy of exp(-s d) with exp(-s d*) over the
    cells of the part, for two sensitivities s.
    """
    optimiser = torch.optim.Adam(confidence.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.trust_steps)
    generator = torch.Generator().manual_seed(options.seed)
    confidence.train()
    for _ in tqdm(range(options.trust_steps), desc='confidence', unit='step'):
        chosen = torch.randint(len(lessons), (_BATCH,), generator=generator)
        present = _present(generator)
        loss = loss_of(confidence, lessons, chosen, present)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return confidence.eval()


def _present(generator: torch.Generator) -> tuple[Modality, ...]:
    draw = float(torch.rand((), generator=generator))
    if draw < _ALONE:
        return (MODALITIES[int(draw < _ALONE / 2)],)
    return MODALITIES


def loss_of(confidence: Confidence, lessons: Lessons, chosen: Tensor,
            present: tuple[Modality, ...]) -> Tensor:
    """Over the modalities that are present."""
    features = {m: [f[chosen].float() for f in lessons.features[m]] for m in present}
    part, valid = lessons.part[chosen], lessons.valid[chosen]
    found = confidence(features, part, valid if 'depth' in present else None)
    target = lessons.target[chosen]
    share = functional.avg_pool2d(part[:, None].float(), CELL)
    seen = functional.avg_pool2d((part & valid)[:, None].float(), CELL)
    loss = found.new_zeros(())
    for m in present:
        k, weight = MODALITIES.index(m), (share if m == 'rgb' else seen)[:, 0]
        for level in _LEVELS:
            loss = loss + (_unlike(found[:, k], target[:, k], level) * weight).sum() / (
                weight.sum() + 1e-6)
    return loss


def _unlike(guess: Tensor, target: Tensor, level: float) -> Tensor:
    """Cross-entropy of exp(-level guess) with exp(-level target)."""
    wanted = torch.exp(-level * target)
    doubt = -torch.expm1(-level * guess) + 1e-6
    return wanted * level * guess - (1 - wanted) * torch.log(doubt)
