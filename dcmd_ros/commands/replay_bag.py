"""One bag of `replay`: inspected, written anew, tabulated and reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import Choice, choose
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.commands.say import say
from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation import output
from dcmd_ros.evaluation.moment_table import csv_text
from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.evaluation.run_figures import run_figures
from dcmd_ros.evaluation.run_file import read_run
from dcmd_ros.evaluation.run_report import write_run_report
from dcmd_ros.sensing.codec import MessageError
from dcmd_ros.training.truth import Truth, read_labels

if TYPE_CHECKING:
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
            say(text)


def replay_bag(job: Job) -> dict[str, Any]:
    """
    Inspect every frame of a bag; its figures. What was done before an interruption is kept.

    :raises DcmdError: the bag, the model or the output cannot be used
    """
    from dcmd_ros.nodes.replayer import Replayer

    check(job)
    with Bag(job.bag, job.distro) as bag:
        choice = choose(bag.topics, job.rgb, job.depth)
        job.say(f'rgb: {choice.rgb or "none"}, depth: {choice.depth or "none"}')
        collected = Collected(job, bag, choice)
        replayer = Replayer(bag, choice, job.options, collected.take)
        replayer.load()
        with BagWriter(job.out, overwrite=job.overwrite) as writer:
            try:
                inspect(replayer, writer, bag, job)
            except KeyboardInterrupt:
                job.say(f'interrupted: the {len(collected.run.moments)} frames inspected until '
                        f'now are in {job.out} and {job.table}')
                raise
            finally:
                run = collected.finish(replayer, bag)
                output.write(job.table, csv_text(run.moments))
    if not run.moments:
        raise DcmdError(f'{job.bag}: no frame could be inspected: '
                        f'{"; ".join([*run.notes, *map(str, run.drops.items())])}')
    return told(job, run)


def check(job: Job) -> None:
    """:raises DcmdError: what is asked for cannot be written, before any work is done"""
    if job.out.resolve() == job.bag.resolve():
        raise DcmdError(f'--out {job.out.name} is the bag itself: name another file')
    for path in (job.out, job.table):
        if path.exists() and not job.overwrite:
            raise DcmdError(f'{path} is there already: name another --out, or give --overwrite')
    if job.against:
        read_run(job.against)
    if job.report:
        output.folder(job.report, '--report')


def told(job: Job, run: Run) -> dict[str, Any]:
    """Say what came out, write the report; the figures."""
    figures = run_figures(run)
    for note in figures['notes']:
        job.say(f'note: {note}')
    metrics = figures['metrics']
    job.say(f'{len(run.moments)} frames inspected, {metrics["alarm_rate"]:.1%} alarmed; I-AUROC '
            f'{metrics["i_auroc"]:.3f}; wrote {job.out} and {job.table}')
    if job.report:
        more = {'fault': job.options.fault} if job.options.fault else {}
        write_run_report(run, job.report, job.against, more, figures)
        job.say(f'report: {job.report / "index.html"}')
    return {'frames': len(run.moments), 'result': str(job.out), 'table': str(job.table), **figures}


def inspect(replayer: Replayer, writer: BagWriter, bag: Bag, job: Job) -> None:
    total = sum(topic.count for topic in bag.topics)
    replayer.run(writer, lambda messages: tqdm(messages, total=total, unit='message',
                                               desc=bag.path.name, disable=job.quiet))


class Collected:
    """What comes out of a replay, for the table and the report."""

    def __init__(self, job: Job, bag: Bag, choice: Choice) -> None:
        self.truth = read_labels(job.labels) if job.labels else Truth()
        self.run = Run(job.bag.name, Path(job.options.settings.model).name)
        self._pictured = job.report is not None
        self._learn(bag, choice)

    def _learn(self, bag: Bag, choice: Choice) -> None:
        """The whole truth in the bag beforehand: a mask may be recorded after its frame."""
        for record in bag.records([t for t in (choice.label, choice.mask) if t]):
            if record.topic == choice.label:
                self.truth.add_label(record.message.data)
                continue
            try:
                self.truth.add_mask_message(record.message)
            except MessageError as error:
                raise DcmdError(f'{record.topic}: {error}') from error

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
