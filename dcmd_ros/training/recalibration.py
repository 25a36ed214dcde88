"""New thresholds for a trained model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dcmd_ros.frame import Frame, Mode
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.network.detector import Detector, outliner
from dcmd_ros.network.fitting import fitting
from dcmd_ros.network.fusion import Scale
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.training.calibration import HeldOut, calibrated
from dcmd_ros.training.material import FEWEST, Frames, TrainingError, fingerprint


def recalibrate(model: Path, frames: Frames, out: Path, rate: float,
                say: Callable[[str], None]) -> dict[Mode, Scale]:
    """
    Chooses the thresholds anew from good parts, without training; writes the model to `out`.

    :raises TrainingError: fewer than 8 parts that the model was not trained on. Thresholds from
        parts that it was trained on are worthless: it knows them too well.
    """
    checkpoint = load_checkpoint(model)
    seen = set(checkpoint.seen)
    fresh = [i for i, frame in enumerate(frames) if fingerprint(frame) not in seen]
    trained = checkpoint.view.intrinsics
    if len(frames) and (difference := fitting(frames[0], trained)[1]):
        say(f'warning: {difference}')
    if len(fresh) < len(frames):
        say(f'warning: {len(frames) - len(fresh)} of {len(frames)} parts left out: the model was '
            'trained on them')
    if len(fresh) < FEWEST:
        raise TrainingError(f'{len(fresh)} good parts that the model was not trained on, at '
                            f'least {FEWEST} are needed: record new ones')
    teacher = Backbone(checkpoint.config.backbone, checkpoint.config.size)
    outline = checkpoint.silhouette and outliner(checkpoint.silhouette, teacher)

    def fitted(index: int) -> Frame:
        frame = frames[fresh[index]]
        return fitting(frame, trained)[0].to_trained(frame)
    held = HeldOut(Detector(checkpoint.network, teacher, {}, confidence=checkpoint.confidence),
                   len(fresh), fitted)
    preparation = Preparation(checkpoint.view, checkpoint.scene, outline,
                              usual=checkpoint.usual_quality)
    checkpoint.scales = calibrated([held], preparation, rate, checkpoint.scales['both'].weights,
                                   lambda text: say(f'warning: {text}'))
    checkpoint.training.pop('made_up_found', None)  # it went by the old thresholds
    checkpoint.save(out)
    return checkpoint.scales
