"""A judged frame as files, for a look afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.outputs import colours, geometry
from dcmd_ros.nodes.overlay import draw_overlay
from dcmd_ros.nodes.result import Result
from dcmd_ros.stream.stamps import seconds

POINT = np.dtype([('xyz', '<f4', 3), ('rgb', 'u1', 3), ('intensity', '<f4')])
PLY_HEADER = """ply
format binary_little_endian 1.0
element vertex {count}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
property float intensity
end_header
"""


def write_snapshot(result: Result, root: Path) -> Path:
    """
    Write rgb.png, depth.png (16 bit, mm), map.tiff, mask.png, overlay.png, points.ply and
    inspection.json, as far as the frame has them, into a new folder named by the stamp.

    :returns: the folder
    :raises DcmdError: where it cannot be written
    """
    folder = root.expanduser() / seconds(result.inspection.stamp)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures(result).items():
            write_picture(folder / name, picture)
        points = geometry(result.frame)
        if points is not None:
            (folder / 'points.ply').write_bytes(ply(result, points))
        (folder / 'inspection.json').write_text(json.dumps(record(result), indent=2) + '\n')
    except OSError as error:
        raise DcmdError(
            f'cannot write the snapshot: {error}; set parameter snapshot_dir') from None
    return folder


def pictures(result: Result) -> dict[str, NDArray[Any]]:
    frame, judged = result.frame, result.inspection
    depth = frame.depth if frame.xyz is None else frame.xyz[..., 2]
    made: dict[str, NDArray[Any]] = {
        'map.tiff': judged.map, 'mask.png': judged.mask, 'overlay.png': draw_overlay(result)}
    if frame.rgb is not None:
        made['rgb.png'] = frame.rgb
    if depth is not None:
        made['depth.png'] = np.clip(np.rint(depth * 1000), 0, 65535).astype(np.uint16)
    return made


def write_picture(path: Path, picture: NDArray[Any]) -> None:
    """Colour pictures are RGB."""
    stored = picture[..., ::-1] if picture.ndim == 3 else picture
    if not cv2.imwrite(str(path), np.ascontiguousarray(stored)):
        raise OSError(f'{path.name} in {path.parent} was refused')


def ply(result: Result, points: NDArray[np.float32]) -> bytes:
    """The points that have a distance, with colour and anomaly; read by Open3D and MeshLab."""
    known = points[..., 2] > 0
    vertices = np.zeros(int(known.sum()), POINT)
    vertices['xyz'] = points[known]
    vertices['rgb'] = colours(result.frame, points)[known]
    vertices['intensity'] = np.nan_to_num(result.inspection.map)[known]
    return PLY_HEADER.format(count=len(vertices)).encode() + vertices.tobytes()


def record(result: Result) -> dict[str, dict[str, str]]:
    """The message on `~/inspection`, as status name -> key -> value."""
    return {status.name: {pair.key: pair.value for pair in status.values}
            for status in result.message().status}
