"""Where the files beside the code lie: models, config and launch files."""

from __future__ import annotations

from pathlib import Path

from dcmd_ros.errors import DcmdError


def share_directory() -> Path:
    """
    `share/dcmd_ros` of the installation (colcon's or pip's), or the source tree itself.

    :raises DcmdError: neither is there
    """
    package = Path(__file__).resolve().parent
    if (package.parent / 'package.xml').is_file():
        return package.parent
    for prefix in package.parents:
        if (prefix / 'share' / 'dcmd_ros').is_dir():
            return prefix / 'share' / 'dcmd_ros'
    raise DcmdError(f'share/dcmd_ros was not installed beside {package}; install it again')
