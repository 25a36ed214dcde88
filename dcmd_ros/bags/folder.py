"""Which files make a bag, and what its metadata.yaml says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import yaml

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.storage import Notes

METADATA = 'metadata.yaml'
SUFFIXES = ('.mcap', '.db3')
PACKED = '.zstd'


@dataclass
class Parts:
    """The storage files of a bag in their order, and the distribution that recorded it."""

    files: list[Path] = field(default_factory=list)
    distro: str | None = None
    expected: int | None = None


def find(path: Path, notes: Notes) -> Parts:
    """
    The parts of a bag folder, or the one file.

    :raises BagError: nothing there, or no bag
    """
    if path.name == METADATA:
        path = path.parent
    if not path.exists():
        raise BagError(f'{path}: there is no such file or folder')
    if path.is_file():
        return Parts([path])
    told = _read_metadata(path, notes)
    if told is not None and told.files:
        return told
    files = storage_files(path)
    if not files:
        raise BagError(_nothing(path))
    if told is None and not (path / METADATA).exists():
        notes[METADATA,] = (f'{METADATA} is missing: the files were taken in the order of their '
                            'names')
    return Parts(files)


def storage_files(folder: Path) -> list[Path]:
    """The storage files in a folder by the number at the end of their names."""
    files = [file for file in folder.iterdir()
             if file.is_file() and PurePath(file.name.removesuffix(PACKED)).suffix in SUFFIXES]
    return sorted(files, key=_order)


def _order(file: Path) -> tuple[str, int]:
    stem = PurePath(file.name.removesuffix(PACKED)).stem
    number = re.search(r'_(\d+)$', stem)
    return (stem[:number.start()], int(number[1])) if number else (stem, -1)


def _nothing(path: Path) -> str:
    if any(path.glob('*.bag')):
        return (f'{path}: holds ROS 1 bags: convert one with '
                '`rosbags-convert --src FILE.bag --dst FOLDER` first')
    return (f'{path}: no bag: a folder with metadata.yaml and .mcap or .db3 files is one, or one '
            'such file')


def _read_metadata(folder: Path, notes: Notes) -> Parts | None:
    """What metadata.yaml says, as far as it is true; None where it is absent or unusable."""
    file = folder / METADATA
    if not file.exists():
        return None
    try:
        told: dict[str, Any] = yaml.safe_load(file.read_text())['rosbag2_bagfile_information']
        names = [PurePath(name).name for name in told['relative_file_paths']]
        distro, expected = told.get('ros_distro'), told.get('message_count')
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        notes[METADATA,] = (f'{METADATA} cannot be read: the files were taken in the order of '
                            'their names')
        return None
    found = {name: _present(folder, name) for name in names}
    for name, present in found.items():
        if present is None:
            notes[METADATA, name] = (f'{METADATA} names {name}, which is missing: its messages '
                                     'are lost')
    files = [present for present in found.values() if present is not None]
    for extra in storage_files(folder):
        if extra not in files and files:
            notes[METADATA, extra.name] = (
                f'{extra.name} is not named in {METADATA}: it was not read')
    return Parts(files, distro or None, expected if isinstance(expected, int) else None)


def _present(folder: Path, name: str) -> Path | None:
    """The file of that name, or the same unpacked or packed."""
    names = (name, name.removesuffix(PACKED), name + PACKED)
    return next((folder / each for each in names if (folder / each).is_file()), None)
