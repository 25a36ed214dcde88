"""The anomalous regions as boxes, for whoever works with vision_msgs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.result import Result

try:
    from vision_msgs import msg as vision
except Exception:  # not installed, or built for another ROS
    vision = None

CLASS = 'anomaly'


@dataclass(frozen=True)
class Region:
    """A region over the threshold, 8-connected: its box in pixels and its largest score."""

    x: int
    y: int
    width: int
    height: int
    score: float


def regions(judged: Inspection) -> list[Region]:
    """The highest score first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(judged.mask, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, width, height = stats[label, :4].tolist()
        there = np.s_[y:y + height, x:x + width]
        inside = judged.map[there][labels[there] == label]
        found.append(Region(x, y, width, height, float(np.nanmax(inside))))
    return sorted(found, key=lambda region: -region.score)


def detections(result: Result, messages: Any = None) -> Any:
    """
    vision_msgs/Detection2DArray, pixel centres at integers.

    :param messages: the module with the message types, by default vision_msgs.msg
    """
    types = messages or vision
    return types.Detection2DArray(header=result.header, detections=[
        detection(region, result, types) for region in regions(result.inspection)])


def detection(region: Region, result: Result, types: Any) -> Any:
    made = types.Detection2D(header=result.header)
    made.bbox.center.position.x = region.x + (region.width - 1) / 2
    made.bbox.center.position.y = region.y + (region.height - 1) / 2
    made.bbox.size_x, made.bbox.size_y = float(region.width), float(region.height)
    guess = types.ObjectHypothesisWithPose()
    guess.hypothesis.class_id, guess.hypothesis.score = CLASS, region.score
    made.results = [guess]
    return made
