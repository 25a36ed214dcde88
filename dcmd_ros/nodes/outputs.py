"""The publishers of a result; pictures are made only where someone listens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Bool, Float32

from dcmd_ros.frame import MODALITIES, Frame
from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.nodes.detections import detections, vision
from dcmd_ros.nodes.overlay import draw_overlay
from dcmd_ros.nodes.parts import PartResult
from dcmd_ros.nodes.qos import latched_qos, output_qos
from dcmd_ros.nodes.result import Result
from dcmd_ros.sensing.cloud import fill_cloud
from dcmd_ros.sensing.codec import fill_image
from dcmd_ros.sensing.geometry import unproject

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.publisher import Publisher

TYPES: dict[str, type] = {
    'inspection': DiagnosticArray, 'anomaly_map': Image, 'anomaly_mask': Image, 'overlay': Image,
    'points': PointCloud2, 'camera_info': CameraInfo, 'score': Float32,
    'confidence/rgb': Float32, 'confidence/depth': Float32, 'part': DiagnosticArray,
    'reject': Bool}
if vision is not None:
    TYPES['detections'] = vision.Detection2DArray
GREY = 160  # colour of points that no colour camera saw


class Outputs:
    """The contract's topics out, as publishers of `node`."""

    def __init__(self, node: Node, infos: CameraInfos) -> None:
        self._infos = infos
        self._publishers: dict[str, Publisher] = {
            name: node.create_publisher(
                kind, f'~/{name}', latched_qos() if name == 'reject' else output_qos(),
                qos_overriding_options=QoSOverridingOptions.with_default_policies())
            for name, kind in TYPES.items()}

    def publish(self, result: Result) -> None:
        for name, make in makers(result, self._infos).items():
            publisher = self._publishers[name]
            if name == 'inspection' or publisher.get_subscription_count():
                message = make()
                if message is not None:
                    publisher.publish(message)

    def publish_part(self, result: PartResult) -> None:
        self._publishers['part'].publish(result.message())

    def publish_reject(self, reject: bool) -> None:
        self._publishers['reject'].publish(Bool(data=reject))


def makers(result: Result, infos: CameraInfos) -> dict[str, Callable[[], Any | None]]:
    """
    What makes the message of each topic out that tells of a frame, None where there is none.

    Pictures first, so that whoever acts on the verdict finds them.
    """
    judged = result.inspection
    confidences = {f'confidence/{m}': partial(Float32, data=result.sensors[m].confidence)
                   for m in MODALITIES}
    return {
        'anomaly_map': lambda: image(result, judged.map, '32FC1'),
        'anomaly_mask': lambda: image(result, judged.mask, 'mono8'),
        'overlay': lambda: image(result, draw_overlay(result), 'rgb8'),
        'points': lambda: cloud(result),
        'camera_info': lambda: camera_info(result, infos),
        'score': lambda: Float32(data=judged.score),
        **confidences,
        **({} if vision is None else {'detections': lambda: detections(result)}),
        'inspection': result.message}


def camera_info(result: Result, infos: CameraInfos) -> CameraInfo | None:
    """The leading camera's, stamped like the result."""
    known = infos.message('rgb' if result.frame.rgb is not None else 'depth')
    if known is None:
        return None
    fields = {name: getattr(known, name) for name in known.get_fields_and_field_types()}
    return CameraInfo(**{**fields, 'header': result.header})


def image(result: Result, array: NDArray[Any], encoding: str) -> Image:
    message = Image(header=result.header)
    fill_image(message, array, encoding)
    return message


def cloud(result: Result) -> PointCloud2 | None:
    """The frame's points with colour and anomaly, None where it has no geometry."""
    points = geometry(result.frame)
    if points is None:
        return None
    message = PointCloud2(header=result.header)
    fill_cloud(message, points, colours(result.frame, points),
               np.nan_to_num(result.inspection.map))
    return message


def colours(frame: Frame, points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of the points, grey where no colour camera saw them."""
    return np.full(points.shape, GREY, np.uint8) if frame.rgb is None else frame.rgb


def geometry(frame: Frame) -> NDArray[np.float32] | None:
    """(H, W, 3) metres, None where depth or the intrinsics are missing."""
    if frame.xyz is not None:
        return frame.xyz
    if frame.depth is None or frame.intrinsics is None:
        return None
    return unproject(frame.depth, frame.intrinsics)
