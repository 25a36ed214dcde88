import subprocess
import sys
from pathlib import Path

from dcmd_ros.share import share_directory


def test_the_source_tree_is_found() -> None:
    assert (share_directory() / 'config' / 'inspect.yaml').is_file()


def test_an_installation_is_found(tmp_path: Path) -> None:
    site = tmp_path / 'lib' / 'python3' / 'site-packages' / 'dcmd_ros'
    site.mkdir(parents=True)
    package = Path(__file__).resolve().parents[1] / 'dcmd_ros'
    for name in ('__init__.py', 'errors.py', 'share.py'):
        (site / name).write_text((package / name).read_text())
    (tmp_path / 'share' / 'dcmd_ros').mkdir(parents=True)
    found = subprocess.run(
        [sys.executable, '-c', 'from dcmd_ros.share import *; print(share_directory())'],
        cwd=site.parent, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(tmp_path / 'share' / 'dcmd_ros')
