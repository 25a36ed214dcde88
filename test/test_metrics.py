"""Each figure against a hand-computed case and against scikit-learn."""

import warnings

import cv2
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from dcmd_ros.evaluation import metrics
from dcmd_ros.evaluation.metrics import MetricWarning, PixelScores

RNG = np.random.default_rng(7)
# One row: region A is pixels 0 and 1, region B pixel 4; five good pixels.
ROW_TRUTH = np.array([[1, 1, 0, 0, 1, 0, 0, 0]], dtype=bool)
ROW = np.array([[0.9, 0.6, 0.85, 0.7, 0.8, 0.5, 0.4, 0.3]])


def pixel_scores(*pairs: tuple[np.ndarray, np.ndarray | None]) -> PixelScores:
    scores = PixelScores()
    for values, truth in pairs:
        scores.add(values, truth)
    return scores


def aupro(limit: float, *pairs: tuple[np.ndarray, np.ndarray | None]) -> float:
    return pixel_scores(*pairs).metrics()[f'aupro{round(100 * limit)}']


def blobs(squash=lambda z: 1 / (1 + np.exp(-z))) -> tuple[list[np.ndarray], list[np.ndarray]]:
    maps, truths = [], []
    for index in range(8):
        truth = np.zeros((120, 120), dtype=bool)
        for row, column in RNG.integers(10, 100, (3, 2)) if index % 2 else ():
            truth[row:row + int(RNG.integers(3, 14)), column:column + 9] = True
        noise = cv2.GaussianBlur(RNG.standard_normal((120, 120)).astype(np.float32), (0, 0), 2)
        values = squash(6 * noise + 2 * truth - 2).astype(np.float32)
        values[:, :30] = 0
        maps.append(values)
        truths.append(truth)
    return maps, truths


def sorted_aupro(maps: list[np.ndarray], truths: list[np.ndarray], limit: float) -> float:
    """The definition, with every pixel sorted."""
    labels = [cv2.connectedComponents(t.astype(np.uint8), connectivity=8)[1] for t in truths]
    shares = [np.select([lab == k for k in range(1, lab.max() + 1)],
                        [1 / np.sum(lab == k) for k in range(1, lab.max() + 1)], 0.0)
              if lab.max() else np.zeros(lab.shape) for lab in labels]
    values, share = np.concatenate(maps, None), np.concatenate(shares, None)
    good = ~np.concatenate(truths, None)
    order = np.argsort(-values, kind='stable')
    steps = np.append(np.flatnonzero(np.diff(values[order])), order.size - 1)
    x = np.append(0, np.cumsum(good[order])[steps] / good.sum())
    y = np.append(0, np.cumsum(share[order])[steps] / sum(lab.max() for lab in labels))
    inside = x <= limit
    x, y = np.append(x[inside], limit), np.append(y[inside], np.interp(limit, x, y))
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2 / limit)


def test_image_auroc_counts_ordered_pairs_and_half_of_the_ties() -> None:
    anomalous, scores = [1, 1, 0, 0, 0], [0.9, 0.4, 0.4, 0.2, 0.8]
    assert metrics.i_auroc(anomalous, scores) == pytest.approx((3 + 0.5 + 1) / 6)


def test_image_figures_agree_with_scikit_learn_with_ties() -> None:
    anomalous = RNG.random(300) < 0.4
    scores = np.round(np.clip(RNG.normal(0.4 + 0.2 * anomalous, 0.2), 0.01, 0.99), 2)
    found = metrics.image_metrics(anomalous, scores)
    assert found['i_auroc'] == pytest.approx(roc_auc_score(anomalous, scores), abs=1e-12)
    assert found['image_aupr'] == pytest.approx(average_precision_score(anomalous, scores))
    assert found['f1'] == pytest.approx(f1_score(anomalous, scores >= 0.5))
    assert found['far'] == pytest.approx(np.mean(scores[~anomalous] >= 0.5))


def test_a_score_exactly_on_the_threshold_is_an_alarm() -> None:
    assert metrics.far([0, 0, 1], [0.5, 0.499, 0.9]) == 0.5
    assert metrics.f1([1, 0], [0.5, 0.1]) == 1


def test_a_part_that_could_not_be_scored_is_a_miss_and_no_false_alarm() -> None:
    assert metrics.i_auroc([1, 0], [np.nan, 0.001]) == 0
    assert metrics.far([0, 0], [np.nan, 0.9]) == 0.5
    assert metrics.f1([1, 1], [np.nan, 0.9]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(('anomalous', 'undefined'), [
    ([0, 0], {'i_auroc', 'image_aupr', 'f1'}), ([1, 1], {'i_auroc', 'image_aupr', 'far'})])
def test_one_class_gives_nan_and_a_warning(anomalous: list[int], undefined: set[str]) -> None:
    with pytest.warns(MetricWarning, match='samples'):
        found = metrics.image_metrics(anomalous, [0.2, 0.7])
    assert {name for name, value in found.items() if np.isnan(value)} == undefined


def test_no_defect_pixels_give_nan_and_a_warning() -> None:
    with pytest.warns(MetricWarning, match='with and without'):
        assert np.isnan(list(pixel_scores((ROW, None)).metrics().values())).all()
    with pytest.warns(MetricWarning):
        assert np.isnan(list(PixelScores().metrics().values())).all()


def test_aupro_of_a_row_computed_by_hand() -> None:
    """Overlap is 0.25 up to a false-positive rate of 0.2, then 0.75 up to 0.4, then 1."""
    pair = (ROW, ROW_TRUTH)
    assert aupro(0.30, pair) == pytest.approx((0.2 * 0.25 + 0.1 * 0.75) / 0.3)
    assert aupro(0.01, pair) == pytest.approx(0.25)


def test_tied_pixels_are_one_slope_and_the_end_point_is_interpolated() -> None:
    assert aupro(0.30, (np.full((1, 8), 0.5), ROW_TRUTH)) == pytest.approx(0.15)


def test_pixels_that_touch_at_a_corner_are_one_region() -> None:
    truth = np.zeros((4, 4), dtype=bool)
    truth[0, 0] = truth[1, 1] = truth[3, 3] = True
    values = np.where(truth, 0.9, 0.1)
    values[0, 0] = 0.0  # half of the first of two regions is missed
    assert aupro(0.30, (values, truth)) == pytest.approx((0.5 + 1) / 2)


def test_good_images_without_truth_count_as_false_positive_pixels() -> None:
    """With 15 good pixels more below, the rates fall to a quarter: 0.25 up to 0.05, then on."""
    diluted = aupro(0.30, (ROW, ROW_TRUTH), (np.full((1, 15), 0.01), None))
    assert diluted == pytest.approx((0.05 * 0.25 + 0.05 * 0.75 + 0.2) / 0.3)


def test_perfect_maps_give_exactly_one() -> None:
    found = pixel_scores(*[(np.where(ROW_TRUTH, 0.9, ROW / 3), ROW_TRUTH)] * 7).metrics()
    assert set(found.values()) == {1.0}


def test_nan_pixels_count_as_the_lowest_score() -> None:
    holes = np.where(ROW > 0.84, np.nan, ROW)
    zeros = np.where(ROW > 0.84, 0.0, ROW)
    assert pixel_scores((holes, ROW_TRUTH)).metrics() == pixel_scores((zeros, ROW_TRUTH)).metrics()


@pytest.mark.parametrize('squash', [
    lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (1 + np.exp(-z - 8)),
    lambda z: 1 / (1 + np.exp(12 - z)), lambda z: 0.3 + 0.03 * z / (1 + np.abs(z))],
    ids=['sigmoid', 'crowded at 1', 'crowded at 0', 'crowded at 0.3'])
def test_levels_agree_with_sorting_every_pixel(squash) -> None:
    maps, truths = blobs(squash)
    found = pixel_scores(*zip(maps, truths, strict=True)).metrics()
    values, truth = np.concatenate(maps, None), np.concatenate(truths, None)
    assert found['p_auroc'] == pytest.approx(roc_auc_score(truth, values), abs=1e-4)
    assert found['pixel_aupr'] == pytest.approx(average_precision_score(truth, values), abs=1e-4)
    assert found['aupro30'] == pytest.approx(sorted_aupro(maps, truths, 0.30), abs=1e-4)
    assert found['aupro1'] == pytest.approx(sorted_aupro(maps, truths, 0.01), abs=1e-4)


def test_levels_keep_the_order_over_the_whole_range() -> None:
    values = np.array([-0.0, 0, 1e-30, 1e-6, 0.1, 0.4999, 0.5, 0.5001, 0.9, 1 - 1e-6, 1],
                      dtype=np.float32)
    levels = metrics.levels_of(values)
    assert levels[0] == levels[1] == 0
    assert levels[-1] == metrics.LEVELS - 1
    assert (np.diff(levels[1:]) > 0).all()


def test_a_map_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match='0, 1'):
        pixel_scores((np.array([[1.5]]), None))


def test_wilson_interval_of_published_values() -> None:
    """5 of 20: 0.1119 to 0.4687; none of 20: 0 to 0.1611."""
    assert metrics.wilson_interval(5, 20) == pytest.approx((0.1119, 0.4687), abs=1e-4)
    assert metrics.wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert metrics.wilson_interval(0, 0) == (0.0, 1.0)


def test_bootstrap_interval_surrounds_the_figure_and_shrinks_with_the_sample() -> None:
    def width(repeat: int) -> float:
        anomalous = np.tile([0, 0, 0, 1, 1, 1], 4 * repeat)
        scores = np.tile([0.1, 0.3, 0.6, 0.2, 0.7, 0.8], 4 * repeat)
        low, high = metrics.auroc_interval(anomalous, scores, np.random.default_rng(0))
        assert low < metrics.i_auroc(anomalous, scores) < high
        return high - low
    assert width(16) == pytest.approx(width(1) / 4, rel=0.15)


def test_bootstrap_interval_counts_ties_half_and_needs_both_classes() -> None:
    rng = np.random.default_rng(0)
    assert metrics.auroc_interval([0, 1, 1], [0.3, 0.3, 0.3], rng) == (0.5, 0.5)
    assert np.isnan(metrics.auroc_interval([1, 1], [0.3, 0.4], rng)).all()


def test_the_figures_do_not_warn_where_they_are_defined() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        metrics.image_metrics([0, 1], [0.1, 0.9])
        pixel_scores((ROW, ROW_TRUTH)).metrics()
