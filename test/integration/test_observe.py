"""`observe` as a process beside an inspector, with bags played by `play`."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from listening import Start
from live import SIZE, Bench, colour, distance, inspector
from rig import REAL, camera, shipped, simulated
from small_bag import APART, SmallBag

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import choose
from dcmd_ros.nodes.offline_settings import read_settings
from dcmd_ros.nodes.replayer import Replayer, ReplayOptions
from dcmd_ros.nodes.result import Result
from dcmd_ros.nodes.source_messages import camera_info
from dcmd_ros.sensing.faults import Emission
from dcmd_ros.stream import stamps

LABELS = ['good', 'bent', 'good', 'good', 'bent', 'good']
PERIOD = 400_000_000  # ns: time enough for a busy machine
PATIENT = {'use_sim_time': True, 'deadline': 1.0, 'lost_after': 3.0, 'freeze_count': 0,
           'input_reliability': 'reliable'}
EXPECTED = {'good': 'good', 'bent': 'anomalous'}


@pytest.fixture
def bag(tmp_path: Path) -> SmallBag:
    """What is bent is bright, which the test's inspector finds anomalous."""
    return write(tmp_path / 'line.mcap')


def write(path: Path, **how: Any) -> SmallBag:
    pictures = [(colour(label != 'good'), distance(), None) for label in LABELS]
    return SmallBag(path, LABELS, SIZE, PERIOD).write(pictures, **how)


def watch(start: Start, out: Path, *arguments: object) -> subprocess.Popen[str]:
    return start('observe', '--out', out, '--json', *arguments)


def play(start: Start, bag: SmallBag, *arguments: object) -> subprocess.Popen[str]:
    """Begins when both the inspector and the observer listen."""
    return start('play', bag.path, '--clock', '--wait-for', 'dcmd_observer', *arguments)


def ended(bench: Bench, process: subprocess.Popen[str], out: Path,
          code: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures of an observer that ends, and run.json."""
    bench.wait_for(lambda: process.poll() is not None, 120)
    said, err = process.communicate()
    assert process.returncode == code and 'Traceback' not in err, err
    assert (out / 'index.html').is_file()
    return json.loads(said.splitlines()[-1]), json.loads((out / 'run.json').read_text())


def accounts_for(run: dict[str, Any], known: Sequence[int]) -> None:
    """Each frame that was played either has a result or is listed, and labels are the truth's."""
    labels = dict(zip(map(stamps.seconds, known), LABELS, strict=True))
    results = [moment for moment in run['moments'] if moment['stamp'] in labels]
    assert [labels[moment['stamp']] for moment in results] == [
        moment['label'] for moment in results]
    assert Counter(moment['stamp'] for moment in results) + Counter(run['missing']) == Counter(
        list(labels))


def test_offline_and_live_give_the_same_scores_and_what_live_dropped_is_listed(
        start: Start, tmp_path: Path) -> None:
    """Equal to the last bit; 1e-6 is stated, for machines that add in another order."""
    part = next(simulated())
    parts = [(part.rgb, part.depth * np.float32(1 + n * 1e-4), None) for n in range(len(LABELS))]
    bag = SmallBag(tmp_path / 'line.mcap', LABELS, part.depth.shape, PERIOD).write(
        parts, info=lambda stamp: camera_info(Emission(part.depth, stamp), part.intrinsics))
    offline = replayed(bag)
    out = tmp_path / 'out'
    with inspector(load=shipped, **{**REAL, 'freeze_count': 0}, use_sim_time=True), \
            Bench(publishes=False) as bench:
        observer = watch(start, out)
        play(start, bag, '--rate', '0.2')
        _, run = ended(bench, observer, out)
    accounts_for(run, bag.stamps)
    assert sorted(offline) == list(map(stamps.seconds, bag.stamps))
    live = {moment['stamp']: (moment['mode'], moment['score']) for moment in run['moments']}
    same = [stamp for stamp, (mode, _) in offline.items() if live.get(stamp, ' ')[0] == mode]
    assert same
    for stamp in same:
        assert live[stamp][1] == pytest.approx(offline[stamp][1], abs=1e-6)


def replayed(bag: SmallBag) -> dict[str, tuple[str, float]]:
    """Mode and score of every frame, by stamp."""
    found: list[Result] = []
    settings = read_settings([], {'model': 'dcmd_turned_best.pth', 'device': 'cpu'})
    with Bag(bag.path) as reader:
        replayer = Replayer(reader, choose(reader.topics), ReplayOptions(settings), found.append,
                            shipped)
        replayer.load()
        replayer.run()
    return {stamps.seconds(one.inspection.stamp): (one.inspection.mode, one.inspection.score)
            for one in found}


def test_it_ends_with_the_player_and_tells_good_from_bad(
        start: Start, bag: SmallBag, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    with inspector(**PATIENT), Bench(publishes=False) as bench:
        observer = watch(start, out)
        play(start, bag)
        figures, run = ended(bench, observer, out)
    accounts_for(run, bag.stamps)
    assert figures['ended'] == 'player gone'
    assert figures['results'] == len(run['moments']) == len(LABELS) - len(run['missing'])
    judged = {moment['label']: moment['verdict'] for moment in run['moments']}
    assert judged and judged.items() <= EXPECTED.items()  # a frame may be missing, and is listed
    assert figures['i_auroc'] == 1 or len(judged) == 1


def test_a_loop_counts_each_result_and_ctrl_c_loses_none(
        start: Start, bag: SmallBag, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    with inspector(**PATIENT), Bench(publishes=False) as bench:
        observer = watch(start, out)
        play(start, bag, '--loop')
        bench.wait_for(lambda: len(bench.results) >= 2 * len(LABELS))
        observer.send_signal(signal.SIGINT)
        figures, run = ended(bench, observer, out)
        told = [bench.told(result)['stamp'] for result in bench.results]
    assert figures['ended'] == 'interrupted'
    counted = Counter(moment['stamp'] for moment in run['moments'])
    assert max(counted.values()) >= 2 and counted <= Counter(told)
    assert any('came up to' in note for note in run['notes'])
    labels = dict(zip(map(stamps.seconds, bag.stamps), LABELS, strict=True))
    assert all(moment['label'] == labels[moment['stamp']] for moment in run['moments']
               if moment['stamp'] in labels)


def test_a_pause_is_no_end_and_another_rate_no_loss(
        start: Start, bag: SmallBag, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    with inspector(**PATIENT), Bench(publishes=False) as bench:
        observer = watch(start, out)
        play(start, bag, '--rate', '0.1')  # a request that is lost must be in time when repeated
        bench.wait_for(lambda: bench.results)
        assert bench.set_parameter('paused', True, node='player').successful
        paused = len(bench.history)
        bench.wait_for(lambda: sum(status['state'] == 'paused' for status in
                                   bench.statuses('rgb', paused)) >= 6)
        assert observer.poll() is None
        assert bench.set_parameter('rate', 2.0, node='player').successful
        assert bench.set_parameter('paused', False, node='player').successful
        figures, run = ended(bench, observer, out)
    assert figures['ended'] == 'player gone'
    accounts_for(run, bag.stamps)


def test_labels_come_from_a_file_by_number_and_frames_from_images_without_camera_info(
        start: Start, tmp_path: Path) -> None:
    bag = write(tmp_path / 'line.mcap', truth=False, infos=False)
    labels = tmp_path / 'labels.csv'
    labels.write_text('first,last,label\n0,0,good\n1,1,bent\n2,3,good\n4,4,bent\n5,5,good\n')
    out = tmp_path / 'out'
    with inspector(**PATIENT), Bench(publishes=False) as bench:
        observer = watch(start, out, '--labels', labels)
        play(start, bag)
        _, run = ended(bench, observer, out)
    accounts_for(run, bag.stamps)
    assert run['labels'].keys() <= {'good', 'bent'}


def test_a_sensor_that_a_fault_takes_away_is_not_missed(
        start: Start, bag: SmallBag, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    with inspector(**PATIENT), Bench(publishes=False) as bench:
        observer = watch(start, out)
        play(start, bag, '--fault', 'drop depth 1s-')
        figures, run = ended(bench, observer, out)
    accounts_for(run, bag.stamps)
    assert {moment['mode'] for moment in run['moments']} >= {'rgb_only'}
    lost = sum(stamp + APART > bag.stamps[0] + 10**9 for stamp in bag.stamps)
    assert figures['drops'].get('depth.no_result', 0) <= len(LABELS) - lost


def test_it_ends_after_its_duration(start: Start, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    with inspector(), camera(), Bench(publishes=False) as bench:
        observer = watch(start, out, '--duration', '1', '--no-pictures')
        figures, _ = ended(bench, observer, out)
    assert figures['ended'] == 'duration' and figures['results'] > 0


def test_without_a_result_it_fails_with_the_cause(start: Start, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    with Bench(publishes=False) as bench:
        observer = watch(start, out)
        bench.wait_for(lambda: 'dcmd_observer' in bench.node.get_node_names())
        observer.send_signal(signal.SIGINT)
        bench.wait_for(lambda: observer.poll() is not None)
    _, err = observer.communicate()
    assert observer.returncode == 1 and 'Traceback' not in err
    assert err.splitlines()[-1] == ('dcmd_ros: no result came on /dcmd_inspector/inspection; '
                                    'is the inspector running?')


@pytest.mark.parametrize('wrong', ['--labels', '--against'])
def test_a_file_that_is_not_there_is_told_at_once(
        wrong: str, start: Start, tmp_path: Path) -> None:
    observer = watch(start, tmp_path / 'out', wrong, tmp_path / 'nothing.json')
    _, err = observer.communicate(timeout=60)
    assert observer.returncode == 1 and 'Traceback' not in err and 'nothing.json' in err
    assert not (tmp_path / 'out').exists()


def test_a_folder_that_cannot_be_made_is_told_at_once(start: Start, tmp_path: Path) -> None:
    (tmp_path / 'out').write_text('a file')
    observer = watch(start, tmp_path / 'out')
    _, err = observer.communicate(timeout=60)
    assert observer.returncode == 1 and 'cannot be written to' in err.splitlines()[-1]
