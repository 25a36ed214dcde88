"""`generate`: a simulated data set in the layout of MVTec 3D-AD."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from tqdm import tqdm

from dcmd_ros import __version__
from dcmd_ros.errors import DcmdError
from dcmd_ros.simulation import DEFECTS, KINDS
from dcmd_ros.simulation.writer import Recipe, claim, plan, produce

EPILOG = f"""\
Writes OUT/<kind>/{{train,validation,test}}/<label>/{{rgb,xyz,gt}} and intrinsics.json. With N
training parts there are N/10 validation parts (at least 5), N/5 good test parts (at least 5) and
N/20 (at least 2) of each defect:
{', '.join(DEFECTS)}.
A frame of 640x480 takes 4 MB. Interrupted, the same command goes on where it stopped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument('out', metavar='OUT', type=Path, help='folder for the data set')
    parser.add_argument('--kinds', type=kinds, default=tuple(KINDS), metavar='LIST',
                        help=f'comma-separated, of {", ".join(KINDS)} (default: all)')
    parser.add_argument('--parts', type=count, default=200, metavar='N',
                        help='training parts of each kind (default %(default)s)')
    parser.add_argument('--seed', type=natural, default=0, metavar='N',
                        help='another seed, other parts (default %(default)s)')
    parser.add_argument('--size', type=size, default=(640, 480), metavar='WxH',
                        help='of the images in pixels (default 640x480)')


def kinds(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for name in text.replace(' ', ',').split(',') if name))
    unknown = [name for name in names if name not in KINDS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f'unknown kind {", ".join(unknown) or text!r}; choose '
                                         f'from {", ".join(KINDS)}')
    return names


def natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'{text!r} is not a whole number from 0 on')
    return int(text)


def count(text: str) -> int:
    if natural(text) < 1:
        raise argparse.ArgumentTypeError('at least one part is needed')
    return int(text)


def size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) >= 64 and int(height) >= 48):
        raise argparse.ArgumentTypeError(f'{text!r} is no WIDTHxHEIGHT from 64x48 on')
    return int(width), int(height)


def run(args: argparse.Namespace) -> dict[str, object]:
    """Generate every kind asked for; the frames there and written now, by kind."""
    recipes = [Recipe(kind, args.seed, args.parts, args.size, __version__)
               for kind in args.kinds]
    try:
        return generate(args.out, recipes)
    except OSError as error:
        raise DcmdError(f'{error.filename or args.out}: {error.strerror or error}') from error


def generate(out: Path, recipes: list[Recipe]) -> dict[str, object]:
    out.mkdir(parents=True, exist_ok=True)
    check_room(out, recipes)
    for recipe in recipes:
        claim(out / recipe.kind, recipe)
    written = 0
    todo = ((recipe, item) for recipe in recipes for item in plan(recipe))
    with tqdm(todo, total=sum(recipe.total for recipe in recipes), unit='frame') as bar:
        for recipe, item in bar:
            bar.set_description(recipe.kind, refresh=False)
            written += produce(out / recipe.kind, recipe, item)
    frames = {recipe.kind: recipe.total for recipe in recipes}
    return {'out': str(out), 'frames': frames, 'written': written}


def check_room(out: Path, recipes: list[Recipe]) -> None:
    there = sum(file.stat().st_size for recipe in recipes
                for file in (out / recipe.kind).rglob('*.*') if file.is_file())
    needed = sum(recipe.room for recipe in recipes) - there
    free = shutil.disk_usage(out).free
    if needed > free:
        raise DcmdError(f'{out}: needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; ask '
                        'for fewer --parts, fewer --kinds or a smaller --size')
