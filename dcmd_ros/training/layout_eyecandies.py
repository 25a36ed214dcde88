"""Eyecandies as published (Bonfiglioli et al. 2022): rendered sweets, six lights, 16-bit depth."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Intrinsics
from dcmd_ros.training.image_files import read_colour, read_image, read_mask, read_steps
from dcmd_ros.training.sample import GOOD, Images, Sample, Split

LOOKED_FOR = '{train,val,test_public}/data/N_*.png'
FOLDERS: dict[Split, str] = {'train': 'train', 'validation': 'val', 'test': 'test_public'}
FOCAL, FOCAL_WIDTH = 711.11, 512  # pixels, at this image width
BAD = 'defect'
LIGHT = 4
LIGHTS = (4, 5, 3, 2, 1, 0)  # which one stands in for an absent one, in this order
NAMED = re.compile(r'(\d+)_(\w+)\.(?:png|yaml)')


def found(folder: Path) -> bool:
    """Whether the folder is a class in this layout."""
    return any((folder / name / 'data').is_dir() for name in FOLDERS.values())


class EyecandiesLayout:
    """A class of Eyecandies; `light` chooses the image, the nearest one there is stands in."""

    def __init__(self, folder: Path, light: int = LIGHT) -> None:
        self.folder = folder
        self.light = light

    def samples(self, split: Split) -> list[Sample]:
        data = self.folder / FOLDERS[split] / 'data'
        names = (NAMED.fullmatch(path.name) for path in data.glob('*_*.*'))
        numbers = {name[1] for name in names if name}
        samples = (self.sample(data, number, split)
                   for number in sorted(numbers, key=lambda text: (int(text), text)))
        return [sample for sample in samples if sample]

    def sample(self, data: Path, number: str, split: Split) -> Sample | None:
        """None where neither a colour nor a depth image is there."""
        lights = (data / f'{number}_image_{light}.png' for light in (self.light, *LIGHTS))
        rgb = next((path for path in lights if path.is_file()), None)
        depth = existing(data / f'{number}_depth.png')
        mask = existing(data / f'{number}_mask.png')
        first = rgb or depth
        if first is None:
            return None
        label = BAD if mask and read_mask(mask).any() else GOOD
        return Sample(f'{label}/{number}', label, split, first, partial(load, rgb, depth), mask)

    def camera(self) -> tuple[Intrinsics | None, str]:
        """The published focal length, centred, at the size of the first image."""
        for name in FOLDERS.values():
            for path in sorted((self.folder / name / 'data').glob('*_*.png')):
                height, width = read_image(path).shape[:2]
                focal = FOCAL * width / FOCAL_WIDTH
                return Intrinsics(width, height, focal, focal, (width - 1) / 2,
                                  (height - 1) / 2), 'camera as published'
        return None, f'{self.folder} holds no images'


def existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def load(rgb: Path | None, depth: Path | None) -> Images:
    return Images(read_colour(rgb) if rgb else None, read_metres(depth) if depth else None)


def read_metres(path: Path) -> NDArray[np.float32]:
    """Depth in the range that its info_depth.yaml gives."""
    steps = read_steps(path)
    low, high = read_range(path.with_name(path.name.replace('_depth.png', '_info_depth.yaml')))
    return (steps / 65535 * (high - low) + low).astype(np.float32)


def read_range(path: Path) -> tuple[float, float]:
    """Nearest and farthest, metres; the two keys stand at the top or under `normalization`."""
    try:
        values = yaml.safe_load(path.read_text())
        values = values.get('normalization', values)
        return float(values['min']), float(values['max'])
    except FileNotFoundError:
        raise DcmdError(f'{path}: no such file; depth needs its range') from None
    except (yaml.YAMLError, AttributeError, TypeError, KeyError, ValueError) as error:
        raise DcmdError(f'{path}: no min and max of depth in it') from error
