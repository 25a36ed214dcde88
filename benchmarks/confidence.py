"""
How the confidence answers to a sensor's faults and to defects, on simulated parts.

Faults: for each sensor and kind the rank correlation (Spearman) between the strength, none among
them, and the frame's confidence, over one part; the median over the parts. Defects: the same part
and sensor noise with and without its defect, at the pixels that were measured in both: by how much
the mean confidence differs, over the part and inside of the defect, the mean over the parts.

The last line is JSON: {"spearman": {SENSOR: {KIND: x}}, "defect": {SENSOR: {"part", "inside"}}};
exits 1 where a correlation is under 0.9, or a difference over 0.02 (part) or 0.05 (inside).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ranks import spearman

from dcmd_ros.frame import MODALITIES, Frame, Modality
from dcmd_ros.inspector import Inspector
from dcmd_ros.sensing.faults import FAULT_KINDS, corrupt
from dcmd_ros.simulation import DEFECTS, simulate

SEED = 4711  # of parts that no model was trained on
KINDS: dict[Modality, tuple[str, ...]] = {
    'rgb': ('under', 'over', 'blur', 'noise', 'holes'),
    'depth': ('blur', 'noise', 'bias', 'holes')}
SHARES = (0, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85)
TIMES = (0, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4)  # of the fault's default amount
LEAST, PART, INSIDE = 0.9, 0.02, 0.05
COLOURS = ('#1f5fa8', '#d2691e', '#2e8b57', '#8b3a8b', '#444444')

Curves = dict[Modality, dict[str, NDArray[np.float64]]]


def strengths(sensor: Modality, kind: str) -> tuple[float, ...]:
    amount = FAULT_KINDS[kind].amounts[sensor]
    assert amount is not None
    shared = amount.unit == 'share' and amount.default >= 0.3
    return SHARES if shared else tuple(t * amount.default for t in TIMES)


def part(kind: str, index: int, defect: str | None = None) -> tuple[Frame, NDArray[np.bool_]]:
    made = simulate(SEED, kind, index, defect)
    return made.frame(index), made.mask


def faulty(frame: Frame, sensor: Modality, kind: str, amount: float) -> Frame:
    rng = np.random.default_rng(frame.stamp)
    if sensor == 'rgb':
        assert frame.rgb is not None
        return replace(frame, rgb=corrupt(frame.rgb, sensor, kind, amount, rng))
    assert frame.depth is not None
    return replace(frame, depth=corrupt(frame.depth, sensor, kind, amount, rng))


def curves(inspector: Inspector, kind: str, parts: int) -> Curves:
    """Confidence by part and strength, (parts, strengths), for each sensor and fault."""
    found: Curves = {m: {} for m in MODALITIES}
    for sensor in MODALITIES:
        for fault in KINDS[sensor]:
            found[sensor][fault] = np.array([
                [inspector.confidence(faulty(part(kind, i)[0], sensor, fault, amount))[sensor]
                 for amount in strengths(sensor, fault)] for i in range(parts)])
            print(f'{sensor:5} {fault:6}', np.round(np.median(found[sensor][fault], axis=0), 2))
    return found


def falls(values: NDArray[np.float64]) -> float:
    """Rank correlation of values with how weak their fault is; 0 where they do not change."""
    return float(np.nan_to_num(spearman(values, -np.arange(values.size))))


def differences(inspector: Inspector, kind: str, parts: int) -> dict[Modality, NDArray]:
    """|difference| over the part and inside of the defect, (parts, 2), for each sensor."""
    found: dict[Modality, list[tuple[float, float]]] = {m: [] for m in MODALITIES}
    names = list(DEFECTS)
    for i in range(parts):
        good, _ = part(kind, i)
        bad, mask = part(kind, i, names[i % len(names)])
        assert good.depth is not None and bad.depth is not None
        joint = (good.depth > 0) & (bad.depth > 0)
        clean, spoilt = (inspector.confidence_maps(frame) for frame in (good, bad))
        for sensor in MODALITIES:
            change = spoilt[sensor] - clean[sensor]
            whole, inside = (np.abs(np.mean(change[seen])) if seen.any() else np.nan for seen in (
                joint & ~np.isnan(change), joint & ~np.isnan(change) & mask))
            found[sensor].append((float(whole), float(inside)))
    return {m: np.array(values) for m, values in found.items()}


def draw(found: Curves, path: Path) -> None:
    """The medians over the parts as an SVG picture, a panel for each sensor."""
    panels = ''.join(panel(sensor, by_fault, 380 * k)
                     for k, (sensor, by_fault) in enumerate(found.items()))
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 280" '
                    'font-family="sans-serif" font-size="12"><rect width="760" height="280" '
                    f'fill="white"/>{panels}</svg>\n')


def panel(sensor: Modality, by_fault: dict[str, NDArray[np.float64]], left: int) -> str:
    """Axes 0..1 by steps of strength, a line and its name for each fault."""
    x, y = (lambda step: left + 40 + 35 * step), (lambda value: 240 - 200 * value)
    parts = [f'<text x="{left + 40}" y="22" font-size="14">confidence in '
             f'{"colour" if sensor == "rgb" else "depth"}</text>']
    for value in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line x1="{x(0)}" x2="{x(6)}" y1="{y(value)}" y2="{y(value)}" '
                     f'stroke="{"#c33" if value == 0.25 else "#ddd"}"/>'
                     f'<text x="{left + 8}" y="{y(value) + 4}">{value:g}</text>')
    for (fault, values), colour in zip(by_fault.items(), COLOURS, strict=False):
        middle = np.median(values, axis=0)
        points = ' '.join(f'{x(k)},{y(v):.1f}' for k, v in enumerate(middle))
        row = 52 + 18 * list(by_fault).index(fault)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                     f'stroke-width="2"/><text x="{x(6) + 12}" y="{row}" fill="{colour}">{fault}'
                     '</text>')
    parts.append(f'<text x="{x(3)}" y="265" text-anchor="middle">strength of the fault, '
                 'none to strongest</text>')
    return ''.join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='models/dcmd_turned_best.pth')
    parser.add_argument('--kind', default='turned', help="the model's kind of part")
    parser.add_argument('--parts', type=int, default=12)
    parser.add_argument('--quick', action='store_true', help='3 parts, 9 defects')
    parser.add_argument('--figure', type=Path, help='draw the curves here')
    args = parser.parse_args()
    inspector = Inspector(args.model, device='cpu')
    found = curves(inspector, args.kind, 3 if args.quick else args.parts)
    ranks = {m: {fault: round(float(np.median([falls(v) for v in values])), 3)
                 for fault, values in by_fault.items()} for m, by_fault in found.items()}
    moved = {m: dict(zip(('part', 'inside'), np.round(np.nanmean(values, axis=0), 4).tolist(),
                         strict=True))
             for m, values in differences(inspector, args.kind,
                                          9 if args.quick else 3 * args.parts).items()}
    if args.figure:
        draw(found, args.figure)
    print(json.dumps({'spearman': ranks, 'defect': moved}))
    weak = [f'{m} {k}' for m, by in ranks.items() for k, x in by.items() if x < LEAST]
    loud = [m for m, x in moved.items() if x['part'] > PART or x['inside'] > INSIDE]
    if weak or loud:
        print(f'missed: rank correlation of {weak or "none"}, defects in {loud or "none"}',
              file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()
