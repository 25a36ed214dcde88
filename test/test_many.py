"""Many bags: nothing that befalls one of them befalls another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bag_work import measure, name_process, unpicklable

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.many import find_bags, run_many
from dcmd_ros.errors import DcmdError, Unmet

LIMIT = 60.0
MIXED = [Path(name) for name in ('a', 'bad', 'dies', 'bb', 'bug', 'ccc')]
REASONS = {Path('bad'): 'topic /rgb/image has no messages',
           Path('bug'): 'ZeroDivisionError: a line'}
INTERRUPTED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bag_work import wait_for_ever
from dcmd_ros.bags.many import run_many
if __name__ == '__main__':
    batch = run_many(wait_for_ever, [Path(p) for p in sys.argv[3:]], 2, sys.argv[2] or None)
    print(sorted(batch.results.values()), flush=True)
    batch.settle({})
"""


@pytest.fixture
def ray() -> str:
    pytest.importorskip('ray', reason='the extra ray is not installed')
    return 'local'


def sizes(results: dict[Path, dict[str, object]]) -> dict[str, object]:
    return {path.name: result['size'] for path, result in results.items()}


@pytest.mark.parametrize('jobs', [1, 2])
def test_what_fails_is_named_and_the_rest_goes_on(jobs: int) -> None:
    batch = run_many(measure, MIXED, jobs)
    assert sizes(batch.results) == {'a': 1, 'bb': 2, 'ccc': 3}
    assert batch.failures == {**REASONS, Path('dies'): 'its process died with exit code 7'}
    with pytest.raises(Unmet, match=r'^3 of 6 bags failed.*bad: topic .*; dies: .*; bug: Zero'):
        batch.settle({})


def test_ray_gives_the_same(ray: str, capfd: pytest.CaptureFixture[str]) -> None:
    batch = run_many(measure, MIXED, 2, ray)
    local = run_many(measure, MIXED, 2)
    assert batch.results == local.results and len(local.results) == 3
    assert batch.failures == {**REASONS, Path('dies'): 'its process died'}
    assert 'Traceback' not in ''.join(capfd.readouterr())


def test_all_well_settles_quietly() -> None:
    batch = run_many(measure, [Path('a')], 1)
    batch.settle({})
    assert not batch.interrupted


def test_workers_share_the_cores_and_are_used_again() -> None:
    cores = len(os.sched_getaffinity(0))
    (result,) = run_many(measure, [Path('a')], jobs=2 * cores).results.values()
    assert result['threads'] == '1'
    assert len(set(run_many(name_process, [Path(n) for n in 'abcd'], 2).results.values())) <= 2


def test_an_unpicklable_result_is_a_failure() -> None:
    assert 'cannot be sent' in run_many(unpicklable, [Path('a')], 1).failures[Path('a')]


def test_a_cluster_that_is_not_there_is_one_plain_line(ray: str) -> None:
    with pytest.raises(DcmdError, match='no Ray cluster at'):
        run_many(measure, [Path('a')], ray='127.0.0.1:1')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_is_done_and_lets_the_rest_close_its_files(
        number: int, tmp_path: Path) -> None:
    interrupt(number, '', tmp_path)


def test_an_interruption_of_ray(ray: str, tmp_path: Path) -> None:
    interrupt(signal.SIGINT, ray, tmp_path)


def interrupt(number: int, ray: str, folder: Path) -> None:
    bags = [folder / name for name in ('quick', 'slow', 'slower', 'never')]
    command = [sys.executable, '-c', INTERRUPTED, str(Path(__file__).parent), ray]
    running = subprocess.Popen(
        [*command, *map(str, bags)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=heed)
    try:
        for bag in bags[1:3]:
            wait_for(bag.with_suffix('.begun'), running)
        running.send_signal(number)
        out, err = running.communicate(timeout=LIMIT)
    finally:
        running.kill()
    assert out.splitlines()[0] == "['quick']", err
    assert 'interrupted: 1 of 4 bags were done and are kept' in err
    for bag in bags[1:3]:
        wait_for(bag.with_suffix('.closed'))
    assert not bags[3].with_suffix('.begun').exists()


def heed() -> None:
    """SIGINT counts, also where the tests run in the background of a shell, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(file: Path, running: subprocess.Popen[str] | None = None) -> None:
    end = time.monotonic() + LIMIT
    while not file.exists():
        assert time.monotonic() < end, f'no {file.name}'
        assert running is None or running.poll() is None, running
        time.sleep(0.02)


def make(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [folder / name for name in names]


def test_bags_in_a_folder(tmp_path: Path) -> None:
    make(tmp_path, 'b/metadata.yaml', 'b/b_0.mcap', 'a.mcap', 'c/c_0.db3', 'c/c_1.db3',
         'notes.txt', 'empty/readme')
    assert [p.name for p in find_bags(tmp_path)] == ['a.mcap', 'b', 'c']
    assert find_bags(tmp_path / 'b') == [tmp_path / 'b']
    assert find_bags(tmp_path / 'a.mcap') == [tmp_path / 'a.mcap']


def test_files_of_unlike_names_are_a_bag_each(tmp_path: Path) -> None:
    files = make(tmp_path, 'monday.mcap', 'part_1.mcap', 'part_2.mcap')
    assert find_bags(tmp_path) == files


@pytest.mark.parametrize('name', ['nowhere', 'empty'])
def test_no_bags(name: str, tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    with pytest.raises(BagError, match=name):
        find_bags(tmp_path / name)
