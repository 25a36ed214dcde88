"""`camera` and `play` as processes on real DDS, with listeners of our own."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from listening import Listen, Start, finish
from live import LIMIT
from sensor_msgs.msg import PointCloud2

WIDTH, HEIGHT = 48, 32
CAMERA = {'width': WIDTH, 'height': HEIGHT, 'fx': 90.0, 'fy': 91.0, 'cx': 22.0, 'cy': 16.5,
          'depth_unit_m': 1e-4, 'missing': 0}
SMALL = ('--size', '64x48', '--pool', '2', '--fps', '20')


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A data set of 4 good and 16 bent parts; part n is n + 1 grey levels bright."""
    folder = tmp_path / 'part'
    for number in range(20):
        label = folder / 'test' / ('bent' if number < 16 else 'good')
        rgb = np.full((HEIGHT, WIDTH, 3), number + 1, np.uint8)
        depth = np.full((HEIGHT, WIDTH), 5000 + number, np.uint16)
        depth[0, 0] = 0
        truth = np.zeros((HEIGHT, WIDTH), np.uint8)
        truth[number, number] = 255 * (number < 16)
        for kind, image in (('rgb', rgb), ('depth', depth), ('gt', truth)):
            (label / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(label / kind / f'{number:03d}.png'), image)
    (folder / 'intrinsics.json').write_text(json.dumps(CAMERA))
    return folder


def test_play_sends_every_sample_once_in_order_with_its_truth(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    figures = finish(start('play', parts, '--fps', 30, '--json'), listener)
    assert figures['labels'] == {'bent': 16, 'good': 4}
    got = listener.got
    assert [m.data[0] for m in got['rgb/image']] == list(range(1, 21))
    assert listener.stamps('rgb/image') == listener.stamps('depth/image')
    assert {m.header.frame_id for m in got['rgb/image'] + got['depth/image']} == {
        'camera_color_optical_frame'}
    assert [label['stamp'] for label in listener.labels()] == [
        f'{s // 10**9}.{s % 10**9:09d}' for s in listener.stamps('rgb/image')]
    assert [label['file'] for label in listener.labels()] == sorted(
        str(path.relative_to(parts)) for path in parts.glob('test/*/rgb/*.png'))
    masks = [np.frombuffer(m.data, np.uint8).reshape(HEIGHT, WIDTH) for m in got['truth/mask']]
    assert [np.argwhere(mask == 255).tolist() for mask in masks] == [
        [[n, n]] if n < 16 else [] for n in range(20)]
    assert [m.header for m in got['depth/camera_info']] == [m.header for m in got['depth/image']]


def test_drop_takes_the_frames_of_its_window_and_of_its_sensor_only(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    process = start('play', parts, '--fps', 20, '--json', '--fault', 'drop depth 0.25s-0.5s')
    figures = finish(process, listener)
    stamps = listener.stamps('rgb/image')
    assert len(stamps) == 20
    assert listener.stamps('depth/image') == stamps[:5] + stamps[10:]
    assert listener.stamps('depth/camera_info') == stamps[:5] + stamps[10:]
    assert figures['withheld'] == {'depth': 5}


def test_delayed_depth_comes_after_younger_colour_and_none_is_lost_at_the_end(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    finish(start('play', parts, '--fps', 20, '--json', '--fault', 'delay depth 400ms'), listener)
    stamps = listener.stamps('rgb/image')
    assert listener.stamps('depth/image') == stamps
    rgb, depth = ([listener.sent[f'{sensor}/image', stamp] for stamp in stamps]
                  for sensor in ('rgb', 'depth'))
    assert all(sent >= stamp + 400_000_000 for sent, stamp in zip(depth, stamps, strict=True))
    assert any(younger < older for younger, older in zip(rgb[3:], depth, strict=False))


def test_messages_are_spoilt_as_told_and_a_new_size_comes_with_its_camera(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    fault = 'encoding rgb 0-0.25, malformed rgb 0.25-, size depth 0.5 0.5-, offset depth 20ms 0-'
    finish(start('play', parts, '--fps', 20, '--json', '--fault', fault), listener)
    rgb, depth = listener.got['rgb/image'], listener.got['depth/image']
    assert {m.encoding for m in rgb[:5]} == {'no_such_encoding'}
    assert {m.encoding for m in rgb[5:]} == {'rgb8'}
    assert all(len(m.data) != m.step * m.height or m.step < 3 * m.width for m in rgb[5:])
    assert [m.width for m in depth] == [WIDTH] * 10 + [WIDTH // 2] * 10
    info = listener.got['depth/camera_info'][-1]
    assert (info.width, info.k[0], info.k[2]) == (WIDTH // 2, 45.0, pytest.approx(10.75))
    assert {b - a for a, b in zip(listener.stamps('rgb/image'), listener.stamps('depth/image'),
                                  strict=True)} == {20_000_000}


def test_the_fault_parameter_works_at_run_time_and_refuses_what_it_cannot_read(
        start: Start, listen: Listen) -> None:
    listener = listen(reliable=False)
    start('camera', *SMALL)
    listener.until(lambda: len(listener.got['depth/image']) >= 3)
    assert listener.set('camera', 'fault', 'drop depth').successful

    def rgb_alone() -> int:
        last = max(listener.stamps('depth/image'))
        return sum(stamp > last for stamp in listener.stamps('rgb/image'))

    listener.until(lambda: rgb_alone() >= 20)
    refused = listener.set('camera', 'fault', 'dorp rgb')
    assert not refused.successful and "'dorp' at character 1" in refused.reason


def test_fault_times_count_from_the_change(start: Start, listen: Listen) -> None:
    listener = listen()
    start('camera', *SMALL)

    def alone() -> list[int]:
        return sorted(set(listener.stamps('depth/image')) - set(listener.stamps('rgb/image')))

    listener.until(lambda: len(listener.got['rgb/image']) > 45)
    before = len(alone())
    assert listener.set('camera', 'fault', 'drop rgb 0-2').successful
    listener.until(lambda: len(alone()) >= before + 8)
    listener.until(lambda: listener.stamps('rgb/image')[-1] > alone()[-1])


def test_camera_frames_never_repeat_and_show_good_and_defective_parts(
        start: Start, listen: Listen) -> None:
    listener = listen()
    start('camera', *SMALL, '--defect-rate', 0.5, '--frames-per-part', 3)
    listener.until(lambda: len(listener.got['depth/image']) >= 12)

    def labels() -> set[str]:
        return {label['label'] for label in listener.labels()}

    listener.until(lambda: len(labels()) == 2)
    assert 'good' in labels()
    for sensor in ('rgb', 'depth'):
        pictures = [bytes(m.data) for m in listener.got[f'{sensor}/image']]
        assert len(set(pictures)) == len(pictures)
    metres = np.frombuffer(listener.got['depth/image'][0].data, np.float32)
    assert 0.3 < np.nanmedian(metres) < 1.5


def test_a_belt_goes_by_with_its_truth_clouds_and_a_lens_that_bends(
        start: Start, listen: Listen) -> None:
    listener = listen(more={'points': PointCloud2})
    lens = (0.1, -0.02, 0.001, 0.0, 0.0)
    start('camera', '--size', '96x72', '--pool', 2, '--fps', 10, '--belt', '--points',
          '--defect-rate', 1, '--distortion', ','.join(map(str, lens)))

    def runs() -> list[str]:
        views = [label['view'] for label in listener.labels()]
        return [b for a, b in zip([None, *views], views, strict=False) if a != b]

    listener.until(lambda: ['partly', 'whole', 'partly', 'empty', 'partly', 'whole'] in [
        runs()[n:n + 6] for n in range(len(runs()))])
    told = listener.labels()
    assert {(label['part'] is None, label['label'] == 'no_part') for label in told} == {
        (True, True), (False, True), (False, False)}
    assert all(label['group'] for label in told if label['view'] != 'empty')
    cloud = listener.got['points'][-1]
    assert (cloud.height, cloud.width) == (72, 96)
    assert cloud.header.frame_id == 'camera_depth_optical_frame'
    assert set(listener.stamps('points')) <= set(listener.stamps('depth/image'))
    assert tuple(listener.got['rgb/camera_info'][-1].d) == lens


def test_the_kind_of_part_changes_at_run_time_and_unknown_ones_are_refused(
        start: Start, listen: Listen) -> None:
    listener = listen()
    start('camera', *SMALL, '--kind', 'sheet,woven', '--frames-per-part', 3, '--empty-frames', 1)

    def kinds() -> list[str]:
        return [label['kind'] for label in listener.labels()]

    listener.until(lambda: len(kinds()) > 5)
    assert set(kinds()) == {'sheet'}
    refused = listener.set('camera', 'kind', 'turned')
    assert not refused.successful and "'turned' is not there; choose from sheet, woven" in (
        refused.reason)
    assert listener.set('camera', 'kind', 'woven').successful
    listener.until(lambda: kinds()[-6:] == ['woven'] * 6)
    first = kinds().index('woven')
    assert 'sheet' not in kinds()[first:]
    assert listener.labels()[first - 1]['view'] == 'empty', 'a part stays until it is through'


def test_jitter_parts_the_stamps_of_the_sensors_and_no_more(start: Start, listen: Listen) -> None:
    listener = listen()
    start('camera', *SMALL, '--fps', 40, '--jitter', 0.004)
    listener.until(lambda: len(listener.got['depth/camera_info']) >= 150)
    by_label = [round(float(label['stamp']) * 1e9) for label in listener.labels()]
    rgb, depth = (np.array(listener.stamps(f'{sensor}/camera_info'))
                  for sensor in ('rgb', 'depth'))
    apart = np.array([np.abs(depth - stamp).min() for stamp in rgb[:len(depth)]]) / 1e9
    assert 0.001 < np.median(apart) < 0.006
    assert np.abs(np.array(by_label[:len(rgb)]) - rgb).max() < 1000


def test_names_can_be_moved_and_the_fault_given_by_ros_arguments(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen(namespace='/cell1', rgb='colour')
    process = start('play', parts, '--fps', 30, '--json', '--depth-encoding', '16UC1',
                    '--ros-args', '-r', '__ns:=/cell1', '-r', 'rgb/image:=colour',
                    '-p', 'fault:=drop rgb')
    figures = finish(process, listener)
    assert figures['sent'] == {'depth': 20} and figures['withheld'] == {'rgb': 20}
    assert {m.encoding for m in listener.got['depth/image']} == {'16UC1'}


@pytest.mark.parametrize(('verb', 'number', 'code'), [
    ('camera', signal.SIGINT, 0), ('play', signal.SIGTERM, 130)])
def test_a_source_that_is_interrupted_ends_cleanly(
        verb: str, number: signal.Signals, code: int, start: Start, listen: Listen,
        parts: Path) -> None:
    listener = listen()
    process = start('camera', *SMALL) if verb == 'camera' else start('play', parts, '--loop')
    listener.until(lambda: len(listener.got['rgb/image']) > 25)
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == code
    assert 'Traceback' not in err


def test_play_gives_up_waiting_when_told_to(start: Start, parts: Path) -> None:
    process = start('play', parts, '--wait', 0.2)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert 'dcmd_ros: nobody subscribed to /rgb/image or /depth/image within 0.2 s' in err


def test_play_does_not_wait_when_told_not_to(start: Start, parts: Path) -> None:
    process = start('play', parts, '--wait', 0, '--fps', 200, '--json')
    out, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0 and json.loads(out.splitlines()[-1])['frames'] == 20


def test_a_damaged_file_ends_play_with_its_name(start: Start, parts: Path) -> None:
    (parts / 'test/bent/rgb/004.png').write_bytes(b'no picture')
    process = start('play', parts, '--wait', 0, '--fps', 200)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1 and 'Traceback' not in err
    assert 'test/bent/rgb/004.png: cannot be read' in err.splitlines()[-1]


@pytest.mark.parametrize(('arguments', 'hint'), [
    (('--ros-args', '-p', 'fault:=dorp rgb'), "fault: 'dorp' at character 1"),
    (('--ros-args', '-p', 'fault:=3'), 'fault must be a text'),
    (('--ros-args', '-r', 'nonsense'), 'ROS did not start')])
def test_bad_ros_arguments_are_one_plain_line(
        arguments: tuple[str, ...], hint: str, start: Start, parts: Path) -> None:
    process = start('play', parts, '--wait', 0, *arguments)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1 and 'Traceback' not in err
    assert err.splitlines()[-1].startswith('dcmd_ros: ') and hint in err.splitlines()[-1]
