"""One bag of `replay`: inspected, written anew, tabulated and reported."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import choose
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation import output
from dcmd_ros.evaluation.moment_table import csv_text
from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.evaluation.run_figures import run_figures
from dcmd_ros.evaluation.run_report import write_run_report
from dcmd_ros.framing.shot import nanoseconds
from dcmd_ros.sensing.codec import MessageError
from dcmd_ros.sensing.message import image_view
from dcmd_ros.training.truth import Truth, read_labels

if TYPE_CHECKING:
    from dcmd_ros.nodes.bag_messages import Sent
    from dcmd_ros.nodes.replayer import Replayer, ReplayOptions
    from dcmd_ros.nodes.result import Result


@dataclass(frozen=True)
class Job:
    """
    One bag and where its results go; picklable.

    labels   file with the truth, None: what the bag has
    report   folder for index.html and run.json, None: no report
    against  run.json of another run, for the report
    quiet    no bar and no lines of its own
    """

    bag: Path
    out: Path
    options: ReplayOptions
    rgb: str | None = None
    depth: str | None = None
    distro: str | None = None
    labels: Path | None = None
    report: Path | None = None
    against: Path | None = None
    overwrite: bool = False
    quiet: bool = False

    @property
    def table(self) -> Path:
        """A row a frame."""
        return self.out.with_suffix('.csv')

    def say(self, text: str) -> None:
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)


def replay_bag(job: Job) -> dict[str, Any]:
    """
    Inspect every frame of a bag; its figures. What was done before an interruption is kept.

    :raises DcmdError: the bag, the model or the output cannot be used
    """
    from dcmd_ros.nodes.replayer import Replayer

    if not job.overwrite and job.table.exists():
        raise DcmdError(f'{job.table} is there already: name another --out, or give --overwrite')
    with Bag(job.bag, job.distro) as bag:
        choice = choose(bag.topics, job.rgb, job.depth)
        job.say(f'rgb: {choice.rgb or "none"}, depth: {choice.depth or "none"}')
        collected = Collected(job)
        with BagWriter(job.out, overwrite=job.overwrite) as writer:
            replayer = Replayer(bag, choice, job.options, collected.take, collected.tell, writer)
            try:
                inspect(replayer, bag, job)
            finally:
                run = collected.finish(replayer, bag)
                output.write(job.table, csv_text(run.moments))
    if not run.moments:
        raise DcmdError(f'{job.bag}: no frame could be inspected: '
                        f'{"; ".join([*run.notes, *map(str, run.drops.items())])}')
    job.say(f'{len(run.moments)} frames inspected; wrote {job.out} and {job.table}')
    if job.report:
        write_run_report(run, job.report, job.against)
        job.say(f'report: {job.report / "index.html"}')
    return {'frames': len(run.moments), 'result': str(job.out), 'table': str(job.table),
            **run_figures(run)}


def inspect(replayer: Replayer, bag: Bag, job: Job) -> None:
    total = sum(topic.count for topic in bag.topics)
    replayer.run(lambda messages: tqdm(messages, total=total, unit='message', desc=bag.path.name,
                                       disable=job.quiet))


class Collected:
    """What comes out of a replay, for the table and the report."""

    def __init__(self, job: Job) -> None:
        self.truth = read_labels(job.labels) if job.labels else Truth()
        self.run = Run(job.bag.name, Path(job.options.settings.model).name)
        self._pictured = job.report is not None

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

    def finish(self, replayer: Replayer, bag: Bag) -> Run:
        self.run.drops = replayer.drops()
        self.run.notes = [*bag.notes, *replayer.warnings]
        self.run.settle(self.truth)
        return self.run
