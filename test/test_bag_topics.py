"""Which topics are the camera's."""

from __future__ import annotations

import pytest

from dcmd_ros.bags.reader import BagError, Topic
from dcmd_ros.bags.topics import Choice, choose

KINDS = {'image': 'sensor_msgs/msg/Image', 'jpeg': 'sensor_msgs/msg/CompressedImage',
         'cloud': 'sensor_msgs/msg/PointCloud2', 'info': 'sensor_msgs/msg/CameraInfo',
         'text': 'std_msgs/msg/String', 'inspection': 'diagnostic_msgs/msg/DiagnosticArray',
         'imu': 'sensor_msgs/msg/Imu'}


def bag(text: str, count: int = 9) -> list[Topic]:
    """Topics of 'KIND NAME' lines."""
    return [Topic(name, KINDS[kind], count)
            for kind, name in (line.split() for line in text.strip().splitlines())]


OURS = """
image /rgb/image
info /rgb/camera_info
image /depth/image
info /depth/camera_info
image /truth/mask
text /truth/label"""
REALSENSE = """
image /camera/camera/color/image_raw
info /camera/camera/color/camera_info
jpeg /camera/camera/color/image_raw/compressed
jpeg /camera/camera/color/image_raw/compressedDepth
image /camera/camera/depth/image_rect_raw
info /camera/camera/depth/camera_info
jpeg /camera/camera/depth/image_rect_raw/compressedDepth
image /camera/camera/aligned_depth_to_color/image_raw
info /camera/camera/aligned_depth_to_color/camera_info
jpeg /camera/camera/aligned_depth_to_color/image_raw/compressedDepth
image /camera/camera/infra1/image_rect_raw
image /camera/camera/infra2/image_rect_raw
image /camera/camera/aligned_depth_to_infra1/image_raw
cloud /camera/camera/depth/color/points
imu /camera/camera/imu"""
ORBBEC = """
image /camera/color/image_raw
info /camera/color/camera_info
image /camera/depth/image_raw
info /camera/depth/camera_info
image /camera/ir/image_raw
image /camera/left_ir/image_raw
cloud /camera/depth_registered/points"""
ZED = """
image /zed/zed_node/rgb/image_rect_color
info /zed/zed_node/rgb/camera_info
image /zed/zed_node/left/image_rect_color
image /zed/zed_node/right/image_rect_color
image /zed/zed_node/depth/depth_registered
info /zed/zed_node/depth/camera_info
image /zed/zed_node/confidence/confidence_map
cloud /zed/zed_node/point_cloud/cloud_registered"""
ZIVID = """
image /color/image_color
info /color/camera_info
image /depth/image
info /depth/camera_info
image /snr/image
cloud /points/xyzrgba"""
KINECT = """
image /rgb/image_raw
info /rgb/camera_info
image /rgb_to_depth/image_raw
image /depth/image_raw
image /depth_to_rgb/image_raw
info /depth_to_rgb/camera_info
image /ir/image_raw
cloud /points2"""
OAK = """
image /oak/rgb/image_raw
info /oak/rgb/camera_info
image /oak/stereo/image_raw
info /oak/stereo/camera_info"""
RESULT = OURS + """
image /dcmd_inspector/anomaly_map
image /dcmd_inspector/anomaly_mask
image /dcmd_inspector/overlay
cloud /dcmd_inspector/points
info /dcmd_inspector/camera_info
inspection /dcmd_inspector/inspection"""
COMPRESSED = """
jpeg /camera/color/image_raw/compressed
info /camera/color/camera_info
jpeg /camera/aligned_depth_to_color/image_raw/compressedDepth
info /camera/aligned_depth_to_color/camera_info"""


@pytest.mark.parametrize(('topics', 'rgb', 'depth', 'rgb_info', 'depth_info'), [
    (OURS, '/rgb/image', '/depth/image', '/rgb/camera_info', '/depth/camera_info'),
    (RESULT, '/rgb/image', '/depth/image', '/rgb/camera_info', '/depth/camera_info'),
    (REALSENSE, '/camera/camera/color/image_raw',
     '/camera/camera/aligned_depth_to_color/image_raw', '/camera/camera/color/camera_info',
     '/camera/camera/aligned_depth_to_color/camera_info'),
    (ORBBEC, '/camera/color/image_raw', '/camera/depth/image_raw', '/camera/color/camera_info',
     '/camera/depth/camera_info'),
    (ZED, '/zed/zed_node/rgb/image_rect_color', '/zed/zed_node/depth/depth_registered',
     '/zed/zed_node/rgb/camera_info', '/zed/zed_node/depth/camera_info'),
    (ZIVID, '/color/image_color', '/depth/image', '/color/camera_info', '/depth/camera_info'),
    (KINECT, '/rgb/image_raw', '/depth_to_rgb/image_raw', '/rgb/camera_info',
     '/depth_to_rgb/camera_info'),
    (OAK, '/oak/rgb/image_raw', '/oak/stereo/image_raw', '/oak/rgb/camera_info',
     '/oak/stereo/camera_info'),
    (COMPRESSED, '/camera/color/image_raw/compressed',
     '/camera/aligned_depth_to_color/image_raw/compressedDepth', '/camera/color/camera_info',
     '/camera/aligned_depth_to_color/camera_info'),
], ids=['ours', 'result of replay', 'RealSense', 'Orbbec', 'ZED', 'Zivid', 'Azure Kinect', 'OAK',
        'compressed'])
def test_cameras(topics: str, rgb: str, depth: str, rgb_info: str, depth_info: str) -> None:
    choice = choose(bag(topics))
    assert (choice.rgb, choice.depth, choice.rgb_info, choice.depth_info) == (
        rgb, depth, rgb_info, depth_info)


def test_truth() -> None:
    choice = choose(bag(OURS))
    assert (choice.label, choice.mask) == ('/truth/label', '/truth/mask')
    assert choice.names() == ['/rgb/image', '/depth/image', '/rgb/camera_info',
                              '/depth/camera_info', '/truth/label', '/truth/mask']
    assert choose(bag('image /line/truth/mask\nimage /line/rgb/image')) == Choice(
        '/line/rgb/image', None, None, None, None, '/line/truth/mask')


@pytest.mark.parametrize(('topics', 'rgb', 'depth'), [
    ('image /camera/image_raw', '/camera/image_raw', None),
    ('image /camera/depth/image_rect_raw', None, '/camera/depth/image_rect_raw'),
    ('cloud /points', None, '/points'),
    ('image /range/image', None, '/range/image'),
    ('image /oranges/image', '/oranges/image', None),
])
def test_one_sensor_only(topics: str, rgb: str | None, depth: str | None) -> None:
    choice = choose(bag(topics))
    assert (choice.rgb, choice.depth) == (rgb, depth)


@pytest.mark.parametrize('other', [
    'image /dcmd_inspector/anomaly_map', 'image /dcmd_inspector/anomaly_mask',
    'image /dcmd_inspector/overlay', 'image /truth/mask', 'image /camera/confidence/image',
    'jpeg /camera/color/image_raw/compressedDepth', 'image /camera/infra1/image_rect_raw',
    'cloud /dcmd_inspector/points\ninspection /dcmd_inspector/inspection'])
def test_what_no_camera_sends_is_passed_over(other: str) -> None:
    choice = choose(bag(f'image /line/photo\n{other}'))
    assert (choice.rgb, choice.depth) == ('/line/photo', None)


@pytest.mark.parametrize('transport', ['compressed', 'compressedDepth'])
def test_a_raw_image_comes_before_a_compressed_one(transport: str) -> None:
    topics = f'image /depth/image\njpeg /depth/image/{transport}'
    assert choose(bag(topics)).depth == '/depth/image'
    assert choose(bag(f'jpeg /depth/image/{transport}')).depth == f'/depth/image/{transport}'


def test_a_cloud_serves_where_there_is_no_depth_image() -> None:
    choice = choose(bag('image /camera/color/image_raw\ncloud /camera/depth/color/points'))
    assert choice.depth == '/camera/depth/color/points'


def test_topics_without_messages_are_passed_over() -> None:
    topics = bag('image /camera/a/image') + bag('image /camera/b/image', 0)
    assert choose(topics).rgb == '/camera/a/image'


TWO = """
image /left_cell/color/image_raw
image /left_cell/depth/image_raw
image /right_cell/color/image_raw
image /right_cell/depth/image_raw"""


def test_two_cameras_are_listed() -> None:
    with pytest.raises(BagError, match=(
            r'^2 topics may be rgb: /left_cell/color/image_raw \(sensor_msgs/msg/Image, 9\), '
            r'/right_cell/color/image_raw \(sensor_msgs/msg/Image, 9\); '
            r'say which with --rgb TOPIC --depth TOPIC$')):
        choose(bag(TWO))


def test_the_other_sensor_is_that_of_the_same_camera() -> None:
    assert choose(bag(TWO), rgb='/right_cell/color/image_raw').depth == (
        '/right_cell/depth/image_raw')
    assert choose(bag(TWO), depth='left_cell/depth/image_raw').rgb == (
        '/left_cell/color/image_raw')


def test_topics_given_are_taken() -> None:
    choice = choose(bag(REALSENSE), rgb='/camera/camera/infra1/image_rect_raw',
                    depth='/camera/camera/depth/color/points')
    assert (choice.rgb, choice.depth) == ('/camera/camera/infra1/image_rect_raw',
                                          '/camera/camera/depth/color/points')


@pytest.mark.parametrize(('sensor', 'name', 'text'), [
    ('rgb', '/absent', r'--rgb /absent: the bag has no such topic, only /rgb/image \('),
    ('depth', '/truth/label', '--depth /truth/label: is a std_msgs/msg/String'),
    ('rgb', '/rgb/camera_info', '--rgb /rgb/camera_info: is a sensor_msgs/msg/CameraInfo'),
])
def test_topics_given_that_will_not_do(sensor: str, name: str, text: str) -> None:
    with pytest.raises(BagError, match=text):
        choose(bag(OURS), **{sensor: name})


def test_no_camera_at_all() -> None:
    with pytest.raises(BagError, match=r'no topic is an image or a cloud: /imu \(sensor_msgs'):
        choose(bag('imu /imu'))
    with pytest.raises(BagError, match='no topic is an image or a cloud'):
        choose(bag('image /truth/mask'))
