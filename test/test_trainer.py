"""Training: repeatable, resumable, and clear about what it cannot use."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from detector_rig import OPTIONS, frame_of, frames_of, sample

from dcmd_ros.commands import train as train_command
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.training import recipe, trainer
from dcmd_ros.training.material import Frames, TrainingError, fingerprint
from dcmd_ros.training.recalibration import recalibrate
from dcmd_ros.training.sample import Images, Sample

SHORT = replace(OPTIONS, steps=6, fold_steps=3, outline_steps=4, trust_parts=3, trust_steps=3)


def trained(folder: Path, say: Callable[[str], None] = lambda _: None,
            **changes: object) -> Path:
    return recipe.train('disc', frames_of(range(9)), frames_of(range(100, 104)), folder,
                        replace(SHORT, **changes), say)


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)['network']


def same(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp('whole'))


def test_the_same_seed_gives_the_same_model_and_another_one_another(model: Path,
                                                                    tmp_path: Path) -> None:
    assert same(model, trained(tmp_path / 'again'))
    assert not same(model, trained(tmp_path / 'other', seed=1))


def test_a_killed_run_goes_on_and_ends_the_same(model: Path, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(Exception):
        pass

    keep = trainer.Progress.keep

    def killed(self: trainer.Progress, job: str, state: dict[str, object]) -> None:
        keep(self, job, state)
        if job == 'final/rgb' and state['step'] == 4:
            raise KilledError

    monkeypatch.setattr(trainer, '_SAVE_EVERY', 0.0)
    monkeypatch.setattr(trainer.Progress, 'keep', killed)
    with pytest.raises(KilledError):
        trained(tmp_path)
    assert (tmp_path / 'dcmd_disc_state.pth').is_file()
    monkeypatch.setattr(trainer.Progress, 'keep', keep)
    steps = []
    step = trainer.Trainer._step
    monkeypatch.setattr(trainer.Trainer, '_step', lambda self, job, *rest: (
        steps.append(job.name), step(self, job, *rest))[1])
    said: list[str] = []
    assert same(model, trained(tmp_path, said.append))
    assert steps.count('final/rgb') == 2
    assert any('goes on where it was interrupted' in line for line in said)
    assert not (tmp_path / 'dcmd_disc_state.pth').exists()


def test_a_failing_job_stops_the_others_and_is_told(tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    step, failed = trainer.Trainer._step, threading.Event()

    def broken(self: trainer.Trainer, job: trainer.Job, *rest: object) -> float:
        if job.name == 'final/depth':
            failed.set()
            raise MemoryError('no room')
        assert failed.wait(60) and self._stopped.wait(60)
        return step(self, job, *rest)

    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: {0, 1})
    monkeypatch.setattr(trainer.Trainer, '_step', broken)
    with pytest.raises(MemoryError, match='no room'):
        recipe.train('disc', frames_of(range(9)), frames_of(range(100, 104)), tmp_path, SHORT,
                     lambda _: None)


def test_the_state_of_another_run_is_not_taken_up(model: Path, tmp_path: Path) -> None:
    trainer.write_atomically({'run': 'other', 'done': {}, 'current': {'final/rgb': {}},
                              'history': {}}, tmp_path / 'dcmd_disc_state.pth')
    assert same(model, trained(tmp_path))
    (tmp_path / 'dcmd_disc_state.pth').write_bytes(b'cut off')
    assert same(model, trained(tmp_path))


def test_the_loss_falls(model: Path) -> None:
    history = load_checkpoint(model).training['history']['final/depth_to_rgb']
    longer = [loss for _, loss in history]
    assert len(longer) >= 1 and np.isfinite(longer).all()


def test_too_few_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match='7 good parts.*at least 8'):
        recipe.train('disc', frames_of(range(7)), frames_of(range(0)), tmp_path, SHORT,
                     lambda _: None)


def test_a_part_without_depth_is_refused_by_name(tmp_path: Path) -> None:
    samples = list(frames_of(range(8)).samples)
    rgb = frame_of(3).rgb
    samples[3] = replace(samples[3], loader=lambda: Images(rgb, None))
    with pytest.raises(TrainingError, match='003.png: no depth image'):
        recipe.train('disc', Frames(samples, None), frames_of(range(100, 104)), tmp_path, SHORT,
                     lambda _: None)


@pytest.mark.parametrize('factor', [1000.0, 1e-3])
def test_depth_that_cannot_be_in_metres_is_refused(tmp_path: Path, factor: float) -> None:
    samples = [replace(sample, loader=lambda index=index: Images(
        frame_of(index).rgb, frame_of(index).depth * np.float32(factor)))
        for index, sample in enumerate(frames_of(range(8)).samples)]
    with pytest.raises(TrainingError, match='m away: are they in metres.*depth_unit_m'):
        recipe.train('disc', Frames(samples, None), frames_of(range(100, 104)), tmp_path, SHORT,
                     lambda _: None)


def test_without_validation_parts_some_training_parts_are_held_back(tmp_path: Path) -> None:
    said: list[str] = []
    path = recipe.train('disc', frames_of(range(12)), frames_of(range(0)), tmp_path, SHORT,
                        said.append)
    training = load_checkpoint(path).training
    assert training['frames'] == 9 and training['validation_frames'] == 3
    assert any('few' in line for line in said) and any('are needed' in line for line in said)


def test_new_thresholds_come_from_parts_that_were_not_trained_on(model: Path,
                                                                 tmp_path: Path) -> None:
    out, said = tmp_path / 'new.pth', []
    mixed = Frames([*frames_of(range(5)).samples, *frames_of(range(200, 210)).samples], None)
    scales = recalibrate(model, mixed, out, 0.1, said.append)
    assert scales['both'].parts == 10 and any('5 of 15' in line for line in said)
    assert same(model, out)
    assert load_checkpoint(out).scales == scales != load_checkpoint(model).scales
    with pytest.raises(TrainingError, match='0 good parts'):
        recalibrate(model, frames_of(range(5)), out, 0.1, said.append)


def test_new_thresholds_are_of_the_evidence_that_statistics_leave(model: Path,
                                                                  tmp_path: Path) -> None:
    doubting, parts = load_checkpoint(model), frames_of(range(200, 210))
    doubting.usual_quality['rgb'] = {'brightness': (60.0, 61.0)}
    doubting.save(tmp_path / 'doubting.pth')
    plain, doubted = (recalibrate(path, parts, tmp_path / 'new.pth', 0.1, lambda _: None)
                      for path in (model, tmp_path / 'doubting.pth'))
    for mode in ('both', 'rgb_only'):
        assert 0.5 < doubted[mode].threshold / plain[mode].threshold < 0.8
    assert doubted['depth_only'].threshold == plain['depth_only'].threshold


def test_parts_of_another_image_size_are_resampled_as_the_inspector_does(
        model: Path, tmp_path: Path) -> None:
    def half(sample: Sample) -> Sample:
        rgb, depth, _ = sample.load()
        small = Images(rgb[::2, ::2], depth[::2, ::2])  # type: ignore[index]
        return replace(sample, loader=lambda: small)

    said: list[str] = []
    parts = Frames([half(sample) for sample in frames_of(range(200, 210)).samples], None)
    scales = recalibrate(model, parts, tmp_path / 'new.pth', 0.1, said.append)
    assert scales['both'].parts == 10 and any('resampled' in line for line in said)


def test_the_fingerprint_tells_frames_apart() -> None:
    frame = frame_of(1)
    assert fingerprint(frame) == fingerprint(frame_of(1)) != fingerprint(frame_of(2))
    assert fingerprint(frame) != fingerprint(replace(frame, depth=None))
    assert sample(frame).load().rgb is frame.rgb


def test_the_command_line_sets_the_batch() -> None:
    parser = argparse.ArgumentParser()
    train_command.add_arguments(parser)
    asked = parser.parse_args(['parts', 'disc', '--batch', '3', '--image-size', '128'])
    told = train_command.options(asked, 'cpu')
    assert told.batch == 3 and told.network.size == 128
    assert train_command.options(parser.parse_args(['parts', 'disc']), 'cpu').batch == 8
    with pytest.raises(SystemExit):
        parser.parse_args(['parts', 'disc', '--batch', '0'])


def test_pictures_stay_beside_the_model(model: Path) -> None:
    for name in ('samples', 'curves'):
        picture = cv2.imread(str(model.with_name(f'dcmd_disc_{name}.png')))
        assert picture is not None and picture.std() > 5
