"""Memory that runs out while training ends in one line that says what to lower."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from detector_rig import OPTIONS

from dcmd_ros.training.material import TrainingError
from dcmd_ros.training.out_of_memory import memory_told

PETABYTE = 2 ** 50


def torch_runs_out() -> None:
    torch.empty(64 * PETABYTE, dtype=torch.uint8)


def numpy_runs_out() -> None:
    np.empty(64 * PETABYTE, np.uint8)


def cuda_runs_out() -> None:
    raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')


@pytest.mark.parametrize('allocate', [torch_runs_out, numpy_runs_out, cuda_runs_out])
def test_one_line_names_what_to_lower(allocate) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TrainingError) as told, memory_told(replace(OPTIONS, batch=5)):
        allocate()
    text = str(told.value)
    assert '\n' not in text and 'the machine has no memory left' in text
    assert '--batch (now 5)' in text and '--image-size (now 64)' in text and '--device' not in text


def test_on_a_gpu_the_cpu_is_another_way() -> None:
    with pytest.raises(TrainingError, match='device cuda:0 has no memory.*--device cpu'), \
            memory_told(replace(OPTIONS, device='cuda:0')):
        cuda_runs_out()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match='must match'), memory_told(OPTIONS):
        torch.zeros(2) + torch.zeros(3)
    with pytest.raises(cv2.error), memory_told(OPTIONS):
        cv2.resize(np.zeros((0, 0)), (4, 4))
