"""Data sets on disk, whatever their layout."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Protocol

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Intrinsics
from dcmd_ros.training import layout_bag, layout_eyecandies, layout_folder, layout_mvtec
from dcmd_ros.training.recording import BagOptions
from dcmd_ros.training.sample import GOOD, SPLITS, Images, Sample, Split

__all__ = ['GOOD', 'LAYOUTS', 'SPLITS', 'BagOptions', 'Dataset', 'Images', 'Sample', 'Split',
           'open_dataset']

FORMS = {'mvtec': layout_mvtec, 'eyecandies': layout_eyecandies, 'folder': layout_folder,
         'bag': layout_bag}
LAYOUTS = ('auto', *FORMS)


class Layout(Protocol):
    """How files are arranged."""

    def samples(self, split: Split) -> list[Sample]: ...

    def camera(self) -> tuple[Intrinsics | None, str]: ...


class Dataset:
    """One category, with samples in three splits."""

    def __init__(self, category: str, folder: Path, layout: str, form: Layout) -> None:
        self.category = category
        self.folder = folder
        self.layout = layout
        self._form = form

    def split(self, name: str) -> list[Sample]:
        """
        Samples by label and file name; empty where the split is not there.

        :raises DcmdError: no split of this name
        """
        if name not in SPLITS:
            raise DcmdError(f'no split {name!r}; choose from {", ".join(SPLITS)}')
        return self._form.samples(next(split for split in SPLITS if split == name))

    @property
    def bag(self) -> layout_bag.BagLayout | None:
        """What chose the frames out of bags; None for files."""
        return self._form if isinstance(self._form, layout_bag.BagLayout) else None

    @property
    def intrinsics(self) -> Intrinsics | None:
        """Of all images; None where unknown, `camera_note` says why."""
        return self._camera[0]

    @property
    def camera_note(self) -> str:
        """Where the intrinsics come from and how well they fit, or why there are none."""
        return self._camera[1]

    @cached_property
    def _camera(self) -> tuple[Intrinsics | None, str]:
        return self._form.camera()


def open_dataset(root: Path, category: str, layout: str = 'auto',
                 light: int = layout_eyecandies.LIGHT, bag: BagOptions | None = None) -> Dataset:
    """
    The category `root/category`; of a bag or a folder of bags `root`, the category is a name.

    :param layout: one of LAYOUTS; `auto` looks which one it is
    :param light: which of Eyecandies' images 0..5
    :param bag: topics and labels, where it is a bag
    :raises DcmdError: not there, or in no layout that we know
    """
    folder = place_of(Path(root), category, layout)
    name = detect(folder) if layout == 'auto' else layout
    if name not in FORMS:
        raise DcmdError(f'no layout {name!r}; choose from {", ".join(LAYOUTS)}')
    if not FORMS[name].found(folder):
        raise DcmdError(f'{folder}: not in layout {name}, which is {FORMS[name].LOOKED_FOR}'
                        f'{categories(folder)}')
    forms: dict[str, Callable[[], Layout]] = {
        'mvtec': lambda: layout_mvtec.MvtecLayout(folder),
        'eyecandies': lambda: layout_eyecandies.EyecandiesLayout(folder, light),
        'folder': lambda: layout_folder.FolderLayout(folder),
        'bag': lambda: layout_bag.BagLayout(folder, bag or BagOptions())}
    return Dataset(category, folder, name, forms[name]())


def place_of(root: Path, category: str, layout: str) -> Path:
    """
    Where the category is: in `root`, or `root` itself where that holds bags.

    :raises DcmdError: neither is there
    """
    folder = root / category
    if folder.is_dir() or layout_bag.found(folder):
        return folder
    if layout in ('auto', 'bag') and layout_bag.found(root):
        return root
    if not root.exists():
        raise DcmdError(f'{root}: there is no such file or folder')
    if layout == 'bag':
        raise DcmdError(f'{root}: no bag here, which is {layout_bag.LOOKED_FOR}')
    raise DcmdError(f'{folder}: no such folder{categories(root)}')


def detect(folder: Path) -> str:
    """The layout of a category folder."""
    for name, form in FORMS.items():
        if form.found(folder):
            return name
    looked = '; '.join(f'{name}: {form.LOOKED_FOR}' for name, form in FORMS.items())
    raise DcmdError(f'{folder}: no data set here, looked for {looked}{categories(folder)}')


def categories(folder: Path) -> str:
    """A hint at the folders below that are data sets."""
    forms = [form for name, form in FORMS.items() if name != 'bag']
    names = [path.name for path in sorted(folder.glob('*/'))
             if any(form.found(path) for form in forms)] if folder.is_dir() else []
    return f'; categories here: {", ".join(names)}' if names else ''
