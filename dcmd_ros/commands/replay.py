"""`dcmd_ros replay`: a bag through the inspector offline, every frame, the same each time."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import Choice, choose
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.commands.bag_options import add_bag_arguments
from dcmd_ros.commands.number_types import whole
from dcmd_ros.commands.source_options import fault_text
from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation import output
from dcmd_ros.evaluation.moment_table import csv_text
from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.evaluation.run_figures import run_figures
from dcmd_ros.evaluation.run_report import write_run_report
from dcmd_ros.evaluation.truth import Truth, read_labels
from dcmd_ros.framing.shot import nanoseconds
from dcmd_ros.sensing.codec import MessageError
from dcmd_ros.sensing.faults import describe_faults
from dcmd_ros.sensing.message import image_view

if TYPE_CHECKING:
    from dcmd_ros.nodes.bag_messages import Sent
    from dcmd_ros.nodes.result import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        describe_faults() + "\n\nTimes count from the first image, in the bag's time. The node's "
        'parameters go after --ros-args:\n-p roi:=[0,0,640,400] or --params-file FILE.')
    parser.add_argument('bag', type=Path, metavar='BAG',
                        help='a rosbag2 folder, .mcap or .db3')
    parser.add_argument('--model', required=True, help='checkpoint of `dcmd_ros train`')
    parser.add_argument('--out', type=Path, required=True, metavar='RESULT.mcap',
                        help="the bag's messages with the inspector's beside them; a table with a "
                        'row a frame goes to RESULT.csv')
    parser.add_argument('--fault', type=fault_text, default='', metavar='F',
                        help='what is to befall the sensors, see below (default nothing)')
    parser.add_argument('--seed', type=whole, default=0, help='of the faults (default 0)')
    parser.add_argument('--labels', type=Path, metavar='FILE',
                        help='CSV or JSON: which frames are good (default: truth/label of the '
                        'bag, where it has one)')
    parser.add_argument('--report', type=Path, metavar='DIR',
                        help='write index.html and run.json there')
    parser.add_argument('--against', type=Path, metavar='OTHER.json',
                        help='run.json of another run, for the report: both side by side')
    parser.add_argument('--points', action='store_true',
                        help='write the coloured point cloud too: some 6 MB a frame at 640x480')
    parser.add_argument('--device', default='auto', help='auto (default), cpu or cuda:N')
    parser.add_argument('--overwrite', action='store_true', help='replace files that are there')
    add_bag_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.against and not args.report:
        raise DcmdError('--against compares in a report: give --report DIR too')
    with Bag(args.bag, args.distro) as bag:
        for note in bag.notes:
            say(f'note: {note}')
        choice = choose(bag.topics, args.rgb, args.depth)
        say(f'rgb: {choice.rgb or "none"}, depth: {choice.depth or "none"}')
        return replay(bag, choice, args)


def replay(bag: Bag, choice: Choice, args: argparse.Namespace) -> dict[str, Any]:
    from dcmd_ros.nodes.offline_settings import read_settings
    from dcmd_ros.nodes.replayer import Replayer, ReplayOptions

    settings = read_settings(args.ros_args, {'model': args.model, 'device': args.device})
    table = args.out.with_suffix('.csv')
    if not args.overwrite and table.exists():
        raise DcmdError(f'{table} is there already: name another --out, or give --overwrite')
    collected = Collected(bag, args)
    options = ReplayOptions(settings, args.fault, args.seed, args.points)
    total = sum(topic.count for topic in bag.topics)
    with BagWriter(args.out, overwrite=args.overwrite) as writer:
        replayer = Replayer(bag, choice, options, collected.take, collected.tell, writer)
        try:
            replayer.run(lambda messages: tqdm(messages, total=total, unit='message',
                                               desc=bag.path.name))
        finally:
            run = collected.run
            run.drops, run.notes = replayer.drops(), [*bag.notes, *replayer.warnings]
            run.settle(collected.truth)
            output.write(table, csv_text(run.moments))
    say(f'{len(run.moments)} frames inspected; wrote {args.out} and {table}')
    if args.report:
        write_run_report(run, args.report, args.against)
        say(f'report: {args.report / "index.html"}')
    return {'frames': len(run.moments), 'result': str(args.out), 'table': str(table),
            **run_figures(run)}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Collected:
    """What comes out of a replay, for the table and the report."""

    def __init__(self, bag: Bag, args: argparse.Namespace) -> None:
        self.truth = read_labels(args.labels) if args.labels else Truth()
        self.run = Run(bag.path.name, Path(args.model).name)
        self._pictured = args.report is not None

    def tell(self, sent: Sent) -> None:
        """A message on truth/label or truth/mask; they come before their frame's images."""
        message: Any = sent.message
        if sent.role == 'label':
            self.truth.add_label(message.data)
            return
        try:
            self.truth.add_mask(nanoseconds(message.header.stamp),
                                image_view(message, np.uint8, 1))
        except MessageError as error:
            raise DcmdError(f'{sent.topic}: {error}') from error

    def take(self, result: Result) -> None:
        judged = result.inspection
        number = len(self.run.moments)
        moment = Moment(
            judged.stamp, judged.verdict, judged.score, judged.mode, result.degraded,
            sum(judged.timings.values()),
            {modality: sensor.confidence for modality, sensor in result.sensors.items()},
            {modality: sensor.state for modality, sensor in result.sensors.items()},
            self.truth.label_at(judged.stamp, number))
        self.run.add(moment, result.frame if self._pictured else None, judged.map,
                     self.truth.mask_at(judged.stamp, number))
