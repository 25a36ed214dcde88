"""Teaches the silhouette: the part by colour, with depth's foreground as the target."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.detector import batch, outline_input
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.network.silhouette import Silhouette
from dcmd_ros.training.material import Frames
from dcmd_ros.training.options import TrainingOptions

_FRAMES = 160
_BATCH = 8
_PATCHES = 3


def learn_silhouette(frames: Frames, preparation: Preparation, teacher: Backbone,
                     options: TrainingOptions) -> Silhouette:
    """
    A silhouette for the view, from at most 160 frames.

    Half of what it sees has other light and patches of odd colour on it: neither may change
    where the part is, and a stain must not be cut out of it.
    """
    rng = np.random.default_rng(options.seed)
    views = [preparation.raw(frame) for frame in frames.spread(_FRAMES)]
    colours = [view[0] for view in views] + [_disturbed(view[0], rng) for view in views]
    device = options.device
    features = _features(colours, teacher, device)
    part = torch.from_numpy(np.stack([view[1] for view in views] * 2)).to(device)
    known = torch.from_numpy(np.stack([view[2] for view in views] * 2)).to(device)
    torch.manual_seed(options.seed)
    silhouette = Silhouette(teacher.channels).to(device)
    _fit(silhouette, features, part, known, rng, options.outline_steps)
    return silhouette.eval()


def _features(colours: list[NDArray[np.uint8]], teacher: Backbone, device: str) -> list[Tensor]:
    found: list[list[Tensor]] = []
    with torch.inference_mode():
        for start in range(0, len(colours), _BATCH):
            images = [outline_input(colour) for colour in colours[start:start + _BATCH]]
            found.append([f.half() for f in teacher(batch(images, device))])
    return [torch.cat(scale) for scale in zip(*found, strict=True)]


def _fit(silhouette: Silhouette, features: list[Tensor], part: Tensor, known: Tensor,
         rng: np.random.Generator, steps: int) -> None:
    optimiser = torch.optim.Adam(silhouette.parameters(), lr=3e-3)
    cells = features[0].shape[-1]
    target = functional.adaptive_avg_pool2d(part[:, None].float(), cells)
    weight = functional.adaptive_avg_pool2d(known[:, None].float(), cells)
    silhouette.train()
    for _ in tqdm(range(steps), desc='the part by colour', unit='step'):
        chosen = torch.from_numpy(rng.integers(0, len(part), _BATCH)).to(part.device)
        logit = silhouette([f[chosen].float() for f in features])
        loss = functional.binary_cross_entropy_with_logits(logit, target[chosen], weight[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _disturbed(colour: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    image = colour.astype(np.float32) * rng.uniform(0.6, 1.4) * rng.uniform(0.9, 1.1, 3)
    size = colour.shape[0]
    for _ in range(rng.integers(_PATCHES + 1)):
        height, width = rng.integers(size // 32, size // 8, 2)
        y, x = rng.integers(0, size - height), rng.integers(0, size - width)
        image[y:y + height, x:x + width] = rng.uniform(0, 255, 3)
    return np.clip(image, 0, 255).astype(np.uint8)


def agreement(frames: Frames, preparation: Preparation) -> float:
    """Median intersection over union of colour's part with depth's, where depth could tell."""
    overlaps = []
    for frame in frames:
        colour, part, known = preparation.raw(frame)
        assert preparation.outliner is not None
        found = preparation.outliner(colour)
        union = ((found | part) & known).sum()
        overlaps.append(float((found & part & known).sum() / max(union, 1)))
    return float(np.median(overlaps))
