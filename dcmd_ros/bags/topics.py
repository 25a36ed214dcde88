"""Which topics of a bag are the camera's: guessed where only one can be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.reader import Topic
from dcmd_ros.frame import Modality
from dcmd_ros.sensing.registration import is_rectified

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
CLOUD = 'sensor_msgs/msg/PointCloud2'
INFO = 'sensor_msgs/msg/CameraInfo'
STRING = 'std_msgs/msg/String'
TYPES = {'rgb': (IMAGE, COMPRESSED), 'depth': (IMAGE, COMPRESSED, CLOUD)}
TRANSPORTS = ('/compressedDepth', '/compressed')
OURS = ('anomaly_map', 'anomaly_mask', 'overlay')
DEPTH = re.compile(r'depth|aligned|stereo/image|(^|[/_])range([/_]|$)')
NEITHER = re.compile(r'(^|[/_])(ir|infra\d?|confidence|snr|disparity|normals|mask|label)([/_]|$)')
COLOUR = re.compile(r'rgb|colou?r')
WARPED = re.compile(r'_to_')  # rgb_to_depth: colour as the depth camera would see it
SIDE = re.compile(r'(^|[/_])(left|right)([/_]|$)')
ALIGNED = re.compile(r'_to_(colou?r|rgb)|registered|aligned(?!\w*_to_)')


@dataclass(frozen=True)
class Choice:
    """The topics of the camera, and of the truth about the parts; None where there is none."""

    rgb: str | None
    depth: str | None
    rgb_info: str | None
    depth_info: str | None
    label: str | None
    mask: str | None

    def names(self) -> list[str]:
        """Those that are there."""
        every = (self.rgb, self.depth, self.rgb_info, self.depth_info, self.label, self.mask)
        return [name for name in every if name is not None]

    def cameras(self) -> dict[str, tuple[Modality, bool]]:
        """By topic of CameraInfo its sensor, and whether the image beside it is rectified."""
        pairs: tuple[tuple[Modality, str | None, str | None], ...] = (
            ('rgb', self.rgb_info, self.rgb), ('depth', self.depth_info, self.depth))
        return {info: (sensor, is_rectified(image or '')) for sensor, info, image in pairs if info}


def choose(topics: Sequence[Topic], rgb: str | None = None, depth: str | None = None) -> Choice:
    """
    The topics given, and for what is not given the only ones that can be meant.

    Without any candidate for a sensor, that sensor is None.

    :raises BagError: several that may be meant, none at all, or a given one that is not there
        or no image
    """
    given = {'rgb': _given(topics, 'rgb', rgb), 'depth': _given(topics, 'depth', depth)}
    candidates = {sensor: [topic] if topic else _candidates(topics, sensor)
                  for sensor, topic in given.items()}
    chosen: dict[str, Topic | None] = {}
    for sensor in sorted(candidates, key=lambda sensor: len(candidates[sensor]) != 1):
        other = next(filter(None, chosen.values()), None)
        chosen[sensor] = _pick(sensor, candidates[sensor], other)
    if not any(chosen.values()):
        raise BagError(f'no topic is an image or a cloud: {_listed(topics)}')
    names = {sensor: topic.name if topic else None for sensor, topic in chosen.items()}
    return Choice(names['rgb'], names['depth'], _info(topics, names['rgb']),
                  _info(topics, names['depth']), _ending(topics, 'truth/label', STRING),
                  _ending(topics, 'truth/mask', IMAGE))


def _given(topics: Sequence[Topic], sensor: str, name: str | None) -> Topic | None:
    if name is None:
        return None
    full = '/' + name.strip('/')
    topic = next((topic for topic in topics if topic.name in (name, full)), None)
    if topic is None:
        raise BagError(f'--{sensor} {name}: the bag has no such topic, only {_listed(topics)}')
    if topic.type not in TYPES[sensor]:
        raise BagError(f'--{sensor} {name}: is a {topic.type}, and has to be one of '
                       f'{", ".join(TYPES[sensor])}')
    return topic


def _candidates(topics: Sequence[Topic], sensor: str) -> list[Topic]:
    """What may be this sensor."""
    names = {topic.name for topic in topics}
    return [topic for topic in topics if topic.count and _sensor(topic, names) == sensor]


def _sensor(topic: Topic, names: set[str]) -> str | None:
    """'rgb', 'depth', or None for what is neither."""
    base = _base(topic.name)
    folder, _, last = base.rpartition('/')
    if topic.type not in TYPES['depth'] or last in OURS:
        return None
    if topic.type == CLOUD:
        return None if f'{folder}/inspection' in names else 'depth'
    shows = re.sub(r'_to_\w+', '', base)  # depth_to_rgb shows depth
    if NEITHER.search(shows):
        return None
    if DEPTH.search(shows):
        return 'depth'
    if topic.name.endswith('/compressedDepth'):
        return None if COLOUR.search(shows) else 'depth'
    return 'rgb'


def _base(name: str) -> str:
    """The image's name without the transport's."""
    return next((name.removesuffix(end) for end in TRANSPORTS if name.endswith(end)), name)


def _pick(sensor: str, candidates: list[Topic], beside: Topic | None) -> Topic | None:
    """The best one; BagError where two are as good."""
    if not candidates:
        return None

    def rank(topic: Topic) -> tuple[bool, ...]:
        name = topic.name
        fits = (ALIGNED.search(name) if sensor == 'depth'
                else COLOUR.search(name) and not WARPED.search(name))
        return (beside is not None and not _one_camera(name, beside.name), topic.type == CLOUD,
                not fits, bool(SIDE.search(name)), topic.type == COMPRESSED)
    best = min(map(rank, candidates))
    found = [topic for topic in candidates if rank(topic) == best]
    if len(found) > 1:
        raise BagError(f'{len(found)} topics may be {sensor}: {_listed(found)}; '
                       'say which with --rgb TOPIC --depth TOPIC')
    return found[0]


def _one_camera(one: str, other: str) -> bool:
    """Whether one's name space is the other's or holds it."""
    first, second = (_base(name).split('/')[:-2] for name in (one, other))
    shorter = min(len(first), len(second))
    return first[:shorter] == second[:shorter]


def _info(topics: Sequence[Topic], image: str | None) -> str | None:
    if image is None:
        return None
    wanted = _base(image).rpartition('/')[0] + '/camera_info'
    return next((topic.name for topic in topics if topic.name == wanted and topic.type == INFO),
                None)


def _ending(topics: Sequence[Topic], end: str, kind: str) -> str | None:
    return next((topic.name for topic in topics
                 if f'/{topic.name}'.endswith(f'/{end}') and topic.type == kind), None)


def _listed(topics: Sequence[Topic]) -> str:
    return ', '.join(f'{topic.name} ({topic.type}, {topic.count})' for topic in topics)
