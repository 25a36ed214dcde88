"""The students' loss as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.network.dcmd import BRANCHES

Picture = NDArray[np.uint8]
History = Mapping[str, Sequence[tuple[int, float]]]  # of each job: step, loss on validation parts

WIDTH, HEIGHT = 420, 280           # of one panel
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 34, 34
TITLE = 28
PAPER, INK, FAINT, GRID = (250, 250, 248), (30, 30, 34), (110, 110, 116), (225, 225, 226)
FINAL, FOLD = (31, 95, 168), (200, 150, 90)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def loss_curves(history: History) -> Picture:
    """
    (H, W, 3) uint8, red first: a panel for each branch with the loss on the validation parts by
    step, of the final student (dark) and of those that only serve calibration (light).
    """
    panels = [_panel(branch, {job.partition('/')[0]: points for job, points in history.items()
                              if job.partition('/')[2] == branch and points})
              for branch in BRANCHES]
    title = np.full((TITLE, 2 * WIDTH, 3), PAPER, np.uint8)
    _write(title, 'loss on validation parts by step; light: students that only serve calibration',
           (LEFT, TITLE - 8), INK, 0.46)
    return np.concatenate([title, np.concatenate(panels[:2], 1), np.concatenate(panels[2:], 1)])


def _panel(branch: str, lines: Mapping[str, Sequence[tuple[int, float]]]) -> Picture:
    panel = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
    _write(panel, branch.replace('_', ' '), (LEFT, 22), INK, 0.5)
    if not lines:
        _write(panel, 'not recorded', (LEFT, HEIGHT // 2), FAINT)
        return panel
    last = max(step for points in lines.values() for step, _ in points)
    top = 1.05 * max(loss for points in lines.values() for _, loss in points) or 1.0
    _axes(panel, last, top)
    for name, points in sorted(lines.items(), key=lambda line: line[0] == 'final'):
        places = np.array([_place(step / last, loss / top) for step, loss in points], np.int32)
        colour, wide = (FINAL, 2) if name == 'final' else (FOLD, 1)
        cv2.polylines(panel, [places.reshape(-1, 1, 2)], False, colour, wide, cv2.LINE_AA)
        cv2.circle(panel, places[-1].tolist(), 3, colour, cv2.FILLED, cv2.LINE_AA)
    if 'final' in lines:
        best = min(loss for _, loss in lines['final'])
        _write(panel, f'best {best:.3f}', (WIDTH - RIGHT - 84, 22), FINAL)
    return panel


def _place(x: float, y: float) -> tuple[int, int]:
    """Pixels of x and y in [0, 1]."""
    return (round(LEFT + x * (WIDTH - LEFT - RIGHT)),
            round(HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)))


def _axes(panel: Picture, last: int, top: float) -> None:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        left, right = _place(0, share), _place(1, share)
        cv2.line(panel, left, right, GRID, 1)
        _write(panel, f'{share * top:.2f}', (6, left[1] + 4), FAINT)
    for share in (0.0, 0.5, 1.0):
        text = f'{round(share * last)}' + (' steps' if share == 1 else '')
        column, row = _place(share, 0)
        _write(panel, text, (min(column - 4 * len(text), WIDTH - 8 * len(text)), row + 18), FAINT)


def _write(picture: Picture, text: str, place: tuple[int, int], colour: tuple[int, int, int],
           scale: float = 0.4) -> None:
    cv2.putText(picture, text, place, _FONT, scale, colour, 1, cv2.LINE_AA)
