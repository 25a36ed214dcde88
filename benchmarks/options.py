"""What benchmarks can be told alike."""

from __future__ import annotations

import argparse
from pathlib import Path

from dcmd_ros.simulation import KINDS


def parser(about: str | None) -> argparse.ArgumentParser:
    """Of one on simulated parts: with the model and its kind of part."""
    found = _plain(about)
    found.add_argument('--model', type=Path, default=Path('models/dcmd_turned_best.pth'))
    found.add_argument('--kind', choices=list(KINDS), default='turned',
                       help="the model's kind of part")
    return found


def of_data(about: str | None) -> argparse.ArgumentParser:
    """Of one on a data set: with its folder and the category."""
    found = _plain(about)
    found.add_argument('data', type=Path, help='a data set, as `evaluate` takes it')
    found.add_argument('category')
    return found


def of_trainings(about: str | None) -> argparse.ArgumentParser:
    """The same, with several models of the category."""
    found = of_data(about)
    found.add_argument('--models', type=Path, nargs='+', required=True,
                       help='one for each training, of the same category')
    return found


def _plain(about: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(description=about,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
