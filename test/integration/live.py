"""Helpers of the live tests: an inspector under test, a bench beside it that plays camera."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from numpy.typing import NDArray
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Frame, Intrinsics, Modality
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.inspector_node import InspectorNode
from dcmd_ros.sensing.codec import fill_image

SIZE = 48, 64  # height, width: small, so that a test is about the graph and not about pixels
FRAME_ID = 'camera_color_optical_frame'
PATIENCE = 4.0  # s; longer than any service of the tests takes
LIMIT = 180.0  # s; generous, a condition usually holds within a fraction


class BrightSpots:
    """
    A tiny real inspector with `Inspector`'s interface: what is bright or near is anomalous.

    A model named missing.pth is missing, device cuda:7 absent.
    """

    at_once = 2

    def __init__(self, model: str, device: str = 'auto', threads: int = 0,
                 engine: str = 'torch') -> None:
        if 'missing' in model or not model:
            raise DcmdError(f'model {model!r} not found; train one or correct parameter model')
        if device.startswith('cuda'):
            raise DcmdError(f'device {device!r} is not there; set parameter device to cpu')
        self.category = model
        self.device, self.engine = 'cpu', engine
        self.intrinsics: Intrinsics | None = Intrinsics(64, 48, 60.0, 60.0, 31.5, 23.5)
        self.warnings: list[str] = []

    def warm_up(self) -> None:
        pass

    def inspect(
            self, frame: Frame, roi: tuple[int, int, int, int] | None = None,
            min_region_area: int = 0) -> Inspection:
        assert frame.mode is not None
        assert frame.depth is None or frame.depth.shape == frame.size, 'depth is not on colour'
        if frame.rgb is not None:
            if frame.rgb[0, 0, 0] == 13:
                raise ValueError('a frame that brings the inspector down')
            scores = 0.1 + 0.8 * (frame.rgb.max(axis=2) > 200)
        else:
            scores = 0.1 + 0.8 * (frame.depth < 0.4)
        scores = scores.astype(np.float32)
        top = float(scores.max())
        return Inspection(
            frame.stamp, frame.frame_id, frame.mode, 'anomalous' if top >= 0.5 else 'good', top,
            scores, np.where(scores >= 0.5, 255, 0).astype(np.uint8),
            {m: 0.9 if m in frame.present else float('nan') for m in MODALITIES})


@contextmanager
def inspector(
        *, load: Any = BrightSpots, namespace: str = '', remap: Mapping[str, str] | None = None,
        ros_args: Sequence[str] = (), **parameters: Any) -> Iterator[InspectorNode]:
    """
    An InspectorNode in this process, spinning in its own thread and context.

    :param ros_args: as on a command line, from --ros-args on
    :param parameters: by name, with __ for a dot
    """
    remaps = [part for old, new in (remap or {}).items() for part in ('-r', f'{old}:={new}')]
    cli_args = [*ros_args, *(['--ros-args', *remaps] if remaps else [])]
    values = {'model': 'bright.pth', **{k.replace('__', '.'): v for k, v in parameters.items()}}
    context = Context()
    context.init()
    node = InspectorNode(
        load=load, context=context, namespace=namespace,
        cli_args=cli_args or None,
        parameter_overrides=[Parameter(name, value=value) for name, value in values.items()])
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=spin, args=(executor, context), daemon=True)
    thread.start()
    try:
        yield node
    finally:
        context.shutdown()
        thread.join(LIMIT)
        node.close()
        executor.shutdown()
        node.destroy_node()


def spin(executor: SingleThreadedExecutor, context: Context) -> None:
    while context.ok():
        try:
            executor.spin_once()
        except Exception:
            if context.ok():
                raise


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m dcmd_ros ...` as a process of its own, interrupted at the end."""
    running = subprocess.Popen(
        [sys.executable, '-m', 'dcmd_ros', *arguments], env={**os.environ}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGINT)
            try:
                running.wait(LIMIT)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
        assert running.stdout is not None
        print(running.stdout.read())
        running.stdout.close()


class Bench:
    """
    A node beside the inspector: publishes as the cameras do, collects what comes back.

    results      messages of `~/inspection`, in order
    diagnostics  newest status by name
    history      all statuses, in order
    """

    def __init__(self, namespace: str = '', reliable: bool = True,
                 inspector_name: str = 'dcmd_inspector', publishes: bool = True) -> None:
        self.context = Context()
        self.context.init()
        self.node = Node('bench', context=self.context, namespace=namespace)
        self.inspector = inspector_name
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.results: list[DiagnosticArray] = []
        self.diagnostics: dict[str, DiagnosticStatus] = {}
        self.history: list[DiagnosticStatus] = []
        self.images: dict[Modality, Publisher] = {}
        self.infos: dict[Modality, Publisher] = {}
        if publishes:
            self.advertise(reliable)
        self.listen(DiagnosticArray, f'{inspector_name}/inspection', self.results.append)
        self.listen(DiagnosticArray, '/diagnostics', self._keep)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.shutdown()

    def advertise(self, reliable: bool) -> None:
        """Publish the camera's topics, anew as a driver that was started again."""
        for publisher in (*self.images.values(), *self.infos.values()):
            self.node.destroy_publisher(publisher)
        qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE if reliable
                         else ReliabilityPolicy.BEST_EFFORT)
        create = self.node.create_publisher
        self.images = {m: create(Image, f'{m}/image', qos) for m in MODALITIES}
        self.infos = {m: create(CameraInfo, f'{m}/camera_info', qos) for m in MODALITIES}

    def listen(self, kind: type, topic: str, callback: Callable[[Any], None]) -> None:
        self.node.create_subscription(kind, topic, callback, QoSProfile(depth=100))

    def collect(self, kind: type, topic: str) -> list[Any]:
        """The list into which messages of an output topic will come."""
        messages: list[Any] = []
        self.listen(kind, f'{self.inspector}/{topic}', messages.append)
        return messages

    def wait_for(self, condition: Callable[[], Any], limit: float = LIMIT) -> Any:
        """Spin until the condition gives something true, and give that; fails after `limit`."""
        end = time.monotonic() + limit
        while not (value := condition()):
            assert time.monotonic() < end, f'not within {limit} s; {self.tell()}'
            self.executor.spin_once(timeout_sec=0.02)
        return value

    def stream(
            self, until: Callable[[], Any], fps: float = 30.0, limit: float = LIMIT,
            publish: Callable[[int], None] | None = None) -> Any:
        """
        Publish a frame each period, stamped by the clock, until the condition holds.

        After a stall the rate goes on from there: no camera makes up for frames in a burst.
        """
        end = time.monotonic() + limit
        due = time.monotonic()
        while not (value := until()):
            assert time.monotonic() < end, f'not within {limit} s; {self.tell()}'
            if time.monotonic() >= due:
                (publish or self.publish)(time.time_ns())
                due = max(due + 1 / fps, time.monotonic())
            self.executor.spin_once(timeout_sec=max(0.0, min(0.02, due - time.monotonic())))
        return value

    def publish(
            self, stamp: int, rgb: bool = True, depth: bool = True, infos: bool = True,
            bright: bool = False) -> None:
        """One frame of both sensors, or of one."""
        if infos:
            for modality in MODALITIES:
                self.infos[modality].publish(camera_info(stamp))
        if rgb:
            self.images['rgb'].publish(image(stamp, colour(bright), 'rgb8'))
        if depth:
            self.images['depth'].publish(image(stamp, distance(bright), '32FC1'))

    def status(self, part: str) -> dict[str, str]:
        """A part's status in /diagnostics: keys, `message`, `level`; '' before the first."""
        return keys_of(self.diagnostics.get(self.name_of(part)))

    def name_of(self, part: str) -> str:
        """Of a part's status in /diagnostics."""
        return f'{self.node.get_namespace()}/{self.inspector}: {part}'.lstrip('/')

    def statuses(self, part: str, since: int = 0) -> Iterator[dict[str, str]]:
        """All of a part's statuses from a place in the history on."""
        name = self.name_of(part)
        return (keys_of(status) for status in self.history[since:] if status.name == name)

    def last(self, name: str = 'inspection') -> dict[str, str]:
        """Keys of the newest result's status of that name, empty before the first."""
        return self.told(self.results[-1], name) if self.results else {}

    def told(self, result: DiagnosticArray, name: str = 'inspection') -> dict[str, str]:
        """Keys of a result's status of that name."""
        return {status.name: values(status) for status in result.status}[name]

    def call(self, service: str, limit: float = LIMIT, streaming: bool = False) -> Any:
        """The answer of one of the inspector's Trigger services."""
        return self.request(Trigger, service, Trigger.Request(), limit, streaming)

    def ask(self, transition: int, until: Callable[[], Any]) -> None:
        """
        Ask for a lifecycle transition until the condition holds.

        The answer of a node that is busy for long may be lost; what it tells is not.
        """
        client = self.node.create_client(ChangeState, f'{self.inspector}/change_state')
        asked = [0.0]

        def happened() -> bool:
            busy = self.status('inference')['lifecycle'].endswith('ing')
            if not busy and not until() and time.monotonic() > asked[0] + PATIENCE:
                asked[0] = time.monotonic()
                client.call_async(ChangeState.Request(transition=Transition(id=transition)))
            return until()
        try:
            self.wait_for(client.service_is_ready)
            self.wait_for(happened)
        finally:
            self.node.destroy_client(client)

    def is_in(self, lifecycle: str) -> Callable[[], bool]:
        """A condition: that the node is in this lifecycle state."""
        return lambda: self.status('inference')['lifecycle'] == lifecycle

    def transition(self, transition: int) -> bool:
        """Whether the lifecycle transition succeeded."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.request(ChangeState, 'change_state', request).success

    def reach(self, transition: int, lifecycle: str) -> None:
        """Ask for a lifecycle transition until the node says that it is in this state."""
        self.ask(transition, self.is_in(lifecycle))

    def set_parameter(self, name: str, value: Any, node: str = '') -> Any:
        """The result of setting one parameter of a node, the inspector's unless named."""
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])
        return self.request(SetParameters, 'set_parameters', request, node=node).results[0]

    def request(
            self, kind: Any, service: str, request: Any, limit: float = LIMIT,
            streaming: bool = False, node: str = '') -> Any:
        """The answer of a node's service, the inspector's unless named."""
        client = self.node.create_client(kind, f'{node or self.inspector}/{service}')
        try:
            self.wait_for(client.service_is_ready, limit)
            wait = self.stream if streaming else self.wait_for
            return wait(answered(client, request), limit=limit)
        finally:
            self.node.destroy_client(client)

    def tell(self) -> str:
        """What is known, for the text of a failure."""
        parts = {name: status.message for name, status in self.diagnostics.items()}
        return f'{len(self.results)} results, last {self.last()}, diagnostics {parts}'

    def _keep(self, message: DiagnosticArray) -> None:
        self.diagnostics.update({status.name: status for status in message.status})
        self.history.extend(message.status)


def answered(client: Client, request: Any) -> Callable[[], Any]:
    """
    A condition: the answer of a service, which is asked again when none comes.

    A request can be lost before the server has discovered the client, although the client
    has discovered the server: a volatile topic under the service.
    """
    asked: list[tuple[float, Any]] = []

    def answer() -> Any:
        if not asked or time.monotonic() > asked[-1][0] + PATIENCE:
            asked.append((time.monotonic(), client.call_async(request)))
        return next((future.result() for _, future in asked if future.done()), None)
    return answer


def keys_of(status: DiagnosticStatus | None) -> dict[str, str]:
    """A status' keys, `message` and `level`; '' where there is none."""
    return {'message': '', 'level': '', 'lifecycle': ''} if status is None else {
        **values(status), 'message': status.message, 'level': str(ord(status.level))}


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


NOISE = np.random.default_rng(0)


def colour(bright: bool = False) -> NDArray[np.uint8]:
    """Never twice the same; `bright` has a spot that is anomalous."""
    picture = NOISE.integers(50, 90, (*SIZE, 3), np.uint8)
    picture[20:26, 30:36] = 255 if bright else 60
    return picture


def distance(near: bool = False) -> NDArray[np.float32]:
    depth = (0.6 + NOISE.normal(0, 0.001, SIZE)).astype(np.float32)
    depth[20:26, 30:36] = 0.3 if near else 0.6
    return depth


def image(stamp: int, array: NDArray[Any], encoding: str, frame_id: str = FRAME_ID) -> Image:
    message = Image()
    fill_image(message, array, encoding)
    return stamped(message, stamp, frame_id)


def camera_info(stamp: int, size: Sequence[int] = SIZE, focal: float = 60.0) -> CameraInfo:
    height, width = size
    cx, cy = (width - 1) / 2, (height - 1) / 2
    message = CameraInfo(
        height=height, width=width, distortion_model='plumb_bob', d=[0.0] * 5,
        k=[focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0])
    return stamped(message, stamp)


def stamped(message: Any, stamp: int, frame_id: str = FRAME_ID) -> Any:
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
    return message
