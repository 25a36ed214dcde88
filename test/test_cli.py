import argparse
import json
from types import SimpleNamespace
from typing import Any

import pytest

from dcmd_ros import cli
from dcmd_ros.errors import DcmdError, Unmet


def verb(run: Any) -> Any:
    """A module of a verb that takes one number."""
    return SimpleNamespace(
        add_arguments=lambda parser: parser.add_argument('--number', type=int, default=1), run=run)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    def replace(run: Any) -> None:
        monkeypatch.setattr(cli, 'command', lambda name: verb(run))
    return replace


def test_json_is_the_last_line(use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(lambda args: {'number': args.number, 'rate': float('nan')})
    assert cli.main(['train', '--number', '3', '--json']) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(last) == {'number': 3, 'rate': None}


def test_figures_stay_silent_unless_asked(use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(lambda args: {'number': 1})
    assert cli.main(['train']) == 0
    assert capsys.readouterr().out == ''


def test_an_error_is_one_line_and_exit_code_1(
        use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(args: argparse.Namespace) -> None:
        raise DcmdError('no data at parts/; record some')
    use(fail)
    assert cli.main(['train', '--json']) == 1
    shown = capsys.readouterr()
    assert shown.err == 'dcmd_ros: no data at parts/; record some\n' and shown.out == ''


def test_unmet_limits_exit_1_with_the_figures(
        use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def fall_short(args: argparse.Namespace) -> None:
        raise Unmet('too few', {'ok': False})
    use(fall_short)
    assert cli.main(['train', '--json']) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {'ok': False}


@pytest.mark.parametrize('error, told', [
    (ModuleNotFoundError("No module named 'cv2'", name='cv2'), 'cv2 is not installed here'),
    (ModuleNotFoundError("No module named 'mcap.reader'", name='mcap.reader'),
     'mcap.reader is not installed here'),
    (ModuleNotFoundError("No module named 'rclpy'", name='rclpy'), 'ROS 2 is not there'),
    (ImportError('libfastdds.so: no such file', name='rclpy._rclpy'), 'ROS 2 is not there'),
    (ModuleNotFoundError("No module named 'sensor_msgs'", name='sensor_msgs'),
     'ROS 2 is not there'),
    (ImportError('libGL.so.1: no such file', name='cv2'), 'cv2 cannot be imported: libGL')])
def test_a_missing_library_is_one_line(
        error: ImportError, told: str, use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(args: argparse.Namespace) -> None:
        raise error
    use(fails)
    assert cli.main(['train']) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f'dcmd_ros: {told}') and shown.count('\n') == 1


def test_a_verb_that_cannot_be_imported_is_one_line_too(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'cv2'", name='cv2')
    monkeypatch.setattr(cli, 'command', missing)
    assert cli.main(['train', 'parts', 'bracket']) == 1
    assert capsys.readouterr().err.startswith('dcmd_ros: cv2 is not installed here')


def test_an_error_in_our_own_imports_is_no_missing_library(use: Any) -> None:
    def broken(args: argparse.Namespace) -> None:
        raise ImportError('cannot import name', name='dcmd_ros.network.engine')
    use(broken)
    with pytest.raises(ImportError, match='cannot import name'):
        cli.main(['train'])


def test_interrupt_is_130(use: Any) -> None:
    def interrupt(args: argparse.Namespace) -> None:
        raise KeyboardInterrupt
    use(interrupt)
    assert cli.main(['train']) == 130


def test_ros_arguments_reach_the_verb_untouched(use: Any) -> None:
    seen: list[str] = []
    use(lambda args: seen.extend(args.ros_args))
    assert cli.main(['camera', '--number', '2', '--ros-args', '-r', '__ns:=/cell']) == 0
    assert seen == ['--ros-args', '-r', '__ns:=/cell']


@pytest.mark.parametrize('argv', [[], ['nonsense'], ['train', '--number', 'x']])
def test_wrong_usage_is_2(use: Any, argv: list[str]) -> None:
    use(lambda args: None)
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 2


@pytest.mark.parametrize('name', list(cli.VERBS))
def test_every_verb_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([name, '--help'])
    assert caught.value.code == 0 and '--json' in capsys.readouterr().out
