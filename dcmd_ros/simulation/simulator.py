"""One call, one frame: the part, its scene, its light and what the sensors report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.simulation import defects, light, sensor, station
from dcmd_ros.simulation.array import Array, Mask
from dcmd_ros.simulation.camera import View, look_down
from dcmd_ros.simulation.kinds import KINDS, Kind
from dcmd_ros.simulation.noise import generator
from dcmd_ros.simulation.scene import (
    Patch,
    Pose,
    Scene,
    Window,
    carrier_grain,
    changed,
    compose,
    look_at,
    window,
)
from dcmd_ros.simulation.surface import Surface

DEFECTS: Mapping[str, defects.Group] = MappingProxyType(
    {name: defect.group for name, defect in defects.DEFECTS.items()})
Presence = Literal['whole', 'partly', 'empty']
GOOD, EMPTY = 'good', 'empty'
LOT = 25  # parts of one lot share colour and gloss
TRIES = 8
SEEN = 40  # pixels of a defect that the camera must see, at 640x480


class SimulationError(DcmdError):
    """An unknown kind or defect, a negative seed, or an impossible size."""


@dataclass(frozen=True)
class SimulatedFrame:
    """
    What the sensors report of one part, and the truth.

    rgb         (H, W, 3) uint8
    depth       (H, W) float32 metres, 0 = missing
    mask        (H, W) bool, exactly the visible pixels whose noise-free surface or albedo
                the defect changed; its shadow does not count
    label       'good', the defect's name, or 'empty'
    part        (H, W) bool, the pixels that show the part
    true_depth  (H, W) float32 metres, noise-free
    """

    rgb: NDArray[np.uint8]
    depth: Array
    mask: Mask
    label: str
    intrinsics: Intrinsics
    part: Mask
    true_depth: Array

    @property
    def presence(self) -> Presence:
        """How much of the part is in view; `partly` where it meets the image's border."""
        if not self.part.any():
            return 'empty'
        border = (self.part[0], self.part[-1], self.part[:, 0], self.part[:, -1])
        return 'partly' if any(edge.any() for edge in border) else 'whole'

    def frame(self, stamp: int) -> Frame:
        """What the sensors saw, without the truth."""
        return Frame(stamp, rgb=self.rgb, depth=self.depth, intrinsics=self.intrinsics)

    @property
    def xyz(self) -> Array:
        """(H, W, 3) float32 metres in the optical frame, (0, 0, 0) where depth is missing."""
        k = self.intrinsics
        x = (np.arange(k.width, dtype=np.float32) - np.float32(k.cx)) / np.float32(k.fx)
        y = (np.arange(k.height, dtype=np.float32) - np.float32(k.cy)) / np.float32(k.fy)
        return np.dstack([self.depth * x, self.depth * y[:, None], self.depth])


@dataclass(frozen=True)
class Shot:
    """All that is decided before the sensors look: the truth."""

    scene: Scene
    mask: Mask
    surface: Surface | None
    pose: Pose


def simulate(seed: int, kind: str = 'turned', index: int = 0, defect: str | None = None,
             size: tuple[int, int] = (640, 480), empty: bool = False, shift: float = 0.0,
             tick: int = 0) -> SimulatedFrame:
    """
    Part `index` of a kind, as the camera sees it; the same arguments give the same bytes.

    All but the defect is the same with and without one: pose, light, lot, texture and noise.
    `size` is (width, height); `shift` moves the part and belt along x, metres; `tick` numbers the
    images of one part, each with its own sensor noise; `empty` leaves the part away.

    :raises SimulationError: unknown kind or defect, negative numbers, or a size under 64x48
    """
    check(seed, kind, index, defect, size, tick)
    shot = arrange(seed, kind, index, None if empty else defect, size, empty, shift)
    look = generator(seed, kind, index, 'light')
    lamp, how = light.lamp(look), sensor.exposure(look)
    place = station.station(KINDS[kind].station)
    shades = light.visibility(light.relief(place, shot.surface, shot.pose), lamp)
    radiance, glint = light.shade(shot.scene, lamp, shades, shot.surface, shot.pose)
    rgb = sensor.take_picture(radiance, how, generator(seed, kind, index, 'rgb', tick))
    true, k = shot.scene.depth, shot.scene.view.intrinsics
    depth = sensor.measure_depth(true, shot.scene.cosine, glint, k,
                                 generator(seed, kind, index, 'depth', tick))
    label = EMPTY if empty else defect or GOOD
    return SimulatedFrame(rgb, depth, shot.mask, label, k, shot.scene.part, true)


def check(seed: int, kind: str, index: int, defect: str | None, size: tuple[int, int],
          tick: int) -> None:
    if kind not in KINDS:
        raise SimulationError(f'unknown kind of part {kind!r}; choose from {", ".join(KINDS)}')
    if defect is not None and defect not in DEFECTS:
        raise SimulationError(f'unknown defect {defect!r}; choose from {", ".join(DEFECTS)}')
    if min(seed, index, tick) < 0:
        raise SimulationError(f'seed {seed}, index {index} and tick {tick} must not be negative')
    if size[0] < 64 or size[1] < 48:
        raise SimulationError(f'size {size[0]}x{size[1]} is under the smallest, 64x48')


@lru_cache(maxsize=4)
def good_surface(seed: int, kind: str, index: int) -> Surface:
    return KINDS[kind].build(generator(seed, kind, index // LOT, 'lot'),
                             generator(seed, kind, index, 'part'))


def place_of(kind: Kind, rng: np.random.Generator, shift: float) -> Pose:
    x, y, turn = rng.uniform(-1, 1, 3) * (*kind.reach, kind.yaw)
    return Pose(float(x) + shift, float(y), float(turn))


def arrange(seed: int, name: str, index: int, defect: str | None, size: tuple[int, int],
            empty: bool = False, shift: float = 0.0) -> Shot:
    """The noise-free scene with its truth mask."""
    kind = KINDS[name]
    view = look_down(size, *kind.camera)
    back = station.backdrop(kind.station, view)
    rng = generator(seed, name, index, 'pose')
    pose = place_of(kind, rng, shift)
    travel = rng.uniform(0, 1, 2) + (shift, 0.0)
    grain = carrier_grain(station.station(kind.station), back, (travel[0], travel[1]))
    mask = np.zeros(view.x0.shape, bool)
    if empty:
        return Shot(compose(view, back, grain, None), mask, None, pose)
    good = good_surface(seed, name, index)
    cut = place_in_view(view, pose, kind, good)
    if defect is None:
        return Shot(compose(view, back, grain, look_at(good, pose, view, cut)), mask, good, pose)
    surface, before, after = spoil(seed, name, index, defect, size)
    if shift:
        before, after = (look_at(one, pose, view, cut) for one in (good, surface))
    if before is not None and after is not None:
        mask[after.window] = changed(before, after)
    return Shot(compose(view, back, grain, after), mask, surface, pose)


def place_in_view(view: View, pose: Pose, kind: Kind, surface: Surface) -> Window:
    """The pixels that the part can reach, with its defects."""
    return window(view, pose, kind.radius, float(surface.height.max()) + 0.01)


@lru_cache(maxsize=4)
def spoil(seed: int, name: str, index: int, defect: str, size: tuple[int, int],
          ) -> tuple[Surface, Patch | None, Patch | None]:
    """
    The part with the defect, drawn again while hardly any of it is in sight where it lies.

    :return: its surface, and what is seen of the good part and of this one, not shifted
    """
    kind, surface = KINDS[name], good_surface(seed, name, index)
    view = look_down(size, *kind.camera)
    pose = place_of(kind, generator(seed, name, index, 'pose'), 0.0)
    good = look_at(surface, pose, view, place_in_view(view, pose, kind, surface))
    assert good is not None, 'a part that is not shifted is in view'
    enough = SEEN * view.intrinsics.fx ** 2 / 900 ** 2
    for attempt in range(TRIES):
        rng = generator(seed, name, index, f'{defect} {attempt}')
        spoilt = defects.DEFECTS[defect].apply(surface, rng)
        bad = look_at(spoilt, pose, view, good.window)
        assert bad is not None
        if np.count_nonzero(changed(good, bad)) >= enough:
            break
    return spoilt, good, bad
