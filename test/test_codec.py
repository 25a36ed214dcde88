"""Image messages, read and written: every encoding, padding and byte order, nothing escapes."""

import sys
from array import array
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from dcmd_ros.sensing import codec
from dcmd_ros.sensing.codec import (
    MessageError,
    decode_colour,
    decode_depth,
    fill_depth,
    fill_image,
)
from dcmd_ros.sensing.depth import from_metres

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (7, 10, 3), dtype=np.uint8)
GREY = RGB[..., :1]
ALPHA = np.full_like(GREY, 9)


def message(pixels: NDArray[Any], encoding: str, pad: int = 0, big: bool = False) -> Image:
    """Packs (H, W, C) by hand, with `pad` bytes of rubbish behind each row."""
    pixels = pixels.astype(pixels.dtype.newbyteorder('>' if big else '<'))
    rows = [row.tobytes() + b'\xab' * pad for row in pixels]
    return Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
                 is_bigendian=int(big), step=len(rows[0]), data=array('B', b''.join(rows)))


COLOURS = {
    'rgb8': (RGB, RGB),
    'bgr8': (RGB[..., ::-1], RGB),
    'rgba8': (np.dstack([RGB, ALPHA]), RGB),
    'bgra8': (np.dstack([RGB[..., ::-1], ALPHA]), RGB),
    'mono8': (GREY, np.dstack([GREY] * 3)),
    '8UC1': (GREY, np.dstack([GREY] * 3)),
    '8UC3': (RGB[..., ::-1], RGB),
    '8UC4': (np.dstack([RGB[..., ::-1], ALPHA]), RGB),
}


@pytest.mark.parametrize('pad', [0, 5])
@pytest.mark.parametrize('encoding', COLOURS)
def test_eight_bit_colour_comes_out_as_rgb(encoding: str, pad: int) -> None:
    pixels, expected = COLOURS[encoding]
    decoded = decode_colour(message(pixels, encoding, pad))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('pad', [0, 3])
@pytest.mark.parametrize('encoding', ['rgb16', 'bgr16', 'rgba16', 'bgra16', 'mono16'])
def test_sixteen_bit_colour_is_scaled_to_eight_in_either_byte_order(
        encoding: str, pad: int, big: bool) -> None:
    pixels, expected = COLOURS[encoding[:-2] + '8']
    decoded = decode_colour(message(pixels.astype(np.uint16) * 257, encoding, pad, big))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_a_bayer_mosaic_of_one_colour_gives_that_colour(pattern: str, bits: int) -> None:
    colour = {'r': 200, 'g': 100, 'b': 50}
    cell = np.array([colour[c] for c in pattern]).reshape(2, 2)
    mosaic = np.tile(cell, (4, 5))[..., np.newaxis]
    pixels = mosaic.astype(np.uint8) if bits == 8 else (mosaic * 257).astype(np.uint16)
    decoded = decode_colour(message(pixels, f'bayer_{pattern}{bits}'))
    assert (decoded == (200, 100, 50)).all()


@pytest.mark.parametrize(('encoding', 'order'), [
    ('yuv422', 'uyvy'), ('uyvy', 'uyvy'), ('yuv422_yuy2', 'yuyv'), ('yuyv', 'yuyv')])
def test_yuv_422_keeps_red_red(encoding: str, order: str) -> None:
    red = {'y': 81, 'u': 90, 'v': 240}  # ITU-R BT.601, 16..235
    pixels = np.tile(np.array([red[c] for c in order], np.uint8).reshape(1, 2, 2), (4, 3, 1))
    decoded = decode_colour(message(pixels, encoding, pad=2))
    assert decoded.shape == (4, 6, 3)
    assert np.abs(decoded.astype(int) - (255, 0, 0)).max() <= 2


def test_rgb8_and_float_depth_are_read_without_a_copy() -> None:
    for msg, decode in ((message(RGB, 'rgb8', pad=4), decode_colour),
                        (message(np.ones((4, 5, 1), np.float32), '32FC1'), decode_depth)):
        assert np.shares_memory(decode(msg), np.frombuffer(msg.data, np.uint8))


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('pad', [0, 3])
@pytest.mark.parametrize('encoding', ['16UC1', 'mono16'])
def test_integer_depth_is_millimetres_with_zero_missing(
        encoding: str, pad: int, big: bool) -> None:
    depth = decode_depth(message(np.array([[[0], [500]], [[1], [65535]]], np.uint16),
                                 encoding, pad, big))
    assert depth.dtype == np.float32
    assert depth.dtype.isnative
    np.testing.assert_array_equal(depth, np.array([[0, .5], [.001, 65.535]], np.float32))


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('pad', [0, 3])
def test_float_depth_is_metres_and_what_is_no_measurement_is_missing(pad: int, big: bool) -> None:
    values = [np.nan, np.inf, -np.inf, -1, 0, 0.75, 2000, 3e38]
    msg = message(np.array(values, np.float32).reshape(2, 4, 1), '32FC1', pad, big)
    depth = decode_depth(msg)
    assert depth.dtype.isnative
    np.testing.assert_array_equal(depth.ravel(), np.array([0, 0, 0, 0, 0, .75, 0, 0], np.float32))


@pytest.mark.parametrize(('decode', 'encoding', 'cure'), [
    (decode_colour, '16UC1', 'rgb/image'), (decode_colour, '32FC1', 'rgb/image'),
    (decode_depth, 'rgb8', 'depth/image'), (decode_depth, '64FC1', '32FC1')])
def test_an_encoding_of_the_other_sensor_is_refused_with_the_cure(
        decode: Any, encoding: str, cure: str) -> None:
    with pytest.raises(MessageError, match=cure) as refused:
        decode(message(RGB, encoding))
    assert encoding in str(refused.value)
    assert refused.value.cause == 'encoding'


@pytest.mark.parametrize(('change', 'cause'), [
    ({'width': 0}, 'size'), ({'height': 0}, 'size'), ({'width': 2 ** 31}, 'size'),
    ({'height': 16385}, 'size'), ({'step': 29}, 'step'), ({'step': 0}, 'step'),
    ({'step': 31}, 'data'), ({'height': 8}, 'data'), ({'height': 6}, 'data'),
    ({'data': array('B')}, 'data'), ({'encoding': 'nonsense'}, 'encoding'),
    ({'encoding': ''}, 'encoding')])
def test_an_impossible_image_is_refused_by_cause(change: dict[str, Any], cause: str) -> None:
    msg = message(RGB, 'rgb8')
    for name, value in change.items():
        setattr(msg, name, value)
    with pytest.raises(MessageError) as refused:
        decode_colour(msg)
    assert refused.value.cause == cause
    assert '\n' not in str(refused.value)


@pytest.mark.parametrize(('encoding', 'shape'), [
    ('yuyv', (4, 5, 2)), ('bayer_rggb8', (2, 8, 1)), ('bayer_rggb8', (8, 1, 1))])
def test_a_pattern_without_its_pairs_of_pixels_is_a_size_error(
        encoding: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(MessageError) as refused:
        decode_colour(message(np.zeros(shape, np.uint8), encoding))
    assert refused.value.cause == 'size'


def test_bytes_that_are_no_buffer_are_a_data_error() -> None:
    class Odd:
        height, width, step, encoding, is_bigendian, data = 1, 1, 3, 'rgb8', 0, [1, 2, 3]

    with pytest.raises(MessageError) as refused:
        decode_colour(Odd())
    assert refused.value.cause == 'data'


@pytest.fixture
def fake_cv_bridge(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType('cv_bridge')
    monkeypatch.setitem(sys.modules, 'cv_bridge', module)
    codec._bridge.cache_clear()
    monkeypatch.setattr(codec, '_bridge', codec._bridge.__wrapped__)
    return module


def test_other_encodings_go_through_cv_bridge_where_it_is_installed(
        fake_cv_bridge: Any) -> None:
    class CvBridge:
        def imgmsg_to_cv2(self, msg: Any, desired_encoding: str) -> NDArray[np.uint8]:
            assert desired_encoding == 'rgb8'
            return np.full((msg.height, msg.width, 3), 7, np.uint8)

    fake_cv_bridge.CvBridge = CvBridge
    assert (decode_colour(message(RGB, 'nv21')) == 7).all()


def test_a_cv_bridge_that_breaks_on_import_is_a_named_error(fake_cv_bridge: Any) -> None:
    def broken() -> None:
        raise AttributeError('_ARRAY_API not found')

    fake_cv_bridge.CvBridge = broken
    with pytest.raises(MessageError, match=r'nv21.*_ARRAY_API not found.*rgb8') as refused:
        decode_colour(message(RGB, 'nv21'))
    assert refused.value.cause == 'encoding'


def test_a_cv_bridge_that_fails_on_the_message_is_a_named_error(fake_cv_bridge: Any) -> None:
    class CvBridge:
        def imgmsg_to_cv2(self, msg: Any, desired_encoding: str) -> None:
            raise RuntimeError('no\nconversion')

    fake_cv_bridge.CvBridge = CvBridge
    with pytest.raises(MessageError, match='nv21') as refused:
        decode_colour(message(RGB, 'nv21'))
    assert '\n' not in str(refused.value)


def test_nothing_but_a_message_error_ever_escapes() -> None:
    rng = np.random.default_rng(0)
    names = [*codec.CONVERSIONS, *codec.WIDE, '16UC1', '32FC1', 'nv21', '', 'rgb8\0', 'ü']
    sides = [0, 1, 2, 3, 4, 5, 16, 2 ** 32 - 1]
    read = 0
    for _ in range(4000):
        height, width, pixel = int(rng.choice(sides)), int(rng.choice(sides)), rng.integers(1, 9)
        step = width * int(pixel) + int(rng.choice([0, 0, 0, 1, 7]))
        length = height * step if height * step < 4096 else int(rng.integers(64))
        length += int(rng.choice([0, 0, 0, 0, -1, 1]))
        msg = Image(height=height, width=width, encoding=str(rng.choice(names)),
                    step=min(step, 2 ** 32 - 1), is_bigendian=int(rng.integers(256)),
                    data=array('B', rng.bytes(max(0, length))))
        for decode in (decode_colour, decode_depth):
            try:
                image = decode(msg)
            except MessageError:
                continue
            read += 1
            assert image.shape[:2] == (height, width)
            assert np.isfinite(image).all()
            assert (image >= 0).all()
    assert read > 200


@pytest.mark.parametrize(('encoding', 'pixels'), [
    ('rgb8', RGB), ('bgr8', RGB), ('mono8', RGB[..., 0]),
    ('16UC1', RNG.integers(0, 65536, (4, 5), dtype=np.uint16)),
    ('32FC1', RNG.normal(size=(4, 5)).astype(np.float32))])
def test_an_image_is_written_as_the_encoding_says(encoding: str, pixels: NDArray[Any]) -> None:
    msg = Image()
    msg.header.frame_id = 'kept'
    wide = np.concatenate([pixels, pixels], axis=1)[:, :pixels.shape[1]]
    for source in (pixels, wide, wide[:1]):
        fill_image(msg, source, encoding)
        assert msg.header.frame_id == 'kept'
        assert (msg.height, msg.width) == source.shape[:2]
        assert (msg.encoding, msg.is_bigendian) == (encoding, 0)
        assert msg.step * msg.height == len(msg.data)
        assert isinstance(msg.data, array)
        assert msg.data.typecode == 'B'
        assert msg.data.tobytes() == source.tobytes()


def test_nan_survives_writing_a_float_map() -> None:
    msg = Image()
    fill_image(msg, np.array([[np.nan, 0.5]], np.float32), '32FC1')
    np.testing.assert_array_equal(np.frombuffer(msg.data, np.float32), [np.nan, 0.5])


@pytest.mark.parametrize(('pixels', 'encoding'), [
    (RGB, 'mono8'), (RGB[..., 0], 'rgb8'), (RGB[..., 0], '16UC1'), (RGB, 'rgba8'),
    (np.zeros(4, np.uint8), 'mono8'), (np.zeros((2, 2)), '32FC1')])
def test_an_array_that_is_not_of_the_encoding_is_not_written(
        pixels: NDArray[Any], encoding: str) -> None:
    with pytest.raises(MessageError):
        fill_image(Image(), pixels, encoding)


@pytest.mark.parametrize(('encoding', 'tolerance'), [('32FC1', 0), ('16UC1', 0.00051)])
def test_depth_survives_writing_and_reading(encoding: str, tolerance: float) -> None:
    depth = np.random.default_rng(1).uniform(0.2, 5, (6, 7)).astype(np.float32)
    depth[2, 3] = 0
    msg = Image()
    fill_depth(msg, depth, encoding)
    back = decode_depth(msg)
    assert back[2, 3] == 0
    assert np.abs(back - depth).max() <= tolerance


def test_written_float_depth_marks_missing_as_nan_and_millimetres_never_wrap() -> None:
    assert np.isnan(from_metres(np.zeros((1, 1), np.float32), '32FC1')).all()
    assert from_metres(np.full((1, 1), 70, np.float32), '16UC1') == 0
    with pytest.raises(MessageError, match='rgb8'):
        from_metres(np.zeros((1, 1), np.float32), 'rgb8')
