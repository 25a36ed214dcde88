"""An RGB-D source: what `camera` and `play` publish, with the faults they are told to have."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.context import Context
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Intrinsics, Modality
from dcmd_ros.nodes.source_messages import (
    camera_info,
    cloud,
    picture,
    truth_label,
    truth_mask,
)
from dcmd_ros.sensing.faults import SECOND, Emission, FaultInjector, parse_faults

IMAGE_HISTORY, LABEL_HISTORY = 10, 100  # reliable, as a depth alone is: it suits all listeners
FAULT_HELP = (
    'What is wrong with the sensors: KIND SENSOR [AMOUNT] [FROM-TO], comma separated, such as '
    '"drop depth 10s-20s, holes depth 0.3 25s-30s"; empty = nothing. Times count from the first '
    "frame, and anew from the next one when this parameter is set, by the source's own rate: a "
    'frame that comes late on a busy machine moves nothing.')


@dataclass(frozen=True)
class SourceFrame:
    """
    One moment of a source, with the truth about it.

    rgb         (H, W, 3) uint8, or None
    depth       (H, W) float32 metres, 0 = missing, or None
    truth       (H, W) bool, true where defective, or None where unknown
    label       `good` or the defect's name
    file        where it comes from
    intrinsics  of both images, None where unknown: no camera_info then
    about       what else `truth/label` says
    """

    rgb: NDArray[np.uint8] | None
    depth: NDArray[np.float32] | None
    truth: NDArray[np.bool_] | None
    label: str
    file: str
    intrinsics: Intrinsics | None
    about: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Mounting:
    """
    What sets a real camera apart from an ideal one.

    distortion  of both images' lens as plumb_bob, k1 k2 p1 p2 k3; empty = none
    jitter      standard deviation of depth's stamps from colour's, seconds
    points      depth is published as a cloud in its own frame too, on `points`
    """

    distortion: tuple[float, ...] = ()
    jitter: float = 0.0
    points: bool = False


@dataclass
class Choice:
    """A parameter of the source that takes one of several texts, and which it is now."""

    name: str
    among: tuple[str, ...]
    value: str
    help: str


@dataclass(frozen=True, order=True)
class Late:
    """A delayed message; `due` in steady nanoseconds."""

    due: int
    order: int
    sensor: Modality
    emission: Emission
    intrinsics: Intrinsics | None


class RgbdSource(Node):
    """
    Publishes frames as a camera driver does: equal stamps, camera_info with each image.

    Images are built only where someone listens. `sent` and `withheld` count the images by
    sensor that were due to go out and that a fault kept back.
    """

    def __init__(self, name: str, context: Context, fault: str = '',
                 depth_encoding: str = '32FC1', seed: int = 0,
                 history: int = IMAGE_HISTORY, mounting: Mounting | None = None,
                 choice: Choice | None = None) -> None:
        super().__init__(name, context=context)
        self._images = {s: self.create_publisher(Image, f'{s}/image', history)
                        for s in MODALITIES}
        self._infos = {s: self.create_publisher(CameraInfo, f'{s}/camera_info', history)
                       for s in MODALITIES}
        self._mask = self.create_publisher(Image, 'truth/mask', history)
        self._label = self.create_publisher(String, 'truth/label', LABEL_HISTORY)
        self._mounting = mounting or Mounting()
        self._points = self.create_publisher(
            PointCloud2, 'points', history) if self._mounting.points else None
        self._depth_encoding = depth_encoding
        self._seed = seed
        self._jitter = np.random.default_rng(seed)
        self.sent: Counter[str] = Counter()
        self.withheld: Counter[str] = Counter()
        self._late: list[Late] = []
        self._order = count()
        self._start: int | None = None
        self._choice = choice
        self._declare(fault)

    @property
    def outputs(self) -> list[Publisher]:
        """All publishers of the source, those of the images first."""
        clouds = [self._points] if self._points else []
        return [*self._images.values(), *self._infos.values(), *clouds, self._mask, self._label]

    @property
    def next_late(self) -> int | None:
        """Steady nanoseconds at which the next delayed message is due."""
        return self._late[0].due if self._late else None

    def send(self, frame: SourceFrame, moment: int) -> None:
        """
        Publish one frame, stamped now.

        :param moment: nanoseconds by the source's own rate; faults go by it, so that the same
            frames get them however busy the machine is
        """
        stamp = self.get_clock().now().nanoseconds
        self._label.publish(truth_label(frame.label, frame.file, stamp, frame.about))
        if frame.truth is not None and self._mask.get_subscription_count():
            self._mask.publish(truth_mask(frame.truth, stamp))
        self._start = moment if self._start is None else self._start
        elapsed = (moment - self._start) / SECOND
        apart = round(SECOND * self._mounting.jitter * self._jitter.standard_normal())
        images: dict[Modality, tuple[NDArray | None, int]] = {
            'rgb': (frame.rgb, stamp), 'depth': (frame.depth, stamp + apart)}
        for sensor, (image, when) in images.items():
            if image is not None:
                emission = self._injector.apply(sensor, elapsed, image, when)
                self._emit(sensor, emission, frame.intrinsics)

    def send_late(self) -> None:
        """Publish the delayed messages whose time has come."""
        while self._late and self._late[0].due <= time.monotonic_ns():
            late = heapq.heappop(self._late)
            self._publish(late.sensor, late.emission, late.intrinsics)

    def _emit(self, sensor: Modality, emission: Emission | None,
              intrinsics: Intrinsics | None) -> None:
        if emission is None:
            self.withheld[sensor] += 1
        elif emission.delay:
            due = time.monotonic_ns() + emission.delay
            heapq.heappush(self._late, Late(due, next(self._order), sensor, emission, intrinsics))
        else:
            self._publish(sensor, emission, intrinsics)

    def _publish(self, sensor: Modality, emission: Emission,
                 intrinsics: Intrinsics | None) -> None:
        self.sent[sensor] += 1
        lens = self._mounting.distortion
        if intrinsics is not None:
            self._infos[sensor].publish(camera_info(emission, intrinsics, lens))
            if sensor == 'depth' and self._points and self._points.get_subscription_count():
                self._points.publish(cloud(emission, intrinsics, lens))
        if self._images[sensor].get_subscription_count():
            self._images[sensor].publish(picture(sensor, emission, self._depth_encoding))

    def _declare(self, fault: str) -> None:
        try:
            self.declare_parameter('fault', fault, ParameterDescriptor(description=FAULT_HELP))
        except InvalidParameterTypeException as error:
            raise DcmdError(f'parameter fault must be a text: {error}') from error
        self._inject(self.get_parameter('fault').value)
        self.add_on_set_parameters_callback(self._check)
        self.add_post_set_parameters_callback(self._change)
        if choice := self._choice:
            self.declare_parameter(choice.name, choice.value, ParameterDescriptor(
                description=choice.help, additional_constraints=' or '.join(choice.among)))

    def _inject(self, text: str) -> None:
        self._injector = FaultInjector(parse_faults(text), self._seed)

    def _check(self, parameters: Iterable[Parameter]) -> SetParametersResult:
        """Refuses a fault text that cannot be read, and what is not among the choices."""
        try:
            for parameter in parameters:
                if parameter.name == 'fault' and isinstance(parameter.value, str):
                    parse_faults(parameter.value)
                elif self._choice and parameter.name == self._choice.name:
                    check_choice(parameter.value, self._choice)
        except DcmdError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _change(self, parameters: Iterable[Parameter]) -> None:
        for parameter in parameters:
            if parameter.name == 'fault':
                self._inject(parameter.value)
                self._start = None
            elif self._choice and parameter.name == self._choice.name:
                self._choice.value = parameter.value


def check_choice(value: object, choice: Choice) -> None:
    """:raises DcmdError: the value is not among the choices"""
    if value not in choice.among:
        raise DcmdError(f'{choice.name} {value!r} is not there; choose from '
                        f'{", ".join(choice.among)}')
