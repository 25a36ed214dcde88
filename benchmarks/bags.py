"""
How fast bags are read, and whether a long one takes more memory than a short one.

A bag of 640x480 rgb8 and 16UC1 with camera_info, simulated parts at 30 Hz, is written to an mcap
file and read through again. A frame is one image of each sensor. Each figure includes the ones
before it:

write           serialised messages into chunks, zstd
read            messages as they are in the bag, in order of time
decode          to arrays, as the inspector wants them
pair            through the node's own pairing
rosbags         what the library `rosbags` reads of the same file, for comparison
at_ms           one message again, at a random place
rss_growth_mb   how much more memory a process holds while it reads the bag through than after the
                first tenth of it, in MB; under 20
unpaired        frames that did not pair; none

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import Reader
from tqdm import tqdm

from dcmd_ros.bags.reader import Bag, BagError
from dcmd_ros.bags.shots import Shots
from dcmd_ros.bags.topics import Choice, choose
from dcmd_ros.bags.types import serialize, typestore
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.frame import Modality
from dcmd_ros.framing.shot import Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.sensing.codec import decode_colour, decode_depth, fill_depth, fill_image
from dcmd_ros.simulation import simulate
from dcmd_ros.stream.config import PairingConfig

IMAGE, INFO = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CameraInfo'
SIZE = (640, 480)
PARTS = 12  # of which the images are made, in turn
START, PERIOD = 1_700_000_000_000_000_000, 33_333_333
MOST_GROWTH = 20.0
LOOK_AGAIN = 100
STEPS = 100  # of the memory's measurement
Sample = tuple[str, str, Any]  # topic, type, message


def header(types: dict[str, Any]) -> Any:
    stamp = types['builtin_interfaces/msg/Time'](sec=0, nanosec=0)
    return types['std_msgs/msg/Header'](stamp=stamp, frame_id='camera_color_optical_frame')


def image(types: dict[str, Any]) -> Any:
    return types[IMAGE](header(types), 0, 0, '', 0, 0, np.zeros(0, np.uint8))


def samples() -> list[list[Sample]]:
    """The messages of each part's frame; their stamps are set when they are written."""
    types: dict[str, Any] = dict(typestore().types)
    found = []
    for index in range(PARTS):
        frame = simulate(1, 'turned', index, size=SIZE)
        rgb, depth, k = image(types), image(types), frame.intrinsics
        fill_image(rgb, frame.rgb, 'rgb8')
        fill_depth(depth, frame.depth, '16UC1')
        for each in (rgb, depth):
            each.data = np.frombuffer(each.data, np.uint8)
        matrix = np.array([k.fx, 0, k.cx, 0, k.fy, k.cy, 0, 0, 1], float)
        roi = types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
        info = types[INFO](header(types), SIZE[1], SIZE[0], 'plumb_bob', np.zeros(5), matrix,
                           np.eye(3).ravel(), np.insert(matrix, [3, 6, 9], 0.0), 0, 0, roi)
        found.append([('/rgb/image', IMAGE, rgb), ('/rgb/camera_info', INFO, info),
                      ('/depth/image', IMAGE, depth), ('/depth/camera_info', INFO, info)])
    return found


def write(path: Path, gigabytes: float) -> tuple[int, float]:
    """A bag of that size; its frames, and frames a second."""
    parts, size = samples(), gigabytes * 1e9
    frames, held, spent = 0, 0, 0.0
    with BagWriter(path) as writer, tqdm(total=round(size), unit='B', unit_scale=True,
                                         desc='writing', disable=None) as bar:
        while held < size:
            stamp = START + frames * PERIOD
            rows = [(topic, kind, stamped(message, kind, stamp))
                    for topic, kind, message in parts[frames % PARTS]]
            began = time.perf_counter()
            for topic, kind, data in rows:
                writer.write(topic, kind, data, stamp)
            spent += time.perf_counter() - began
            frames += 1
            bar.update(path.stat().st_size - held)
            held = path.stat().st_size
    return frames, frames / spent


def stamped(message: Any, kind: str, stamp: int) -> bytes:
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
    return serialize(message, kind)


def decoded(bag: Bag, choice: Choice) -> Iterator[tuple[Modality, Any, int]]:
    """Sensor, message and time of arrival, the image decoded and left."""
    for record in bag.records(choice.names()):
        if record.topic == choice.rgb:
            decode_colour(record.message)
            yield 'rgb', record.message, record.received
        elif record.topic == choice.depth:
            decode_depth(record.message)
            yield 'depth', record.message, record.received


def paired(bag: Bag, choice: Choice, pairs: Counter[bool]) -> Iterator[None]:
    """Counts in `pairs` the shots with both sensors and those without."""
    shots = Shots(PairingConfig(), Tally())
    for sensor, message, received in decoded(bag, choice):
        pairs.update(map(is_pair, shots.take(sensor, message, received)))
        yield
    pairs.update(map(is_pair, shots.finish()))


def is_pair(shot: Shot) -> bool:
    return shot.rgb is not None and shot.depth is not None


def rate(frames: int, items: Iterable[object]) -> float:
    """Frames a second of going through it all."""
    began = time.perf_counter()
    deque(items, maxlen=0)
    return round(frames / (time.perf_counter() - began), 1)


def by_rosbags(path: Path) -> Iterator[object]:
    with Reader(path) as reader:
        yield from reader.messages()


def look_again(bag: Bag, choice: Choice, frames: int) -> float:
    """Milliseconds for one message at a random place."""
    rng = random.Random(5)
    began = time.perf_counter()
    for _ in range(LOOK_AGAIN):
        bag.at(choice.rgb or '', START + rng.randrange(frames) * PERIOD)
    return round((time.perf_counter() - began) / LOOK_AGAIN * 1e3, 2)


def resident() -> float:
    """Memory of this process in MB."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith('VmRSS:'))) * 1024 / 1e6


def growth(path: Path, frames: int) -> float:
    """In a process that did nothing else: the most memory, less that after a tenth of the bag."""
    held = []
    with Bag(path) as bag:
        for count, _ in enumerate(decoded(bag, choose(bag.topics))):
            if count % max(2 * frames // STEPS, 1) == 0:
                held.append(resident())
    return round(max(held) - held[len(held) // 10], 2)


def measure(path: Path, gigabytes: float) -> dict[str, Any]:
    frames, written = write(path, gigabytes)
    with Bag(path) as bag:
        choice = choose(bag.topics)
        pairs: Counter[bool] = Counter()
        figures = {
            'frames': frames, 'gigabytes': round(path.stat().st_size / 1e9, 3),
            'write': round(written, 1), 'rosbags': rate(frames, by_rosbags(path)),
            'read': rate(frames, bag.raw(choice.names())),
            'decode': rate(frames, decoded(bag, choice)),
            'pair': rate(frames, paired(bag, choice, pairs)),
            'at_ms': look_again(bag, choice, frames)}
        if bag.notes:
            raise BagError(f'the bag has lost something: {"; ".join(bag.notes)}')
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return {**figures, 'rss_growth_mb': pool.apply(growth, (path, frames)),
                'unpaired': frames - pairs[True]}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='a bag of 0.3 GB')
    parser.add_argument('--gigabytes', type=float, help='size of the bag (2)')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder, 'line.mcap'),
                          args.gigabytes or (0.3 if args.quick else 2.0))
    missed = [text for text, holds in (
        (f'{figures["rss_growth_mb"]} MB of growth', figures['rss_growth_mb'] >= MOST_GROWTH),
        (f'{figures["unpaired"]} unpaired', figures['unpaired'])) if holds]
    if missed:
        print(f'missed: {", ".join(missed)}', file=sys.stderr)
    print(json.dumps(figures))
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
