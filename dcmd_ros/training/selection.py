"""Which of the frames in bags train, which validate, and why the others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dcmd_ros.errors import DcmdError
from dcmd_ros.training.recording import Moment, Recording
from dcmd_ros.training.sample import GOOD, Split
from dcmd_ros.training.thinning import differences, empty, extent, same_as
from dcmd_ros.training.thumbnail import Thumbnail, thumbnail

SAME, EMPTY, NOT_GOOD, SPARE = 'same', 'empty', 'not labelled good', 'more than needed'
MOST = 300   # frames to keep; more of a recording only train longer
FEWEST = 8   # frames to train on
HELD = 0.1   # of the kept frames validate
HELD_LEAST = 5


@dataclass(frozen=True)
class Choice:
    """
    A frame and what becomes of it.

    recording  number of its bag
    label      `good` or a defect's name, None where unknown
    split      `train` or `validation`, None where it is left out
    reason     why it is left out
    like       place in the selection of the frame that it repeats
    """

    recording: int
    moment: Moment
    label: str | None
    split: Split | None = None
    reason: str = ''
    like: int | None = None


@dataclass
class Selection:
    """All frames of some bags in order of time."""

    frames: list[Choice]
    drops: Counter[str] = field(default_factory=Counter)

    def split(self, name: Split) -> list[Choice]:
        return [one for one in self.frames if one.split == name]

    def reasons(self) -> dict[str, int]:
        """How many frames are left out, by reason."""
        return dict(Counter(one.reason for one in self.frames if one.split is None).most_common())


def select(recordings: Sequence[Recording]) -> Selection:
    """
    Reads all of the bags.

    :raises DcmdError: no frame with both sensors
    """
    frames: list[Choice] = []
    thumbs: dict[int, Thumbnail] = {}
    for number, recording in enumerate(recordings):
        begin = len(frames)
        for moment, frame in recording.frames():
            if frame is not None:
                depth = frame.depth if frame.xyz is None else frame.xyz[..., 2]
                assert frame.rgb is not None and depth is not None
                thumbs[len(frames)] = thumbnail(frame.rgb, depth)
            frames.append(Choice(number, moment, None, reason=moment.trouble))
        for place in range(begin, len(frames)):
            frames[place] = _judged(frames[place], recording)
    places = [place for place in thumbs if not frames[place].reason]
    for place, (reason, like) in zip(places, thinned([thumbs[p] for p in places]), strict=True):
        frames[place] = replace(frames[place], reason=reason,
                                like=None if like is None else places[like])
    return _divided(frames, thumbs, sum((Counter(r.drops) for r in recordings), Counter()))


def _judged(one: Choice, recording: Recording) -> Choice:
    """With its label, and only good parts to train on where labels are known."""
    label = recording.truth.label_at(one.moment.stamp) if recording.labelled else None
    bad = recording.labelled and label != GOOD
    return replace(one, label=label, reason=one.reason or (NOT_GOOD if bad else ''))


def thinned(thumbs: Sequence[Thumbnail]) -> list[tuple[str, int | None]]:
    """For each frame why it is left out, and the place of the one that it repeats."""
    blank = empty(thumbs)
    return [(EMPTY, None) if nothing else ('', None) if like == place else (SAME, like)
            for place, (like, nothing) in enumerate(zip(same_as(thumbs), blank, strict=True))]


def _divided(frames: list[Choice], thumbs: dict[int, Thumbnail],
             drops: Counter[str]) -> Selection:
    """A late stretch validates; beyond MOST, frames are taken evenly."""
    kept = [place for place, one in enumerate(frames) if not one.reason]
    wanted = {kept[i] for i in np.linspace(0, len(kept) - 1, min(MOST, len(kept))).astype(int)}
    for place in set(kept) - wanted:
        frames[place] = replace(frames[place], reason=SPARE)
    kept = sorted(wanted)
    border = _border(kept, frames, thumbs)
    for number, place in enumerate(kept):
        name: Split = 'train' if number < border else 'validation'
        frames[place] = replace(frames[place], split=name)
    return Selection(frames, drops)


def _border(kept: Sequence[int], frames: Sequence[Choice], thumbs: dict[int, Thumbnail]) -> int:
    """
    How many of the kept frames train: the later ones validate.

    Between two bags or where no part was in view, if that gives half to three times the wanted
    number; else where most changes, so that one part's frames stay together.
    """
    count = len(kept)
    held = max(round(HELD * count), min(HELD_LEAST, count // 4))
    if count - held < FEWEST:
        return count
    places = [place for place in range(FEWEST, count) if held / 2 <= count - place <= 3 * held]
    breaks = [place for place in places if _apart(frames, kept[place - 1], kept[place])]
    if breaks:
        return min(breaks, key=lambda place: abs(count - place - held))
    near = [place for place in places if abs(count - place - held) <= held // 2]
    return max(near, key=lambda place: sum(map(extent, differences(
        thumbs[kept[place]], thumbs[kept[place - 1]]))))


def _apart(frames: Sequence[Choice], one: int, two: int) -> bool:
    """Whether another bag begins or an empty view lies between two frames."""
    return frames[one].recording != frames[two].recording or any(
        between.reason == EMPTY for between in frames[one:two])


def check(selection: Selection, recordings: Sequence[Recording]) -> None:
    """:raises DcmdError: fewer frames to train on than it takes, and why"""
    names = ', '.join(str(recording.path) for recording in recordings)
    if not any(one.moment.trouble == '' for one in selection.frames):
        raise DcmdError(f'{names}: no frame with both colour and depth: {_why(recordings)}')
    kept = [one for one in selection.frames if one.split]
    if len(kept) < FEWEST:
        raise DcmdError(
            f'{names}: {len(kept)} of {len(selection.frames)} frames are left to train on, at '
            f'least {FEWEST} are needed: {told(selection.reasons())}; record more parts')


def _why(recordings: Sequence[Recording]) -> str:
    """Why there are no pairs, of the first bag that says so."""
    for recording in recordings:
        choice = recording.choice
        if choice.rgb is None or choice.depth is None:
            there, lacks = ('depth', 'rgb') if choice.rgb is None else ('colour', 'depth')
            return f'the bag has {there} only; record the other one too, or name it with --{lacks}'
        for modality, topic in (('rgb', choice.rgb), ('depth', choice.depth)):
            if not recording.tally.counts(modality).get('received'):
                return f'{topic} has no message that can be read'
            if error := recording.tally.last_error(modality):
                return error
        if recording.offset:
            return (f"depth's stamps are {recording.offset:+.3f} s off colour's: try "
                    f'--depth-offset {-recording.offset:.3f}')
    return 'colour and depth never come at the same time'


def told(reasons: dict[str, int]) -> str:
    """Such as '12 same, 3 empty'."""
    return ', '.join(f'{count} {reason}' for reason, count in reasons.items()) or 'none left out'
