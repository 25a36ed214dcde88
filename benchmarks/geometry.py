"""
Normals against depth: what the teacher is shown of the geometry.

Nearest neighbours among all places of the training parts (no student, nothing is trained), on one
model's view of the part: unit normals in the support's frame, which the product has, or the height
above the support as a grey picture, -1 at the support, 1 at the largest of the training parts.
Both smoothed alike, both with features standardised anew over the training parts.

The last line is JSON: {"normals" | "height": {MODE: {"i_auroc", "aupro", "far"}}}.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from ablation import ROWS, Data, Eyes, data_of, judged
from numpy.typing import NDArray
from options import of_data
from torch.nn import functional
from tqdm import tqdm

from dcmd_ros.frame import Frame, Mode
from dcmd_ros.network.backbone_spec import STRIDES
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.network.detector import batch, masks
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.network.resizing import crop, resized
from dcmd_ros.network.shape import Shape
from dcmd_ros.sensing.foreground import InversePlane, plane_depth
from dcmd_ros.sensing.pieces import Mask
from dcmd_ros.training.calibration import alone
from dcmd_ros.training.material import Frames

MODES: tuple[Mode, ...] = ('depth_only', 'both')
FILL = 6.0  # pixels from which missing heights are filled in, as missing normals are


class Heights(Preparation):
    """
    A preparation that shows the height in place of the normals.

    top  metres that are shown as 1
    """

    top = 1.0

    def learn(self, frames: Frames) -> None:
        """The largest height of the parts, their median."""
        tops = []
        for frame in frames:
            assert frame.depth is not None
            part = self._part(alone(frame, 'depth_only'))
            above, seen = self._above(frame.depth, self.scene.plane)
            tops.append(np.percentile(above[seen & part.by_depth], 99.5))
        self.top = float(np.median(tops))

    def _shape(self, frame: Frame, plane: InversePlane, likely: Mask) -> Callable[[Mask], Shape]:
        shape = super()._shape(frame, plane, likely)
        if frame.depth is None:
            return shape
        above, seen = self._above(frame.depth, plane)
        return lambda mask: replace(shape(mask), normals=self._height(above, seen & mask, mask))

    def _above(self, depth: NDArray[np.float32],
               plane: InversePlane) -> tuple[NDArray[np.float32], Mask]:
        """Metres above the support in the box, and where depth was measured."""
        above, seen = plane_depth(plane, depth.shape) - depth, depth > 0
        return crop(above, self.view.box), crop(seen, self.view.box)

    def _height(self, above: NDArray[np.float32], seen: Mask,
                part: Mask) -> NDArray[np.float32]:
        """(S, S, 3)"""
        near, share = smoothed(above, seen, self.view.sigma)
        far, _ = smoothed(above, seen, FILL)
        grey = np.clip(np.where(share > 0.3, near, far) / self.top, 0, 1) * 2 - 1
        image = np.where(part, grey, -1).astype(np.float32)
        return resized(cv2.merge([image] * 3), self.view.size)


def smoothed(image: NDArray[np.float32], seen: Mask, sigma: float,
             ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean of what is seen around, and how much of it is."""
    weight = seen.astype(np.float32)
    share = cv2.GaussianBlur(weight, (0, 0), sigma)
    total = cv2.GaussianBlur(image * weight, (0, 0), sigma)
    return total / np.maximum(share, 1e-6), np.asarray(share, np.float32)


@torch.inference_mode()
def standardise(eyes: Eyes, frames: Frames) -> None:
    """Depth's features to mean 0 and deviation 1 over the places of the parts."""
    rows: list[list[torch.Tensor]] = [[] for _ in STRIDES]
    for frame in tqdm(frames, desc='standards', unit='part'):
        prepared = eyes.prepare(alone(frame, 'depth_only'))
        part = masks([prepared.foreground])
        assert prepared.normals is not None and part is not None
        for k, found in enumerate(eyes.detector.teacher(batch([prepared.normals]))):
            inside = functional.avg_pool2d(part[:, None].float(), STRIDES[k])[:, 0] > 0.5
            rows[k].append(found.permute(0, 2, 3, 1)[inside])
    standard = eyes.detector.network.standards['depth']
    for k, found in enumerate(map(torch.cat, rows)):
        standard.means[k].data = found.mean(0)
        standard.scales[k].data = 1 / found.std(0).clamp(min=1e-6)


def compare(model: Path, data: Data) -> dict[str, dict[Mode, dict[str, float]]]:
    train = data.frames('train')
    found: dict[str, dict[Mode, dict[str, float]]] = {}
    for name in ('normals', 'height'):
        checkpoint = load_checkpoint(model)
        eyes = Eyes(checkpoint)
        if name == 'height':
            heights = Heights(checkpoint.view, checkpoint.scene, eyes.prepare.outliner)
            heights.learn(train)
            eyes.prepare = heights
        standardise(eyes, train)
        eyes.learn(train)
        found[name] = judged(ROWS['neighbours'], MODES, checkpoint, eyes, data)
    return found


def main() -> None:
    options = of_data(__doc__)
    options.add_argument('--model', type=Path, required=True)
    options.add_argument('--quick', action='store_true', help='eight parts of each split')
    given = options.parse_args()
    found = compare(given.model, data_of(given))
    for name, modes in found.items():
        for mode, row in modes.items():
            print(f'{name:8} {mode:10} {100 * row["i_auroc"]:5.1f} / {100 * row["aupro"]:5.1f}')
    print(json.dumps(found))


if __name__ == '__main__':
    main()
