"""`dcmd_ros replay`: bags through the inspector offline, every frame, the same each time."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from dcmd_ros.bags.many import find_bags, is_bag, run_many, stem
from dcmd_ros.commands.bag_options import add_bag_arguments, add_batch_arguments
from dcmd_ros.commands.number_types import whole
from dcmd_ros.commands.replay_bag import Job, replay_bag
from dcmd_ros.commands.source_options import fault_text
from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation import output
from dcmd_ros.evaluation.metrics import METRICS
from dcmd_ros.sensing.faults import describe_faults

SUMMARY = 'summary.csv'
LABEL_FILES = ('.csv', '.json')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        describe_faults() + "\n\nTimes count from the first image, in the bag's time. The node's "
        'parameters go after --ros-args:\n-p roi:=[0,0,640,400] or --params-file FILE.')
    parser.add_argument('bag', type=Path, metavar='BAG',
                        help='a rosbag2 folder, .mcap or .db3, or a folder of several')
    parser.add_argument('--model', required=True, help='checkpoint of `dcmd_ros train`')
    parser.add_argument('--out', type=Path, required=True, metavar='RESULT.mcap',
                        help="the bag's messages with the inspector's beside them; a table with a "
                        'row a frame goes to RESULT.csv. Of several bags: a folder')
    parser.add_argument('--fault', type=fault_text, default='', metavar='F',
                        help='what is to befall the sensors, see below (default nothing)')
    parser.add_argument('--seed', type=whole, default=0, help='of the faults (default 0)')
    parser.add_argument('--labels', type=Path, metavar='FILE',
                        help='CSV or JSON: which frames are good (default: truth/label of the '
                        'bag, where it has one). Of several bags: a folder with BAG.csv or '
                        'BAG.json')
    parser.add_argument('--report', type=Path, metavar='DIR',
                        help='write index.html and run.json there; of several bags: a folder each')
    parser.add_argument('--against', type=Path, metavar='OTHER.json',
                        help='run.json of another run of this bag, for the report: both side by '
                        'side')
    parser.add_argument('--points', action='store_true',
                        help='write the coloured point cloud too: some 6 MB a frame at 640x480')
    parser.add_argument('--device', default='auto', help='auto (default), cpu or cuda:N')
    parser.add_argument('--engine', default='torch', help='torch (default), auto, openvino, '
                        'onnxruntime or tensorrt')
    parser.add_argument('--overwrite', action='store_true', help='replace files that are there')
    add_bag_arguments(parser)
    add_batch_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.against and not args.report:
        raise DcmdError('--against compares in a report: give --report DIR too')
    bags = find_bags(args.bag)
    if args.bag.is_file() or is_bag(args.bag):
        return replay_bag(one(args))
    if args.against:
        raise DcmdError('--against compares one bag with one run: replay them one by one')
    return several(args, bags)


def one(args: argparse.Namespace) -> Job:
    """The job that the arguments say, as if the bag were one."""
    from dcmd_ros.nodes.offline_settings import read_settings
    from dcmd_ros.nodes.replayer import ReplayOptions

    settings = read_settings(args.ros_args, {'model': str(Path(args.model).absolute()),
                                             'device': args.device, 'engine': args.engine})
    return Job(args.bag.absolute(), args.out.absolute(),
               ReplayOptions(settings, args.fault, args.seed, args.points), args.rgb, args.depth,
               args.distro, args.labels, args.report, args.against, args.overwrite)


def several(args: argparse.Namespace, bags: list[Path]) -> dict[str, Any]:
    """
    Each bag for itself, side by side; a table of all beside the results.

    :raises Unmet: naming the bags that failed; the others are done
    """
    if args.out.suffix:
        raise DcmdError(f'{args.bag} holds {len(bags)} bags: --out must be a folder, '
                        f'not {args.out.name}')
    names = [stem(bag) for bag in bags]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DcmdError(f'{args.bag}: several bags are called {", ".join(sorted(twice))}; '
                        'rename them, their results go by name')
    batch = run_many(partial(of_several, one(args)), bags, args.jobs, args.ray)
    found = {stem(bag): figures for bag, figures in batch.results.items()}
    for name, figures in found.items():
        for note in figures['notes']:
            print(f'note: {name}: {note}', file=sys.stderr)
    output.write(args.out / SUMMARY, summary(found))
    print(f'{len(found)} of {len(bags)} bags replayed; wrote {args.out / SUMMARY}',
          file=sys.stderr)
    failed = {stem(bag): reason for bag, reason in batch.failures.items()}
    every: dict[str, object] = {'bags': found, 'failed': failed}
    batch.settle(every)
    return every


def of_several(job: Job, bag: Path) -> dict[str, Any]:
    """One of many bags; its results are called as it is."""
    name = stem(bag)
    labels = job.labels and next((file for end in LABEL_FILES
                                  if (file := job.labels / f'{name}{end}').is_file()), None)
    return replay_bag(replace(
        job, bag=bag.absolute(), out=job.out / f'{name}.mcap', labels=labels,
        report=job.report and job.report / name, quiet=True))


def summary(bags: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each bag: its frames and the contract's metrics."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ['bag', 'frames', *METRICS, 'alarm_rate'], lineterminator='\n')
    writer.writeheader()
    for name, figures in bags.items():
        writer.writerow({'bag': name, 'frames': figures['frames'], **figures['metrics']})
    return text.getvalue()
