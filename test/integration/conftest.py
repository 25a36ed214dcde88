"""Fixtures of the live tests."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from listening import Listen, Listener, Start

from dcmd_ros.framing import camera_infos
from dcmd_ros.nodes import incidents, inspector_node

OFTEN, SOON = 0.25, 1.5  # s


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of this process tell more often how they are, and forget sooner what befell them."""
    monkeypatch.setattr(inspector_node, 'DIAGNOSTICS_PERIOD', OFTEN)
    monkeypatch.setattr(incidents, 'RECENT', SOON)
    monkeypatch.setattr(camera_infos, 'RECENT', SOON)


@pytest.fixture
def listen(ros_domain: int) -> Iterator[Listen]:
    """Makes listeners in this test's domain."""
    listeners: list[Listener] = []

    def make(**options: Any) -> Listener:
        listeners.append(Listener(ros_domain, **options))
        return listeners[-1]

    yield make
    for listener in listeners:
        listener.close()


@pytest.fixture
def start(ros_domain: int) -> Iterator[Start]:
    """Starts a verb in this test's domain; killed at the end if it still runs."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> subprocess.Popen[str]:
        processes.append(subprocess.Popen(
            [sys.executable, '-m', 'dcmd_ros', *map(str, arguments)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()
