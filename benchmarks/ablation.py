"""
What each part of the network adds, on a data set's test parts, one trained model for each seed.

Maps of a model are computed once; each row fuses some of them by the product's own rule, with the
scale and threshold that the data set's validation parts give them. Rows of both sensors: the intra
students; with the cross student of one direction, of the other, of both; with the memories; with
the memory of slopes; with the confidence network (all that the model has). `neighbours` are the
nearest neighbours among all places of the training parts, same features, no student: what two
sensors must beat. Rows of a single sensor likewise, without those that come to the same there.

The last line is JSON: {MODE: {ROW: {"i_auroc": [by model], "aupro": [by model], "far"}}}.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from evidence import spread
from numpy.typing import NDArray
from options import of_trainings
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from dcmd_ros.evaluation.metrics import PixelScores, far, i_auroc
from dcmd_ros.frame import MODALITIES, MODES, Frame, Modality, Mode
from dcmd_ros.network.anomaly_map import anomaly_map
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import Checkpoint, load_checkpoint
from dcmd_ros.network.dcmd import EVIDENCE
from dcmd_ros.network.detector import PRESENT, Detector, Sight, outliner
from dcmd_ros.network.fitting import Fitting, fitting
from dcmd_ros.network.fusion import NO_DOUBT, Scales, evidence
from dcmd_ros.network.memory import Memory, described
from dcmd_ros.network.preparation import Preparation, Prepared
from dcmd_ros.training.calibration import Kept, alone, scaled
from dcmd_ros.training.datasets import GOOD, Dataset, Sample, open_dataset
from dcmd_ros.training.material import Frames

INTRA = ('rgb', 'depth')
CROSS = ('rgb_to_depth', 'depth_to_rgb')
MEMORIES = ('rgb_memory', 'depth_memory')
NEIGHBOURS = ('rgb_neighbours', 'depth_neighbours')


@dataclass(frozen=True)
class Row:
    """Maps by name, as far as a mode has them, and what else counts."""

    maps: tuple[str, ...]
    slopes: bool = False
    trust: bool = False


ROWS: Mapping[str, Row] = {
    'intra students': Row(INTRA),
    '+ RGB to depth': Row((*INTRA, CROSS[0])),
    '+ depth to RGB': Row((*INTRA, CROSS[1])),
    '+ both ways': Row((*INTRA, *CROSS)),
    'memories': Row(MEMORIES),
    'intra students, memories': Row((*INTRA, *MEMORIES)),
    'all students, memories': Row((*INTRA, *CROSS, *MEMORIES)),
    '+ slopes': Row((*INTRA, *CROSS, *MEMORIES), slopes=True),
    '+ confidence': Row((*INTRA, *CROSS, *MEMORIES), slopes=True, trust=True),
    'neighbours': Row(NEIGHBOURS),
}


@dataclass(frozen=True)
class Data:
    """At most so many parts of each split."""

    dataset: Dataset
    most: int

    def some(self, split: str) -> list[Sample]:
        return spread(self.dataset.split(split), self.most)

    def frames(self, split: str) -> Frames:
        return Frames(self.some(split), self.dataset.intrinsics)


def data_of(given: argparse.Namespace) -> Data:
    """What the command line names; eight parts of each split where it is to be quick."""
    return Data(open_dataset(given.data, given.category), 8 if given.quick else 100_000)


@dataclass(frozen=True)
class Looked:
    """A part as the network saw it in each mode, None where it found none."""

    seen: Mapping[Mode, Kept | None]
    prepared: Mapping[Mode, Prepared]
    anomalous: bool
    truth: NDArray[np.bool_] | None


class Eyes:
    """A trained model, and the nearest neighbours among all places of its training parts."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        teacher = Backbone(checkpoint.config.backbone, checkpoint.config.size)
        outline = checkpoint.silhouette and outliner(checkpoint.silhouette, teacher)
        self.view = checkpoint.view
        self.prepare = Preparation(checkpoint.view, checkpoint.scene, outline,
                                   usual=checkpoint.usual_quality)
        self.detector = Detector(checkpoint.network, teacher, {}, confidence=checkpoint.confidence)
        self.neighbours: dict[Modality, Memory] = {}

    def learn(self, frames: Frames) -> None:
        rows: dict[Modality, list[Tensor]] = {m: [] for m in MODALITIES}
        for frame in tqdm(frames, desc='neighbours', unit='part'):
            sight = self.detector.look([self.prepare(frame)], 'both')
            inside = functional.avg_pool2d(sight.part[:, None].float(), 8)[:, 0] > 0.5
            for m in MODALITIES:
                rows[m].append(described(sight.features[m]).permute(0, 2, 3, 1)[inside])
        for m in MODALITIES:
            bank = torch.cat(rows[m])
            self.neighbours[m] = Memory(self.detector.teacher.channels, len(bank))
            self.neighbours[m].bank = bank

    @torch.inference_mode()
    def look(self, frame: Frame, anomalous: bool = False,
             truth: NDArray[np.bool_] | None = None) -> Looked:
        frame = fitting(frame, self.view.intrinsics)[0].to_trained(frame)
        prepared = {mode: self.prepare(alone(frame, mode)) for mode in MODES}
        seen = {mode: self._kept(self.detector.look([prepared[mode]], mode)) for mode in MODES}
        return Looked(seen, prepared, anomalous, truth)

    def _kept(self, sight: Sight) -> Kept | None:
        if not bool(sight.part.any()):
            return None
        maps = self.detector.maps(sight) | {f'{m}_neighbours': functional.interpolate(
            self.neighbours[m](list(sight.features[m]), sight.part), scale_factor=2.0,
            mode='bilinear', align_corners=False) for m in PRESENT[sight.mode]}
        slopes = None if sight.normals is None else self.detector.slopes(sight)
        return Kept(maps, sight.part, sight.valid, sight.trust, slopes, sight.statistics)


def chosen(kept: Kept, row: Row) -> Kept:
    """What a row leaves of it."""
    return Kept({name: found for name, found in kept.maps.items() if name in row.maps},
                kept.foreground, kept.valid, kept.trust if row.trust else NO_DOUBT,
                kept.slopes, kept.statistics if row.trust else None)


def scales_for(row: Row, model: Checkpoint, validation: Sequence[Looked]) -> Scales:
    """By the validation parts; the slopes' scale is the model's."""
    groups = [{mode: [chosen(kept, row) for each in validation
                      if (kept := each.seen[mode]) is not None] for mode in MODES}]
    found = scaled(groups, 0.01, model.scales['both'].weights, lambda _: None)
    return {mode: replace(scale, slopes=model.scales[mode].slopes if row.slopes else None)
            for mode, scale in found.items()}


def figures(row: Row, mode: Mode, scales: Scales, eyes: Eyes, parts: Sequence[Looked],
            ) -> dict[str, float]:
    """I-AUROC, AUPRO and false alarms of one row in one mode."""
    scores, pixels = [], PixelScores()
    trained = eyes.view.intrinsics
    as_trained = Fitting(trained, (trained.width, trained.height), (1.0, 1.0), (0.0, 0.0))
    for part in parts:
        kept, prepared = part.seen[mode], part.prepared[mode]
        excess = known = None
        if kept is not None:
            left = chosen(kept, row)
            found, seen = evidence(left.maps, mode, scales, left.foreground, left.valid,
                                   left.trust, left.slopes, left.statistics)
            excess = found[0, 0].numpy() - np.float32(scales[mode].threshold)
            known = seen[0, 0].numpy() > 0
        image = anomaly_map(excess, known, prepared.foreground, eyes.view, as_trained)
        scores.append(float(np.nanmax(image)) if np.isfinite(image).any() else float('nan'))
        pixels.add(image, part.truth)
    anomalous = [part.anomalous for part in parts]
    return {'i_auroc': i_auroc(anomalous, scores), 'aupro': pixels.metrics()['aupro30'],
            'far': far(anomalous, scores)}


def rows_of(mode: Mode) -> Iterator[tuple[str, Row]]:
    """The rows of a mode; of those that come to the same with its sensors, the first."""
    names = (*EVIDENCE[mode], *(f'{m}_neighbours' for m in PRESENT[mode]))
    told = set()
    for name, row in ROWS.items():
        slopes = row.slopes and mode != 'rgb_only'
        what = (frozenset(row.maps) & frozenset(names), slopes, row.trust)
        if what not in told:
            told.add(what)
            yield name, row


def parts(eyes: Eyes, data: Data, split: str) -> list[Looked]:
    frames = data.frames(split)
    return [eyes.look(frames[k], sample.label != GOOD, sample.truth())
            for k, sample in enumerate(tqdm(frames.samples, desc=split, unit='part'))]


def judged(row: Row, modes: Sequence[Mode], model: Checkpoint, eyes: Eyes,
           data: Data) -> dict[Mode, dict[str, float]]:
    """Figures of one row."""
    held, tested = (parts(eyes, data, split) for split in ('validation', 'test'))
    scales = scales_for(row, model, held)
    return {mode: figures(row, mode, scales, eyes, tested) for mode in modes}


def ablation(model: Path, data: Data) -> dict[Mode, dict[str, dict[str, float]]]:
    checkpoint = load_checkpoint(model)
    eyes = Eyes(checkpoint)
    eyes.learn(data.frames('train'))
    held, tested = (parts(eyes, data, split) for split in ('validation', 'test'))
    found: dict[Mode, dict[str, dict[str, float]]] = {}
    for mode in MODES:
        found[mode] = {}
        for name, row in tqdm(list(rows_of(mode)), desc=mode, unit='row'):
            scales = scales_for(row, checkpoint, held)
            found[mode][name] = figures(row, mode, scales, eyes, tested)
    return found


def told(shares: Sequence[float]) -> str:
    """Mean and standard deviation, per cent."""
    values = 100 * np.array(shares)
    return f'{values.mean():5.1f} ({values.std(ddof=1) if len(values) > 1 else 0.0:.1f})'


def main() -> None:
    options = of_trainings(__doc__)
    options.add_argument('--quick', action='store_true', help='eight parts of each split')
    given = options.parse_args()
    data = data_of(given)
    every = [ablation(model, data) for model in given.models]
    joined: dict[str, dict[str, dict[str, object]]] = {}
    for mode in MODES:
        for name in every[0][mode]:
            of = [one[mode][name] for one in every]
            row = {figure: [each[figure] for each in of] for figure in ('i_auroc', 'aupro')}
            alarms = float(np.mean([each['far'] for each in of]))
            joined.setdefault(mode, {})[name] = {**row, 'far': alarms}
            print(f'{mode:10} {name:24} {" / ".join(told(row[figure]) for figure in row)}')
    print(json.dumps(joined))


if __name__ == '__main__':
    main()
