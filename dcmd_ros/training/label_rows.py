"""Labels files: what a CSV or JSON file says about the frames of a stream."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dcmd_ros.errors import DcmdError
from dcmd_ros.stream import stamps

FORMS = (('stamp',), ('from', 'to'), ('index',), ('first', 'last'))
WRITE = ('write `stamp`, or `from` and `to` (seconds), or `index`, or `first` and `last` (frame '
         'numbers from 0), then `label` (good, anomalous or the name of a defect) and, if there '
         'is one, `mask`')


class TruthError(DcmdError):
    """A labels file cannot be used."""


@dataclass(frozen=True)
class Row:
    """
    What one row says of the frames from `first` to `last`, both included.

    by      `stamp`: first and last are nanoseconds; `index`: frame numbers from 0
    mask    an image file, None where none is named
    source  file and line, for messages
    """

    by: Literal['stamp', 'index']
    first: int
    last: int
    label: str
    mask: Path | None
    source: str


def read_rows(path: Path) -> list[Row]:
    """
    The rows of a .json file, else of a CSV file whose first line names the columns.

    :raises TruthError: with file and line, and what to write
    """
    try:
        text = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise TruthError(f'{path}: cannot be read as a labels file ({error}); it must be CSV or '
                         'JSON in UTF-8') from error
    found = json_rows(path, text) if path.suffix.lower() == '.json' else csv_rows(path, text)
    rows = [parsed(path, source, values) for source, values in found]
    if not rows:
        raise TruthError(f'{path}: no rows; {WRITE}')
    if len(kinds := {row.by for row in rows}) > 1:
        other = next(row for row in rows if row.by != rows[0].by)
        raise TruthError(f'{other.source}: by {other.by}, but {rows[0].source} is by '
                         f'{rows[0].by}; a file uses one of the {len(kinds)}')
    return rows


def csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Where each row is, and its filled cells by column; commas, else semicolons."""
    header = text.partition('\n')[0]
    separator = ';' if ';' in header and ',' not in header else ','
    reader = csv.DictReader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    for values in reader:
        source = f'{path}:{reader.line_num}'
        if None in values:
            raise TruthError(f'{source}: more cells than the first line has columns')
        cells = {name: cell.strip() for name, cell in values.items() if cell}
        yield source, {name: cell for name, cell in cells.items() if cell}


def json_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The same of a list of objects, or of an object whose `labels` is one."""
    try:  # numbers stay text: a float would round a stamp
        found: Any = json.loads(text, parse_float=str, parse_int=str)
    except ValueError as error:
        raise TruthError(f'{path}: no JSON ({error})') from error
    rows = found.get('labels') if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise TruthError(f'{path}: must be a list of objects; in each {WRITE}')
    for number, values in enumerate(rows, 1):
        source = f'{path}, row {number}'
        if not isinstance(values, dict):
            raise TruthError(f'{source}: must be an object; {WRITE}')
        yield source, {str(name).lower(): str(cell).strip() for name, cell in values.items()
                       if cell is not None and str(cell).strip()}


def parsed(path: Path, source: str, values: Mapping[str, str]) -> Row:
    """:raises TruthError: the row says too little, too much or nonsense"""
    forms = [form for form in FORMS if any(name in values for name in form)]
    if len(forms) != 1 or not all(name in values for name in forms[0]):
        raise TruthError(f'{source}: has {", ".join(values) or "nothing"}; {WRITE}')
    by: Literal['stamp', 'index'] = 'stamp' if forms[0][0] in ('stamp', 'from') else 'index'
    first, last = (place(source, name, values[name], by)
                   for name in (forms[0][0], forms[0][-1]))
    if last < first:
        raise TruthError(f'{source}: {forms[0][0]} {values[forms[0][0]]} comes after '
                         f'{forms[0][-1]} {values[forms[0][-1]]}; exchange them')
    return Row(by, first, last, label(source, values), mask(path, source, values), source)


def place(source: str, name: str, text: str, by: str) -> int:
    """A stamp in nanoseconds, or a frame number."""
    if by == 'index' and not (text.isascii() and text.isdigit()):
        raise TruthError(f'{source}: {name} {text!r} is no frame number; write 0 for the first '
                         'frame')
    try:
        return int(text) if by == 'index' else stamps.parsed(text)
    except ValueError as error:
        raise TruthError(f'{source}: {name}: {error}') from error


def label(source: str, values: Mapping[str, str]) -> str:
    """The label, else the verdict; words of the contract in small letters."""
    known = ('good', 'anomalous', 'no_part', 'unknown')
    said = [values[name] for name in ('label', 'verdict') if name in values]
    said = [word.lower() if word.lower() in known else word for word in said]
    if not said:
        raise TruthError(f'{source}: no label; {WRITE}')
    if len(said) > 1 and said[1] != ('good' if said[0] == 'good' else 'anomalous'):
        raise TruthError(f'{source}: label {said[0]} and verdict {said[1]} disagree; one of them '
                         'is enough')
    return said[0]


def mask(path: Path, source: str, values: Mapping[str, str]) -> Path | None:
    """The mask's file, which must be there; its path is relative to the labels file."""
    if 'mask' not in values:
        return None
    found = path.parent / values['mask']
    if not found.is_file():
        raise TruthError(f'{source}: mask {found}: no such file; paths are relative to the '
                         'labels file')
    return found
