"""Files that are either whole or not there, and figures that any JSON reader takes."""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

from dcmd_ros.errors import DcmdError


class OutputError(DcmdError):
    """A result cannot be written, or one of before cannot be read."""


def write(path: Path, content: bytes | str) -> None:
    """
    Put content in place of the file at once, so that a reader never sees half of it.

    :raises OutputError: the folder cannot be written to
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
        try:
            with os.fdopen(handle, 'wb') as file:
                file.write(data)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OutputError(f'{path}: cannot be written ({error.strerror})') from error


def folder(path: Path, option: str) -> None:
    """
    Make a folder, to find out now, not after the work, that results can be written there.

    :param option: that named it
    :raises OutputError: it cannot be made or written to
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OutputError(f'{path}: cannot be written to ({error.strerror}); name another folder '
                          f'with {option}') from error


def plain(value: Any) -> Any:
    """The value with None for what is not a finite number, which strict JSON lacks."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_metrics(path: Path) -> dict[str, Any]:
    """
    A metrics.json of before.

    :raises OutputError: absent, or not of the contract's shape
    """
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise OutputError(f'{path}: cannot be read as metrics.json ({error})') from error
    parts = [found.get(key) for key in ('categories', 'mean')] if isinstance(found, dict) else []
    conditions = [c for part in parts if isinstance(part, dict) for c in part.values()]
    if len(parts) < 2 or not all(isinstance(c, dict) for c in (*parts, *conditions)):
        raise OutputError(f'{path}: not a metrics.json, which has "categories" and "mean"')
    return found
