"""The benchmark that takes the cores away from the live graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


@pytest.fixture(scope='module')
def load(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('load')


def sent(count: int) -> list[Any]:
    return [SimpleNamespace(stamp=str(n), time=float(n)) for n in range(count)]


def arrived(late: dict[int, float]) -> list[Any]:
    return [SimpleNamespace(stamp=str(n), arrival=n + seconds) for n, seconds in late.items()]


def test_a_stretch_in_frames(load: ModuleType) -> None:
    results = arrived({0: 0.1, 1: 0.1, 3: 0.2, 5: 0.2, 7: 0.4, 9: 0.4, 99: 8.0})
    found = load.told(sent(10), results, fps=10.0)
    assert found['dropped'] == pytest.approx(0.4) and found['p50_frames'] == pytest.approx(2.0)
    assert found['growth'] == pytest.approx(3.0) and found['p95_frames'] == pytest.approx(4.0)
    with pytest.raises(load.DcmdError, match='0 results of 10 frames'):
        load.told(sent(10), [], fps=10.0)


class Stretches:
    """What was running while each stretch was measured."""

    def __init__(self) -> None:
        self.burnt, self.log, self.left = False, [], 0

    def burning(self) -> Stretches:
        return self

    def __enter__(self) -> None:
        self.burnt = True

    def __exit__(self, *_: object) -> None:
        self.burnt = False

    def stretch(self, *_: object) -> tuple[dict[str, float], int]:
        self.log.append('loaded' if self.burnt else 'quiet')
        return {'p95_frames': float(len(self.log))}, 1


def test_quiet_and_loaded_stretches_alternate(load: ModuleType,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Stretches()
    monkeypatch.setattr(load, 'burning', seen.burning)
    monkeypatch.setattr(load, 'stretch', seen.stretch)
    found, unaccounted = load.alternating(None, None, 10.0, 1.0, 3)
    assert seen.log == ['quiet', 'loaded'] * 3 and unaccounted == 6
    assert load.middle(found['quiet']) == {'p95_frames': 3.0}
    assert load.middle(found['loaded']) == {'p95_frames': 4.0}


def test_every_core_is_taken_and_given_back(load: ModuleType) -> None:
    with load.burning():
        pass
    with pytest.raises(ValueError), load.burning():
        raise ValueError


def figures(p95: float = 1.0, unaccounted: int = 0, empty: float = 9.0,
            warm: float = 4.0) -> dict[str, Any]:
    return {'loaded': {'p95_frames': p95}, 'unaccounted': unaccounted,
            'first_verdict_s': {'empty': empty, 'warm': warm}}


def test_limits(load: ModuleType) -> None:
    assert load.misses(figures()) == []
    assert load.misses(figures(p95=3.4)) == ['p95 under load: 3.4 frames, over 3']
    assert load.misses(figures(warm=6.1)) == ['first verdict, warm: 6.1 s, over 6']
    assert load.misses(figures(empty=15.1)) == ['first verdict, empty: 15.1 s, over 15']
    assert load.misses(figures(unaccounted=2)) == ['2 frames unaccounted for']


def test_the_first_verdict_is_the_first_result(load: ModuleType) -> None:
    results: list[Any] = []
    live = SimpleNamespace(observer=SimpleNamespace(results=results))
    camera = SimpleNamespace(stream=lambda fps, frames: results.append(
        SimpleNamespace(arrival=107.5)))
    now = load.time.monotonic()
    assert load.first_verdict(live, camera, now) == pytest.approx(107.5 - now)


def test_model_is_copied_away_from_its_engines(load: ModuleType, tmp_path: Path, capsys: Any,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / 'dcmd_disc_best.pth'
    model.write_bytes(b'model')
    given: list[Path] = []

    def measure(args: Any, copied: Path) -> dict[str, Any]:
        given.append(copied)
        assert copied.read_bytes() == b'model' and [*copied.parent.iterdir()] == [copied]
        return {'quiet': {}, **figures()}
    monkeypatch.setattr(load, 'measure', measure)
    monkeypatch.setattr('sys.argv', ['load.py', '--model', str(model)])
    with pytest.raises(SystemExit) as ended:
        load.main()
    assert ended.value.code == 0 and given[0].parent != tmp_path
    assert 'first_verdict_s' in capsys.readouterr().out.splitlines()[-1]
