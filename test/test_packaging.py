"""What an installation leaves behind: the ament index entry, launch files, config and models."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_SOURCES = shutil.ignore_patterns('.*', 'build', 'dist', 'test', '*.egg-info', '__pycache__')


@pytest.fixture(scope='module')
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package installed by pip into a prefix of its own."""
    pytest.importorskip('setuptools')
    folder = tmp_path_factory.mktemp('install')
    shutil.copytree(ROOT, folder / 'source', ignore=NOT_SOURCES)
    subprocess.run(
        [sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-build-isolation',
         '--no-index', '--ignore-installed', '--prefix', str(folder / 'prefix'),
         str(folder / 'source')],
        check=True, capture_output=True, text=True, timeout=300)
    return folder / 'prefix'


def test_the_ament_index_knows_the_package(prefix: Path) -> None:
    assert (prefix / 'share/ament_index/resource_index/packages/dcmd_ros').is_file()
    assert (prefix / 'share/dcmd_ros/package.xml').is_file()


@pytest.mark.parametrize('folder', ['launch', 'config', 'models'])
def test_every_file_of_a_shared_folder_is_installed(prefix: Path, folder: str) -> None:
    wanted = {p.relative_to(ROOT) for p in (ROOT / folder).rglob('*')
              if p.is_file() and '__pycache__' not in p.parts}
    missing = {p for p in wanted if not (prefix / 'share/dcmd_ros' / p).is_file()}
    assert wanted and not missing


def test_every_module_is_installed(prefix: Path) -> None:
    installed = next(prefix.rglob('dcmd_ros/__init__.py')).parent
    wanted = {p.relative_to(ROOT / 'dcmd_ros') for p in (ROOT / 'dcmd_ros').rglob('*.py')}
    assert {p.relative_to(installed) for p in installed.rglob('*.py')} == wanted


def test_the_web_page_is_installed(prefix: Path) -> None:
    installed = next(prefix.rglob('dcmd_ros/__init__.py')).parent / 'web'
    assert {p.name for p in installed.glob('page.*')} >= {'page.html', 'page.css', 'page.js'}


def test_the_command_is_installed(prefix: Path) -> None:
    assert (prefix / 'bin/dcmd_ros').is_file()
