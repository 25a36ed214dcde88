"""Folders of the form `<split>/<label>/<kind>/<file>`, shared by two layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from dcmd_ros.training.sample import Images, Sample, Split

COLOUR = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff')
Loader = Callable[[Path | None, Path | None], Callable[[], Images]]


def files(folder: Path, suffixes: tuple[str, ...] = COLOUR) -> dict[str, Path]:
    """The files of a folder by stem, hidden ones left out; none where it does not exist."""
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.iterdir())
            if path.suffix.lower() in suffixes and not path.name.startswith('.')}


def labels(folder: Path) -> Iterator[Path]:
    """The label folders of a split, sorted."""
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir()
                          if path.is_dir() and not path.name.startswith('.'))


def labelled_samples(folder: Path, split: Split, geometry: str, loader: Loader) -> list[Sample]:
    """
    All samples of a split, by label and stem; either image of a sample may be absent.

    :param geometry: name of the folders with depth or xyz
    :param loader: makes of a colour file and a geometry file what reads them
    """
    samples = []
    for label in labels(folder / split):
        colour, shape = files(label / 'rgb'), files(label / geometry)
        masks = files(label / 'gt')
        for stem in sorted(colour.keys() | shape.keys()):
            rgb, depth = colour.get(stem), shape.get(stem)
            first = rgb or depth
            assert first is not None
            samples.append(Sample(f'{label.name}/{stem}', label.name, split, first,
                                  loader(rgb, depth), masks.get(stem)))
    return samples
