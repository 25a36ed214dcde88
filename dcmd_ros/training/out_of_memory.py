"""Memory that ran out, in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from dcmd_ros.training.material import TrainingError
from dcmd_ros.training.options import TrainingOptions

_SAID = ('not enough memory', "can't allocate memory", 'Cannot allocate memory')
_CV_MEMORY = -4  # cv2.Error.StsNoMem


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was no memory left, on the device or beside it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, cv2.error):
        return getattr(error, 'code', 0) == _CV_MEMORY
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _SAID)


@contextmanager
def memory_told(options: TrainingOptions) -> Iterator[None]:
    """:raises TrainingError: instead of what the allocator raised, which setting to lower."""
    try:
        yield
    except (MemoryError, RuntimeError, cv2.error) as error:
        if not ran_out(error):
            raise
        where = 'the machine' if options.device == 'cpu' else f'device {options.device}'
        other = '' if options.device == 'cpu' else ', or train with --device cpu'
        raise TrainingError(
            f'{where} has no memory left: lower --batch (now {options.batch}) or --image-size '
            f'(now {options.network.size}), or train on fewer frames{other}') from error
