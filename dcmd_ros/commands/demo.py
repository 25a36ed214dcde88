"""Camera and inspector as processes over DDS: parts go by, sensors fail and come back."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dcmd_ros.commands.child import process
from dcmd_ros.commands.demo_parts import PartsSeen
from dcmd_ros.commands.demo_report import write_report
from dcmd_ros.commands.demo_script import TRAINING_SEEDS, Act, Phase, Played, script, shown
from dcmd_ros.commands.demo_summary import (
    LEAST_AUROC,
    LONGEST_RECOVERY_S,
    MOST_FALSE_ALARMS,
    Summary,
    recovery,
    summarise,
    table,
    told_apart,
)
from dcmd_ros.commands.number_types import positive, whole
from dcmd_ros.errors import DcmdError, Unmet
from dcmd_ros.evaluation import output
from dcmd_ros.nodes.album import Album
from dcmd_ros.nodes.observer import Observer, values
from dcmd_ros.nodes.remote import set_parameter, trigger
from dcmd_ros.nodes.session import large_images, ros_session

INSPECTOR = 'dcmd_inspector'
START_LIMIT, RELOAD_LIMIT = 240.0, 60.0
STATUSES = 4
LIMITS = (f'ok: image AUROC >= {LEAST_AUROC} in each mode, over good parts and the defects that '
          f'it can see; false alarms <= {MOST_FALSE_ALARMS}; both sensors back <= '
          f'{LONGEST_RECOVERY_S} s after one is plugged in again; no frame unaccounted for')
SENSOR_DROPS = ('lost', 'out_of_order', 'stray', 'late', 'duplicate', 'skipped_rate',
                'unsynchronised', 'overflow')
DROPS = {'rgb': SENSOR_DROPS, 'depth': SENSOR_DROPS,
         'inference': ('overwritten', 'failed', 'unreadable')}
FRAMES, EMPTY = 3, 2  # that a part stays, and that its place is empty then
DEFECTIVE = 0.5
STOPPED = 'drop both'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(json=True)
    parser.add_argument('--seed', type=whole, default=7, help='of the simulated parts (default 7)')
    parser.add_argument('--fps', type=positive, default=8.0, help='frames a second (default 8)')
    parser.add_argument('--model', type=Path,
                        help='checkpoint of the turned part, which is shown alone then')
    parser.add_argument('--models', type=Path, metavar='DIR',
                        help='show each kind of part that has a dcmd_KIND_best.pth there (default '
                        'models)')
    parser.add_argument('--out', type=Path, default=Path('out/demo'), metavar='DIR',
                        help='index.html, strip.png and run.mcap go there (default out/demo)')
    parser.add_argument('--no-bag', action='store_true', help='record nothing')


def run(args: argparse.Namespace) -> dict[str, object]:
    if args.seed in TRAINING_SEEDS:
        raise DcmdError(f'seed {args.seed} made the training parts of the demo models; '
                        'choose another one')
    acts = script(args.model, args.models)
    output.folder(args.out, '--out')
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(30 + os.getpid() % 60))
    large_images()
    with ros_session(args.ros_args) as context:
        parts = PartsSeen()
        observer = Observer(context, INSPECTOR, parts, parts.judged)
        parts.labels = observer.labels
        try:
            show = Show(observer, Album(observer.node, INSPECTOR), parts)
            summary = show.run(acts, args)
        finally:
            observer.close()
    print(table(summary), flush=True)
    print(LIMITS, flush=True)
    told = {'seed': str(args.seed), 'parts': ', '.join(shown(acts)), 'frames a second':
            f'{args.fps:g}'}
    print(f'report: {write_report(args.out, summary, show.played, show.album, told)}', flush=True)
    if not summary.ok:
        raise Unmet('the demo fell short of its limits; see the figures', summary.figures())
    return summary.figures()


class Show:
    """
    One run of the demo.

    played  each phase with its kind and its begin in steady seconds
    """

    def __init__(self, observer: Observer, album: Album, parts: PartsSeen) -> None:
        self.observer = observer
        self.album = album
        self.parts = parts
        self.played: list[Played] = []

    def run(self, acts: Sequence[Act], args: argparse.Namespace) -> Summary:
        """The acts one after the other, and what was seen."""
        with started(acts, args):
            print('starting the simulated camera and the inspector ...', flush=True)
            self._wait_for_start()
            for before, act in zip((None, *acts), acts, strict=False):
                if before and before.kind != act.kind:
                    self._change_over(act)
                for phase in act.phases:
                    self._play(act, phase)
            last = self._drain()
            self.parts.tell()
        observer, played = self.observer, self.played
        recoveries = {f'{p.kind}: {p.phase.text}': recovery(observer.results, p.begin)
                      for p in played if p.phase.returns}
        return summarise(told_apart(self.parts.parts, played), recoveries,
                         self._unaccounted(last), self.parts.empty)

    def _play(self, act: Act, phase: Phase) -> None:
        print(f'-- {act.kind}: {phase.text}', flush=True)
        since = time.time()
        set_parameter(self.observer, 'camera', 'fault', phase.fault)
        begin = time.monotonic()
        for before in self.played[-1:]:
            before.until = time.time()
        self.played.append(Played(act.kind, phase, begin, since))
        self._spin(begin + phase.seconds)

    def _change_over(self, act: Act) -> None:
        """The line stops, the inspector takes another model, the line goes on with its parts."""
        begin = time.monotonic()
        set_parameter(self.observer, 'camera', 'fault', STOPPED)
        set_parameter(self.observer, 'camera', 'kind', act.kind)
        set_parameter(self.observer, INSPECTOR, 'model', str(act.model))
        trigger(self.observer, f'{INSPECTOR}/reload', RELOAD_LIMIT)
        print(f'-- changeover to {act.kind}: {time.monotonic() - begin:.1f} s', flush=True)

    def _spin(self, end: float) -> None:
        self.observer.spin_until(lambda: time.monotonic() > end, end - time.monotonic() + 1)

    def _wait_for_start(self) -> None:
        observer = self.observer
        if not observer.spin_until(lambda: observer.results and observer.labels, START_LIMIT):
            causes = [f'{s.name}: {s.message}' for s in observer.diagnostics.values() if s.level]
            raise DcmdError(f'no result within {START_LIMIT:.0f} s; '
                            + ('; '.join(causes) or 'the processes above say why'))

    def _drain(self) -> str:
        """Give the last frames the time to come out and be counted; the stamp of the last."""
        observer, last = self.observer, max(self.album.sent)
        observer.spin_until(lambda: observer.results and observer.results[-1].stamp >= last, 5.0)
        observer.diagnostics.clear()
        observer.spin_until(lambda: len(observer.diagnostics) >= STATUSES, 15.0)
        return last

    def _unaccounted(self, last: str) -> int:
        """
        Frames from the first result's to the last that was drained, less results and drops.

        The camera goes on while the inspector tells its counts; later frames are no concern.
        """
        results = self.observer.results
        first, had = results[0].stamp, {result.stamp for result in results}
        missing = sum(first <= stamp <= last and stamp not in had for stamp in self.album.sent)
        return max(0, missing - drops(self.observer))


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


@contextmanager
def started(acts: Sequence[Act], args: argparse.Namespace) -> Iterator[None]:
    """The inspector, the camera, and the recorder unless it is not wanted."""
    kinds = shown(acts)
    longest = max(sum(act.seconds for act in acts if act.kind == kind) for kind in kinds)
    pool = round(longest * args.fps / (FRAMES + EMPTY)) + 1
    camera = ('--seed', args.seed, '--fps', args.fps, '--kind', ','.join(kinds), '--pool', pool,
              '--frames-per-part', FRAMES, '--empty-frames', EMPTY, '--defect-rate', DEFECTIVE)
    bag = args.out / 'run.mcap'
    with process('inspect', '--model', acts[0].model), process('camera', *camera):
        if args.no_bag:
            bag.unlink(missing_ok=True)
            yield
            return
        with process('record', bag, '--overwrite', quiet=True):
            yield
