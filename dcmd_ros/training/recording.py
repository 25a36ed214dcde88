"""One bag as the inspector would see it: every shot of the node's own pairing, as a frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from dcmd_ros.bags.reader import Bag, firsts
from dcmd_ros.bags.shots import Shots
from dcmd_ros.bags.topics import CLOUD, choose
from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Frame, Intrinsics, Modality
from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.framing.conversion import Converter, Geometry
from dcmd_ros.framing.shot import Arrival, Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.framing.transforms import GivenTransforms
from dcmd_ros.sensing.codec import MessageError
from dcmd_ros.stream.config import PairingConfig
from dcmd_ros.training.sample import Images
from dcmd_ros.training.truth import Truth, read_labels


@dataclass(frozen=True)
class BagOptions:
    """
    rgb, depth    topics; guessed where None
    distro        ROS distribution whose types a bag without definitions has
    labels        a labels file, as training/truth.py reads it
    depth_offset  added to depth's stamps before matching, s
    """

    rgb: str | None = None
    depth: str | None = None
    distro: str | None = None
    labels: Path | None = None
    depth_offset: float = 0.0


class Moment(NamedTuple):
    """
    Where the bag has a frame.

    stamp     of the frame, ns
    received  log times of the colour and the depth message, None where it has none
    trouble   why it has not both: empty, ONE_SENSOR or UNREADABLE
    """

    stamp: int
    received: tuple[int | None, int | None]
    trouble: str = ''


ONE_SENSOR, UNREADABLE = 'one sensor only', 'unreadable'


class Recording:
    """
    A bag with what is known of its frames.

    tally     troubles with messages, as the node counts them
    labelled  whether the bag or a labels file says what its frames show
    drops     messages that made no frame, by sensor and cause; known after `frames`

    :raises DcmdError: no bag, topics that cannot be told, or a labels file that is wrong
    """

    def __init__(self, path: Path, options: BagOptions) -> None:
        self.path, self.tally = path, Tally()
        self.bag = Bag(path, options.distro)
        try:
            self.choice = choose(self.bag.topics, options.rgb, options.depth)
        except DcmdError as error:
            raise DcmdError(f'{path}: {error}') from error
        kinds = {topic.name: topic.type for topic in self.bag.topics}
        self._source = Geometry('points' if kinds.get(self.choice.depth or '') == CLOUD
                                else 'depth')
        self._infos = CameraInfos(self.tally)
        self._converter = Converter(self._infos, self.tally, GivenTransforms())
        self._converter.topics = {m: topic or m for m, topic in zip(
            MODALITIES, (self.choice.rgb, self.choice.depth), strict=True)}
        self._shots = Shots(PairingConfig(depth_offset=options.depth_offset), self.tally)
        self.truth = read_labels(options.labels) if options.labels else Truth()
        self.labelled = bool(options.labels or self.choice.label or self.choice.mask)
        self.drops: dict[str, int] = {}
        self._lock = threading.Lock()
        self._learn_cameras()

    @property
    def offset(self) -> float | None:
        """Seconds by which depth's stamps differ from colour's, None where unknown."""
        return self._shots.pairing.offset

    @property
    def unsynchronised(self) -> bool:
        return 'unsynchronised' in self._shots.pairing.states.values()

    def frames(self) -> Iterator[tuple[Moment, Frame | None]]:
        """Every shot, with its frame where that has both sensors; read from end to end."""
        counts = {topic.name: topic.count for topic in self.bag.topics}
        choice = self.choice
        names = [name for name in (choice.rgb, choice.depth, choice.label, choice.mask) if name]
        stamps: list[int] = []
        with tqdm(total=sum(counts[name] for name in names), unit='message',
                  desc=f'reading {self.path.name}') as bar:
            for record in self.bag.records(names):
                bar.update()
                for shot in self._take(record.topic, record.message, record.received):
                    yield self._seen(shot, stamps)
            for shot in self._shots.finish():
                yield self._seen(shot, stamps)
        self.drops = self._shots.drops()
        self.truth.resolve(stamps)

    def _take(self, topic: str, message: Any, received: int) -> list[Shot]:
        if topic == self.choice.label:
            self.truth.add_label(message.data)
        elif topic == self.choice.mask:
            self._add_mask(message)
        for modality, image in self._converter.topics.items():
            if topic == image:
                return self._shots.take(modality, message, received)
        return []

    def _add_mask(self, message: Any) -> None:
        try:
            self.truth.add_mask_message(message)
        except MessageError as error:
            self.tally.trouble('pairing', 'mask', f'{self.choice.mask}: {error}')

    def _seen(self, shot: Shot, stamps: list[int]) -> tuple[Moment, Frame | None]:
        live = shot if shot.live.empty else shot.live
        frame = self._converter.frame(live, self._source)
        first = shot.rgb or shot.depth
        assert first is not None
        stamp = frame.stamp if frame is not None else first.stamp
        stamps.append(stamp)
        present = frame.present if frame is not None else ()
        received = [arrival.received if (arrival := live.arrival(m)) and m in present
                    else None for m in MODALITIES]
        whole = len(present) == len(MODALITIES)
        trouble = '' if whole else (
            ONE_SENSOR if present and live.arrival(_other(present[0])) is None else UNREADABLE)
        return Moment(stamp, (received[0], received[1]), trouble), frame if whole else None

    def load(self, moment: Moment) -> Images:
        """
        Its messages once more, as a frame; threads take turns, for a bag reads at one place.

        :raises DcmdError: the bag has changed meanwhile
        """
        with self._lock:
            return self._load(moment)

    def _load(self, moment: Moment) -> Images:
        arrivals = {m: Arrival(self.bag.at(self._converter.topics[m], received), received)
                    for m, received in zip(MODALITIES, moment.received, strict=True)
                    if received is not None}
        shot = Shot(arrivals.get('rgb'), arrivals.get('depth'), 0, dict.fromkeys(MODALITIES, 'ok'))
        if not arrivals:
            return Images(None, None)
        frame = self._converter.frame(shot, self._source)
        if frame is None or frame.stamp != moment.stamp:
            raise DcmdError(f'{self.path}: the frame at {moment.stamp} ns cannot be read again; '
                            'has the file changed?')
        depth = frame.depth if frame.xyz is None else frame.xyz[..., 2]
        return Images(frame.rgb, depth, frame.xyz)

    @cached_property
    def camera(self) -> tuple[Intrinsics | None, str]:
        """Of the colour images, else of depth's, and where it comes from."""
        for modality in MODALITIES:
            model = self._infos.model(modality)
            if model is not None:
                info = self.choice.rgb_info if modality == 'rgb' else self.choice.depth_info
                return model.intrinsics, f'camera from {info}'
        return None, f'{self.path} has no camera_info that can be used'

    def _learn_cameras(self) -> None:
        """The first CameraInfo of each sensor; live, it comes before the frame that is judged."""
        cameras = self.choice.cameras()
        for record in firsts(self.bag.records(list(cameras)), cameras):
            modality, rectified = cameras[record.topic]
            self._infos.update(modality, record.message, rectified)


def _other(modality: Modality) -> Modality:
    return 'depth' if modality == 'rgb' else 'rgb'
