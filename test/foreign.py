"""
A RealSense's bag as another program writes it: `mcap-ros2-support`, or mcap and struct alone.

Neither knows anything of this project: definitions and CDR are theirs, or written by hand here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from mcap.writer import Writer
from numpy.typing import NDArray

CAMERA = '/camera/camera'
COLOUR, ALIGNED = f'{CAMERA}/color', f'{CAMERA}/aligned_depth_to_color'
FRAME = 'camera_color_optical_frame'
RULE = '=' * 80
HEADER = f"""{RULE}
MSG: std_msgs/Header
# when and where
builtin_interfaces/Time stamp
string frame_id
{RULE}
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""
IMAGE = f"""# an image, as a camera sends it
std_msgs/Header header # of the first pixel

uint32 height          # rows
uint32 width           # columns
string encoding
uint8 is_bigendian
uint32 step            # bytes a row
uint8[] data
{HEADER}"""
CAMERA_INFO = f"""std_msgs/Header header
uint32 height
uint32 width
string distortion_model
float64[] d
float64[9] k
float64[9] r
float64[12] p
uint32 binning_x
uint32 binning_y
sensor_msgs/RegionOfInterest roi
{HEADER}{RULE}
MSG: sensor_msgs/RegionOfInterest
uint32 x_offset
uint32 y_offset
uint32 height
uint32 width
bool do_rectify
"""
Pair = tuple[int, NDArray[np.uint8], NDArray[np.uint16]]  # stamp in ns, RGB, depth in mm


def header(stamp: int) -> dict[str, Any]:
    return {'stamp': {'sec': stamp // 10**9, 'nanosec': stamp % 10**9}, 'frame_id': FRAME}


def image(stamp: int, pixels: NDArray[Any], encoding: str) -> dict[str, Any]:
    return {'header': header(stamp), 'height': pixels.shape[0], 'width': pixels.shape[1],
            'encoding': encoding, 'is_bigendian': 0, 'step': pixels[0].nbytes,
            'data': pixels.tobytes()}


def info(stamp: int, shape: tuple[int, ...], focal: float) -> dict[str, Any]:
    height, width = shape[:2]
    x, y = (width - 1) / 2, (height - 1) / 2
    return {'header': header(stamp), 'height': height, 'width': width,
            'distortion_model': 'plumb_bob', 'd': [0.0] * 5,
            'k': [focal, 0.0, x, 0.0, focal, y, 0.0, 0.0, 1.0],
            'r': [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            'p': [focal, 0.0, x, 0.0, 0.0, focal, y, 0.0, 0.0, 0.0, 1.0, 0.0],
            'binning_x': 0, 'binning_y': 0,
            'roi': dict.fromkeys(('x_offset', 'y_offset', 'height', 'width'), 0)
            | {'do_rectify': False}}


def messages(pairs: Iterable[Pair], focal: float) -> Iterable[tuple[str, str, Any, int]]:
    """Topic, type, content and time of arrival of what a RealSense publishes."""
    for stamp, rgb, depth in pairs:
        yield f'{COLOUR}/image_raw', 'Image', image(stamp, rgb, 'rgb8'), stamp + 5_000_000
        yield f'{COLOUR}/camera_info', 'CameraInfo', info(
            stamp, rgb.shape, focal), stamp + 5_100_000
        yield f'{ALIGNED}/image_raw', 'Image', image(stamp, depth, '16UC1'), stamp + 9_000_000
        yield f'{ALIGNED}/camera_info', 'CameraInfo', info(
            stamp, depth.shape, focal), stamp + 9_100_000


def by_mcap_ros2(path: Path, pairs: Iterable[Pair], focal: float) -> Path:
    """With the writer of mcap-ros2-support."""
    from mcap_ros2.writer import Writer as Ros2Writer
    with path.open('wb') as file, Ros2Writer(file) as writer:
        schemas = {'Image': writer.register_msgdef('sensor_msgs/msg/Image', IMAGE),
                   'CameraInfo': writer.register_msgdef('sensor_msgs/msg/CameraInfo',
                                                        CAMERA_INFO)}
        for topic, kind, content, received in messages(pairs, focal):
            writer.write_message(topic, schemas[kind], content, received, received)
    return path


def by_hand(path: Path, pairs: Iterable[Pair], focal: float) -> Path:
    """The images with mcap's plain writer and CDR put together by struct."""
    with path.open('wb') as file:
        writer = Writer(file)
        writer.start('ros2')
        schema = writer.register_schema('sensor_msgs/msg/Image', 'ros2msg', IMAGE.encode())
        channels: dict[str, int] = {}
        for topic, kind, content, received in messages(pairs, focal):
            if kind == 'Image':
                if topic not in channels:
                    channels[topic] = writer.register_channel(topic, 'cdr', schema)
                writer.add_message(channels[topic], received, image_cdr(content), received)
        writer.finish()
    return path


def image_cdr(content: dict[str, Any]) -> bytes:
    stamp = content['header']['stamp']
    body = struct.pack('<iI', stamp['sec'], stamp['nanosec']) + text(FRAME)
    body = aligned(body) + struct.pack('<II', content['height'], content['width'])
    body = body + text(content['encoding']) + struct.pack('<B', content['is_bigendian'])
    body = aligned(body) + struct.pack('<I', content['step'])
    return b'\0\1\0\0' + body + struct.pack('<I', len(content['data'])) + content['data']


def text(value: str) -> bytes:
    return struct.pack('<I', len(value) + 1) + value.encode() + b'\0'


def aligned(body: bytes) -> bytes:
    """Filled up to the next multiple of four, where a number of four bytes may begin."""
    return body + bytes(-len(body) % 4)
