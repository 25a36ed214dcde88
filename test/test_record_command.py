"""`record` refuses a file before anything is recorded."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from dcmd_ros.bags.errors import BagError
from dcmd_ros.commands.record import LITTLE, NOTHING, TRANSPORTS, check, summary
from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes import recorded_topics
from dcmd_ros.nodes.recorder import Count, message_class
from dcmd_ros.nodes.recording import Report, drops

Usage = namedtuple('Usage', 'total used free')


@pytest.mark.parametrize(('name', 'reason'), [
    ('out.bag', 'must end in .mcap'),
    ('nowhere/out.mcap', 'nowhere does not exist'),
    ('there.mcap', '--overwrite'),
    ('folder.mcap', 'is a folder'),
])
def test_what_cannot_be_recorded_into(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / 'there.mcap').touch()
    (tmp_path / 'folder.mcap').mkdir()
    with pytest.raises(DcmdError, match=reason):
        check(tmp_path / name, overwrite=False)


def test_overwriting_on_request(tmp_path: Path) -> None:
    (tmp_path / 'there.mcap').touch()
    check(tmp_path / 'there.mcap', overwrite=True)


def test_little_room_is_warned_of_and_none_refused(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    free = [LITTLE]
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: Usage(0, 0, free[0]))
    check(tmp_path / 'a.mcap', overwrite=False)
    assert capsys.readouterr().err == ''
    free[0] = LITTLE - 1
    check(tmp_path / 'a.mcap', overwrite=False)
    assert 'only 1.07 GB are free' in capsys.readouterr().err
    free[0] = NOTHING - 1
    with pytest.raises(DcmdError, match='make room'):
        check(tmp_path / 'a.mcap', overwrite=False)


def test_the_summary_names_what_is_missing() -> None:
    counts = {'/rgb/image': Count('sensor_msgs/msg/Image', 10, 2_500_000, 3, 1),
              '/truth/label': Count('std_msgs/msg/String', 5, 50)}
    report = Report(counts, 1.0, None)
    assert summary(report).splitlines()[1].split() == ['/rgb/image', '10', '2.5', '3', '1']
    assert drops(counts) == ', /rgb/image dropped 3 lost 1'
    assert report.figures()['dropped'] == 3


def test_a_type_that_is_not_installed_is_named() -> None:
    with pytest.raises(BagError, match='odd_msgs/msg/Odd is not installed'):
        message_class('odd_msgs/msg/Odd')


def test_the_command_offers_what_the_node_knows() -> None:
    assert TRANSPORTS == recorded_topics.TRANSPORTS
