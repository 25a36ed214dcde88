"""Prepared frames -> evidence: teacher, students and fusion in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcmd_ros.frame import MODALITIES, Modality, Mode
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.compensator import context_of
from dcmd_ros.network.confidence import CELL, Confidence, measured_share
from dcmd_ros.network.dcmd import EVIDENCE, Dcmd, images_of, mean_on
from dcmd_ros.network.fusion import Scales, evidence
from dcmd_ros.network.lanes import Lanes, alone
from dcmd_ros.network.picture import teacher_input
from dcmd_ros.network.preparation import (
    Colour,
    Mask,
    Outliner,
    Prepared,
)
from dcmd_ros.network.resizing import resized
from dcmd_ros.network.silhouette import Silhouette

if TYPE_CHECKING:
    from dcmd_ros.network.engine import Engine

T = TypeVar('T')
PRESENT: dict[Mode, tuple[Modality, ...]] = {
    'both': MODALITIES, 'rgb_only': ('rgb',), 'depth_only': ('depth',)}


def outliner(silhouette: Silhouette, teacher: Backbone, device: str = 'cpu',
             engine: Callable[[], Engine | None] = lambda: None) -> Outliner:
    """Looks for the part by colour, (S, S, 3) uint8."""
    def find(rgb: Colour) -> Mask:
        running = engine()
        if running is not None:
            return running('outline', [planes(outline_input(rgb))])[0][0]
        image = batch([outline_input(rgb)], device)
        found: Mask = silhouette.outline(teacher, image, rgb.shape[0])[0].cpu().numpy()
        return found
    return find


def outline_input(rgb: Colour) -> NDArray[np.float32]:
    """What colour finds the part in, (s, s, 3): the view at about half the network's size S."""
    return teacher_input(resized(rgb, outline_side(rgb.shape[0])))


def outline_side(size: int) -> int:
    """The side s of `outline_input`, a multiple of 32."""
    return max(round(size / 64), 1) * 32


def planes(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """(S, S, 3) -> (1, 3, S, S), contiguous."""
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None])


def arrays(prepared: Prepared, mode: Mode) -> list[NDArray]:
    """The inputs of a mode's exported graph, in their order."""
    images = {'rgb': prepared.colour, 'depth': prepared.normals}
    masks_ = (prepared.foreground, None if mode == 'rgb_only' else prepared.valid)
    return [*(planes(image) for m in PRESENT[mode] if (image := images[m]) is not None),
            *(mask[None] for mask in masks_ if mask is not None), statistics([prepared], mode)]


def statistics(prepared: Sequence[Prepared], mode: Mode) -> NDArray[np.float32]:
    """(N, modalities of the mode), the trust by the pictures' quality."""
    return np.array([[p.trust.get(m, 1.0) for m in PRESENT[mode]] for p in prepared], np.float32)


def batch(images: Sequence[NDArray[np.float32]], device: str = 'cpu') -> Tensor:
    """(S, S, 3) arrays -> (N, 3, S, S), channels last in memory."""
    stacked = torch.from_numpy(np.stack(images)).to(device)
    return stacked.permute(0, 3, 1, 2)


def masks(found: Sequence[Mask | None], device: str = 'cpu') -> Tensor | None:
    """(S, S) bool arrays -> (N, S, S), None where they are absent."""
    present = [mask for mask in found if mask is not None]
    return torch.from_numpy(np.stack(present)).to(device) if present else None


def inputs(prepared: Sequence[Prepared], mode: Mode,
           device: str = 'cpu') -> dict[Modality, Tensor]:
    """The teacher's inputs in an availability mode."""
    colour = [p.colour for p in prepared if p.colour is not None]
    shape = [p.normals for p in prepared if p.normals is not None]
    return images_of(batch(colour, device) if mode != 'depth_only' else None,
                     batch(shape, device) if mode != 'rgb_only' else None)


@dataclass(frozen=True)
class Sight:
    """
    What the teacher makes of prepared frames in an availability mode, before any judgement.

    features     standardised, of the modalities of the mode
    part, valid  (N, S, S) bool; valid is None without depth
    statistics   (N, modalities of the mode), trust by the pictures' quality
    trust        (N, 1, S/8, S/8) in what was measured by each modality; empty without a
                 confidence network
    context      what the students read instead of features: those with what is missing or not
                 trusted restored, by a network with a compensator; empty where nothing was
    normals      (N, 3, S, S) as the teacher got them; None without depth
    judged       evidence and where there is any, of an engine that gives all at once; it gives
                 no features
    """

    mode: Mode
    features: Mapping[Modality, list[Tensor]]
    part: Tensor
    valid: Tensor | None
    statistics: Tensor
    trust: Mapping[Modality, Tensor]
    context: Mapping[Modality, list[Tensor]] = field(default_factory=dict)
    normals: Tensor | None = None
    judged: tuple[Tensor, Tensor] | None = None

    def mean(self) -> dict[Modality, float]:
        """Each modality's mean trust over what it measured of the parts."""
        return {m: float(mean_on(self._measured(m), t, CELL).mean())
                for m, t in self.trust.items()}

    def _measured(self, modality: Modality) -> Tensor:
        return self.part if modality == 'rgb' or self.valid is None else self.part & self.valid

    def confidence(self) -> dict[Modality, Tensor]:
        """Each modality's confidence map, (N, 1, S/8, S/8), 0 where it measured nothing."""
        found = dict(self.trust)
        if self.valid is not None and 'depth' in found:
            found['depth'] = found['depth'] * measured_share(self.part, self.valid)
        return found


class Detector:
    """
    The network with its scales: prepared frames in, evidence out.

    engine  runs the exported network instead, one frame at a time; None: torch does
    """

    engine: Engine | None = None

    def __init__(self, network: Dcmd, teacher: Backbone, scales: Scales, device: str = 'cpu',
                 lanes: Lanes | None = None, confidence: Confidence | None = None) -> None:
        self.network, self.teacher, self.scales, self.device = network, teacher, scales, device
        self.lanes, self.confidence = lanes, confidence

    @torch.inference_mode()
    def look(self, prepared: Sequence[Prepared], mode: Mode) -> Sight:
        """Features, and how far they can be trusted."""
        part = self._parts(prepared)
        valid = None if mode == 'rgb_only' else masks([p.valid for p in prepared], self.device)
        doubts = torch.from_numpy(statistics(prepared, mode)).to(self.device)
        if self.engine is not None and len(prepared) == 1:
            found, seen, *trusted = map(
                torch.from_numpy, self.engine(mode, arrays(prepared[0], mode), self.lanes))
            return Sight(mode, {}, part, valid, doubts,
                         dict(zip(PRESENT[mode], trusted, strict=False)), judged=(found, seen))
        images = inputs(prepared, mode, self.device)
        features = self._features(images)
        trust = {} if self.confidence is None else self._alone(
            partial(self.confidence.maps, features, part, valid))
        context = self._alone(partial(
            context_of, self.network.compensator, features, part, valid, trust))
        return Sight(mode, features, part, valid, doubts, trust, context, images.get('depth'))

    def _alone(self, job: Callable[[], T]) -> T:
        """A small job on one core: on several its threads would wait for each other."""
        return job() if self.lanes is None else alone(job)

    def _features(self, images: Mapping[Modality, Tensor]) -> dict[Modality, list[Tensor]]:
        if self.lanes is None:
            return self.network.features(self.teacher, images)
        features: dict[Modality, list[Tensor]] = {}
        for found in self.lanes([partial(self.network.features, self.teacher, {m: image})
                                 for m, image in images.items()]):
            features.update(found)
        return features

    @torch.inference_mode()
    def maps(self, sight: Sight) -> dict[str, Tensor]:
        """Maps by name, (N, 1, S/4, S/4), of all that is evidence in a mode."""
        return self._each(self._maps(sight))

    @torch.inference_mode()
    def slopes(self, sight: Sight) -> Tensor:
        """How odd the slopes are, (N, 1, S/4, S/4), in a mode with depth."""
        found: Tensor = self.network.slopes(sight.normals, sight.part, sight.valid)
        return found

    @torch.inference_mode()
    def judge(self, sight: Sight) -> tuple[Tensor, Tensor]:
        """Evidence of one frame less the threshold, and where there is any: (S/4, S/4) twice."""
        found, seen = sight.judged or self._evidence(sight)
        return found[0, 0] - self.scales[sight.mode].threshold, seen[0, 0] > 0

    def _evidence(self, sight: Sight) -> tuple[Tensor, Tensor]:
        jobs = self._maps(sight)
        if sight.normals is not None:
            jobs['slopes'] = partial(self.slopes, sight)
        maps = self._each(jobs)
        slopes = maps.pop('slopes', None)
        return self._alone(partial(evidence, maps, sight.mode, self.scales, sight.part,
                                   sight.valid, sight.trust, slopes, sight.statistics))

    def _maps(self, sight: Sight) -> dict[str, Callable[[], Tensor]]:
        return {name: partial(self.network.map, name, sight.features, sight.part, sight.context)
                for name in EVIDENCE[sight.mode]}

    def _each(self, jobs: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """The jobs' results, side by side where there are lanes."""
        todo = list(jobs.values())
        found = [job() for job in todo] if self.lanes is None else self.lanes(todo)
        return dict(zip(jobs, found, strict=True))

    def __call__(self, prepared: Prepared, mode: Mode) -> tuple[Tensor, Tensor]:
        """`judge` of one prepared frame."""
        return self.judge(self.look([prepared], mode))

    def _parts(self, prepared: Sequence[Prepared]) -> Tensor:
        parts = masks([p.foreground for p in prepared], self.device)
        assert parts is not None
        return parts

