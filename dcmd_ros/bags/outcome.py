"""What became of one bag among many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcmd_ros.errors import DcmdError

Work = Callable[[Path], Any]


@dataclass(frozen=True)
class Outcome:
    """
    result   what the function returned
    failure  why it did not, in one line; None where it did
    """

    path: Path
    result: Any = None
    failure: str | None = None


def attempt(work: Work, path: Path) -> Outcome:
    """The function's outcome; nothing that it raises gets out but KeyboardInterrupt."""
    try:
        return Outcome(path, work(path))
    except DcmdError as error:
        return Outcome(path, failure=str(error))
    except (Exception, SystemExit) as error:
        return Outcome(path, failure=f'{type(error).__name__}: {one_line(error)}')


def one_line(error: BaseException) -> str:
    """Its text, or what of it fits on a line."""
    return next(iter(str(error).strip().splitlines()), 'no reason given')
