"""What an inspector's diagnostics count as lost."""

from types import SimpleNamespace
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus

from dcmd_ros.nodes.inspector_counts import lost
from dcmd_ros.nodes.result import status


def told(part: str, **counts: object) -> dict[str, DiagnosticStatus]:
    name = f'cell1/dcmd_inspector: {part}'
    return {name: status(name, DiagnosticStatus.OK, '', counts)}


def observed(first: dict[str, DiagnosticStatus], last: dict[str, DiagnosticStatus]) -> Any:
    return SimpleNamespace(first=first, diagnostics=last)


def test_losses_are_counted_since_the_first_word() -> None:
    first = {**told('rgb', late=2, received=5), **told('inference', results=4)}
    last = {**told('rgb', late=3, received=50, rate_hz='9.90', publishers=1, jump_back=1),
            **told('inference', results=40, overwritten=7)}
    assert lost(observed(first, last), 'cell1/dcmd_inspector') == {
        'rgb.late': 1, 'inference.overwritten': 7}


def test_another_inspectors_losses_and_a_reset_are_none() -> None:
    assert lost(observed({}, told('rgb', late=3)), 'dcmd_inspector') == {}
    before, now = told('rgb', late=3), told('rgb', late=1)
    assert lost(observed(before, now), 'cell1/dcmd_inspector') == {}
