"""Pictures of one inspection: what the sensors saw, the truth, and the anomaly map."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Frame
from dcmd_ros.inspection import THRESHOLD, Inspection

Picture = NDArray[np.uint8]

GAP = 6
CAPTION = 22
BACKGROUND = (24, 26, 30)
INK = (232, 234, 238)
TRUTH = (255, 70, 60)
CONTOUR = (70, 230, 255)
LOWEST, WIDEST = 256, 420  # pixels of a tile's height and width
PANEL_WIDTH = 1150  # pixels, in a report


def hatch(size: tuple[int, int]) -> Picture:
    """Diagonal grey stripes: nothing was measured here."""
    rows, columns = np.indices(size)
    stripes = np.where((rows + columns) // 4 % 2, 62, 92).astype(np.uint8)
    return np.repeat(stripes[..., None], 3, axis=2)


def colours(values: NDArray[np.floating], colormap: int) -> Picture:
    """RGB of values in [0, 1]."""
    grey = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(grey, colormap)[..., ::-1], dtype=np.uint8)


def rgb_picture(frame: Frame) -> Picture:
    """The colour image, stripes where there is none."""
    return hatch(frame.size) if frame.rgb is None else frame.rgb


def depth_picture(frame: Frame) -> Picture:
    """Near is bright, the middle 98 % of the depths fill the scale, stripes where missing."""
    picture = hatch(frame.size)
    if frame.depth is None or not (valid := frame.depth > 0).any():
        return picture
    near, far = np.percentile(frame.depth[valid], [1, 99])
    scaled = (far - frame.depth) / max(float(far - near), 1e-6)
    picture[valid] = colours(scaled, cv2.COLORMAP_VIRIDIS)[valid]
    return picture


def outlined(picture: Picture, mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> Picture:
    """The picture with the borders of a mask drawn on it."""
    found = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = np.ascontiguousarray(picture)
    cv2.drawContours(drawn, found[-2], -1, colour, 1)
    return drawn


def truth_picture(frame: Frame, truth: NDArray[np.bool_] | None) -> Picture:
    """The dimmed colour image with the true defect in red."""
    dimmed = (rgb_picture(frame) * 0.45).astype(np.uint8)
    if truth is None or not truth.any():
        return dimmed
    dimmed[truth] = (0.5 * dimmed[truth] + 0.5 * np.array(TRUTH)).astype(np.uint8)
    return outlined(dimmed, truth, TRUTH)


def map_picture(inspection: Inspection) -> Picture:
    """The map from 0 (black) to 1 (yellow), a line round what reaches the threshold."""
    return coloured(inspection.map, inspection.mask > 0)


def coloured(scores: NDArray[np.floating], alarmed: NDArray[np.bool_]) -> Picture:
    """Scores from 0 (black) to 1 (yellow), a line round some of them."""
    scored = ~np.isnan(scores)
    picture = hatch((scores.shape[0], scores.shape[1]))
    picture[scored] = colours(np.nan_to_num(scores), cv2.COLORMAP_INFERNO)[scored]
    return outlined(picture, alarmed, CONTOUR)


def resized(picture: Picture) -> Picture:
    """The picture, at least LOWEST high if that leaves it at most WIDEST wide."""
    height, width = picture.shape[:2]
    scale = min(max(1, LOWEST / height), WIDEST / width)
    if scale == 1:
        return picture
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    size = (max(1, round(width * scale)), round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=how), dtype=np.uint8)


def captioned(picture: Picture, text: str) -> Picture:
    """The resized picture under a line of text."""
    tile = resized(picture)
    bar = np.full((CAPTION, tile.shape[1], 3), BACKGROUND, dtype=np.uint8)
    cv2.putText(bar, text, (2, CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    return np.concatenate([bar, tile])


def number(value: float) -> str:
    return 'absent' if np.isnan(value) else f'{value:.2f}'


def panel(frame: Frame, truth: NDArray[np.bool_] | None, inspection: Inspection,
          name: str) -> Picture:
    """RGB, depth, truth and map side by side, captioned: (H, W, 3) uint8, red first."""
    trust = inspection.confidence
    missing_truth = '' if truth is not None or name.startswith('good') else ' (not given)'
    tiles = [captioned(rgb_picture(frame), f'RGB  trust {number(trust["rgb"])}'),
             captioned(depth_picture(frame), f'depth  trust {number(trust["depth"])}'),
             captioned(truth_picture(frame, truth), f'{name} truth{missing_truth}'),
             captioned(map_picture(inspection),
                       f'map  {inspection.score:.3f} {inspection.verdict}')]
    return side_by_side(tiles)


def overlay_panel(overlay: Picture, truth: NDArray[np.bool_] | None,
                  scores: NDArray[np.float32] | None, name: str) -> Picture:
    """The inspector's own overlay, the truth and the map where they are known, captioned."""
    tiles = [captioned(overlay, f'{name}: overlay')]
    if truth is not None and truth.shape == overlay.shape[:2]:
        dimmed = (overlay * 0.45).astype(np.uint8)
        tiles.append(captioned(outlined(dimmed, truth, TRUTH), 'truth'))
    if scores is not None and scores.shape == overlay.shape[:2]:
        tiles.append(captioned(coloured(scores, np.nan_to_num(scores) >= THRESHOLD), 'map'))
    return side_by_side(tiles)


def side_by_side(tiles: Sequence[Picture]) -> Picture:
    """Tiles of one height with a border round each."""
    rows = tiles[0].shape[0]
    gap = np.full((rows, GAP, 3), BACKGROUND, dtype=np.uint8)
    strip = np.concatenate([part for tile in tiles for part in (tile, gap)][:-1], axis=1)
    return cv2.copyMakeBorder(strip, GAP, GAP, GAP, GAP, cv2.BORDER_CONSTANT,
                              value=BACKGROUND).astype(np.uint8)


def narrowed(picture: Picture) -> Picture:
    """At most PANEL_WIDTH pixels wide."""
    height, width = picture.shape[:2]
    if width <= PANEL_WIDTH:
        return picture
    size = (PANEL_WIDTH, round(height * PANEL_WIDTH / width))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def panel_name(category: str, sample: str) -> str:
    """The panel's file name, `dcmd_cable_gland_cut_003.png` of sample `cut/003`."""
    return f'dcmd_{category}_{sample.replace("/", "_")}.png'


def encoded(picture: Picture, extension: str = '.png') -> bytes:
    """The bytes of a PNG or JPEG file of an RGB picture."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 85] if extension == '.jpg' else []
    return cv2.imencode(extension, picture[..., ::-1], quality)[1].tobytes()
