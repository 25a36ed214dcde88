"""Quantiles are NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.sensing.quantile import quantile


@pytest.mark.parametrize('kind', [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize('count', [1, 2, 3, 10, 1001])
def test_it_says_what_numpy_says(kind: type, count: int) -> None:
    values = np.random.default_rng(count).uniform(0, 255, count).astype(kind)
    assert quantile(values) == pytest.approx(np.median(values))
    for share in (0.0, 0.3, 0.8, 1.0):
        assert quantile(values, share) == pytest.approx(np.quantile(values, share))
