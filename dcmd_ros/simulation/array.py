"""The array that this part of the package works on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32 in memory; OpenCV's stubs do not say so
# Images of several planes are planar, (3, H, W): several times faster here than (H, W, 3).
Mask = NDArray[np.bool_]
