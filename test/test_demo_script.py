"""Which acts the demo has with the models that there are."""

from pathlib import Path

import pytest

from dcmd_ros.cli import main
from dcmd_ros.commands.demo_script import ACTS, script, shown
from dcmd_ros.errors import DcmdError
from dcmd_ros.sensing.faults import parse_faults


def models(folder: Path, *kinds: str) -> Path:
    for kind in kinds:
        (folder / f'dcmd_{kind}_best.pth').touch()
    return folder


@pytest.mark.parametrize('kinds, order', [
    (['sheet'], ['sheet'] * 4), (['turned', 'sheet'], ['turned', 'turned', 'sheet', 'sheet']),
    (['turned', 'moulded', 'sheet', 'woven'], ['turned', 'moulded', 'sheet', 'woven'])])
def test_the_kinds_that_have_a_model_share_the_acts(
        kinds: list[str], order: list[str], tmp_path: Path) -> None:
    acts = script(folder=models(tmp_path, *kinds, 'teapot'))
    assert [act.kind for act in acts] == order and shown(acts) == kinds
    assert all(act.model.name == f'dcmd_{act.kind}_best.pth' for act in acts)
    assert [act.phases for act in acts] == list(ACTS)


def test_a_given_model_is_of_the_turned_part(tmp_path: Path) -> None:
    model = models(tmp_path, 'turned') / 'dcmd_turned_best.pth'
    assert {act.model for act in script(model)} == {model}


def test_it_takes_about_a_minute_and_shows_each_mode_a_lie_and_returns() -> None:
    phases = [phase for act in ACTS for phase in act]
    assert 45 <= sum(phase.seconds for phase in phases) <= 65
    faults = [fault for phase in phases for fault in parse_faults(phase.fault)]
    assert {(f.kind, f.sensor) for f in faults} >= {('drop', 'depth'), ('blind', 'rgb')}
    assert all(phase.fault for phase in phases if phase.lies)
    assert any(phase.lies for phase in phases) and sum(phase.returns for phase in phases) >= 2


def test_no_model_and_a_training_seed_are_refused(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DcmdError, match='models/dcmd_KIND_best.pth; models/README.md'):
        script(folder=tmp_path)
    assert main(['demo', '--model', str(tmp_path / 'none.pth')]) == 1
    assert 'none.pth' in capsys.readouterr().err
    assert main(['demo', '--seed', '0']) == 1
    assert 'seed 0 made the training parts' in capsys.readouterr().err
