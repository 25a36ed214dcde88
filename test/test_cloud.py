"""PointCloud2 messages, read whatever their layout, and written."""

import struct
from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from dcmd_ros.sensing.cloud import decode_cloud, fill_cloud
from dcmd_ros.sensing.message import MessageError

XYZ = np.random.default_rng(6).normal(size=(4, 5, 3)).astype(np.float32)


def message(xyz: NDArray[Any], offsets: tuple[int, int, int] = (0, 4, 8), point_step: int = 16,
            pad: int = 0, double: bool = False, big: bool = False, order: str = 'xyz',
            ) -> PointCloud2:
    """(H, W, 3) packed by hand, rubbish in every byte that is nobody's."""
    code, kind = ('d', PointField.FLOAT64) if double else ('f', PointField.FLOAT32)
    data = bytearray()
    for row in xyz:
        for point in row:
            packed = bytearray(b'\x7f' * point_step)
            for offset, value in zip(offsets, point, strict=True):
                struct.pack_into(('>' if big else '<') + code, packed, offset, value)
            data += packed
        data += b'\x7f' * pad
    fields = {n: PointField(name=n, offset=o, datatype=kind, count=1)
              for n, o in zip('xyz', offsets, strict=True)}
    intensity = PointField(name='intensity', offset=0, datatype=PointField.UINT8, count=1)
    return PointCloud2(height=xyz.shape[0], width=xyz.shape[1], point_step=point_step,
                       row_step=xyz.shape[1] * point_step + pad, is_bigendian=big,
                       fields=[intensity, *(fields[n] for n in order)], data=array('B', data))


@pytest.mark.parametrize('layout', [
    {}, {'offsets': (0, 4, 8), 'point_step': 12}, {'offsets': (20, 4, 12), 'point_step': 32},
    {'offsets': (1, 6, 11), 'point_step': 15}, {'pad': 7}, {'big': True, 'pad': 3},
    {'double': True, 'offsets': (0, 8, 16), 'point_step': 24},
    {'double': True, 'offsets': (17, 3, 33), 'point_step': 41, 'big': True},
    {'order': 'zxy'}])
def test_points_are_read_wherever_they_lie(layout: dict[str, Any]) -> None:
    cloud = decode_cloud(message(XYZ, **layout))
    assert cloud.organised
    assert cloud.points.dtype == np.float32
    np.testing.assert_array_equal(cloud.points, XYZ)


def test_an_unorganised_cloud_is_a_list_of_points_possibly_empty() -> None:
    cloud = decode_cloud(message(XYZ.reshape(1, -1, 3)))
    assert not cloud.organised
    np.testing.assert_array_equal(cloud.points, XYZ.reshape(-1, 3))
    assert decode_cloud(message(XYZ[:1, :0])).points.shape == (0, 3)


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('axis', [0, 1, 2])
def test_a_point_with_a_coordinate_that_is_not_finite_is_missing(axis: int, bad: float) -> None:
    xyz = XYZ.copy()
    xyz[1, 2, axis] = bad
    points = decode_cloud(message(xyz)).points
    assert (points[1, 2] == 0).all()
    np.testing.assert_array_equal(points[0], XYZ[0])


def test_a_double_too_large_for_a_float_is_missing() -> None:
    xyz = XYZ.astype(float)
    xyz[0, 0, 1] = 1e300
    cloud = decode_cloud(message(xyz, double=True, offsets=(0, 8, 16), point_step=24))
    assert (cloud.points[0, 0] == 0).all()


@pytest.mark.parametrize(('change', 'cause'), [
    ({'fields': []}, 'cloud'), ({'point_step': 11}, 'cloud'), ({'row_step': 79}, 'step'),
    ({'row_step': 81}, 'data'), ({'height': 5}, 'data'), ({'height': 3}, 'data'),
    ({'data': array('B')}, 'data'), ({'width': 0, 'row_step': 0}, 'size'),
    ({'height': 2 ** 32 - 1}, 'size')])
def test_an_impossible_cloud_is_refused_by_cause(change: dict[str, Any], cause: str) -> None:
    msg = message(XYZ)
    for name, value in change.items():
        setattr(msg, name, value)
    with pytest.raises(MessageError) as refused:
        decode_cloud(msg)
    assert refused.value.cause == cause


def test_a_cloud_without_z_says_which_fields_it_has() -> None:
    msg = message(XYZ)
    msg.fields = [f for f in msg.fields if f.name != 'z']
    with pytest.raises(MessageError, match=r"no field 'z'.*intensity, x, y"):
        decode_cloud(msg)


def test_integer_coordinates_are_refused_by_name() -> None:
    msg = message(XYZ)
    msg.fields[2].datatype = PointField.INT16
    with pytest.raises(MessageError, match="'y'.*datatype 3"):
        decode_cloud(msg)


def test_nothing_but_a_message_error_ever_escapes() -> None:
    rng = np.random.default_rng(7)
    sides = [0, 1, 2, 3, 2 ** 32 - 1]
    read = 0
    for _ in range(3000):
        height, width = int(rng.choice(sides)), int(rng.choice(sides))
        point_step = int(rng.choice([0, 4, 12, 16, 32]))
        row_step = width * point_step + int(rng.choice([0, 0, 0, 5, -1]))
        length = height * row_step if height * row_step < 4096 else 8
        msg = PointCloud2(height=height, width=width, point_step=point_step,
                          row_step=min(max(row_step, 0), 2 ** 32 - 1),
                          is_bigendian=bool(rng.integers(2)),
                          data=array('B', rng.bytes(max(0, length))))
        msg.fields = [PointField(name=n, offset=int(rng.choice([0, 4, 8, 8, 2 ** 32 - 1])),
                                 datatype=int(rng.choice([7, 7, 7, 8, 2])), count=1)
                      for n in 'xyz' if rng.random() < 0.95]
        try:
            cloud = decode_cloud(msg)
        except MessageError:
            continue
        read += 1
        assert np.isfinite(cloud.points).all()
        assert cloud.points.shape == ((height, width, 3) if height > 1 else (height * width, 3))
    assert read > 100


def written(**options: Any) -> tuple[PointCloud2, NDArray[np.float32], NDArray[np.uint8]]:
    xyz = np.abs(XYZ) + 1
    xyz[1, 2] = 0
    rgb = np.random.default_rng(8).integers(0, 256, xyz.shape, dtype=np.uint8)
    msg = PointCloud2()
    msg.header.frame_id = 'kept'
    intensity = np.arange(20, dtype=np.float32).reshape(4, 5)
    intensity[0, 0] = np.nan
    fill_cloud(msg, xyz, rgb, intensity, **options)
    return msg, xyz, rgb


def test_a_written_cloud_is_organised_with_nan_where_missing() -> None:
    msg, xyz, rgb = written()
    assert (msg.height, msg.width, msg.point_step, msg.row_step) == (4, 5, 20, 100)
    assert msg.header.frame_id == 'kept'
    assert not msg.is_dense
    assert [(f.name, f.offset, f.datatype, f.count) for f in msg.fields] == [
        (n, 4 * i, 7, 1) for i, n in enumerate(('x', 'y', 'z', 'rgb', 'intensity'))]
    assert all(isinstance(f, PointField) for f in msg.fields)
    values = np.frombuffer(msg.data, np.float32).reshape(4, 5, 5)
    assert np.isnan(values[1, 2, :3]).all()
    assert np.isnan(values[0, 0, 4])
    assert values[3, 4, 4] == 19
    np.testing.assert_array_equal(decode_cloud(msg).points, xyz)
    packed = int.from_bytes(msg.data[12:16].tobytes(), 'little')
    assert packed == int.from_bytes(rgb[0, 0].tobytes(), 'big')


def test_a_dense_cloud_leaves_missing_points_out() -> None:
    msg, xyz, _ = written(dense=True)
    assert (msg.height, msg.width) == (1, 19)
    assert msg.is_dense
    np.testing.assert_array_equal(decode_cloud(msg).points, xyz[xyz[..., 2] > 0])


def test_without_colour_the_points_are_grey_and_the_field_class_can_be_given() -> None:
    msg = PointCloud2()
    fill_cloud(msg, np.ones((1, 2, 3), np.float32), None, np.zeros((1, 2), np.float32))
    assert msg.is_dense
    assert msg.data[12:16].tobytes() == bytes([128, 128, 128, 0])
    plain = SimpleNamespace()
    fill_cloud(plain, np.ones((1, 2, 3), np.float32), None, np.zeros((1, 2), np.float32),
               field_type=SimpleNamespace)
    assert [f.name for f in plain.fields] == ['x', 'y', 'z', 'rgb', 'intensity']
    assert plain.data == msg.data
