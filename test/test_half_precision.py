"""Mixed precision is for GPUs; what it does to a student's loss, tried with the CPU's."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from detector_rig import OPTIONS, frames_of

from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.dcmd import Dcmd
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.training import trainer
from dcmd_ros.training.features import gather
from dcmd_ros.training.material import learn_view
from dcmd_ros.training.trainer import Job, Progress, Trainer, half_precision


def taught(path: Path) -> tuple[dict[str, torch.Tensor], float]:
    """A student after two steps, and its loss on validation parts."""
    frames = frames_of(range(8))
    preparation = Preparation(*learn_view(frames, OPTIONS.network.size))
    features = gather([preparation(frame) for frame in frames],
                      Backbone(OPTIONS.network.backbone, OPTIONS.network.size), 'cpu')
    torch.manual_seed(0)
    progress = Progress(path, 'run')
    students = Trainer(Dcmd(OPTIONS.network), features, features, OPTIONS, progress).run(
        [Job('final/rgb', 'rgb', tuple(range(8)), 2)])
    return students['final/rgb'].state_dict(), progress.history['final/rgb'][-1][1]


def test_a_cpu_trains_in_full_precision() -> None:
    assert isinstance(half_precision('cpu'), nullcontext)


def test_the_loss_is_taken_in_full_precision_and_hardly_moves(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full, loss = taught(tmp_path / 'full.pth')
    monkeypatch.setattr(trainer, 'half_precision',
                        lambda device: torch.autocast('cpu', dtype=torch.bfloat16))
    half, other = taught(tmp_path / 'half.pth')
    assert all(value.dtype != torch.bfloat16 for value in half.values())
    assert any(not torch.equal(full[name], half[name]) for name in full)
    assert other == pytest.approx(loss, rel=0.02) and other != loss
