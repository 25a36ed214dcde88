"""The loop over samples and conditions, with a small stand-in for the network."""

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dcmd_ros.evaluation import output
from dcmd_ros.evaluation.conditions import CONDITIONS, MODES
from dcmd_ros.evaluation.evaluate import (
    METRICS,
    EvaluationError,
    Observation,
    combined,
    evaluate,
    listed,
)
from dcmd_ros.evaluation.scores import csv_text
from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection
from dcmd_ros.training.datasets import Dataset, open_dataset

SIZE = (32, 40)
PLANE = 0.5
DENT, STAIN = (slice(4, 12), slice(5, 15)), (slice(18, 28), slice(20, 34))


class Ruler:
    """Judges by the distance from grey 100 and from PLANE; blind to what it is not shown."""

    def __init__(self) -> None:
        self.modes: list[str | None] = []

    def inspect(self, frame: Frame) -> Inspection:
        self.modes.append(frame.mode)
        evidence = np.zeros(frame.size, dtype=np.float32)
        if frame.rgb is not None:
            evidence += np.abs(frame.rgb.mean(axis=2) - 100) / 40
        if frame.depth is not None:
            evidence += np.where(frame.depth > 0, np.abs(frame.depth - PLANE) / 0.008, 0)
        values = evidence / (evidence + 1)
        trust = {'rgb': np.nan if frame.rgb is None else float(frame.rgb.any()),
                 'depth': np.nan if frame.depth is None else float((frame.depth > 0).mean())}
        score = float(values.max())
        return Inspection(frame.stamp, '', frame.mode or 'both',
                          'anomalous' if score >= 0.5 else 'good', score, values,
                          np.where(values >= 0.5, 255, 0).astype(np.uint8), trust)


def write_part(folder: Path, index: int, label: str, with_truth: bool = True) -> None:
    rng = np.random.default_rng([index, len(label)])
    rgb = np.clip(rng.normal(100, 3, (*SIZE, 3)), 0, 255)
    depth = rng.normal(PLANE, 0.0005, SIZE)
    truth = np.zeros(SIZE, dtype=np.uint8)
    if label == 'stain':
        rgb[STAIN] += 60
        truth[STAIN] = 255
    if label == 'dent':
        depth[DENT] += 0.015
        truth[DENT] = 255
    for kind in ('rgb', 'depth', *(['gt'] if truth.any() and with_truth else [])):
        image = {'rgb': rgb.astype(np.uint8), 'depth': np.rint(depth * 1e4).astype(np.uint16),
                 'gt': truth}[kind]
        path = folder / label / kind / f'{index:03d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)


def make_dataset(root: Path, category: str = 'bracket', parts: int = 6,
                 labels: tuple[str, ...] = ('good', 'dent', 'stain'),
                 with_truth: bool = True) -> Dataset:
    folder = root / category
    for label in labels:
        for index in range(parts):
            write_part(folder / 'test', index, label, with_truth)
    camera = {'width': SIZE[1], 'height': SIZE[0], 'fx': 50.0, 'fy': 50.0, 'cx': 19.5,
              'cy': 15.5, 'depth_unit_m': 1e-4, 'missing': 0}
    (folder / 'intrinsics.json').write_text(json.dumps(camera))
    return open_dataset(root, category)


@pytest.fixture(scope='module')
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='module')
def matrix(dataset: Dataset) -> dict:
    return evaluate(Ruler(), dataset, CONDITIONS, progress=False)


def test_the_result_has_the_contract_s_shape(matrix: dict) -> None:
    assert list(matrix['categories']) == ['bracket']
    assert set(matrix['categories']['bracket']) == set(CONDITIONS)
    assert matrix['mean'] == matrix['categories']['bracket']
    for figures in matrix['mean'].values():
        assert tuple(figures) == METRICS
        assert all(math.isnan(value) or 0 <= value <= 1 for value in figures.values())


def test_each_defect_is_seen_by_its_own_sensor_only(matrix: dict) -> None:
    kinds = {mode: matrix['detail']['bracket'][mode]['kinds'] for mode in MODES}
    assert matrix['mean']['both']['i_auroc'] == 1
    assert matrix['mean']['both']['aupro30'] > 0.95
    assert kinds['no_rgb']['dent'] == {'count': 6, 'i_auroc': 1.0, 'found': 1.0}
    assert kinds['no_depth']['stain'] == {'count': 6, 'i_auroc': 1.0, 'found': 1.0}
    assert 0.1 < kinds['no_rgb']['stain']['i_auroc'] < 0.9
    assert kinds['no_depth']['dent']['found'] == 0


def test_only_the_announced_modes_reach_the_inspector_as_such(dataset: Dataset) -> None:
    ruler = Ruler()
    evaluate(ruler, dataset, ('no_rgb', 'no_depth', 'missing_both_50'), progress=False)
    assert Counter(ruler.modes) == {'depth_only': 18, 'rgb_only': 18, 'both': 18}


def test_a_frame_that_conditions_share_is_inspected_once(dataset: Dataset) -> None:
    ruler = Ruler()
    found = evaluate(ruler, dataset, ('both', 'missing_rgb_30', 'missing_rgb_70'),
                     progress=False)
    assert len(ruler.modes) == 18 + round(0.7 * 18)
    assert len(found['scores']) == 3 * 18


def test_blinded_samples_alarm_and_are_counted(matrix: dict) -> None:
    assert matrix['mean']['both']['far'] == 0
    assert matrix['mean']['missing_rgb_70']['confidence_rgb'] == pytest.approx(1 - 13 / 18)
    blinded = [score for score in matrix['scores']
               if score.condition == 'missing_rgb_70' and score.confidence_rgb == 0]
    assert len(blinded) == 13
    assert matrix['mean']['missing_rgb_70']['far'] == pytest.approx(
        sum(not score.anomalous for score in blinded) / 6)


def test_confidence_follows_the_holes_and_is_undefined_for_an_absent_sensor(matrix: dict) -> None:
    trust = [matrix['mean'][name]['confidence_depth']
             for name in ('both', 'holes_10', 'holes_30', 'holes_50')]
    assert trust == pytest.approx([1, 0.9, 0.7, 0.5], abs=0.01)
    assert math.isnan(matrix['mean']['no_depth']['confidence_depth'])
    assert matrix['mean']['no_depth']['confidence_rgb'] == 1


def test_the_first_sample_s_frozen_depth_is_the_last_sample_s(dataset: Dataset) -> None:
    seen: list[Observation] = []
    evaluate(Ruler(), dataset, ('both', 'depth_frozen'), progress=False, observe=seen.append)
    depths = {(one.variant, one.sample): one.frame.depth for one in seen}
    names = [sample.name for sample in dataset.split('test')]
    for name, before in zip(names, [names[-1], *names[:-1]], strict=True):
        np.testing.assert_array_equal(depths['depth_frozen', name], depths['both', before])


def test_intervals_and_counts_stand_beside_the_figures(matrix: dict) -> None:
    detail = matrix['detail']['bracket']['both']
    assert (detail['good'], detail['defective']) == (6, 12)
    assert detail['verdicts'] == {'good': 6, 'anomalous': 12}
    assert detail['far_interval'] == pytest.approx((0, 0.3903), abs=1e-3)
    low, high = matrix['detail']['bracket']['no_rgb']['i_auroc_interval']
    assert low < matrix['mean']['no_rgb']['i_auroc'] < high


def test_the_same_run_gives_the_same_figures(matrix: dict, dataset: Dataset) -> None:
    again = evaluate(Ruler(), dataset, CONDITIONS, progress=False)
    assert output.plain(again['categories']) == output.plain(matrix['categories'])


def test_scores_csv_holds_every_sample_once_per_condition(matrix: dict) -> None:
    lines = csv_text(matrix['scores']).splitlines()
    assert lines[0].startswith('category,condition,sample,label,score,verdict,confidence_rgb')
    assert len(lines) == 1 + 18 * len(CONDITIONS)
    first = dict(zip(lines[0].split(','), lines[1].split(','), strict=True))
    assert float(first['score']) == matrix['scores'][0].score


def test_categories_are_averaged_over_those_that_have_the_figure(matrix: dict) -> None:
    def result(name: str, value: float) -> dict:
        return {'categories': {name: {'both': {'f1': value}}}, 'detail': {}, 'notes': [name],
                'scores': []}
    one = combined([result('a', 0.2), result('b', 0.6), result('c', float('nan'))])
    assert one['mean'] == {'both': {'f1': pytest.approx(0.4)}}
    assert list(one['categories']) == one['notes'] == ['a', 'b', 'c']
    assert math.isnan(combined([result('c', float('nan'))])['mean']['both']['f1'])


def test_defects_without_a_mask_count_in_the_image_figures_alone(tmp_path: Path) -> None:
    bare = make_dataset(tmp_path, parts=2, with_truth=False)
    found = evaluate(Ruler(), bare, ('both',), progress=False)
    assert found['mean']['both']['i_auroc'] == 1
    assert math.isnan(found['mean']['both']['aupro30'])
    assert any('4 defective samples have no truth mask' in note for note in found['notes'])


def test_samples_without_a_verdict_are_told(tmp_path: Path) -> None:
    class Blind(Ruler):
        def inspect(self, frame: Frame) -> Inspection:
            seen = super().inspect(frame)
            return replace(seen, verdict='unknown', score=math.nan) if frame.rgb is None else seen

    found = evaluate(Blind(), make_dataset(tmp_path, parts=2), ('both', 'no_rgb'), progress=False)
    [note] = [note for note in found['notes'] if 'no verdict' in note]
    assert '6 of 6 samples have no verdict under no_rgb' in note


def test_good_parts_alone_give_a_false_alarm_rate_and_notes(tmp_path: Path) -> None:
    good = make_dataset(tmp_path, parts=3, labels=('good',))
    found = evaluate(Ruler(), good, progress=False)
    assert found['mean']['both']['far'] == 0
    assert math.isnan(found['mean']['both']['i_auroc'])
    assert len([note for note in found['notes'] if 'image AUROC needs' in note]) == 1
    json.dumps(output.plain({**found, 'scores': []}), allow_nan=False)


def test_an_empty_split_is_named(dataset: Dataset) -> None:
    with pytest.raises(EvaluationError, match='bracket: no samples in its validation split'):
        evaluate(Ruler(), dataset, split='validation', progress=False)


def test_a_truth_of_another_size_is_named(tmp_path: Path) -> None:
    data = make_dataset(tmp_path, parts=1)
    cv2.imwrite(str(tmp_path / 'bracket/test/dent/gt/000.png'), np.ones((8, 8), np.uint8))
    with pytest.raises(EvaluationError, match='dent/000: the truth has 8x8 pixels.*40x32'):
        evaluate(Ruler(), data, progress=False)


def test_a_sample_of_one_sensor_does_not_count_where_that_one_is_taken(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    for folder, sensor in (('dent', 'rgb'), ('good', 'depth')):
        next(iter(sorted((dataset.folder / 'test' / folder / sensor).iterdir()))).unlink()
    ruler = Ruler()
    result = evaluate(ruler, dataset, CONDITIONS, progress=False)
    assert None not in ruler.modes
    counts = {name: part['good'] + part['defective']
              for name, part in result['detail']['bracket'].items()}
    samples = len(dataset.split('test'))
    assert (counts['both'], counts['no_rgb'], counts['no_depth']) == (
        samples, samples - 1, samples - 1)
    assert 'bracket: without a sensor under no_rgb, and not counted there: good/000' \
        in result['notes']
    assert listed(['a', 'b', 'c', 'd', 'e']) == 'a, b, c and 2 more'
