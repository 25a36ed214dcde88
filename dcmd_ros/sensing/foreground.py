"""
What is part and what is scene, by depth.

The scene is learnt: what every training frame shows is scene, what comes and goes or stands
differently each time is the part. So rails, fixtures and curved tables, which stand above a
plane too, are not taken for the part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing.pieces import Mask, Pieces, Window, around
from dcmd_ros.sensing.plane import Plane
from dcmd_ros.sensing.quantile import quantile

Depth = NDArray[np.float32]
InversePlane = tuple[float, float, float]

_COVERED = 0.1          # a pixel shows the scene in at least this share of the training frames
_RING_IS_PART = 0.4     # a static rise inside so much part is the part's own middle
_REACH = 4              # pixels around a window that what is in it depends on
_CLOSED = 3              # pixels; gaps of the part up to twice that are closed
_SMALLEST_PIECE = 0.03  # of the usual part; smaller pieces are specks
_PLANE_POINTS = 4000
_PLANE_TRIALS, _PLANE_JUDGES = 96, 800
_PLANE_TOLERANCE = 0.004  # of the distance


@dataclass(frozen=True)
class Scene:
    """
    What the camera sees without the part.

    plane      (a, b, c) of the support, 1/z = a*col + b*row + c, the training frames' median
    surface    (H, W) metres by which the scene itself stands above the frame's plane
    tolerance  metres above the surface from which on something is the part
    area       the part's usual share of the image
    reliable   False where the depth did not tell part from scene: then everything is part
    reason     why not, in plain words
    """

    plane: InversePlane
    surface: Depth
    tolerance: float
    area: float
    reliable: bool
    reason: str = ''


def support_plane(depth: Depth) -> InversePlane | None:
    """
    The plane that most of the depth (metres, 0 missing) lies on: 1/z = a*col + b*row + c.

    A plane in space is linear in inverse depth for any pinhole camera, so no intrinsics are
    needed. Consensus of random triples (fixed seed), then trimmed least squares.
    None where fewer than a tenth of the points agree.
    """
    step = max(1, int(np.sqrt(depth.size / _PLANE_POINTS)))
    z = depth[::step, ::step]
    rows, cols = np.nonzero(z > 0)
    if len(rows) < 50:
        return None
    points = np.stack([cols * step, rows * step, np.ones(len(rows))], axis=1, dtype=np.float64)
    inverse = 1.0 / z[rows, cols].astype(np.float64)
    scaled = points / inverse[:, None]
    best = _consensus(points, inverse)
    error = np.abs(scaled @ best - 1)
    if np.count_nonzero(error < _PLANE_TOLERANCE) < 0.1 * len(error):
        return None
    for _ in range(4):
        usual = quantile(error[error < _PLANE_TOLERANCE])
        best = _fitted(points, inverse, error < min(_PLANE_TOLERANCE, 4 * usual))
        error = np.abs(scaled @ best - 1)
    return float(best[0]), float(best[1]), float(best[2])


def _fitted(points: NDArray[np.float64], inverse: NDArray[np.float64],
            near: Mask) -> NDArray[np.float64]:
    """Least squares by the normal equations: three columns, well apart in float64."""
    chosen = points[near]
    return np.asarray(np.linalg.lstsq(
        chosen.T @ chosen, chosen.T @ inverse[near], rcond=None)[0], np.float64)


def _consensus(points: NDArray[np.float64], inverse: NDArray[np.float64]) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    triples = rng.integers(0, len(points), (_PLANE_TRIALS, 3))
    corners = points[triples]
    (ax, ay), (bx, by) = (corners[:, k, :2].T - corners[:, 0, :2].T for k in (1, 2))
    sound = np.abs(ax * by - ay * bx) > 1e-3 * np.ptp(points[:, :2]) ** 2
    if not sound.any():
        return np.array([0.0, 0.0, float(np.median(inverse))])
    planes = np.linalg.solve(corners[sound], inverse[triples[sound]][..., None])[..., 0]
    judges = rng.permutation(len(points))[:_PLANE_JUDGES]
    scaled = (points[judges] / inverse[judges, None]).astype(np.float32)
    errors = np.abs(planes.astype(np.float32) @ scaled.T - 1)
    return planes[np.argmax(np.count_nonzero(errors < _PLANE_TOLERANCE, axis=1))]


def plane_depth(plane: InversePlane, shape: tuple[int, int]) -> Depth:
    """(H, W) metres at which each pixel's ray meets the plane."""
    rows, cols = np.ogrid[:shape[0], :shape[1]]
    inverse = (plane[0] * cols).astype(np.float32) + (
        plane[1] * rows + plane[2]).astype(np.float32)
    np.maximum(inverse, np.float32(1e-6), out=inverse)
    return np.reciprocal(inverse, out=inverse)


def plane_in_space(plane: InversePlane, intrinsics: Intrinsics) -> Plane:
    """The same plane in metres, in the camera's optical frame."""
    a, b, c = plane
    inward = np.array([a * intrinsics.fx, b * intrinsics.fy,
                       a * intrinsics.cx + b * intrinsics.cy + c])
    length = max(float(np.linalg.norm(inward)), 1e-9)
    x, y, z = (-inward / length).tolist()
    return Plane((x, y, z), 1 / length)


def rise(depth: Depth, plane: InversePlane) -> tuple[Depth, Mask]:
    """
    Metres along the ray by which the depth stands above the plane, smoothed over 5x5 pixels.

    :returns: (H, W) rise, and where enough of the neighbourhood was seen to know it.
    """
    seen = depth > 0
    weight = seen.astype(np.float32)
    above = plane_depth(plane, depth.shape)
    above -= depth
    above *= weight
    share = cv2.GaussianBlur(weight, (5, 5), 1.2)
    known = share > 0.3
    smooth: Depth = np.asarray(cv2.GaussianBlur(above, (5, 5), 1.2), np.float32)
    smooth /= np.maximum(share, np.float32(1e-6), out=share)
    # Smoothing spreads a high part over its own edge: there the pixel itself has the say.
    edge = above < np.multiply(smooth, np.float32(0.5), out=weight)
    edge &= seen
    smooth *= known
    return np.asarray(cv2.copyTo(above, edge.view(np.uint8), smooth), np.float32), known


def learn_scene(depths: Sequence[Depth]) -> Scene:
    """Learns the scene from frames of good parts, (H, W) metres each, all of one size."""
    planes = [support_plane(depth) for depth in depths]
    found = [plane for plane in planes if plane is not None]
    if len(found) < 0.8 * len(depths):
        return _whole(depths[0].shape, found, 'no common support plane in the training depth')
    a, b, c = np.median(np.array(found), axis=0)
    usual: InversePlane = (float(a), float(b), float(c))
    pairs = [rise(d, p or usual) for d, p in zip(depths, planes, strict=True)]
    rises = np.stack([pair[0] for pair in pairs])
    known = np.stack([pair[1] for pair in pairs])
    surface = _lowest(rises, known)
    tolerance = _tolerance(rises - surface, known)
    surface = _without_part(surface, rises, known, tolerance)
    scene = Scene(usual, surface, tolerance, 0.0, True)
    masks = np.stack([_raised(r, k, scene) for r, k in pairs])
    return _judged(scene, masks)


def _whole(shape: tuple[int, ...], planes: list[InversePlane], reason: str) -> Scene:
    plane = planes[0] if planes else (0.0, 0.0, 1.0)
    return Scene(plane, np.zeros(shape[:2], np.float32), 0.0, 1.0, False, reason)


def _lowest(rises: Depth, known: Mask) -> Depth:
    """The surface that shows through in at least _COVERED of the frames."""
    ordered = np.sort(np.where(known, rises, np.inf), axis=0)
    count = known.sum(axis=0)
    index = np.minimum((count * _COVERED).astype(int), len(rises) - 1)
    lowest = np.take_along_axis(ordered, index[None], axis=0)[0]
    return np.where(count > 0.3 * len(rises), lowest, 0).astype(np.float32)


def _tolerance(residual: Depth, known: Mask) -> float:
    values = residual[known]
    centre = float(np.median(values))
    return centre + 6 * 1.4826 * float(np.median(np.abs(values - centre))) + 1e-6


def _without_part(surface: Depth, rises: Depth, known: Mask, tolerance: float) -> Depth:
    """Lets go of static rises that the part surrounds in most frames: a part's own middle."""
    raised = ((rises - surface > tolerance) & known).mean(axis=0)
    _, labels = cv2.connectedComponents((surface > tolerance).astype(np.uint8))
    surface = surface.copy()
    kernel = np.ones((5, 5), np.uint8)
    for label in np.unique(labels[labels > 0]):
        inside = labels == label
        ring = (cv2.dilate(inside.astype(np.uint8), kernel) > 0) & ~inside
        if ring.any() and raised[ring].mean() > _RING_IS_PART:
            surface[inside] = 0
    return surface


def _raised(height: Depth, known: Mask, scene: Scene) -> Mask:
    raised = (height - scene.surface > scene.tolerance) & known
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    return cv2.morphologyEx(raised.view(np.uint8), cv2.MORPH_OPEN, kernel) > 0


def _judged(scene: Scene, masks: Mask) -> Scene:
    areas = np.array([solid(mask, 0.0).mean() for mask in masks])
    usual = float(np.median(areas))
    reason = ''
    if usual < 0.003:
        reason = 'nothing stands out of the scene in the training depth'
    elif usual > 0.9:
        reason = 'the part fills the view'
    elif np.median(np.abs(areas - usual)) > 0.35 * usual:
        reason = 'what stands out of the scene differs too much between the training frames'
    if reason:
        return _whole(scene.surface.shape, [scene.plane], reason)
    return Scene(scene.plane, scene.surface, scene.tolerance, usual, True)


def solid(mask: Mask, area: float) -> Mask:
    """
    The mask without specks and with its holes and narrow gaps closed.

    A hole in the part may be the defect: it has to stay inside the foreground.
    :param area: the part's usual share of the image; pieces far smaller are dropped.
    """
    result = np.zeros_like(mask)
    near = around(mask, 2 * _CLOSED)  # further away nothing closes
    result[near] = _solid(mask[near], area * mask.size)
    return result


def _solid(mask: Mask, usual: float) -> Mask:
    """:param usual: the part's usual area in pixels"""
    side = 2 * _CLOSED + 1
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE,
                              cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    pieces = Pieces(closed > 0)
    smallest = _SMALLEST_PIECE * max(usual, float(pieces.area.max(initial=0)))
    kept = pieces.kept(pieces.area >= smallest).astype(np.uint8)
    outlines, _ = cv2.findContours(kept, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(kept, outlines, -1, 1, cv2.FILLED)
    return kept > 0


@dataclass(frozen=True)
class Foreground:
    """
    The part as depth shows it.

    mask   (H, W) what stands above the scene
    known  (H, W) where depth could tell
    plane  the frame's support plane
    """

    mask: Mask
    known: Mask
    plane: InversePlane


def find_part(depth: Depth, scene: Scene, window: Window | None = None) -> Foreground:
    """
    Where the part is, by depth of the scene's size; everything where the scene failed.

    :param window: rows and columns that it is asked for; elsewhere mask and known are False.
    """
    plane = support_plane(depth) or scene.plane
    if not scene.reliable:
        everywhere = np.ones(depth.shape, bool)
        return Foreground(everywhere, everywhere, plane)
    if window is None:
        height, known = rise(depth, plane)
        return Foreground(_raised(height, known, scene), known, plane)
    rows, columns = (slice(max(s.start - _REACH, 0), s.stop + _REACH) for s in window)
    a, b, c = plane
    height, known = rise(depth[rows, columns], (a, b, a * columns.start + b * rows.start + c))
    raised = _raised(height, known, replace(scene, surface=scene.surface[rows, columns]))
    whole = np.zeros((2, *depth.shape), bool)
    whole[:, rows, columns] = raised, known
    return Foreground(whole[0], whole[1], plane)


def part_by_depth(depth: Depth, scene: Scene) -> Mask:
    """(H, W) the part as depth shows it, without specks and with its holes closed."""
    return solid(find_part(depth, scene).mask, scene.area)
