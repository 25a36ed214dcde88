"""A rosbag2, or a folder of them, as a data set: what the inspector would have seen."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.folder import PACKED, SUFFIXES
from dcmd_ros.bags.many import find_bags
from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Intrinsics
from dcmd_ros.framing.camera_infos import difference
from dcmd_ros.training import contact_sheet
from dcmd_ros.training.label_rows import read_rows
from dcmd_ros.training.recording import BagOptions, Recording
from dcmd_ros.training.sample import GOOD, Sample, Split
from dcmd_ros.training.selection import Choice, Selection, check, select, told

LOOKED_FOR = 'a rosbag2 folder, a .mcap or .db3 file, or a folder of these'


def found(path: Path) -> bool:
    """Whether it is a bag or a folder of bags."""
    return bool(bags(path))


def bags(path: Path) -> list[Path]:
    """The bag itself, or those right in the folder, sorted by name; split files are one bag."""
    if path.is_file() and Path(path.name.removesuffix(PACKED)).suffix not in SUFFIXES:
        return []
    try:
        return find_bags(path)
    except BagError:
        return []


class BagLayout:
    """
    Train and validation hold the good frames that differ; test every frame with a label.

    The bags are read from end to end once, when a split is asked for; images are read again as
    they are needed.
    """

    def __init__(self, path: Path, options: BagOptions) -> None:
        self.path, self.options = path, options

    @cached_property
    def recordings(self) -> list[Recording]:
        """:raises DcmdError: a bag cannot be opened, or its topics cannot be told"""
        paths = bags(self.path)
        labels = self.options.labels
        if labels and len(paths) > 1 and any(row.by == 'index' for row in read_rows(labels)):
            raise DcmdError(f'{labels}: counts frames, and {self.path} holds {len(paths)} bags: '
                            'use stamps, or give one bag at a time')
        return [Recording(path, self.options) for path in paths]

    @cached_property
    def selection(self) -> Selection:
        """What became of each frame; reads the bags."""
        return select(self.recordings)

    def samples(self, split: Split) -> list[Sample]:
        if split == 'test':
            chosen = [one for one in self.selection.frames if one.label is not None]
        else:
            check(self.selection, self.recordings)
            chosen = self.selection.split(split)
        numbers = {id(one): n for n, one in enumerate(self.selection.frames)}
        return [self._sample(one, numbers[id(one)], split) for one in chosen]

    def camera(self) -> tuple[Intrinsics | None, str]:
        return self.recordings[0].camera

    def summary(self) -> str:
        """What was kept to train on, in a line."""
        chosen = self.selection
        return (f'{self.path.name}: of {len(chosen.frames)} frames '
                f'{len(chosen.split("train"))} train, {len(chosen.split("validation"))} validate; '
                f'left out: {told(chosen.reasons())}')

    def troubles(self) -> list[str]:
        """What the user should know about the bags, in lines."""
        lines = []
        unlabelled = sum(one.label is None for one in self.selection.frames)
        if unlabelled and any(recording.labelled for recording in self.recordings):
            lines.append(f'{unlabelled} of {len(self.selection.frames)} frames have no label: '
                         'they neither train nor count in a figure')
        if self.selection.drops:
            lines.append(f'messages that made no frame: {told(dict(self.selection.drops))}')
        for recording in self.recordings:
            errors = dict.fromkeys(filter(None, map(recording.tally.last_error,
                                                    ('rgb', 'depth', 'pairing'))))
            lines += [f'{recording.path.name}: {note}' for note in (
                *recording.bag.notes, *recording.truth.notes, *errors)]
        return lines + self._other_cameras()

    def _other_cameras(self) -> list[str]:
        first = self.recordings[0].camera[0]
        found = [(one.path.name, difference(one.camera[0], first)) for one in self.recordings
                 if one.camera[0] is not None and first is not None]
        return [f'{name}: {text}' for name, text in found if text]

    def check_labels(self) -> None:
        """:raises DcmdError: no frame has a label, so that there are no figures"""
        frames = self.selection.frames
        if not any(one.label for one in frames):
            raise DcmdError(
                f'{self.path}: no frame has a label: record truth/label, or give --labels FILE; '
                f'a file with the two lines "first,last,label" and "0,{len(frames) - 1},good" '
                'calls all of them good')

    def draw(self, path: Path) -> None:
        """Writes a picture of what was kept and what was left out, as PNG."""
        contact_sheet.write(path, contact_sheet.contact_sheet(
            self.selection, lambda one: self.recordings[one.recording].load(one.moment)))

    def _sample(self, one: Choice, number: int, split: Split) -> Sample:
        recording = self.recordings[one.recording]
        stem = f'{number:06d}' if len(self.recordings) == 1 else \
            f'{recording.path.name.split(".")[0]}_{number:06d}'
        label = one.label or GOOD
        return Sample(f'{label}/{stem}', label, split, recording.path,
                      partial(recording.load, one.moment), partial(_truth, recording, one))


def _truth(recording: Recording, one: Choice) -> NDArray[np.bool_] | None:
    """The mask of a frame; nothing is wrong with a good one that has none."""
    mask = recording.truth.mask_at(one.moment.stamp)
    if mask is None and one.label in (GOOD, None):
        images = recording.load(one.moment)
        first = next(image for image in images if image is not None)
        return np.zeros(first.shape[:2], bool)
    return mask
