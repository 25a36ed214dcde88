"""Which files make a bag, and what its metadata.yaml says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.storage import Notes

METADATA = 'metadata.yaml'
SUFFIXES = ('.mcap', '.db3')
PACKED = '.zstd'
BY_NAME = 'the files were taken in the order of their names'


@dataclass
class Parts:
    """The files of a bag in order; who recorded it and how many messages, where that is told."""

    files: list[Path]
    distro: str | None = None
    expected: int | None = None


def find(path: Path, notes: Notes) -> Parts:
    """
    The parts of a bag folder, or the one file.

    :raises BagError: nothing there, no bag, or several
    """
    if path.name == METADATA:
        path = path.parent
    if not path.exists():
        raise BagError(f'{path}: there is no such file or folder')
    if path.is_file():
        return Parts([path])
    if not (path / METADATA).exists():
        notes[METADATA,] = f'{METADATA} is missing: {BY_NAME}'
        return Parts(_one_bag(path))
    told = _read_metadata(path / METADATA)
    if told is None:
        notes[METADATA,] = f'{METADATA} cannot be read: {BY_NAME}'
        return Parts(_one_bag(path))
    told.files = _present(path, told.files, notes) or _one_bag(path)
    return told


def storage_files(folder: Path) -> list[Path]:
    """The storage files in a folder by the number at the end of their names."""
    return sorted((file for file in folder.iterdir()
                   if file.is_file() and _suffix(file) in SUFFIXES), key=_series)


def _suffix(file: Path) -> str:
    return PurePath(file.name.removesuffix(PACKED)).suffix


def _series(file: Path) -> tuple[str, str, int]:
    """The name without its number, the kind of file, and the number, -1 for none."""
    stem = PurePath(file.name.removesuffix(PACKED)).stem
    number = re.search(r'_(\d+)$', stem)
    return ((stem[:number.start()], _suffix(file), int(number[1])) if number
            else (stem, _suffix(file), -1))


def _one_bag(folder: Path) -> list[Path]:
    files = storage_files(folder)
    if not files:
        raise BagError(_nothing(folder))
    if len({_series(file)[:2] for file in files}) > 1:
        raise BagError(f'{folder}: holds the files of several bags and no {METADATA} that tells '
                       f'them apart: give one of {", ".join(file.name for file in files)}')
    return files


def _nothing(folder: Path) -> str:
    if any(folder.glob('*.bag')):
        return (f'{folder}: holds ROS 1 bags: convert one with '
                '`rosbags-convert --src FILE.bag --dst FOLDER` first')
    inner = sorted(file.parent.name for file in folder.glob(f'*/{METADATA}'))
    if inner:
        return f'{folder}: is no bag, but holds some: give one of {", ".join(inner)}'
    return (f'{folder}: is no bag: that is a folder with {METADATA} and .mcap or .db3 files, or '
            'one such file')


def _read_metadata(file: Path) -> Parts | None:
    """What it says, None where that is no metadata of a bag."""
    try:
        told: dict[str, Any] = yaml.safe_load(file.read_text())['rosbag2_bagfile_information']
        files = [file.parent / PurePath(name).name for name in told['relative_file_paths']]
        distro, expected = told.get('ros_distro'), told.get('message_count')
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None
    return Parts(files, distro if isinstance(distro, str) else None,
                 expected if isinstance(expected, int) else None)


def _present(folder: Path, named: list[Path], notes: Notes) -> list[Path]:
    """Those of the named files that are there, unpacked or packed; the others are noted."""
    files = []
    for file in named:
        names = (file.name, file.name.removesuffix(PACKED), file.name + PACKED)
        found = next((folder / name for name in names if (folder / name).is_file()), None)
        if found is None:
            notes[METADATA, file.name] = (f'{METADATA} names {file.name}, which is missing: its '
                                          'messages are lost')
        else:
            files.append(found)
    for extra in set(storage_files(folder)) - set(files) if files else ():
        notes[METADATA, extra.name] = f'{extra.name} is not named in {METADATA}: it was not read'
    return files
