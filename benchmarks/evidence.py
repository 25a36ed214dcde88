"""
Is the evidence the defect? On a data set's test parts, in each availability mode.

`i_auroc`: as usual. `hidden`: the score is the largest value of the map outside of the truth,
dilated by 16 pixels; the same mask lies on a good part, drawn for each defective one. Between 0.40
and 0.62 what is left tells nothing; above, something else than the defect gave it away.

`moved`: what happens to good parts when something else than the part changes. `swapped` puts
another part's background behind it, in colour and depth, at the height of this one's support;
`specks` takes away half of the background's depth, pixel by pixel; `holes` 30 % of it in blocks.
`chance` is how often a changed part scores above an unchanged one (0.5: nothing moved), `by` the
mean absolute change of the evidence, in the good parts' robust deviations (the threshold lies a
few of them above the usual part). `missing` is the rank correlation of good parts' scores with the
share of their depth that is missing on the part.

The last line is JSON: {"i_auroc": {MODE}, "hidden": {MODE}, "moved": {CHANGE: {MODE: {"chance",
"by"}}}, "missing": {MODE}}, null where it is not defined; exits 1 where `hidden` or a `chance`
is not between 0.40 and 0.62, but with --quick, which has too few parts to tell.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from options import of_data
from ranks import spearman
from tqdm import tqdm

from dcmd_ros.evaluation.metrics import auroc_interval, i_auroc
from dcmd_ros.frame import MODES, Frame, Mode
from dcmd_ros.inspector import Inspector
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.sensing.faults import corrupt
from dcmd_ros.sensing.foreground import Scene, find_part, part_by_depth, plane_depth
from dcmd_ros.training.calibration import alone
from dcmd_ros.training.datasets import GOOD, LAYOUTS, Dataset, open_dataset

REACH = 16   # pixels by which the truth is dilated
NEAR = 10    # pixels around the part that are left alone: the network sees a rim of them
LOW, HIGH = 0.40, 0.62
MOST = 200   # parts of each kind

Mask = NDArray[np.bool_]
Inspect = Callable[[Frame], NDArray[np.float32]]
Change = Callable[[Frame, Frame, Scene, np.random.Generator], Frame]


@dataclass
class Scores:
    """Of one mode: defective and good parts, and both with the same masks laid on them."""

    bad: list[float] = field(default_factory=list)
    good: list[float] = field(default_factory=list)
    bad_hidden: list[float] = field(default_factory=list)
    good_hidden: list[float] = field(default_factory=list)

    def auroc(self, hidden: bool = False) -> float:
        return i_auroc(*self._ranked(hidden))

    def interval(self) -> tuple[float, float]:
        return auroc_interval(*self._ranked(True), np.random.default_rng(0))

    def _ranked(self, hidden: bool) -> tuple[list[bool], list[float]]:
        bad, good = (self.bad_hidden, self.good_hidden) if hidden else (self.bad, self.good)
        return [True] * len(bad) + [False] * len(good), bad + good


def widened(mask: Mask, pixels: int) -> Mask:
    """Dilated by a disc."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


def largest(scores: NDArray[np.float32], ignored: Mask | None = None) -> float:
    """Of what is known of a map and not ignored; 0 where nothing is left."""
    values = scores if ignored is None else scores[~ignored]
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else 0.0


def evidence(score: float) -> float:
    """The inverse of (1 + u / (1 + |u|)) / 2: robust deviations above the threshold."""
    signed = 2 * score - 1
    return signed / max(1 - abs(signed), 1e-9)


def pairs(bad: int, good: int, rng: np.random.Generator) -> list[int]:
    """A good part for each defective one, all good parts alike often."""
    rounds = [rng.permutation(good) for _ in range(-(-bad // good))]
    return np.concatenate(rounds)[:bad].tolist()


def hidden_defects(inspect: Inspect, bad: Sequence[Frame], truths: Sequence[Mask],
                   good: Sequence[Frame], seed: int) -> dict[Mode, Scores]:
    """The scores of each mode, with and without what lies near the truth."""
    found = {mode: Scores() for mode in MODES}
    partner = pairs(len(bad), len(good), np.random.default_rng(seed))
    ignored = [widened(truth, REACH) for truth in truths]
    with tqdm(total=len(MODES) * (len(bad) + len(good)), desc='hidden', unit='map') as bar:
        for mode, scores in found.items():
            for frame, mask in zip(bad, ignored, strict=True):
                seen = inspect(alone(frame, mode))
                scores.bad.append(largest(seen))
                scores.bad_hidden.append(largest(seen, mask))
                bar.update()
            for index, frame in enumerate(good):
                seen = inspect(alone(frame, mode))
                scores.good.append(largest(seen))
                scores.good_hidden += [largest(seen, mask) for mask, at in
                                       zip(ignored, partner, strict=True) if at == index]
                bar.update()
    return found


def part_of(frame: Frame, scene: Scene) -> Mask:
    """By depth, with what is near."""
    assert frame.depth is not None
    return widened(part_by_depth(frame.depth, scene), NEAR)


def swapped(frame: Frame, donor: Frame, scene: Scene, _: np.random.Generator) -> Frame:
    """The donor's background, its depth brought to the frame's support."""
    assert frame.rgb is not None and frame.depth is not None
    assert donor.rgb is not None and donor.depth is not None
    behind = ~part_of(frame, scene) & ~part_of(donor, scene)
    here, there = (plane_depth(find_part(one.depth, scene).plane, frame.size)
                   for one in (frame, donor) if one.depth is not None)
    depth = np.where(behind, donor.depth * (here / there), frame.depth).astype(np.float32)
    return replace(frame, rgb=np.where(behind[..., None], donor.rgb, frame.rgb), depth=depth)


def specks(frame: Frame, _: Frame, scene: Scene, rng: np.random.Generator) -> Frame:
    assert frame.depth is not None
    gone = ~part_of(frame, scene) & (rng.random(frame.size) < 0.5)
    return replace(frame, depth=np.where(gone, np.float32(0), frame.depth))


def holes(frame: Frame, _: Frame, scene: Scene, rng: np.random.Generator) -> Frame:
    assert frame.depth is not None
    torn = corrupt(frame.depth, 'depth', 'holes', 0.3, rng)
    return replace(frame, depth=np.where(part_of(frame, scene), frame.depth, torn))


CHANGES: Mapping[str, Change] = {'swapped': swapped, 'specks': specks, 'holes': holes}


def moved(inspect: Inspect, good: Sequence[Frame], before: Mapping[Mode, Scores], scene: Scene,
          seed: int) -> dict[str, dict[Mode, dict[str, float]]]:
    """By change and mode: the chance that a changed part scores higher, and by how much."""
    rng = np.random.default_rng(seed)
    after: dict[str, dict[Mode, list[float]]] = {c: {m: [] for m in MODES} for c in CHANGES}
    donors = np.roll(rng.permutation(len(good)), 1)
    donors[donors == np.arange(len(good))] -= 1
    with tqdm(total=len(CHANGES) * len(good), desc='moved', unit='part') as bar:
        for name, change in CHANGES.items():
            for frame, donor in zip(good, donors, strict=True):
                changed = change(frame, good[donor], scene, rng)
                for mode, scores in after[name].items():
                    scores.append(largest(inspect(alone(changed, mode))))
                bar.update()
    return {name: {mode: compared(scores, before[mode].good) for mode, scores in modes.items()}
            for name, modes in after.items()}


def compared(after: Sequence[float], before: Sequence[float]) -> dict[str, float]:
    chance = i_auroc([True] * len(after) + [False] * len(before), [*after, *before])
    by = [abs(evidence(a) - evidence(b)) for a, b in zip(after, before, strict=True)]
    return {'chance': chance, 'by': float(np.mean(by))}


def missing(good: Sequence[Frame], scene: Scene) -> list[float]:
    """The share of each part's depth that is missing."""
    found = []
    for frame in good:
        assert frame.depth is not None
        part = part_by_depth(frame.depth, scene)
        found.append(float((frame.depth[part] <= 0).mean()) if part.any() else math.nan)
    return found


def parts(dataset: Dataset, most: int) -> tuple[list[Frame], list[Mask], list[Frame]]:
    """Defective frames with their truths, and good ones, evenly chosen; both sensors each."""
    samples = dataset.split('test')
    good = spread([s for s in samples if s.label == GOOD], most)
    bad = [(s, s.truth()) for s in spread([s for s in samples if s.label != GOOD], most)]
    marked = [(s, truth) for s, truth in bad if truth is not None and truth.any()]
    frames = []
    for index, sample in enumerate([*(s for s, _ in marked), *good]):
        images = sample.load()
        frames.append(Frame(index, rgb=images.rgb, depth=images.depth,
                            intrinsics=dataset.intrinsics))
    return frames[:len(marked)], [truth for _, truth in marked], frames[len(marked):]


def spread(items: list, most: int) -> list:  # type: ignore[type-arg]
    places = np.linspace(0, len(items) - 1, min(most, len(items))).astype(int)
    return [items[place] for place in places]


def figures(inspect: Inspect, scene: Scene, bad: Sequence[Frame], truths: Sequence[Mask],
            good: Sequence[Frame], seed: int) -> dict[str, dict]:  # type: ignore[type-arg]
    """What the last line holds; says the table on the way."""
    found = hidden_defects(inspect, bad, truths, good, seed)
    for mode, scores in found.items():
        low, high = scores.interval()
        print(f'{mode:10} i_auroc {scores.auroc():.3f}, hidden {scores.auroc(True):.3f} '
              f'({low:.3f} to {high:.3f})')
    changed = moved(inspect, good, found, scene, seed) if scene.reliable else {}
    for name, modes in changed.items():
        print(f'{name:10} ' + ', '.join(f'{mode} {x["chance"]:.3f} by {x["by"]:.2f}'
                                       for mode, x in modes.items()))
    gone = missing(good, scene)
    return {'i_auroc': {mode: scores.auroc() for mode, scores in found.items()},
            'hidden': {mode: scores.auroc(True) for mode, scores in found.items()},
            'moved': changed,
            'missing': {mode: spearman(gone, s.good) for mode, s in found.items()}}


def misses(found: Mapping[str, dict]) -> list[str]:  # type: ignore[type-arg]
    wanted = {f'hidden {mode}': x for mode, x in found['hidden'].items()}
    wanted |= {f'{name} {mode}': x['chance'] for name, modes in found['moved'].items()
               for mode, x in modes.items()}
    return [f'{name} {x:.2f}' for name, x in wanted.items() if not LOW <= x <= HIGH]


def rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    assert isinstance(value, float)
    return round(value, 4) if math.isfinite(value) else None


def main() -> None:
    parser = of_data(__doc__)
    parser.add_argument('--model', required=True)
    parser.add_argument('--layout', choices=LAYOUTS, default='auto')
    parser.add_argument('--seed', type=int, default=0, help='of pairs and changes (default: 0)')
    parser.add_argument('--quick', action='store_true', help='10 defective and 10 good parts')
    args = parser.parse_args()
    inspector = Inspector(args.model, device='cpu')
    chosen = parts(open_dataset(args.data, args.category, args.layout),
                   10 if args.quick else MOST)
    if not chosen[0] or len(chosen[2]) < 2:
        sys.exit(f'{args.data / args.category}: needs defective test parts with their truth, and '
                 'two good ones')
    found = figures(lambda frame: inspector.inspect(frame).map, load_checkpoint(args.model).scene,
                    *chosen, args.seed)
    print(json.dumps(rounded(found)))
    if (missed := misses(found)) and not args.quick:
        print(f'not between {LOW} and {HIGH}: {", ".join(missed)}', file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()
