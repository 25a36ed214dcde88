"""What of a mask is wholly in view."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.sensing.presence import Limits, limits, whole_pieces

SIDE = 60
WITHIN = Limits((4, 56), (4, 56))
USUAL = 400.0


def square(left: int, top: int = 20, side: int = 20) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[max(top, 0):top + side, max(left, 0):left + side] = True
    return mask


@pytest.mark.parametrize(('mask', 'presence'), [
    (square(20), 'whole'), (square(4), 'whole'), (square(36), 'whole'), (square(3), 'cut'),
    (square(37), 'cut'), (square(20, 3), 'cut'), (square(20, 37), 'cut'), (square(-16), 'cut'),
    (square(-18), 'absent'), (np.zeros((SIDE, SIDE), bool), 'absent'),
    (square(20, side=7), 'absent'), (square(20, side=9), 'whole')])
def test_a_part_is_whole_within_the_limits(mask: np.ndarray, presence: str) -> None:
    kept, found = whole_pieces(mask, WITHIN, USUAL)
    assert found == presence
    assert (kept == (mask if presence == 'whole' else False)).all()


def test_a_neighbour_is_left_out_of_a_whole_part() -> None:
    part, neighbour = square(25), square(55)
    kept, presence = whole_pieces(part | neighbour, WITHIN, USUAL)
    assert presence == 'whole' and (kept == part).all()


def test_half_of_a_part_in_two_pieces_is_cut_where_one_piece_is() -> None:
    pieces = square(20, 10, 14) | square(20, 50, 14)
    kept, presence = whole_pieces(pieces, WITHIN, USUAL)
    assert presence == 'cut' and not kept.any()


def test_the_box_leaves_a_margin_that_no_part_was_seen_in() -> None:
    found = limits((480, 640), (149, 71, 342), 18.3)
    assert found.rows == found.columns == (18, 324)


def test_the_roi_cuts_where_it_lies_within() -> None:
    found = limits((480, 640), (149, 71, 342), 18.3, (200, 0, 100, 480))
    assert found.rows == (18, 324)
    assert found.columns == (52, 150)


def test_the_images_border_cuts_unless_parts_were_trained_there() -> None:
    reaching = limits((100, 100), (-8, 20, 80), 5.0)
    assert reaching.columns == (8, 75)  # the trained parts went beyond its left border
    near = limits((100, 100), (-3, 20, 80), 5.0)
    assert near.columns[0] == 5
