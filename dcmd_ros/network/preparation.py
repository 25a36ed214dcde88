"""Frame -> what the network looks at. One piece, for training and inspection alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NoReturn, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Frame, Intrinsics, Modality
from dcmd_ros.inspection import Presence
from dcmd_ros.network.lanes import Lanes
from dcmd_ros.network.picture import Paint, Picture, picture_of
from dcmd_ros.network.placement import placement
from dcmd_ros.network.quality import Quality, Ranges, confidence
from dcmd_ros.network.resizing import Box, crop, resized
from dcmd_ros.network.shape import Shape, shape_of
from dcmd_ros.sensing.foreground import (
    InversePlane,
    Scene,
    find_part,
    plane_in_space,
    solid,
)
from dcmd_ros.sensing.presence import Limits, limits, whole_pieces

Mask = NDArray[np.bool_]
Colour = NDArray[np.uint8]
Outliner = Callable[[Colour], Mask]
T = TypeVar('T')
Roi = tuple[int, int, int, int]

MARGIN = 0.06   # of the training parts' extent, by which the box is wider on each side
_CLEAR = 0.75   # of that, which a part wholly in view keeps free: it may be bent, or lie a bit off
_RIM = 0.016  # of the network's input, by which the foreground is wider than the part


@dataclass(frozen=True)
class View:
    """
    How the network looks at a frame.

    intrinsics  of the images, whose size every frame is brought to
    box         left, top, side in pixels of the square that holds all training parts
    size        S, side of the network's input
    sigma       of the depth's smoothing, pixels
    luminance   the part's usual median brightness, 0..255, which every part is brought to
    backdrop    red, green, blue that stand for the scene, 0..255
    """

    intrinsics: Intrinsics
    box: Box
    size: int
    sigma: float
    luminance: float
    backdrop: tuple[float, float, float]

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the box that are in the image."""
        left, top, side = self.box
        return (slice(max(top, 0), min(top + side, self.intrinsics.height)),
                slice(max(left, 0), min(left + side, self.intrinsics.width)))

    @property
    def camera(self) -> Intrinsics:
        """Of the box alone."""
        (left, top, side), whole = self.box, self.intrinsics
        return replace(whole, width=side, height=side, cx=whole.cx - left, cy=whole.cy - top)

    @property
    def area(self) -> float:
        """The box's share of the image."""
        return self.box[2] ** 2 / (self.intrinsics.width * self.intrinsics.height)

    @property
    def margin(self) -> float:
        """Pixels between the training parts and the box's border."""
        return self.box[2] * MARGIN / (1 + 2 * MARGIN)


@dataclass(frozen=True)
class Prepared:
    """
    One frame as the network sees it.

    foreground  (S, S) bool, the part with a narrow rim, since a defect may have taken the edge
    colour      (S, S, 3) float32 about -1..1, the scene painted over; None where RGB is absent
    normals     (S, S, 3) float32 unit, z away from the support; None where depth is absent
    valid       (S, S) bool, false on the part where its depth is missing
    quality     of each modality that is present
    trust       in each modality that is present, 0..1, by its quality alone; empty where what is
                usual is not known
    presence    whether the part is wholly in view; where it is not, there is no foreground
    centre      of what is there of the part, as `Inspection` has it
    """

    foreground: Mask
    colour: NDArray[np.float32] | None
    normals: NDArray[np.float32] | None
    valid: Mask | None
    quality: dict[Modality, Quality]
    presence: Presence = 'whole'
    centre: tuple[float, float] = (0.0, 0.0)
    trust: Mapping[Modality, float] = field(default_factory=dict)


class Preparation:
    """Crops, masks and turns a frame into colour and normals in the support's frame."""

    def __init__(self, view: View, scene: Scene, outliner: Outliner | None = None,
                 gated: bool = False, lanes: Lanes | None = None,
                 usual: Mapping[str, Ranges] | None = None) -> None:
        """
        :param outliner: (S, S, 3) uint8 -> (S, S) bool, the part by colour. Without it colour
            finds no part.
        :param gated: a part that is not wholly in view is none.
        :param lanes: look at colour and depth side by side.
        :param usual: quality of each modality in training. Without it none is doubted.
        """
        self.view, self.scene, self.outliner, self._lanes = view, scene, outliner, lanes
        self.usual = usual or {}
        self._gated = gated and scene.reliable

    def __call__(self, frame: Frame, roi: Roi | None = None) -> Prepared:
        """
        :param frame: of the view's size, with colour or depth.
        :param roi: x, y, width, height in pixels; what lies outside is no part.
        """
        box, size = self.view.box, self.view.size
        found = self._part(frame)
        if roi is not None:
            found = found.inside(crop(_inside(frame.size, roi), box))
        presence: Presence = 'whole'
        seen = found.part
        if self._gated:
            found, presence = self._gate(found, limits(frame.size, box, self._margin(frame), roi))
        centre = self._centre(found.part if found.part.any() else seen)
        quality: dict[Modality, Quality] = {}
        colour = normals = valid = None
        if frame.rgb is not None:
            picture = found.picture(found.by_colour)
            colour, quality['rgb'] = picture.image, picture.quality
        if frame.depth is not None:
            shape = found.shape(found.by_depth)
            quality['depth'] = {**shape.quality, **found.odd}
            missing = shape.gaps | (found.part & ~found.by_depth & (crop(frame.depth, box) <= 0))
            normals, valid = shape.normals, ~resized(missing, size)
        rim = 2 * round(_RIM * size) + 1
        small = resized(found.part, size)
        wide = cv2.dilate(small.view(np.uint8), np.ones((rim, rim), np.uint8)) > 0
        trust = {m: confidence(q, self.usual[m]) for m, q in quality.items() if m in self.usual}
        return Prepared(wide, colour, normals, valid, quality, presence, centre, trust)

    def _gate(self, found: _Part, within: Limits) -> tuple[_Part, Presence]:
        """
        The part where it is wholly in view, and what is odd about it.

        By all that is known, else by one sensor alone: noise or a lie of the other must not hide
        it. Where none is, the two may well disagree about a mere edge of a part.
        """
        by_all = whole_pieces(found.part, within, self._usual)
        by_colour, by_depth = (
            by_all if np.array_equal(mask, found.part) else
            whole_pieces(mask, within, self._usual) for mask in (found.by_colour, found.by_depth))
        every = (by_all, by_colour, by_depth)
        part, presence = next((each for each in every if each[1] == 'whole'), by_all)
        if presence != 'whole':
            odd = {'shift': found.odd['shift']} if 'shift' in found.odd else {}
            return replace(found, part=part, by_colour=part, by_depth=part, odd=odd), presence
        return replace(
            found, part=part,
            by_colour=by_colour[0] if by_colour[1] == 'whole' else found.by_colour,
            by_depth=by_depth[0] if by_depth[1] == 'whole' else found.by_depth), presence

    def _margin(self, frame: Frame) -> float:
        """What stays free of the view's, less what colour's coarse outline may be out by."""
        cell = self.view.box[2] / (self.view.size / 4)
        free = _CLEAR * self.view.margin - (cell / 2 if frame.depth is None else 0.0)
        return max(free, 1.0)

    def _centre(self, mask: Mask) -> tuple[float, float]:
        moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
        if not moments['m00']:
            return 0.0, 0.0
        x, y = (moments[m] / moments['m00'] - self.view.box[2] / 2 for m in ('m10', 'm01'))
        unit = max(np.sqrt(self._usual), 1.0)
        return float(x / unit), float(y / unit)

    @property
    def _usual(self) -> float:
        """The usual part's area in pixels."""
        return self.scene.area * self.view.intrinsics.width * self.view.intrinsics.height

    def raw(self, frame: Frame) -> tuple[Colour, Mask, Mask]:
        """What `outliner` learns from: (S, S, 3) colour, depth's part, where depth could tell."""
        assert frame.rgb is not None and frame.depth is not None
        found = find_part(frame.depth, self.scene)
        part = solid(crop(found.mask, self.view.box), self.scene.area / self.view.area)
        known = crop(found.known, self.view.box) | part
        images = (crop(frame.rgb, self.view.box), part, known)
        colour, part, known = (resized(image, self.view.size) for image in images)
        return colour, part, known

    def _part(self, frame: Frame) -> _Part:
        rgb = None if frame.rgb is None else crop(frame.rgb, self.view.box)
        if not self.scene.reliable:
            whole = np.ones((self.view.box[2],) * 2, bool)
            picture = _nothing if rgb is None else self._picture(self._small(rgb), whole)
            shape = self._shape(frame, self.scene.plane, whole)
            return _Part(whole, whole, whole, picture, shape, {})
        seen = None if rgb is None else self._beside(partial(self._seen, rgb))
        if frame.depth is None:
            assert seen is not None
            part, _, picture = seen()
            return _Part(part, part, part, picture, _nothing, {})
        found = find_part(frame.depth, self.scene, self.view.window)
        known, raised = (crop(m, self.view.box) for m in (found.known, found.mask))
        odd, by_depth = {'shift': self._shift(found.plane)}, self._solid(known & raised)
        shape = self._shape(frame, found.plane, by_depth)
        if seen is None:
            return _Part(by_depth, by_depth, by_depth, _nothing, shape, odd)
        by_colour, outline, picture = seen()
        if self.outliner is None:
            return _Part(by_depth, by_depth, by_depth, picture, shape, odd)
        odd |= placement(outline, raised, known, self.view.size // 4)
        part = self._solid(np.where(known, raised, outline))
        return _Part(part, by_colour, by_depth, picture, shape, odd)

    def _beside(self, job: Callable[[], T]) -> Callable[[], T]:
        """Begins a job in a lane where there are lanes; what it returns waits for it."""
        return job if self._lanes is None else self._lanes.begin(job)

    def _seen(self, rgb: Colour) -> tuple[Mask, Mask, Callable[[Mask], Picture]]:
        """The part by colour (side, side, 3), without specks and as it is; and its picture."""
        small = self._small(rgb)
        outline = (np.zeros(rgb.shape[:2], bool) if self.outliner is None
                   else resized(self.outliner(small), rgb.shape[0]))
        part = self._solid(outline)
        return part, outline, self._picture(small, part)

    def _small(self, rgb: Colour) -> Colour:
        return resized(rgb, self.view.size)

    def _picture(self, small: Colour, likely: Mask) -> Callable[[Mask], Picture]:
        """What gives the picture of a mask, of colour (S, S, 3)."""
        paint = Paint(self.view.luminance, self.view.backdrop) if self.scene.reliable else None
        return _known(partial(picture_of, small, paint), likely)

    def _shape(self, frame: Frame, plane: InversePlane, likely: Mask) -> Callable[[Mask], Shape]:
        """What gives the shape of a mask."""
        if frame.depth is None:
            return _nothing
        view = self.view
        return _known(partial(shape_of, crop(frame.depth, view.box), view.camera, view.sigma,
                              plane_in_space(plane, view.intrinsics), view.size), likely)

    def _solid(self, mask: Mask) -> Mask:
        return solid(mask, self.scene.area / self.view.area)

    def _shift(self, plane: InversePlane) -> float:
        """By what share of the distance the support is not where it was, mid-view."""
        left, top, side = self.view.box
        here, usual = (a * (left + side / 2) + b * (top + side / 2) + c
                       for a, b, c in (plane, self.scene.plane))
        return abs(here / usual - 1)


@dataclass(frozen=True)
class _Part:
    """
    Where the part is in the box, (side, side): by all that is known, and by each sensor alone.

    What the teacher is shown of a modality follows that modality's own mask, so that it is the
    same whether or not the other sensor is there.

    picture  of the part by colour, for a mask of it
    shape    of the part by depth, for a mask of it
    odd      what depth shows unlike the scene and unlike colour
    """

    part: Mask
    by_colour: Mask
    by_depth: Mask
    picture: Callable[[Mask], Picture]
    shape: Callable[[Mask], Shape]
    odd: dict[str, float]

    def inside(self, roi: Mask) -> _Part:
        return replace(self, part=self.part & roi, by_colour=self.by_colour & roi,
                       by_depth=self.by_depth & roi)


def _known(job: Callable[[Mask], T], likely: Mask) -> Callable[[Mask], T]:
    """`job` of a mask, done at once for the likely one."""
    found = job(likely)
    return lambda mask: found if np.array_equal(mask, likely) else job(mask)


def _nothing(mask: Mask) -> NoReturn:
    raise AssertionError('asked of a sensor that is not there')


def _inside(shape: tuple[int, int], roi: Roi) -> Mask:
    x, y, width, height = roi
    inside = np.zeros(shape, bool)
    inside[max(y, 0):max(y + height, 0), max(x, 0):max(x + width, 0)] = True
    return inside
