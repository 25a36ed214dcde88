"""One sample of a data set: what the sensors saw of one part, and the truth about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.training.image_files import read_image, read_mask

Split = Literal['train', 'validation', 'test']

SPLITS: tuple[Split, Split, Split] = ('train', 'validation', 'test')
GOOD = 'good'


class Images(NamedTuple):
    """
    rgb    (H, W, 3) uint8, or None
    depth  (H, W) float32 metres, 0 = missing, or None
    xyz    (H, W, 3) float32 metres, (0, 0, 0) = missing, or None; its z is `depth`
    """

    rgb: NDArray[np.uint8] | None
    depth: NDArray[np.float32] | None
    xyz: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Sample:
    """
    name    `<label>/<file's stem>`, unique in its split
    label   `good` or the defect's name
    file    its colour image, else its geometry, or the bag that holds them
    mask    the image of what is defective, or what reads it
    """

    name: str
    label: str
    split: Split
    file: Path
    loader: Callable[[], Images] = field(repr=False, compare=False)
    mask: Path | Callable[[], NDArray[np.bool_] | None] | None = None

    def load(self) -> Images:
        """
        Read the images.

        :raises DcmdError: a file cannot be read, or the two are of different size
        """
        images = self.loader()
        sizes = {image.shape[:2] for image in images if image is not None}
        if len(sizes) != 1:
            found = ' and '.join(f'{width}x{height}' for height, width in sorted(sizes))
            raise DcmdError(f'{self.file}: colour and depth differ in size ({found}); '
                            'register depth to colour first')
        return images

    def truth(self) -> NDArray[np.bool_] | None:
        """(H, W) true where defective, all false for a good part without a mask, else None."""
        if callable(self.mask):
            return self.mask()
        if self.mask:
            return read_mask(self.mask)
        return np.zeros(read_image(self.file).shape[:2], bool) if self.label == GOOD else None
