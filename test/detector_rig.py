"""Tiny parts that train in seconds: a ribbed disc on a tilted table, 96x96 pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.network.dcmd import DcmdConfig
from dcmd_ros.training.material import Frames
from dcmd_ros.training.options import TrainingOptions
from dcmd_ros.training.sample import Images, Sample

SIZE = 96
TRAINED = 200  # seeds below are for training
CAMERA = Intrinsics(SIZE, SIZE, 200.0, 200.0, SIZE / 2, SIZE / 2)
OPTIONS = TrainingOptions(steps=30, fold_steps=15, outline_steps=40, folds=2, batch=4, rate=4e-3,
                          trust_parts=16, trust_steps=400,
                          network=DcmdConfig(size=64), false_alarm_rate=0.05)


def frame_of(seed: int, empty: bool = False, rail: bool = False,
             place: tuple[float, float] | None = None, neighbour: float | None = None,
             broken: bool = False) -> Frame:
    """
    Colour and depth of one disc; the seed turns it, moves it and makes the noise.

    :param rail: a bar along the upper edge, as high as the part, that never moves.
    :param place: x and y in pixels from the middle, instead of the seed's, at most 6.
    :param neighbour: pixels to the right at which a second disc lies.
    :param broken: a piece is gone.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    depth = 0.5 + 0.0004 * rows
    grey = np.full((SIZE, SIZE), 70.0)
    reach = 6 if seed < TRAINED else 4  # so that the view holds what is judged
    y, x = SIZE / 2 + rng.uniform(-reach, reach, 2)
    if place is not None:
        x, y = SIZE / 2 + np.array(place)
    if neighbour is not None:
        columns = np.where(columns > x + neighbour / 2, columns - neighbour, columns)
    radius = np.hypot(rows - y, columns - x)
    angle = np.arctan2(rows - y, columns - x) + rng.uniform(0, 2 * np.pi)
    part = (radius < 26) & (not empty)
    if broken:
        part &= rows - y < 8
    ribs = 0.5 + 0.5 * np.cos(6 * angle)
    depth = np.where(part, depth - 0.01 - 0.004 * ribs * (radius / 26), depth)
    grey = np.where(part, 130 + 60 * ribs, grey)
    if rail:
        depth[:10] -= 0.012
        grey[:10] = 200
    depth += rng.normal(0, 0.0002, depth.shape)
    depth[rng.random(depth.shape) < 0.01] = 0
    colour = grey[..., None] * (1.0, 0.95, 0.85) + rng.normal(0, 2, (SIZE, SIZE, 3))
    return Frame(seed, rgb=np.clip(colour, 0, 255).astype(np.uint8),
                 depth=depth.astype(np.float32), intrinsics=CAMERA)


def has_hole(frame: Frame) -> Frame:
    """The frame with a dark pit near the part's middle."""
    assert frame.rgb is not None and frame.depth is not None
    pit = np.zeros((SIZE, SIZE), np.uint8)
    cv2.circle(pit, (SIZE // 2 + 6, SIZE // 2), 6, 1, cv2.FILLED)
    depth = np.where((pit > 0) & (frame.depth > 0), frame.depth + np.float32(0.006), frame.depth)
    rgb = np.where(pit[..., None] > 0, frame.rgb // 4, frame.rgb)
    return replace(frame, rgb=rgb, depth=depth)


def frames_of(seeds: range, rail: bool = False) -> Frames:
    """Good parts, as a data set gives them."""
    return Frames([sample(frame_of(seed, rail=rail)) for seed in seeds], CAMERA)


def sample(frame: Frame) -> Sample:
    return Sample(f'good/{frame.stamp:03d}', 'good', 'train', Path(f'{frame.stamp:03d}.png'),
                  lambda: Images(frame.rgb, frame.depth))


def tiny_model(folder: Path) -> Path:
    """A model of the disc, category `disc`."""
    from dcmd_ros.training.recipe import train

    return train('disc', frames_of(range(24)), frames_of(range(100, 108)), folder, OPTIONS,
                 lambda _: None)
