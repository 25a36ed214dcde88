"""The demo's page and strip, from a run made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from test_demo_summary import label, result

from dcmd_ros.commands.demo_parts import PartSeen
from dcmd_ros.commands.demo_report import TILES, during, row_of, telling, write_report
from dcmd_ros.commands.demo_script import Phase, Played
from dcmd_ros.commands.demo_summary import summarise, told_apart

JPEG = cv2.imencode('.jpg', np.full((24, 32, 3), 90, np.uint8))[1].tobytes()
PLAYED = [Played('turned', Phase('both sensors', 5), 0.0, 10.0, 20.0),
          Played('turned', Phase('depth unplugged', 5, 'drop depth'), 0.0, 20.0, 30.0),
          Played('turned', Phase('depth back', 5, returns=True), 0.0, 30.0)]


def part(number: int, defect: str, stamp: float, mode: str = 'both',
         verdict: str = 'good') -> PartSeen:
    return PartSeen(label(defect, number), [result(f'{stamp:.9f}', verdict, 0.3, mode)])


PARTS = [*(part(n, 'good', 11 + n) for n in range(8)),
         part(8, 'dent', 19.5, verdict='anomalous'), part(9, 'stain', 25, 'rgb_only'),
         part(10, 'good', 31, verdict='anomalous')]
ALBUM = SimpleNamespace(pictures={one.results[0].stamp: JPEG for one in PARTS})


def test_a_phase_shows_its_own_parts_and_the_defective_ones_first() -> None:
    assert [p.about['part'] for p in during(PLAYED[0], PARTS)] == list(range(9))
    shown = row_of(PLAYED[0], PARTS, ALBUM)  # type: ignore[arg-type]
    assert len(shown.tiles) == TILES and shown.title == 'turned: both sensors'
    assert shown.tiles[-1].text == 'dent: judged anomalous 0.30' and shown.tiles[-1].right
    missed = row_of(PLAYED[1], PARTS, ALBUM).tiles  # type: ignore[arg-type]
    assert [(tile.text, tile.right) for tile in missed] == [('stain: judged good 0.30', False)]


def test_phases_without_a_fault_are_shown_once() -> None:
    assert [one.phase.text for one in telling([*PLAYED, replace(PLAYED[0], since=40.0)])] == [
        'both sensors', 'depth unplugged']


@pytest.mark.filterwarnings('ignore')
def test_the_page_has_every_part_phase_and_figure_and_needs_no_other_file(tmp_path: Path) -> None:
    summary = summarise(told_apart(PARTS, PLAYED), {'turned: depth back': 0.25}, 0)
    page = write_report(tmp_path, summary, PLAYED, ALBUM, {'seed': '7'})  # type: ignore[arg-type]
    text = page.read_text()
    for words in ('seed: 7', '0.25 s', 'depth unplugged', 'drop depth', 'dent: judged anomalous',
                  'data:image/jpeg', '9/11', '8/9'):
        assert words in text, words
    assert 'src="http' not in text and '<script' not in text
    assert text.count('<td class="text">turned</td>') == len(PARTS)
    strip = cv2.imread(str(tmp_path / 'strip.png'))
    assert strip.shape[1] > TILES * 32


@pytest.mark.filterwarnings('ignore')
def test_a_run_without_pictures_has_a_page_all_the_same(tmp_path: Path) -> None:
    summary = summarise(told_apart(PARTS[:9], PLAYED), {'turned: depth back': 0.25}, 0)
    nothing = SimpleNamespace(pictures={})
    write_report(tmp_path, summary, PLAYED, nothing, {})  # type: ignore[arg-type]
    assert (tmp_path / 'index.html').is_file() and not (tmp_path / 'strip.png').exists()
