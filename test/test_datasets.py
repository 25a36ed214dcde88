"""Data sets in each layout, tiny ones made here and the real ones where they are at hand."""

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Intrinsics
from dcmd_ros.training.datasets import SPLITS, open_dataset

Maker = Callable[[Path], Path]
WIDTH, HEIGHT = 32, 24
CAMERA = Intrinsics(WIDTH, HEIGHT, 60.0, 62.0, 14.0, 11.5)


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def save_tiff(path: Path, xyz: np.ndarray) -> None:
    """A baseline TIFF by hand (TIFF 6.0), so that the order of x, y, z is beyond doubt."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, _ = xyz.shape
    data = xyz.astype('<f4').tobytes()
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 0), (259, 3, 1, 1),
            (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3), (278, 4, 1, height),
            (279, 4, 1, len(data)), (339, 3, 3, 0)]
    directory = 8 + len(data)
    lists = directory + 2 + 12 * len(tags) + 4
    offsets = {258: lists, 339: lists + 6}
    entries = b''.join(struct.pack('<HHII', tag, kind, count, offsets.get(tag, value))
                       for tag, kind, count, value in tags)
    path.write_bytes(struct.pack('<2sHI', b'II', 42, directory) + data
                     + struct.pack('<H', len(tags)) + entries + struct.pack('<I', 0)
                     + struct.pack('<6H', 32, 32, 32, 3, 3, 3))


def colour(value: int = 0) -> np.ndarray:
    """Blue, green, red, as OpenCV writes it."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = (10, 20, 200 + value)
    return image


def depth() -> np.ndarray:
    metres = 0.5 + 0.2 * np.random.default_rng(0).random((HEIGHT, WIDTH), np.float32)
    metres[3, 5] = 0
    return metres


def points() -> np.ndarray:
    z = depth()
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([(u - CAMERA.cx) / CAMERA.fx * z, (v - CAMERA.cy) / CAMERA.fy * z, z])


def mask() -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH), np.uint8)
    image[5:8, 6:10] = 255
    return image


NAMES = ('train/good/000', 'train/good/001', 'validation/good/000', 'test/bent/000',
         'test/good/000', 'test/good/001')


def make_mvtec(folder: Path) -> Path:
    for name in NAMES:
        split, stem = folder / name.rsplit('/', 1)[0], name.rsplit('/', 1)[1]
        save(split / 'rgb' / f'{stem}.png', colour())
        save_tiff(split / 'xyz' / f'{stem}.tiff', points())
    save(folder / 'test/bent/gt/000.png', mask())
    return folder


def make_folder(folder: Path) -> Path:
    for name in NAMES:
        split, stem = folder / name.rsplit('/', 1)[0], name.rsplit('/', 1)[1]
        save(split / 'rgb' / f'{stem}.png', colour())
        save(split / 'depth' / f'{stem}.png', np.rint(depth() / 2e-5).astype(np.uint16))
    save(folder / 'test/bent/gt/000.png', mask())
    (folder / 'intrinsics.json').write_text(json.dumps(
        {**vars(CAMERA), 'depth_unit_m': 2e-5, 'missing': 0}))
    return folder


def make_eyecandies(folder: Path, numbers: tuple[str, ...] = ('0', '2', '10')) -> Path:
    for part in ('train', 'val', 'test_public'):
        for number in numbers:
            data = folder / part / 'data'
            for light in range(6):
                save(data / f'{number}_image_{light}.png', colour(light))
            save(data / f'{number}_depth.png', np.full((HEIGHT, WIDTH), 13107, np.uint16))
            (data / f'{number}_info_depth.yaml').write_text('normalization:\n  max: 0.9\n'
                                                            '  min: 0.4\n')
            bad = part == 'test_public' and number == numbers[1]
            save(data / f'{number}_mask.png', mask() if bad else mask() * 0)
    return folder


def names(folder: Path, split: str = 'test') -> list[str]:
    return [sample.name for sample in open_dataset(folder.parent, folder.name).split(split)]


@pytest.mark.parametrize(('make', 'layout', 'expected'), [
    (make_mvtec, 'mvtec', ['bent/000', 'good/000', 'good/001']),
    (make_folder, 'folder', ['bent/000', 'good/000', 'good/001']),
    (make_eyecandies, 'eyecandies', ['good/0', 'defect/2', 'good/10'])])
def test_the_layout_is_recognised_and_samples_come_sorted(
        make: Maker, layout: str, expected: list[str], tmp_path: Path) -> None:
    folder = make(tmp_path / 'part')
    dataset = open_dataset(tmp_path, 'part')
    assert (dataset.layout, dataset.category) == (layout, 'part')
    assert names(folder) == expected
    assert all(sample.label == sample.name.split('/')[0] for sample in dataset.split('test'))
    assert [len(dataset.split(split)) > 0 for split in SPLITS] == [True] * 3


@pytest.mark.parametrize('make', [make_mvtec, make_folder])
def test_a_sample_holds_colour_in_rgb_order_and_depth_in_metres(
        make: Maker, tmp_path: Path) -> None:
    make(tmp_path / 'part')
    rgb, metres, xyz = open_dataset(tmp_path, 'part').split('train')[0].load()
    assert rgb.dtype == np.uint8 and rgb[0, 0].tolist() == [200, 20, 10]
    assert metres.dtype == np.float32 and metres[3, 5] == 0
    assert metres == pytest.approx(depth(), abs=1.1e-5)
    assert xyz is None or xyz == pytest.approx(points(), abs=1e-6)


def test_the_camera_of_xyz_is_found_again(tmp_path: Path) -> None:
    make_mvtec(tmp_path / 'part')
    dataset = open_dataset(tmp_path, 'part')
    assert vars(dataset.intrinsics) == pytest.approx(vars(CAMERA), abs=1e-3)
    assert 'median residual 0.00 px' in dataset.camera_note


def test_xyz_that_no_pinhole_sees_gives_no_camera_and_says_so(tmp_path: Path) -> None:
    make_mvtec(tmp_path / 'part')
    noise = np.random.default_rng(0).random((HEIGHT, WIDTH, 3)) + 0.5
    for path in (tmp_path / 'part/train/good/xyz').iterdir():
        save_tiff(path, noise)
    dataset = open_dataset(tmp_path, 'part')
    assert dataset.intrinsics is None
    assert 'pinhole' in dataset.camera_note


def test_points_that_are_not_finite_are_missing(tmp_path: Path) -> None:
    make_mvtec(tmp_path / 'part')
    cloud = points()
    cloud[2, 2] = np.nan
    save_tiff(tmp_path / 'part/test/good/xyz/000.tiff', cloud)
    _, metres, xyz = open_dataset(tmp_path, 'part').split('test')[1].load()
    assert xyz[2, 2].tolist() == [0, 0, 0] and metres[2, 2] == 0
    assert metres[2, 3] > 0


def test_truth_is_the_mask_or_nothing_wrong_with_a_good_part(tmp_path: Path) -> None:
    make_folder(tmp_path / 'part')
    bent, good, _ = open_dataset(tmp_path, 'part').split('test')
    assert np.array_equal(bent.truth(), mask() > 0)
    assert good.truth().shape == (HEIGHT, WIDTH) and not good.truth().any()
    (tmp_path / 'part/test/bent/gt/000.png').unlink()
    assert open_dataset(tmp_path, 'part').split('test')[0].truth() is None


@pytest.mark.parametrize(('absent', 'left'), [('rgb', (False, True)), ('depth', (True, False))])
def test_either_image_of_a_sample_may_be_absent(
        absent: str, left: tuple[bool, bool], tmp_path: Path) -> None:
    make_folder(tmp_path / 'part')
    (tmp_path / 'part/test/good' / absent / '000.png').unlink()
    sample = open_dataset(tmp_path, 'part').split('test')[1]
    images = sample.load()
    assert (sample.name, images.rgb is not None, images.depth is not None) == ('good/000', *left)


def test_another_value_can_stand_for_missing_depth(tmp_path: Path) -> None:
    make_folder(tmp_path / 'part')
    values = {**vars(CAMERA), 'depth_unit_m': 1e-3, 'missing': 65535}
    (tmp_path / 'part/intrinsics.json').write_text(json.dumps(values))
    steps = np.full((HEIGHT, WIDTH), 800, np.uint16)
    steps[4, 4] = 65535
    save(tmp_path / 'part/test/bent/depth/000.png', steps)
    metres = open_dataset(tmp_path, 'part').split('test')[0].load().depth
    assert metres[4, 4] == 0 and metres[4, 5] == pytest.approx(0.8)


def test_eyecandies_depth_lies_in_the_published_range(tmp_path: Path) -> None:
    make_eyecandies(tmp_path / 'Sweet')
    dataset = open_dataset(tmp_path, 'Sweet')
    assert dataset.split('train')[0].load().depth == pytest.approx(0.4 + 0.2 * 0.5)
    assert dataset.intrinsics == Intrinsics(
        WIDTH, HEIGHT, *[pytest.approx(711.11 * WIDTH / 512)] * 2, 15.5, 11.5)


def test_eyecandies_shows_light_four_unless_asked_or_absent(tmp_path: Path) -> None:
    make_eyecandies(tmp_path / 'Sweet', ('007', '008', '009'))
    data = tmp_path / 'Sweet/test_public/data'

    def red(light: int = 4) -> int:
        images = open_dataset(tmp_path, 'Sweet', light=light).split('test')[0].load()
        return int(images.rgb[0, 0, 0]) - 200

    assert (red(), red(1)) == (4, 1)
    (data / '007_image_4.png').unlink()
    assert red() == 5


def test_eyecandies_parts_without_a_mask_are_good_and_without_colour_still_there(
        tmp_path: Path) -> None:
    make_eyecandies(tmp_path / 'Sweet')
    data = tmp_path / 'Sweet/test_public/data'
    (data / '2_mask.png').unlink()
    for light in range(6):
        (data / f'2_image_{light}.png').unlink()
    sample = open_dataset(tmp_path, 'Sweet').split('test')[1]
    images = sample.load()
    assert (sample.label, images.rgb, images.depth.shape) == ('good', None, (HEIGHT, WIDTH))


def test_samples_can_be_sent_to_other_processes(tmp_path: Path) -> None:
    for make in (make_mvtec, make_folder, make_eyecandies):
        make(tmp_path / make.__name__)
        sample = open_dataset(tmp_path, make.__name__).split('test')[0]
        assert np.array_equal(pickle.loads(pickle.dumps(sample)).load().depth, sample.load().depth)


def test_an_unknown_layout_lists_what_was_looked_for(tmp_path: Path) -> None:
    make_folder(tmp_path / 'root' / 'part')
    with pytest.raises(DcmdError, match=r'no data set here.*mvtec: .*xyz.*eyecandies: .*data.*'
                                        r'folder: .*intrinsics\.json.*categories here: part'):
        open_dataset(tmp_path, 'root')
    with pytest.raises(DcmdError, match='no such folder; categories here: part'):
        open_dataset(tmp_path / 'root', 'prat')
    with pytest.raises(DcmdError, match='not in layout eyecandies'):
        open_dataset(tmp_path / 'root', 'part', 'eyecandies')
    with pytest.raises(DcmdError, match='choose from auto, mvtec'):
        open_dataset(tmp_path / 'root', 'part', 'zip')
    with pytest.raises(DcmdError, match='no split'):
        open_dataset(tmp_path / 'root', 'part').split('val')


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / 'part')
    good = folder / 'test/good'
    for path in (good / 'rgb/000.png', good / 'depth/001.png'):
        path.write_bytes(path.read_bytes()[:60])
    save(folder / 'test/bent/depth/000.png', np.zeros((HEIGHT, WIDTH), np.uint8))
    bent, first, second = open_dataset(tmp_path, 'part').split('test')
    for sample, hint in ((bent, 'bent/depth/000.png: a depth image must have 16 bits'),
                         (first, 'good/rgb/000.png: cannot be read'),
                         (second, 'good/depth/001.png: cannot be read')):
        with pytest.raises(DcmdError, match=hint):
            sample.load()


def test_images_of_different_size_are_refused_by_name(tmp_path: Path) -> None:
    folder = make_mvtec(tmp_path / 'xyz')
    save(folder / 'test/good/rgb/000.png', np.zeros((HEIGHT * 2, WIDTH, 3), np.uint8))
    with pytest.raises(DcmdError, match=r'good/rgb/000\.png: .*differ in size'):
        open_dataset(tmp_path, 'xyz').split('test')[1].load()
    folder = make_folder(tmp_path / 'depth')
    save(folder / 'test/good/depth/000.png', np.ones((HEIGHT, WIDTH * 2), np.uint16))
    with pytest.raises(DcmdError, match=r'depth/000\.png: 64x24 pixels, but intrinsics\.json'):
        open_dataset(tmp_path, 'depth').split('test')[1].load()


@pytest.mark.parametrize('text', ['', '{}', '[1]', '{"width": "wide"}'])
def test_a_bad_camera_file_is_named_with_its_keys(text: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / 'part')
    (folder / 'intrinsics.json').write_text(text)
    with pytest.raises(DcmdError, match=r'intrinsics\.json: .*depth_unit_m'):
        open_dataset(tmp_path, 'part').split('test')


def test_depth_without_a_camera_file_is_refused_colour_alone_is_not(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / 'part')
    (folder / 'intrinsics.json').unlink()
    with pytest.raises(DcmdError, match=r'intrinsics\.json: no such file'):
        open_dataset(tmp_path, 'part').split('test')
    for split in folder.glob('*/*'):
        if (split / 'depth').is_dir():
            for path in (split / 'depth').iterdir():
                path.unlink()
            (split / 'depth').rmdir()
    dataset = open_dataset(tmp_path, 'part')
    assert dataset.intrinsics is None
    assert dataset.split('test')[0].load().depth is None


def test_eyecandies_depth_without_its_range_is_refused_by_name(tmp_path: Path) -> None:
    make_eyecandies(tmp_path / 'Sweet')
    path = tmp_path / 'Sweet/test_public/data/0_info_depth.yaml'
    path.write_text('near: 1\n')
    sample = open_dataset(tmp_path, 'Sweet').split('test')[0]
    with pytest.raises(DcmdError, match=r'0_info_depth\.yaml: no min and max'):
        sample.load()


def test_the_real_category_is_read_whole(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / 'mvtec3d', 'cable_gland')
    assert [len(dataset.split(split)) for split in SPLITS] == [223, 23, 108]
    assert dataset.intrinsics == Intrinsics(400, 400, 2746.0, 2749.3, 54.57, 197.11)
    images = dataset.split('test')[0].load()
    assert 0.5 < np.median(images.depth[images.depth > 0]) < 0.75
    assert dataset.split('test')[0].truth().any()
