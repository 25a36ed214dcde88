"""What a panel shows: missing depth unlike any depth, truth and alarms outlined."""

import cv2
import numpy as np

from dcmd_ros.evaluation import panels
from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection

SIZE = (256, 300)


def frame(depth_hole: bool = True) -> Frame:
    depth = np.tile(np.linspace(0.4, 0.6, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    if depth_hole:
        depth[100:140, 100:140] = 0
    return Frame(0, rgb=np.full((*SIZE, 3), 120, np.uint8), depth=depth)


def inspection(values: np.ndarray) -> Inspection:
    return Inspection(0, '', 'both', 'anomalous', float(np.nanmax(values)), values,
                      np.where(np.nan_to_num(values) >= 0.5, 255, 0).astype(np.uint8),
                      {'rgb': 0.9, 'depth': float('nan')})


def is_grey(picture: np.ndarray) -> np.ndarray:
    return (picture == picture[..., :1]).all(axis=2)


def test_near_is_bright_and_missing_depth_is_striped_grey() -> None:
    picture = panels.depth_picture(frame())
    assert picture[50, 10].sum() > picture[50, 290].sum()
    np.testing.assert_array_equal(is_grey(picture), frame().depth == 0)
    assert len(np.unique(picture[100:140, 100:140])) == 2


def test_absent_sensors_are_striped_all_over() -> None:
    nothing = Frame(0, rgb=None, depth=np.zeros(SIZE, np.float32))
    assert is_grey(panels.rgb_picture(nothing)).all()
    assert is_grey(panels.depth_picture(nothing)).all()
    assert panels.depth_picture(Frame(0, rgb=frame().rgb)).shape == (*SIZE, 3)


def test_the_map_s_colours_are_fixed_and_its_alarm_is_outlined() -> None:
    values = np.full(SIZE, 0.2, np.float32)
    values[50:80, 50:90] = 0.8
    values[200:, :] = np.nan
    picture = panels.map_picture(inspection(values))
    line = (picture == panels.CONTOUR).all(axis=2)
    assert line[50, 55:85].all() and line[79, 55:85].all()
    assert not line[55:75, 55:85].any() and not line[:45].any()
    assert is_grey(picture[205:]).all() and not is_grey(picture[:190]).any()
    scaled = panels.map_picture(inspection(np.full(SIZE, 0.2, np.float32)))
    np.testing.assert_array_equal(picture[10, 10], scaled[10, 10])


def test_the_truth_is_red_on_the_dimmed_part() -> None:
    truth = np.zeros(SIZE, bool)
    truth[20:60, 30:70] = True
    picture = panels.truth_picture(frame(), truth).astype(int)
    assert (picture[truth][:, 0] > picture[truth][:, 2] + 50).all()
    assert is_grey(picture[100:]).all() and picture[100:].max() < 120


def test_a_panel_is_four_captioned_tiles_of_a_readable_size() -> None:
    for size, tile in {(32, 40): (256, 320), (256, 300): (256, 300), (400, 400): (400, 400),
                       (480, 640): (315, 420), (1000, 500): (840, 420)}.items():
        values = np.full(size, 0.7, np.float32)
        seen = Frame(0, rgb=np.zeros((*size, 3), np.uint8), depth=np.ones(size, np.float32))
        height, width, _ = panels.panel(seen, None, inspection(values), 'dent/003').shape
        assert height == tile[0] + panels.CAPTION + 2 * panels.GAP
        assert width == 4 * tile[1] + 5 * panels.GAP


def test_the_file_name_is_the_contract_s_and_the_file_reads_back() -> None:
    assert panels.panel_name('cable_gland', 'cut/003') == 'dcmd_cable_gland_cut_003.png'
    picture = panels.rgb_picture(Frame(0, rgb=np.full((4, 5, 3), (200, 10, 30), np.uint8)))
    back = cv2.imdecode(np.frombuffer(panels.encoded(picture), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(back[0, 0], (30, 10, 200))
