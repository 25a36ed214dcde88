"""MVTec 3D-AD as published (Bergmann et al. 2022): colour PNGs and xyz TIFFs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing.geometry import fit_intrinsics
from dcmd_ros.sensing.message import MessageError
from dcmd_ros.training.image_files import read_colour, read_points
from dcmd_ros.training.labelled import labelled_samples
from dcmd_ros.training.sample import SPLITS, Images, Sample, Split

LOOKED_FOR = '{train,validation,test}/<label>/xyz/*.tiff'
FITTED = 3


def found(folder: Path) -> bool:
    """Whether the folder is a category in this layout."""
    return any(any(folder.glob(f'{split}/*/xyz')) for split in SPLITS)


class MvtecLayout:
    """A category with xyz; its camera is fitted to a few training samples."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def samples(self, split: Split) -> list[Sample]:
        return labelled_samples(self.folder, split, 'xyz',
                                lambda rgb, xyz: partial(load, rgb, xyz))

    def camera(self) -> tuple[Intrinsics | None, str]:
        """The fitted pinhole, or None, and how well it fits."""
        samples = next((s for s in map(self.samples, SPLITS) if s), [])
        clouds = [xyz for sample in samples[::max(len(samples) // FITTED, 1)][:FITTED]
                  if (xyz := sample.load().xyz) is not None]
        if not clouds:
            return None, f'{self.folder} holds no xyz to fit a camera to'
        try:
            camera = typical([fit_intrinsics(xyz) for xyz in clouds])
        except MessageError as error:
            return None, f'{self.folder}: {error}'
        residual = float(np.median([misfit(camera, xyz) for xyz in clouds]))
        return camera, (f'camera fitted to the xyz of {len(clouds)} samples, median residual '
                        f'{residual:.2f} px')


def load(rgb: Path | None, xyz: Path | None) -> Images:
    points = read_points(xyz) if xyz else None
    depth = None if points is None else np.ascontiguousarray(points[..., 2])
    return Images(read_colour(rgb) if rgb else None, depth, points)


def typical(cameras: list[Intrinsics]) -> Intrinsics:
    """The median of each parameter."""
    sizes = {(camera.width, camera.height) for camera in cameras}
    if len(sizes) > 1:
        raise DcmdError(f'the xyz files differ in size: {sorted(sizes)}')
    fx, fy, cx, cy = np.median([(c.fx, c.fy, c.cx, c.cy) for c in cameras], axis=0)
    return Intrinsics(*sizes.pop(), float(fx), float(fy), float(cx), float(cy))


def misfit(camera: Intrinsics, xyz: np.ndarray) -> float:
    """Median distance in pixels between where a point is and where the camera sees it."""
    rows, columns = np.nonzero(xyz[..., 2])
    x, y, z = xyz[rows, columns].T
    return float(np.median(np.hypot(camera.fx * x / z + camera.cx - columns,
                                    camera.fy * y / z + camera.cy - rows)))
