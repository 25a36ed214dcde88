"""Camera and inspector as two processes over DDS: a sensor is unplugged, inspection goes on."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dcmd_ros.commands.child import process
from dcmd_ros.commands.demo_summary import (
    LEAST_AUROC,
    LONGEST_RECOVERY_S,
    MOST_FALSE_ALARMS,
    Summary,
    join,
    recovery,
    summarise,
    table,
)
from dcmd_ros.errors import DcmdError, Unmet
from dcmd_ros.nodes.observer import Observer, Result, values
from dcmd_ros.nodes.remote import set_parameter
from dcmd_ros.nodes.session import ros_session
from dcmd_ros.share import share_directory

MODEL = share_directory() / 'models' / 'dcmd_turned_best.pth'
START_LIMIT = 120.0
STATUSES = 4
LIMITS = (f'ok: image AUROC >= {LEAST_AUROC} in each mode, over good parts and the defects that '
          f'it can see; false alarms <= {MOST_FALSE_ALARMS}; both sensors back <= '
          f'{LONGEST_RECOVERY_S} s after one is plugged in again; no frame unaccounted for')
SENSOR_DROPS = ('lost', 'out_of_order', 'stray', 'late', 'duplicate', 'skipped_rate',
                'unsynchronised', 'overflow')
DROPS = {'rgb': SENSOR_DROPS, 'depth': SENSOR_DROPS,
         'inference': ('overwritten', 'failed', 'unreadable')}
CAMERA = ('--defect-rate', '0.4', '--frames-per-part', '1', '--pool', '120')
TRAINING_SEEDS = (0,)


@dataclass(frozen=True)
class Phase:
    """A stretch of the demo: what is broken, for how long, and what to tell the viewer."""

    fault: str
    seconds: float
    text: str
    returns: bool = False


PHASES = (
    Phase('', 10, 'both sensors'),
    Phase('drop depth', 8, 'depth unplugged'),
    Phase('', 5, 'depth back', returns=True),
    Phase('drop rgb', 7, 'colour unplugged'),
    Phase('', 5, 'colour back', returns=True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(json=True)
    parser.add_argument('--seed', type=int, default=7, help='of the simulated parts (default 7)')
    parser.add_argument('--fps', type=float, default=10.0, help='frames a second (default 10)')
    parser.add_argument('--model', type=Path, default=MODEL, help='checkpoint of the demo part')


def run(args: argparse.Namespace) -> dict[str, object]:
    check(args)
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(30 + os.getpid() % 60))
    with ros_session(args.ros_args) as context:
        printer = Printer()
        observer = Observer(context, on_result=printer)
        printer.labels = observer.labels
        try:
            summary = show(observer, args)
        finally:
            observer.close()
    print(table(summary), flush=True)
    print(LIMITS, flush=True)
    if not summary.ok:
        raise Unmet('the demo fell short of its limits; see the figures', summary.figures())
    return summary.figures()


def check(args: argparse.Namespace) -> None:
    if args.seed in TRAINING_SEEDS:
        raise DcmdError(f'seed {args.seed} made the training parts of the demo model; '
                        'choose another one')
    if not args.model.is_file():
        raise DcmdError(f'no model at {args.model}; models/README.md says how it is made')


def show(observer: Observer, args: argparse.Namespace) -> Summary:
    """Run the phases and judge what was seen."""
    with process('inspect', '--model', str(args.model)), \
            process('camera', '--seed', str(args.seed), '--fps', str(args.fps), *CAMERA):
        print('starting the simulated camera and the inspector ...', flush=True)
        wait_for_start(observer)
        begins = [play(observer, phase) for phase in PHASES]
        last = drain(observer)
    returns = [begin for phase, begin in zip(PHASES, begins, strict=True) if phase.returns]
    recoveries = [recovery(observer.results, begin) for begin in returns]
    seen = join(observer.results, observer.labels)
    return summarise(seen, recoveries, unaccounted(observer, last))


def play(observer: Observer, phase: Phase) -> float:
    """One phase; returns the steady time at which it began."""
    print(f'-- {phase.text}', flush=True)
    set_parameter(observer, 'camera', 'fault', phase.fault)
    begin = time.monotonic()
    observer.spin_until(lambda: time.monotonic() > begin + phase.seconds, phase.seconds + 1)
    return begin


def unaccounted(observer: Observer, last: str) -> int:
    """
    Frames from the first result's to the last that was drained, less results and counted drops.

    The camera goes on while the inspector tells its counts; later frames are no concern.
    """
    first = observer.results[0].stamp
    had = {result.stamp for result in observer.results}
    missing = sum(first <= stamp <= last and stamp not in had for stamp in observer.labels)
    return max(0, missing - drops(observer))


def drops(observer: Observer) -> int:
    """
    Frames that gave no result, at most, by the inspector's newest diagnostics.

    A frame is missing when inference left it out, or when each of its messages was dropped: both
    sensors', or the one's that was not unplugged.
    """
    counts = {name.rpartition(': ')[2]: values(status)
              for name, status in observer.diagnostics.items()}
    by_part = {part: sum(int(counts.get(part, {}).get(cause, 0)) for cause in causes)
               for part, causes in DROPS.items()}
    return sum(by_part.values())


def drain(observer: Observer) -> str:
    """Give the last frames the time to come out and be counted; the stamp of the last one."""
    last = max(observer.labels)
    observer.spin_until(lambda: observer.results and observer.results[-1].stamp >= last, 5.0)
    observer.diagnostics.clear()
    observer.spin_until(lambda: len(observer.diagnostics) >= STATUSES, 15.0)
    return last


def wait_for_start(observer: Observer) -> None:
    if not observer.spin_until(lambda: observer.results and observer.labels, START_LIMIT):
        causes = [f'{s.name}: {s.message}' for s in observer.diagnostics.values() if s.level]
        raise DcmdError(f'no result within {START_LIMIT:.0f} s; '
                        + ('; '.join(causes) or 'the processes above say why'))


class Printer:
    """One line for each result, with the truth about its part."""

    def __init__(self) -> None:
        self.labels: Mapping[str, Mapping[str, object]] = {}

    def __call__(self, result: Result) -> None:
        truth = self.labels.get(result.stamp, {}).get('label', '?')
        trust = ' '.join(f'{name} {"-" if math.isnan(value) else format(value, ".2f"):>4}'
                         for name, value in result.confidence.items())
        print(f'{result.stamp}  {result.mode:<10}  {result.verdict:<9}  score {result.score:.3f}'
              f'  confidence {trust}  {result.latency_ms:5.0f} ms  part: {truth}', flush=True)
