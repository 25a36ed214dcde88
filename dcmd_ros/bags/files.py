"""Opening a storage file by what it is, not by its name."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import zstandard

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.mcap_file import McapFile
from dcmd_ros.bags.mcap_index import MAGIC as MCAP
from dcmd_ros.bags.sqlite_file import ZSTD, SqliteFile
from dcmd_ros.bags.storage import Notes, Storage

SQLITE = b'SQLite format 3\0'
ROS1 = b'#ROSBAG'
PIECE = 1 << 20


def open_storage(path: Path, notes: Notes, closing: ExitStack) -> Storage:
    """
    The file as a storage; one that is packed as a whole is unpacked into a temporary folder.

    :param closing: removes that folder
    :raises BagError: a file of another kind
    """
    head = _head(path)
    if head.startswith(ZSTD):
        path = _unpack(path, notes, closing)
        head = _head(path)
    if head.startswith(MCAP):
        return McapFile(path, notes)
    if head.startswith(SQLITE):
        return SqliteFile(path, notes)
    if head.startswith(ROS1):
        raise BagError(f'{path}: a ROS 1 bag: convert it with '
                       f'`rosbags-convert --src {path.name} --dst FOLDER` first')
    raise BagError(f'{path}: {"an empty file" if not head else "neither mcap nor sqlite3"}: '
                   'give a rosbag2 folder, or one of its .mcap or .db3 files')


def _head(path: Path) -> bytes:
    with path.open('rb') as file:
        return file.read(16)


def _unpack(path: Path, notes: Notes, closing: ExitStack) -> Path:
    folder = closing.enter_context(tempfile.TemporaryDirectory(prefix='dcmd_ros_'))
    target = Path(folder, path.stem)
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
