"""Scripted streams for the tests of the pairing: arrivals in, frames out, on an injected clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.stream.config import PairingConfig
from dcmd_ros.stream.pairing import Pair, Pairing

MS = 1_000_000
SECOND = 1000 * MS
EPOCH = 1_700_000_000 * SECOND  # of the stamps; the steady clock begins at 0
STEP = 5 * MS  # between two polls
EVENTS = ('jump_back', 'jump_forward', 'overflow')  # counters that are not drops

Message = tuple[Modality, int, int]  # modality, stamp, serial number


@dataclass(frozen=True, order=True)
class Arrival:
    """One message: when it comes by the steady clock, and what it says."""

    at: int
    modality: Modality
    stamp: int
    digest: int | None = None


def stream(modality: Modality, hz: float, seconds: float, start: float = 0.0, delay: float = 0.0,
           offset: float = 0.0, keep: Callable[[int], bool] = lambda index: True,
           jitter: Callable[[], float] = lambda: 0.0) -> list[Arrival]:
    """Messages at a steady rate, times in seconds; `delay` moves arrivals, `offset` stamps."""
    arrivals = []
    for index in range(round(seconds * hz)):
        taken = round((start + index / hz + jitter()) * SECOND)
        arrivals.append(Arrival(taken + round(delay * SECOND), modality,
                                EPOCH + taken + round(offset * SECOND)))
    return [arrival for index, arrival in enumerate(arrivals) if keep(index)]


def outage(hz: float, since: float, until: float) -> Callable[[int], bool]:
    """For `keep`: nothing from `since` to before `until`, seconds."""
    return lambda index: not since * hz <= index < until * hz


def moved(arrivals: Iterable[Arrival], at: float = 0.0, stamp: float = 0.0) -> list[Arrival]:
    """The same messages later by `at`, their stamps by `stamp`, seconds."""
    return [Arrival(a.at + round(at * SECOND), a.modality, a.stamp + round(stamp * SECOND),
                    a.digest) for a in arrivals]


class Play:
    """Plays arrivals into a pairing and keeps what leaves it, with the time."""

    def __init__(self, config: PairingConfig | None = None, step: int | None = STEP) -> None:
        """:param step: between two polls, nanoseconds, None = nobody polls"""
        self.pairing: Pairing[Message] = Pairing(config)
        self.frames: list[tuple[int, Pair[Message]]] = []
        self.arrived: dict[Message, int] = {}
        self.history: list[tuple[int, dict[Modality, str]]] = []
        self.now = 0
        self._step = step

    def play(self, arrivals: Iterable[Arrival], until: float | None = None,
             clock: Callable[[int], int] | None = None) -> Play:
        """:param clock: the simulated clock at a steady time"""
        for arrival in sorted(arrivals, key=lambda a: (a.at, a.modality == 'depth')):
            self.wait(arrival.at, clock)
            self._push(arrival)
        if until is not None:
            self.wait(round(until * SECOND), clock)
        return self

    def wait(self, until: int, clock: Callable[[int], int] | None = None) -> None:
        """Poll until then, nanoseconds."""
        while self._step and self.now + self._step <= until:
            self.now += self._step
            self._keep(self.pairing.poll(self.now, clock(self.now) if clock else None))
        self.now = max(self.now, until)

    def flush(self) -> Play:
        self._keep(self.pairing.flush())
        return self

    def _push(self, arrival: Arrival) -> None:
        message = (arrival.modality, arrival.stamp, len(self.arrived))
        self.arrived[message] = arrival.at
        self._keep(self.pairing.push(
            arrival.modality, arrival.stamp, message, arrival.at, arrival.digest))

    def _keep(self, pairs: list[Pair[Message]]) -> None:
        self.frames += [(self.now, pair) for pair in pairs]
        self.history.append((self.now, dict(self.pairing.states)))

    def kinds(self, since: float = 0.0, until: float = float('inf')) -> dict[str, int]:
        """How many frames of each kind left in that time, seconds."""
        return dict(Counter(kind(pair) for at, pair in self.frames
                            if since * SECOND <= at < until * SECOND))

    def seen(
            self, modality: Modality, since: float = 0.0, until: float = float('inf')) -> set[str]:
        """The states of a sensor in that time, seconds."""
        return {states[modality] for at, states in self.history
                if since * SECOND <= at < until * SECOND}

    def drops(self, modality: Modality) -> int:
        return sum(count for name, count in self.pairing.counters.items()
                   if name.startswith(f'{modality}.') and name.split('.')[1] not in EVENTS)

    def unaccounted(self) -> dict[Modality, int]:
        """Of each sensor: pushed, less in frames, less dropped, less waiting."""
        gone = Counter(message[0] for _, pair in self.frames for message in messages(pair))
        pushed = Counter(message[0] for message in self.arrived)
        return {m: pushed[m] - gone[m] - self.drops(m) - self.pairing.waiting[m]
                for m in MODALITIES}


def kind(pair: Pair[Message]) -> str:
    if pair.rgb is None:
        return 'depth'
    return 'rgb' if pair.depth is None else 'both'


def messages(pair: Pair[Message]) -> list[Message]:
    return [message for message in (pair.rgb, pair.depth) if message is not None]
