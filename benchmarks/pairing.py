"""
Our synchroniser and message_filters' ApproximateTimeSynchronizer, given the same messages.

Every input is a script of arrivals on an injected clock; nothing waits for real. The stock
synchroniser runs where its Python module can be imported (a ROS installation, or a checkout of
ros2/message_filters on PYTHONPATH), with a queue of 10 and a slop of 20 ms. The last line is
JSON: {"message_filters": version, "inputs": {name: {"sent", "ours", "message_filters"}}}, where
`both`, `rgb` and `depth` count the callbacks by what they got, `wrong` those that got messages of
two different moments, `pairs` the moments of which both messages arrived in time, and `last_s`
is when the last callback came.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from dcmd_ros.stream.config import SECOND
from dcmd_ros.stream.synchronizer import ModalitySynchronizer

try:
    import message_filters
    from builtin_interfaces.msg import Time
except Exception:  # an installation for another Python fails with more than ImportError
    message_filters = None

MS = SECOND // 1000
EPOCH = 1000 * SECOND  # of the stamps
POLL = 5 * MS
PATIENCE = 5.0  # seconds that a callback may take after which it counts as deadlocked
QUEUE_SIZE, SLOP = 10, 0.02
COUNTED = ('both', 'wrong', 'rgb', 'depth', 'last_s')


@dataclass(frozen=True, order=True)
class Arrival:
    """When it comes, from which sensor, its stamp, and when it was really taken; nanoseconds."""

    at: int
    sensor: str
    stamp: int
    moment: int


class Source:
    """A filter of message_filters' kind."""

    def __init__(self) -> None:
        self._callbacks: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def registerCallback(self, callback: Callable[..., Any], *args: Any) -> None:  # noqa: N802
        self._callbacks.append((callback, args))

    def send(self, arrival: Arrival) -> None:
        sec, nanosec = divmod(arrival.stamp, SECOND)
        stamp = Time(sec=sec, nanosec=nanosec) if message_filters else SimpleNamespace(
            sec=sec, nanosec=nanosec)
        message = SimpleNamespace(header=SimpleNamespace(stamp=stamp), moment=arrival.moment)
        for callback, args in self._callbacks:
            callback(message, *args)


@dataclass
class Rig:
    """A synchroniser with its two sources, and what its callback got."""

    make: Callable[[Sequence[Source], Callable[[], int]], Any]
    now: int = 0
    got: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))

    def __post_init__(self) -> None:
        self.sources = {'rgb': Source(), 'depth': Source()}
        self.synchronizer = self.make(list(self.sources.values()), lambda: self.now)

    def play(self, arrivals: Iterable[Arrival]) -> dict[str, float]:
        self.synchronizer.registerCallback(self._note)
        for arrival in sorted(arrivals):
            self._wait(arrival.at)
            self.sources[arrival.sensor].send(arrival)
        self._wait(self.now + SECOND)
        return self.got

    def _wait(self, until: int) -> None:
        poll = getattr(self.synchronizer, 'poll', None)
        while poll and self.now + POLL < until:
            self.now += POLL
            poll()
        self.now = until

    def _note(self, rgb: Any, depth: Any) -> None:
        kind = 'both' if rgb and depth else 'rgb' if rgb else 'depth'
        self.got[kind] += 1
        self.got['wrong'] += kind == 'both' and rgb.moment != depth.moment
        self.got['last_s'] = round(self.now / SECOND, 2)


def stream(sensor: str, hz: int, seconds: float, offset: int = 0,
           keep: Callable[[float], bool] = lambda second: True) -> list[Arrival]:
    """Messages at a steady rate, depth's 3 ms after RGB's."""
    lag = 3 * MS if sensor == 'depth' else 0
    moments = [index * SECOND // hz for index in range(round(seconds * hz))]
    return [Arrival(moment + lag, sensor, EPOCH + moment + offset, moment)
            for moment in moments if keep(moment / SECOND)]


def later(arrivals: Sequence[Arrival], seconds: float) -> list[Arrival]:
    """The same messages with the same stamps again."""
    shift = round(seconds * SECOND)
    return [Arrival(a.at + shift, a.sensor, a.stamp, a.moment + shift) for a in arrivals]


def inputs(seconds: int) -> dict[str, list[Arrival]]:
    """The scripts, each as long as that."""
    half = seconds / 2
    loop = stream('rgb', 30, half) + stream('depth', 30, half - 0.5)
    even = stream('rgb', 30, seconds) + stream('depth', 30, seconds)
    uneven = stream('rgb', 30, seconds) + stream('depth', 15, seconds)
    ahead = [Arrival(a.at, a.sensor, a.stamp + (3600 * SECOND if a.at < SECOND else 0), a.moment)
             for a in stream('rgb', 30, seconds)]
    return {
        'both at 30 Hz': even,
        'a bag played twice': later(stream('rgb', 30, half) + stream('depth', 30, half), 0)
        + later(stream('rgb', 30, half) + stream('depth', 30, half), half),
        'the same, depth ends 0.5 s early': loop + later(loop, half),
        'RGB stamped an hour ahead for the first second': ahead + stream('depth', 30, seconds),
        'depth unplugged for the middle third': stream('rgb', 30, seconds) + stream(
            'depth', 30, seconds, keep=lambda at: not seconds / 3 <= at < 2 * seconds / 3),
        '30 % loss': lossy(even),
        '30 and 15 Hz': uneven,
        '30 and 15 Hz, 30 % loss': lossy(uneven),
        'depth stamped 50 ms ahead': stream('rgb', 30, seconds)
        + stream('depth', 30, seconds, 50 * MS),
    }


def lossy(arrivals: Iterable[Arrival]) -> list[Arrival]:
    rng = random.Random(7)
    return [arrival for arrival in arrivals if rng.random() >= 0.3]


def sent(arrivals: Sequence[Arrival]) -> dict[str, int]:
    """How many messages, and of how many moments both."""
    moments = {sensor: {a.moment for a in arrivals if a.sensor == sensor}
               for sensor in ('rgb', 'depth')}
    return {**{sensor: len(of) for sensor, of in moments.items()},
            'pairs': len(moments['rgb'] & moments['depth'])}


def after_exception(make: Callable[..., Any]) -> dict[str, float]:
    """The first callback raises; ten more pairs follow from another thread."""
    rig, calls = Rig(make), []

    def fail_once(*messages: Any) -> None:
        calls.append(messages)
        if len(calls) == 1:
            raise ValueError
    rig.synchronizer.registerCallback(fail_once)

    def send(arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            try:
                rig.sources[arrival.sensor].send(arrival)
            except ValueError:
                continue
    pairs = sorted(stream('rgb', 30, 11 / 30) + stream('depth', 30, 11 / 30))
    send(pairs[:2])
    rest = threading.Thread(target=send, args=(pairs[2:],), daemon=True)
    rest.start()
    rest.join(PATIENCE)
    return {'both': len(calls), 'deadlocked': rest.is_alive()}


def ours(sources: Sequence[Source], clock: Callable[[], int]) -> ModalitySynchronizer:
    return ModalitySynchronizer(sources, QUEUE_SIZE, clock=clock)


def stock(sources: Sequence[Source], clock: Callable[[], int]) -> Any:
    return message_filters.ApproximateTimeSynchronizer(sources, QUEUE_SIZE, SLOP)


def version(module: ModuleType) -> str:
    """From the package.xml above the module."""
    for folder in Path(str(module.__file__)).resolve().parents:
        for file in (folder / 'package.xml', folder / 'share/message_filters/package.xml'):
            if file.is_file():
                found = re.search(r'<version>(.*?)</version>', file.read_text())
                return found[1] if found else 'unknown'
    return 'unknown'


def line(name: str, figures: dict[str, dict[str, float]]) -> str:
    of = figures['sent']
    parts = [f'{name:48}', f"{of['rgb']:5} {of['depth']:5} {of['pairs']:5}"]
    for synchronizer in ('message_filters', 'ours'):
        got = figures.get(synchronizer)
        parts.append('|' + (' '.join(f'{got[key]:6}' for key in COUNTED)
                            if got else f'{"not importable":>34}'))
    return ' '.join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--quick', action='store_true', help='streams of 10 s instead of 60')
    seconds = 10 if parser.parse_args().quick else 60
    makers = {'ours': ours, **({'message_filters': stock} if message_filters else {})}
    of = version(message_filters) if message_filters else None
    print(f'message_filters {of}' if of else 'message_filters cannot be imported: ours alone')
    print(f'{"":48}   rgb depth pairs | stock: both wrong rgb depth last_s | ours: the same')
    table: dict[str, dict[str, Any]] = {}
    for name, arrivals in inputs(seconds).items():
        table[name] = {'sent': sent(arrivals),
                       **{key: Rig(make).play(arrivals) for key, make in makers.items()}}
        print(line(name, table[name]))
    table['exception in the first of 11 callbacks'] = {
        'sent': {'pairs': 11}, **{key: after_exception(make) for key, make in makers.items()}}
    print('exception in the first of 11 callbacks:', *(
        f"{key} {row['both']} callbacks{', deadlocked' if row['deadlocked'] else ''};"
        for key, row in table['exception in the first of 11 callbacks'].items() if key != 'sent'))
    print(json.dumps({'message_filters': of, 'inputs': table}))


if __name__ == '__main__':
    main()
