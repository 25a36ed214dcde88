"""run.json: a run's figures and every result, written and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcmd_ros.evaluation.moments import Moment
from dcmd_ros.evaluation.output import OutputError, plain

TREES = ('metrics', 'modes', 'labels', 'latency_ms', 'drops')


def run_text(figures: Mapping[str, Any], moments: Sequence[Moment]) -> str:
    """The file's text: strict JSON, a line for each result."""
    head = json.dumps(plain(dict(figures)), indent=1, allow_nan=False)
    lines = ',\n'.join(json.dumps(plain(moment.written()), allow_nan=False)
                       for moment in moments)
    return f'{head[:-2]},\n "moments": [\n{lines}\n]}}\n'


def read_run(path: Path) -> dict[str, Any]:
    """
    A run.json of before: its figures, and `moments` as `Moment`s.

    :raises OutputError: absent, no JSON, or not a run.json
    """
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise OutputError(f'{path}: cannot be read as run.json ({error})') from error
    lacking = [name for name in TREES
               if not isinstance(found, dict) or not isinstance(found.get(name), dict)]
    if lacking or not isinstance(found.get('moments'), list):
        raise OutputError(f'{path}: not a run.json, which has {", ".join(TREES)} and moments; '
                          'it is written beside the report of a replay')
    try:
        moments = [Moment.read(one) for one in found['moments']]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutputError(f'{path}: not a run.json: one of its moments cannot be read '
                          f'({type(error).__name__}: {error})') from error
    for name in ('metrics', 'latency_ms'):
        check_numbers(path, found[name])
    check_numbers(path, {'best_threshold': found.get('best_threshold')})
    return {**found, 'name': str(found.get('name', path.parent.name)), 'moments': moments}


def check_numbers(path: Path, values: Mapping[str, Any]) -> None:
    """:raises OutputError: a figure is neither a number nor null"""
    for name, value in values.items():
        if value is not None and not isinstance(value, (int, float)):
            raise OutputError(f'{path}: not a run.json: {name} is {value!r}, not a number')
