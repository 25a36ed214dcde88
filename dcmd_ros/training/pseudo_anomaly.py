"""
Defects made up on good frames, for whoever has no defective parts to try a model with.

Masks from thresholded smooth noise and textures of other frames follow DRAEM (Zavrtanik et al.
2021); the geometric ones are ours. Sizes go by the part's area, heights by its relief and by the
sensor's noise, so that the same rules suit every part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Frame

Mask = NDArray[np.bool_]
Map = NDArray[np.float32]
Rng = np.random.Generator

FEWEST = 50               # pixels of a part that a defect is made on
_RADII = (0.05, 0.16)     # of the square root of the part's area
_LEAST_RADIUS = 2.5       # pixels
_RISE = (0.1, 0.6)        # of the part's relief
_LEAST_RISE = 6.0         # of the depth's noise
_SEEN = 0.05              # of the full change, from which on a pixel counts as defective


@dataclass(frozen=True)
class Scenery:
    """
    What a defect is made from.

    frame, donor  the good frame, and another one that lends its pixels; both with both sensors
    part          (H, W), where the frame's part is
    size          square root of the part's area, pixels
    relief        metres between the 5th and 95th percentile of the part's depth
    noise         metres, the depth's usual difference between neighbours
    """

    frame: Frame
    donor: Frame
    part: Mask
    size: float
    relief: float
    noise: float

    @property
    def rgb(self) -> NDArray[np.float32]:
        assert self.frame.rgb is not None
        return self.frame.rgb.astype(np.float32)

    @property
    def depth(self) -> Map:
        assert self.frame.depth is not None
        return self.frame.depth


@dataclass(frozen=True)
class PseudoAnomaly:
    """
    A frame with a defect.

    truth  (H, W), the defective pixels, on the part and at its rim
    kind   of KINDS
    """

    frame: Frame
    truth: Mask
    kind: str


Change = tuple[NDArray[np.float32] | None, Map | None, Map]  # rgb, depth, how much of it, 0..1
Make = Callable[[Scenery, Rng], Change]


def pseudo_anomaly(frame: Frame, donor: Frame, part: Mask, rng: Rng,
                   kind: str = '') -> PseudoAnomaly:
    """
    One defect on a good frame.

    :param donor: another good frame of the same size
    :param part: (H, W), with at least some tens of pixels
    :param kind: of KINDS; any, where it is empty
    """
    scenery = _scenery(frame, donor, part)
    kind = kind or str(rng.choice(list(KINDS)))
    rgb, depth, share = KINDS[kind](scenery, rng)
    changed = replace(
        frame,
        rgb=frame.rgb if rgb is None else np.clip(np.rint(rgb), 0, 255).astype(np.uint8),
        depth=frame.depth if depth is None else
        np.where(scenery.depth > 0, np.maximum(depth, 0), 0).astype(np.float32))
    near = cv2.dilate(part.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return PseudoAnomaly(changed, (share > _SEEN) & near, kind)


def _scenery(frame: Frame, donor: Frame, part: Mask) -> Scenery:
    assert frame.depth is not None
    measured = part & (frame.depth > 0)
    values = frame.depth[measured] if measured.any() else np.ones(1, np.float32)
    low, high = np.quantile(values, (0.05, 0.95))
    beside = measured[:, 1:] & measured[:, :-1]
    steps = np.abs(np.diff(frame.depth, axis=1))[beside]
    noise = float(np.median(steps)) if steps.size else 0.0
    return Scenery(frame, donor, part, float(np.sqrt(part.sum())), float(high - low), noise)


def _place(scenery: Scenery, rng: Rng) -> tuple[float, float]:
    """A random pixel (x, y) of the part."""
    rows, columns = np.nonzero(scenery.part)
    index = int(rng.integers(len(rows)))
    return float(columns[index]), float(rows[index])


def _radius(scenery: Scenery, rng: Rng) -> float:
    return max(scenery.size * float(rng.uniform(*_RADII)), _LEAST_RADIUS)


def _smooth_noise(shape: tuple[int, ...], cell: float, rng: Rng) -> Map:
    """(H, W) of smooth noise about -1..1 with features of `cell` pixels."""
    rough = rng.standard_normal([int(np.ceil(side / cell)) + 3 for side in shape[:2]])
    smooth = cv2.resize(rough.astype(np.float32), shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return (np.clip(smooth, -2, 2) / 2).astype(np.float32)


def _blob(scenery: Scenery, rng: Rng, radius: float = 0.0) -> Map:
    """(H, W) height of an irregular dome, 0..1, zero outside of it."""
    x, y = _place(scenery, rng)
    radius = radius or _radius(scenery, rng)
    rows, columns = np.ogrid[:scenery.part.shape[0], :scenery.part.shape[1]]
    angle, stretch = rng.uniform((0, 0.5), (np.pi, 1.0))
    dx, dy = columns - np.float32(x), rows - np.float32(y)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / stretch
    away = np.hypot(along, across).astype(np.float32) / np.float32(radius)
    away *= 1 + np.float32(0.35) * _smooth_noise(scenery.part.shape, radius, rng)
    return 0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1)).astype(np.float32)


def _patch(scenery: Scenery, rng: Rng) -> Map:
    """(H, W) 0..1 share of a blob with a clear edge."""
    return np.clip(_blob(scenery, rng) * 4, 0, 1).astype(np.float32)


def _line(scenery: Scenery, rng: Rng) -> Map:
    """(H, W) 0..1 share of a thin wandering line."""
    length = scenery.size * rng.uniform(0.15, 0.6)
    turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.35, 12))
    points = np.stack([np.cos(turns), np.sin(turns)], 1).cumsum(0) * (length / 12)
    points = points - points[6] + _place(scenery, rng)
    canvas = np.zeros(scenery.part.shape, np.uint8)
    width = max(1, round(scenery.size * float(rng.uniform(0.005, 0.025))))
    cv2.polylines(canvas, [np.rint(points).astype(np.int32).reshape(-1, 1, 2)], False, 255, width,
                  cv2.LINE_AA)
    return canvas.astype(np.float32) * np.float32(1 / 255)


def _rise(scenery: Scenery, rng: Rng) -> np.float32:
    """Metres by which a defect stands out."""
    usual = scenery.relief * float(rng.uniform(*_RISE))
    return np.float32(max(usual, _LEAST_RISE * scenery.noise))


def _mixed(image: NDArray[np.float32], other: NDArray[np.float32] | np.float32,
           share: Map) -> NDArray[np.float32]:
    weight = share[..., None] if image.ndim == 3 else share
    return image * (1 - weight) + other * weight


def _foreign_pixels(scenery: Scenery, rng: Rng) -> NDArray[np.float32]:
    """The donor's colour, flipped and moved, with other brightness."""
    assert scenery.donor.rgb is not None
    image = scenery.donor.rgb[::rng.choice((-1, 1)), ::rng.choice((-1, 1))]
    shift = rng.integers(-int(scenery.size), int(scenery.size) + 1, 2)
    moved = np.roll(image, shift.tolist(), (0, 1)).astype(np.float32)
    return moved * np.float32(rng.uniform(0.5, 1.6))


def _shaded(scenery: Scenery, change: Map, rng: Rng) -> NDArray[np.float32]:
    """The colour under light from some side, which shows a change of the depth more or less."""
    angle = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(angle) * cv2.Sobel(change, cv2.CV_32F, 1, 0)
             + np.sin(angle) * cv2.Sobel(change, cv2.CV_32F, 0, 1))
    steepest = max(float(np.abs(slope).max()), 1e-12)
    light = 1 + np.float32(rng.uniform(0, 0.4) / steepest) * slope.astype(np.float32)
    return scenery.rgb * light[..., None]


def _texture(scenery: Scenery, rng: Rng) -> Change:
    share = _patch(scenery, rng)
    strength = np.float32(rng.uniform(0.3, 0.9))
    return _mixed(scenery.rgb, _foreign_pixels(scenery, rng), share * strength), None, share


def _stain(scenery: Scenery, rng: Rng) -> Change:
    share = _patch(scenery, rng)
    tint = rng.uniform(0.35, 1.5, 3).astype(np.float32)
    return _mixed(scenery.rgb, scenery.rgb * tint, share), None, share


def _finish(scenery: Scenery, rng: Rng) -> Change:
    """The surface reflects in another way: fine mottling, or none left."""
    share = _patch(scenery, rng)
    if rng.random() < 0.5:
        other = np.asarray(cv2.GaussianBlur(scenery.rgb, (0, 0), float(rng.uniform(1.5, 4))),
                           np.float32)
    else:
        mottled = _smooth_noise(scenery.part.shape, float(rng.uniform(1, 4)), rng)
        other = scenery.rgb * (1 + np.float32(rng.uniform(0.2, 0.6)) * mottled[..., None])
    return _mixed(scenery.rgb, other, share), None, share


def _scratch(scenery: Scenery, rng: Rng) -> Change:
    share = _line(scenery, rng)
    colour = np.float32(rng.uniform(0, 255))
    rgb = _mixed(scenery.rgb, colour, share * np.float32(rng.uniform(0.4, 0.9)))
    depth = scenery.depth + share * _rise(scenery, rng) if rng.random() < 0.5 else None
    return rgb, depth, share


def _swell(scenery: Scenery, rng: Rng) -> Change:
    """A bump or a dent."""
    share = _blob(scenery, rng)
    change = share * (_rise(scenery, rng) * np.float32(rng.choice((-1, 1))))
    return _shaded(scenery, change, rng), scenery.depth + change, share


def _rough(scenery: Scenery, rng: Rng) -> Change:
    share = _patch(scenery, rng)
    height = np.float32(rng.uniform(0.3, 1.0)) * _rise(scenery, rng)
    change = share * height * _smooth_noise(scenery.part.shape, float(rng.uniform(3, 8)), rng)
    return _shaded(scenery, change, rng), scenery.depth + change, share


def _hole(scenery: Scenery, rng: Rng) -> Change:
    share = _patch(scenery, rng)
    dark = np.float32(rng.uniform(0.1, 0.6))
    return (_mixed(scenery.rgb, scenery.rgb * dark, share),
            scenery.depth + share * _rise(scenery, rng), share)


def _cut(scenery: Scenery, rng: Rng) -> Change:
    """A piece is gone: what is beside the part shows in its place."""
    rim = scenery.part & (cv2.erode(scenery.part.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0)
    share = _patch(replace(scenery, part=rim) if rim.any() else scenery, rng)
    outside = cv2.dilate(scenery.part.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    behind = outside & (scenery.depth > 0)
    if not behind.any():
        return _hole(scenery, rng)
    far = np.float32(np.median(scenery.depth[behind]))
    colour = np.median(scenery.rgb[outside], axis=0).astype(np.float32)
    return _mixed(scenery.rgb, colour, share), _mixed(scenery.depth, far, share), share


def _foreign(scenery: Scenery, rng: Rng) -> Change:
    dome = _blob(scenery, rng)
    share = np.clip(dome * 4, 0, 1).astype(np.float32)
    return (_mixed(scenery.rgb, _foreign_pixels(scenery, rng), share),
            (scenery.depth - np.sqrt(dome) * _rise(scenery, rng)).astype(np.float32), share)


def _warp(scenery: Scenery, rng: Rng) -> Change:
    """The part is pushed aside in one place, in both images."""
    share = _blob(scenery, rng, scenery.size * float(rng.uniform(0.12, 0.3)))
    push = scenery.size * rng.uniform(0.03, 0.08)
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.indices(scenery.part.shape).astype(np.float32)
    to_x = columns + share * np.float32(push * np.cos(angle))
    to_y = rows + share * np.float32(push * np.sin(angle))
    rgb = cv2.remap(scenery.rgb, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    depth = cv2.remap(scenery.depth, to_x, to_y, cv2.INTER_NEAREST,
                      borderMode=cv2.BORDER_REPLICATE)
    moved = np.where(depth > 0, depth, scenery.depth).astype(np.float32)
    return np.asarray(rgb, np.float32), moved, np.clip(share * 2 - 1, 0, 1).astype(np.float32)


KINDS: dict[str, Make] = {
    'texture': _texture, 'stain': _stain, 'finish': _finish, 'scratch': _scratch,
    'swell': _swell, 'rough': _rough, 'hole': _hole, 'cut': _cut, 'foreign': _foreign,
    'warp': _warp,
}
