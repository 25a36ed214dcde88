"""
A picture of every kind of part with every defect: colour with the truth's outline, height over
the empty place, and the surface as measured, lit from the left; missing depth is black.

    python benchmarks/contact_sheet.py docs/images/simulation.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.simulation import DEFECTS, KINDS, SimulatedFrame, simulate

Image = NDArray[np.uint8]
HALF = (132, 140)  # rows and columns cut out on either side of the part
SLANT = (-0.6, -0.5, 0.62)  # towards the lamp: left, up, at the viewer
TALLEST = 0.04  # metres of height that are red


def heights(frame: SimulatedFrame, empty: SimulatedFrame) -> Image:
    """Height of the measured surface over the empty station, missing depth black."""
    share = np.clip((empty.true_depth - frame.depth) / TALLEST, 0, 1)
    image = cv2.applyColorMap((share * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    image[frame.depth == 0] = 0
    return image


def lit(frame: SimulatedFrame) -> Image:
    """The measured surface as plaster under a lamp of its own, so that shape alone is seen."""
    missing = frame.depth == 0
    depth = np.where(missing, frame.true_depth, frame.depth)
    smooth = cv2.bilateralFilter(depth, 7, 0.003, 2.5)
    per_metre = np.float32(frame.intrinsics.fx) / smooth
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *order, scale=1 / 8) * per_metre
              for order in ((1, 0), (0, 1)))
    facing = (SLANT[0] * dx + SLANT[1] * dy + SLANT[2]) / np.sqrt(1 + dx ** 2 + dy ** 2)
    grey = (np.clip(facing, 0, 1) * 230).astype(np.uint8)
    grey[missing] = 0
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


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
                       heights(frame, simulate(seed, kind, index, empty=True))[cut],
                       lit(frame)[cut]])
    return cv2.putText(shown, f'{kind}, {defect or "good"}', (5, 20), cv2.FONT_HERSHEY_SIMPLEX,
                       0.65, (255, 255, 255), 2, cv2.LINE_AA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=Path, help='JPEG or PNG to write')
    parser.add_argument('--seed', type=int, default=3)
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS))
    parser.add_argument('--scale', type=float, default=0.5)
    args = parser.parse_args()
    turns = (None, *DEFECTS)
    sheet = np.vstack([np.hstack([cell(args.seed, kind, index, defect)
                                  for index, defect in enumerate(turns)])
                       for kind in args.kinds])
    small = cv2.resize(sheet, None, fx=args.scale, fy=args.scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(args.out), small, [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == '__main__':
    main()
