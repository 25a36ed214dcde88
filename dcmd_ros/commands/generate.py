"""`generate`: a simulated data set in the layout of MVTec 3D-AD."""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
from tqdm import tqdm

from dcmd_ros import __version__
from dcmd_ros.commands.number_types import count, positive, size, whole
from dcmd_ros.errors import DcmdError
from dcmd_ros.simulation import DEFECTS, KINDS
from dcmd_ros.simulation.belt import moving, place
from dcmd_ros.simulation.writer import Recipe, claim, plan, produce

EPILOG = f"""\
Writes OUT/<kind>/{{train,validation,test}}/<label>/{{rgb,xyz,gt}} and intrinsics.json. With N
training parts there are N/10 validation parts (at least 5), N/5 good test parts (at least 5) and
N/20 (at least 2) of each defect:
{', '.join(DEFECTS)}.
--good-parts and --per-defect give other numbers, for a large test split: take another --seed than
for training then, as parts of one seed are the same parts.
A frame of 640x480 takes 4 MB. Interrupted, the same command goes on where it stopped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument('out', metavar='OUT', type=Path, help='folder for the data set')
    parser.add_argument('--kinds', type=kinds, default=tuple(KINDS), metavar='LIST',
                        help=f'comma-separated, of {", ".join(KINDS)} (default: all)')
    parser.add_argument('--parts', type=count, default=200, metavar='N',
                        help='training parts of each kind (default %(default)s)')
    parser.add_argument('--seed', type=whole, default=0, metavar='N',
                        help='another seed, other parts (default %(default)s)')
    parser.add_argument('--good-parts', type=whole, metavar='N',
                        help='good parts of the test split (default: by --parts)')
    parser.add_argument('--per-defect', type=whole, metavar='N',
                        help='parts with each defect (default: by --parts)')
    parser.add_argument('--defects', type=defects, metavar='LIST',
                        help='comma-separated (default: all)')
    parser.add_argument('--spread', type=positive, metavar='M',
                        help=f'lay {", ".join(moving())} parts anywhere on the belt, up to so '
                        'many metres from the middle, as `camera --belt` shows them (default: '
                        'where `camera` puts them)')
    parser.add_argument('--jobs', type=count, default=len(os.sched_getaffinity(0)), metavar='N',
                        help='frames at a time (default: one for each core, %(default)s)')
    parser.add_argument('--size', type=size, default=(640, 480), metavar='WxH',
                        help='of the images in pixels (default 640x480)')


def kinds(text: str) -> tuple[str, ...]:
    return listed(text, 'kind', KINDS)


def defects(text: str) -> tuple[str, ...]:
    return listed(text, 'defect', DEFECTS)


def listed(text: str, noun: str, known: Iterable[str]) -> tuple[str, ...]:
    """Comma-separated names, each once, all of them known."""
    names = tuple(dict.fromkeys(name for name in text.replace(' ', ',').split(',') if name))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f'unknown {noun} {", ".join(unknown) or text!r}; choose '
                                         f'from {", ".join(known)}')
    return names


def run(args: argparse.Namespace) -> dict[str, object]:
    """Generate every kind asked for; the frames there and written now, by kind."""
    recipes = [Recipe(kind, args.seed, args.parts, args.size, __version__, args.good_parts,
                      args.per_defect, args.defects, args.spread) for kind in args.kinds]
    try:
        return generate(args.out, recipes, args.jobs)
    except OSError as error:
        raise DcmdError(f'{error.filename or args.out}: {error.strerror or error}') from error


def generate(out: Path, recipes: list[Recipe], jobs: int) -> dict[str, object]:
    out.mkdir(parents=True, exist_ok=True)
    check_room(out, recipes)
    for recipe in recipes:
        place(recipe.seed, recipe.kind, 0, recipe.size, recipe.spread or 0.0)
    for recipe in recipes:
        claim(out / recipe.kind, recipe)
    todo = [(recipe, item) for recipe in recipes for item in plan(recipe)]
    cv2.setNumThreads(1)
    begin = time.monotonic()
    with ThreadPoolExecutor(jobs) as threads, tqdm(total=len(todo), unit='frame') as bar:
        made = threads.map(lambda one: produce(out / one[0].kind, *one), todo)
        written = 0
        for (recipe, _), fresh in zip(todo, made, strict=True):
            written += fresh
            bar.set_description(recipe.kind, refresh=False)
            bar.update()
    frames = {recipe.kind: recipe.total for recipe in recipes}
    rate = written / (time.monotonic() - begin)
    return {'out': str(out), 'frames': frames, 'written': written, 'per_s': round(rate, 1)}


def check_room(out: Path, recipes: list[Recipe]) -> None:
    there = sum(file.stat().st_size for recipe in recipes
                for file in (out / recipe.kind).rglob('*.*') if file.is_file())
    needed = sum(recipe.room for recipe in recipes) - there
    free = shutil.disk_usage(out).free
    if needed > free:
        raise DcmdError(f'{out}: needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; ask '
                        'for fewer --parts, fewer --kinds or a smaller --size')
