"""Opening a storage file by what it is, not by its name."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack
from pathlib import Path

import zstandard

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.mcap_file import McapFile
from dcmd_ros.bags.mcap_records import MAGIC as MCAP
from dcmd_ros.bags.sqlite_file import SqliteFile
from dcmd_ros.bags.storage import Notes, Storage
from dcmd_ros.sensing.message import one_line

SQLITE = b'SQLite format 3\0'
ROS1 = b'#ROSBAG'
ZSTD = b'\x28\xb5\x2f\xfd'
PAGE_SIZE = slice(16, 18)  # where a database says how large its pages are, 1 for 65536
JOURNALS = ('-wal', '-journal')  # what sqlite3 keeps beside a file until it is written into it
PIECE = 1 << 17  # zstd makes no larger blocks, so no more is lost with a damaged one


def open_storage(path: Path, notes: Notes, closing: ExitStack) -> Storage:
    """
    The file as a storage; one that is compressed as a whole is unpacked into a temporary folder.

    :param closing: removes that folder
    :raises BagError: a file of another kind, or one that cannot be read
    """
    try:
        file, head = path, _head(path)
        if head.startswith(ZSTD):
            file = _unpacked(path, notes, closing)
            head = _head(file)
        if head.startswith(MCAP):
            return McapFile(file, notes)
        if head.startswith(SQLITE):
            file = _settled(_trimmed(file, notes, closing), notes, closing)
            return SqliteFile(file, notes)
    except sqlite3.DatabaseError as error:
        raise BagError(f'{path}: is no rosbag2 database that can be read ({one_line(error)}): '
                       'try `sqlite3 FILE .recover`') from error
    except OSError as error:
        raise BagError(f'{path}: cannot be read ({error.strerror})') from error
    if head.startswith(ROS1):
        raise BagError(f'{path}: a ROS 1 bag: convert it with '
                       f'`rosbags-convert --src {path.name} --dst FOLDER` first')
    raise BagError(f'{path}: {"is neither mcap nor sqlite3" if head else "is empty"}: give a '
                   'rosbag2 folder, or one of its .mcap or .db3 files')


def inflated(data: bytes) -> bytes:
    """
    A message without the zstd that rosbag2's compression mode `message` puts around it.

    :raises ValueError: damaged
    """
    if not data.startswith(ZSTD):  # no CDR begins so
        return data
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    try:
        inner = unpacker.decompress(data)
    except zstandard.ZstdError as error:
        raise ValueError('its compression is damaged') from error
    if not unpacker.eof:
        raise ValueError('its compression is cut off')
    return inner


def _head(path: Path) -> bytes:
    with path.open('rb') as file:
        return file.read(len(SQLITE))


def _folder(path: Path, closing: ExitStack) -> Path:
    """A temporary folder with room for the file."""
    folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix='dcmd_ros_')))
    if shutil.disk_usage(folder).free < path.stat().st_size:
        raise BagError(f'{path}: there is no room for a copy of it in {folder.parent}: set TMPDIR '
                       'to a folder on a larger disk')
    return folder


def _unpacked(path: Path, notes: Notes, closing: ExitStack) -> Path:
    target = _folder(path, closing) / path.stem
    with path.open('rb') as packed, target.open('wb') as file:
        reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        try:
            while piece := reader.read(PIECE):
                file.write(piece)
        except zstandard.ZstdError:
            notes[path.name, 'packed'] = (
                f'{path.name}: the compression is damaged: what follows {file.tell()} bytes of '
                'the unpacked file is lost')
    return target


def _trimmed(path: Path, notes: Notes, closing: ExitStack) -> Path:
    """The file, or a copy of its whole pages: sqlite3 takes what a page lacks for zeros."""
    with path.open('rb') as file:
        size = int.from_bytes(file.read(PAGE_SIZE.stop)[PAGE_SIZE], 'big')
    page = 1 << 16 if size == 1 else max(size, 512)
    excess = path.stat().st_size % page
    if not excess:
        return path
    copy = _folder(path, closing) / path.name
    shutil.copyfile(path, copy)
    os.truncate(copy, copy.stat().st_size - excess)
    notes[path.name, 'trimmed'] = (f'{path.name}: the file is cut off; the last {excess} bytes '
                                   'of it are no use')
    return copy


def _settled(path: Path, notes: Notes, closing: ExitStack) -> Path:
    """The file, or a copy with what a recording that was cut off has left beside it."""
    beside = [file for end in JOURNALS if (file := path.with_name(path.name + end)).is_file()
              and file.stat().st_size]
    if not beside:
        return path
    copy = _folder(path, closing) / path.name
    for file in (path, *beside):
        shutil.copyfile(file, copy.with_name(file.name))
    try:
        database = sqlite3.connect(copy)
        database.execute('SELECT count(*) FROM sqlite_master').fetchall()
        database.execute('PRAGMA journal_mode=DELETE').fetchall()
        database.close()
    except sqlite3.DatabaseError as error:
        notes[path.name, 'journal'] = (f'{beside[0].name} cannot be read ({one_line(error)}): '
                                       'what it holds is lost')
        return path
    notes[path.name, 'journal'] = f'{beside[0].name}, left by a recording cut off, was read, too'
    return copy
