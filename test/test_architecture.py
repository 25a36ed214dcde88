"""Imports point one way, as docs/architecture.md draws them."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'dcmd_ros'
LEAVES = {'frame', 'inspection', 'errors', 'share'}
# What each part may import of this package, besides itself and the leaves.
ALLOWED: dict[str, set[str]] = {
    'sensing': set(),
    'stream': set(),
    'simulation': set(),
    'web': set(),
    'framing': {'sensing', 'stream'},
    'bags': {'framing', 'sensing', 'stream'},
    'network': {'sensing'},
    'inspector': {'network', 'sensing', 'simulation', 'stream'},
    'training': {'bags', 'framing', 'inspector', 'network', 'sensing', 'simulation', 'stream'},
    'evaluation': {'bags', 'framing', 'inspector', 'network', 'sensing', 'simulation', 'stream',
                   'training'},
    'nodes': {'bags', 'framing', 'inspector', 'sensing', 'simulation', 'stream', 'web'},
}
ROS = {'rclpy', 'sensor_msgs', 'std_msgs', 'std_srvs', 'diagnostic_msgs', 'message_filters',
       'lifecycle_msgs', 'builtin_interfaces', 'rcl_interfaces', 'vision_msgs'}
MAY_IMPORT_TORCH = {'network', 'training', 'inspector'}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob('*.py'))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix('').parts[0]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            names |= {f'{node.module}.{alias.name}' for alias in node.names}
    return names


@pytest.mark.parametrize('path', modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    part = part_of(path)
    roots = {name.split('.')[0] for name in imported(path)}
    inner = {name.split('.')[1] for name in imported(path) if name.startswith('dcmd_ros.')}
    if part in LEAVES:
        assert inner <= LEAVES
    elif part in ALLOWED:
        assert inner - LEAVES <= ALLOWED[part] | {part}
    if part != 'nodes':
        assert not roots & ROS, 'only nodes/ imports ROS'
    if part not in MAY_IMPORT_TORCH:
        assert 'torch' not in roots, 'only network/, training/ and inspector.py import torch'


def test_the_package_was_found() -> None:
    assert {'frame', 'sensing', 'stream', 'network', 'nodes'} <= {part_of(p) for p in modules()}
