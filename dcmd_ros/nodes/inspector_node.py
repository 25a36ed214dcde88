"""The lifecycle node `dcmd_inspector`: wires the parts and carries them through their states."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.framing.conversion import Converter
from dcmd_ros.framing.shot import Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.nodes import parameters
from dcmd_ros.nodes.inputs import Inputs
from dcmd_ros.nodes.next_result import NextResult
from dcmd_ros.nodes.outputs import Outputs
from dcmd_ros.nodes.parts import Parts
from dcmd_ros.nodes.pipeline import Load, Pipeline, load_live
from dcmd_ros.nodes.result import Result
from dcmd_ros.nodes.services import Services
from dcmd_ros.nodes.streams import Streams
from dcmd_ros.nodes.supervision import Supervision
from dcmd_ros.nodes.transforms import Transforms
from dcmd_ros.nodes.worker import Worker

NAME = 'dcmd_inspector'
DIAGNOSTICS_PERIOD = 1.0
PART_LOOK = 0.1  # s between two looks whether a part is over because no frame comes
LOUD = 5.0  # s between two lines in the log about failing frames
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class InspectorNode(LifecycleNode):
    """
    Runs on one executor thread; `worker` is the one inference thread, which owns the pipeline.

    state    unconfigured, inactive, active or finalized; while it changes, how
    failure  why the last transition failed, empty where it did not

    :param load: makes the inspector from model, device, threads and engine
    :param kwargs: those of rclpy's Node: context, namespace, parameter_overrides...
    """

    def __init__(self, load: Load = load_live, **kwargs: Any) -> None:
        super().__init__(NAME, **kwargs)
        self.state = 'unconfigured'
        self.failure = ''
        self._since = 0  # when the node was activated, steady clock, nanoseconds
        self._attempt: tuple[object, ...] | None = None
        self._engine = ''
        self.add_on_set_parameters_callback(self._validate)
        parameters.declare(self)
        self.settings = parameters.read(self)
        self.tally = Tally()
        self.infos = CameraInfos(self.tally)
        self.inputs = Inputs(self, self.infos, self.tally)
        self.outputs = Outputs(self, self.infos)
        self.parts = Parts(lambda: self.settings, self.outputs.publish_part,
                           self.outputs.publish_reject)
        self.next_result = NextResult()
        converter = Converter(self.infos, self.tally, Transforms(self))
        self.pipeline = Pipeline(
            load, converter, self.tally, lambda: self.get_clock().now().nanoseconds,
            self.settings, self._deliver, judged=lambda: self.worker.wake())
        self.worker: Worker[Shot] = Worker(self.pipeline, self._frame_failed)
        self.streams = Streams(self, self.inputs, self.tally, self.worker.put)
        self.supervision = Supervision(self)
        self._answers = Services(self)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self.add_post_set_parameters_callback(self._apply)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(DIAGNOSTICS_PERIOD, self._supervise, clock=steady)
        self.create_timer(PART_LOOK, lambda: self.worker.call(self._expire), clock=steady)
        self._starter = self.create_timer(0.0, self._start, clock=steady)

    # The lifecycle. rclpy swallows what a callback raises, so nothing may get out of here.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._go('configuring', self._load, 'inactive')

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._go('activating', self._listen, 'active')

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._go('deactivating', self._rest, 'inactive')

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._go('cleaning up', self._release, 'unconfigured')

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._go('shutting down', self._release, 'finalized')

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._go('recovering', self._release, 'unconfigured')

    def _go(self, doing: str, act: Callable[[], None], then: str) -> TransitionCallbackReturn:
        before, self.state = self.state, doing
        try:
            act()
        except Exception as error:
            self.state, self.failure = before, f'{doing} failed: {describe(error)}'
            self.get_logger().error(self.failure)
            return FAILURE
        self.state, self.failure = then, ''
        self.get_logger().info(f'the node is {then}')
        return SUCCESS

    def _load(self) -> None:
        loading = self.worker.call(self.pipeline.load, settled=True)
        while not wait([loading], timeout=DIAGNOSTICS_PERIOD).done:
            self._publish_diagnostics()
        loading.result()
        for warning in self.pipeline.judge.warnings if self.pipeline.judge else ():
            self.get_logger().warning(warning)

    def _listen(self) -> None:
        self._since = time.monotonic_ns()
        self.reset()
        self.inputs.subscribe(self.settings)
        self.pipeline.converter.topics = self.inputs.topics()
        self.streams.start(self.settings)

    def _rest(self) -> None:
        self.streams.stop()
        self.inputs.unsubscribe()
        self.next_result.give_up()
        self.worker.call(self.parts.finish, settled=True)

    def _release(self) -> None:
        self._rest()
        self.worker.call(self.pipeline.unload, settled=True)

    def close(self) -> None:
        """End the inference thread; before destroy_node, when nothing spins any more."""
        self.next_result.give_up()
        self.worker.close()

    # Parameters.

    def _validate(self, changes: Iterable[Parameter]) -> SetParametersResult:
        return parameters.validate(changes, self.state)

    def _apply(self, changes: Iterable[Parameter]) -> None:
        self.settings = self.pipeline.settings = parameters.read(self)
        self.inputs.apply(self.settings)
        self.streams.apply(self.settings)

    # What the inference thread calls.

    def _deliver(self, shot: Shot, result: Result) -> None:
        if self.state != 'active' or shot.emitted < self._since:
            self.tally.count('inference', 'inactive')
            return
        self.outputs.publish(result)
        self.parts.take(result)
        self.next_result.deliver(shot, result)
        self.streams.judged(shot, result)

    def _expire(self) -> None:
        """A part is not over while a frame of it is being inspected."""
        if self.pipeline.idle:
            self.parts.expire()

    def reload(self) -> None:
        """Swap to the model of the settings; the part in view was still the old one's."""
        self.pipeline.load()
        self.parts.finish()

    def _frame_failed(self, error: Exception) -> None:
        if not self.context.ok():  # interrupted while the frame was on its way out
            return
        self.tally.trouble('inference', 'failed', describe(error))
        self.get_logger().error(
            f'a frame was not inspected: {describe(error)}', throttle_duration_sec=LOUD)

    # What the executor calls by the clock.

    def reset(self) -> None:
        """Pairing, health and counters start anew."""
        self.tally.reset()
        self.streams.reset()
        self.worker.mailbox.overwritten = self.worker.stale = 0

    def _start(self) -> None:
        self._starter.cancel()
        self._guard(self._bring_up)

    def _supervise(self) -> None:
        if self.failure:
            self._guard(self._bring_up)
        self._guard(self._publish_diagnostics)
        self._guard(self._tell_engine)

    def _bring_up(self) -> None:
        """Configure and activate; once for each model file and setting that may fail."""
        settings = self.settings
        attempt = (settings.model, mark(settings.model), settings.device, settings.threads,
                   settings.engine)
        if attempt == self._attempt or not settings.autostart_node:
            return
        self._attempt = attempt
        if self.state == 'unconfigured':
            self.trigger_configure()
        if self.state == 'inactive':
            self.trigger_activate()
        if self.failure:
            self.get_logger().info('waiting for another model file or parameter; Ctrl-C ends')

    def _tell_engine(self) -> None:
        """A line in the log whenever another engine runs the network, or progresses."""
        judge = self.pipeline.judge
        if judge is not None and judge.engine != self._engine:
            self._engine = judge.engine
            self.get_logger().info(f'engine: {judge.engine}')

    def _publish_diagnostics(self) -> None:
        message = DiagnosticArray(status=self.supervision.statuses())
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _guard(self, act: Callable[[], None]) -> None:
        """What a timer does must not end the executor."""
        try:
            act()
        except Exception as error:
            self.get_logger().error(describe(error), throttle_duration_sec=LOUD)


def describe(error: Exception) -> str:
    """An error in one line; with its class where it is not one of ours."""
    text = ' '.join(str(error).split())
    return text if type(error).__module__.startswith('dcmd_ros') else \
        f'{type(error).__name__}: {text}'


def mark(path: str) -> tuple[float, int] | None:
    """What changes when the file does, None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime, found.st_size
