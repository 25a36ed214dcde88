"""What an inspector's diagnostics count as lost, by sensor or stage and cause."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus

from dcmd_ros.nodes.observer import Observer, values
from dcmd_ros.stream.pairing import EVENTS

PARTS = ('rgb', 'depth', 'inference')
NOT_LOST = {'received', 'results', 'publishers', *EVENTS}


def lost(observer: Observer, inspector: str) -> dict[str, int]:
    """
    Since the observer first heard, such as {'rgb.late': 2, 'inference.overwritten': 1}.

    :param inspector: its full name without the leading slash
    """
    now, before = (counts(statuses, inspector)
                   for statuses in (observer.diagnostics, observer.first))
    risen = {name: count - before.get(name, 0) for name, count in now.items()}
    return {name: count for name, count in risen.items() if count > 0}


def counts(statuses: Mapping[str, DiagnosticStatus], inspector: str) -> dict[str, int]:
    found = {}
    for part in PARTS:
        status = statuses.get(f'{inspector}: {part}')
        for key, value in values(status).items() if status else ():
            if value.isdigit() and key not in NOT_LOST:
                found[f'{part}.{key}'] = int(value)
    return found
