"""The facade: load a model, give it frames, get inspections."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, MODES, Frame, Modality, Mode
from dcmd_ros.inspection import THRESHOLD, Inspection, Verdict
from dcmd_ros.network.anomaly_map import alarm_mask, anomaly_map, spread_out, without_specks
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import ModelError, load_checkpoint
from dcmd_ros.network.detector import Detector, Sight, outliner
from dcmd_ros.network.engine_start import EngineStart
from dcmd_ros.network.fitting import Fitting, fitting
from dcmd_ros.network.lanes import AT_ONCE, Lanes
from dcmd_ros.network.preparation import Preparation, Prepared, Roi
from dcmd_ros.network.quality import TRUSTED

__all__ = ['DeviceError', 'FrameError', 'Inspector', 'ModelError']


class DeviceError(DcmdError):
    """A device that is not there."""


class FrameError(DcmdError):
    """A frame that no sensor can have sent."""


@dataclass(frozen=True)
class _Look:
    """A prepared frame, what the teacher sees in it (None: nothing asked), and the trust."""

    prepared: Prepared
    sight: Sight | None
    trust: dict[Modality, float]


class Inspector:
    """
    Judges frames with a trained model, from any thread.

    Alone a frame gets all cores, beside another one a core for itself.

    category    that was trained
    device      'cpu' or 'cuda:N'
    intrinsics  of the training camera
    modalities  that were trained
    engine      what runs the network, and how it came to that
    at_once     frames that are worth inspecting at the same time
    warnings    what the user should know, each once
    """

    def __init__(self, model: str | Path, device: str = 'auto', threads: int = 0,
                 engine: str = 'torch', background: bool = False) -> None:
        """
        :param device: auto, cpu or cuda:N.
        :param threads: of the CPU's arithmetic; 0 leaves them.
        :param engine: what runs the network, one of `network.engine.ENGINES`.
        :param background: torch serves until another engine is ready; else wait for it here.
        :raises ModelError: the file is missing, damaged or not for this version.
        :raises DeviceError: the device is not there.
        :raises EngineError: the engine cannot be had here.
        """
        self.warnings: list[str] = []
        self.device, warning = choose_device(device)
        self._warn(warning)
        if threads:
            torch.set_num_threads(threads)
        found = load_checkpoint(model)
        self.category, self.intrinsics = found.category, found.view.intrinsics
        self.modalities: tuple[Modality, ...] = MODALITIES
        self._checkpoint = found
        teacher = Backbone(found.config.backbone, found.config.size).to(self.device)
        network = found.network.folded().to(self.device)
        several = self.device == 'cpu' and torch.get_num_threads() > 1
        lanes = Lanes() if several else None
        self.at_once = AT_ONCE if several else 1
        confidence = found.confidence and found.confidence.to(self.device)
        self._detector = Detector(network, teacher, found.scales, self.device, lanes, confidence)
        outline = found.silhouette and outliner(found.silhouette.to(self.device), teacher,
                                                self.device, lambda: self._detector.engine)
        self._prepare = Preparation(found.view, found.scene, outline, gated=True, lanes=lanes,
                                    usual=found.usual_quality)
        if not found.scene.reliable:
            self._warn(f'the whole region is inspected as part: {found.scene.reason}')
        self._start = EngineStart(engine, Path(model), self._detector,
                                  torch.get_num_threads(), background, self._warn)

    @property
    def engine(self) -> str:
        """What runs the network, and in brackets why, or what is being done about it."""
        return self._start.state

    def warm_up(self) -> None:
        """One dry pass for each availability mode at the trained size."""
        height, width = self.intrinsics.height, self.intrinsics.width
        rgb = np.full((height, width, 3), 127, np.uint8)
        depth = np.ones((height, width), np.float32)
        for mode in MODES:
            prepared = self._prepare(Frame(0, rgb=None if mode == 'depth_only' else rgb,
                                           depth=None if mode == 'rgb_only' else depth))
            everywhere = np.ones_like(prepared.foreground)
            self._detector(replace(prepared, foreground=everywhere), mode)

    def inspect(self, frame: Frame, roi: Roi | None = None,
                min_region_area: int = 0) -> Inspection:
        """
        :param roi: x, y, width, height in pixels of the frame; what lies outside is no part.
        :param min_region_area: pixels; smaller anomalous regions are specks and do not count:
            their map values are squeezed, in order, right below the threshold.
        :raises FrameError: the frame is empty, or its images do not fit together.
        """
        lanes = self._detector.lanes
        with nullcontext() if lanes is None else lanes.frame():
            return self._inspect(frame, roi, min_region_area)

    def _inspect(self, frame: Frame, roi: Roi | None, min_region_area: int) -> Inspection:
        mode, clock = _checked(frame), _Clock()
        fit, warning = fitting(frame, self.intrinsics)
        self._warn(warning)
        whole = fit.to_trained(_with_depth(frame))
        roi = None if roi is None else fit.roi(roi)
        look, trusted = self._trusted(whole, roi, clock)
        scores = without_specks(self._map(look, trusted, fit, clock), min_region_area)
        verdict, score = self._verdict(scores, look.prepared, trusted)
        told = 'whole' if trusted is None else look.prepared.presence
        alarms = alarm_mask(scores)
        clock.lap('map')
        return Inspection(frame.stamp, frame.frame_id, mode, verdict, score, scores, alarms,
                          look.trust, clock.laps, presence=told, centre=look.prepared.centre)

    def confidence(self, frame: Frame) -> dict[Modality, float]:
        """The frame's mean trust in each sensor, 0 to 1, without judging it; NaN where absent."""
        _checked(frame)
        fit, _ = fitting(frame, self.intrinsics)
        return self._look(fit.to_trained(_with_depth(frame)), None, _Clock()).trust

    def confidence_maps(self, frame: Frame) -> dict[Modality, NDArray[np.float32]]:
        """
        Where each sensor of the frame can be trusted: (H, W), 0 to 1, NaN off the part; empty
        where the model has no confidence network.
        """
        _checked(frame)
        fit, _ = fitting(frame, self.intrinsics)
        look = self._look(fit.to_trained(_with_depth(frame)), None, _Clock())
        view = self._checkpoint.view
        found = {} if look.sight is None else look.sight.confidence()
        part = look.prepared.foreground
        return {m: spread_out(c[0, 0].cpu().numpy(), part, view, fit) for m, c in found.items()}

    def _trusted(self, frame: Frame, roi: Roi | None,
                 clock: _Clock) -> tuple[_Look, Mode | None]:
        """
        The frame without its untrusted sensor, and the mode that is left, None if none is.

        The part is looked for again without that sensor, which may have misled the search.
        """
        look = self._look(frame, roi, clock)
        doubtful = sorted((m for m in frame.present if look.trust[m] < TRUSTED),
                          key=look.trust.__getitem__)
        if not doubtful:
            return look, frame.mode
        for modality in doubtful if len(frame.present) == 2 else ():
            alone = _without(frame, modality)
            again = self._look(alone, roi, clock)
            left = alone.present[0]
            if again.trust[left] >= TRUSTED:
                trust = {**look.trust, left: again.trust[left]}
                return replace(again, trust=trust), alone.mode
        return look, None

    def _look(self, frame: Frame, roi: Roi | None, clock: _Clock) -> _Look:
        prepared = self._prepare(frame, roi)
        trust = {m: prepared.trust.get(m, float('nan')) for m in MODALITIES}
        clock.lap('prepare')
        if not prepared.foreground.any():
            return _Look(prepared, None, trust)
        assert frame.mode is not None
        sight = self._detector.look([prepared], frame.mode)
        mean = sight.mean()
        clock.lap('network')
        return _Look(prepared, sight, {m: v * mean.get(m, 1.0) for m, v in trust.items()})

    def _map(self, look: _Look, mode: Mode | None, fit: Fitting,
             clock: _Clock) -> NDArray[np.float32]:
        part, view = look.prepared.foreground, self._checkpoint.view
        if mode is None or look.sight is None:
            return anomaly_map(None, None, part, view, fit)
        found = [each.cpu().numpy() for each in self._detector.judge(look.sight)]
        clock.lap('network')
        return anomaly_map(found[0], found[1], part, view, fit)

    def _verdict(self, scores: NDArray[np.float32], prepared: Prepared,
                 mode: Mode | None) -> tuple[Verdict, float]:
        if mode is None:
            return 'unknown', float('nan')
        if prepared.presence != 'whole':
            return 'no_part', 0.0
        if not (scores > 0).any():
            return 'unknown', float('nan')
        score = float(np.nanmax(scores))
        return ('anomalous' if score >= THRESHOLD else 'good'), score

    def _warn(self, text: str) -> None:
        if text and text not in self.warnings:
            self.warnings.append(text)


def choose_device(device: str) -> tuple[str, str]:
    """
    'auto', 'cpu' or 'cuda:N' -> the device to use, and a warning or ''.

    :raises DeviceError: it is unknown or not there.
    """
    if device == 'cpu':
        return device, ''
    if device == 'auto':
        if torch.cuda.is_available():
            return 'cuda:0', ''
        return 'cpu', 'no CUDA device found: running on the CPU'
    index = device.removeprefix('cuda').lstrip(':') or '0'
    if not device.startswith('cuda') or not index.isdigit():
        raise DeviceError(f'device {device!r} is unknown: choose auto, cpu or cuda:N')
    if int(index) >= torch.cuda.device_count():
        raise DeviceError(f'device {device!r} is not there ({torch.cuda.device_count()} CUDA '
                          'devices found): choose auto or cpu')
    return f'cuda:{index}', ''


class _Clock:
    """Milliseconds by stage, added up where a stage comes again."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = self.laps.get(stage, 0.0) + (now - self._last) * 1e3
        self._last = now


def _checked(frame: Frame) -> Mode:
    if frame.mode is None:
        raise FrameError('the frame is empty: neither colour nor depth')
    images = {'rgb': frame.rgb, 'depth': frame.depth, 'xyz': frame.xyz}
    for name, image in images.items():
        if image is None:
            continue
        channels = {'rgb': 3, 'xyz': 3}.get(name)
        wanted = 2 if channels is None else 3
        if image.ndim != wanted or 0 in image.shape or (channels and image.shape[2] != channels):
            raise FrameError(f'{name} has shape {image.shape}, it must be '
                             f'{"(H, W)" if wanted == 2 else "(H, W, 3)"}')
        if image.shape[:2] != frame.size:
            raise FrameError(f'{name} is {image.shape[1]}x{image.shape[0]}, colour is '
                             f'{frame.size[1]}x{frame.size[0]}: register depth to colour')
    if frame.rgb is not None and frame.rgb.dtype != np.uint8:
        raise FrameError(f'rgb is {frame.rgb.dtype}, it must be uint8')
    return frame.mode


def _with_depth(frame: Frame) -> Frame:
    """Depth as float32 metres, finite, taken from xyz where only that is there."""
    depth = frame.depth if frame.depth is not None or frame.xyz is None else frame.xyz[..., 2]
    if depth is None:
        return frame
    depth = np.ascontiguousarray(depth, np.float32)
    if not (depth.min() >= 0 and depth.max() < np.inf):
        depth = np.maximum(np.nan_to_num(depth, nan=0.0, posinf=0.0, neginf=0.0), 0)
    return replace(frame, depth=depth, xyz=None)


def _without(frame: Frame, modality: Modality) -> Frame:
    return replace(frame, rgb=None) if modality == 'rgb' else replace(frame, depth=None)
