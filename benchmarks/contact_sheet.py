"""
A picture of every kind of part with every defect: colour with the truth's outline, and height.

    python benchmarks/contact_sheet.py docs/images/simulation.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.simulation import DEFECTS, KINDS, SimulatedFrame, simulate

Image = NDArray[np.uint8]
HALF = (112, 140)  # rows and columns cut out on either side of the part
TALLEST = 0.04  # metres of height that are red


def heights(frame: SimulatedFrame, empty: SimulatedFrame) -> Image:
    """Height of the measured surface over the empty station, missing depth black."""
    share = np.clip((empty.true_depth - frame.depth) / TALLEST, 0, 1)
    image = cv2.applyColorMap((share * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    image[frame.depth == 0] = 0
    return image


def outlined(frame: SimulatedFrame) -> Image:
    bgr = np.ascontiguousarray(frame.rgb[..., ::-1])
    found, _ = cv2.findContours(frame.mask.astype(np.uint8), cv2.RETR_EXTERNAL,
                                cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(bgr, found, -1, (0, 0, 255), 1)


def cell(seed: int, kind: str, index: int, defect: str | None) -> Image:
    frame = simulate(seed, kind, index, defect)
    rows, columns = np.nonzero(frame.part)
    top, left = int(rows.mean()) - HALF[0], int(columns.mean()) - HALF[1]
    cut = np.s_[max(top, 0):max(top, 0) + 2 * HALF[0], max(left, 0):max(left, 0) + 2 * HALF[1]]
    shown = np.vstack([outlined(frame)[cut],
                       heights(frame, simulate(seed, kind, index, empty=True))[cut]])
    return cv2.putText(shown, f'{kind}, {defect or "good"}', (5, 20), cv2.FONT_HERSHEY_SIMPLEX,
                       0.65, (255, 255, 255), 2, cv2.LINE_AA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=Path, help='PNG to write')
    parser.add_argument('--seed', type=int, default=3)
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS))
    parser.add_argument('--scale', type=float, default=0.4)
    args = parser.parse_args()
    turns = (None, *DEFECTS)
    sheet = np.vstack([np.hstack([cell(args.seed, kind, index, defect)
                                  for index, defect in enumerate(turns)])
                       for kind in args.kinds])
    small = cv2.resize(sheet, None, fx=args.scale, fy=args.scale, interpolation=cv2.INTER_AREA)
    few = small // 8 * 8 + 4  # 32 shades of each colour: a third of the file
    cv2.imwrite(str(args.out), few, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == '__main__':
    main()
