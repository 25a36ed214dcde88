"""Reading a bag: order, decoding, random access, definitions."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from bag_rig import (
    DEPTH,
    INFO,
    LABEL,
    RGB,
    START,
    STEP,
    STORE,
    Message,
    cdr,
    frames,
    got,
    image,
    info,
    message,
    put,
    write_folder,
    write_mcap,
)
from mcap.writer import CompressionType, Writer

from dcmd_ros.bags import mcap_file
from dcmd_ros.bags.reader import Bag, BagError, RawRecord, Topic
from dcmd_ros.sensing.camera_model import camera_model
from dcmd_ros.sensing.codec import decode_colour, decode_depth

FRAMES = frames(8)


@pytest.fixture(params=['mcap', 'sqlite3', 'mcap folder'])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == 'mcap':
        return write_mcap(tmp_path / 'line.mcap', FRAMES, per_chunk=5)
    return write_folder(tmp_path / 'line', FRAMES, sqlite=request.param == 'sqlite3')


def test_topics(path: Path) -> None:
    with Bag(path) as bag:
        assert bag.topics == [Topic(DEPTH, 'sensor_msgs/msg/Image', 8),
                              Topic(RGB, 'sensor_msgs/msg/Image', 8),
                              Topic(LABEL, 'std_msgs/msg/String', 8)]
        assert bag.notes == []
        assert bag.path == path


def test_raw_messages_come_as_they_were_written(path: Path) -> None:
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert got(bag, [DEPTH]) == put(FRAMES[1::3])
        first = next(bag.raw([RGB]))
        assert first == RawRecord(RGB, 'sensor_msgs/msg/Image', START, FRAMES[0].data)


def test_records_decode_as_sensing_wants_them(path: Path) -> None:
    with Bag(path) as bag:
        rgb, depth, label = list(bag.records([RGB, DEPTH, LABEL]))[3:6]
    sent = image(START + STEP)
    stamp = rgb.message.header.stamp
    assert stamp.sec * 10**9 + stamp.nanosec == rgb.received == START + STEP
    assert (decode_colour(rgb.message).reshape(-1) == sent.data).all()
    millimetres = image(START + STEP, '16UC1').data.view(np.uint16)
    assert np.allclose(decode_depth(depth.message).reshape(-1), millimetres / 1000)
    assert (label.topic, label.message.data) == (LABEL, 'part 1')


def test_camera_info_decodes_as_sensing_wants_it(tmp_path: Path) -> None:
    sent = Message('/rgb/camera_info', INFO, START, cdr(info(START)))
    with Bag(write_mcap(tmp_path / 'line.mcap', [sent])) as bag:
        model = camera_model(next(bag.records(['/rgb/camera_info'])).message)
    assert (model.intrinsics.fx, model.intrinsics.cx) == (20.0, 8.0)


@pytest.mark.parametrize('compression', CompressionType)
def test_messages_are_in_order_of_time_though_chunks_are_not(
        tmp_path: Path, compression: CompressionType) -> None:
    shuffled = list(FRAMES)
    random.Random(1).shuffle(shuffled)
    with Bag(write_mcap(tmp_path / 'line.mcap', shuffled, per_chunk=4,
                        compression=compression)) as bag:
        assert got(bag) == put(FRAMES)


def test_rows_are_in_order_of_time_though_the_table_is_not(tmp_path: Path) -> None:
    shuffled = list(FRAMES)
    random.Random(1).shuffle(shuffled)
    with Bag(write_folder(tmp_path / 'line', shuffled)) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.at(LABEL, FRAMES[5].received).data == 'part 1'


def test_order_holds_over_files_that_overlap(tmp_path: Path) -> None:
    folder = tmp_path / 'line'
    folder.mkdir()
    write_mcap(folder / 'line_0.mcap', FRAMES[::2])
    write_mcap(folder / 'line_1.mcap', FRAMES[1::2])
    with Bag(folder) as bag:
        assert got(bag) == put(FRAMES)


def test_messages_of_one_time_stay_in_their_order(tmp_path: Path) -> None:
    same = [each._replace(received=START) for each in FRAMES]
    with Bag(write_mcap(tmp_path / 'line.mcap', same, per_chunk=4)) as bag:
        assert got(bag) == put(same)


def test_two_readings_do_not_disturb_each_other(path: Path) -> None:
    with Bag(path) as bag:
        pairs = list(zip(bag.raw([RGB]), bag.raw([DEPTH]), strict=True))
        assert [(one.data, other.data) for one, other in pairs] == [
            (FRAMES[3 * index].data, FRAMES[3 * index + 1].data) for index in range(8)]


def test_at_finds_one_message_again(path: Path) -> None:
    with Bag(path) as bag:
        for record in bag.records([RGB]):
            assert (bag.at(RGB, record.received).data == record.message.data).all()
        with pytest.raises(BagError, match=f'{DEPTH} has no message at {START} ns'):
            bag.at(DEPTH, START)


@pytest.fixture
def chunks_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the chunks that have been unpacked."""
    sizes = []
    unpacked = mcap_file.unpacked

    def count(body: bytes) -> bytes:
        sizes.append(len(body))
        return unpacked(body)
    monkeypatch.setattr(mcap_file, 'unpacked', count)
    return sizes


def test_at_reads_one_chunk(tmp_path: Path, chunks_read: list[int]) -> None:
    with Bag(write_mcap(tmp_path / 'line.mcap', FRAMES, per_chunk=3)) as bag:
        bag.at(RGB, FRAMES[9].received)
        assert len(chunks_read) == 1


def test_only_the_chunks_of_the_topics_are_read(tmp_path: Path, chunks_read: list[int]) -> None:
    rgb = [each for each in FRAMES if each.topic == RGB]
    with Bag(write_mcap(tmp_path / 'line.mcap', [*rgb, FRAMES[1]], per_chunk=8)) as bag:
        assert got(bag, [DEPTH]) == put([FRAMES[1]])
        assert len(chunks_read) == 1


def test_chunks_are_read_when_they_are_due(tmp_path: Path, chunks_read: list[int]) -> None:
    """So that a long bag takes no more memory than a short one."""
    with Bag(write_mcap(tmp_path / 'line.mcap', FRAMES, per_chunk=3)) as bag:
        for count, record in enumerate(bag.raw([RGB]), 1):
            assert record.topic == RGB and len(chunks_read) == count


def test_a_topic_that_is_not_there(path: Path) -> None:
    with Bag(path) as bag:
        for use in (lambda: next(bag.raw(['/absent'])), lambda: bag.definition('/absent'),
                    lambda: next(bag.records(['/absent']))):
            with pytest.raises(BagError, match='there is no topic /absent'):
                use()


def test_definition_serves_to_write_the_topic_again(path: Path, tmp_path: Path) -> None:
    with Bag(path) as bag:
        text = bag.definition(RGB)
    assert 'uint32 height' in text and 'MSG: std_msgs/Header' in text
    assert 'MSG: builtin_interfaces/Time' in text


def defined(folder: Path, topic: str, msgtype: str, encoding: str, text: str,
            data: bytes) -> Path:
    """A bag of one message with this definition of its type."""
    path = folder / 'line.mcap'
    with path.open('wb') as file:
        writer = Writer(file)
        writer.start('ros2')
        schema = writer.register_schema(msgtype, encoding, text.encode())
        channel = writer.register_channel(topic, 'cdr', schema)
        writer.add_message(channel, START, data, START)
        writer.finish()
    return path


def test_types_of_the_bag_come_before_those_of_the_distribution(tmp_path: Path) -> None:
    """A Log of another shape than jazzy's."""
    name = defined(tmp_path, '/log', 'rcl_interfaces/msg/Log', 'ros2msg', 'uint8 only\n',
                   b'\0\1\0\0\x07')
    with Bag(name) as bag:
        assert next(bag.records(['/log'])).message.only == 7
        assert bag.definition('/log') == 'uint8 only\n'


def test_types_without_msg_in_their_name(tmp_path: Path) -> None:
    short = [each._replace(type=each.type.replace('/msg/', '/')) for each in FRAMES]
    with Bag(write_mcap(tmp_path / 'line.mcap', short)) as bag:
        assert bag.topics[0].type == 'sensor_msgs/msg/Image'
        assert next(bag.records([RGB])).message.height == 12


def test_definitions_in_idl(tmp_path: Path) -> None:
    text = ('=' * 80 + '\nIDL: own_msgs/msg/Pair\nmodule own_msgs { module msg { struct Pair '
            '{ uint32 first; uint32 second; }; }; };\n')
    name = defined(tmp_path, '/pair', 'own_msgs/msg/Pair', 'ros2idl', text,
                   b'\0\1\0\0\x07\0\0\0\x08\0\0\0')
    with Bag(name) as bag:
        assert next(bag.records(['/pair'])).message.second == 8
        assert 'uint32 second' in bag.definition('/pair')


@pytest.mark.parametrize('encoding', ['unknown', 'ros2msg', ''])
def test_definition_that_the_recorder_did_not_find(tmp_path: Path, encoding: str) -> None:
    text = 'unknown' if encoding == 'unknown' else ''
    name = defined(tmp_path, LABEL, 'std_msgs/msg/String', encoding, text, FRAMES[2].data)
    with Bag(name) as bag:
        assert next(bag.records([LABEL])).message.data == 'part 0'
        assert bag.definition(LABEL) == 'string data\n'
        assert bag.notes == ['the bag does not hold the definitions of std_msgs/msg/String: those '
                             'of jazzy are used, --distro names another']


def test_definition_that_cannot_be_parsed(tmp_path: Path) -> None:
    name = defined(tmp_path, LABEL, 'std_msgs/msg/String', 'ros2msg', '%%%', FRAMES[2].data)
    with Bag(name) as bag:
        assert next(bag.records([LABEL])).message.data == 'part 0'
        assert bag.notes == ['the definition of std_msgs/msg/String in the bag cannot be read: '
                             'that of the distribution is used']


def without_definitions(folder: Path, distro: str | None) -> Path:
    """An older sqlite3 bag: no definitions, the distribution in metadata.yaml or not."""
    database = sqlite3.connect(folder / f'{folder.name}.db3')
    database.execute('DROP TABLE message_definitions')
    database.execute('DROP TABLE schema')
    database.commit()
    database.close()
    metadata = folder / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('ros_distro: rosbags',
                                                     f'ros_distro: {distro or ""}'))
    return folder


@pytest.mark.parametrize(('told', 'asked', 'notes'), [
    ('humble', None, 0), (None, None, 1), (None, 'foxy', 0), ('nonesuch', None, 1)])
def test_distribution_of_a_bag_without_definitions(
        tmp_path: Path, told: str | None, asked: str | None, notes: int) -> None:
    folder = without_definitions(write_folder(tmp_path / 'line', FRAMES), told)
    with Bag(folder, asked) as bag:
        assert next(bag.records([LABEL])).message.data == 'part 0'
        assert len(bag.notes) == notes
        if notes:
            assert 'sensor_msgs/msg/Image, std_msgs/msg/String: those of jazzy' in bag.notes[0]


def test_distribution_decides_on_the_types(tmp_path: Path) -> None:
    """Jazzy's TypeDescription is not among foxy's types."""
    kind = 'type_description_interfaces/msg/KeyValue'
    sent = Message('/pair', kind, START,
                   cdr(STORE.types[kind](key='a', value='b')))
    folder = without_definitions(write_folder(tmp_path / 'line', [sent]), None)
    with Bag(folder) as bag:
        assert next(bag.records(['/pair'])).message.value == 'b'
    told = without_definitions(write_folder(tmp_path / 'told', [sent]), 'foxy')
    for older in (Bag(folder, 'foxy'), Bag(told)):
        with older:
            assert list(older.records(['/pair'])) == []
            assert older.notes == [f'1 of 1 messages of /pair cannot be read: the type {kind} is '
                                   'not known']


def test_a_distribution_that_is_not_known(path: Path) -> None:
    with pytest.raises(BagError, match="'nonesuch' are not known: use --distro with .*jazzy"):
        Bag(path, 'nonesuch')


def test_the_bag_takes_its_metadata_file_for_itself(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / 'line', FRAMES)
    with Bag(folder / 'metadata.yaml') as bag:
        assert got(bag) == put(FRAMES)


def test_temporary_files_go_when_the_bag_is_closed(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'temporary'))
    (tmp_path / 'temporary').mkdir()
    plain = write_mcap(tmp_path / 'line.mcap', FRAMES)
    packed = tmp_path / 'line.mcap.zstd'
    packed.write_bytes(zstandard.compress(plain.read_bytes()))
    with Bag(packed) as bag:
        assert got(bag) == put(FRAMES)
        assert len(list((tmp_path / 'temporary').rglob('*.mcap'))) == 1
    assert list((tmp_path / 'temporary').iterdir()) == []
    packed.write_bytes(zstandard.compress(b'nothing'))
    with pytest.raises(BagError):
        Bag(packed)
    assert list((tmp_path / 'temporary').iterdir()) == []


def test_no_room_for_the_unpacked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / 'line.mcap.zstd'
    packed.write_bytes(zstandard.compress(b'something'))

    class Full:
        free = 0
    monkeypatch.setattr('shutil.disk_usage', lambda _: Full)
    with pytest.raises(BagError, match='no room for a copy of it in .*: set TMPDIR'):
        Bag(packed)


def test_reading_again_counts_a_loss_once(tmp_path: Path) -> None:
    wrong: Any = [*FRAMES, message(RGB, START + 1, image(START))._replace(data=b'\0\1\0\0')]
    with Bag(write_mcap(tmp_path / 'line.mcap', wrong)) as bag:
        for _ in range(2):
            assert len(list(bag.records([RGB]))) == 8
        assert bag.notes == [f'1 of 9 messages of {RGB} cannot be read: not what '
                             'sensor_msgs/msg/Image should be']
