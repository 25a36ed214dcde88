"""Results, maps, truth and frames joined by stamp, in whatever order they come."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dcmd_ros.evaluation.live_run import KEPT, LAG, LiveRun
from dcmd_ros.evaluation.moments import Moment
from dcmd_ros.stream import stamps
from dcmd_ros.training.truth import Truth, read_labels

SECOND = 10**9
DEFECT = np.zeros((8, 8), np.uint8)
DEFECT[2:4, 2:4] = 255
MAP = np.where(DEFECT, 0.9, 0.1).astype(np.float32)


def moment(stamp: int, score: float = 0.2, mode: str = 'both') -> Moment:
    return Moment(stamp, 'anomalous' if score >= 0.5 else 'good', score, mode, mode != 'both')


def come(live: LiveRun, stamp: int, score: float = 0.2) -> None:
    """A frame of both sensors and its result."""
    live.frame('rgb', stamp)
    live.frame('depth', stamp)
    live.result(moment(stamp, score), {'rgb': stamp, 'depth': stamp})


def label(stamp: int, name: str) -> str:
    return json.dumps({'stamp': stamps.seconds(stamp), 'file': '', 'label': name})


def test_truth_that_comes_after_its_result_still_counts() -> None:
    live = LiveRun('live', Truth())
    for stamp in (SECOND, 2 * SECOND):
        come(live, stamp, 0.9 if stamp == SECOND else 0.1)
    live.label(label(SECOND, 'bent'))
    live.label(label(2 * SECOND, 'good'))
    assert [one.label for one in live.finish().moments] == ['bent', 'good']
    assert live.run.kind == 'live'


def test_maps_meet_their_masks_whatever_comes_first() -> None:
    live = LiveRun('live', Truth())
    live.map(SECOND, MAP)
    come(live, SECOND, 0.9)
    live.mask(SECOND, DEFECT)
    come(live, 2 * SECOND)
    live.mask(2 * SECOND, np.zeros((8, 8), np.uint8))
    live.map(2 * SECOND, np.full((8, 8), 0.1, np.float32))
    run = live.finish()
    assert [one.label for one in run.moments] == ['anomalous', 'good']
    assert run.pixels.defective.sum() == 4 and run.pixels.good.sum() == 124
    assert run.pixels.metrics()['p_auroc'] == 1


def test_a_map_of_another_frame_is_not_taken() -> None:
    live = LiveRun('live', Truth())
    live.map(SECOND, MAP)
    live.mask(2 * SECOND, DEFECT)
    come(live, 2 * SECOND)
    assert live.finish().pixels.defective.sum() == 0


def test_frames_without_a_result_are_listed_by_sensor() -> None:
    live = LiveRun('live', Truth())
    come(live, SECOND)
    live.frame('rgb', 2 * SECOND)
    live.frame('depth', 2 * SECOND)
    live.frame('rgb', 3 * SECOND)
    live.frame('depth', 3 * SECOND)
    live.result(moment(3 * SECOND, mode='rgb_only'), {'rgb': 3 * SECOND})
    run = live.finish()
    assert run.missing == [2 * SECOND]
    assert run.drops == {'rgb.no_result': 1, 'depth.no_result': 2}
    assert any('1 frames came and have no result: 2.000000000' in note for note in run.notes)


def test_of_a_stream_of_depth_alone_the_frames_are_depths() -> None:
    live = LiveRun('live', Truth())
    for stamp in (SECOND, 2 * SECOND):
        live.frame('depth', stamp)
    live.result(moment(SECOND, mode='depth_only'), {'depth': SECOND})
    assert live.finish().missing == [2 * SECOND]


def test_a_stamp_that_comes_again_is_another_frame_with_the_same_truth() -> None:
    live = LiveRun('live', Truth())
    for score in (0.9, 0.8, 0.7):
        live.label(label(SECOND, 'bent'))
        come(live, SECOND, score)
    live.frame('rgb', SECOND)
    run = live.finish()
    assert [(one.score, one.label) for one in run.moments] == [
        (0.9, 'bent'), (0.8, 'bent'), (0.7, 'bent')]
    assert run.missing == [SECOND]
    assert any('came up to 3 times' in note for note in run.notes)


def test_overlays_of_one_stamp_are_told_apart_by_the_order_of_arrival() -> None:
    live = LiveRun('live', Truth())
    for grey in (10, 200):
        live.overlay(SECOND, np.full((8, 8, 3), grey, np.uint8))
        come(live, SECOND, 0.4 if grey == 10 else 0.3)
    pictures = live.finish().pictures.pile('unlabelled')
    assert [picture.badness for picture in pictures] == [0.4, 0.3]
    dark, bright = (picture.jpeg for picture in pictures)
    assert dark != bright


def test_numbers_in_a_labels_file_count_the_frames_that_came_not_the_results(
        tmp_path: Path) -> None:
    path = tmp_path / 'labels.csv'
    path.write_text('index,label\n0,good\n1,good\n2,bent\n')
    live = LiveRun('live', read_labels(path))
    come(live, SECOND)
    live.frame('rgb', 2 * SECOND)
    live.overlay(3 * SECOND, np.zeros((8, 8, 3), np.uint8))
    come(live, 3 * SECOND)
    run = live.finish()
    assert [one.label for one in run.moments] == ['good', 'bent']
    assert [picture.stamp for picture in run.pictures.pile('defective')] == [3 * SECOND]


def test_images_of_which_only_the_result_was_seen_are_told() -> None:
    live = LiveRun('live', Truth())
    live.result(moment(SECOND), {'rgb': SECOND, 'depth': SECOND})
    assert any('of 2 images only the result was seen' in note for note in live.finish().notes)


def test_memory_holds_few_pictures_and_results_are_joined_as_they_come() -> None:
    live = LiveRun('live', Truth())
    for n in range(1, 200):
        live.overlay(-n, np.zeros((2, 2, 3), np.uint8))
        live.result(moment(n * SECOND), {})
        assert len(live.run.moments) == max(n - LAG, 0)
        assert len(live._overlays) <= KEPT
    assert live.results == 199 and live.alarms == 0


@pytest.mark.parametrize('text', ['no JSON', '{}', '[1]'])
def test_a_label_that_is_none_is_counted(text: str) -> None:
    live = LiveRun('live', Truth())
    live.label(text)
    come(live, SECOND)
    assert any('not JSON' in note for note in live.finish().notes)
