"""What the benchmarks on simulated parts can be told alike."""

from __future__ import annotations

import argparse
from pathlib import Path

from dcmd_ros.simulation import KINDS


def parser(about: str | None) -> argparse.ArgumentParser:
    """With the model and its kind of part."""
    found = argparse.ArgumentParser(description=about,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument('--model', type=Path, default=Path('models/dcmd_turned_best.pth'))
    found.add_argument('--kind', choices=list(KINDS), default='turned',
                       help="the model's kind of part")
    return found
