"""Our own plain layout: colour and 16-bit depth images, with the camera in intrinsics.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Intrinsics
from dcmd_ros.training.image_files import read_colour, read_steps
from dcmd_ros.training.labelled import labelled_samples
from dcmd_ros.training.sample import SPLITS, Images, Sample, Split

LOOKED_FOR = '{train,validation,test}/<label>/{rgb,depth}/* with intrinsics.json'
CAMERA_FILE = 'intrinsics.json'
KEYS = ('width', 'height', 'fx', 'fy', 'cx', 'cy', 'depth_unit_m', 'missing')


def found(folder: Path) -> bool:
    """Whether the folder is a category in this layout."""
    return any(any(folder.glob(f'{split}/*/{kind}'))
               for split in SPLITS for kind in ('rgb', 'depth'))


@dataclass(frozen=True)
class Sensor:
    """What intrinsics.json says: the camera, metres a step of depth, the step for missing."""

    camera: Intrinsics
    unit: float
    missing: int


class FolderLayout:
    """A category with depth images; without depth, it needs no intrinsics.json."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def sensor(self) -> Sensor | None:
        path = self.folder / CAMERA_FILE
        if path.is_file():
            return read_sensor(path)
        if any(any(self.folder.glob(f'{split}/*/depth')) for split in SPLITS):
            raise DcmdError(f'{path}: no such file; depth images need it, with the keys '
                            f'{" ".join(KEYS)}')
        return None

    def samples(self, split: Split) -> list[Sample]:
        sensor = self.sensor
        return labelled_samples(self.folder, split, 'depth',
                                lambda rgb, depth: partial(load, rgb, depth, sensor))

    def camera(self) -> tuple[Intrinsics | None, str]:
        if self.sensor is None:
            return None, f'{self.folder} has no {CAMERA_FILE}'
        return self.sensor.camera, f'camera from {CAMERA_FILE}'


def read_sensor(path: Path) -> Sensor:
    """:raises DcmdError: no JSON, or a key is absent or no number"""
    try:
        values = json.loads(path.read_text())
        camera = Intrinsics(int(values['width']), int(values['height']),
                            *(float(values[key]) for key in ('fx', 'fy', 'cx', 'cy')))
        return Sensor(camera, float(values['depth_unit_m']), int(values.get('missing', 0)))
    except (ValueError, TypeError, KeyError) as error:
        raise DcmdError(f'{path}: {type(error).__name__} {error}; it needs numbers for '
                        f'{" ".join(KEYS)}') from error


def load(rgb: Path | None, depth: Path | None, sensor: Sensor | None) -> Images:
    images = Images(read_colour(rgb) if rgb else None,
                    read_metres(depth, sensor) if depth and sensor else None)
    for path, image in ((rgb, images.rgb), (depth, images.depth)):
        if sensor and image is not None:
            check_size(path, image.shape, sensor.camera)
    return images


def read_metres(path: Path, sensor: Sensor) -> NDArray[np.float32]:
    steps = read_steps(path)
    metres = steps * np.float32(sensor.unit)
    if sensor.missing:
        metres[steps == sensor.missing] = 0
    return metres


def check_size(path: Path | None, shape: tuple[int, ...], camera: Intrinsics) -> None:
    if shape[:2] != (camera.height, camera.width):
        raise DcmdError(f'{path}: {shape[1]}x{shape[0]} pixels, but {CAMERA_FILE} says '
                        f'{camera.width}x{camera.height}')
