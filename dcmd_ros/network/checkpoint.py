"""The file that `train` writes and `Inspector` reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import dcmd_ros
from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODES, Intrinsics, Mode
from dcmd_ros.network.backbone import backbone_spec, weights_sha256
from dcmd_ros.network.confidence import Confidence
from dcmd_ros.network.dcmd import Dcmd, DcmdConfig
from dcmd_ros.network.fusion import Scale
from dcmd_ros.network.preparation import View
from dcmd_ros.network.silhouette import Silhouette
from dcmd_ros.sensing.foreground import Scene

FORMAT = 5
_KIND = 'dcmd_ros model'


class ModelError(DcmdError):
    """A model file that is missing, damaged, of another version or not a model at all."""


@dataclass
class Checkpoint:
    """
    All that a trained inspector is, without the teacher's weights.

    seen      fingerprint of the training data: a hash for each frame that was trained on
    history   loss by job and step, for curves
    """

    category: str
    config: DcmdConfig
    view: View
    scene: Scene
    network: Dcmd
    silhouette: Silhouette | None
    scales: dict[Mode, Scale]
    usual_quality: dict[str, dict[str, tuple[float, float]]]
    seen: list[str]
    confidence: Confidence
    training: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Writes beside the target and renames, so that a reader never sees half a file."""
        write_atomically(self._packed(), path)

    def _packed(self) -> dict[str, Any]:
        scene = asdict(self.scene)
        scene['surface'] = torch.from_numpy(self.scene.surface).half()
        return {
            'kind': _KIND, 'format': FORMAT, 'category': self.category,
            'config': asdict(self.config),
            'teacher': {'name': self.config.backbone,
                        'sha256': weights_sha256(self.config.backbone)},
            'intrinsics': asdict(self.view.intrinsics),
            'view': asdict(self.view), 'scene': scene,
            'network': _halved(self.network.state_dict()),
            'silhouette': self.silhouette and _halved(self.silhouette.state_dict()),
            'confidence': _halved(self.confidence.state_dict()),
            'calibration': {mode: asdict(scale) for mode, scale in self.scales.items()},
            'usual_quality': self.usual_quality,
            'training_data': list(self.seen), 'training': self.training,
            'versions': {'dcmd_ros': dcmd_ros.__version__, 'torch': str(torch.__version__),
                         'numpy': np.__version__},
        }


def load_checkpoint(path: str | Path) -> Checkpoint:
    """
    Reads a model; runs no code that the file might hold.

    :raises ModelError: in one line, what is wrong and what to do.
    """
    path = Path(path)
    packed = _read(path)
    if not isinstance(packed, dict) or packed.get('kind') != _KIND:
        raise ModelError(f'{path}: not a model of dcmd_ros; train one with `dcmd_ros train`')
    if packed.get('format') != FORMAT:
        raise ModelError(f'{path}: model format {packed.get("format")}, this version reads '
                         f'{FORMAT}; train again or install the version that wrote it')
    try:
        _check_teacher(path, packed['teacher'])
        return _unpacked(packed)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, IndexError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f'{path}: damaged model ({text}); train it again or take it from a '
                         'backup') from error


def _read(path: Path) -> Any:
    if not path.is_file():
        raise ModelError(f'{path}: no such model file; train one with `dcmd_ros train`')
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # damage shows in whatever way the unpickler stumbles
        raise ModelError(f'{path}: cannot be read as a model: damaged, cut short, or holding '
                         'code, which is never run; take it from a backup or train it '
                         'again') from error


def _check_teacher(path: Path, teacher: Mapping[str, str]) -> None:
    backbone_spec(teacher['name'])
    if weights_sha256(teacher['name']) != teacher['sha256']:
        raise ModelError(f'{path}: trained with other weights of {teacher["name"]} than are '
                         'installed; install those or train again')


def _unpacked(packed: Mapping[str, Any]) -> Checkpoint:
    config = DcmdConfig(**packed['config'])
    view = dict(packed['view'])
    view['intrinsics'] = Intrinsics(**packed['intrinsics'])
    scene = dict(packed['scene'])
    scene['surface'] = scene['surface'].float().numpy()
    network = Dcmd(config)
    network.load_state_dict(_widened(packed['network']))
    silhouette = None
    if packed['silhouette'] is not None:
        silhouette = Silhouette(backbone_spec(config.backbone).channels)
        silhouette.load_state_dict(_widened(packed['silhouette']))
        silhouette.eval()
    confidence = Confidence(backbone_spec(config.backbone).channels)
    confidence.load_state_dict(_widened(packed['confidence']))
    scales = {mode: Scale(**packed['calibration'][mode]) for mode in MODES}
    return Checkpoint(packed['category'], config, View(**view), Scene(**scene),
                      network.eval(), silhouette, scales, packed['usual_quality'],
                      packed['training_data'], confidence.eval(), packed['training'])


def _halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.half() if t.is_floating_point() else t for name, t in state.items()}


def _widened(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.float() if t.is_floating_point() else t for name, t in state.items()}


def write_atomically(packed: Mapping[str, Any], path: Path) -> None:
    """torch.save to a file beside `path`, then rename."""
    partial = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        torch.save(dict(packed), partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
