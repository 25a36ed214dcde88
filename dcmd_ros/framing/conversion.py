"""Messages to a Frame; what cannot be read is named and left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from dcmd_ros.frame import Frame, Modality
from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.framing.shot import Arrival, Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.sensing.cloud import decode_cloud
from dcmd_ros.sensing.codec import MessageError, decode_colour, decode_depth
from dcmd_ros.sensing.geometry import unproject_rays
from dcmd_ros.sensing.registration import (
    CameraModel,
    RegistrationError,
    check_frames,
    project_cloud,
    ray_table,
    register_depth,
)

Array = NDArray[Any]


class Finder(Protocol):
    """Where a frame lies in another, as framing/transforms.py has it."""

    def find(self, target: str, source: str, given: Sequence[float]) -> Array: ...


class Source(Protocol):
    """What geometry comes from; the node's settings say it too."""

    @property
    def geometry_source(self) -> str: ...

    @property
    def points_to_rgb(self) -> Sequence[float]: ...


@dataclass(frozen=True)
class Geometry:
    """A Source: `depth` images or `points`, and x y z qx qy qz qw of points_to_rgb."""

    geometry_source: str = 'depth'
    points_to_rgb: Sequence[float] = (0.0,) * 7


class Converter:
    """
    Turns shots into frames; a refused message is a trouble of its modality in the tally.

    `topics` names the topic of each modality, for the texts.
    """

    def __init__(self, infos: CameraInfos, tally: Tally, transforms: Finder) -> None:
        self._infos = infos
        self._tally = tally
        self._transforms = transforms
        self.topics: Mapping[Modality, str] = {'rgb': 'rgb/image', 'depth': 'depth/image'}

    def frame(self, shot: Shot, source: Source) -> Frame | None:
        """The frame, with the modalities that can be used; None where none can."""
        colour = self._guard('rgb', shot.rgb, lambda a: decode_colour(a.message))
        read = self._cloud if source.geometry_source == 'points' else self._depth
        rgb = shot.rgb if colour is not None else None
        geometry = self._guard('depth', shot.depth, lambda a: read(a, rgb, colour, source))
        leading = rgb or (shot.depth if geometry is not None else None)
        if leading is None:
            return None
        depth, xyz = geometry or (None, None)
        size = next(image.shape[:2] for image in (colour, depth, xyz) if image is not None)
        model = self._model('rgb' if colour is not None else 'depth', size)
        if depth is not None and model is not None and model.distorted:
            xyz = unproject_rays(depth, ray_table(model))
        return Frame(leading.stamp, leading.header.frame_id, colour, depth, xyz,
                     model.intrinsics if model else None)

    def _guard(
            self, modality: Modality, arrival: Arrival | None,
            read: Callable[[Arrival], Any]) -> Any | None:
        if arrival is None:
            return None
        try:
            read_out = read(arrival)
        except MessageError as error:
            self._tally.trouble(modality, error.cause, f'{self.topics[modality]}: {error}')
            return None
        except Exception as error:
            text = f'{type(error).__name__}: {error}'
            self._tally.trouble(modality, 'internal', f'{self.topics[modality]}: {text}')
            return None
        self._tally.clear(modality)
        return read_out

    def _depth(
            self, arrival: Arrival, rgb: Arrival | None, colour: Array | None,
            source: Source) -> tuple[Array, None]:
        """Depth registered to colour where there is colour, else as it came."""
        depth = decode_depth(arrival.message)
        if rgb is None or colour is None:
            return depth, None
        check_frames(rgb.header.frame_id, arrival.header.frame_id)
        if depth.shape == colour.shape[:2]:
            return depth, None
        models = self._infos.model('depth'), self._infos.fitting('rgb', colour.shape[:2])
        if models[0] is None or models[1] is None:
            raise RegistrationError(
                f'depth is {size_text(depth)}, colour {size_text(colour)}, and there is no '
                'CameraInfo of both to scale by: publish them, or register depth in the driver',
                cause='calibration')
        return register_depth(depth, models[0], models[1]), None

    def _cloud(
            self, arrival: Arrival, rgb: Arrival | None, colour: Array | None,
            source: Source) -> tuple[Array | None, Array | None]:
        """Organised points of colour's size as they are, else projected to depth."""
        cloud = decode_cloud(arrival.message)
        transform = self._transform(rgb, arrival.header.frame_id, source.points_to_rgb)
        fits = colour is None or cloud.points.shape[:2] == colour.shape[:2]
        if cloud.organised and fits and transform is None:
            return None, cloud.points
        model = self._infos.model('rgb') or self._infos.model('depth') if colour is None \
            else self._infos.fitting('rgb', colour.shape[:2])
        if model is None:
            raise RegistrationError(
                'there is no CameraInfo to project the point cloud with: publish rgb/camera_info',
                cause='calibration')
        return project_cloud(cloud.points, model, transform), None

    def _transform(
            self, rgb: Arrival | None, frame_id: str, given: Sequence[float]) -> Array | None:
        """From the cloud's frame to RGB's, also while RGB is away; None where they are one."""
        known = rgb.message if rgb is not None else self._infos.message('rgb')
        if known is None or known.header.frame_id == frame_id:
            return None
        return self._transforms.find(known.header.frame_id, frame_id, given)

    def _model(self, modality: Modality, size: tuple[int, int]) -> CameraModel | None:
        """The modality's camera, else the other's, where it is one for this size."""
        other: Modality = 'depth' if modality == 'rgb' else 'rgb'
        return self._infos.fitting(modality, size) or (
            self._infos.fitting(other, size) if self._infos.model(modality) is None else None)


def size_text(array: Array) -> str:
    return f'{array.shape[1]}x{array.shape[0]}'
