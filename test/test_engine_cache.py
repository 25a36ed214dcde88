"""The engines' cache: never stale, never half, never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_rig import Disguise

from dcmd_ros.network import engine_cache
from dcmd_ros.network.engine_cache import Cache, fingerprint

RUNTIME = Disguise('disguise', 1.0)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / 'model.pth'
    path.write_bytes(b'weights')
    return path


@pytest.fixture
def cache(model: Path) -> Cache:
    """Of the model, with two graphs in it."""
    cache = Cache(model)
    cache.keep(RUNTIME, write)
    return cache


def write(folder: Path) -> None:
    for name in ('both.xml', 'both.bin', 'outline.xml'):
        (folder / name).write_text(name)


def test_nothing_is_found_before_it_is_kept(model: Path) -> None:
    assert Cache(model).find(RUNTIME) is None


def test_what_was_kept_is_found_by_its_graphs(model: Path, cache: Cache) -> None:
    found = Cache(model).find(RUNTIME)
    assert found is not None and set(found) == {'both', 'outline'}
    assert found['both'].read_text() == 'both.xml'
    assert found['both'].with_suffix('.bin').exists()


def test_it_lies_hidden_beside_the_model(model: Path, cache: Cache) -> None:
    assert cache.folder.parent == model.parent and cache.folder.name.startswith('.')


def test_another_model_under_the_same_name_is_exported_anew(model: Path, cache: Cache) -> None:
    model.write_bytes(b'weights, trained again')
    assert Cache(model).find(RUNTIME) is None
    Cache(model).keep(RUNTIME, write)
    assert len(list(cache.folder.glob('disguise-*'))) == 1, "the earlier model's should go"


def test_another_version_of_the_library_is_exported_anew(cache: Cache) -> None:
    newer = Disguise('disguise', 1.0)
    newer.installed = '2.0'
    assert cache.find(newer) is None


def test_another_processor_is_exported_anew(cache: Cache, monkeypatch) -> None:
    monkeypatch.setattr(engine_cache, 'processor', lambda: 'an older one')
    assert cache.find(RUNTIME) is None


def test_other_code_is_exported_anew(cache: Cache, monkeypatch) -> None:
    monkeypatch.setattr(engine_cache, '_code', lambda: 'edited')
    assert cache.find(RUNTIME) is None


@pytest.mark.parametrize('name', ['both.xml', 'both.bin', 'manifest.json'])
@pytest.mark.parametrize('damage', [b'', b'\xff{"fingerprint', None])
def test_a_damaged_or_missing_file_is_exported_anew(
        cache: Cache, name: str, damage: bytes | None) -> None:
    [place] = cache.folder.glob('disguise-*')
    (place / name).unlink() if damage is None else (place / name).write_bytes(damage)
    assert cache.find(RUNTIME) is None
    cache.keep(RUNTIME, write)
    assert cache.find(RUNTIME) is not None


def test_a_failed_export_leaves_nothing(model: Path) -> None:
    cache = Cache(model)
    with pytest.raises(RuntimeError):
        cache.keep(RUNTIME, broken)
    assert cache.find(RUNTIME) is None and not list(cache.folder.iterdir())


def broken(folder: Path) -> None:
    (folder / 'both.xml').write_text('half')
    raise RuntimeError('no space')


def test_without_room_beside_the_model_it_lies_in_the_users_cache(
        model: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'home'))
    (tmp_path / '.model.pth.engines').write_text('in the way')
    cache = Cache(model)
    cache.keep(RUNTIME, write)
    assert cache.folder.is_relative_to(tmp_path / 'home' / 'dcmd_ros')
    assert cache.find(RUNTIME) is not None


def test_notes_are_recalled_and_damaged_ones_forgotten(cache: Cache) -> None:
    assert cache.recall('choice') == {}
    cache.note('choice', {'engine': 'disguise'})
    assert cache.recall('choice') == {'engine': 'disguise'}
    (cache.folder / 'choice.json').write_text('{')
    assert cache.recall('choice') == {}


def test_the_fingerprint_names_what_it_is_of(model: Path) -> None:
    assert {'model', 'code', 'dcmd_ros', 'torch', 'disguise', 'processor'} == set(
        fingerprint(model, RUNTIME))
