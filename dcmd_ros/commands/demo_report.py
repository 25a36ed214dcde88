"""A demo's picture strip and its page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from dcmd_ros.commands.demo_parts import PartSeen
from dcmd_ros.commands.demo_script import Played
from dcmd_ros.commands.demo_summary import COLUMNS, LYING, Seen, Summary, rows
from dcmd_ros.commands.observe import moment_of
from dcmd_ros.evaluation import output, page, run_charts
from dcmd_ros.evaluation.markup import Markup, join, row, table, tag
from dcmd_ros.evaluation.panels import Picture, encoded
from dcmd_ros.evaluation.strip import Row, Tile, strip
from dcmd_ros.evaluation.tables import name_cell, percent
from dcmd_ros.nodes.album import Album

TILES = 6  # in a row of the strip
PAGE, STRIP = 'index.html', 'strip.png'


def write_report(out: Path, summary: Summary, played: Sequence[Played], album: Album,
                 facts: Mapping[str, str]) -> Path:
    """
    Write index.html and strip.png; return the page's path.

    :raises OutputError: the folder cannot be written to
    """
    parts = [seen.part for seen in summary.seen]
    every = (row_of(one, parts, album) for one in telling(played))
    pictures = [one for one in every if one.tiles]
    if pictures:
        output.write(out / STRIP, encoded(strip(pictures)))
    output.write(out / PAGE, page_of(summary, played, pictures, facts))
    return out / PAGE


def telling(played: Sequence[Played]) -> list[Played]:
    """The phases with a fault, and for each kind of part the first one without."""
    first = {one.kind: one for one in reversed(played) if not one.phase.fault}
    return [one for one in played if one.phase.fault or one is first.get(one.kind)]


def row_of(played: Played, parts: Sequence[PartSeen], album: Album) -> Row:
    """The parts of a phase that show most: defective ones first, then evenly spread."""
    here = [part for part in during(played, parts) if picture_of(part, album) is not None]
    chosen = sorted(here, key=lambda part: part.defect == 'good')[:TILES - 1]
    chosen += [part for part in here if part not in chosen][:TILES - len(chosen)]
    tiles = []
    for part in sorted(chosen, key=lambda part: part.about['part']):
        picture = picture_of(part, album)
        assert picture is not None
        tiles.append(Tile(picture, f'{part.defect}: judged {part.verdict} {part.score:.2f}',
                          part.is_right))
    return Row(f'{played.kind}: {played.phase.text}', tiles)


def during(played: Played, parts: Sequence[PartSeen]) -> list[PartSeen]:
    """The parts that came wholly within a phase."""
    return [part for part in parts if played.holds(part.stamps)]


def picture_of(part: PartSeen, album: Album) -> Picture | None:
    """The last overlay of a part that agrees with its verdict."""
    for result in reversed(part.results):
        data = album.pictures.get(result.stamp)
        if data is not None and result.verdict == part.verdict:
            image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
            return image[..., ::-1].astype(np.uint8)
    return None


def page_of(summary: Summary, played: Sequence[Played], pictures: Sequence[Row],
            facts: Mapping[str, str]) -> str:
    moments = [replace(moment_of(result), label=seen.label)
               for seen in summary.seen for result in seen.part.results]
    parts = [
        page.heading('Demo: inspection goes on while sensors fail', facts), headline(summary),
        section('What was seen', 'Some parts of each phase, more of the defective ones. The '
                'overlay is what the inspector publishes: heat, verdict, the sensors that '
                'delivered, and how far each is trusted.', *map(gallery, pictures)),
        section('Defects by sensors', 'Parts judged right of all. In brackets: these sensors '
                'cannot see that defect. A sensor that was not trusted counts as absent; "lie '
                'unnoticed": both were trusted while one delivered what is not there.',
                defect_table(summary.seen)),
        section('Phases', 'What happened, and what became of it.',
                phase_table(summary, played)),
        section('Over time', 'Scores of all frames; shaded where a result was degraded.',
                run_charts.timeline_of(moments) if moments else Markup('')),
        section('Parts', 'One line a part.',
                part_table([seen.part for seen in summary.seen]))]
    return page.whole('Demo', *parts)


def section(title: str, text: str, *body: Markup) -> Markup:
    return join([tag('h2', title), tag('p', text, class_='soft'), *body])


def gallery(pictures: Row) -> Markup:
    """The tiles of one phase."""
    figures = (page.figure(encoded(tile.picture, '.jpg'), tile.text, '' if tile.right else 'wrong')
               for tile in pictures.tiles)
    return join([tag('h3', pictures.title), tag('div', *figures, class_='pair many')])


def headline(summary: Summary) -> Markup:
    found: list[tuple[str, object]] = [
        (f'{summary.right}/{len(summary.seen)}', 'parts judged right, all sensors and faults')]
    found += [('–' if math.isnan(value) else f'{value:.3f}', f'I-AUROC, {COLUMNS[mode]}')
              for mode, value in summary.i_auroc.items()]
    return page.tiles([*found, (f'{percent(summary.false_alarm_rate)} %', 'false alarms'),
                       (f'{summary.recover_s:.2f} s', 'longest until both inspect again'),
                       (str(summary.unaccounted), 'frames unaccounted for')])


def defect_table(seen: Sequence[Seen]) -> Markup:
    return table(['defect', tag('th', 'group', scope='col', class_='text'), *COLUMNS.values()],
                 [row(name_cell(cells[0]), tag('td', cells[1], class_='text'), *cells[2:])
                  for cells in rows(seen)])


def phase_table(summary: Summary, played: Sequence[Played]) -> Markup:
    """Parts, false alarms and recovery of each phase."""
    lines = []
    for one in played:
        here = [s for s in summary.seen if one.holds(s.part.stamps[-1:])]
        good = [s for s in here if s.label == 'good']
        alarms = sum(s.part.verdict == 'anomalous' for s in good)
        back = summary.recoveries.get(f'{one.kind}: {one.phase.text}')
        lying = sum(s.column == LYING for s in here)
        lines.append(row(name_cell(one.kind), tag('td', one.phase.text, class_='text'),
                         tag('td', one.phase.fault or '–', class_='text'), str(len(here)),
                         f'{sum(s.part.is_right for s in here)}', f'{alarms} of {len(good)}',
                         str(lying) if one.phase.lies else '',
                         f'{back:.2f} s' if back is not None else ''))
    texts = (tag('th', name, scope='col', class_='text') for name in ('what', 'fault'))
    return table(['kind', *texts, 'parts', 'right', 'false alarms', 'lie unnoticed',
                  'both again after'], lines)


def part_table(parts: Sequence[PartSeen]) -> Markup:
    lines = []
    for part in parts:
        last, about = part.results[-1], part.about
        trust = (f'{last.confidence[name]:.2f}' if last.confidence[name] == last.confidence[name]
                 else '–' for name in ('rgb', 'depth'))
        lines.append(row(name_cell(str(about['part'])), tag('td', about['kind'], class_='text'),
                         tag('td', part.defect, class_='text'),
                         tag('td', part.verdict if part.is_right else tag('strong', part.verdict),
                             class_='text'),
                         tag('td', COLUMNS[part.sight], class_='text'), f'{part.score:.3f}',
                         *trust, str(len(part.results))))
    texts = (tag('th', name, scope='col', class_='text')
             for name in ('kind', 'truth', 'verdict', 'sensors'))
    return table(['part', *texts, 'score', 'trust RGB', 'trust depth', 'frames'], lines)
