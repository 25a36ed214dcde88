"""CompressedImage messages to arrays and back, as image_transport_plugins writes them."""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing.colour import CONVERSIONS, WIDE, to_rgb
from dcmd_ros.sensing.depth import METRES, MILLIMETRES, from_metres, to_metres
from dcmd_ros.sensing.message import MessageError, as_payload, check_sides, payload

# compressed_depth_image_transport's ConfigHeader: int32 format, float32 depthParam[2].
CONFIG = struct.Struct('<iff')
INV_DEPTH = 0
PNG, PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND'
JPEG, JPEG_END = b'\xff\xd8\xff', b'\xff\xd9'


def decode_colour(msg: Any) -> NDArray[np.uint8]:
    """
    Read a JPEG or PNG as (H, W, 3) uint8 RGB.

    `format` is `jpeg` or `png`, or `ENCODING; jpeg compressed bgr8` as compressed_image_transport
    writes it. As there, a colour ENCODING without `compressed bgr` marks a file whose red and
    blue were swapped; a PNG of one channel under a bayer ENCODING is a mosaic.

    :raises MessageError: `encoding`, `size` or `data`; nothing else.
    """
    encoding, _, transport = msg.format.partition(';')
    if 'compressedDepth' in msg.format:
        raise MessageError(
            f'{msg.format!r} on the colour topic is a depth image: '
            'remap rgb/image, or set rgb.transport to compressed', cause='encoding')
    image = _decompress(payload(msg), msg.format)
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        mosaic = encoding.startswith('bayer') and 'mono' not in transport and _known(encoding)
        return to_rgb(image, encoding if mosaic else 'mono8')
    in_colour = encoding.startswith(('rgb', 'bgr'))
    order = 'rgb' if transport and in_colour and 'compressed bgr' not in transport else 'bgr'
    return to_rgb(image, order + ('8' if channels == 3 else 'a8'))


def decode_depth(msg: Any) -> NDArray[np.float32]:
    """
    Read a compressed depth image as (H, W) float32 metres, 0 where missing.

    `16UC1; compressedDepth png`: a PNG of millimetres behind a 12-byte header;
    `32FC1; compressedDepth png`: inverse depth q behind the same header, A / (q - B) metres,
    q = 0 missing; a bare 16-bit PNG: millimetres. Without ` png` it is PNG all the same.

    :raises MessageError: `encoding`, `size` or `data`; nothing else.
    """
    encoding, _, transport = msg.format.partition(';')
    encoding = encoding.strip()
    if 'rvl' in transport:
        raise MessageError(
            f'{msg.format!r}: RVL depth is not read here: set the '
            "publisher's parameter <topic>.compressedDepth.format to "
            'png, or depth.transport to raw', cause='encoding')
    data = payload(msg)
    if _starts(data, PNG) and encoding != METRES:
        return to_metres(_depth_png(data, msg.format))
    if encoding not in (*MILLIMETRES, METRES) or _starts(data, JPEG):
        raise MessageError(
            f'{msg.format!r} is not a depth format: publish '
            '16UC1 or 32FC1 as compressedDepth png, or raw', cause='encoding')
    if data.size <= CONFIG.size:
        raise MessageError(f'{msg.format!r}: {data.size} bytes hold no depth image', cause='data')
    quantised = _depth_png(data[CONFIG.size:], msg.format)
    if encoding in MILLIMETRES:
        return to_metres(quantised)
    _, a, b = CONFIG.unpack(data[:CONFIG.size].tobytes())
    return _from_inverse(quantised, a, b)


def fill_compressed_depth(msg: Any, depth: NDArray[np.float32], encoding: str = METRES,
                          depth_max: float = 10.0, quantization: float = 100.0) -> None:
    """
    Write (H, W) float32 metres, 0 = missing, as compressedDepth PNG; the header stays.

    16UC1 is exact to half a millimetre. 32FC1 stores inverse depth with the transport's
    parameters: steps of z^2 / A metres, A = quantization * (quantization + 1); beyond
    `depth_max` and nearer than A / 65535 m (0.154 m by default) is missing.

    :raises MessageError: `encoding` for others than 16UC1 and 32FC1.
    """
    a = quantization * (quantization + 1) if encoding == METRES else 0.0
    b = 1 - a / depth_max if encoding == METRES else 0.0
    image = (_to_inverse(depth, a, b, depth_max) if encoding == METRES
             else from_metres(depth, encoding))
    _, png = cv2.imencode('.png', image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    msg.format = f'{encoding}; compressedDepth png'
    msg.data = as_payload(CONFIG.pack(INV_DEPTH, a, b), png)


def _to_inverse(depth: NDArray[np.float32], a: float, b: float,
                depth_max: float) -> NDArray[np.uint16]:
    valid = (depth > 0) & (depth < depth_max)
    inverse = np.rint(a / np.where(valid, depth, np.float32(depth_max)) + b)
    return np.where(valid & (inverse <= 65535), inverse, 0).astype(np.uint16)


def _from_inverse(image: NDArray[np.uint16], a: float, b: float) -> NDArray[np.float32]:
    if not (np.isfinite((a, b)).all() and a > 0):
        raise MessageError(
            f'compressedDepth 32FC1: quantisation {a:g}, {b:g} is '
            'impossible: the publisher fills the header wrongly', cause='data')
    with np.errstate(divide='ignore', over='ignore'):
        depth = np.float32(a) / (image.astype(np.float32) - np.float32(b))
    return to_metres(np.where(image > 0, depth, np.float32(0)))


def _depth_png(data: NDArray[np.uint8], name: str) -> NDArray[np.uint16]:
    if not _starts(data, PNG):
        raise MessageError(
            f'{name!r}: the data is no PNG: the publisher is broken, '
            'or compresses otherwise than it says', cause='data')
    image = _decompress(data, name)
    if image.dtype != np.uint16 or image.ndim != 2:
        raise MessageError(
            f'{name!r}: depth needs one channel of 16 bits, '
            f'the PNG holds {image.shape} of {image.dtype}', cause='encoding')
    return image


def _decompress(data: NDArray[np.uint8], name: str) -> NDArray[Any]:
    """JPEG or PNG -> (H, W) or (H, W, 3 or 4), uint8 or uint16, in the file's BGR order."""
    end = JPEG_END if _starts(data, JPEG) else PNG_END if _starts(data, PNG) else None
    if end is None:
        named = any(codec in name.lower() for codec in ('jpeg', 'jpg', 'png'))
        raise MessageError(
            f'{name!r}: the data is neither JPEG nor PNG: set the publisher to one',
            cause='data' if named else 'encoding')
    if end not in data.tobytes():  # OpenCV 4 would hand out half a picture
        raise MessageError(f'{name!r}: the image is cut off after {data.size} bytes', cause='data')
    try:
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise MessageError(
            f'{name!r}: the image is damaged, OpenCV cannot decode it', cause='data')
    check_sides(*image.shape[:2])
    return image


def _starts(data: NDArray[np.uint8], signature: bytes) -> bool:
    return data[:len(signature)].tobytes() == signature


def _known(encoding: str) -> bool:
    return encoding in CONVERSIONS or encoding in WIDE
