"""One picture of the frames that were chosen out of bags, and of some that were not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.training.sample import Images
from dcmd_ros.training.selection import Choice, Selection

Picture = NDArray[np.uint8]
Load = Callable[[Choice], Images]

WIDTH, HEIGHT = 128, 96    # of one image
CAPTION, GAP, TITLE = 15, 4, 26
COLUMNS = 6                # tiles of two images each
MOST_KEPT, MOST_OUT = 60, 6  # tiles of each split, of each reason
PAPER, INK, FAINT = (250, 250, 248), (30, 30, 34), (120, 120, 126)


def contact_sheet(selection: Selection, load: Load) -> Picture:
    """
    (H, W, 3) uint8, red first: the frames of each split, then examples of each reason.

    Each tile has colour and depth (near is bright), the time since the first frame, and which
    frame a left out one repeats.
    """
    first = min((one.moment.stamp for one in selection.frames), default=0)
    groups = [('to train', selection.split('train'), MOST_KEPT),
              ('to validate', selection.split('validation'), MOST_KEPT)]
    groups += [(f'left out: {reason}',
                [one for one in selection.frames if one.split is None and one.reason == reason],
                MOST_OUT) for reason in selection.reasons()]
    rows = []
    for name, members, most in groups:
        shown = spread(members, most)
        count = f'{len(members)}' if len(shown) == len(members) else \
            f'{len(members)}, {len(shown)} of them shown'
        rows.append(_title(f'{name} ({count})'))
        tiles = [_tile(load(one), _caption(one, selection, first)) for one in shown]
        rows += [_row(tiles[i:i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    return np.concatenate(rows)


def write(path: Path, picture: Picture) -> None:
    """:raises DcmdError: the file cannot be written"""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode('.png', picture[..., ::-1])[1].tobytes())
    except OSError as error:
        raise DcmdError(f'{path}: cannot be written ({error.strerror})') from error


def spread(members: Sequence[Choice], most: int) -> list[Choice]:
    """At most so many, evenly chosen."""
    places = np.linspace(0, len(members) - 1, min(most, len(members))).astype(int)
    return [members[place] for place in places]


def _caption(one: Choice, selection: Selection, first: int) -> str:
    text = f'{(one.moment.stamp - first) / 1e9:.2f} s'
    if one.like is not None:
        text += f' as {(selection.frames[one.like].moment.stamp - first) / 1e9:.2f} s'
    return text if one.label in (None, 'good') else f'{text} {one.label}'


def _tile(images: Images, caption: str) -> Picture:
    tile = np.full((HEIGHT + CAPTION, 2 * WIDTH, 3), PAPER, np.uint8)
    if images.rgb is not None:
        _lay(tile, _small(images.rgb), 0)
    if images.depth is not None:
        _lay(tile, _shaded(_small(images.depth)), WIDTH)
    _write(tile, caption, (2, HEIGHT + CAPTION - 4), 0.36, FAINT)
    return tile


def _small(image: NDArray) -> NDArray:
    """As large as fits."""
    scale = min(HEIGHT / image.shape[0], WIDTH / image.shape[1])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=(
        cv2.INTER_AREA if image.ndim == 3 else cv2.INTER_NEAREST))


def _lay(tile: Picture, picture: Picture, left: int) -> None:
    tile[:picture.shape[0], left:left + picture.shape[1]] = picture


def _shaded(depth: NDArray[np.float32]) -> Picture:
    """Near is bright, the middle 98 % fill the scale, grey where missing."""
    picture = np.full((*depth.shape, 3), 128, np.uint8)
    seen = depth > 0
    if seen.any():
        near, far = np.percentile(depth[seen], [1, 99])
        share = np.clip((far - depth) / max(float(far - near), 1e-6), 0, 1)
        shades = cv2.applyColorMap((share * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
        picture[seen] = shades[..., ::-1][seen]
    return picture


def _row(tiles: Sequence[Picture]) -> Picture:
    row = np.full((HEIGHT + CAPTION + GAP, COLUMNS * (2 * WIDTH + GAP) + GAP, 3), PAPER, np.uint8)
    for place, tile in enumerate(tiles):
        left = GAP + place * (2 * WIDTH + GAP)
        row[:tile.shape[0], left:left + tile.shape[1]] = tile
    return row


def _title(text: str) -> Picture:
    bar = np.full((TITLE, COLUMNS * (2 * WIDTH + GAP) + GAP, 3), PAPER, np.uint8)
    _write(bar, text, (GAP, TITLE - 8), 0.52, INK)
    return bar


def _write(picture: Picture, text: str, place: tuple[int, int], scale: float,
           colour: tuple[int, int, int]) -> None:
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
