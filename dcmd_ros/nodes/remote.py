"""Calls to other nodes, answered while an observer spins."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.observer import Observer


class RemoteError(DcmdError):
    """Another node did not answer, or refused."""


def call(observer: Observer, service: type, name: str, request: Any, limit: float = 10.0) -> Any:
    """The answer of the service `name`; RemoteError after `limit` seconds without one."""
    client = observer.node.create_client(service, name)
    try:
        if not observer.spin_until(client.service_is_ready, limit):
            raise RemoteError(f'service {name} is not there; is its node running?')
        future = client.call_async(request)
        if not observer.spin_until(future.done, limit):
            raise RemoteError(f'service {name} did not answer within {limit:g} s')
        return future.result()
    finally:
        observer.node.destroy_client(client)


def set_parameter(observer: Observer, node: str, name: str, value: Any) -> None:
    """Set one parameter of another node; RemoteError with its reason where it refuses."""
    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
    result = call(observer, SetParameters, f'{node}/set_parameters', request).results[0]
    if not result.successful:
        raise RemoteError(f'{node} refused {name}: {result.reason}')


def trigger(observer: Observer, name: str, limit: float) -> str:
    """Call a Trigger service and return its message; RemoteError with it where it fails."""
    answer = call(observer, Trigger, name, Trigger.Request(), limit)
    if not answer.success:
        raise RemoteError(f'{name} failed: {answer.message}')
    return str(answer.message)
