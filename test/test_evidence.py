"""The benchmark that hides the defect, on maps that are known."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from detector_rig import SIZE, frame_of, frames_of

from dcmd_ros.frame import MODES, Frame
from dcmd_ros.sensing.foreground import find_part, learn_scene

PROGRAM = Path(__file__).parent.parent / 'benchmarks' / 'evidence.py'
SCENE = learn_scene([f.depth for f in frames_of(range(20)) if f.depth is not None])


@pytest.fixture(scope='module')
def evidence() -> ModuleType:
    spec = importlib.util.spec_from_file_location('evidence', PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules['evidence'] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def noise(frame: Frame) -> np.ndarray:
    seed = int(frame.stamp) + 7 * sum(m == 'rgb' for m in frame.present)
    return np.random.default_rng(seed).uniform(0.1, 0.3, (SIZE, SIZE)).astype(np.float32)


def bad_frames(count: int) -> tuple[list[Frame], list[np.ndarray]]:
    truth = np.zeros((SIZE, SIZE), bool)
    truth[50:54, 50:54] = True
    return [replace(frame_of(300 + i), stamp=300 + i) for i in range(count)], [truth] * count


def good_frames(count: int) -> list[Frame]:
    return [replace(frame_of(i), stamp=i) for i in range(count)]


def test_evidence_inside_the_truth_alone_leaves_nothing(evidence: ModuleType) -> None:
    def inspect(frame: Frame) -> np.ndarray:
        found = noise(frame)
        if frame.stamp >= 300:
            found[45:60, 45:60] = 0.9
        return found

    bad, truths = bad_frames(60)
    found = evidence.hidden_defects(inspect, bad, truths, good_frames(30), 0)
    for mode in MODES:
        assert found[mode].auroc() == 1.0 and 0.4 < found[mode].auroc(True) < 0.62
        assert len(found[mode].bad_hidden) == len(found[mode].good_hidden) == 60


def test_evidence_elsewhere_gives_itself_away(evidence: ModuleType) -> None:
    def inspect(frame: Frame) -> np.ndarray:
        found = noise(frame)
        if frame.stamp >= 300:
            found[5, 5] = 0.9
        return found

    bad, truths = bad_frames(6)
    found = evidence.hidden_defects(inspect, bad, truths, good_frames(6), 0)
    assert found['both'].auroc(True) == 1.0
    assert evidence.misses({'hidden': {m: s.auroc(True) for m, s in found.items()}, 'moved': {}})


def test_the_mask_reaches_16_pixels_and_no_further(evidence: ModuleType) -> None:
    truth = np.zeros((99, 99), bool)
    truth[49, 49] = True
    wide = evidence.widened(truth, evidence.REACH)
    assert wide[49, 33] and wide[49, 65] and not wide[49, 32] and not wide[33, 33]
    scores = np.full((99, 99), np.nan, np.float32)
    scores[49, 49], scores[0, 0] = 0.9, 0.2
    assert evidence.largest(scores) == np.float32(0.9)
    assert evidence.largest(scores, wide) == np.float32(0.2)
    assert evidence.largest(np.full((3, 3), np.nan, np.float32)) == 0.0


def test_every_good_part_is_paired_alike_often(evidence: ModuleType) -> None:
    drawn = evidence.pairs(10, 4, np.random.default_rng(1))
    assert sorted(np.bincount(drawn, minlength=4)) == [2, 2, 3, 3]
    assert drawn == evidence.pairs(10, 4, np.random.default_rng(1))


@pytest.mark.parametrize('name', ['swapped', 'specks', 'holes'])
def test_a_change_leaves_the_part_alone(evidence: ModuleType, name: str) -> None:
    frame, other = frame_of(1), frame_of(2)
    assert frame.rgb is not None and frame.depth is not None
    assert other.rgb is not None and other.depth is not None
    donor = replace(other, rgb=np.roll(other.rgb, 30, 1), depth=np.roll(other.depth, 30, 1))
    changed = evidence.CHANGES[name](frame, donor, SCENE, np.random.default_rng(0))
    part = find_part(frame.depth, SCENE).mask
    assert part.sum() > 1000 and np.array_equal(changed.depth[part], frame.depth[part])
    assert np.array_equal(changed.rgb[part], frame.rgb[part])
    corner = np.zeros((SIZE, SIZE), bool)
    corner[:12, :12] = True
    assert (changed.depth != frame.depth)[corner].mean() > (0.3 if name == 'specks' else 0.05)
    swaps = name == 'swapped'
    assert np.array_equal(changed.rgb[corner], (donor if swaps else frame).rgb[corner])


def test_what_moves_with_the_background_is_found(evidence: ModuleType) -> None:
    def by_missing(frame: Frame) -> np.ndarray:
        """Looks at how much depth is missing anywhere, and at nothing else."""
        share = 0.0 if frame.depth is None else float((frame.depth <= 0).mean())
        return np.full((SIZE, SIZE), 0.1 + share / 2, np.float32)

    found = evidence.figures(by_missing, SCENE, *bad_frames(4), good_frames(6), 0)
    assert found['moved']['specks']['both'] == {'chance': 1.0, 'by': pytest.approx(1.0, abs=5)}
    assert found['moved']['specks']['both']['by'] > 0.1
    assert found['moved']['specks']['rgb_only'] == {'chance': 0.5, 'by': 0.0}
    assert 'specks both 1.00' in evidence.misses(found)
    assert json.loads(json.dumps(evidence.rounded(found)))['missing']['rgb_only'] is None


def test_score_and_evidence(evidence: ModuleType) -> None:
    for u in (-30.0, -1.0, 0.0, 2.5):
        assert evidence.evidence((1 + u / (1 + abs(u))) / 2) == pytest.approx(u)
    assert evidence.rank_correlation([1, 2, 2, 4], [10, 20, 20, 90]) == pytest.approx(1)
