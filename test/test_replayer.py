"""A bag through the node's parts, with a judge that tells what it saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_bag import BEGIN, HEIGHT, PERIOD, WIDTH, write_bag

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import choose
from dcmd_ros.bags.types import serialize
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.outputs import TYPES
from dcmd_ros.nodes.parameters import TABLE, Settings
from dcmd_ros.nodes.replayer import Replayer, ReplayOptions
from dcmd_ros.nodes.result import Result

OUTPUTS = {f'/dcmd_inspector/{name}' for name in TYPES}


class Judge:
    """Score and confidence from the brightness and the distance that it sees."""

    category, device, engine, intrinsics, at_once = 'part', 'cpu', 'torch', None, 1
    warnings = ['trained elsewhere']

    def __init__(self, model: str, device: str, threads: int, engine: str) -> None:
        pass

    def warm_up(self) -> None:
        pass

    def inspect(self, frame: Frame, roi: Any = None, min_region_area: int = 0) -> Inspection:
        if frame.rgb is not None and frame.rgb[0, 0, 0] == 13:
            raise ValueError('thirteen')
        score = 0.1
        if frame.rgb is not None:
            score += frame.rgb.mean() / 1000
        if frame.depth is not None:
            score += frame.depth.mean() / 10
        seen = np.full(frame.size, score, np.float32)
        trust = {m: 0.75 if m in frame.present else float('nan') for m in ('rgb', 'depth')}
        assert frame.mode is not None
        return Inspection(frame.stamp, frame.frame_id, frame.mode, 'good', float(seen[0, 0]),
                          seen, np.zeros(frame.size, np.uint8), trust)


def settings(**changes: object) -> Settings:
    return Settings(**{**{s.attribute: s.default for s in TABLE}, 'model': 'm',
                       **changes})  # type: ignore[arg-type]


def replay(path: Path, out: Path | None = None, fault: str = '', points: bool = False,
           **changes: object) -> tuple[list[Result], Replayer]:
    results: list[Result] = []
    with Bag(path) as bag:
        writer = BagWriter(out) if out else None
        replayer = Replayer(bag, choose(bag.topics), ReplayOptions(
            settings(**changes), fault, points=points), results.append, Judge)
        replayer.load()
        replayer.run(writer)
        if writer:
            writer.close()
    return results, replayer


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_bag(tmp_path / 'in.mcap')


def test_every_frame_is_judged_once_in_both_modalities(bag: Path) -> None:
    results, replayer = replay(bag)
    numbers = [n for n in range(20) if n != 12]  # frame 12 is the one that the judge fails on
    assert [r.inspection.stamp for r in results] == [BEGIN + n * PERIOD for n in numbers]
    assert {r.inspection.mode for r in results} == {'both'}
    for number, result in zip(numbers, results, strict=True):
        wanted = 0.1 + (number + 1) / 1000 + (0.5 + 0.001 * number) / 10
        assert result.inspection.score == pytest.approx(wanted, abs=1e-5)
    assert replayer.drops() == {'inference.failed': 1}
    assert replayer.warnings == ['trained elsewhere']


def test_a_lost_sensor_is_told_and_the_other_goes_on(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'in.mcap', 40, skip={'depth': range(15, 30)})
    results, _ = replay(bag)
    modes = {(r.inspection.stamp - BEGIN) // PERIOD: r for r in results}
    assert [n for n, r in modes.items() if r.inspection.mode == 'rgb_only'] == list(range(15, 31))
    assert modes[25].sensors['depth'].state == 'lost' and modes[25].degraded
    assert not modes[39].degraded


def test_cameras_are_known_before_their_first_message(bag: Path) -> None:
    results, _ = replay(bag)
    assert results[0].frame.intrinsics is not None
    assert results[0].frame.intrinsics.fx == pytest.approx(40)


def test_the_result_holds_the_inputs_as_they_were_and_the_outputs_beside_them(
        bag: Path, tmp_path: Path) -> None:
    out = tmp_path / 'out.mcap'
    results, _ = replay(bag, out)
    with Bag(bag) as given, Bag(out) as made:
        counts = {topic.name: topic.count for topic in made.topics}
        assert {name for name in counts if name in OUTPUTS} == OUTPUTS - {'/dcmd_inspector/points'}
        assert counts['/dcmd_inspector/inspection'] == len(results)
        inputs = [topic.name for topic in given.topics]
        assert [(r.topic, r.received, r.data) for r in made.raw(inputs)] == [
            (r.topic, r.received, r.data) for r in given.raw(inputs)]
        assert all(made.definition(name) == given.definition(name) for name in inputs)
        judged = next(iter(made.records(['/dcmd_inspector/inspection']))).message
        keys = {pair.key: pair.value for pair in judged.status[0].values}
        assert keys['score'] == repr(results[0].inspection.score)
        shown = next(iter(made.records(['/dcmd_inspector/anomaly_map']))).message
        assert (shown.encoding, shown.width, shown.height) == ('32FC1', WIDTH, HEIGHT)
        assert shown.header.stamp.sec == BEGIN // 1_000_000_000


def test_points_come_when_asked_for(bag: Path, tmp_path: Path) -> None:
    replay(bag, tmp_path / 'out.mcap', points=True)
    with Bag(tmp_path / 'out.mcap') as made:
        assert {topic.name for topic in made.topics} >= OUTPUTS


def written(path: Path) -> list[tuple[str, int, bytes]]:
    """All messages with their padding, which Fast CDR leaves to chance, set to zero."""
    with Bag(path) as bag:
        types = {topic.name: topic.type for topic in bag.topics}
        return [(record.topic, record.received, serialize(record.message, types[record.topic]))
                for record in bag.records(list(types))]


def test_the_same_bag_gives_the_same_messages(bag: Path, tmp_path: Path) -> None:
    fault = 'noise rgb 0.2 0.5s-1s, holes depth 0.3 1s-'
    for name in ('one.mcap', 'two.mcap'):
        replay(bag, tmp_path / name, fault)
    assert written(tmp_path / 'one.mcap') == written(tmp_path / 'two.mcap')


def test_faults_befall_the_frames_of_their_window_and_are_written(
        bag: Path, tmp_path: Path) -> None:
    out = tmp_path / 'out.mcap'
    results, replayer = replay(bag, out, 'drop depth 0.5s-1s, blind rgb 1.5s-')
    by_number = {(r.inspection.stamp - BEGIN) // PERIOD: r for r in results}
    assert [n for n, r in by_number.items() if r.inspection.mode == 'rgb_only'] == list(
        range(5, 11))  # colour's tenth left alone before depth's came back
    assert replayer.drops()['depth.withheld by the fault'] == 5
    frame = by_number[16].frame
    assert frame.rgb is not None and frame.rgb.max() == 0
    with Bag(out) as made:
        images = [r.message.data.max() for r in made.records(['/rgb/image'])]
        assert [n for n, brightest in enumerate(images) if brightest == 0] == list(range(15, 20))
        assert {r.message.header.frame_id for r in made.records(['/rgb/image'])} == {
            'camera_color_optical_frame'}


def test_delayed_messages_come_late_in_the_bags_time(bag: Path, tmp_path: Path) -> None:
    out = tmp_path / 'out.mcap'
    replay(bag, out, 'delay depth 400ms 0.5s-')
    with Bag(out) as made:
        order = [r.received for r in made.raw(['/rgb/image', '/depth/image'])]
        lags = [r.received - r.message.header.stamp.sec * 10**9 - r.message.header.stamp.nanosec
                for r in made.records(['/depth/image'])]
    assert order == sorted(order)
    assert lags == [5_000_000] * 5 + [405_000_000] * 15


@pytest.mark.parametrize(('changes', 'mode'), [({'depth_offset': 0.0}, 'both'),
                                               ({'depth_offset': 0.04}, 'rgb_only')])
def test_the_nodes_parameters_hold(
        tmp_path: Path, changes: dict[str, float], mode: str) -> None:
    """An offset that is not there keeps the sensors apart."""
    bag = write_bag(tmp_path / 'in.mcap', 12)
    results, _ = replay(bag, **changes)
    assert results[0].inspection.mode == mode


def test_a_message_that_ros_cannot_read_is_counted(tmp_path: Path) -> None:
    path = write_bag(tmp_path / 'in.mcap', 5)
    with Bag(path) as bag, BagWriter(tmp_path / 'cut.mcap') as writer:
        for n, record in enumerate(bag.raw([topic.name for topic in bag.topics])):
            cut = record.topic == '/depth/image' and n < 10
            writer.write(record.topic, record.type, record.data[:30] if cut else record.data,
                         record.received)
    results, replayer = replay(tmp_path / 'cut.mcap')
    assert results[0].inspection.mode == 'rgb_only'
    assert replayer.drops()['depth.unreadable'] == 1


def test_a_fault_of_a_point_cloud_is_refused(tmp_path: Path) -> None:
    made = write_bag(tmp_path / 'in.mcap', 3)
    replay(made, tmp_path / 'out.mcap', points=True)
    with Bag(tmp_path / 'out.mcap') as source, BagWriter(tmp_path / 'cloud.mcap') as writer:
        for record in source.raw(['/rgb/image', '/dcmd_inspector/points']):
            topic = record.topic.replace('/dcmd_inspector/', '/camera/')
            writer.write(topic, record.type, record.data, record.received)
    results, _ = replay(tmp_path / 'cloud.mcap')
    assert results[0].inspection.mode == 'both' and results[0].frame.xyz is not None
    with pytest.raises(DcmdError, match='--fault needs a depth image'):
        replay(tmp_path / 'cloud.mcap', fault='holes depth 0.3')
