"""What happens in the demo: which kind of part comes when, and what befalls the sensors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcmd_ros.errors import DcmdError
from dcmd_ros.share import share_directory
from dcmd_ros.simulation import KINDS

TRAINING_SEEDS = (0, 1)


@dataclass(frozen=True)
class Phase:
    """
    A stretch of the demo.

    text     what to tell the viewer
    lies     a sensor delivers what is not there
    returns  a sensor is back: how long until both inspect again is measured
    """

    text: str
    seconds: float
    fault: str = ''
    lies: bool = False
    returns: bool = False


@dataclass
class Played:
    """
    A phase that was shown, and with which kind of part.

    begin         steady seconds at which its fault was set
    since, until  stamps in seconds of the frames that it may have befallen
    """

    kind: str
    phase: Phase
    begin: float
    since: float
    until: float = math.inf

    def holds(self, stamps: Iterable[float]) -> bool:
        """Whether all these frames are among them."""
        return all(self.since <= stamp < self.until for stamp in stamps)


@dataclass(frozen=True)
class Act:
    """Phases with one kind of part, and its model."""

    kind: str
    model: Path
    phases: tuple[Phase, ...]

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)


ACTS = (
    (Phase('both sensors', 7), Phase('depth unplugged', 7, 'drop depth'),
     Phase('depth back', 3, returns=True)),
    (Phase('both sensors', 3), Phase('colour blinded', 7, 'blind rgb'),
     Phase('colour back', 3, returns=True)),
    (Phase('both sensors', 3), Phase('depth frozen', 6, 'freeze depth', lies=True),
     Phase('depth alive', 3, returns=True)),
    (Phase('both sensors', 3),
     Phase('depth misregistered', 5, 'misregister depth 12px', lies=True),
     Phase('depth in place', 3)),
)


def script(model: Path | None = None, folder: Path | None = None) -> tuple[Act, ...]:
    """
    The acts, shared out among the kinds that there are models for.

    :param model: of the one part to show; None = the files dcmd_KIND_best.pth of the folder
    :raises DcmdError: there is no model
    """
    models = {'turned': model} if model else found(folder or share_directory() / 'models')
    missing = [str(file) for file in models.values() if not file.is_file()]
    if missing or not models:
        raise DcmdError(f'no model at {", ".join(missing) or "models/dcmd_KIND_best.pth"}; '
                        'models/README.md says how it is made')
    kinds = list(models)
    order = [kinds[number * len(kinds) // len(ACTS)] for number in range(len(ACTS))]
    return tuple(Act(kind, models[kind], phases)
                 for kind, phases in zip(order, ACTS, strict=True))


def found(folder: Path) -> dict[str, Path]:
    """The models of the simulator's kinds of part."""
    files = {kind: folder / f'dcmd_{kind}_best.pth' for kind in KINDS}
    return {kind: file for kind, file in files.items() if file.is_file()}


def shown(acts: Sequence[Act]) -> list[str]:
    """The kinds of part, in the order of their coming."""
    return list(dict.fromkeys(act.kind for act in acts))
