"""What the command line of the sources takes, and how it says no."""

import argparse
from pathlib import Path

import pytest

from dcmd_ros.cli import main, parse


def options(*argv: str) -> argparse.Namespace:
    return parse(argv)[1]


def test_the_defaults_are_the_contracts() -> None:
    camera, play = options('camera'), options('play', 'folder')
    assert (camera.fps, camera.size, camera.seed, camera.fault) == (30, (640, 480), 0, '')
    assert (play.fps, play.rate, play.split, play.loop, play.layout) == (
        10, 1, 'test', False, 'auto')
    assert (play.wait, play.depth_encoding, play.source) == (None, '32FC1', Path('folder'))


@pytest.mark.parametrize('argv', [
    ['play'], ['play', 'x', '--fps', '0'], ['play', 'x', '--rate', '-1'],
    ['play', 'x', '--split', 'val'], ['play', 'x', '--wait', '-1'], ['camera', '--size', '640'],
    ['camera', '--seed', '-1'], ['camera', '--pool', '0'], ['camera', '--defect-rate', '2'],
    ['camera', '--fault', 'dorp rgb'], ['camera', '--depth-encoding', 'mono16']])
def test_wrong_usage_is_exit_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert argv[-2 if len(argv) > 1 else 0] in capsys.readouterr().err


def test_a_bad_fault_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['play', 'x', '--fault', 'loss rgb 130%'])
    assert "'130%' at character 10" in capsys.readouterr().err


def test_a_folder_that_is_no_data_set_is_one_line_and_exit_1(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['play', str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f'dcmd_ros: {tmp_path}: no data set here')
    assert error.count('\n') == 1
