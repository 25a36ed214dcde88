"""A live graph to measure: the inspector as a process, an observer and a camera beside it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from dcmd_ros.cli import finite
from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.nodes.observer import Observer, values
from dcmd_ros.nodes.remote import call
from dcmd_ros.nodes.session import ros_session
from dcmd_ros.nodes.source import IMAGE_HISTORY
from dcmd_ros.nodes.source_messages import camera_info, header, picture
from dcmd_ros.sensing.faults import Emission
from dcmd_ros.simulation import simulate
from dcmd_ros.stream.stamps import seconds

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / 'models' / 'dcmd_turned_best.pth'
TRANSPORT = 'FASTRTPS_DEFAULT_PROFILES_FILE'  # of the camera only; config/fastdds.xml says why
INSPECTOR = 'dcmd_inspector'
LIMIT = 120.0  # seconds that the inspector may take to start on a busy machine
LAST_LINES = 15
POOL, SEED = 12, 11  # of the rendered parts; no two frames in a row are alike
SENSOR_DROPS = ('lost', 'zero_stamp', 'duplicate', 'out_of_order', 'stray', 'late',
                'skipped_rate', 'unsynchronised', 'disabled', 'reset', 'callback')
DROPS = {'rgb': SENSOR_DROPS, 'depth': SENSOR_DROPS,
         'inference': ('overwritten', 'failed', 'unreadable', 'no_model', 'inactive')}


class Child:
    """A verb of ours as a process; what it writes is kept for the case that it fails."""

    def __init__(self, verb: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self.verb = verb
        self._log = tempfile.TemporaryFile('w+')  # noqa: SIM115 closed by `end`
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'dcmd_ros', verb, *arguments], text=True, env=environment,
            stdout=subprocess.PIPE if '--json' in arguments else self._log, stderr=self._log)

    def check(self) -> None:
        """Raises DcmdError with its last lines where it ended."""
        if self.process.poll() is not None:
            raise self._failure()

    def _failure(self) -> DcmdError:
        self._log.seek(0)
        last = self._log.read().splitlines()[-LAST_LINES:]
        return DcmdError('\n'.join([f'`{self.verb}` ended: {self.process.returncode}', *last]))

    def figures(self) -> dict[str, Any]:
        """What it printed as the last line, after it ended."""
        output, _ = self.process.communicate()
        if self.process.returncode:
            raise self._failure()
        return json.loads(output.splitlines()[-1])

    def end(self) -> None:
        """Interrupt it, kill it if it does not listen."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self._log.close()


@contextmanager
def child(verb: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[Child]:
    running = Child(verb, *arguments, environment=environment)
    try:
        yield running
    finally:
        running.end()


class Graph:
    """The inspector's process, the observer that watches it, and other processes' environment."""

    def __init__(
            self, observer: Observer, environment: Mapping[str, str], inspector: Child) -> None:
        self.observer = observer
        self.environment = environment
        self.inspector = inspector

    def wait(self, done: Callable[[], object], what: str, limit: float = LIMIT) -> None:
        """Spin until `done()`; DcmdError that says `what` did not happen, and the diagnostics."""
        def look() -> object:
            self.inspector.check()
            return done()
        if not self.observer.spin_until(look, limit):
            said = [f'{s.name}: {s.message}' for s in self.observer.diagnostics.values()]
            raise DcmdError('\n'.join([f'{what}: not within {limit:g} s', *said]))

    def is_active(self) -> bool:
        """Whether it inspects and is heard; DcmdError where its model does not load."""
        status = self.observer.diagnostics.get(f'{INSPECTOR}: inference', DiagnosticStatus())
        if status.level == DiagnosticStatus.ERROR:
            raise DcmdError(f'the inspector does not start: {status.message}')
        return values(status).get('lifecycle') == 'active' and self.observer.hears

    def keys(self, part: str) -> dict[str, str]:
        """Of the newest diagnostics of a part: rgb, depth, pairing or inference."""
        return values(self.observer.diagnostics.get(f'{INSPECTOR}: {part}', DiagnosticStatus()))

    def count(self, part: str, *names: str) -> int:
        """The sum of some of its counters."""
        keys = self.keys(part)
        return sum(int(keys.get(name, 0)) for name in names)

    def reset(self) -> None:
        """Pairing, counters and what was observed start anew."""
        answer = call(self.observer, Trigger, f'{INSPECTOR}/reset', Trigger.Request(), LIMIT)
        if not answer.success:
            raise DcmdError(f'~/reset failed: {answer.message}')
        self.observer.results.clear()
        self.observer.diagnostics.clear()

    def uncounted(self, sent: int) -> int:
        """
        What is neither in a result nor a drop by cause: images that came into no frame, and
        frames without a result. `sent` images since the last reset.
        """
        frames = self.count('pairing', 'pairs', 'rgb_alone', 'depth_alone')
        used = frames + self.count('pairing', 'pairs')
        dropped = {part: self.count(part, *causes) for part, causes in DROPS.items()}
        judged = len(self.observer.results) + dropped['inference']
        return abs(sent - used - dropped['rgb'] - dropped['depth']) + abs(frames - judged)

    def tell_drops(self) -> str:
        """All that was dropped, by part and cause."""
        found = [f'{part} {cause} {count}' for part, causes in DROPS.items()
                 for cause in causes if (count := self.count(part, cause))]
        return 'dropped: ' + (', '.join(found) or 'nothing')

    def settle(self, sent: int, limit: float = 15.0) -> int:
        """Wait until all is counted; what never was."""
        self.observer.spin_until(lambda: self.uncounted(sent) == 0, limit)
        self.refresh()
        return self.uncounted(sent)

    def refresh(self) -> None:
        """Wait for the next diagnostics."""
        self.observer.diagnostics.clear()
        self.wait(lambda: self.keys('inference'), 'no diagnostics')


@contextmanager
def graph(model: Path, *ros_args: str) -> Iterator[Graph]:
    """
    An inspector of `model` and an observer, in a ROS domain of their own unless one is set.

    :param ros_args: such as '-p', 'input_reliability:=reliable'
    """
    if not model.is_file():
        raise DcmdError(f'no model at {model}; models/README.md says how it is made')
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    environment = dict(os.environ)
    os.environ.setdefault(TRANSPORT, str(ROOT / 'config' / 'fastdds.xml'))
    with ExitStack() as stack:
        context = stack.enter_context(ros_session([]))
        observer = Observer(context)
        stack.callback(observer.close)
        yield Graph(observer, environment, stack.enter_context(child(
            'inspect', '--model', str(model), '--ros-args', *ros_args, environment=environment)))


@dataclass(frozen=True)
class Sent:
    """One moment of the camera: as results write its stamp, and steady seconds before sending."""

    stamp: str
    time: float


class Camera:
    """Simulated parts, rendered before, published as an RGB-D camera's driver would."""

    def __init__(self, graph: Graph, size: tuple[int, int] = (640, 480)) -> None:
        self.graph = graph
        self.sent = 0  # images
        self._number = 0
        self._last = ''
        self._due = 0.0
        parts = [simulate(SEED, index=index, size=size) for index in range(POOL)]
        create = graph.observer.node.create_publisher
        self._images = {s: create(Image, f'{s}/image', IMAGE_HISTORY) for s in MODALITIES}
        self._infos = {s: create(CameraInfo, f'{s}/camera_info', IMAGE_HISTORY)
                       for s in MODALITIES}
        self._pictures = {s: [picture(s, Emission(getattr(part, s), 0), '32FC1')
                              for part in parts] for s in MODALITIES}
        self._info = camera_info(Emission(parts[0].rgb, 0), parts[0].intrinsics)

    def start(self) -> None:
        """Wait until the inspector is ready and gives results of both sensors."""
        publishers = [*self._images.values(), *self._infos.values()]
        self.graph.wait(lambda: self.graph.is_active() and all(
            p.get_subscription_count() for p in publishers), 'the inspector is not ready')
        self.warm_up(5.0)

    def warm_up(self, fps: float, results: int = 5) -> None:
        """Send until so many results of both sensors came since the last reset."""
        end = time.monotonic() + LIMIT
        while [r.mode for r in self.graph.observer.results].count('both') < results:
            self.stream(fps, 1)
            if time.monotonic() > end:
                self.graph.wait(lambda: False, 'no results of both sensors', limit=0.0)

    def stream(
            self, fps: float, frames: int,
            sensors: Sequence[Modality] = MODALITIES) -> list[Sent]:
        """Send so many frames, observe in between; goes on where the last call stopped."""
        sent = []
        for _ in range(frames):
            self._observe_until_due()
            self.graph.inspector.check()
            sent.append(self._send(sensors))
            late = sent[-1].time - self._due
            self._due = (self._due if late < 1 / fps else sent[-1].time) + 1 / fps
        self._observe_until_due()
        return sent

    def drain(self) -> None:
        """Give the last frame, which nothing can overwrite, the time to come out."""
        results = self.graph.observer.results
        self.graph.observer.spin_until(lambda: results and results[-1].stamp >= self._last, 5.0)

    def _observe_until_due(self) -> None:
        self.graph.observer.spin_until(
            lambda: False, max(self._due - time.monotonic(), 0.001))

    def _send(self, sensors: Sequence[Modality]) -> Sent:
        stamp, moment = time.time_ns(), time.monotonic()
        for sensor in sensors:
            message = self._pictures[sensor][self._number % POOL]
            self._info.header = message.header = header(stamp)
            self._infos[sensor].publish(self._info)
            self._images[sensor].publish(message)
        self._number += 1
        self.sent += len(sensors)
        self._last = seconds(stamp)
        return Sent(self._last, moment)


def parser(about: str | None, quick: str, fps: float) -> argparse.ArgumentParser:
    """
    With the model, what runs it, and the camera's rate.

    :param quick: what that option does
    """
    found = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument('--quick', action='store_true', help=quick)
    found.add_argument('--model', type=Path, default=MODEL)
    found.add_argument('--engine', default='auto', help='as the parameter of the node (auto)')
    found.add_argument('--threads', type=int, default=0, help='likewise (0)')
    found.add_argument('--fps', type=float, default=fps, help=f'of the camera ({fps:g})')
    return found


def finish(figures: dict[str, object], misses: Sequence[str]) -> NoReturn:
    """Print the figures as the last line; exit 1 where a limit was missed."""
    for miss in misses:
        print(f'missed: {miss}', file=sys.stderr)
    print(json.dumps(finite(figures)), flush=True)
    sys.exit(bool(misses))


def run(program: Callable[[], None]) -> None:
    """Run a benchmark's main; errors become lines on stderr and exit 1."""
    try:
        program()
    except DcmdError as error:
        sys.exit(f'{Path(sys.argv[0]).name}: {error}')
    except KeyboardInterrupt:
        sys.exit(130)
