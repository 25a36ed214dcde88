"""The cameras' calibrations: cached, never paired; a change is noticed."""

from __future__ import annotations

import time
from typing import Any

from dcmd_ros.frame import MODALITIES, Intrinsics, Modality
from dcmd_ros.framing.tally import Tally
from dcmd_ros.sensing.codec import MessageError
from dcmd_ros.sensing.registration import CameraModel, camera_model, check_image_size

RECENT = 30.0  # s
TOLERANCE = 0.05  # of the image's width: focal length or centre off by more is another camera


class CameraInfos:
    """Newest CameraInfo by modality; set by the executor, read by the inference thread."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._known: dict[Modality, tuple[Any, CameraModel]] = {}
        self._changed: dict[Modality, float] = {}
        self.refused: dict[Modality, str] = {}  # why it is not used

    def update(self, modality: Modality, message: Any, rectified: bool = False) -> str:
        """
        Keep it; returns a warning where it differs from the one before, else nothing.

        :param rectified: whether the image beside it is, by its topic's name
        """
        known = self._known.get(modality)
        if known is not None and calibration(known[0]) == calibration(message):
            return ''
        try:
            self._known[modality] = message, camera_model(message, modality, rectified)
        except MessageError as error:
            self._tally.count(modality, 'camera_info')
            seen, self.refused[modality] = self.refused.get(modality), str(error)
            return '' if seen == str(error) else str(error)
        self.refused.pop(modality, None)
        if known is None:
            return ''
        self._tally.count(modality, 'camera_info_changed')
        self._changed[modality] = time.monotonic()
        return f'the CameraInfo of {modality} changed'

    def recently_changed(self, modality: Modality) -> bool:
        """Whether another one came within the last while."""
        return time.monotonic() - self._changed.get(modality, -RECENT) < RECENT

    def message(self, modality: Modality) -> Any | None:
        known = self._known.get(modality)
        return known[0] if known else None

    def model(self, modality: Modality) -> CameraModel | None:
        known = self._known.get(modality)
        return known[1] if known else None

    def fitting(self, modality: Modality, size: tuple[int, int]) -> CameraModel | None:
        """The model of an image (height, width); None, and noted, where it is of another size."""
        model = self.model(modality)
        if model is None:
            return None
        try:
            check_image_size(size, model, modality)
        except MessageError as error:
            self.refused[modality] = str(error)
            return None
        self.refused.pop(modality, None)
        return model

    def mismatch(self, trained: Intrinsics | None) -> str:
        """How the present camera differs from the one trained on, empty where it does not."""
        models = [model for m in MODALITIES if (model := self.model(m)) is not None]
        if trained is None or not models:
            return ''
        return difference(models[0].intrinsics, trained)


def calibration(message: Any) -> tuple[object, ...]:
    """What must be equal for two messages to mean the same camera."""
    return (message.width, message.height, message.distortion_model, tuple(message.d),
            tuple(message.k), tuple(message.r), tuple(message.p))


def difference(present: Intrinsics, trained: Intrinsics) -> str:
    """The first of fx, fy, cx, cy that is off, relative to the images' widths."""
    for name in ('fx', 'fy', 'cx', 'cy'):
        now = getattr(present, name) / present.width
        then = getattr(trained, name) / trained.width
        if abs(now - then) > TOLERANCE:
            return (f'the camera is not like the one trained on: {name} is {now:.2f} image '
                    f'widths, was {then:.2f}; train or calibrate with this camera')
    return ''
