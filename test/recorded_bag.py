"""Small bags of a simulated camera, as `record` would write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message

from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.frame import Intrinsics, Modality
from dcmd_ros.nodes.replayer import ros_name
from dcmd_ros.nodes.source_messages import camera_info, picture, truth_label, truth_mask
from dcmd_ros.sensing.faults import Emission

SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND
PERIOD = SECOND // 10
WIDTH, HEIGHT = 32, 24
CAMERA = Intrinsics(WIDTH, HEIGHT, 40.0, 40.0, 15.5, 11.5)
Pictures = Callable[[int], dict[Modality, np.ndarray]]


def plain(number: int) -> dict[Modality, np.ndarray]:
    """Colour and depth that tell the frame's number."""
    return {'rgb': np.full((HEIGHT, WIDTH, 3), number + 1, np.uint8),
            'depth': np.full((HEIGHT, WIDTH), 0.5 + 0.001 * number, np.float32)}


def write_bag(path: Path, frames: int = 20, pictures: Pictures = plain,
              skip: dict[Modality, range] | None = None, truth: bool = True,
              bad: range = range(0), camera: Intrinsics = CAMERA,
              masks: Sequence[NDArray[np.bool_]] | None = None) -> Path:
    """
    A bag of both sensors at 10 Hz, depth recorded 5 ms after colour.

    :param skip: frames that a sensor did not send
    :param bad: frames labelled `bent`, with a mask of one pixel
    :param masks: the truth instead, (H, W) for each frame
    """
    with BagWriter(path) as writer:
        def write(topic: str, message: object, received: int) -> None:
            writer.write(topic, ros_name(type(message)), serialize_message(message), received)

        for number in range(frames):
            stamp = BEGIN + number * PERIOD
            if truth:
                mask = np.zeros((HEIGHT, WIDTH), bool) if masks is None else masks[number]
                mask[5, 7] |= number in bad
                label = 'bent' if mask.any() else 'good'
                write('/truth/label', truth_label(label, f'{number}.png', stamp), stamp)
                write('/truth/mask', truth_mask(mask, stamp), stamp)
            for sensor, folder, lag in zip(('rgb', 'depth'), ('/rgb', '/depth'), (0, 5_000_000),
                                           strict=True):
                if number in (skip or {}).get(sensor, range(0)):
                    continue
                sent = Emission(pictures(number)[sensor], stamp)
                write(f'{folder}/camera_info', camera_info(sent, camera), stamp + lag)
                write(f'{folder}/image', picture(sensor, sent, '16UC1'), stamp + lag)
    return path
