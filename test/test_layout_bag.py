"""Bags as data sets: what trains, what validates, what is left out and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from camera_bag import BEGIN, SECOND, Seen, write_bag
from line import line, part

from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation.evaluate import frame_of
from dcmd_ros.training.datasets import BagOptions, Dataset, open_dataset
from dcmd_ros.training.material import Frames, fingerprint

CAMERA = part(0).intrinsics
HOLD = 3


def held(count: int, hold: int = HOLD, labels: Sequence[str | None] = ()) -> list[Seen]:
    """Parts that rest for `hold` frames each, labelled as told."""
    pairs = line([part(i) for i in range(count)], hold)
    return [Seen(rgb, depth, labels[n // hold] if labels else None)
            for n, (rgb, depth) in enumerate(pairs)]


def opened(path: Path, **options: object) -> Dataset:
    return open_dataset(path, 'gear', 'bag', bag=BagOptions(**options))  # type: ignore[arg-type]


def names(dataset: Dataset, split: str) -> list[str]:
    return [sample.name for sample in dataset.split(split)]


def numbers(dataset: Dataset, split: str) -> list[int]:
    return [int(name.split('/')[1]) for name in names(dataset, split)]


@pytest.fixture(scope='module')
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bag(tmp_path_factory.mktemp('bags') / 'good.mcap', held(24), CAMERA)


def test_each_part_is_kept_once_and_the_last_ones_validate(good: Path) -> None:
    dataset = opened(good)
    train, validation = numbers(dataset, 'train'), numbers(dataset, 'validation')
    assert train + validation == list(range(0, 24 * HOLD, HOLD))
    assert 4 <= len(validation) <= 7
    assert dataset.bag is not None
    assert dataset.bag.selection.reasons() == {'same': 24 * (HOLD - 1)}


def test_images_come_back_as_they_were(good: Path) -> None:
    sent = held(24)
    for sample in opened(good).split('train')[:3]:
        images, one = sample.load(), sent[int(sample.name.split('/')[1])]
        assert np.array_equal(images.rgb, one.rgb) and np.array_equal(images.depth, one.depth)
        assert sample.label == 'good' and sample.file == good


def test_they_do_whoever_else_reads(good: Path) -> None:
    """Training reads the frames of one bag in several threads."""
    samples, sent = opened(good).split('train') * 8, held(24)
    with ThreadPoolExecutor(4) as pool:
        for sample, images in zip(samples, pool.map(lambda one: one.load(), samples), strict=True):
            one = sent[int(sample.name.split('/')[1])]
            assert np.array_equal(images.rgb, one.rgb)
            assert np.array_equal(images.depth, one.depth)


def test_the_camera_is_that_of_the_bag(good: Path, tmp_path: Path) -> None:
    dataset = opened(good)
    assert dataset.intrinsics == CAMERA and '/rgb/camera_info' in dataset.camera_note
    bare = opened(write_bag(tmp_path / 'bare.mcap', held(2)))
    assert bare.intrinsics is None and 'camera_info' in bare.camera_note


def test_the_bag_is_read_through_once(good: Path, capsys: pytest.CaptureFixture) -> None:
    dataset = opened(good)
    for split in ('train', 'validation', 'test', 'train'):
        dataset.split(split)
    assert capsys.readouterr().err.count('reading good.mcap: 100%') == 1


def test_training_sees_the_same_frames_each_time(good: Path) -> None:
    prints = [[fingerprint(frame) for frame in Frames(dataset.split('train'), dataset.intrinsics)]
              for dataset in (opened(good), opened(good))]
    assert prints[0] == prints[1] and len(set(prints[0])) == len(prints[0])


def test_auto_finds_a_bag_whatever_the_category(good: Path) -> None:
    assert open_dataset(good, 'gear').layout == 'bag'
    assert open_dataset(good.parent, 'gear').layout == 'bag'
    assert open_dataset(good.parent, good.name).folder == good  # as `play` asks for it


def test_only_good_parts_train_and_all_labelled_ones_are_tested(tmp_path: Path) -> None:
    labels = [*['good'] * 5, 'dent', None, *['good'] * 10]
    frames = held(17, labels=labels)
    frames[5 * HOLD] = Seen(frames[15].rgb, frames[15].depth, 'dent',
                            np.eye(120, 160, dtype=bool))
    dataset = opened(write_bag(tmp_path / 'mixed.mcap', frames, CAMERA))
    kept = numbers(dataset, 'train') + numbers(dataset, 'validation')
    assert kept == [n * HOLD for n in range(17) if labels[n] == 'good']
    test = {sample.name: sample for sample in dataset.split('test')}
    assert len(test) == 16 * HOLD
    truth = test['dent/000015'].truth()
    assert truth is not None and truth.sum() == 120
    assert test['dent/000016'].truth() is None
    sound = test['good/000000'].truth()
    assert sound is not None and sound.shape == (120, 160) and not sound.any()
    assert dataset.bag is not None
    assert dataset.bag.selection.reasons()['not labelled good'] == 2 * HOLD
    assert any('3 of 51 frames have no label' in line for line in dataset.bag.troubles())


def test_a_labels_file_counts_frames_of_one_bag(good: Path, tmp_path: Path) -> None:
    labels = tmp_path / 'labels.csv'
    labels.write_text(f'first,last,label\n0,35,good\n36,{24 * HOLD - 1},bent\n')
    dataset = opened(good, labels=labels)
    assert max(numbers(dataset, 'train') + numbers(dataset, 'validation')) == 33
    assert {sample.label for sample in dataset.split('test')} == {'good', 'bent'}
    write_bag(tmp_path / 'two.mcap', held(2), CAMERA)
    write_bag(tmp_path / 'one.mcap', held(2), CAMERA)
    with pytest.raises(DcmdError, match='2 bags'):
        opened(tmp_path, labels=labels).split('train')


def test_several_bags_are_one_data_set(tmp_path: Path) -> None:
    frames = held(12)
    write_bag(tmp_path / 'b.mcap', frames[18:], CAMERA)
    write_bag(tmp_path / 'a.mcap', frames[:18], CAMERA)
    dataset = opened(tmp_path)
    kept = names(dataset, 'train') + names(dataset, 'validation')
    assert kept[0] == 'good/a_000000' and kept[-1].startswith('good/b_0000')
    assert len(kept) == 12


def test_the_border_lies_where_no_part_was_in_view(tmp_path: Path) -> None:
    scenes = [part(i // 2, shift=0.005 * (i % 2), empty=i in (40, 41)) for i in range(48)]
    seen = [Seen(*pair) for pair in line(scenes, 2)]
    dataset = opened(write_bag(tmp_path / 'belt.mcap', seen, CAMERA))
    train, validation = numbers(dataset, 'train'), numbers(dataset, 'validation')
    assert max(train) < 80 and min(validation) == 84
    assert dataset.bag is not None and dataset.bag.selection.reasons()['empty'] == 4


def test_frames_of_one_sensor_and_unreadable_ones_are_left_out(tmp_path: Path) -> None:
    frames = held(12)
    for number in range(10, 16):
        frames[number] = Seen(frames[number].rgb, None)
    frames[20] = Seen(frames[20].rgb[:, :100], frames[20].depth)
    dataset = opened(write_bag(tmp_path / 'gaps.mcap', frames))
    dataset.split('train')
    assert dataset.bag is not None
    reasons = dataset.bag.selection.reasons()
    assert reasons['one sensor only'] >= 6 and reasons['unreadable'] == 1
    assert any('100x120' in line for line in dataset.bag.troubles())


def test_a_frozen_sensor_is_one_that_is_away(tmp_path: Path) -> None:
    frames = held(24)
    frames[30:60] = [Seen(one.rgb, frames[30].depth) for one in frames[30:60]]
    dataset = opened(write_bag(tmp_path / 'frozen.mcap', frames))
    dataset.split('train')
    assert dataset.bag is not None
    assert 15 <= dataset.bag.selection.reasons()['one sensor only'] <= 25


def test_what_one_sensor_saw_is_tested_too(tmp_path: Path) -> None:
    frames = [Seen(one.rgb, None if n > 5 else one.depth, 'good')
              for n, one in enumerate(held(8))]
    dataset = opened(write_bag(tmp_path / 'lost.mcap', frames, CAMERA))
    modes = [frame_of(sample, dataset.intrinsics, 0).mode for sample in dataset.split('test')]
    assert modes[0] == 'both' and modes[-1] == 'rgb_only'


def test_without_labels_nothing_can_be_evaluated(good: Path) -> None:
    dataset = opened(good)
    assert dataset.split('test') == []
    assert dataset.bag is not None
    with pytest.raises(DcmdError, match=r'"0,71,good"'):
        dataset.bag.check_labels()


@pytest.mark.parametrize(('frames', 'options', 'says'), [
    ({'depth_lag': 0.35, 'fps': 1}, {}, 'depth-offset -0.350'),
    ({'rgb_encoding': 'bgr16'}, {}, 'bgr16'),
])
def test_no_pair_says_why(tmp_path: Path, frames: dict, options: dict, says: str) -> None:
    bag = write_bag(tmp_path / 'bag.mcap', held(12), CAMERA, **frames)
    with pytest.raises(DcmdError, match=says):
        opened(bag, **options).split('train')


def test_the_offset_that_is_told_cures(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag.mcap', held(12), CAMERA, fps=1, depth_lag=0.35)
    dataset = opened(bag, depth_offset=-0.35)
    assert len(numbers(dataset, 'train') + numbers(dataset, 'validation')) == 12


def test_one_sensor_only_says_which(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag.mcap', [Seen(one.rgb, None) for one in held(3)])
    with pytest.raises(DcmdError, match='colour only'):
        opened(bag).split('train')


def test_too_few_parts_says_how_many_of_what(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag.mcap', held(4), CAMERA)
    with pytest.raises(DcmdError, match=r'4 of 12 frames.*at least 8.*8 same'):
        opened(bag).split('train')


def test_topics_that_cannot_be_told_are_listed(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag.mcap', held(1))
    with pytest.raises(DcmdError, match=r'bag.mcap.*--rgb /no/such.*/rgb/image'):
        opened(bag, rgb='/no/such').split('train')


def test_a_file_changed_meanwhile_is_noticed(good: Path) -> None:
    dataset = opened(good)
    sample = dataset.split('train')[0]
    assert dataset.bag is not None
    recording = dataset.bag.recordings[0]
    moment = dataset.bag.selection.frames[0].moment
    with pytest.raises(DcmdError, match='changed'):
        recording.load(moment._replace(stamp=BEGIN + SECOND // 2))
    assert sample.load().rgb is not None


def test_the_contact_sheet_shows_all_that_was_kept(good: Path, tmp_path: Path) -> None:
    dataset = opened(good)
    assert dataset.bag is not None
    dataset.bag.draw(tmp_path / 'out' / 'sheet.png')
    sheet = cv2.imread(str(tmp_path / 'out' / 'sheet.png'))
    kept = 24 + 6  # and six that were the same
    pictures = (sheet.std(axis=2) > 8).sum()  # only depth is coloured so much
    assert sheet.shape[1] == 1564 and pictures > kept * 128 * 96 * 0.8


