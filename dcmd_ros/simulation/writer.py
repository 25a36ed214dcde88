"""A simulated data set on disk, in the layout of MVTec 3D-AD (Bergmann et al. 2022)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Intrinsics
from dcmd_ros.simulation.array import Array
from dcmd_ros.simulation.belt import place
from dcmd_ros.simulation.camera import intrinsics
from dcmd_ros.simulation.simulator import DEFECTS, SimulatedFrame, simulate

RECIPE, PART = 'generate.json', '.part'
BYTES_A_PIXEL = 15  # 12 of xyz, about 2 of colour, some room


@dataclass(frozen=True)
class Recipe:
    """
    What determines every byte of one category; size is (width, height).

    good_parts, per_defect  of the test split; None = by `parts`
    defects                 that there are; None = all
    spread                  metres from the middle along the belt; None = where parts are put
    """

    kind: str
    seed: int
    parts: int
    size: tuple[int, int]
    version: str
    good_parts: int | None = None
    per_defect: int | None = None
    defects: tuple[str, ...] | None = None
    spread: float | None = None

    @property
    def validation(self) -> int:
        return max(self.parts // 10, 5)

    @property
    def good(self) -> int:
        """Good parts of the test split."""
        return max(self.parts // 5, 5) if self.good_parts is None else self.good_parts

    @property
    def each(self) -> int:
        """Parts with each defect."""
        return max(self.parts // 20, 2) if self.per_defect is None else self.per_defect

    @property
    def kinds(self) -> tuple[str, ...]:
        """The defects of the test split."""
        return tuple(DEFECTS) if self.defects is None else self.defects

    @property
    def total(self) -> int:
        return self.parts + self.validation + self.good + len(self.kinds) * self.each

    @property
    def note(self) -> dict[str, object]:
        """For the file beside the data, without what was not asked for."""
        told = {key: value for key, value in asdict(self).items() if value is not None}
        plain: dict[str, object] = json.loads(json.dumps(told))
        return plain

    @property
    def room(self) -> int:
        """Bytes on disk, at most."""
        return self.total * self.size[0] * self.size[1] * BYTES_A_PIXEL


@dataclass(frozen=True)
class Item:
    """One part to write: the folder under the category, the file's number, and its index."""

    folder: str
    number: int
    index: int
    defect: str | None


def plan(recipe: Recipe) -> Iterator[Item]:
    """Every part of a category, each with its own index, so that no part comes twice."""
    groups: list[tuple[str, int, str | None]] = [
        ('train/good', recipe.parts, None), ('validation/good', recipe.validation, None),
        ('test/good', recipe.good, None)]
    groups += [(f'test/{name}', recipe.each, name) for name in recipe.kinds]
    index = 0
    for folder, count, defect in groups:
        for number in range(count):
            yield Item(folder, number, index, defect)
            index += 1


def claim(folder: Path, recipe: Recipe) -> None:
    """
    Make a folder ours, or find that it is ours already and may be continued.

    :raises DcmdError: it holds something else, or a category of another recipe
    """
    wanted, there = recipe.note, read_recipe(folder)
    if there is None:
        write(folder / RECIPE, json.dumps(wanted).encode())
    elif there != wanted:
        differing = [key for key in {**wanted, **there} if there.get(key) != wanted.get(key)]
        raise DcmdError(f'{folder}: was generated with ' + ', '.join(
            f'{key} {there.get(key)} (asked for: {wanted.get(key)})' for key in differing)
            + '; remove it or choose another folder')
    write(folder / 'intrinsics.json', camera_note(intrinsics(recipe.size)))


def read_recipe(folder: Path) -> dict[str, object] | None:
    """What a folder was made from; None where it is empty or not there."""
    try:
        there: dict[str, object] = json.loads((folder / RECIPE).read_text())
        return there
    except (FileNotFoundError, ValueError):
        if folder.exists() and any(file.suffix != PART for file in folder.iterdir()):
            raise DcmdError(f'{folder}: not empty and not made by generate; choose another '
                            'folder') from None
        return None


def camera_note(k: Intrinsics) -> bytes:
    return json.dumps({**asdict(k), 'depth_unit_m': 1.0, 'missing': 0}).encode()


def produce(folder: Path, recipe: Recipe, item: Item) -> bool:
    """Write one part unless it is there; whether it had to be written."""
    into = folder / item.folder
    name = f'{item.number:03d}'
    last = into / 'xyz' / f'{name}.tiff'
    if last.is_file():
        return False
    shift = place(recipe.seed, recipe.kind, item.index, recipe.size, recipe.spread or 0.0)
    frame = simulate(recipe.seed, recipe.kind, item.index, item.defect, recipe.size, shift=shift)
    write(into / 'rgb' / f'{name}.png', encoded('.png', frame.rgb[..., ::-1]))
    if item.folder.startswith('test'):
        write(into / 'gt' / f'{name}.png', encoded('.png', truth(frame)))
    write(last, encoded('.tiff', frame.xyz[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 1]))
    return True


def truth(frame: SimulatedFrame) -> Array:
    return frame.mask.astype(np.uint8) * 255


def encoded(suffix: str, image: Array, options: list[int] | None = None) -> bytes:
    done, data = cv2.imencode(suffix, np.ascontiguousarray(image), options or [])
    if not done:
        raise DcmdError(f'OpenCV cannot write {suffix} files; install opencv-python-headless')
    return data.tobytes()


def write(path: Path, data: bytes) -> None:
    """All of the file or nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.name}{PART}')
    unfinished.write_bytes(data)
    os.replace(unfinished, path)
