"""The files of ~/snapshot."""

import json

import cv2
import numpy as np
import pytest
from std_msgs.msg import Header

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.result import Result, Sensor
from dcmd_ros.nodes.snapshot import PLY_HEADER, POINT, write_snapshot

SIZE = (48, 64)
CAMERA = Intrinsics(64, 48, 60, 60, 32, 24)


def result(**parts: object) -> Result:
    frame = Frame(1_500_000_000, 'camera', intrinsics=CAMERA, **parts)
    judged = Inspection(frame.stamp, 'camera', frame.mode, 'good', 0.2,
                        np.full(SIZE, 0.2, np.float32), np.zeros(SIZE, np.uint8), {})
    seen = Sensor('ok', 0.9, frame.stamp, 1.0)
    return Result(Header(), frame, judged, {'rgb': seen, 'depth': seen}, 1.0)


@pytest.fixture
def full() -> Result:
    colour = np.zeros((*SIZE, 3), np.uint8)
    colour[..., 0] = 200
    depth = np.full(SIZE, 0.5, np.float32)
    depth[:, :4] = 0
    return result(rgb=colour, depth=depth)


def test_colour_and_depth_read_back_as_they_were(full, tmp_path) -> None:
    folder = write_snapshot(full, tmp_path)
    assert folder == tmp_path / '1.500000000'
    assert (cv2.imread(str(folder / 'rgb.png'))[0, 0] == (0, 0, 200)).all()
    depth = cv2.imread(str(folder / 'depth.png'), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    assert (depth[0, 0], depth[0, 10]) == (0, 500)
    scores = cv2.imread(str(folder / 'map.tiff'), cv2.IMREAD_UNCHANGED)
    assert scores.dtype == np.float32
    assert scores[0, 0] == pytest.approx(0.2)


def test_the_record_holds_the_messages_keys(full, tmp_path) -> None:
    told = json.loads((write_snapshot(full, tmp_path) / 'inspection.json').read_text())
    assert told['inspection']['verdict'] == 'good'
    assert told['depth']['state'] == 'ok'


def test_the_points_are_those_with_a_distance_in_colour(full, tmp_path) -> None:
    data = (write_snapshot(full, tmp_path) / 'points.ply').read_bytes()
    count = 48 * 60
    head = PLY_HEADER.format(count=count).encode()
    assert data.startswith(head)
    points = np.frombuffer(data[len(head):], POINT)
    assert len(points) == count
    assert points[0]['xyz'] == pytest.approx(((4 - 32) / 120, -24 / 120, 0.5))
    assert points[0]['rgb'].tolist() == [200, 0, 0]


def test_what_the_frame_lacks_is_not_written(tmp_path) -> None:
    folder = write_snapshot(result(rgb=np.zeros((*SIZE, 3), np.uint8)), tmp_path)
    assert sorted(p.name for p in folder.iterdir()) == [
        'inspection.json', 'map.tiff', 'mask.png', 'overlay.png', 'rgb.png']


def test_a_folder_that_cannot_be_made_is_a_plain_error(full, tmp_path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(DcmdError, match='snapshot_dir'):
        write_snapshot(full, tmp_path / 'file')
