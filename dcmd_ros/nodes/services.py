"""The node's services: inspect, reload, reset, snapshot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.executors import Executor
from rclpy.task import Future
from std_srvs.srv import Trigger

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.next_result import fulfil
from dcmd_ros.nodes.result import Result
from dcmd_ros.nodes.snapshot import write_snapshot
from dcmd_ros.stream.stamps import seconds

if TYPE_CHECKING:
    from dcmd_ros.nodes.inspector_node import InspectorNode

PATIENCE = 0.1  # s between two looks at who waited too long
Serve = Callable[[], Awaitable[tuple[bool, str]]]
Callback = Callable[[Trigger.Request, Trigger.Response], Awaitable[Trigger.Response]]


class Services:
    """
    They await, so that the executor goes on meanwhile; each answers, whatever happens.

    The callback group must be reentrant: a waiting callback holds its group.
    """

    def __init__(self, node: InspectorNode) -> None:
        self._node = node
        group = ReentrantCallbackGroup()
        table = {'inspect': self.inspect, 'reload': self.reload, 'reset': self.reset,
                 'snapshot': self.snapshot}
        for name, serve in table.items():
            node.create_service(Trigger, f'~/{name}', answering(serve), callback_group=group)
        node.create_timer(
            PATIENCE, node.next_result.expire, clock=Clock(clock_type=ClockType.STEADY_TIME))

    async def inspect(self) -> tuple[bool, str]:
        """Judge the next frame: the verdict first, false where it is unknown."""
        result = await self._next_result()
        return result.inspection.verdict != 'unknown', \
            f'{result.summary}, stamp {seconds(result.inspection.stamp)}'

    async def reload(self) -> tuple[bool, str]:
        """Swap to parameter `model`; the old one goes on where the new one fails."""
        node = self._node
        if node.state == 'unconfigured':
            raise DcmdError('the node is unconfigured; `configure` loads the model')
        await self._on_inference_thread(node.reload, settled=True)
        return True, f'now inspecting with {node.settings.model}'

    async def reset(self) -> tuple[bool, str]:
        self._node.reset()
        return True, 'pairing, health and counters start anew'

    async def snapshot(self) -> tuple[bool, str]:
        """Write the next frame; the answer is the folder."""
        result = await self._next_result()
        root = Path(self._node.settings.snapshot_dir)
        return True, str(await self._on_inference_thread(lambda: write_snapshot(result, root)))

    @property
    def _executor(self) -> Executor:
        executor = self._node.executor
        assert executor is not None, 'whoever answers is spun by one'
        return executor

    async def _next_result(self) -> Result:
        node, timeout = self._node, self._node.settings.service_timeout
        if node.state != 'active':
            raise DcmdError(because(f'the node is {node.state}', node.supervision.cause()))
        result = await node.next_result.wait(timeout, self._executor)
        if result is None:
            raise DcmdError(because(f'no result within {timeout:g} s', node.supervision.cause()))
        return result

    async def _on_inference_thread(self, job: Callable[[], object],
                                   settled: bool = False) -> object:
        executor = self._executor
        done = Future(executor=executor)
        self._node.worker.call(job, settled).add_done_callback(
            lambda finished: fulfil(done, finished, executor))
        return (await done).result()


def because(what: str, cause: str) -> str:
    """What happened, and why where that is known."""
    return f'{what}; {cause}' if cause else what


def answering(serve: Serve) -> Callback:
    """The service's callback; a failure is an answer with its reason."""
    async def callback(
            request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            response.success, response.message = await serve()
        except Exception as error:
            response.success, response.message = False, str(error) or type(error).__name__
        return response
    return callback
