"""CompressedImage messages as image_transport_plugins writes them, and damaged ones."""

import struct
from array import array
from typing import Any
from zlib import crc32

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage

from dcmd_ros.sensing.codec import MessageError, decode_colour, decode_depth
from dcmd_ros.sensing.compressed import fill_compressed_depth

RED = np.full((16, 20, 3), (250, 20, 10), np.uint8)
DEPTH = np.random.default_rng(2).uniform(0.2, 4, (12, 9)).astype(np.float32)
DEPTH[3, 4] = 0
MILLIMETRES = np.rint(DEPTH * 1000).astype(np.uint16)
HEADER = struct.pack('<iff', 0, 0, 0)


def message(image: NDArray[Any], form: str, suffix: str = '.png', head: bytes = b'',
            ) -> CompressedImage:
    """`image` as OpenCV encodes it: colour in BGR order."""
    return CompressedImage(
        format=form, data=array('B', head + cv2.imencode(suffix, image)[1].tobytes()))


@pytest.mark.parametrize(('form', 'suffix'), [
    ('jpeg', '.jpg'), ('png', '.png'), ('', '.jpg'), ('rgb8; jpeg compressed bgr8', '.jpg'),
    ('bgr8; jpeg compressed bgr8', '.jpg'), ('rgb8; png compressed bgr8', '.png'),
    ('bayer_rggb8; jpeg compressed bgr8', '.jpg')])
def test_red_stays_red_through_jpeg_and_png(form: str, suffix: str) -> None:
    decoded = decode_colour(message(RED[..., ::-1], form, suffix))
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - RED).max() <= 4


@pytest.mark.parametrize('form', ['rgb8; jpeg compressed ', 'bgr8; jpeg compressed'])
def test_a_file_without_the_bgr_mark_has_red_and_blue_swapped_as_its_publisher_wrote_it(
        form: str) -> None:
    decoded = decode_colour(message(RED, form, '.jpg'))
    assert np.abs(decoded.astype(int) - RED).max() <= 4


def test_grey_alpha_and_sixteen_bits_come_out_as_rgb() -> None:
    grey = decode_colour(message(RED[..., 0], 'mono8; jpeg compressed mono8', '.jpg'))
    assert grey.shape == RED.shape
    assert np.abs(grey.astype(int) - 250).max() <= 2
    alpha = decode_colour(message(np.dstack([RED[..., ::-1], RED[..., 0]]), 'png'))
    np.testing.assert_array_equal(alpha, RED)
    wide = decode_colour(message(RED[..., ::-1].astype(np.uint16) * 257,
                                 'rgb16; png compressed bgr16'))
    np.testing.assert_array_equal(wide, RED)


@pytest.mark.parametrize('bits', [8, 16])
def test_a_png_of_a_bayer_mosaic_is_demosaiced(bits: int) -> None:
    mosaic = np.tile(np.array([[250, 20], [20, 10]]), (8, 10))
    pixels = mosaic.astype(np.uint8) if bits == 8 else (mosaic * 257).astype(np.uint16)
    np.testing.assert_array_equal(
        decode_colour(message(pixels, f'bayer_rggb{bits}; png compressed ')), RED)


@pytest.mark.parametrize(('form', 'head'), [
    ('16UC1; compressedDepth png', HEADER), ('16UC1; compressedDepth', HEADER),
    ('16UC1;compressedDepth png', HEADER), ('mono16; compressedDepth png', HEADER),
    ('16UC1', HEADER), ('16UC1; png compressed ', b''), ('png', b''), ('', b'')])
def test_a_png_of_millimetres_is_depth_with_or_without_the_header(form: str, head: bytes) -> None:
    np.testing.assert_array_equal(decode_depth(message(MILLIMETRES, form, head=head)),
                                  MILLIMETRES / np.float32(1000))


@pytest.mark.parametrize('form', ['32FC1; compressedDepth png', '32FC1; compressedDepth'])
def test_inverse_depth_as_the_transport_quantises_it_is_metres(form: str) -> None:
    a = 100.0 * 101.0
    b = 1 - a / 10.0
    with np.errstate(divide='ignore'):
        inverse = np.where(DEPTH > 0, a / DEPTH + b, 0).astype(np.uint16)  # cut, not rounded
    depth = decode_depth(message(inverse, form, head=struct.pack('<iff', 0, a, b)))
    assert depth[3, 4] == 0
    assert (np.abs(depth - DEPTH) <= 1.01 * DEPTH ** 2 / a).all()


@pytest.mark.parametrize('a_b', [(0.0, 1.0), (-1.0, 0.0), (float('nan'), 0.0),
                                 (1.0, float('inf'))])
def test_an_impossible_quantisation_is_a_data_error(a_b: tuple[float, float]) -> None:
    with pytest.raises(MessageError) as refused:
        decode_depth(message(MILLIMETRES, '32FC1; compressedDepth png',
                             head=struct.pack('<iff', 0, *a_b)))
    assert refused.value.cause == 'data'


def test_inverse_depth_at_or_behind_its_pole_is_missing() -> None:
    depth = decode_depth(message(np.array([[5, 10, 20]], np.uint16), '32FC1; compressedDepth png',
                                 head=struct.pack('<iff', 0, 10.0, 10.0)))
    np.testing.assert_array_equal(depth, [[0, 0, 1]])


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_what_we_compress_is_read_back_within_the_quantisation(encoding: str) -> None:
    msg = CompressedImage()
    msg.header.frame_id = 'kept'
    fill_compressed_depth(msg, DEPTH, encoding)
    assert msg.header.frame_id == 'kept'
    assert msg.format == f'{encoding}; compressedDepth png'
    assert msg.data[12:16].tobytes() == b'\x89PNG'
    step = 0.001 if encoding == '16UC1' else DEPTH ** 2 / 10100
    back = decode_depth(msg)
    assert back[3, 4] == 0
    assert (np.abs(back - DEPTH) <= 0.51 * step + 1e-6).all()


def test_depth_outside_the_quantised_range_becomes_missing_not_wrong() -> None:
    msg = CompressedImage()
    fill_compressed_depth(msg, np.array([[0.1, 1, 10, 20]], np.float32), '32FC1')
    np.testing.assert_allclose(decode_depth(msg), [[0, 1, 0, 0]], atol=1e-4)
    with pytest.raises(MessageError, match='8UC1'):
        fill_compressed_depth(msg, DEPTH, '8UC1')


def test_rvl_is_refused_by_name_with_the_cure() -> None:
    with pytest.raises(MessageError, match=r'RVL.*compressedDepth.format.*png') as refused:
        decode_depth(message(MILLIMETRES, '16UC1; compressedDepth rvl', head=HEADER))
    assert refused.value.cause == 'encoding'


@pytest.mark.parametrize(('decode', 'msg', 'cause'), [
    (decode_depth, message(RED, 'bgr8; jpeg compressed bgr8', '.jpg'), 'encoding'),
    (decode_depth, message(MILLIMETRES.astype(np.uint8), '16UC1; png compressed'), 'encoding'),
    (decode_depth, message(RED, '16UC1; compressedDepth png', head=HEADER), 'encoding'),
    (decode_depth, message(MILLIMETRES, 'compressedDepth', head=HEADER), 'encoding'),
    (decode_depth, message(MILLIMETRES, '32FC1; compressedDepth png'), 'data'),
    (decode_depth, CompressedImage(format='16UC1; compressedDepth png', data=HEADER), 'data'),
    (decode_colour, message(MILLIMETRES, '16UC1; compressedDepth png', head=HEADER), 'encoding'),
    (decode_colour, CompressedImage(format='h264', data=b'\0\0\0\1abc'), 'encoding'),
    (decode_colour, CompressedImage(format='jpeg', data=b'\0\0\0\1abc'), 'data'),
    (decode_colour, CompressedImage(format='jpeg'), 'data')])
def test_what_is_no_such_image_is_refused_by_cause(
        decode: Any, msg: CompressedImage, cause: str) -> None:
    with pytest.raises(MessageError) as refused:
        decode(msg)
    assert refused.value.cause == cause


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
@pytest.mark.parametrize('share', [0.2, 0.9])
def test_an_image_that_was_cut_off_is_a_data_error_not_half_a_picture(
        suffix: str, share: float) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    msg = message(noise, 'jpeg', suffix)
    msg.data = msg.data[:int(share * len(msg.data))]
    with pytest.raises(MessageError) as refused:
        decode_colour(msg)
    assert refused.value.cause == 'data'


def test_a_picture_larger_than_any_cameras_is_a_size_error() -> None:
    with pytest.raises(MessageError) as refused:
        decode_colour(message(np.zeros((1, 20000), np.uint8), 'png'))
    assert refused.value.cause == 'size'


def test_a_header_that_announces_gigapixels_is_refused() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack('>I', len(body)) + name + body + struct.pack('>I', crc32(name + body))

    size = struct.pack('>IIBBBBB', 60000, 60000, 8, 0, 0, 0, 0)
    data = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', size) + chunk(b'IDAT', b'') + chunk(b'IEND', b'')
    with pytest.raises(MessageError) as refused:
        decode_colour(CompressedImage(format='png', data=array('B', data)))
    assert refused.value.cause == 'data'


def test_nothing_but_a_message_error_ever_escapes_damaged_files() -> None:
    rng = np.random.default_rng(4)
    forms = ['jpeg', 'png', 'rgb8; jpeg compressed bgr8', 'bayer_gbrg8; png compressed ',
             '16UC1; compressedDepth png', '32FC1; compressedDepth png', '16UC1', ';', '']
    whole = [message(RED, '', '.jpg'), message(RED, ''), message(MILLIMETRES, '', head=HEADER),
             message(MILLIMETRES, '', head=struct.pack('<iff', 0, 10100, -1009))]
    read = 0
    for _ in range(1500):
        data = np.array(whole[rng.integers(len(whole))].data, np.uint8)
        data[rng.integers(0, data.size, rng.integers(0, 4))] ^= np.uint8(rng.integers(1, 256))
        data = data[rng.integers(0, 3) * rng.integers(0, 8):]
        msg = CompressedImage(format=str(rng.choice(forms)), data=array('B', data.tobytes()))
        for decode in (decode_colour, decode_depth):
            try:
                image = decode(msg)
            except MessageError:
                continue
            read += 1
            assert np.isfinite(image).all()
    assert read > 100
