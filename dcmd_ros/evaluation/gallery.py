"""Keeps the pictures of a running evaluation: a panel for each sample, one sample's faults."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from dcmd_ros.evaluation import output, panels
from dcmd_ros.evaluation.evaluate import Observation
from dcmd_ros.evaluation.report import Pictures

EXAMPLE_HEIGHT = 130
Faults = dict[str, dict[str, bytes]]


class Gallery:
    """
    Shown every observation; writes `dcmd_{category}_{image}.png` for both sensors into a folder.

    The first sample that is seen with a defect becomes its category's example of every fault.

    faults  small pictures, JPEG, by category and variant
    """

    def __init__(self, folder: Path, faults: Faults | None = None) -> None:
        self.folder = folder
        self._example: dict[str, str] = {}
        self.faults: Faults = faults or {}

    def __call__(self, seen: Observation) -> None:
        if seen.variant == 'both':
            picture = panels.panel(seen.frame, seen.truth, seen.inspection, seen.sample)
            name = panels.panel_name(seen.category, seen.sample)
            output.write(self.folder / name, panels.encoded(picture))
        if seen.truth is not None and seen.truth.any():
            self._example.setdefault(seen.category, seen.sample)
        if self._example.get(seen.category) == seen.sample:
            self.faults.setdefault(seen.category, {}).setdefault(seen.variant, example(seen))

    def pictures(self) -> Pictures:
        """What the report needs."""
        return Pictures(self.panel, self.faults)

    def panel(self, category: str, sample: str) -> bytes | None:
        """A panel at the report's width, as a JPEG."""
        path = self.folder / panels.panel_name(category, sample)
        image = cv2.imread(str(path)) if path.is_file() else None
        if image is None:
            return None
        return panels.encoded(panels.narrowed(image[..., ::-1].astype(np.uint8)), '.jpg')


def example(seen: Observation) -> bytes:
    """Small RGB, depth and map beside each other, as a JPEG."""
    tiles = [panels.rgb_picture(seen.frame), panels.depth_picture(seen.frame),
             panels.map_picture(seen.inspection)]
    size = (round(tiles[0].shape[1] * EXAMPLE_HEIGHT / tiles[0].shape[0]), EXAMPLE_HEIGHT)
    small = [cv2.resize(tile, size, interpolation=cv2.INTER_AREA) for tile in tiles]
    return panels.encoded(np.concatenate(small, axis=1).astype(np.uint8), '.jpg')
