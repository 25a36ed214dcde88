"""What the inference thread does with a shot, without a graph."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from rclpy.clock import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Frame
from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.framing.conversion import Converter
from dcmd_ros.framing.shot import Arrival, Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.parameters import TABLE, Settings
from dcmd_ros.nodes.pipeline import Pipeline, load_inspector
from dcmd_ros.nodes.transforms import Transforms
from dcmd_ros.sensing.codec import fill_image

SIZE = (4, 6)


class Judge:
    """Good as long as it is told; remembers what it was asked."""

    category, device, engine, intrinsics, warnings = 'part', 'cpu', 'torch', None, []
    at_once = 1

    def __init__(self, model: str, device: str, threads: int, engine: str) -> None:
        if model == 'broken':
            raise DcmdError('broken')
        self.model = model
        self.asked: list[tuple[Frame, object, int]] = []
        self.warm = False

    def warm_up(self) -> None:
        self.warm = True

    def inspect(self, frame, roi=None, min_region_area=0) -> Inspection:
        self.asked.append((frame, roi, min_region_area))
        trust = {m: 0.8 if m in frame.present else float('nan') for m in ('rgb', 'depth')}
        return Inspection(frame.stamp, '', frame.mode, 'good', 0.2, np.zeros(SIZE, np.float32),
                          np.zeros(SIZE, np.uint8), trust)


def settings(**changes: object) -> Settings:
    return Settings(**{**{s.attribute: s.default for s in TABLE}, 'model': 'm', **changes})


@pytest.fixture
def bench() -> SimpleNamespace:
    tally = Tally()
    out: list = []
    converter = Converter(CameraInfos(tally), tally, Transforms(None))
    pipeline = Pipeline(Judge, converter, tally, lambda: Clock().now().nanoseconds, settings(),
                        lambda shot, result: out.append(result))
    pipeline.load()
    return SimpleNamespace(tally=tally, out=out, pipeline=pipeline)


def message(array: np.ndarray, encoding: str, stamp: int) -> Arrival:
    made = Image(header=Header(frame_id='camera'))
    made.header.stamp.nanosec = stamp
    fill_image(made, array, encoding)
    return Arrival(made, received=0)


def shot(**states: str) -> Shot:
    return Shot(message(np.zeros((*SIZE, 3), np.uint8), 'rgb8', 5),
                message(np.ones(SIZE, np.float32), '32FC1', 9),
                0, {'rgb': 'ok', 'depth': 'ok', **states})


def test_a_model_is_warm_before_it_judges(bench) -> None:
    assert bench.pipeline.judge.warm


def test_a_model_that_does_not_load_leaves_the_old_one(bench) -> None:
    old = bench.pipeline.judge
    bench.pipeline.settings = settings(model='broken')
    with pytest.raises(DcmdError):
        bench.pipeline.load()
    assert (bench.pipeline.judge, bench.pipeline.loaded) == (old, 'm')


def test_without_a_model_a_shot_is_a_counted_drop(bench) -> None:
    bench.pipeline.unload()
    bench.pipeline.run(shot())
    assert bench.tally.counts('inference') == {'no_model': 1}


def test_roi_and_specks_reach_the_inspector(bench) -> None:
    bench.pipeline.settings = settings(roi=[1, 2, 3, 2], min_region_area=7)
    bench.pipeline.run(shot())
    [(_, roi, area)] = bench.pipeline.judge.asked
    assert (roi, area) == ((1, 2, 3, 2), 7)


def test_a_frozen_sensor_is_not_shown_to_the_inspector(bench) -> None:
    bench.pipeline.run(shot(rgb='frozen'))
    [(frame, _, _)] = bench.pipeline.judge.asked
    assert frame.mode == 'depth_only'
    [result] = bench.out
    assert result.header.stamp.nanosec == 9
    assert (result.sensors['rgb'].state, result.sensors['rgb'].stamp) == ('frozen', None)
    assert result.sensors['depth'].confidence == 0.8


def test_where_all_sensors_are_frozen_nothing_is_judged_and_the_verdict_is_unknown(bench) -> None:
    bench.pipeline.run(shot(rgb='frozen', depth='frozen'))
    assert bench.pipeline.judge.asked == []
    [result] = bench.out
    assert result.inspection.verdict == 'unknown'
    assert np.isnan(result.inspection.map).all()
    assert result.degraded


def test_a_sensor_that_cannot_be_read_is_degraded(bench) -> None:
    broken = shot()
    broken.depth.message.step = 1
    bench.pipeline.run(broken)
    [result] = bench.out
    assert (result.inspection.mode, result.sensors['depth'].state) == ('rgb_only', 'degraded')


@pytest.mark.parametrize('state', ['lost', 'degraded', 'frozen', 'unsynchronised'])
@pytest.mark.parametrize(('policy', 'verdict'), [
    ('continue', 'good'), ('unknown', 'unknown'), ('reject', 'unknown')])
def test_the_policy_of_a_sensor_acts_on_its_losses(bench, state, policy, verdict) -> None:
    bench.pipeline.settings = settings(depth_on_sensor_loss=policy)
    bench.pipeline.run(Shot(shot().rgb, None, 0, {'rgb': 'ok', 'depth': state}))
    assert bench.out[0].inspection.verdict == verdict


@pytest.mark.parametrize('state', ['ok', 'late', 'waiting', 'idle'])
def test_the_policy_does_not_act_on_other_states_nor_for_the_other_sensor(bench, state) -> None:
    bench.pipeline.settings = settings(rgb_on_sensor_loss='reject')
    bench.pipeline.run(Shot(shot().rgb, None, 0, {'rgb': state, 'depth': 'lost'}))
    assert bench.out[0].inspection.verdict == 'good'


def test_an_unreadable_shot_is_counted_and_makes_no_result(bench) -> None:
    bench.pipeline.run(Shot(Arrival(Image(), 0), None, 0, {'rgb': 'ok', 'depth': 'lost'}))
    assert bench.out == []
    assert bench.tally.counts('inference') == {'unreadable': 1}


def test_an_empty_model_is_told_without_loading_anything() -> None:
    with pytest.raises(DcmdError, match='parameter model is empty'):
        load_inspector('', 'auto', 0, 'auto')


class Paired(Judge):
    """Two frames at once; each is judged when the test lets its stamp go."""

    at_once = 2

    def __init__(self, *options: object) -> None:
        super().__init__(*options)
        self.go = {stamp: threading.Event() for stamp in (1, 2)}

    def inspect(self, frame, roi=None, min_region_area=0) -> Inspection:
        assert self.go[frame.stamp].wait(60)
        if frame.rgb[0, 0, 0] == 13:
            raise ValueError('thirteen')
        return super().inspect(frame, roi, min_region_area)


@pytest.fixture
def paired(bench: SimpleNamespace) -> SimpleNamespace:
    bench.judged = threading.Semaphore(0)
    bench.pipeline._load, bench.pipeline._judged = Paired, bench.judged.release
    bench.pipeline.load()
    return bench


def coloured(stamp: int, level: int = 0) -> Shot:
    image = message(np.full((*SIZE, 3), level, np.uint8), 'rgb8', stamp)
    return Shot(image, None, 0, {'rgb': 'ok', 'depth': 'lost'})


def test_two_frames_are_inspected_at_once_and_delivered_in_their_order(
        paired: SimpleNamespace) -> None:
    pipeline, go = paired.pipeline, paired.pipeline.judge.go
    for stamp in (1, 2):
        assert pipeline.room
        pipeline.begin(coloured(stamp))
    assert not pipeline.room
    go[2].set()
    assert paired.judged.acquire(timeout=60)
    assert not pipeline.finish() and not paired.out
    go[1].set()
    assert paired.judged.acquire(timeout=60)
    assert pipeline.finish() and pipeline.finish() and not pipeline.finish()
    assert [result.inspection.stamp for result in paired.out] == [1, 2]
    assert pipeline.room and paired.tally.counts('inference')['results'] == 2


def test_a_frame_that_fails_gives_way_to_the_next(paired: SimpleNamespace) -> None:
    pipeline = paired.pipeline
    for stamp, level in ((1, 13), (2, 0)):
        pipeline.begin(coloured(stamp, level))
        pipeline.judge.go[stamp].set()
    with pytest.raises(ValueError, match='thirteen'):
        pipeline.finish(wait=True)
    assert pipeline.finish(wait=True)
    assert [result.inspection.stamp for result in paired.out] == [2]
