"""What training learns from: frames of good parts, and all that is measured on them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.network.preparation import MARGIN, Preparation, View
from dcmd_ros.network.quality import Quality, colour_quality, depth_quality, usual_ranges
from dcmd_ros.network.resizing import crop, resized
from dcmd_ros.sensing.foreground import Mask, Scene, learn_scene, part_by_depth
from dcmd_ros.training.sample import Sample
from dcmd_ros.training.side_by_side import side_by_side

FEWEST = 8
_SCENE_FRAMES = 48
_ANGLE_NOISE = 0.04  # radians that a normal may tremble by
_SIGMA = (1.0, 2.5)
_NEAREST, _FARTHEST = 0.02, 50.0  # metres that an RGB-D camera may be away

Progress = Callable[[str], None]


class TrainingError(DcmdError):
    """Data that cannot be trained on; says what to do."""


@dataclass(frozen=True)
class Frames:
    """Frames of a data set's samples, read when asked for."""

    samples: Sequence[Sample]
    intrinsics: Intrinsics | None

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Frame:
        rgb, depth, _ = self.samples[index].load()
        if rgb is None or depth is None:
            missing = 'colour' if rgb is None else 'depth'
            raise TrainingError(f'{self.samples[index].file}: no {missing} image; training needs '
                                'both sensors for every part')
        return Frame(index, rgb=rgb, depth=depth, intrinsics=self.intrinsics)

    def __iter__(self) -> Iterator[Frame]:
        return (self[i] for i in range(len(self)))

    def chosen(self, indices: Sequence[int]) -> Frames:
        """Some of them."""
        return replace(self, samples=[self.samples[i] for i in indices])

    def spread(self, most: int) -> Frames:
        """At most so many, evenly chosen."""
        places = np.linspace(0, len(self) - 1, min(most, len(self)))
        return self.chosen(places.astype(int).tolist())


def watched(frames: Frames, text: str) -> Iterator[Frame]:
    """The frames, once, under a progress bar that begins with the first."""
    yield from tqdm(frames, desc=text, unit='part', total=len(frames))


def fingerprint(frame: Frame) -> str:
    """A short hash of a frame's images."""
    digest = hashlib.blake2b(digest_size=8)
    for image in (frame.rgb, frame.depth):
        if image is not None:
            digest.update(image.tobytes())
    return digest.hexdigest()


def learn_view(frames: Frames, size: int) -> tuple[View, Scene]:
    """Scene, crop, smoothing and colours from the training frames."""
    depths = [frame.depth for frame in frames.spread(_SCENE_FRAMES) if frame.depth is not None]
    shapes = {depth.shape for depth in depths}
    if len(shapes) > 1:
        raise TrainingError(f'the training images differ in size ({shapes}): use one camera '
                            'setting')
    _check_distance(depths)
    scene = learn_scene(depths)
    intrinsics = frames.intrinsics or _guessed(depths[0].shape)
    looks = [_look(frame, scene, intrinsics)
             for frame in watched(frames.spread(200), 'the part in the scene')]
    box = _box(np.logical_or.reduce([look.part for look in looks]))
    noise = float(np.median([look.angle for look in looks]))
    sigma = float(np.clip(np.sqrt(noise / _ANGLE_NOISE), *_SIGMA))
    backdrop = np.median([look.backdrop for look in looks], axis=0).tolist()
    return View(intrinsics, box, size, round(sigma, 2),
                float(np.median([look.luminance for look in looks])),
                (backdrop[0], backdrop[1], backdrop[2])), scene


def _check_distance(depths: Sequence[NDArray[np.float32]]) -> None:
    far = [float(np.median(depth[depth > 0])) for depth in depths if (depth > 0).any()]
    distance = float(np.median(far)) if far else 1.0
    if not _NEAREST < distance < _FARTHEST:
        raise TrainingError(f'by its depth images the scene is {distance:g} m away: are they in '
                            "metres? In a folder, intrinsics.json's depth_unit_m is metres a "
                            'step, 0.001 for millimetres')


@dataclass(frozen=True)
class _Look:
    part: Mask
    luminance: float
    backdrop: NDArray[np.float64]
    angle: float


def _look(frame: Frame, scene: Scene, intrinsics: Intrinsics) -> _Look:
    assert frame.rgb is not None and frame.depth is not None
    part = part_by_depth(frame.depth, scene)
    part = part if part.any() else np.ones(part.shape, bool)
    around = cv2.dilate(part.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    behind = frame.rgb[around] if around.any() else frame.rgb.reshape(-1, 3)
    noise = depth_quality(frame.depth, part).get('noise', 0.0)
    return _Look(part, float(np.median(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY)[part])),
                 np.median(behind, axis=0), _trembling(noise, intrinsics))


def _trembling(noise: float, intrinsics: Intrinsics) -> float:
    """
    Radians by which normals tremble at a smoothing of 1 pixel.

    The derivative of a Gaussian of sigma turns white noise of deviation s into s divided by
    (sigma^2 sqrt(8 pi)); `noise` is a median of |deviation|, relative to the distance.
    """
    return noise / 0.6745 * intrinsics.fx / float(np.sqrt(8 * np.pi))


def _box(part: Mask) -> tuple[int, int, int]:
    """Left, top and side of the square around all parts, with margin."""
    left, top, width, height = cv2.boundingRect(part.astype(np.uint8))
    side = int(round(max(width, height) * (1 + 2 * MARGIN)))
    return left + (width - side) // 2, top + (height - side) // 2, side


def _guessed(shape: tuple[int, ...]) -> Intrinsics:
    height, width = shape[:2]
    return Intrinsics(width, height, 1.2 * width, 1.2 * width, (width - 1) / 2, (height - 1) / 2)


def usual_quality(frames: Frames, preparation: Preparation, device: str,
                  ) -> dict[str, dict[str, tuple[float, float]]]:
    """The range of each quality statistic over good frames, with their part and without one."""
    view = preparation.view

    def look(index: int) -> tuple[tuple[Quality, Quality], tuple[Quality, Quality]]:
        frame = frames[index]
        assert frame.rgb is not None and frame.depth is not None
        colour, depth = resized(crop(frame.rgb, view.box), view.size), crop(frame.depth, view.box)
        with_part = preparation(frame).quality
        return ((with_part['rgb'], colour_quality(colour, np.zeros(colour.shape[:2], bool))),
                (with_part['depth'], depth_quality(depth, np.zeros(depth.shape, bool))))

    colours, depths = zip(*side_by_side(look, len(frames), 'usual statistics', device),
                          strict=True)
    return {'rgb': usual_ranges([quality for each in colours for quality in each]),
            'depth': usual_ranges([quality for each in depths for quality in each])}
