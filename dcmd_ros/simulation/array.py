"""The array that this part of the package works on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32 in memory; OpenCV's stubs do not say so
Mask = NDArray[np.bool_]
