"""`play`: a folder or a data set as a live RGB-D camera."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from dcmd_ros.commands.number_types import not_negative, positive
from dcmd_ros.commands.source_options import add_source_arguments
from dcmd_ros.errors import DcmdError
from dcmd_ros.training.datasets import LAYOUTS, SPLITS, Dataset, Sample, open_dataset

if TYPE_CHECKING:
    from dcmd_ros.nodes.source import SourceFrame

HISTORY = 100  # no recorded frame is lost to a listener that stalls for less than so many


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('source', type=Path, metavar='SOURCE',
                        help='folder of one category of a data set')
    parser.add_argument('--split', choices=SPLITS, default='test',
                        help='which part of it, paths sorted (default test)')
    parser.add_argument('--layout', choices=LAYOUTS, default='auto',
                        help='of the data set (default auto: look)')
    parser.add_argument('--rate', type=positive, default=1.0,
                        help='so many times faster than --fps (default 1)')
    parser.add_argument('--loop', action='store_true', help='begin again at the end, until Ctrl-C')
    parser.add_argument('--wait', type=not_negative, metavar='S',
                        help='seconds to wait for a subscription to an image, 0 = do not wait '
                        '(default: as long as it takes)')
    add_source_arguments(parser, fps=10.0)


def run(args: argparse.Namespace) -> dict[str, object]:
    from dcmd_ros.nodes.player import play
    from dcmd_ros.nodes.source_loop import SourceOptions

    folder = args.source.expanduser().resolve()
    dataset = open_dataset(folder.parent, folder.name, args.layout)
    samples = dataset.split(args.split)
    if not samples:
        raise DcmdError(f'{folder}: no samples in split {args.split}')
    print(f'playing {len(samples)} samples of {folder.name} ({dataset.layout} layout, '
          f'{dataset.camera_note})', file=sys.stderr)
    options = SourceOptions('player', args.fps * args.rate, args.fault, args.depth_encoding,
                            wait=args.wait, history=HISTORY)
    rounds = repeat(samples) if args.loop else [samples]
    report = play(frames(dataset, chain.from_iterable(rounds)),
                  None if args.loop else len(samples), options, args.ros_args)
    if report.interrupted:
        raise KeyboardInterrupt
    return report.figures()


def frames(dataset: Dataset, samples: Iterator[Sample]) -> Iterator[SourceFrame]:
    """Samples as a source sends them, `file` relative to the category's folder."""
    from dcmd_ros.nodes.source import SourceFrame

    for sample in samples:
        images = sample.load()
        yield SourceFrame(images.rgb, images.depth, sample.truth(), sample.label,
                          str(sample.file.relative_to(dataset.folder)), dataset.intrinsics)
