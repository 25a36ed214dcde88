"""`observe`: a running inspector and the truth beside it, into a run report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from dcmd_ros.commands.number_types import positive
from dcmd_ros.commands.say import say
from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation import output
from dcmd_ros.evaluation.live_run import LiveRun
from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.evaluation.run_file import read_run
from dcmd_ros.evaluation.run_report import write_run_report
from dcmd_ros.frame import MODALITIES
from dcmd_ros.stream import stamps
from dcmd_ros.training.truth import Truth, read_labels

if TYPE_CHECKING:
    from dcmd_ros.nodes.observer import Result
    from dcmd_ros.nodes.run_watch import Seen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='index.html and run.json go there')
    parser.add_argument('--labels', type=Path, metavar='FILE',
                        help='CSV or JSON: which frames are good, by stamp or by number (default: '
                        'what comes on truth/label and truth/mask)')
    parser.add_argument('--inspector', default='dcmd_inspector', metavar='NAME',
                        help='the node to watch (default dcmd_inspector)')
    parser.add_argument('--name', default='live', help='of the run, in the report (default live)')
    parser.add_argument('--against', type=Path, metavar='OTHER.json',
                        help='run.json of another run, for the report: both side by side')
    parser.add_argument('--duration', type=positive, metavar='S',
                        help='seconds from the first result (default: until the player has gone)')
    parser.add_argument('--no-pictures', action='store_true',
                        help='do not ask for maps and overlays, which cost the inspector time: no '
                        'pictures and no pixel metrics then')
    parser.epilog = ('Ends when nobody publishes the camera, the truth or /clock any more, after '
                     '--duration, or at Ctrl-C; the report is written in any case. Where the '
                     'inspector has another name space or topics, give the same after --ros-args: '
                     '-r __ns:=/cell1 -r rgb/camera_info:=/camera/color/camera_info.')


def run(args: argparse.Namespace) -> dict[str, Any]:
    from dcmd_ros.nodes.run_watch import watch
    from dcmd_ros.nodes.session import signals_deferred

    truth = read_labels(args.labels) if args.labels else Truth()
    if args.against:
        read_run(args.against)  # a wrong file is told before the run, not after it
    output.folder(args.out, '--out')
    live = LiveRun(args.name, truth)
    with tqdm(unit='result', desc='observe') as bar:
        def take(result: Result) -> None:
            live.result(moment_of(result), {
                m: stamps.parsed(result.parts[m]) for m in MODALITIES if m in result.parts})
            bar.update()
        seen = watch(args.inspector, live, take, args.duration, not args.no_pictures,
                     args.ros_args)
    with signals_deferred():
        found = finish(live, seen, args)
        figures = write_run_report(found, args.out, args.against)
    return told(found, figures, seen, args)


def moment_of(result: Result) -> Moment:
    return Moment(stamps.parsed(result.stamp), result.verdict, result.score, result.mode,
                  result.degraded, result.latency_ms, result.confidence, result.state)


def finish(live: LiveRun, seen: Seen, args: argparse.Namespace) -> Run:
    """The run with all that is to be said about it."""
    found = live.finish()
    found.model = Path(seen.model).name
    if seen.lost:
        causes = ', '.join(f'{cause} {count}' for cause, count in seen.lost.items())
        found.notes.append(f'the inspector itself counted as lost: {causes}')
    found.notes += [f'{count} messages on {topic} could not be read'
                    for topic, count in seen.unreadable.items()]
    if args.labels and found.moments and all(one.label is None for one in found.moments):
        found.notes.append(f'{args.labels.name} has no label for any result: its stamps are not '
                           "the stream's (a bag keeps them with play --clock)")
    return found


def told(found: Run, figures: dict[str, Any], seen: Seen, args: argparse.Namespace
         ) -> dict[str, Any]:
    """
    Print the summary and return the figures.

    :raises DcmdError: there was no result
    """
    for note in figures['notes']:
        say(f'note: {note}')
    say(f'report: {args.out / "index.html"}')
    if not found.moments:
        raise DcmdError(f'no result came on {seen.topic}'
                        + (f': {seen.cause}' if seen.cause else '; is the inspector running?'))
    alarms = sum(moment.alarm for moment in found.moments)
    i_auroc = figures['metrics']['i_auroc']
    known = '' if i_auroc is None else f', I-AUROC {i_auroc:.4f}'
    say(f'{len(found.moments)} results, {alarms} alarms{known}, {len(found.missing)} frames '
        f'without a result, {sum(seen.lost.values())} losses counted by the inspector')
    return {'results': len(found.moments), 'alarms': alarms, 'i_auroc': i_auroc,
            'missing': len(found.missing), 'drops': found.drops, 'lost': seen.lost,
            'latency_ms': figures['latency_ms'], 'ended': seen.ended}
