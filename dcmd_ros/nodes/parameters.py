"""The node's parameters: one table, from which declaration, checks and `Settings` follow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterException,
)

from dcmd_ros.frame import Modality
from dcmd_ros.stream.passes import Policy

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.parameter import Parameter

Value = bool | int | float | str | list[int] | list[float]

REFUSALS = (InvalidParameterTypeException, InvalidParameterValueException,
            ParameterException)  # what a bad start value raises
TRANSPORTS = ('raw', 'compressed', 'compressedDepth')
ENGINES = ('auto', 'torch', 'openvino', 'onnxruntime', 'tensorrt')
POLICIES = ('continue', 'unknown', 'reject')
DEVICE = re.compile(r'auto|cpu|cuda(:\d+)?')
CHANGEABLE = {
    'any': 'at run time',
    'inactive': 'while the node is not active (`ros2 lifecycle set NODE deactivate` first)',
    'unconfigured': 'while the node is not configured (deactivate and clean up first)',
    'never': 'only when the node starts',
}


@dataclass(frozen=True)
class Setting:
    """One parameter: its default gives the type, `change` when it may be set."""

    name: str
    default: Value
    text: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    change: Literal['any', 'inactive', 'unconfigured', 'never'] = 'any'
    check: Callable[[Any], str] | None = None

    @property
    def attribute(self) -> str:
        """Its name in `Settings`."""
        return self.name.replace('.', '_')

    def convert(self, value: Any) -> Any:
        """The value in the type of the default; integers pass for decimals."""
        if isinstance(self.default, float):
            return float(value)
        if isinstance(self.default, list):
            return [type(self.default[0])(item) for item in value]
        return value

    def reason(self, value: Any) -> str:
        """Why the value is refused, empty where it is not."""
        return self._type_reason(value) or self._range_reason(value) \
            or (self.check(value) if self.check else '')

    def _type_reason(self, value: Any) -> str:
        kind = type(self.default)
        if kind is float:
            return '' if is_number(value) and math.isfinite(value) else 'must be a number'
        if kind is list:
            count = len(self.default)  # type: ignore[arg-type]
            fits = not isinstance(value, str | bytes) and hasattr(value, '__len__') \
                and len(value) == count and all(is_number(item) for item in value)
            return '' if fits else f'must be {count} numbers'
        if kind is bool:
            return '' if isinstance(value, bool) else 'must be true or false'
        if isinstance(value, bool) or not isinstance(value, kind):
            return 'must be a text' if kind is str else 'must be a whole number'
        return ''

    def _range_reason(self, value: Any) -> str:
        if self.choices and value not in self.choices:
            return f'must be one of {", ".join(self.choices)}'
        if self.low is not None and value < self.low:
            return f'must be at least {self.low:g}'
        if self.high is not None and value > self.high:
            return f'must be at most {self.high:g}'
        return ''

    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows."""
        described = ParameterDescriptor(
            description=self.text, read_only=self.change == 'never',
            dynamic_typing=isinstance(self.default, float | list),
            additional_constraints=self._constraints())
        if self.low is not None and self.high is not None:
            if isinstance(self.default, float):
                described.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high))]
            else:
                described.integer_range = [
                    IntegerRange(from_value=int(self.low), to_value=int(self.high))]
        return described

    def _constraints(self) -> str:
        choices = f'one of {", ".join(self.choices)}; ' if self.choices else ''
        return f'{choices}may change {CHANGEABLE[self.change]}'


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_device(value: str) -> str:
    return '' if DEVICE.fullmatch(value) else 'must be auto, cpu, cuda or cuda:N'


def check_roi(value: Iterable[int]) -> str:
    x, y, width, height = value
    if not any((x, y, width, height)):
        return ''
    fits = min(x, y) >= 0 and min(width, height) > 0
    return '' if fits else 'must be x, y >= 0 and width, height > 0, or four zeros'


def check_transform(value: Iterable[float]) -> str:
    *_, qx, qy, qz, qw = numbers = [float(item) for item in value]
    if not any(numbers):
        return ''
    norm = math.hypot(qx, qy, qz, qw)
    return '' if abs(norm - 1) < 0.01 else \
        f'must end in a unit quaternion qx qy qz qw, its length is {norm:.3g}'


TABLE: tuple[Setting, ...] = (
    Setting('model', '', 'Checkpoint (.pth) of `dcmd_ros train`. A change takes effect by '
            '~/reload, or when the node is next configured.'),
    Setting('device', 'auto', 'auto (CUDA where it works, else the CPU), cpu or cuda:N.',
            change='unconfigured', check=check_device),
    Setting('threads', 0, 'CPU threads of the network, 0 = its own choice.', 0, 256,
            change='unconfigured'),
    Setting('engine', 'auto', 'What runs the network: torch, an engine that it is exported to, or '
            'auto, the fastest that is installed and agrees with torch.',
            choices=ENGINES, change='unconfigured'),
    Setting('autostart_node', True, 'Configure and activate without an outside lifecycle manager.',
            change='never'),
    Setting('acquisition', 'stream', 'stream: free-running cameras; triggered: one frame per '
            'shot, silence of both is normal.', choices=('stream', 'triggered'),
            change='inactive'),
    Setting('slop', 0.0, 'Largest stamp difference of a pair in s, 0 = 0.4 periods, at most '
            '0.02.', 0, 10),
    Setting('deadline', 0.0, 'How long a frame waits for its partner in s, 0 = 1.5 periods, at '
            'most 0.1.', 0, 10),
    Setting('lost_after', 0.0, 'Silence in s after which a sensor is lost, 0 = 3 periods, at '
            'least 0.5.', 0, 3600),
    Setting('freeze_count', 10, 'So many identical images in a row are a frozen sensor, 0 = do '
            'not look.', 0, 100000),
    Setting('depth_offset', 0.0, 'Added to depth stamps before pairing, in s; cures a constant '
            'offset, which /diagnostics reports.', -10, 10),
    Setting('input_reliability', 'best_effort', 'QoS reliability asked of the cameras.',
            choices=('best_effort', 'reliable'), change='inactive'),
    Setting('rgb.transport', 'raw', 'raw: rgb/image; compressed: rgb/image/compressed.',
            choices=TRANSPORTS[:2], change='inactive'),
    Setting('depth.transport', 'raw', 'raw: depth/image; compressed, compressedDepth: '
            'depth/image/<transport>.', choices=TRANSPORTS, change='inactive'),
    Setting('geometry_source', 'depth', 'depth: depth/image; points: the point cloud on points.',
            choices=('depth', 'points'), change='inactive'),
    Setting('points_to_rgb', [0.0] * 7, 'x y z (m) qx qy qz qw that takes a point from the '
            "cloud's frame to RGB's optical frame; zeros = none given.", check=check_transform),
    Setting('roi', [0] * 4, 'Inspected part of the image in pixels: x y width height; zeros = '
            'all. A part that its border cuts is not judged.', check=check_roi),
    Setting('min_region_area', 0, 'Anomalous regions of fewer pixels are specks and do not count.',
            0, 100000000),
    Setting('part_timeout', 1.0, 'Silence in s after which a part counts as gone by; in a stream '
            'two frames without a whole part end it too.', 0.05, 3600),
    Setting('part_longest', 10.0, 'A part that stays in view is told on ~/part every so many s.',
            0.1, 86400),
    Setting('rgb.on_sensor_loss', 'continue', 'Verdict while RGB is lost, degraded, frozen or '
            'unsynchronised: continue = as judged without it; unknown; reject.',
            choices=POLICIES),
    Setting('depth.on_sensor_loss', 'continue', 'Verdict while depth is lost, degraded, frozen '
            'or unsynchronised: continue = as judged without it; unknown; reject.',
            choices=POLICIES),
    Setting('service_timeout', 5.0, 'How long ~/inspect and ~/snapshot wait for a frame, in s.',
            0.1, 3600),
    Setting('snapshot_dir', '~/.ros/dcmd_ros', 'Folder into which ~/snapshot writes.'),
)
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in TABLE}


@dataclass(frozen=True)
class Settings:
    """The parameters' values; the meanings stand in `TABLE`, times are seconds."""

    model: str
    device: str
    threads: int
    engine: str
    autostart_node: bool
    acquisition: Literal['stream', 'triggered']
    slop: float
    deadline: float
    lost_after: float
    freeze_count: int
    depth_offset: float
    input_reliability: Literal['best_effort', 'reliable']
    rgb_transport: str
    depth_transport: str
    geometry_source: Literal['depth', 'points']
    points_to_rgb: list[float]
    roi: list[int]
    min_region_area: int
    part_timeout: float
    part_longest: float
    rgb_on_sensor_loss: Policy
    depth_on_sensor_loss: Policy
    service_timeout: float
    snapshot_dir: str

    def policy(self, modality: Modality) -> Policy:
        """The answer to the loss of this modality's sensor."""
        return self.rgb_on_sensor_loss if modality == 'rgb' else self.depth_on_sensor_loss

    def region(self) -> tuple[int, int, int, int] | None:
        """The roi as x, y, width, height, None for the whole image."""
        x, y, width, height = self.roi
        return (x, y, width, height) if any(self.roi) else None


def declare(node: Node) -> None:
    """Declare the whole table; a bad override raises rclpy's InvalidParameter...Exception."""
    for setting in TABLE:
        node.declare_parameter(setting.name, setting.default, setting.descriptor())


def read(node: Node) -> Settings:
    """The present values."""
    return Settings(**{s.attribute: s.convert(node.get_parameter(s.name).value) for s in TABLE})


def validate(parameters: Iterable[Parameter], state: str) -> SetParametersResult:
    """
    Whether the node may take these values.

    :param parameters: what is to be set; names outside `TABLE` are not ours to refuse
    :param state: the node's lifecycle state: unconfigured, inactive or active
    :returns: not successful, with the name and the reason, for the first that is refused
    """
    for parameter in parameters:
        setting = BY_NAME.get(parameter.name)
        reason = refusal(setting, parameter.value, state) if setting else ''
        if reason:
            return SetParametersResult(successful=False, reason=f'{parameter.name} {reason}')
    return SetParametersResult(successful=True)


def refusal(setting: Setting, value: Any, state: str) -> str:
    allowed = {'any': ('unconfigured', 'inactive', 'active'),
               'inactive': ('unconfigured', 'inactive'),
               'unconfigured': ('unconfigured',), 'never': ('unconfigured',)}[setting.change]
    if state not in allowed:
        return f'may change only {CHANGEABLE[setting.change]}; the node is {state}'
    return setting.reason(value)
