"""Writing a bag: what other readers make of it, and what a kill or a full disk leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bag_rig import LABEL, RGB, START, STRING, Message, frames, got, put, write_mcap
from mcap.reader import make_reader
from rosbags.rosbag2 import Reader

from dcmd_ros.bags.reader import Bag, BagError
from dcmd_ros.bags.types import serialize, typestore
from dcmd_ros.bags.writer import CHUNK, CHUNK_TIME, BagWriter

FRAMES = frames(8)
LARGE = frames(12, (640, 480))
KILLED = f"""
import os, signal, sys
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from bag_rig import frames
from dcmd_ros.bags.writer import BagWriter
writer = BagWriter(sys.argv[1])
for each in frames(12, (640, 480)):
    writer.write(each.topic, each.type, each.data, each.received)
os.kill(os.getpid(), signal.SIGKILL)
"""
FULL = f"""
import resource, signal, sys
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from bag_rig import frames
from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.writer import BagWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    with BagWriter(sys.argv[1]) as writer:
        for each in frames(12, (640, 480)):
            writer.write(each.topic, each.type, each.data, each.received)
except BagError as error:
    sys.exit(str(error))
"""


def fill(writer: BagWriter, messages: list[Message]) -> None:
    for each in messages:
        writer.write(each.topic, each.type, each.data, each.received)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'out' / 'result.mcap'


def test_what_is_written_is_read(path: Path) -> None:
    with BagWriter(path) as writer:
        fill(writer, FRAMES)
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.notes == []
        assert next(bag.records([RGB])).message.height == 12


def test_rosbags_reads_it(path: Path) -> None:
    with BagWriter(path) as writer:
        fill(writer, FRAMES)
    with Reader(path) as reader:
        assert [(c.topic, t, bytes(data)) for c, t, data in reader.messages()] == put(FRAMES)
        assert {c.topic: c.msgcount for c in reader.connections}[RGB] == 8
        assert all(c.msgdef.data and not c.ext.offered_qos_profiles for c in reader.connections)


def test_mcap_reads_it_and_finds_the_form_of_rosbag2(path: Path) -> None:
    with BagWriter(path) as writer:
        fill(writer, FRAMES)
    with path.open('rb') as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().profile == 'ros2'
        found = list(reader.iter_messages())
    assert [(c.topic, m.log_time, m.data) for _, c, m in found] == put(FRAMES)
    for schema, channel, each in found:
        assert (schema.encoding, channel.message_encoding) == ('ros2msg', 'cdr')
        assert channel.metadata == {'offered_qos_profiles': ''}
        assert each.publish_time == each.log_time
    assert found[0][0].name == 'sensor_msgs/msg/Image'


def test_a_topic_is_written_again_with_its_own_definition(path: Path, tmp_path: Path) -> None:
    with Bag(write_mcap(tmp_path / 'line.mcap', FRAMES)) as bag, BagWriter(path) as writer:
        for record in bag.raw([RGB, LABEL]):
            writer.write(record.topic, record.type, record.data, record.received,
                         bag.definition(record.topic))
    with Bag(path) as bag:
        assert got(bag) == put([each for each in FRAMES if each.topic in (RGB, LABEL)])
        assert next(bag.records([LABEL])).message.data == 'part 0'


def test_a_type_of_its_own_needs_a_definition(path: Path) -> None:
    with BagWriter(path) as writer:
        with pytest.raises(BagError, match="'own_msgs/msg/Pair' is not known"):
            writer.write('/pair', 'own_msgs/msg/Pair', b'\0\1\0\0\7\0\0\0', START)
        writer.write('/pair', 'own_msgs/msg/Pair', b'\0\1\0\0\7\0\0\0', START, 'uint32 first\n')
    with Bag(path) as bag:
        assert next(bag.records(['/pair'])).message.first == 7


def test_an_existing_file_is_kept(path: Path) -> None:
    with BagWriter(path) as writer:
        fill(writer, FRAMES)
    with pytest.raises(BagError, match='result.mcap: is there already'):
        BagWriter(path)
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
    with BagWriter(path, overwrite=True) as writer:
        fill(writer, FRAMES[:3])
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES[:3])


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(BagError, match=r'result.mcap: cannot be written \('):
        BagWriter(tmp_path / 'file' / 'result.mcap')


def test_an_exception_leaves_a_whole_file(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), BagWriter(path) as writer:
        fill(writer, FRAMES)
        raise KeyboardInterrupt
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.notes == []


def test_closing_twice(path: Path) -> None:
    writer = BagWriter(path)
    fill(writer, FRAMES)
    writer.close()
    writer.close()
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)


def test_chunks_of_a_megabyte(path: Path) -> None:
    with BagWriter(path) as writer:
        fill(writer, LARGE)
    with path.open('rb') as file:
        chunks = make_reader(file).get_summary().chunk_indexes
    *full, last = chunks
    assert len(full) == 12  # RGB and depth of 640x480 make 1.5 MB
    assert all(CHUNK <= each.uncompressed_size < 2 * CHUNK for each in full)
    assert last.uncompressed_size < CHUNK


def test_a_chunk_ends_with_its_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr('time.monotonic', lambda: now[0])
    writer = BagWriter(path)
    fill(writer, FRAMES[:4])
    with pytest.raises(BagError):
        Bag(path)
    now[0] += CHUNK_TIME
    fill(writer, FRAMES[4:6])
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES[:5])
    now[0] += CHUNK_TIME / 2
    writer.flush()
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES[:6])
    writer.close()


def run(script: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, '-c', script, *args], capture_output=True, text=True,
                          timeout=60)


def test_a_kill_loses_the_last_chunk_at_most(path: Path) -> None:
    done = run(KILLED, str(path))
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Bag(path) as bag:
        out = got(bag)
        told, = bag.notes
    assert out == put(LARGE)[:35]  # the last label is alone in a chunk
    assert 'anything recorded later than' in told


@pytest.mark.parametrize('room', [5_000_000, 9_123_456])
def test_a_full_disk_loses_the_last_chunk_at_most(path: Path, room: int) -> None:
    done = run(FULL, str(path), str(room))
    assert done.returncode == 1
    assert done.stderr.count('\n') == 1 and 'Traceback' not in done.stderr
    with Bag(path) as bag:
        out = got(bag)
        size = path.stat().st_size
        assert f'at byte {size} of {size}' in bag.notes[0]  # no part of a chunk is left
    assert out == put(LARGE)[:len(out)]
    assert 3 <= len(out) < 36 and f'{len(out)} messages, the first' in done.stderr
    assert 'result.mcap: cannot be written on (' in done.stderr
    assert room - path.stat().st_size < 2 * CHUNK


def test_a_full_disk_when_the_index_is_due(path: Path) -> None:
    with BagWriter(path.with_name('whole.mcap')) as writer:
        fill(writer, LARGE)
    done = run(FULL, str(path), str(path.with_name('whole.mcap').stat().st_size - 10))
    assert (done.returncode, done.stderr.count('\n')) == (1, 1)
    assert '36 messages, the first' in done.stderr and 'are lost' not in done.stderr
    with Bag(path) as bag:
        assert got(bag) == put(LARGE)


def test_a_full_disk_before_the_first_chunk(path: Path) -> None:
    done = run(FULL, str(path), '1000')
    assert (done.returncode, done.stderr.count('\n')) == (1, 1)
    assert 'nothing was saved; 2 messages are lost' in done.stderr


def test_a_message_made_of_fields(path: Path) -> None:
    text = typestore().types[STRING](data='part 7')
    with BagWriter(path) as writer:
        writer.write(LABEL, STRING, serialize(text, STRING), START)
    with Bag(path) as bag:
        assert next(bag.records([LABEL])).message.data == 'part 7'
