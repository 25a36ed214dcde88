"""Gives each test that asks for one its own ROS domain, also when several test runs overlap."""

import fcntl
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

os.environ['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(Path(__file__).with_name('fastdds.xml'))
DOMAINS = range(1, 102)  # 0 is everybody's; above 101 Linux' ephemeral ports begin


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A ROS_DOMAIN_ID that nobody else on this machine uses, set in the environment too."""
    for domain in DOMAINS:
        lock = (Path(tempfile.gettempdir()) / f'dcmd_ros_domain_{domain}.lock').open('w')
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
        monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        with lock:
            yield domain
        return
    pytest.fail(f'all ROS domains {DOMAINS} are taken on this machine (pid {os.getpid()})')


@pytest.fixture
def shared_data() -> Path:
    """The evaluation data beside the checkout; skips where it is not there."""
    path = Path(__file__).resolve().parents[2] / 'shared' / 'data'
    if not path.is_dir():
        pytest.skip(f'evaluation data not found at {path.parent.name}/{path.name}')
    return path


@pytest.fixture(scope='session')
def benchmark() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a program of `benchmarks/` by name."""
    folder = str(Path(__file__).parent.parent / 'benchmarks')
    sys.path.insert(0, folder)
    yield importlib.import_module
    sys.path.remove(folder)
