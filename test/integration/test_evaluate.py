"""The evaluate verb with the shipped model on fresh simulated parts of its kind."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np

from dcmd_ros.cli import main
from dcmd_ros.simulation import simulate

MODEL = Path(__file__).resolve().parents[2] / 'models' / 'dcmd_turned_best.pth'
SEED, UNIT = 4711, 1e-4
PARTS = [None, None, None, None, 'dent', 'cut', 'stain', 'foreign']


def write_parts(folder: Path) -> None:
    for index, defect in enumerate(PARTS):
        part = simulate(SEED, 'turned', index, defect)
        images = {'rgb': part.rgb[..., ::-1], 'gt': part.mask.astype(np.uint8) * 255,
                  'depth': np.rint(part.depth / UNIT).astype(np.uint16)}
        for kind, image in images.items():
            path = folder / 'test' / part.label / kind / f'{index:03d}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), image)
    camera = vars(part.intrinsics)
    (folder / 'intrinsics.json').write_text(
        json.dumps({**camera, 'depth_unit_m': UNIT, 'missing': 0}))


def test_the_shipped_model_tells_fresh_parts_apart_in_every_mode(tmp_path: Path) -> None:
    write_parts(tmp_path / 'data' / 'turned')
    out = tmp_path / 'out'
    assert main(['evaluate', str(tmp_path / 'data'), 'turned', '--model', str(MODEL.parent),
                 '--out', str(out), '--device', 'cpu']) == 0
    found = json.loads((out / 'metrics.json').read_text())
    assert found['mean']['both']['i_auroc'] > 0.9
    assert found['mean']['both']['aupro30'] > 0.8
    kinds = {mode: found['detail']['turned'][mode]['kinds'] for mode in ('no_rgb', 'no_depth')}
    assert kinds['no_rgb']['dent']['i_auroc'] > 0.6
    assert kinds['no_depth']['stain']['i_auroc'] > 0.6
    rows = list(csv.DictReader((out / 'scores.csv').read_text().splitlines()))
    assert len(rows) == 3 * len(PARTS)
    for row in rows:
        assert (float(row['score']) >= 0.5) == (row['verdict'] == 'anomalous')
    absent = {row['condition'] for row in rows if row['confidence_rgb'] == 'nan'}
    assert absent == {'no_rgb'}
