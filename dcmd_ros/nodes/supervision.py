"""Gathers what the parts know for `/diagnostics`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticStatus

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.nodes import incidents
from dcmd_ros.nodes.diagnostics import (
    InferenceReport,
    PairingReport,
    SensorReport,
    resting,
)

if TYPE_CHECKING:
    from dcmd_ros.nodes.inspector_node import InspectorNode


class Supervision:
    """Looks at an InspectorNode from the executor; changes nothing."""

    def __init__(self, node: InspectorNode) -> None:
        self._node = node
        self._seen = (time.monotonic(), 0)
        self._incidents = {modality: incidents.Incidents() for modality in MODALITIES}

    def statuses(self) -> list[DiagnosticStatus]:
        """`<node>: rgb`, `depth`, `pairing`, `inference`."""
        node = self._node
        name = node.get_fully_qualified_name().lstrip('/')
        if node.state == 'active':
            parts = [self.sensor(m).status(f'{name}: {m}') for m in MODALITIES]
            parts.append(self.pairing().status(f'{name}: pairing'))
        else:
            parts = [resting(f'{name}: {part}', node.state) for part in (*MODALITIES, 'pairing')]
        return [*parts, self.inference().status(f'{name}: inference')]

    def cause(self) -> str:
        """Why no result comes, as far as known: the failure, the model's or the sensors'."""
        if self._node.failure:
            return self._node.failure
        if self._node.state != 'active':
            return ''
        reports = [self.sensor(modality) for modality in MODALITIES]
        causes = [report.text for report in reports if not report.healthy]
        return '; '.join(causes) or self._node.tally.standing('inference')

    def sensor(self, modality: Modality) -> SensorReport:
        node = self._node
        source, offset = node.inputs.filters[modality], node.streams.pairing.offset
        blocks, warnings = node.inputs.troubles(modality)
        topic = node.inputs.topic(modality)
        counts = {**node.tally.counts(modality), **node.streams.counts(modality)}
        rise = self._incidents[modality].rise(counts, time.monotonic())
        return SensorReport(
            topic=topic, state=node.streams.pairing.states[modality],
            rate=source.rate(), silence=source.silence(),
            publishers=node.inputs.publishers(modality), offset=offset,
            blocks=list(filter(None, [*blocks, node.tally.standing(modality)])),
            warnings=[*warnings, *self._calibration(modality), *incidents.warnings(topic, rise)],
            notes=incidents.notes(topic, rise), refused=incidents.refused(rise), counts=counts,
            last_error=node.tally.last_error(modality))

    def _calibration(self, modality: Modality) -> list[str]:
        """What is to be said of the modality's CameraInfo."""
        infos, topic = self._node.infos, self._node.inputs.info_topic(modality)
        if refused := infos.refused.get(modality):
            return [f'{topic}: {refused}']
        if infos.recently_changed(modality):
            return [f'{topic} changed']
        if all(infos.model(m) is None for m in MODALITIES):
            return [f'no CameraInfo on {topic} yet: the training camera is assumed']
        return []

    def pairing(self) -> PairingReport:
        node = self._node
        pairing = node.streams.pairing
        return PairingReport(
            states=pairing.states, offset=pairing.offset, waiting=pairing.waiting,
            trouble=node.tally.standing('pairing'), counts=node.tally.counts('pairing'),
            last_error=node.tally.last_error('pairing'))

    def inference(self) -> InferenceReport:
        node, judge = self._node, self._node.pipeline.judge
        counts = node.tally.counts('inference')
        mismatch = node.infos.mismatch(judge.intrinsics if judge else None)
        return InferenceReport(
            lifecycle=node.state, model=node.pipeline.loaded or node.settings.model,
            device=judge.device if judge else node.settings.device,
            category=judge.category if judge else '', rate=self._rate(counts.get('results', 0)),
            latencies=node.tally.latencies(),
            trouble=node.failure or node.tally.standing('inference'),
            warnings=list(filter(None, [*(judge.warnings if judge else ()), mismatch])),
            counts={**counts, 'overwritten': node.worker.mailbox.overwritten,
                    'stale': node.worker.stale},
            last_error=node.tally.last_error('inference') or node.failure,
            engine=judge.engine if judge else '', stages=node.tally.stage_medians())

    def _rate(self, results: int) -> float:
        """Results per second since the last call."""
        now = time.monotonic()
        (before, had), self._seen = self._seen, (now, results)
        return max(0, results - had) / max(now - before, 1e-3)
