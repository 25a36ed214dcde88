"""The facade, on a tiny model that is trained once for all of these tests."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from detector_rig import SIZE, frame_of, has_hole, tiny_model

from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.inspector import DeviceError, FrameError, Inspector, ModelError
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.network.detector import outliner
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.sensing.faults import corrupt
from dcmd_ros.simulation import simulate

MODELS = Path(__file__).parent.parent / 'models'
MODES = pytest.mark.parametrize('mode', ['both', 'rgb_only', 'depth_only'])


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def inspector(model: Path) -> Inspector:
    return Inspector(model, device='cpu')


def alone(frame: Frame, mode: str) -> Frame:
    return replace(frame, rgb=None if mode == 'depth_only' else frame.rgb,
                   depth=None if mode == 'rgb_only' else frame.depth)


def test_slopes_have_a_scale_where_there_is_depth(model: Path) -> None:
    scales = load_checkpoint(model).scales
    assert scales['rgb_only'].slopes is None
    for mode in ('both', 'depth_only'):
        centre, alarm = scales[mode].slopes
        assert 0 < centre < alarm < 1
    assert bool(load_checkpoint(model).network.slopes.bank.any())


@MODES
def test_the_score_is_the_largest_value_of_the_map(inspector: Inspector, mode: str) -> None:
    found = inspector.inspect(alone(frame_of(900, place=(2, 1)), mode))
    assert found.mode == mode
    assert found.map.dtype == np.float32 and found.map.shape == (SIZE, SIZE)
    assert 0 < found.score < 1 and found.score == float(np.nanmax(found.map))
    assert ((found.map >= 0.5) == (found.mask == 255)).all()
    assert (found.verdict == 'anomalous') == (found.score >= 0.5)


@MODES
def test_a_defect_scores_higher_than_the_same_part_without_it(inspector: Inspector,
                                                              mode: str) -> None:
    good = [inspector.inspect(alone(frame_of(i), mode)).score for i in range(900, 906)]
    bad = [inspector.inspect(alone(has_hole(frame_of(i)), mode)).score for i in range(900, 906)]
    assert np.median(bad) > np.median(good)


def test_off_the_part_the_map_is_zero(inspector: Inspector) -> None:
    found = inspector.inspect(frame_of(901))
    assert (found.map[:4] == 0).all() and (found.map > 0).any()


def test_an_empty_scene_is_no_part(inspector: Inspector) -> None:
    found = inspector.inspect(frame_of(901, empty=True))
    assert found.verdict == 'no_part' and not found.mask.any()


@MODES
@pytest.mark.parametrize('side', [-1, 1])
def test_a_part_on_its_way_in_or_out_is_no_part(inspector: Inspector, mode: str,
                                                side: int) -> None:
    for shift in range(14, 84, 5):
        frame = frame_of(920 + shift, place=(side * shift, 0))
        found = inspector.inspect(alone(frame, mode))
        assert (found.verdict, found.score) == ('no_part', 0.0)
        assert not found.map.any() and not found.mask.any()
        assert found.presence in ('cut', 'absent')
        assert min(t for t in found.confidence.values() if t == t) > 0.5


@MODES
def test_a_part_that_is_whole_is_judged_where_it_stands(inspector: Inspector, mode: str) -> None:
    for seed in range(930, 938):
        x = seed - 934
        found = inspector.inspect(alone(frame_of(seed, place=(x, 0)), mode))
        assert found.presence == 'whole' and found.verdict in ('good', 'anomalous')
        assert found.centre[0] == pytest.approx(x / np.sqrt(np.pi * 26 ** 2), abs=0.08)


@MODES
def test_a_broken_part_is_a_part(inspector: Inspector, mode: str) -> None:
    found = inspector.inspect(alone(frame_of(941, broken=True, place=(0, 0)), mode))
    assert found.presence == 'whole' and found.score > 0


@MODES
def test_a_neighbour_that_looks_into_the_view_is_left_out(inspector: Inspector,
                                                          mode: str) -> None:
    found = inspector.inspect(alone(frame_of(942, place=(-3, 0), neighbour=58), mode))
    assert found.presence == 'whole' and found.map.any()
    assert not found.map[:, 78:].any()


def test_a_part_that_the_rois_border_cuts_is_no_part(inspector: Inspector) -> None:
    frame = frame_of(906)
    assert inspector.inspect(frame, roi=(0, 0, SIZE // 2, SIZE)).verdict == 'no_part'
    assert inspector.inspect(frame, roi=(4, 4, SIZE - 8, SIZE - 8)).presence == 'whole'


@MODES
def test_a_single_sensor_frame_is_judged_by_its_own_threshold(inspector: Inspector,
                                                              mode: str) -> None:
    scores = [inspector.inspect(alone(frame_of(i), mode)).score for i in range(910, 916)]
    assert np.median(scores) < 0.5


def test_missing_depth_is_never_evidence(inspector: Inspector) -> None:
    middle = slice(SIZE // 2 - 6, SIZE // 2 + 6)
    for colour in (True, False):
        for i in range(900, 912):
            frame = frame_of(i) if colour else replace(frame_of(i), rgb=None)
            depth = frame.depth.copy()
            depth[middle, middle] = 0
            before, after = (inspector.inspect(f) for f in (frame, replace(frame, depth=depth)))
            assert after.verdict == before.verdict == 'good'
            assert after.score - before.score < 0.1


def test_blocks_of_missing_depth_alarm_on_no_part_that_is_good_without() -> None:
    inspector = Inspector(MODELS / 'dcmd_turned_best.pth', device='cpu')
    for index in range(12):
        part = simulate(4711, 'turned', index)
        lost = corrupt(part.depth, 'depth', 'holes', 0.1, np.random.default_rng(index))
        before, after = (inspector.inspect(replace(part.frame(index), depth=depth))
                         for depth in (part.depth, lost))
        assert after.mode == 'both' and after.verdict == before.verdict


@pytest.mark.parametrize('index', [60, 91, 107])
def test_colour_that_is_nearly_dark_still_counts_and_alarms_on_no_good_part(index: int) -> None:
    """Without the doubt of statistics these three do alarm."""
    inspector = Inspector(MODELS / 'dcmd_turned_best.pth', device='cpu')
    for defect, verdict in ((None, 'good'), ('stain', 'anomalous')):
        frame = simulate(9103, 'turned', index, defect).frame(0)
        assert frame.rgb is not None
        dark = corrupt(frame.rgb, 'rgb', 'under', 0.8, np.random.default_rng(0))
        found = inspector.inspect(replace(frame, rgb=dark))
        assert found.verdict == verdict
        assert 0.25 < found.confidence['rgb'] < 0.5 < found.confidence['depth']


def test_far_from_measured_depth_nothing_is_known(inspector: Inspector) -> None:
    frame = replace(frame_of(902), rgb=None)
    depth = frame.depth.copy()
    depth[SIZE // 2:, :] = 0
    found = inspector.inspect(replace(frame, depth=depth))
    assert not np.isnan(found.map[SIZE // 2 - 12, SIZE // 2])
    assert (np.isnan(found.map) | (found.map == 0))[SIZE // 2 + 22:].all()


def test_depth_that_is_all_missing_leaves_the_judgement_to_colour(inspector: Inspector) -> None:
    frame = frame_of(903)
    blind = inspector.inspect(replace(frame, depth=np.zeros_like(frame.depth)))
    colour = inspector.inspect(alone(frame, 'rgb_only'))
    assert blind.mode == 'both' and blind.confidence['depth'] < 0.1
    assert blind.score == colour.score and blind.verdict == colour.verdict


def test_a_black_picture_leaves_the_judgement_to_depth(inspector: Inspector) -> None:
    frame = frame_of(903)
    blind = inspector.inspect(replace(frame, rgb=np.zeros_like(frame.rgb)))
    assert blind.confidence['rgb'] < 0.1 and blind.verdict == 'good'
    assert blind.score == inspector.inspect(alone(frame, 'depth_only')).score


def test_with_nothing_to_trust_the_verdict_is_unknown(inspector: Inspector) -> None:
    frame = frame_of(903)
    dark = np.zeros_like(frame.rgb)
    for blind in (Frame(0, rgb=dark), Frame(0, depth=np.zeros_like(frame.depth)),
                  Frame(0, rgb=dark, depth=np.zeros_like(frame.depth))):
        found = inspector.inspect(blind)
        assert found.verdict == 'unknown' and np.isnan(found.score)
        assert not found.mask.any()


def test_good_frames_are_trusted_and_a_defect_does_not_change_that(inspector: Inspector) -> None:
    for i in range(904, 908):
        clean = inspector.inspect(frame_of(i)).confidence
        defective = inspector.inspect(has_hole(frame_of(i))).confidence
        assert min(clean.values()) > 0.7
        assert all(abs(clean[m] - defective[m]) < 0.15 for m in clean)


def test_specks_do_not_count_when_a_smallest_region_is_asked_for(inspector: Inspector) -> None:
    frame = has_hole(frame_of(905))
    plain = inspector.inspect(frame)
    if plain.verdict != 'anomalous':
        pytest.skip('the tiny model misses this defect')
    area = SIZE * SIZE
    patient = inspector.inspect(frame, min_region_area=area)
    assert patient.verdict == 'good' and not patient.mask.any()
    assert patient.score == float(np.nanmax(patient.map)) < 0.5


def test_a_frame_of_twice_the_size_is_judged_alike_and_warned_of_once(model: Path) -> None:
    inspector, frame = Inspector(model, device='cpu'), frame_of(907)
    large = Frame(0, rgb=frame.rgb.repeat(2, 0).repeat(2, 1),
                  depth=frame.depth.repeat(2, 0).repeat(2, 1))
    one, two = inspector.inspect(frame), inspector.inspect(large)
    inspector.inspect(large)
    assert two.map.shape == (2 * SIZE, 2 * SIZE)
    assert two.verdict == one.verdict and abs(two.score - one.score) < 0.15
    assert len([w for w in inspector.warnings if 'resampled' in w]) == 1


@pytest.mark.parametrize('frame', [
    Frame(0), Frame(0, rgb=np.zeros((4, 4), np.uint8)),
    Frame(0, rgb=np.zeros((8, 8, 3), np.uint8), depth=np.zeros((4, 4), np.float32)),
    Frame(0, rgb=np.zeros((8, 8, 3), np.float32)), Frame(0, depth=np.zeros((0, 8), np.float32))])
def test_an_impossible_frame_is_refused(inspector: Inspector, frame: Frame) -> None:
    with pytest.raises(FrameError):
        inspector.inspect(frame)


def test_depth_that_is_not_finite_counts_as_missing(inspector: Inspector) -> None:
    frame = frame_of(908)
    depth = frame.depth.copy()
    depth[depth == 0] = np.nan
    odd = inspector.inspect(replace(frame, depth=depth))
    assert odd.score == inspector.inspect(frame).score


def test_xyz_alone_is_geometry_enough(inspector: Inspector) -> None:
    frame = frame_of(908)
    xyz = np.dstack([np.zeros_like(frame.depth), np.zeros_like(frame.depth), frame.depth])
    assert inspector.inspect(Frame(0, rgb=frame.rgb, xyz=xyz)).score == \
        inspector.inspect(Frame(0, rgb=frame.rgb, depth=frame.depth)).score


def test_a_device_that_is_absent_is_named(model: Path) -> None:
    with pytest.raises(DeviceError, match='cuda:99.*choose auto or cpu'):
        Inspector(model, device='cuda:99')
    with pytest.raises(DeviceError, match='tpu'):
        Inspector(model, device='tpu')


def test_auto_without_cuda_falls_back_and_says_so(model: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    inspector = Inspector(model)
    assert inspector.device == 'cpu' and any('CUDA' in w for w in inspector.warnings)


def test_warming_up_changes_no_result(model: Path, inspector: Inspector) -> None:
    warm = Inspector(model, device='cpu')
    warm.warm_up()
    assert warm.inspect(frame_of(909)).score == inspector.inspect(frame_of(909)).score


class Burglar:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
def test_a_hostile_model_is_refused_and_its_code_not_run(tmp_path: Path) -> None:
    loot = tmp_path / 'stolen'
    plain, wrapped = tmp_path / 'plain.pth', tmp_path / 'wrapped.pth'
    plain.write_bytes(pickle.dumps({'kind': 'dcmd_ros model', 'x': Burglar(loot)}))
    torch.save({'kind': 'dcmd_ros model', 'x': Burglar(loot)}, wrapped)
    for path in (plain, wrapped):
        with pytest.raises(ModelError, match='never run'):
            Inspector(path, device='cpu')
    assert not loot.exists()


def test_a_damaged_model_is_refused_in_one_line(model: Path, tmp_path: Path) -> None:
    whole = model.read_bytes()
    for name, content in (('short', whole[:len(whole) // 2]), ('empty', b''),
                          ('text', b'no model'), ('flipped', whole[:5000] + bytes(64))):
        path = tmp_path / f'{name}.pth'
        path.write_bytes(content)
        with pytest.raises(ModelError) as caught:
            Inspector(path, device='cpu')
        assert str(path) in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('key, value, says', [
    ('format', 99, 'format 99'), ('kind', 'other', 'not a model'),
    ('teacher', {'name': 'efficientnet-lite0', 'sha256': 'f' * 64}, 'other weights'),
    ('scene', {}, 'damaged'), ('network', {}, 'damaged'), ('calibration', {}, 'damaged')])
def test_a_model_that_does_not_fit_is_refused(model: Path, tmp_path: Path, key: str,
                                              value: object, says: str) -> None:
    packed = torch.load(model, weights_only=True)
    packed[key] = value
    torch.save(packed, tmp_path / 'odd.pth')
    with pytest.raises(ModelError, match=says):
        Inspector(tmp_path / 'odd.pth', device='cpu')


def test_a_model_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match='gone.pth: no such model'):
        Inspector(tmp_path / 'gone.pth')


def test_the_model_file_holds_what_the_contract_names(model: Path) -> None:
    packed = torch.load(model, weights_only=True)
    assert packed['category'] == 'disc' and len(packed['teacher']['sha256']) == 64
    assert set(packed['calibration']) == {'both', 'rgb_only', 'depth_only'}
    assert Intrinsics(**packed['intrinsics']).width == SIZE
    assert packed['training_data'] and packed['versions'].keys() >= {'dcmd_ros', 'torch', 'numpy'}
    assert not any('stages' in name or 'teacher' in name for name in packed['network'])


def test_each_mode_by_itself_alarms_at_about_the_same_evidence(model: Path) -> None:
    """So that sensors can stand in for each other, whose raw maps are of unlike size."""
    scales = load_checkpoint(model).scales
    assert scales['depth_only'].spread > 2 * scales['rgb_only'].spread
    assert scales['rgb_only'].threshold == pytest.approx(3.5, abs=0.5)
    assert scales['depth_only'].threshold == pytest.approx(3.5, abs=0.5)


def test_a_sensor_looks_the_same_whether_or_not_the_other_is_there(model: Path) -> None:
    found = load_checkpoint(model)
    assert found.silhouette is not None
    prepare = Preparation(found.view, found.scene, outliner(found.silhouette, Backbone(size=64)))
    frame = frame_of(908)
    gaps = frame.depth.copy()
    gaps[SIZE // 3:SIZE // 2] = 0
    for depth in (frame.depth, gaps, np.zeros_like(gaps)):
        both = replace(frame, depth=depth)
        together, colour, shape = (prepare(f) for f in (both, alone(both, 'rgb_only'),
                                                        alone(both, 'depth_only')))
        assert np.array_equal(together.colour, colour.colour)
        assert np.array_equal(together.normals, shape.normals)
        assert together.quality['rgb'] == colour.quality['rgb']
