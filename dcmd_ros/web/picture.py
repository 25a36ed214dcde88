"""Pictures as a browser takes them."""

from __future__ import annotations

import cv2
from numpy.typing import NDArray

LONGEST = 1280  # pixels of a side; larger pictures are scaled down
QUALITY = 85


def jpeg(rgb: NDArray, quality: int = QUALITY) -> bytes:
    """(H, W, 3) uint8, red first, as JPEG."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    scale = LONGEST / max(bgr.shape)
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
