"""
The picture of the README: what the inspector publishes of one defective part, live.

    python benchmarks/pictures.py docs/images/outputs.png

Rows: both sensors, depth unplugged, colour unplugged. Columns: overlay, anomaly map, mask, points.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image, PointCloud2

from dcmd_ros.commands.demo import MODEL, process, wait_for_start
from dcmd_ros.nodes.observer import Observer
from dcmd_ros.nodes.remote import set_parameter
from dcmd_ros.nodes.session import ros_session
from dcmd_ros.sensing.cloud import decode_cloud

FAULTS = {'both': '', 'rgb_only': 'drop depth', 'depth_only': 'drop rgb'}
TOPICS = {'overlay': Image, 'anomaly_map': Image, 'anomaly_mask': Image, 'points': PointCloud2}
LABEL = 'foreign'  # a defect that either sensor can see
WIDTH = 480
LIMIT = 90.0
CAMERA = ('--seed', '23', '--defect-rate', '1', '--frames-per-part', '1', '--pool', '40',
          '--fps', '3')


class Album:
    """The newest message of each topic, by stamp."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.pages: dict[str, dict[str, Any]] = {}
        for name, kind in TOPICS.items():
            observer.node.create_subscription(
                kind, f'dcmd_inspector/{name}', lambda m, name=name: self._add(name, m),
                QoSProfile(depth=20))

    def _add(self, name: str, message: Any) -> None:
        stamp = message.header.stamp
        self.pages.setdefault(f'{stamp.sec}.{stamp.nanosec:09d}', {})[name] = message

    def find(self, mode: str) -> dict[str, Any] | None:
        """All pictures of a result in this mode on a part with the wanted defect."""
        wanted = set(TOPICS) - ({'points'} if mode == 'rgb_only' else set())
        for result in reversed(self.observer.results):
            page = self.pages.get(result.stamp, {})
            label = self.observer.labels.get(result.stamp, {}).get('label')
            if result.mode == mode and label == LABEL and wanted <= set(page):
                return page
        return None


def gray(message: Image) -> NDArray[np.uint8]:
    """A map as a heat map, NaN grey; a mask as it is."""
    if message.encoding == 'mono8':
        plain = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width)
        return cv2.cvtColor(plain, cv2.COLOR_GRAY2BGR)
    values = np.frombuffer(message.data, np.float32).reshape(message.height, message.width)
    levels = (255 * np.clip(np.nan_to_num(values), 0, 1)).astype(np.uint8)
    picture = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    picture[np.isnan(values)] = 90
    return picture


def rendered(message: PointCloud2) -> NDArray[np.uint8]:
    """The cloud from an oblique view, coloured by intensity, near points over far ones."""
    points = decode_cloud(message).points.reshape(-1, 3)
    words = np.frombuffer(message.data, np.float32).reshape(len(points), -1)
    offset = next(f.offset for f in message.fields if f.name == 'intensity') // 4
    seen = points[:, 2] > 0
    points, heat = points[seen], np.nan_to_num(words[seen, offset])
    middle = np.median(points, axis=0)
    tilt = np.radians(40)
    x, y, z = (points - middle).T
    down, away = y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)
    scale = 600 / np.ptp(x)
    order = np.argsort(-away)
    columns = np.clip((320 + scale * x[order]).astype(int), 0, 639)
    rows = np.clip((250 + scale * down[order]).astype(int), 0, 479)
    levels = (255 * np.clip(heat[order], 0, 1)).astype(np.uint8)
    picture = np.full((480, 640, 3), 30, np.uint8)
    colours = cv2.applyColorMap(levels[:, None], cv2.COLORMAP_VIRIDIS)[:, 0]
    picture[rows, columns] = colours
    return cv2.morphologyEx(picture, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))


def row(page: dict[str, Any]) -> NDArray[np.uint8]:
    overlay = page['overlay']
    shape = (overlay.height, overlay.width, 3)
    rgb = np.frombuffer(overlay.data, np.uint8).reshape(shape)
    blank = np.full((480, 640, 3), 30, np.uint8)
    cloud = rendered(page['points']) if 'points' in page else cv2.putText(
        blank, 'no points without depth', (120, 240), cv2.FONT_HERSHEY_SIMPLEX, 0.9,
        (200, 200, 200), 2, cv2.LINE_AA)
    tiles = [rgb[..., ::-1], gray(page['anomaly_map']), gray(page['anomaly_mask']), cloud]
    size = (WIDTH, WIDTH * shape[0] // shape[1])
    return np.hstack([cv2.resize(tile, size, interpolation=cv2.INTER_AREA) for tile in tiles])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', type=Path)
    out = parser.parse_args().out
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(30 + os.getpid() % 60))
    rows = []
    with ros_session([]) as context, process('inspect', '--model', str(MODEL)), \
            process('camera', *CAMERA):
        observer = Observer(context)
        album = Album(observer)
        wait_for_start(observer)
        for mode, fault in FAULTS.items():
            set_parameter(observer, 'camera', 'fault', fault)
            if not observer.spin_until(lambda mode=mode: album.find(mode), LIMIT):
                raise SystemExit(f'no {LABEL} part was seen in mode {mode}')
            rows.append(row(album.find(mode) or {}))
        observer.close()
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), np.vstack(rows))
    print(f'wrote {out}')


if __name__ == '__main__':
    main()
