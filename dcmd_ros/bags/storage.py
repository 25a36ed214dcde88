"""What a storage file of a bag offers, be it mcap or sqlite3."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Protocol

from dcmd_ros.bags.types import full_name

CDR = 'cdr'
UNKNOWN = 'unknown'  # rosbag2's word for a definition that it did not find
# What was found missing, recovered or lost: a sentence for each matter, which the key names.
Notes = dict[tuple[str, ...], str]


class Source(NamedTuple):
    """A topic as a file declares it; `encoding` of `definition` is empty where there is none."""

    topic: str
    type: str
    encoding: str
    definition: str


class Row(NamedTuple):
    """One message: received in ns, the file's log time; data in CDR, zstd around it or not."""

    topic: str
    received: int
    data: bytes


class Storage(Protocol):
    """One file: `start` is the least time in it, ns; `distro` recorded it, where it tells."""

    start: int
    distro: str | None

    @property
    def sources(self) -> list[Source]:
        """The topics that can be read."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The messages by topic, those that cannot be read among them."""

    def rows(self, topics: Collection[str]) -> Iterator[Row]:
        """The messages of these topics in order of time."""

    def at(self, topic: str, received: int) -> bytes | None:
        """The message of the topic that was received then."""

    def close(self) -> None: ...


def source(topic: str, msgtype: str, encoding: str, definition: str) -> Source:
    """A Source with the type's full name and without an empty definition."""
    known = encoding != UNKNOWN and bool(definition.strip())
    return Source(topic, full_name(msgtype), encoding if known else '', definition)


def seconds(span: int) -> str:
    """Nanoseconds as a user reads them."""
    return f'{span / 1e9:.3f} s'
