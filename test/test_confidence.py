"""The confidence network: falls with a fault, is blind to a defect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from detector_rig import SIZE as FRAME
from detector_rig import frame_of, has_hole, tiny_model

from dcmd_ros.frame import MODALITIES, Frame, Modality
from dcmd_ros.inspector import Inspector, ModelError
from dcmd_ros.network.confidence import Confidence, change
from dcmd_ros.sensing.faults import corrupt

CHANNELS, SIZE = (4, 6, 8), 64
PART = torch.ones(1, SIZE, SIZE, dtype=torch.bool)
SERIES: dict[tuple[Modality, str], tuple[float, ...]] = {
    ('rgb', 'under'): (0, 0.5, 0.9), ('rgb', 'blur'): (0, 1, 3), ('rgb', 'noise'): (0, 0.05, 0.2),
    ('depth', 'noise'): (0, 0.0005, 0.003), ('depth', 'holes'): (0, 0.1, 0.4)}


def features(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(1, c, SIZE // s, SIZE // s, generator=generator)
            for c, s in zip(CHANNELS, (4, 8, 16), strict=True)]


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def inspector(model: Path) -> Inspector:
    return Inspector(model, device='cpu')


def with_fault(frame: Frame, sensor: Modality, kind: str, amount: float) -> Frame:
    image = frame.rgb if sensor == 'rgb' else frame.depth
    changed = corrupt(image, sensor, kind, amount, np.random.default_rng(frame.stamp))
    return replace(frame, rgb=changed) if sensor == 'rgb' else replace(frame, depth=changed)


def test_the_change_of_features_is_0_for_the_same_1_for_unlike_and_2_for_opposite_ones() -> None:
    same = features()
    assert float(change(same, same).max()) == 0
    assert 0.8 < float(change(same, features(1)).mean()) < 1.2
    assert float(change(same, [-f for f in same]).min()) == pytest.approx(2)
    assert change(same, same).shape == (1, 1, SIZE // 8, SIZE // 8)


@torch.no_grad()
def test_confidence_lies_between_0_and_1_and_is_there_for_the_sensors_that_are() -> None:
    network = Confidence(CHANNELS)
    both = network.maps({m: features() for m in MODALITIES}, PART, PART)
    assert all(m.shape == (1, 1, 8, 8) and 0 < float(m.min()) <= float(m.max()) < 1
               for m in both.values())
    assert list(network.maps({'rgb': features()}, PART, None)) == ['rgb']


@torch.no_grad()
def test_a_higher_sensitivity_means_less_confidence_without_learning_anew() -> None:
    network, found = Confidence(CHANNELS), {m: features() for m in MODALITIES}
    before = network.maps(found, PART, PART)['rgb']
    network.sensitivity.data *= 3
    torch.testing.assert_close(network.maps(found, PART, PART)['rgb'], before ** 3)


@torch.no_grad()
def test_depth_is_doubted_by_what_is_missing_never_by_what_one_place_looks_like() -> None:
    network, found = Confidence(CHANNELS), {m: features() for m in MODALITIES}
    plain = network(found, PART, PART)[:, 1]
    assert float(plain[0, 3:5, 3:5].std()) < 1e-6
    gap = PART.clone()
    gap[:, 24:40, 24:40] = False
    assert float((network(found, PART, gap)[:, 1] - plain)[0, 3:5, 3:5].abs().max()) > 1e-6


@pytest.mark.parametrize(('sensor', 'kind'), SERIES)
def test_confidence_falls_with_the_strength_of_a_fault(inspector: Inspector, sensor: Modality,
                                                       kind: str) -> None:
    found = np.median([[inspector.inspect(with_fault(frame_of(i), sensor, kind, amount))
                        .confidence[sensor] for amount in SERIES[sensor, kind]]
                       for i in range(920, 925)], axis=0)
    assert (np.diff(found) < 0).all()


def test_depth_that_is_elsewhere_than_the_support_was_is_doubted(inspector: Inspector) -> None:
    frame = frame_of(925)
    near, far = (inspector.confidence(replace(frame, depth=frame.depth * np.float32(share)))
                 ['depth'] for share in (1.002, 1.04))
    assert far < 0.25 < 0.7 < near


def test_depth_of_a_part_that_is_elsewhere_than_colours_is_doubted_and_colour_is_not(
        inspector: Inspector) -> None:
    frame = frame_of(926)
    shifted = inspector.confidence(replace(frame, depth=np.roll(frame.depth, 16, axis=1)))
    assert shifted['depth'] < 0.25 and shifted['rgb'] > 0.7


@pytest.mark.parametrize('sensor', MODALITIES)
def test_a_defect_lowers_no_confidence(inspector: Inspector, sensor: Modality) -> None:
    hole = np.zeros((FRAME, FRAME), bool)
    hole[FRAME // 2 - 6:FRAME // 2 + 7, FRAME // 2:FRAME // 2 + 13] = True
    part, inside = [], []
    for i in range(930, 936):
        good, bad = frame_of(i), has_hole(frame_of(i))
        change = inspector.confidence_maps(bad)[sensor] - inspector.confidence_maps(good)[sensor]
        joint = ~np.isnan(change) & (good.depth > 0) & (bad.depth > 0)
        part.append(change[joint].mean())
        inside.append(change[joint & hole].mean())
    # Of 8x8 cells the pit fills a few; benchmarks/confidence.py has the real aims, 0.02 and 0.05.
    assert abs(np.mean(part)) < 0.06 and np.mean(inside) > -0.15


def test_a_damaged_confidence_is_refused(model: Path, tmp_path: Path) -> None:
    packed = torch.load(model, weights_only=True)
    packed['confidence'] = {}
    torch.save(packed, tmp_path / 'odd.pth')
    with pytest.raises(ModelError, match='damaged'):
        Inspector(tmp_path / 'odd.pth', device='cpu')
