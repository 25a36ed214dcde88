"""CDR to messages, by the definitions in the bag or else by those of a distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rosbags.typesys.store import Typestore

from dcmd_ros.bags.storage import Notes, Source
from dcmd_ros.bags.types import DEFAULT, definition_of, distros, parsed, typestore


class Decoder:
    """
    Decodes a bag's topics.

    :param asked: the distribution that the user named, for types that the bag does not define
    :param told: the one that the bag names
    :raises BagError: `asked` is not known
    """

    def __init__(self, sources: Mapping[str, Source], asked: str | None, told: str | None,
                 notes: Notes) -> None:
        self._sources, self._notes = sources, notes
        self._stores: dict[str, Typestore | None] = {}
        self._fallback = typestore(asked or (told if told in distros() else None))
        lacking = sorted({source.type for source in sources.values()
                          if not source.encoding and source.type in self._fallback.fielddefs})
        if lacking and asked is None and told not in distros():
            notes['distro',] = (
                f'the bag does not hold the definitions of {", ".join(lacking)}: those of '
                f'{DEFAULT} are used, --distro names another')

    def decode(self, topic: str, data: bytes) -> Any:
        """
        The message.

        :raises ValueError: its type is not known, or it is not what the type says
        """
        msgtype = self._sources[topic].type
        store = self._store(self._sources[topic])
        if store is None:
            raise ValueError(f'the type {msgtype or "(none)"} is not known')
        try:
            return store.deserialize_cdr(data, msgtype)
        except Exception as error:  # a decoder fed with anything
            raise ValueError(f'not what {msgtype} should be') from error

    def definition(self, topic: str) -> str:
        """The ros2msg text of the topic's type; BagError where it is not known."""
        source = self._sources[topic]
        if source.encoding == 'ros2msg':
            return source.definition
        return definition_of(source.type, self._store(source) or self._fallback)

    def _store(self, source: Source) -> Typestore | None:
        if source.type not in self._stores:
            self._stores[source.type] = self._find(source)
        return self._stores[source.type]

    def _find(self, source: Source) -> Typestore | None:
        if source.encoding:
            try:
                return parsed(source.definition, source.encoding, source.type)
            except ValueError:
                self._notes['definition', source.type] = (
                    f'the definition of {source.type} in the bag cannot be read: that of the '
                    'distribution is used')
        return self._fallback if source.type in self._fallback.fielddefs else None
