"""The whole of training: from frames of good parts to a calibrated model file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from dcmd_ros.frame import Modality
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import Checkpoint
from dcmd_ros.network.dcmd import BRANCHES, MODALITIES, Dcmd
from dcmd_ros.network.detector import Detector, outliner
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.network.student import Standardiser
from dcmd_ros.training.calibration import HeldOut, calibrated
from dcmd_ros.training.compensation import learn_compensator
from dcmd_ros.training.contact_sheet import write
from dcmd_ros.training.curves import loss_curves
from dcmd_ros.training.features import Features, gather, standardise, together
from dcmd_ros.training.material import (
    FEWEST,
    Frames,
    TrainingError,
    fingerprint,
    learn_view,
    usual_quality,
    watched,
)
from dcmd_ros.training.options import TrainingOptions
from dcmd_ros.training.outline import agreement, learn_silhouette
from dcmd_ros.training.remember import remembered, remembered_slopes
from dcmd_ros.training.sample_sheet import sample_sheet
from dcmd_ros.training.side_by_side import side_by_side
from dcmd_ros.training.trainer import Job, Progress, Trainer
from dcmd_ros.training.trial import Found, told, trial
from dcmd_ros.training.trust import learn_confidence
from dcmd_ros.training.weighing import weighed

Say = Callable[[str], None]

_FEW = 40
_HELD_BACK = 0.1  # of the training frames, where the data set has no validation frames
_AGREEMENT = 0.85


def train(category: str, frames: Frames, validation: Frames, out: Path,
          options: TrainingOptions, say: Say) -> Path:
    """
    Learns the scene, teaches the students and calibrates, into `out/dcmd_{category}_best.pth`.

    Beside it `..._samples.png` shows what is learnt from, and `..._curves.png` the loss.

    :param frames: good parts, each with both sensors; at least 8.
    :param validation: more good parts; where there are none, every tenth of `frames`.
    :param say: gets warnings and milestones, one line each.
    :raises TrainingError: too few frames, or frames that cannot be used.
    """
    start = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    frames, validation = _split(frames, validation, say)
    recipe = _Recipe(category, frames, validation, out, options, say)
    checkpoint = recipe.run()
    checkpoint.training['seconds'] = round(time.monotonic() - start, 1)
    path = out / f'dcmd_{category}_best.pth'
    checkpoint.save(path)
    write(out / f'dcmd_{category}_curves.png', loss_curves(recipe.progress.history))
    recipe.progress.clear()
    checkpoint.training['made_up_found'] = recipe.tried()
    checkpoint.save(path)
    return path


def _split(frames: Frames, validation: Frames, say: Say) -> tuple[Frames, Frames]:
    if len(frames) < FEWEST:
        raise TrainingError(f'{len(frames)} good parts to train on, at least {FEWEST} are needed: '
                            'record or add more')
    if len(frames) < _FEW:
        say(f'warning: {len(frames)} good parts are few, {_FEW} or more are better')
    if len(validation):
        return frames, validation
    every = max(2, round(1 / _HELD_BACK)) if len(frames) > 20 else 4
    held = list(range(0, len(frames), every))
    rest = [i for i in range(len(frames)) if i not in set(held)]
    return frames.chosen(rest), frames.chosen(held)


def standard_of(network: Dcmd, modality: Modality) -> Standardiser:
    """A modality's standardiser, as what it is."""
    standard = network.standards[modality]
    assert isinstance(standard, Standardiser)
    return standard


class _Recipe:
    """One training run."""

    def __init__(self, category: str, frames: Frames, validation: Frames, out: Path,
                 options: TrainingOptions, say: Say) -> None:
        self.category, self.options, self.say = category, options, say
        self.frames, self.validation = frames, validation
        self.seen = [fingerprint(frame) for frame in watched(frames, 'reading')]
        self.samples = out / f'dcmd_{category}_samples.png'
        run = hashlib.sha256(repr((self.seen, asdict(options))).encode()).hexdigest()
        self.progress = Progress(out / f'dcmd_{category}_state.pth', run)
        if self.progress.done or self.progress.current:
            say(f'goes on where it was interrupted: {self.progress.path}')
        self.warnings: list[str] = []

    def run(self) -> Checkpoint:
        options = self.options
        teacher = Backbone(options.network.backbone, options.network.size).to(options.device)
        self.preparation, silhouette = self._view(teacher)
        write(self.samples, sample_sheet(self.frames, self.preparation, options.seed))
        self.say(f'what is learnt from: {self.samples}')
        features, validation = (self._features(f, teacher) for f in (self.frames, self.validation))
        torch.manual_seed(options.seed)
        network = Dcmd(options.network).to(options.device)
        for modality in MODALITIES:
            standardise(standard_of(network, modality), features, modality)
        folds = self._folds(len(self.frames))
        trainer = Trainer(network, features, validation, options, self.progress)
        students = trainer.run(self._jobs(folds))
        if network.compensator is not None:
            self.say('learning to restore what a sensor misses')
            self.progress.history['compensator'] = learn_compensator(
                network, features, validation, options)
        runs = {'final': set(), **{f'fold{k}': set(left) for k, left in enumerate(folds)}}
        detectors = [self._detector(network, students, name, teacher, features, left_out)
                     for name, left_out in tqdm(runs.items(), desc='memories', unit='set')]
        del features, validation, trainer
        self.say('learning what faults of the sensors look like')
        confidence = learn_confidence(self.frames, self.preparation, teacher, network, options)
        for detector in detectors:
            detector.confidence = confidence
        kept_back = [self.validation, *(self.frames.chosen(left_out) for left_out in folds)]
        held = [HeldOut(detector, len(frames), frames.__getitem__)
                for detector, frames in zip(detectors, kept_back, strict=True)]
        quality = usual_quality(self.frames.spread(200), self.preparation, options.device)
        self.preparation.usual = quality
        self.say('calibrating')
        weights = weighed(detectors[0], self.preparation, self.validation, options.seed)
        scales = calibrated(held, self.preparation, options.false_alarm_rate, weights, self._warn)
        self.detector = detectors[0]
        self.detector.scales = scales
        training = {'options': asdict(options), 'frames': len(self.frames),
                    'validation_frames': len(self.validation), 'warnings': self.warnings,
                    'history': self.progress.history}
        return Checkpoint(self.category, options.network, self.preparation.view,
                          self.preparation.scene, self.detector.network,
                          silhouette, scales, quality, self.seen, confidence, training)

    def tried(self) -> Found:
        """What the finished detector finds of made-up defects."""
        found = trial(self.detector, self.preparation, self.validation, self.options.seed)
        self.say(f'made-up defects found: {told(found)}')
        return found

    def _view(self, teacher: Backbone):  # type: ignore[no-untyped-def]
        self.say('learning the scene')
        view, scene = learn_view(self.frames, self.options.network.size)
        preparation = Preparation(view, scene)
        if not scene.reliable:
            self._warn(f'the whole view is inspected as part: {scene.reason}')
            return preparation, None
        silhouette = learn_silhouette(self.frames, preparation, teacher, self.options)
        preparation.outliner = outliner(silhouette, teacher, self.options.device)
        found = agreement(self.validation, preparation)
        if found < _AGREEMENT:
            self._warn(f'colour finds the part only roughly (overlap {found:.2f} with depth): '
                       'without depth, results will be worse')
        return preparation, silhouette

    def _features(self, frames: Frames, teacher: Backbone) -> Features:
        chunks = np.array_split(np.arange(len(frames)), max(1, len(frames) // 16))

        def featured(number: int) -> Features:
            some = frames.chosen(chunks[number].tolist())
            return gather([self.preparation(frame) for frame in some], teacher,
                          self.options.device)
        return together(side_by_side(featured, len(chunks), "teacher's features",
                                     self.options.device, 'chunk'))

    def _folds(self, count: int) -> list[list[int]]:
        """Blocks of neighbours: parts of one lot, or frames of one part, are left out together."""
        return [block.tolist() for block in np.array_split(np.arange(count), self.options.folds)]

    def _jobs(self, folds: list[list[int]]) -> list[Job]:
        every = range(len(self.frames))
        jobs = [Job(f'final/{branch}', branch, tuple(every), self.options.steps)
                for branch in BRANCHES]
        for k, left_out in enumerate(folds):
            kept = tuple(i for i in every if i not in set(left_out))
            jobs += [Job(f'fold{k}/{branch}', branch, kept, self.options.fold_steps)
                     for branch in BRANCHES]
        return jobs

    def _detector(self, network: Dcmd, students: dict, name: str, teacher: Backbone,
                  features: Features, left_out: set[int]) -> Detector:
        kept = [i for i in range(len(self.frames)) if i not in left_out]
        size, seed = self.options.network.memory, self.options.seed
        copy = Dcmd(self.options.network).to(self.options.device)
        copy.standards.load_state_dict(network.standards.state_dict())
        copy.compensator = network.compensator
        for m in MODALITIES:
            copy.memories[m].bank = remembered(features, kept, m, standard_of(network, m), size,
                                               seed)
        copy.slopes.bank = remembered_slopes(features, kept, len(copy.slopes.bank), seed)
        for branch in BRANCHES:
            copy.students[branch] = students[f'{name}/{branch}']
        return Detector(copy.eval(), teacher, {}, self.options.device)

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.say(f'warning: {text}')
