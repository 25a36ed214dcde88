"""The benchmark that shows the teacher heights instead of normals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch
from detector_rig import frame_of, frames_of, tiny_model

from dcmd_ros.network.checkpoint import Checkpoint, load_checkpoint


@pytest.fixture(scope='module')
def program(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('geometry')


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(tiny_model(tmp_path_factory.mktemp('model')))


def test_heights_are_grey_from_the_support_to_the_top(
        program: ModuleType, model: Checkpoint) -> None:
    heights = program.Heights(model.view, model.scene)
    heights.learn(frames_of(range(6)))
    assert 0.001 < heights.top < 0.1
    frame = replace(frame_of(250), rgb=None)
    shown = heights(frame)
    assert (shown.normals == shown.normals[..., :1]).all()
    assert shown.normals[~shown.foreground].max() == -1
    assert shown.normals.min() >= -1 and 0.5 < shown.normals.max() <= 1
    heights.top *= 2
    lower = heights(frame)
    part = shown.foreground & (shown.normals[..., 0] < 0.9) & (shown.normals[..., 0] > 0)
    np.testing.assert_allclose((lower.normals[part] + 1) * 2, shown.normals[part] + 1, atol=1e-5)


def test_missing_heights_are_like_those_around(program: ModuleType) -> None:
    image, seen = np.full((20, 20), 3.0, np.float32), np.ones((20, 20), bool)
    image[8:12, 8:12], seen[8:12, 8:12] = -50.0, False
    found, share = program.smoothed(image, seen, 6.0)
    np.testing.assert_allclose(found, 3.0, rtol=1e-5)
    assert share[10, 10] < share[0, 0]


def test_features_are_standardised_over_the_part(
        program: ModuleType, model: Checkpoint) -> None:
    eyes = program.Eyes(model)
    program.standardise(eyes, frames_of(range(4)))
    eyes.learn(frames_of(range(4)))
    bank = eyes.neighbours['depth'].bank[:, :model.network.standards['depth'].means[1].numel()]
    torch.testing.assert_close(bank.mean(0), torch.zeros(bank.shape[1]), atol=0.05, rtol=0)
    torch.testing.assert_close(bank.std(0), torch.ones(bank.shape[1]), atol=0.1, rtol=0)
