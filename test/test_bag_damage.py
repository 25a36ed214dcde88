"""Every row of the table of damage in docs/bags.md: what comes out, and that the loss is told."""

from __future__ import annotations

import os
import random
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from bag_rig import (
    DEPTH,
    LABEL,
    RGB,
    START,
    STRING,
    Message,
    cdr,
    frames,
    got,
    made,
    message,
    put,
    write_folder,
    write_mcap,
)
from mcap.opcode import Opcode
from mcap.writer import CompressionType, IndexType, Writer

from dcmd_ros.bags import sqlite_file
from dcmd_ros.bags.reader import Bag, BagError
from dcmd_ros.bags.topics import choose

FRAMES = frames(20)
PER_CHUNK = 6
HEAD = struct.Struct('<BQ')
UNINDEXED: dict[str, Any] = {'summary': False, 'index_types': IndexType.NONE}
NO_CRC: dict[str, Any] = {'enable_crcs': False, 'compression': CompressionType.NONE}
Spans = dict[int, list[tuple[int, int]]]

PLACES: dict[str, Callable[[Spans], int]] = {
    'in the magic': lambda of: 4,
    'after the magic': lambda of: 8,
    'in the header': lambda of: 14,
    'after the header': lambda of: of[Opcode.HEADER][0][1],
    'in the head of the first chunk': lambda of: of[Opcode.CHUNK][0][0] + 5,
    'in the first chunk': lambda of: sum(of[Opcode.CHUNK][0]) // 2,
    'a byte before the end of the first chunk': lambda of: of[Opcode.CHUNK][0][1] - 1,
    'after the first chunk': lambda of: of[Opcode.CHUNK][0][1],
    'in the first message index': lambda of: of[Opcode.MESSAGE_INDEX][0][1] - 3,
    'before the second chunk': lambda of: of[Opcode.CHUNK][1][0],
    'in the times of the second chunk': lambda of: of[Opcode.CHUNK][1][0] + 20,
    'in the fifth chunk': lambda of: sum(of[Opcode.CHUNK][4]) // 2,
    'after the fifth chunk': lambda of: of[Opcode.CHUNK][4][1],
    'in the last chunk': lambda of: sum(of[Opcode.CHUNK][-1]) // 2,
    'before the end of the data': lambda of: of[Opcode.DATA_END][0][0],
    'in the end of the data': lambda of: of[Opcode.DATA_END][0][1] - 2,
    'in the index': lambda of: of[Opcode.STATISTICS][0][0] + 7,
    'before the footer': lambda of: of[Opcode.FOOTER][0][0],
    'in the footer': lambda of: of[Opcode.FOOTER][0][1] - 4,
    'a byte before the end': lambda of: of[Opcode.FOOTER][0][1] + 7,
}


def spans(path: Path) -> Spans:
    """Begin and end of the records of an mcap file, by opcode."""
    data, at = path.read_bytes(), 8
    found: Spans = {}
    while at + HEAD.size <= len(data):
        opcode, length = HEAD.unpack_from(data, at)
        found.setdefault(opcode, []).append((at, at + HEAD.size + length))
        at += HEAD.size + length
    return found


def chunk(path: Path, number: int) -> tuple[int, int]:
    return spans(path)[Opcode.CHUNK][number]


def but_chunk(number: int) -> list[Message]:
    return FRAMES[:PER_CHUNK * number] + FRAMES[PER_CHUNK * (number + 1):]


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x55
    path.write_bytes(data)


@pytest.fixture
def mcap(tmp_path: Path) -> Path:
    return write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK)


@pytest.mark.parametrize('place', PLACES)
def test_mcap_cut_off(mcap: Path, place: str) -> None:
    of = spans(mcap)
    at = PLACES[place](of)
    kept = FRAMES[:PER_CHUNK * sum(end <= at for _, end in of[Opcode.CHUNK])]
    os.truncate(mcap, at)
    if not kept:
        with pytest.raises(BagError, match='line.mcap: (is neither|holds no message)'):
            Bag(mcap)
        return
    with Bag(mcap) as bag:
        assert got(bag) == put(kept)
        told, = bag.notes
    assert f'{len(kept)} messages were found' in told
    if at >= of[Opcode.DATA_END][0][1]:
        assert 'none is lost' in told
    else:
        last = (max(each.received for each in kept) - START) / 1e9
        assert f'anything recorded later than {last:.3f} s after the first is lost' in told


def test_the_places_are_twenty(mcap: Path) -> None:
    assert len({place(spans(mcap)) for place in PLACES.values()}) == 20


@pytest.mark.parametrize('options', [{}, UNINDEXED, NO_CRC, {**UNINDEXED, **NO_CRC}],
                         ids=['indexed', 'unindexed', 'no crc', 'unindexed, no crc'])
def test_chunk_with_a_flipped_byte(tmp_path: Path, options: dict[str, Any]) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, **options)
    begin, _ = chunk(path, 4)
    # without a checksum only a broken structure shows: the length of the chunk's first message
    flip(path, begin + HEAD.size + 41 + 7 if 'enable_crcs' in options else begin + 200)
    with Bag(path) as bag:
        assert got(bag) == put(but_chunk(4))
        told = '\n'.join(bag.notes)
    assert f'bytes from byte {begin} on are damaged' in told
    assert 'none is lost' not in told
    if 'summary' not in options:
        assert f'2 of 20 messages of {RGB} are lost' in told


def test_first_chunk_of_an_unindexed_file_declares_the_topics(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, **UNINDEXED)
    flip(path, chunk(path, 0)[0] + 200)
    with pytest.raises(BagError, match='54 messages are lost, because what tells their topics'):
        Bag(path)


def test_index_with_a_flipped_byte(mcap: Path) -> None:
    flip(mcap, spans(mcap)[Opcode.CHUNK_INDEX][3][0] + 30)
    with Bag(mcap) as bag:
        assert got(bag) == put(FRAMES)
        assert ['60 messages were found without it, none is lost' in note
                for note in bag.notes] == [True]


def test_index_without_checksum_and_chunk_without_head(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, **NO_CRC)
    begin, _ = chunk(path, 4)
    flip(path, begin)
    with Bag(path) as bag:
        assert got(bag) == put(but_chunk(4))
        assert f'bytes from byte {begin} on are damaged' in '\n'.join(bag.notes)


def test_index_without_checksum_that_points_elsewhere(tmp_path: Path) -> None:
    """Another program has put a record of its own before the first chunk."""
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, **NO_CRC)
    data, of = path.read_bytes(), spans(path)
    own = HEAD.pack(0x80, 91) + bytes(91)
    start = of[Opcode.FOOTER][0][0] + HEAD.size
    summary, = struct.unpack_from('<Q', data, start)
    data = data[:start] + struct.pack('<Q', summary + len(own)) + data[start + 8:]
    begin, _ = chunk(path, 0)
    path.write_bytes(data[:begin] + own + data[begin:])
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert '60 messages were found without it, none is lost' in bag.notes[0]


@pytest.mark.parametrize('opcode', [0x42, 0x99, Opcode.ATTACHMENT, Opcode.METADATA])
def test_unindexed_chunk_that_passes_for_something_else(tmp_path: Path, opcode: int) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, summary=False)
    begin, _ = chunk(path, 4)
    data = bytearray(path.read_bytes())
    data[begin] = opcode
    path.write_bytes(data)
    with Bag(path) as bag:
        assert got(bag) == put(but_chunk(4))
        assert '54 messages were found without it, 6 are lost' in '\n'.join(bag.notes)


def test_zeros_at_the_end_of_a_recording(tmp_path: Path) -> None:
    """As a power cut leaves them."""
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, **UNINDEXED)
    begin, _ = chunk(path, 7)
    path.write_bytes(path.read_bytes()[:begin] + bytes(5000))
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES[:PER_CHUNK * 7])
        assert f'at byte {begin} of {begin + 5000}' in bag.notes[0]


@pytest.mark.parametrize('options', [UNINDEXED, {'use_chunking': False},
                                     {'use_chunking': False, **UNINDEXED}],
                         ids=['unindexed', 'unchunked', 'neither'])
def test_unindexed_mcap(tmp_path: Path, options: dict[str, Any]) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, **options)
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.at(LABEL, FRAMES[5].received).data == 'part 1'
        assert [topic.count for topic in bag.topics] == [20, 20, 20]
        assert 'none is lost' in bag.notes[0]


def test_mcap_without_message_indexes(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, index_types=IndexType.CHUNK)
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.at(LABEL, FRAMES[5].received).data == 'part 1'
        assert bag.notes == []


def test_mcap_without_statistics(tmp_path: Path) -> None:
    """As rosbags 0.10 wrote them: the counts are those of the message indexes."""
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, use_statistics=False)
    with Bag(path) as bag:
        assert [topic.count for topic in bag.topics] == [20, 20, 20]
        assert got(bag) == put(FRAMES)
        assert bag.notes == []


def test_mcap_without_statistics_and_with_a_damaged_message_index(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, use_statistics=False, **NO_CRC)
    flip(path, spans(path)[Opcode.MESSAGE_INDEX][4][0])
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert '60 messages were found without it' in '\n'.join(bag.notes)


def test_mcap_without_statistics_and_message_indexes(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, use_statistics=False,
                      index_types=IndexType.CHUNK)
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES)
        assert '60 messages were found without it' in bag.notes[0]


def test_unchunked_mcap_cut_off(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, use_chunking=False)
    os.truncate(path, spans(path)[Opcode.MESSAGE][30][0] + 40)
    with Bag(path) as bag:
        assert got(bag) == put(FRAMES[:30])
        assert '30 messages were found before the file breaks off' in bag.notes[0]


@pytest.mark.parametrize('split', [False, True], ids=['one file', 'split'])
@pytest.mark.parametrize('sqlite', [False, True], ids=['mcap', 'sqlite3'])
def test_missing_metadata(tmp_path: Path, sqlite: bool, split: bool) -> None:
    folder = split_bag(tmp_path, sqlite, 1 if not split else 3 if sqlite else 12)
    (folder / 'metadata.yaml').unlink()
    with Bag(folder) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.notes == ['metadata.yaml is missing: the files were taken in the order of '
                             'their names']


def split_bag(tmp_path: Path, sqlite: bool, parts: int) -> Path:
    """A folder of so many files, as rosbag2 splits them: numbered, with one metadata.yaml."""
    folder, names = tmp_path / 'line', []
    suffix = '.db3' if sqlite else '.mcap'
    folder.mkdir()
    size = -(-len(FRAMES) // parts)
    for number in range(parts):
        part = write_folder(tmp_path / f'part_{number}', FRAMES[number * size:][:size], sqlite)
        names.append(f'line_{number}{suffix}')
        (part / f'part_{number}{suffix}').rename(folder / names[-1])
    text = (tmp_path / 'part_0/metadata.yaml').read_text()
    listed = ''.join(f'\n  - {name}' for name in names)
    (folder / 'metadata.yaml').write_text(text.replace(f'\n  - part_0{suffix}', listed, 1).replace(
        f'  message_count: {size}\n', f'  message_count: {len(FRAMES)}\n'))
    return folder


@pytest.mark.parametrize('sqlite', [False, True], ids=['mcap', 'sqlite3'])
def test_split_bag(tmp_path: Path, sqlite: bool) -> None:
    with Bag(split_bag(tmp_path, sqlite, 3 if sqlite else 12)) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.at(LABEL, FRAMES[-1].received).data == 'part 19'
        assert bag.notes == []


def test_metadata_names_a_missing_file(tmp_path: Path) -> None:
    folder = split_bag(tmp_path, False, 5)
    (folder / 'line_2.mcap').unlink()
    with Bag(folder) as bag:
        assert got(bag) == put(FRAMES[:24] + FRAMES[36:])
        assert bag.notes == [
            'metadata.yaml names line_2.mcap, which is missing: its messages are lost',
            'metadata.yaml counts 60 messages, 48 were found']


def test_metadata_leaves_out_a_file(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / 'line', FRAMES)
    write_mcap(folder / 'other.mcap', FRAMES[:6])
    with Bag(folder) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.notes == ['other.mcap is not named in metadata.yaml: it was not read']


@pytest.mark.parametrize('text', ['', '{', '[1, 2]', 'rosbag2_bagfile_information: 3', '\0\x7f',
                                  'rosbag2_bagfile_information: {relative_file_paths: [7]}'])
def test_metadata_is_garbage(tmp_path: Path, text: str) -> None:
    folder = write_folder(tmp_path / 'line', FRAMES)
    (folder / 'metadata.yaml').write_text(text)
    with Bag(folder) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.notes == ['metadata.yaml cannot be read: the files were taken in the order of '
                             'their names']


def test_metadata_counts_more_than_there_is(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / 'line', FRAMES)
    metadata = folder / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('  message_count: 60\n',
                                                     '  message_count: 90\n'))
    with Bag(folder) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.notes == ['metadata.yaml counts 90 messages, 60 were found']


@pytest.mark.parametrize('share', [0.5, 0.75, 0.95, 0.9999])
@pytest.mark.parametrize('size', [(16, 12), (64, 48)], ids=['small rows', 'rows of many pages'])
def test_sqlite_cut_off(tmp_path: Path, size: tuple[int, int], share: float) -> None:
    messages = frames(40, size)
    folder = write_folder(tmp_path / 'line', messages)
    database = folder / 'line.db3'
    os.truncate(database, int(database.stat().st_size * share))
    with Bag(folder) as bag:
        out = got(bag)
        told = '\n'.join(bag.notes)
    expected = put(messages)
    assert out == [row for row in expected if row in out]
    assert (share - 0.4) * len(expected) < len(out) < len(expected)
    assert 'the file is cut off' in told
    assert f'counts 120 messages, {len(out)} were found' in told or 'are lost' in told


def test_sqlite_cut_off_before_its_topics(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / 'line', FRAMES)
    os.truncate(folder / 'line.db3', 8192)
    with pytest.raises(BagError, match=r'line/line.db3: is no rosbag2 database .* \.recover'):
        Bag(folder)


def test_sqlite_with_a_damaged_page(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / 'line', frames(40))
    database = folder / 'line.db3'
    data = bytearray(database.read_bytes())
    data[10 * 4096:11 * 4096] = bytes(4096)
    database.write_bytes(data)
    with Bag(folder) as bag:
        out = got(bag)
        told = '\n'.join(bag.notes)
    assert out == [row for row in put(frames(40)) if row in out] and 100 < len(out) < 120
    assert f'{len(out)} messages were found in it, the others are lost' in told


def test_sqlite_with_two_damaged_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows after them are found, too: the end is where too many in sequence are missing."""
    folder = write_folder(tmp_path / 'line', frames(40))
    database = folder / 'line.db3'
    data = bytearray(database.read_bytes())
    for page in (10, 14):
        data[page * 4096:(page + 1) * 4096] = bytes(4096)
    database.write_bytes(data)
    monkeypatch.setattr(sqlite_file, 'GAP', 14)
    with Bag(folder) as bag:
        out = got(bag)
    assert len(out) < 120 - 14 and out[-1] == put(frames(40))[-1]


def test_sqlite_with_rows_of_no_topic(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / 'line', FRAMES)
    database = sqlite3.connect(folder / 'line.db3')
    database.execute('UPDATE messages SET topic_id = 77 WHERE id IN (4, 8)')
    database.commit()
    database.close()
    with Bag(folder) as bag:
        assert got(bag) == put([*FRAMES[:3], *FRAMES[4:7], *FRAMES[8:]])
        assert bag.notes == ['line.db3: 2 messages are lost, because their topic, number 77, is '
                             'not there', 'metadata.yaml counts 60 messages, 58 were found']


@pytest.mark.parametrize('mode', ['WAL', 'DELETE'])
def test_sqlite_with_a_journal_beside_it(tmp_path: Path, mode: str) -> None:
    folder = write_folder(tmp_path / 'line', FRAMES)
    name = 'line.db3'
    source, copy = folder / name, tmp_path / name
    database = sqlite3.connect(source)
    database.execute(f'PRAGMA journal_mode={mode}')
    database.execute('PRAGMA wal_autocheckpoint=0')
    database.execute('PRAGMA cache_size=1')
    database.execute('DELETE FROM messages WHERE id > 30')
    end = '-journal'
    if mode == 'WAL':
        database.commit()
        end = '-wal'
    for path in (source, folder / (name + end)):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    database.close()
    before = {path.name: path.read_bytes() for path in tmp_path.glob('line.db3*')}
    with Bag(copy) as bag:
        assert got(bag) == put(FRAMES[:30] if mode == 'WAL' else FRAMES)
        assert bag.notes == [f'line.db3{end}, left by a recording cut off, was read, too']
    assert {path.name: path.read_bytes() for path in tmp_path.glob('line.db3*')} == before


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / 'line.mcap'
    path.touch()
    with pytest.raises(BagError, match='line.mcap: is empty'):
        Bag(path)


@pytest.mark.parametrize('sqlite', [False, True], ids=['mcap', 'sqlite3'])
def test_empty_bag(tmp_path: Path, sqlite: bool) -> None:
    write_folder(tmp_path / 'line', [], sqlite)
    with pytest.raises(BagError, match='holds no message .* was the camera running'):
        Bag(tmp_path / 'line')


def test_folder_without_a_bag(tmp_path: Path) -> None:
    with pytest.raises(BagError, match='is no bag: that is a folder with metadata.yaml'):
        Bag(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BagError, match='there is no such file'):
        Bag(tmp_path / 'absent')


def test_folder_of_bags(tmp_path: Path) -> None:
    for name in ('b', 'a'):
        write_folder(tmp_path / name, FRAMES[:3])
    with pytest.raises(BagError, match='is no bag, but holds some: give one of a, b$'):
        Bag(tmp_path)


def test_folder_of_files_that_are_no_series(tmp_path: Path) -> None:
    for name in ('a.mcap', 'b.mcap'):
        write_mcap(tmp_path / name, FRAMES[:6])
    with pytest.raises(BagError, match=r'several bags .* give one of a\.mcap, b\.mcap$'):
        Bag(tmp_path)


@pytest.mark.parametrize('inside', [False, True], ids=['file', 'folder'])
def test_ros1_bag(tmp_path: Path, inside: bool) -> None:
    path = tmp_path / 'line.bag'
    path.write_bytes(b'#ROSBAG V2.0\nE\0\0\0')
    with pytest.raises(BagError, match='ROS 1 bag.* `rosbags-convert --src'):
        Bag(tmp_path if inside else path)


def test_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / 'line.db3'
    path.write_text('not a bag, whatever its name may say')
    with pytest.raises(BagError, match='line.db3: is neither mcap nor sqlite3'):
        Bag(path)


def test_database_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / 'line.db3'
    database = sqlite3.connect(path)
    database.execute('CREATE TABLE topics (id TEXT)')
    database.close()
    with pytest.raises(BagError, match='line.db3: is no rosbag2 database that can be read'):
        Bag(path)


@pytest.mark.parametrize('summary', [True, False])
def test_definition_absent(tmp_path: Path, summary: bool) -> None:
    with Bag(write_mcap(tmp_path / 'line.mcap', FRAMES, definitions=False,
                        summary=summary)) as bag:
        assert [record.message.data for record in bag.records([LABEL])][3] == 'part 3'
        assert 'those of jazzy are used, --distro names another' in '\n'.join(bag.notes)


def test_unknown_type(tmp_path: Path) -> None:
    odd = [Message('/odd', 'factory_msgs/msg/Odd', each.received, b'\0\1\0\0data')
           for each in FRAMES[:4]]
    with Bag(write_mcap(tmp_path / 'line.mcap', FRAMES + odd)) as bag:
        assert list(bag.records(['/odd'])) == []
        assert bag.notes == ['4 of 4 messages of /odd cannot be read: '
                             'the type factory_msgs/msg/Odd is not known']
        assert len(list(bag.records([LABEL]))) == 20
        assert choose(bag.topics).rgb == RGB
        with pytest.raises(BagError, match='factory_msgs/msg/Odd'):
            bag.definition('/odd')


def test_messages_that_are_not_what_their_type_says(tmp_path: Path) -> None:
    wrong = [each._replace(data=cdr(made(STRING, data='x'))) if index in (6, 9) else each
             for index, each in enumerate(FRAMES)]
    with Bag(write_mcap(tmp_path / 'line.mcap', wrong)) as bag:
        assert len(list(bag.records([RGB, DEPTH]))) == 38
        assert bag.notes == [f'2 of 20 messages of {RGB} cannot be read: not what '
                             'sensor_msgs/msg/Image should be']
        with pytest.raises(BagError, match='not what sensor_msgs/msg/Image should be'):
            bag.at(RGB, FRAMES[6].received)


def test_topic_of_two_types(tmp_path: Path) -> None:
    folder = tmp_path / 'line'
    folder.mkdir()
    write_mcap(folder / 'line_0.mcap', FRAMES[:6])
    write_mcap(folder / 'line_1.mcap', [message(RGB, each.received, made(STRING, data='x'))
                                        for each in FRAMES[6:9]])
    with Bag(folder) as bag:
        assert len(list(bag.records([RGB]))) == 2
        told = '\n'.join(bag.notes)
    assert f'{RGB} holds messages of sensor_msgs/msg/Image and of std_msgs/msg/String' in told
    assert f'3 of 5 messages of {RGB} cannot be read' in told


def test_other_encodings_are_left_out(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'line.mcap', FRAMES, encoding='json')
    with pytest.raises(BagError, match=f"{RGB} is encoded as 'json', only cdr is read"):
        Bag(path)


def test_wrong_type_for_a_topic(mcap: Path) -> None:
    with Bag(mcap) as bag, pytest.raises(
            BagError, match=f'--rgb {LABEL}: is a std_msgs/msg/String, and has to be'):
        choose(bag.topics, rgb=LABEL)


def test_one_topic_only(tmp_path: Path) -> None:
    only = [each for each in FRAMES if each.topic == DEPTH]
    with Bag(write_mcap(tmp_path / 'line.mcap', only)) as bag:
        choice = choose(bag.topics)
        assert (choice.rgb, choice.depth) == (None, DEPTH)
        assert got(bag) == put(only)


@pytest.mark.parametrize('sqlite', [False, True], ids=['mcap', 'sqlite3'])
def test_compressed_as_files(tmp_path: Path, sqlite: bool) -> None:
    folder = split_bag(tmp_path, sqlite, 2)
    for path in sorted(folder.glob('line_*')):
        path.with_name(f'{path.name}.zstd').write_bytes(zstandard.compress(path.read_bytes()))
        path.unlink()
    with Bag(folder) as bag:
        assert got(bag) == put(FRAMES)
        assert bag.notes == []


@pytest.mark.parametrize('sqlite', [False, True], ids=['mcap', 'sqlite3'])
def test_compressed_as_messages(tmp_path: Path, sqlite: bool) -> None:
    packed = [each._replace(data=zstandard.compress(each.data)) for each in FRAMES]
    packed[9] = packed[9]._replace(data=packed[9].data[:40])
    with Bag(write_folder(tmp_path / 'line', packed, sqlite)) as bag:
        assert got(bag) == put(FRAMES[:9] + FRAMES[10:])
        assert bag.notes == [f'1 of 20 messages of {RGB} are lost']
        assert bag.at(LABEL, FRAMES[5].received).data == 'part 1'


@pytest.mark.parametrize('damage', ['cut', 'flip'])
def test_compressed_file_damaged(tmp_path: Path, damage: str) -> None:
    messages = frames(60, (64, 48))
    path = tmp_path / 'line.mcap.zstd'
    plain = write_mcap(tmp_path / 'line.mcap', messages, compression=CompressionType.NONE)
    data = bytearray(zstandard.compress(plain.read_bytes()))
    if damage == 'flip':
        data[len(data) // 2] ^= 0x55
        data[len(data) // 2 + 1:] = bytes(len(data[len(data) // 2 + 1:]))
    else:
        del data[len(data) // 2:]
    path.write_bytes(data)
    with Bag(path) as bag:
        out = got(bag)
        assert out == put(messages)[:len(out)] and 60 < len(out) < 120
        assert f'{len(out)} messages were found before the file breaks off' in '\n'.join(bag.notes)


def mangled(data: bytes, rng: random.Random) -> bytes:
    """With bytes changed, and perhaps a gap of zeros or the end cut off."""
    new = bytearray(data)
    for _ in range(rng.choice([1, 3, 20])):
        new[rng.randrange(len(new))] = rng.randrange(256)
    if rng.random() < 0.2:
        begin = rng.randrange(len(new))
        new[begin:begin + 3000] = bytes(len(new[begin:begin + 3000]))
    return bytes(new[:rng.randrange(len(new))] if rng.random() < 0.3 else new)


@pytest.mark.parametrize('options', [
    {}, UNINDEXED, NO_CRC, {'use_chunking': False}, {'compression': CompressionType.LZ4}, None],
    ids=['mcap', 'unindexed', 'no crc', 'unchunked', 'lz4', 'sqlite3'])
def test_any_damage(tmp_path: Path, options: dict[str, Any] | None) -> None:
    """No error but BagError; with checksums, what comes out is whole and what does not is told."""
    path = (write_folder(tmp_path / 'line', FRAMES) / 'line.db3' if options is None
            else write_mcap(tmp_path / 'line.mcap', FRAMES, PER_CHUNK, **options))
    checked = options is not None and not {'enable_crcs', 'use_chunking'} & set(options)
    whole, sent, rng, read = path.read_bytes(), put(FRAMES), random.Random(6), 0
    for _ in range(30):
        path.write_bytes(mangled(whole, rng))
        try:
            with Bag(path) as bag:
                out = got(bag)
                assert len(list(bag.records([topic.name for topic in bag.topics]))) <= 60
                read += 1
                assert not checked or (set(out) <= set(sent) and (len(out) == 60 or bag.notes))
                assert not any('\n' in note for note in bag.notes)
        except BagError as error:
            assert '\n' not in str(error)
    assert read > 10


def test_schema_absent(tmp_path: Path) -> None:
    path = tmp_path / 'line.mcap'
    with path.open('wb') as file:
        writer = Writer(file)
        writer.start('ros2')
        for schema, topic in ((0, '/none'), (writer.register_schema('Odd', '', b''), '/odd')):
            writer.add_message(writer.register_channel(topic, 'cdr', schema), 1, b'\0\1\0\0', 1)
        writer.finish()
    with Bag(path) as bag:
        assert [(topic.name, topic.type) for topic in bag.topics] == [('/none', ''),
                                                                      ('/odd', 'Odd')]
        assert list(bag.records(['/none', '/odd'])) == []
        assert len(bag.notes) == 2


def test_file_that_may_not_be_read(mcap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, 'Permission denied')
    monkeypatch.setattr(Path, 'open', refuse)
    with pytest.raises(BagError, match=r'line.mcap: cannot be read \(Permission denied\)'):
        Bag(mcap)
