"""The fault language: `KIND SENSOR [AMOUNT] [FROM-TO]`, comma separated."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Modality
from dcmd_ros.sensing.fault_kinds import FAULT_KINDS, Amount, FaultKind, Unit

UNITS: dict[Unit, dict[str, float]] = {
    'share': {'': 1.0, '%': 1e-2},
    's': {'': 1.0, 's': 1.0, 'ms': 1e-3, 'us': 1e-6, 'min': 60.0},
    'm': {'': 1.0, 'm': 1.0, 'cm': 1e-2, 'mm': 1e-3},
    'px': {'': 1.0, 'px': 1.0},
    'x': {'': 1.0, 'x': 1.0},
}
EXAMPLE = 'drop depth 10s-20s, holes depth 0.3 25s-30s, blind rgb 40s-'
FORM = f"a fault reads KIND SENSOR [AMOUNT] [FROM-TO], such as '{EXAMPLE}'"
NUMBER = r'(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?'
QUANTITY = re.compile(rf'([+-]?{NUMBER})([a-z%]*)')
WINDOW = re.compile(rf'({NUMBER}[a-z]*)-({NUMBER}[a-z]*)?')


class FaultError(DcmdError):
    """A fault text that cannot be read: names the piece, its place and what is accepted."""


@dataclass(frozen=True)
class Fault:
    """
    One thing wrong with one sensor for some time.

    amount      in the unit of its kind (share, seconds, metres, pixels, factor); 1 where the
                kind takes none
    start, end  seconds, active in [start, end)
    """

    kind: str
    sensor: Modality
    amount: float = 1.0
    start: float = 0.0
    end: float = math.inf

    def active(self, elapsed: float) -> bool:
        """Whether it is on, `elapsed` seconds after its source began."""
        return self.start <= elapsed < self.end

    def __str__(self) -> str:
        spec = FAULT_KINDS[self.kind].amounts[self.sensor]
        words = [self.kind, self.sensor]
        if spec is not None:
            words.append(number_text(self.amount) + ('' if spec.unit == 'share' else spec.unit))
        if (self.start, self.end) != (0.0, math.inf):
            until = '' if math.isinf(self.end) else f'{number_text(self.end)}s'
            words.append(f'{number_text(self.start)}s-{until}')
        return ' '.join(words)


class _Word(NamedTuple):
    text: str
    position: int

    def error(self, reason: str) -> FaultError:
        return FaultError(f"fault: '{self.text}' at character {self.position}: {reason}")


def parse_faults(text: str) -> tuple[Fault, ...]:
    """
    Read a list of faults; `both` becomes one fault for each sensor. Empty text: no faults.

    :raises FaultError: with the bad piece, its position (counted from 1) and what is accepted
    """
    faults: list[Fault] = []
    position = 1
    for piece in text.split(',') if text.strip() else ():
        words = [_Word(found[0], position + found.start()) for found in re.finditer(r'\S+', piece)]
        if not words:
            raise _Word(piece, position).error(f'an empty fault; {FORM}')
        faults += _parse_fault(words)
        position += len(piece) + 1
    return tuple(faults)


def format_faults(faults: Iterable[Fault]) -> str:
    """Text that `parse_faults` reads back as the same faults."""
    return ', '.join(str(fault) for fault in faults)


def describe_faults() -> str:
    """The language and its kinds for a --help, one line a kind."""
    lines = ['faults: KIND SENSOR [AMOUNT] [FROM-TO], comma separated, times in seconds, such as',
             f"  '{EXAMPLE}'", 'SENSOR is rgb, depth or both (one fault each); kinds and amounts:']
    lines += [f'  {name:12}{kind.help}{_takes(kind)}' for name, kind in FAULT_KINDS.items()]
    return '\n'.join(lines)


def _takes(kind: FaultKind) -> str:
    if not any(kind.amounts.values()):
        return ''
    alike = len(kind.amounts) == 2 and len(set(kind.amounts.values())) == 1
    named = {str(amount) if alike else f'{sensor} {amount}': None
             for sensor, amount in kind.amounts.items()}
    return f' [{"; ".join(named)}]'


def number_text(value: float) -> str:
    """The shortest text that reads back as this number, without a trailing .0."""
    return repr(float(value)).removesuffix('.0')


def _parse_fault(words: list[_Word]) -> list[Fault]:
    kind = _kind(words[0])
    if len(words) == 1:
        raise words[0].error(f'the sensor is missing after it: rgb, depth or both; {FORM}')
    sensors = _sensors(words[1], words[0].text)
    rest = words[2:]
    amount = rest.pop(0) if rest and not WINDOW.fullmatch(rest[0].text.lower()) else None
    start, end = _window(rest.pop(0)) if rest else (0.0, math.inf)
    if rest:
        raise rest[0].error(f'nothing may stand here; {FORM}')
    specs = [kind.amounts[sensor] for sensor in sensors]
    if amount and len({spec.unit if spec else None for spec in specs}) > 1:
        raise amount.error(f'{words[0].text} has a unit of its own for each sensor; write '
                           'one fault for rgb and one for depth')
    return [Fault(words[0].text, sensor, _amount(amount, spec, words[0].text), start, end)
            for sensor, spec in zip(sensors, specs, strict=True)]


def _kind(word: _Word) -> FaultKind:
    if word.text not in FAULT_KINDS:
        raise word.error(f'no such kind; kinds are {", ".join(FAULT_KINDS)}; {FORM}')
    return FAULT_KINDS[word.text]


def _sensors(word: _Word, kind: str) -> list[Modality]:
    possible = list(FAULT_KINDS[kind].amounts)
    if word.text == 'both' and len(possible) == 2:
        return possible
    named = [sensor for sensor in possible if sensor == word.text]
    if not named:
        choices = [*possible, 'both'] if len(possible) == 2 else possible
        raise word.error(f'no sensor for {kind}, which takes {" or ".join(choices)}; {FORM}')
    return named


def _amount(word: _Word | None, spec: Amount | None, kind: str) -> float:
    if word is None:
        return spec.default if spec else 1.0
    if spec is None:
        raise word.error(f'{kind} takes no amount; a time window reads FROM-TO or FROM-, '
                         'such as 10s-20s or 10s-')
    value = _quantity(word, word.text, spec.unit, f'an amount ({spec}) or a window FROM-TO')
    if not spec.low <= value <= spec.high:
        raise word.error(f'the amount of {kind} is out of range ({spec})')
    return value


def _window(word: _Word) -> tuple[float, float]:
    found = WINDOW.fullmatch(word.text.lower())
    if not found:
        raise word.error('a time window reads FROM-TO or FROM-, such as 10s-20s or 10s-')
    start = _quantity(word, found[1], 's', 'a time')
    end = _quantity(word, found[2], 's', 'a time') if found[2] else math.inf
    if end <= start:
        raise word.error('the window ends before it begins')
    return start, end


def _quantity(word: _Word, text: str, unit: Unit, wanted: str) -> float:
    found = QUANTITY.fullmatch(text.lower())
    if not found:
        raise word.error(f'not {wanted}')
    if found[2] not in UNITS[unit]:
        units = ', '.join(name for name in UNITS[unit] if name)
        raise word.error(f'no unit {found[2]!r} here; known: {units} or none')
    return float(found[1]) * UNITS[unit][found[2]]
