"""What befell a sensor's stream of late: counters that rose, in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

RECENT = 10.0  # s
MISSING_SHARE = 0.1  # of the messages; less is no news
Counts = Mapping[str, int]
WARNINGS = {
    'zero_stamp': 'messages on {topic} have no stamp ({count} of late): the driver must set '
                  'header.stamp',
    'jump_back': 'the stamps on {topic} jumped back',
    'jump_forward': 'the stamps on {topic} jumped forward',
    'stray': 'messages on {topic} have stray stamps ({count} of late)',
    'duplicate': 'messages on {topic} come twice ({count} of late)',
    'out_of_order': 'messages on {topic} come out of order ({count} of late)',
    'overflow': 'too many messages on {topic} wait for a partner',
    'missing': '{share:.0%} of the messages on {topic} are missing',
}
REFUSED = ('zero_stamp', 'stray', 'duplicate')  # as if they had not come
NOTES = {
    'skipped_rate': 'some messages on {topic} are skipped ({count} of late): the other sensor is '
                    'slower',
}


class Incidents:
    """Remembers one sensor's counters for a while."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Counts]] = deque()

    def rise(self, counts: Counts, now: float) -> dict[str, int]:
        """By how much each counter rose over the last `RECENT` seconds; `now` in seconds."""
        if not self._seen or any(counts.get(n, 0) < c for n, c in self._seen[-1][1].items()):
            self._seen = deque([(now, {})])
        self._seen.append((now, dict(counts)))
        while self._seen[1][0] <= now - RECENT:
            self._seen.popleft()
        before = self._seen[0][1]
        return {name: count - before.get(name, 0) for name, count in counts.items()
                if count > before.get(name, 0)}


def warnings(topic: str, rise: Counts) -> list[str]:
    """What should be put right."""
    return sentences(topic, rise, WARNINGS)


def notes(topic: str, rise: Counts) -> list[str]:
    """What is worth knowing and no fault."""
    return sentences(topic, rise, NOTES)


def refused(rise: Counts) -> bool:
    """Whether messages came that count for nothing."""
    return any(rise.get(name) for name in REFUSED)


def sentences(topic: str, rise: Counts, table: Mapping[str, str]) -> list[str]:
    """Those of the table whose counter rose."""
    missing = rise.get('missing', 0)
    share = missing / max(1, missing + rise.get('received', 0))
    return [text.format(topic=topic, count=rise[name], share=share)
            for name, text in table.items()
            if rise.get(name) and (name != 'missing' or share >= MISSING_SHARE)]
