"""Teaches the compensator (PMC) to restore what was taken out of good parts' features."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.network.backbone_spec import STRIDES
from dcmd_ros.network.confidence import CELL
from dcmd_ros.network.dcmd import Dcmd
from dcmd_ros.sensing.fault_images import block_mask
from dcmd_ros.training.features import Features
from dcmd_ros.training.options import TrainingOptions

_RATE = 2e-3
_GONE = 0.2     # share of the steps' parts that lack one of the modalities
_WHOLE = 0.25   # share of the other modalities that lack nothing
_SHARES = (0.05, 0.65)  # of the cells that blocks take
_CHECK_EVERY = 100
_RANGE = 6.0    # of a standardised feature, for the constants of the SSIM

Kept = dict[Modality, Tensor]
History = list[tuple[int, float]]


def learn_compensator(network: Dcmd, features: Features, validation: Features,
                      options: TrainingOptions) -> History:
    """
    Teaches the network's compensator; nothing else of it changes. Adam with a cosine, batches of
    `options.batch`; the same seed gives the same one.

    :returns: the loss on `validation` by step.
    """
    compensator = network.compensator
    assert compensator is not None
    optimiser = torch.optim.Adam(compensator.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 0.5 * (1 + math.cos(math.pi * step / options.restore_steps)))
    rng = np.random.default_rng(options.seed)
    history = [(0, held_out(network, validation, options))]
    compensator.train()
    for step in tqdm(range(options.restore_steps), desc='compensator', unit='step'):
        chosen = torch.from_numpy(rng.integers(len(features), size=options.batch))
        loss = loss_of(network, features, chosen, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if (step + 1) % _CHECK_EVERY == 0 or step + 1 == options.restore_steps:
            history.append((step + 1, held_out(network, validation, options)))
    compensator.eval()
    return history


@torch.inference_mode()
def held_out(network: Dcmd, features: Features, options: TrainingOptions) -> float:
    """The mean loss over parts, with the same cells taken out each time."""
    rng = np.random.default_rng(options.seed)
    chunks = torch.arange(len(features)).split(options.batch)
    return float(np.mean([float(loss_of(network, features, c, rng)) for c in chunks]))


def loss_of(network: Dcmd, features: Features, chosen: Tensor,
            rng: np.random.Generator) -> Tensor:
    """MSE plus 1 - SSIM where features were taken out, over both modalities and all strides."""
    compensator = network.compensator
    assert compensator is not None
    wanted = {m: network.standards[m](features.chosen(chosen, m)) for m in MODALITIES}
    part = features.part[chosen]
    kept = taken_out(len(chosen), part.shape[-1] // CELL, rng, part.device)
    found = compensator(wanted, kept)
    weights = features.weights(chosen)
    loss = part.new_zeros((), dtype=torch.float32)
    for m in MODALITIES:
        for place, stride in enumerate(STRIDES):
            weight = weights[place] * missing_at(kept[m], stride)
            loss = loss + unlike(found[m][place], wanted[m][place], weight)
    return loss


def taken_out(count: int, cells: int, rng: np.random.Generator, device: torch.device) -> Kept:
    """
    What is kept of each part and modality, (N, 1, cells, cells), 1 or 0.

    Modality dropout takes one away whole in a fifth of the parts; blocks are taken out of three
    quarters of what is left.
    """
    kept = {m: np.ones((count, 1, cells, cells), np.float32) for m in MODALITIES}
    for part in range(count):
        gone = int(rng.integers(len(MODALITIES))) if rng.random() < _GONE else None
        for k, m in enumerate(MODALITIES):
            if k == gone:
                kept[m][part] = 0
            elif rng.random() >= _WHOLE:
                kept[m][part, 0] = ~block_mask((cells, cells), rng.uniform(*_SHARES), rng)
    return {m: torch.from_numpy(k).to(device) for m, k in kept.items()}


def missing_at(kept: Tensor, stride: int) -> Tensor:
    """1 where `Compensator` restores at a stride, else 0."""
    if stride < CELL:
        return functional.interpolate(1 - kept, scale_factor=CELL / stride, mode='nearest')
    return functional.max_pool2d(1 - kept, stride // CELL)


def unlike(found: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of (found - wanted)^2 + 1 - SSIM, over channels and places."""
    apart = ((found - wanted).square() + 1 - similarity(found, wanted)).mean(1, keepdim=True)
    return (apart * weight).sum() / (weight.sum() + 1e-6)


def similarity(one: Tensor, other: Tensor) -> Tensor:
    """SSIM of each channel in windows of 3x3 (Wang et al. 2004), (N, C, h, w), -1 to 1."""
    def mean(image: Tensor) -> Tensor:
        return functional.avg_pool2d(image, 3, 1, 1, count_include_pad=False)

    level, contrast = (0.01 * _RANGE) ** 2, (0.03 * _RANGE) ** 2
    a, b = mean(one), mean(other)
    varied = mean(one * one) - a * a + mean(other * other) - b * b
    shared = mean(one * other) - a * b
    return ((2 * a * b + level) * (2 * shared + contrast)
            / ((a * a + b * b + level) * (varied + contrast)))
