"""One judged frame, and its message on `~/inspection`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from dcmd_ros.frame import MODALITIES, Frame, Modality
from dcmd_ros.inspection import Inspection
from dcmd_ros.stream.health import LOSSES
from dcmd_ros.stream.passes import Policy
from dcmd_ros.stream.stamps import seconds

SCHEMA = 1
VERDICT_LEVELS = {
    'good': DiagnosticStatus.OK, 'no_part': DiagnosticStatus.OK,
    'anomalous': DiagnosticStatus.WARN, 'unknown': DiagnosticStatus.ERROR}
STATE_LEVELS = {
    'ok': DiagnosticStatus.OK, 'idle': DiagnosticStatus.OK, 'disabled': DiagnosticStatus.OK,
    'waiting': DiagnosticStatus.WARN, 'late': DiagnosticStatus.WARN,
    'degraded': DiagnosticStatus.WARN, 'paused': DiagnosticStatus.WARN,
    'unsynchronised': DiagnosticStatus.ERROR, 'frozen': DiagnosticStatus.ERROR,
    'lost': DiagnosticStatus.ERROR}
NAN = float('nan')


@dataclass(frozen=True)
class Sensor:
    """
    One sensor's part in a result.

    state       of the contract's list
    confidence  0..1, NaN where it took no part
    stamp       of its message in nanoseconds, None where it took no part
    age_ms      from the stamp to now, NaN where it took no part
    """

    state: str
    confidence: float = NAN
    stamp: int | None = None
    age_ms: float = NAN


@dataclass(frozen=True)
class Result:
    """
    A judged frame on its way to the publishers.

    header      of the message that the frame is stamped by, unchanged
    latency_ms  from the arrival of the frame's first message
    category    of the model that judged it
    policy      what `on_sensor_loss` made of the verdict
    """

    header: Header
    frame: Frame
    inspection: Inspection
    sensors: Mapping[Modality, Sensor]
    latency_ms: float
    category: str = ''
    policy: Policy = 'continue'

    @property
    def degraded(self) -> bool:
        """Whether a sensor took no part, or is not to be trusted."""
        return self.inspection.mode != 'both' or any(
            sensor.state in LOSSES for sensor in self.sensors.values())

    @property
    def summary(self) -> str:
        """Verdict, score and mode in a few words, the verdict first."""
        text = f'{self.inspection.verdict}, score {self.inspection.score:.4f}, ' \
               f'mode {self.inspection.mode}'
        return f'{text}, degraded ({self.shortfall})' if self.degraded else text

    @property
    def shortfall(self) -> str:
        """Which sensor is missing or not to be trusted, and its state."""
        lacking = {m: s.state for m, s in self.sensors.items()
                   if s.stamp is None or s.state in LOSSES}
        return ', '.join(f'{m} {"missing" if lacking[m] == "ok" else lacking[m]}'
                         for m in MODALITIES if m in lacking)

    def message(self) -> DiagnosticArray:
        """As the contract has it on `~/inspection`."""
        return DiagnosticArray(header=self.header, status=[
            self._verdict(), *(self._sensor(modality) for modality in MODALITIES)])

    def _verdict(self) -> DiagnosticStatus:
        judged = self.inspection
        return status('inspection', VERDICT_LEVELS[judged.verdict], self.summary, {
            'schema': SCHEMA, 'verdict': judged.verdict, 'score': repr(float(judged.score)),
            'threshold': repr(float(judged.threshold)), 'mode': judged.mode,
            'degraded': 'true' if self.degraded else 'false', 'stamp': seconds(judged.stamp),
            'latency_ms': f'{self.latency_ms:.3f}', 'category': self.category})

    def _sensor(self, modality: Modality) -> DiagnosticStatus:
        sensor = self.sensors[modality]
        return status(modality, STATE_LEVELS[sensor.state], sensor.state, {
            'state': sensor.state, 'confidence': f'{sensor.confidence:.6f}',
            'stamp': 'nan' if sensor.stamp is None else seconds(sensor.stamp),
            'age_ms': f'{sensor.age_ms:.3f}'})


def status(
        name: str, level: bytes, message: str, values: Mapping[str, object]) -> DiagnosticStatus:
    """A diagnostic status; the values become text."""
    return DiagnosticStatus(name=name, level=level, message=message, values=[
        KeyValue(key=key, value=str(value)) for key, value in values.items()])
