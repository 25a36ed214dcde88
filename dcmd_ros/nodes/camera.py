"""The simulated RGB-D camera: a pool of rendered parts, shown with fresh light noise."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, cycle, product, repeat

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from dcmd_ros.nodes.lens import Lens
from dcmd_ros.nodes.source import Choice, SourceFrame
from dcmd_ros.nodes.source_loop import Report, SourceOptions, run_source
from dcmd_ros.simulation import DEFECTS, Belt, SimulatedFrame, simulate
from dcmd_ros.simulation.belt import way
from dcmd_ros.simulation.camera import intrinsics
from dcmd_ros.simulation.sensor import depth_of, steps_of

GREY_NOISE = 0.7  # levels
DEPTH_NOISE = 5e-5  # of the distance
BANK = 16  # frames after which the light noise repeats
RENDERERS = 4  # at most, as many parts as the simulator keeps at hand
KIND_HELP = 'Kind of the parts that are shown, from the next part on.'
NO_PART = 'no_part'  # the label of frames that do not show a whole part


@dataclass(frozen=True)
class CameraOptions:
    """
    seed             of parts, defects and noise
    kind             of the parts that are shown first
    others           kinds that parameter `kind` may change to
    size             width, height
    pool             rendered parts of each kind; they come again in this order
    defect_rate      share of them that is defective
    frames_per_part  how long each one stays
    empty_frames     how long the place is empty before the next one
    belt             parts move across the view on it instead of staying; None = they stay
    fps              frames a second, for the belt
    distortion       of the lens, k1 k2 p1 p2 k3 of plumb_bob; empty = none
    """

    seed: int
    kind: str = 'turned'
    size: tuple[int, int] = (640, 480)
    pool: int = 24
    defect_rate: float = 0.3
    frames_per_part: int = 15
    empty_frames: int = 0
    belt: Belt | None = None
    fps: float = 30.0
    distortion: tuple[float, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """All, the first one first."""
        return tuple(dict.fromkeys((self.kind, *self.others)))


@dataclass(frozen=True)
class Picture:
    """
    One rendered view, and for how many frames it is shown.

    steps  (H, W) depth in the sensor's steps
    mask   (H, W) truth, None where nothing is defective
    """

    rgb: NDArray[np.uint8]
    steps: NDArray[np.uint16]
    mask: NDArray[np.bool_] | None
    presence: str
    frames: int


@dataclass(frozen=True)
class Part:
    """
    A part of the pool, `good` or its defect, and how it looks from its coming to its going.

    file  what `truth/label` calls it
    """

    kind: str
    file: str
    defect: str
    pictures: list[Picture]


def run_camera(camera: CameraOptions, options: SourceOptions,
               ros_args: Sequence[str] = ()) -> Report:
    """Render the pool and show it until SIGINT; raises DcmdError as run_source and simulate."""
    choice = Choice('kind', camera.kinds, camera.kind, KIND_HELP)
    parts = render(camera)
    return run_source(frames(parts, camera, choice), options, ros_args, choice)


def render(camera: CameraOptions) -> list[Part]:
    """The pool of every kind; the same options give the same bytes."""
    defects = drawn(camera)
    lens = Lens(intrinsics(camera.size), camera.distortion)
    look = passing if camera.belt else standing

    def part(kind: str, index: int) -> Part:
        defect = defects.get(index)
        return Part(kind, f'{kind}/{camera.seed}/{index:03d}', defect or 'good',
                    look(camera, kind, index, defect, lens))

    wanted = list(product(camera.kinds, range(camera.pool)))
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(min(len(os.sched_getaffinity(0)), RENDERERS)) as threads:
        return list(tqdm(threads.map(part, *zip(*wanted, strict=True)), total=len(wanted),
                         desc='rendering parts', unit='part'))


def drawn(camera: CameraOptions) -> dict[int, str]:
    """Which parts of a pool are defective, and how: each defect as often as the others."""
    rng = np.random.default_rng((camera.seed, camera.pool))
    number = round(camera.defect_rate * camera.pool)
    bad = sorted(rng.permutation(camera.pool)[:number])
    names = rng.permutation(list(DEFECTS))
    return {int(index): str(names[turn % len(names)]) for turn, index in enumerate(bad)}


def standing(camera: CameraOptions, kind: str, index: int, defect: str | None, lens: Lens,
             ) -> list[Picture]:
    """A part that is put there, inspected, and taken away."""
    views = [(camera.frames_per_part, False), (camera.empty_frames, True)]
    return [picture(simulate(camera.seed, kind, index, defect, camera.size, empty),
                    lens, number) for number, empty in views if number]


def passing(camera: CameraOptions, kind: str, index: int, defect: str | None, lens: Lens,
            ) -> list[Picture]:
    """A part that comes on the belt, each place of it rendered for itself."""
    assert camera.belt is not None
    shifts = way(camera.belt, camera.seed, kind, index, camera.size, camera.fps)
    return [picture(simulate(camera.seed, kind, index, defect, camera.size, shift=shift,
                             tick=tick), lens, 1) for tick, shift in enumerate(shifts)]


def picture(frame: SimulatedFrame, lens: Lens, number: int) -> Picture:
    mask = lens.exact(frame.mask.astype(np.uint8)) > 0 if frame.mask.any() else None
    return Picture(lens.colour(frame.rgb), lens.exact(steps_of(frame.depth)), mask,
                   frame.presence, number)


def frames(parts: Sequence[Part], camera: CameraOptions, choice: Choice | None = None,
           ) -> Iterator[SourceFrame]:
    """Part after part for ever, of the kind that is chosen; no two frames in a row alike."""
    noise, ideal = LightNoise(camera.size, camera.seed), intrinsics(camera.size)
    clean = np.zeros(camera.size[::-1], bool)
    choice = choice or Choice('kind', camera.kinds, camera.kind, '')
    for number, (shown, part, seen) in enumerate(sequence(parts, choice)):
        rgb, depth = noise.add(seen.rgb, depth_of(seen.steps), number)
        yield SourceFrame(rgb, depth, clean if seen.mask is None else seen.mask,
                          part.defect if seen.presence == 'whole' else NO_PART, part.file, ideal,
                          about(part, shown, seen))


def sequence(parts: Sequence[Part], choice: Choice) -> Iterator[tuple[int, Part, Picture]]:
    """For each frame the number of the part that is shown, the part, and its picture."""
    pools = {kind: cycle([part for part in parts if part.kind == kind]) for kind in choice.among}
    for shown in count():
        part = next(pools[choice.value])
        for seen in part.pictures:
            yield from repeat((shown, part, seen), seen.frames)


def about(part: Part, number: int, seen: Picture) -> dict[str, object]:
    """
    What truth/label says besides the label, which is `no_part` where not the whole part is seen.

    `part` counts the parts shown; it, `defect` and `group` are null while the place is empty, and
    `group` (geometry, appearance or both) is null for a good part.
    """
    there = seen.presence != 'empty'
    return {'kind': part.kind, 'view': seen.presence, 'part': number if there else None,
            'defect': part.defect if there else None,
            'group': DEFECTS.get(part.defect) if there else None}


class LightNoise:
    """Noise from a bank that is made once: a window moves over it from frame to frame."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        width, height = size
        rng = np.random.default_rng(seed)
        grey = np.rint(GREY_NOISE * rng.standard_normal((height + BANK, width, 3), np.float32))
        self._brighter: NDArray[np.uint8] = np.maximum(grey, 0).astype(np.uint8)
        self._darker: NDArray[np.uint8] = np.maximum(-grey, 0).astype(np.uint8)
        self._scale = 1 + DEPTH_NOISE * rng.standard_normal((height + BANK, width), np.float32)
        self._height = height

    def add(self, rgb: NDArray[np.uint8], depth: NDArray[np.float32],
            number: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Both as the sensors would see them the next time; missing depth stays missing."""
        rows = slice(number % BANK, number % BANK + self._height)
        noisy = cv2.subtract(cv2.add(rgb, self._brighter[rows]), self._darker[rows])
        return (np.asarray(noisy, np.uint8),
                np.asarray(cv2.multiply(depth, self._scale[rows]), np.float32))
