"""What a run gathers while frames stream by."""

import gc
import json
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest
from run_rig import NAN, START, moment, run, without_depth

from dcmd_ros.evaluation.lapses import lapses
from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.evaluation.worst import Worst
from dcmd_ros.frame import Frame
from dcmd_ros.training.truth import Truth, read_labels

TENTH = 100_000_000


def test_the_worst_few_are_kept_in_whatever_order_they_come() -> None:
    rng = np.random.default_rng(3)
    values = [*rng.integers(0, 20, 200).astype(float), NAN]
    worst, drawn = Worst(5), []
    for stamp, value in enumerate(values):
        worst.offer('good', value, stamp, lambda s=stamp: drawn.append(s) or str(s).encode())
    ranked = sorted(range(200), key=lambda stamp: (-values[stamp], stamp))[:5]
    assert [one.stamp for one in worst.pile('good')] == ranked
    assert [one.jpeg for one in worst.pile('good')] == [str(s).encode() for s in ranked]
    assert len(drawn) < 60
    assert worst.pile('other') == []


def test_no_frame_is_kept_in_memory() -> None:
    made = Run('belt', 'm.pth')
    frames = []
    for index in range(30):
        frame = Frame(0, rgb=np.full((20, 30, 3), 90, np.uint8))
        frames.append(weakref.ref(frame))
        made.add(moment(index, index / 40), frame, np.full((20, 30), 0.2, np.float32))
    del frame
    gc.collect()
    assert all(one() is None for one in frames)
    assert len(made.pictures.pile('good')) == 6


def test_the_worst_false_alarm_scores_highest_and_the_worst_miss_lowest() -> None:
    made = Run('belt', 'm.pth')
    cases = [('good', 0.3), ('good', 0.9), ('good', NAN), ('dent', 0.8), ('dent', 0.2),
             ('dent', NAN), (None, 0.7), (None, 0.95)]
    frame = Frame(0, rgb=np.full((20, 30, 3), 90, np.uint8))
    for index, (label, score) in enumerate(cases):
        made.add(moment(index, score, label), frame, np.full((20, 30), 0.2, np.float32))
    made.add(moment(8, 0.99, verdict='no_part'), frame, np.full((20, 30), 0.99, np.float32))
    order = {pile: [(one.stamp - START) // TENTH for one in made.pictures.pile(pile)]
             for pile in ('good', 'defective', 'unlabelled')}
    assert order == {'good': [1, 0, 2, 8], 'defective': [5, 4, 3], 'unlabelled': [7, 6]}
    picture = cv2.imdecode(np.frombuffer(made.pictures.pile('good')[0].jpeg, np.uint8), 1)
    assert picture.shape[1] > 3 * picture.shape[0]


def test_pixel_figures_are_of_the_maps_whose_truth_is_known() -> None:
    made = Run('belt', 'm.pth')
    values = np.array([[0.9, 0.1, 0.2, 0.3]], np.float32)
    mask = np.array([[True, False, False, False]])
    made.add(moment(0, 0.9, 'dent'), None, values, mask)
    made.add(moment(1, 0.9, 'dent'), None, values)
    made.add(moment(2, 0.9, None), None, values)
    made.add(moment(3, 0.9, 'dent'), Frame(0, rgb=np.zeros((1, 4, 3), np.uint8)), values,
             np.ones((3, 3), bool))
    made.add(moment(4, 0.1, 'good'), None, values / 9)
    made.add(moment(5, 0.1, 'good'))
    assert made.pixels.good.sum() == 3 + 4 and made.pixels.defective.sum() == 1
    assert made.pixels.metrics()['p_auroc'] == 1
    assert dict(made.unmeasured) == {'they are defective and have no mask': 1,
                                     'their mask has another size than the map': 1}


def test_a_moment_is_written_and_read_back() -> None:
    one = without_depth(3, 0.25, None)
    again = Moment.read(json.loads(json.dumps(one.written())))
    assert json.dumps(again.written()) == json.dumps(one.written())
    assert again.stamp == one.stamp and np.isnan(again.confidence['depth'])


@pytest.mark.parametrize(('mode', 'states', 'cause'), [
    ('rgb_only', ('ok', 'lost'), 'depth lost'), ('rgb_only', ('ok', 'ok'), 'depth absent'),
    ('depth_only', ('late', 'ok'), 'rgb late'), ('both', ('ok', 'frozen'), 'depth frozen'),
    ('both', ('degraded', 'degraded'), 'rgb degraded, depth degraded'),
    ('both', ('ok', 'late'), 'degraded')])
def test_a_degraded_result_s_cause_is_named(mode: str, states: tuple[str, str],
                                            cause: str) -> None:
    more = {'mode': mode, 'state': dict(zip(('rgb', 'depth'), states, strict=True))}
    assert moment(0, 0.1, degraded=True, **more).shortfall == cause
    assert moment(0, 0.1, degraded=False, **more).shortfall == ''


def test_neighbours_of_one_cause_are_one_lapse_until_the_next_result() -> None:
    kinds = [moment, without_depth, without_depth, moment, without_depth]
    found = lapses([make(i, 0.1) for i, make in enumerate(kinds)] +
                   [without_depth(5, 0.1, state='frozen'), without_depth(90, 0.1, state='frozen')])
    assert [((one.first - START) // TENTH, (one.last - START) // TENTH, one.cause,
             len(one.moments)) for one in found] == [
        (1, 3, 'depth lost', 2), (4, 5, 'depth lost', 1), (5, 6, 'depth frozen', 1),
        (90, 91, 'depth frozen', 1)]
    assert lapses([]) == [] and len(lapses([without_depth(0, 0.1)])) == 1


def test_settling_gives_the_labels_that_frame_numbers_meant(tmp_path: Path) -> None:
    (tmp_path / 'l.csv').write_text('first,last,label\n0,1,good\n2,7,dent\n')
    made = run({None: [0.1, 0.2, 0.9]})
    made.settle(read_labels(tmp_path / 'l.csv'))
    assert [one.label for one in made.moments] == ['good', 'good', 'dent']
    assert len(made.notes) == 1
    made.settle(Truth())
    assert [one.label for one in made.moments] == ['good', 'good', 'dent']
