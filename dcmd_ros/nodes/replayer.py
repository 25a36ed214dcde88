"""A bag through the inspector: every frame, in message time, so that it repeats."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rclpy.serialization import serialize_message
from std_msgs.msg import Bool

from dcmd_ros.bags.reader import Bag, firsts
from dcmd_ros.bags.shots import Shots
from dcmd_ros.bags.topics import Choice
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.frame import MODALITIES
from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.framing.conversion import Converter
from dcmd_ros.framing.shot import Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.framing.transforms import GivenTransforms
from dcmd_ros.nodes.bag_messages import CLOUD, FaultyBag, Sent, read
from dcmd_ros.nodes.inspector_node import NAME, describe
from dcmd_ros.nodes.outputs import TYPES, makers
from dcmd_ros.nodes.parameters import Settings
from dcmd_ros.nodes.parts import Parts
from dcmd_ros.nodes.pipeline import Load, Pipeline, load_inspector
from dcmd_ros.nodes.result import Result
from dcmd_ros.nodes.streams import pairing_config

LARGE = 'points'  # an output several times the size of the inputs


@dataclass(frozen=True)
class ReplayOptions:
    """
    settings  the node's parameters; geometry comes from the chosen topic, whatever they say
    fault     what is to befall the cameras
    seed      of the faults
    points    write the coloured point cloud too
    """

    settings: Settings
    fault: str = ''
    seed: int = 0
    points: bool = False


class Replayer:
    """
    Takes one bag through the node's own parts: pairing, conversion, inspector, messages.

    tally     counts by cause, as the node's diagnostics tell them
    withheld  images that a fault swallowed, by sensor

    :param deliver: gets each result
    """

    def __init__(self, bag: Bag, choice: Choice, options: ReplayOptions,
                 deliver: Callable[[Result], None], load: Load = load_inspector) -> None:
        self.tally = Tally()
        self._bag, self._choice, self._points = bag, choice, options.points
        self._deliver = deliver
        self._writer: BagWriter | None = None
        kinds = {topic.name: topic.type for topic in bag.topics}
        settings = dataclasses.replace(
            options.settings,
            geometry_source='points' if kinds.get(choice.depth or '') == CLOUD else 'depth')
        self._cameras = choice.cameras()
        self._infos = CameraInfos(self.tally)
        self._shots = Shots(pairing_config(settings), self.tally)
        self._faults = FaultyBag(options.fault, options.seed)
        converter = Converter(self._infos, self.tally, GivenTransforms())
        converter.topics = {'rgb': choice.rgb or 'rgb', 'depth': choice.depth or 'depth'}
        self._pipeline = Pipeline(load, converter, self.tally, self._time, settings,
                                  self._take, self._time)
        self._parts = Parts(lambda: settings, lambda part: self._write('part', part.message()),
                            lambda reject: self._write('reject', Bool(data=reject)))

    def load(self) -> None:
        """:raises DcmdError: the model cannot be loaded"""
        self._pipeline.load()

    def run(self, writer: BagWriter | None = None,
            shown: Callable[[Iterable[Sent]], Iterable[Sent]] = iter) -> None:
        """
        From the first message to the last, once the model is loaded.

        :param writer: gets the bag's messages, as they were or with their faults, and the node's
        :param shown: wraps the messages of the bag, for a progress bar
        :raises DcmdError: a fault makes no sense here
        """
        self._writer = writer
        self._learn_cameras()
        everything = writer is not None
        for sent in self._faults.apply(
                shown(read(self._bag, self._choice, self.tally, everything))):
            self._pass(sent)
        self._judge(self._shots.finish())
        self._parts.finish()

    @property
    def warnings(self) -> list[str]:
        """What the user should know of the model."""
        return self._pipeline.judge.warnings if self._pipeline.judge else []

    def drops(self) -> dict[str, int]:
        """What made no result, by sensor or stage and cause."""
        counts = {**self._shots.drops()}
        for part in (*MODALITIES, 'inference'):
            counts |= {f'{part}.{cause}': count for cause, count in self.tally.counts(part).items()
                       if cause not in ('received', 'results')}
        return {**counts, **{f'{modality}.withheld by the fault': count
                             for modality, count in self._faults.withheld.items() if count}}

    def _learn_cameras(self) -> None:
        """Live, CameraInfo comes before the frame that is judged; so it does here."""
        infos = Choice(None, None, self._choice.rgb_info, self._choice.depth_info, None, None)
        for sent in firsts(read(self._bag, infos, Tally()), self._cameras):
            self._pass_info(sent)

    def _pass(self, sent: Sent) -> None:
        if self._writer is not None:
            self._writer.write(sent.topic, sent.type, sent.data, sent.received,
                               self._bag.definition(sent.topic) if sent.as_recorded else None)
        if sent.role in ('rgb_info', 'depth_info'):
            self._pass_info(sent)
        elif sent.role in ('rgb', 'depth'):
            self._judge(self._shots.take(sent.role, sent.message, sent.received))

    def _pass_info(self, sent: Sent) -> None:
        modality, rectified = self._cameras[sent.topic]
        self._infos.update(modality, sent.message, rectified)

    def _judge(self, shots: Iterable[Shot]) -> None:
        for shot in shots:
            try:
                self._pipeline.run(shot)
            except Exception as error:
                self.tally.trouble('inference', 'failed', describe(error))

    def _take(self, shot: Shot, result: Result) -> None:
        self._shots.judged(shot, {m: 0.0 if s.stamp is None else s.confidence
                                  for m, s in result.sensors.items()})
        for name, make in makers(result, self._infos).items():
            if self._writer is not None and (name != LARGE or self._points):
                self._write(name, make())
        self._parts.take(result)
        self._deliver(result)

    def _write(self, name: str, message: Any | None) -> None:
        if self._writer is not None and message is not None:
            self._writer.write(f'/{NAME}/{name}', ros_name(TYPES[name]),
                               serialize_message(message), self._time())

    def _time(self) -> int:
        return self._shots.time


def ros_name(kind: type) -> str:
    """Such as sensor_msgs/msg/Image, of a message's class."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'
