"""Regions of the mask as boxes; the messages are stood in for where vision_msgs is not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from std_msgs.msg import Header

from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.detections import detections, regions, vision
from dcmd_ros.nodes.result import Result


def made(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def box() -> SimpleNamespace:
    return made(center=made(position=made(x=0.0, y=0.0), theta=0.0), size_x=0.0, size_y=0.0)


STAND_IN = made(
    Detection2DArray=made,
    Detection2D=lambda header: made(header=header, results=[], bbox=box(), id=''),
    ObjectHypothesisWithPose=lambda: made(hypothesis=made(class_id='', score=0.0)))


def result() -> Result:
    scores = np.full((20, 30), 0.1, np.float32)
    scores[2:5, 3:9] = 0.7
    scores[10:12, 20:21] = 0.9
    scores[12, 21] = 0.95  # touches by a corner
    scores[0, 0] = np.nan
    mask = np.where(np.nan_to_num(scores) >= 0.5, 255, 0).astype(np.uint8)
    judged = Inspection(7, 'camera', 'both', 'anomalous', 0.95, scores, mask, {})
    return Result(Header(frame_id='camera'), Frame(7), judged, {}, 1.0)


def test_a_region_is_a_box_with_its_largest_score() -> None:
    one, two = regions(result().inspection)
    assert (one.x, one.y, one.width, one.height) == (20, 10, 2, 3)
    assert (two.x, two.y, two.width, two.height) == (3, 2, 6, 3)
    assert (one.score, two.score) == (pytest.approx(0.95), pytest.approx(0.7))


@pytest.mark.parametrize('types', [STAND_IN, pytest.param(vision, marks=pytest.mark.skipif(
    vision is None, reason='vision_msgs is not installed: it is not on PyPI'))])
def test_the_message_holds_them_all(types: Any) -> None:
    message = detections(result(), types)
    first, second = message.detections
    assert message.header.frame_id == first.header.frame_id == 'camera'
    assert (first.bbox.center.position.x, first.bbox.center.position.y) == (20.5, 11.0)
    assert (second.bbox.size_x, second.bbox.size_y) == (6.0, 3.0)
    [guess] = first.results
    assert (guess.hypothesis.class_id, guess.hypothesis.score) == (
        'anomaly', pytest.approx(0.95))
