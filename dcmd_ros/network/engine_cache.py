"""Exported graphs on disk: beside the model, known by a fingerprint, never stale."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

import dcmd_ros
from dcmd_ros.network.engine import Runtime

MANIFEST = 'manifest.json'
Fingerprint = Mapping[str, str]


def fingerprint(model: Path, runtime: Runtime) -> dict[str, str]:
    """All that exported graphs depend on: the model, this code, the libraries, the processor."""
    return {'model': digest(model), 'code': _code(), 'dcmd_ros': dcmd_ros.__version__,
            'torch': str(torch.__version__), runtime.name: runtime.version(),
            'processor': processor()}


def digest(path: Path) -> str:
    """sha256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache
def processor() -> str:
    """Its name and, in short, what it can do."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    told = dict(line.split('\t: ', 1) for line in reversed(lines) if '\t: ' in line)
    told = {name.strip(): value for name, value in told.items()}
    able = hashlib.sha256(told.get('flags', '').encode()).hexdigest()[:12]
    return f'{told.get("model name", platform.machine())} {able}'


@lru_cache
def _code() -> str:
    """Of the network's sources, which change more often than the version."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob('*.py')):
        found.update(path.read_bytes())
    return found.hexdigest()


class Cache:
    """
    The exported graphs of one model.

    folder  a hidden one beside the model, or in the user's cache where that cannot be written
    """

    def __init__(self, model: Path) -> None:
        self.model = model.absolute()
        self.folder = _writable(self.model.with_name(f'.{self.model.name}.engines')) or \
            _users(self.model)

    def find(self, runtime: Runtime) -> dict[str, Path] | None:
        """The graphs' files by name, all as they were written; None where there are none."""
        wanted = fingerprint(self.model, runtime)
        return _complete(self._place(runtime, wanted), wanted)

    def keep(self, runtime: Runtime, write: Callable[[Path], None]) -> None:
        """
        Have the graphs written, and let those of earlier models go.

        :param write: the graphs' files into a folder, each called by its graph
        """
        made_of = fingerprint(self.model, runtime)
        place = self._place(runtime, made_of)
        partial = place.with_name(f'.{place.name}.{os.getpid()}')
        partial.mkdir(parents=True)
        try:
            write(partial)
            files = {path.name: digest(path) for path in sorted(partial.iterdir())}
            _write(partial / MANIFEST, {'fingerprint': made_of, 'files': files})
            shutil.rmtree(place, ignore_errors=True)
            partial.replace(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self._forget_earlier(runtime, place)

    def _place(self, runtime: Runtime, made_of: Fingerprint) -> Path:
        return self.folder / f'{runtime.name}-{short(made_of)}'

    def _forget_earlier(self, runtime: Runtime, newest: Path) -> None:
        for path in self.folder.glob(f'{runtime.name}-*'):
            if path != newest and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)

    def recall(self, key: str) -> dict[str, Any]:
        """What was noted under this key, empty if nothing was or it cannot be read."""
        found = _read(self.folder / f'{key}.json')
        return found if isinstance(found, dict) else {}

    def note(self, key: str, what: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / f'{key}.json', what)


def short(made_of: Mapping[str, Any]) -> str:
    """A fingerprint in 16 digits."""
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]


def _complete(place: Path, wanted: Fingerprint) -> dict[str, Path] | None:
    manifest = _read(place / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get('fingerprint') != wanted:
        return None
    files = manifest.get('files')
    if not isinstance(files, dict) or not files:
        return None
    try:
        intact = all(digest(place / name) == found for name, found in files.items())
    except OSError:
        return None
    return {Path(name).stem: place / name for name in files
            if not name.endswith('.bin')} if intact else None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _write(path: Path, what: Mapping[str, Any]) -> None:
    partial = path.with_name(f'{path.name}.{os.getpid()}')
    partial.write_text(json.dumps(what, indent=1))
    partial.replace(path)


def _writable(folder: Path) -> Path | None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _users(model: Path) -> Path:
    base = Path(os.environ.get('XDG_CACHE_HOME') or '~/.cache').expanduser()
    return base / 'dcmd_ros' / hashlib.sha256(str(model).encode()).hexdigest()[:16]
