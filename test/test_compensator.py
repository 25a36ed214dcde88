"""The compensator: restores what is asked for, and is never evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from detector_rig import OPTIONS, frame_of, frames_of
from torch import Tensor
from torch.nn import functional

from dcmd_ros.frame import MODALITIES, MODES, Modality
from dcmd_ros.inspector import Inspector, ModelError
from dcmd_ros.network import lite0
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.network.compensator import Compensator, context_of, kept_cells
from dcmd_ros.network.confidence import Confidence
from dcmd_ros.network.dcmd import EVIDENCE, Dcmd
from dcmd_ros.network.detector import Detector, Sight
from dcmd_ros.network.fusion import Scale, evidence, fused, grid, measured
from dcmd_ros.sensing.faults import corrupt
from dcmd_ros.training import recipe
from dcmd_ros.training.compensation import learn_compensator, similarity, taken_out
from dcmd_ros.training.features import Features

CHANNELS, SIZE = lite0.CHANNELS, 64
CONFIG = replace(OPTIONS.network, compensator=True)
SHORT = replace(OPTIONS, steps=6, fold_steps=3, outline_steps=4, trust_parts=3, trust_steps=3,
                restore_steps=4)
PART = torch.ones(1, SIZE, SIZE, dtype=torch.bool)
HOLE = slice(2, 6)  # rows and columns of stride 8


def features(seed: int = 0, count: int = 1) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(count, c, SIZE // s, SIZE // s, generator=generator)
            for c, s in zip(CHANNELS, (4, 8, 16), strict=True)]


def both(seed: int = 0) -> dict[Modality, list[Tensor]]:
    return {m: features(seed + k) for k, m in enumerate(MODALITIES)}


def kept(*holed: Modality) -> dict[Modality, Tensor]:
    found = {m: torch.ones(1, 1, 8, 8) for m in MODALITIES}
    for m in holed:
        found[m][..., HOLE, HOLE] = 0
    return found


def inside(image: Tensor) -> Tensor:
    """The hole's cells at any stride, as a mask."""
    mask = 1 - kept('depth')['depth']
    return functional.interpolate(mask, image.shape[-2:], mode='nearest')[0, 0] > 0


@pytest.fixture(scope='module')
def compensator() -> Compensator:
    torch.manual_seed(0)
    return Compensator(CHANNELS).eval()


@torch.no_grad()
@pytest.mark.parametrize('holed', MODALITIES)
def test_only_what_is_asked_for_is_restored_and_the_rest_passes_bit_for_bit(
        compensator: Compensator, holed: Modality) -> None:
    given = both()
    found = compensator(given, kept(holed))
    for m in MODALITIES:
        for before, after in zip(given[m], found[m], strict=True):
            hole = inside(before)
            assert torch.equal(before[..., ~hole], after[..., ~hole])
            same = (before[..., hole] == after[..., hole]).float().mean()
            assert float(same) == (0 if m == holed else 1)


@torch.no_grad()
def test_what_is_not_kept_is_not_read(compensator: Compensator) -> None:
    given, other = both(), both()
    for image in other['depth']:
        image[..., inside(image)] = 7.0
    one, two = (compensator(g, kept('depth')) for g in (given, other))
    for m in MODALITIES:
        for a, b in zip(one[m], two[m], strict=True):
            assert torch.equal(a, b)


@torch.no_grad()
def test_it_reads_the_other_sensor_and_the_surroundings_near_and_far(
        compensator: Compensator) -> None:
    plain = compensator(both(), kept('depth'))['depth'][1][0, :, 3, 3]
    for m, row, column in (('rgb', 3, 3), ('rgb', 0, 0), ('depth', 1, 3), ('depth', 7, 7)):
        moved = both()
        moved[m][1][..., row, column] += 3
        assert not torch.equal(plain, compensator(moved, kept('depth'))['depth'][1][0, :, 3, 3])


@torch.no_grad()
def test_a_sensor_that_is_away_is_not_invented(compensator: Compensator) -> None:
    found = compensator({'depth': features()}, {'depth': kept('depth')['depth']})
    assert list(found) == ['depth'] and all(bool(torch.isfinite(f).all()) for f in found['depth'])
    nothing = {m: torch.zeros(1, 1, 8, 8) for m in MODALITIES}
    assert all(bool(torch.isfinite(f).all())
               for restored in compensator(both(), nothing).values() for f in restored)


def test_cells_are_asked_for_where_depth_is_missing_or_a_sensor_not_trusted_on_the_part() -> None:
    part, valid = PART.clone(), PART.clone()
    part[:, :16] = False
    valid[:, 24:36, 24:32] = False  # the second cell by half
    trust = {m: torch.full((1, 1, 8, 8), 0.9) for m in MODALITIES}
    trust['rgb'][..., 1, 5] = trust['rgb'][..., 6, 5] = 0.1
    found = kept_cells(part, valid, trust)
    assert (found['rgb'] == 0).nonzero()[:, 2:].tolist() == [[6, 5]]
    assert (found['depth'] == 0).nonzero()[:, 2:].tolist() == [[3, 3], [4, 3]]
    assert context_of(None, both(), part, valid, trust) == {}
    assert context_of(Compensator(CHANNELS), both(), part, part, {
        m: torch.ones(1, 1, 8, 8) for m in MODALITIES}) == {}


@pytest.fixture(scope='module')
def detector() -> Detector:
    """Random students, memories and compensator; a confidence that trusts what was measured."""
    torch.manual_seed(0)
    network = Dcmd(CONFIG)
    for memory in network.memories.values():
        memory.bank.normal_()
    scales = {mode: Scale({name: (0.1 * n, 1.0 + n) for n, name in enumerate(EVIDENCE[mode])},
                          centre=0.5, spread=2.0) for mode in MODES}
    confidence = Confidence(CHANNELS, sensitivity=0.5)
    return Detector(network.folded(), Backbone(size=SIZE), scales, confidence=confidence)


def sights(detector: Detector) -> tuple[Sight, Sight]:
    """The same features with a hole in depth: read as they are, and compensated."""
    valid = PART.clone()
    valid[:, 16:48, 16:48] = False
    given = both()
    with torch.inference_mode():
        trust = detector.confidence.maps(given, PART, valid)
        restored = context_of(detector.network.compensator, given, PART, valid, trust)
    plain = Sight('both', given, PART, valid, torch.ones(1, 2), trust)
    return plain, replace(plain, context=restored)


def test_what_is_restored_is_never_evidence(detector: Detector) -> None:
    plain, helped = sights(detector)
    before, after = detector.maps(plain), detector.maps(helped)
    # Read by the students that read depth, compared by none:
    assert not torch.equal(before['depth'], after['depth'])
    assert not torch.equal(before['depth_to_rgb'], after['depth_to_rgb'])
    for name in ('rgb', 'rgb_to_depth', 'rgb_memory', 'depth_memory'):
        assert torch.equal(before[name], after[name])
    found, _ = evidence(after, 'both', detector.scales, PART, helped.valid, helped.trust)
    alone = {name: after[name] for name in EVIDENCE['rgb_only']}
    own = fused(alone, detector.scales['rgb_only'], grid(PART, 16)) * functional.interpolate(
        helped.trust['rgb'], (16, 16), mode='bilinear', align_corners=False) ** 1.5
    hole = measured(PART, helped.valid, 16) == 0
    assert int(hole.sum()) >= 64
    torch.testing.assert_close(found[hole], own[hole])
    assert float((found - own)[~hole].abs().max()) > 0.1


def lessons(count: int, seed: int) -> Features:
    """Smooth patterns of which both modalities show mixtures: each tells of the other."""
    mixing, generator = torch.Generator().manual_seed(7), torch.Generator().manual_seed(seed)
    hidden = functional.interpolate(torch.randn(count, 4, 4, 4, generator=generator), (16, 16),
                                    mode='bilinear', align_corners=False)
    found = {m: [torch.einsum('nchw,cd->ndhw', functional.adaptive_avg_pool2d(hidden, SIZE // s),
                              torch.randn(4, c, generator=mixing)).half()
                 for c, s in zip(CHANNELS, (4, 8, 16), strict=True)] for m in MODALITIES}
    return Features(found, PART.repeat(count, 1, 1), torch.zeros(count, 4, 8, 8))


def learnt(seed: int) -> tuple[Dcmd, list[tuple[int, float]]]:
    torch.manual_seed(seed)
    network = Dcmd(CONFIG)
    history = learn_compensator(network, lessons(32, 1), lessons(8, 2),
                                replace(OPTIONS, seed=seed, restore_steps=60))
    return network, history


def test_learning_lowers_the_loss_on_parts_not_learnt_from_and_repeats_by_seed() -> None:
    network, history = learnt(0)
    assert [step for step, _ in history] == [0, 60]
    assert history[-1][1] < 0.7 * history[0][1]
    again, _ = learnt(0)
    other, _ = learnt(1)
    one, two, three = (n.compensator.state_dict() for n in (network, again, other))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], three[name]) for name in one)


def test_what_is_taken_out_are_blocks_and_at_times_a_whole_modality() -> None:
    found = taken_out(200, 16, np.random.default_rng(0), torch.device('cpu'))
    whole = {m: (k.sum(dim=(1, 2, 3)) == 0) for m, k in found.items()}
    assert all(0.05 < float(w.float().mean()) < 0.15 for w in whole.values())
    assert not bool((whole['rgb'] & whole['depth']).any())
    for m, k in found.items():
        partly = k[~whole[m]].mean(dim=(1, 2, 3))
        assert float(partly.min()) > 0.3 and 0.15 < float((partly == 1).float().mean()) < 0.35


def test_similarity_is_1_for_the_same_and_falls_with_contrast_and_structure() -> None:
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert float(similarity(image, image).min()) == pytest.approx(1, abs=1e-3)
    flat = similarity(image, 0.2 * image)
    other = similarity(image, image.flip(-1))
    assert float(other.mean()) < float(flat.mean()) < 0.5
    assert float(other.min()) < 0


@pytest.fixture(scope='module')
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    return {on: recipe.train('disc', frames_of(range(9)), frames_of(range(100, 104)),
                             tmp_path_factory.mktemp(f'model_{on}'),
                             replace(SHORT, network=replace(OPTIONS.network, compensator=on)),
                             lambda _: None) for on in (False, True)}


def test_the_option_adds_a_compensator_and_changes_nothing_else(models: dict[bool, Path]) -> None:
    plain, helped = (torch.load(models[on], weights_only=True) for on in (False, True))
    added = set(helped['network']) - set(plain['network'])
    assert added and all(name.startswith('compensator.') for name in added)
    assert set(plain['network']) <= set(helped['network'])
    assert all(torch.equal(t, helped['network'][name]) for name, t in plain['network'].items())
    assert [step for step, _ in helped['training']['history']['compensator']] == [0, 4]


def test_a_compensator_comes_back_from_its_file_and_older_files_have_none(
        models: dict[bool, Path], tmp_path: Path) -> None:
    found = load_checkpoint(models[True])
    assert found.config.compensator and found.network.compensator is not None
    before = torch.load(models[True], weights_only=True)['network']
    after = found.network.state_dict()
    assert all(torch.equal(before[name].float(), after[name].float()) for name in after)
    packed = torch.load(models[False], weights_only=True)
    del packed['config']['compensator']
    torch.save(packed, tmp_path / 'older.pth')
    assert load_checkpoint(tmp_path / 'older.pth').network.compensator is None
    packed['config']['compensator'] = True
    torch.save(packed, tmp_path / 'lacking.pth')
    with pytest.raises(ModelError, match='damaged'):
        load_checkpoint(tmp_path / 'lacking.pth')


def test_an_inspector_judges_a_part_with_holes_by_it(models: dict[bool, Path]) -> None:
    frame = frame_of(900)
    holed = replace(frame, depth=corrupt(frame.depth, 'depth', 'holes', 0.2,
                                         np.random.default_rng(0)))
    with_, without = (Inspector(models[on], device='cpu').inspect(holed) for on in (True, False))
    assert with_.confidence == without.confidence
    assert 0 < with_.score < 1 and not np.array_equal(with_.map, without.map)
