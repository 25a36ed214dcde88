"""What `/diagnostics` says: four statuses, each with its cause in words and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticStatus

from dcmd_ros.frame import Modality
from dcmd_ros.nodes.result import STATE_LEVELS, status

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE)
Counts = Mapping[str, int]
PAIRING = ('ok', 'late', 'degraded', 'frozen', 'idle')  # states in which messages pair


@dataclass(frozen=True)
class SensorReport:
    """
    What is known of one sensor.

    silence   seconds since its last message, or since the node listens
    offset    median of depth's stamp minus RGB's in s, None where unknown
    blocks    what keeps messages away or unreadable, each a line with the topic's name
    warnings  what should be put right, but inspection goes on
    notes     what is worth knowing and no fault
    refused   messages came of late that count for nothing
    """

    topic: str
    state: str
    rate: float
    silence: float
    publishers: int
    offset: float | None
    blocks: Sequence[str]
    warnings: Sequence[str]
    counts: Counts
    last_error: str
    notes: Sequence[str] = ()
    refused: bool = False

    @property
    def cause(self) -> str:
        """The state in words."""
        offset = 0.0 if self.offset is None else self.offset
        useless = self.state == 'lost' and self.rate > 0 and self.refused
        return (USELESS if useless else SENTENCES[self.state]).format(
            topic=self.topic, rate=self.rate, silence=self.silence, offset=offset, cure=-offset,
            source='' if self.publishers else ' (nobody publishes it)')

    @property
    def text(self) -> str:
        """The cause, and all that is wrong besides."""
        return '; '.join((self.cause, *self.blocks, *self.warnings, *self.notes))

    @property
    def healthy(self) -> bool:
        return STATE_LEVELS[self.state] == OK and not self.blocks

    def status(self, name: str) -> DiagnosticStatus:
        level = max(STATE_LEVELS[self.state], ERROR if self.blocks else OK,
                    WARN if self.warnings else OK)
        return status(name, level, self.text, {
            'state': self.state, 'topic': self.topic, 'rate_hz': f'{self.rate:.2f}',
            'age_s': f'{self.silence:.3f}', 'publishers': self.publishers,
            **counted(self.counts), 'last_error': self.last_error})


SENTENCES = {
    'waiting': 'no messages on {topic} yet{source}',
    'ok': '{rate:.1f} Hz on {topic}',
    'late': 'messages on {topic} come too late for their partner',
    'degraded': 'messages on {topic} come, but are hardly to be trusted',
    'frozen': 'messages on {topic} are all the same: the sensor is frozen',
    'lost': 'no messages on {topic} for {silence:.1f} s{source}',
    'idle': 'no shot; silence on {topic} is normal',
    'paused': '/clock stands still; {topic} is not judged',
    'unsynchronised': '{topic} never finds its partner: depth is {offset:+.4f} s from RGB; if '
                      'that is constant, set depth_offset to {cure:.4f}',
    'disabled': '{topic} is not used',
}
USELESS = 'no message on {topic} can be used'


def counted(counts: Counts) -> dict[str, int]:
    """Counters by name, in a steady order."""
    return dict(sorted(counts.items()))


def resting(name: str, lifecycle: str) -> DiagnosticStatus:
    """Of a part that rests because the node is not active."""
    return status(name, STALE, f'the node is {lifecycle}', {'lifecycle': lifecycle})


@dataclass(frozen=True)
class PairingReport:
    """
    What is known of the pairing.

    offset   median of depth's stamp minus RGB's in s, None where unknown
    waiting  messages of each sensor that wait for a partner
    """

    states: Mapping[Modality, str]
    offset: float | None
    waiting: Mapping[Modality, int]
    trouble: str
    counts: Counts
    last_error: str

    def status(self, name: str) -> DiagnosticStatus:
        apart = [f'{m} is {state}' for m, state in self.states.items() if state not in PAIRING]
        level = ERROR if self.trouble else WARN if apart else OK
        message = '; '.join(filter(None, (self.trouble, ', '.join(apart) or 'both sensors pair')))
        return status(name, level, message, {
            'offset_s': 'nan' if self.offset is None else f'{self.offset:.6f}',
            **{f'waiting_{m}': count for m, count in self.waiting.items()},
            **counted(self.counts), 'last_error': self.last_error})


@dataclass(frozen=True)
class InferenceReport:
    """
    What is known of the model and of the inference thread.

    trouble   why there is no result, empty where there are
    warnings  what should be put right, but inspection goes on
    engine    what runs the network, and how it came to that
    stages    median milliseconds of a frame's stages
    """

    lifecycle: str
    model: str
    device: str
    category: str
    rate: float
    latencies: tuple[float, float, float]
    trouble: str
    warnings: Sequence[str]
    counts: Counts
    last_error: str
    engine: str = ''
    stages: Mapping[str, float] = field(default_factory=dict)

    def status(self, name: str) -> DiagnosticStatus:
        resting = self.lifecycle != 'active'
        level = ERROR if self.trouble else WARN if resting or self.warnings else OK
        state = f'the node is {self.lifecycle}' if resting else \
            f'inspecting {self.category} on {self.device}'
        message = '; '.join(filter(None, (self.trouble, state, *self.warnings)))
        p50, p95, worst = self.latencies
        return status(name, level, message, {
            'lifecycle': self.lifecycle, 'model': self.model, 'device': self.device,
            'engine': self.engine, 'category': self.category, 'rate_hz': f'{self.rate:.2f}',
            'latency_p50_ms': f'{p50:.2f}', 'latency_p95_ms': f'{p95:.2f}',
            'latency_max_ms': f'{worst:.2f}',
            **{f'{stage}_ms': f'{took:.2f}' for stage, took in self.stages.items()},
            **counted(self.counts),
            'last_error': self.last_error})
