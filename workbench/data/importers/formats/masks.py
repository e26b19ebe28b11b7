"""Masks: beside each picture another one whose numbers or colours say what is where.

Known layouts: pictures and masks in two folders with the same names (`images/`, `masks/`; CamVid's `train/`,
`trainannot/`), a folder of masks for each class, a folder of masks for each picture, and `a_mask.png` beside `a.jpg`.
A mask's pixel is ours: column x of the file covers x to x + 1. Which class a number or colour is, a small file says
(`workbench.data.importers.legend`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.legend import Legend, legend_in
from workbench.data.importers.marked import Collector
from workbench.data.importers.mask_files import OBJECT, MaskReader, looks_like_photo, size_of
from workbench.data.importers.survey import Survey, name_key, split_named, split_of_folders, survey
from workbench.data.media import PICTURE_SUFFIXES, read_text_file
from workbench.data.types import Split
from workbench.errors import UserError

_FOLDERS = re.compile(
    r"^(.*_)?(masks?|labels?|labelids|annotations?|annot|gt|ground_?truths?|seg|segmentations?|segmentationclass|targets?)$"
    r"|^(train|val|test)_?(annot|masks?|labels?)$",
    re.I,
)
_ENDS = re.compile(r"(_|-|\.)(masks?|labels?|labelids|seg|segmentation|gt|gtfine_labelids|L)$", re.I)
_MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif")
_SPLIT_LISTS = {
    "train.txt": Split.TRAIN,
    "val.txt": Split.VALIDATION,
    "valid.txt": Split.VALIDATION,
    "test.txt": Split.TEST,
}
_SAMPLE = 3


@dataclass(frozen=True)
class _Pair:
    picture: Path
    mask: Path
    name: str = ""


class MasksImport:
    """See `ImportFormat`. Asked late: other formats have masks in their folders too."""

    name = "Masks"
    order = 8

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        if not found.whole:
            return None
        pairs = _pairs(found, control)
        step = max(1, len(pairs) // _SAMPLE)
        sample = pairs[::step][:_SAMPLE]
        if not pairs or any(looks_like_photo(p.mask) for p in sample):
            return None
        near = pairs[0].mask.parent
        legend = legend_in([found.root, near, near.parent], control)
        collector = Collector(found, self.name, found.root, control)
        _read(pairs, legend, found, collector, control)
        taken = {p.mask for p in pairs}
        collector.rest([p for p in found.pictures if p not in taken and not _in_mask_folder(p, found)])
        return collector.plan("regions")


def _read(pairs: list[_Pair], legend: Legend | None, found: Survey, collector: Collector, control: Control) -> None:
    reader = MaskReader(collector, legend)
    reader.announce()
    splits = _splits(found)
    for number, pair in enumerate(pairs):
        control.check()
        control.progress(number, len(pairs), "Reading masks")
        where = found.name_of(pair.mask)
        try:
            size = size_of(pair.mask)
        except UserError as error:
            collector.wrong("mask", where, "The mask cannot be read.", error.hint, pair.mask)
            continue
        split = (
            splits.get(name_key(pair.picture.stem))
            or split_of_folders(pair.picture, found.root)
            or split_named(pair.picture.parent.name)
        )
        frame = collector.picture(pair.picture, "", size, split, ("regions", "boxes"))
        if frame is None:
            continue
        try:
            reader.read(frame, pair.mask, where, name=pair.name)
        except UserError as error:
            collector.wrong("mask", where, error.message, error.hint, pair.mask)
    reader.settle()


def _in_mask_folder(path: Path, found: Survey) -> bool:
    parts = path.relative_to(found.root).parts[:-1] if path.is_relative_to(found.root) else ()
    return any(_FOLDERS.match(part) for part in parts)


def _bare(stem: str) -> str:
    return name_key(_ENDS.sub("", stem))


def _pairs(found: Survey, control: Control) -> list[_Pair]:
    pictures: dict[str, list[Path]] = defaultdict(list)
    masks: list[Path] = []
    for path in found.pictures:
        if _in_mask_folder(path, found):
            if path.suffix.lower() in _MASK_SUFFIXES:
                masks.append(path)
        else:
            pictures[name_key(path.stem)].append(path)
    if not pictures:
        return []
    if not masks:
        return _beside(pictures)
    control.check()
    pairs = [p for p in (_by_name(mask, pictures, found) for mask in masks) if p is not None]
    if 2 * len(pairs) < len(masks):
        pairs = [p for p in (_by_folder(mask, pictures) for mask in masks) if p is not None]
    return pairs if 2 * len(pairs) >= len(masks) else []


def _by_name(mask: Path, pictures: dict[str, list[Path]], found: Survey) -> _Pair | None:
    """A mask with its picture's name; in a folder of its own within the masks' folder, that folder is the class."""
    several = pictures.get(name_key(mask.stem)) or pictures.get(_bare(mask.stem))
    if not several:
        return None
    # Of several pictures of the name, the one in the folder most like the mask's.
    parts = set(mask.parts)
    picture = max(several, key=lambda p: (len(parts & set(p.parts)), -len(p.parts)))
    split = split_of_folders(mask, found.root)
    if split is not None and len(several) > 1:
        picture = next((p for p in several if split_of_folders(p, found.root) == split), picture)
    folder = mask.parent.name
    nested = not _FOLDERS.match(folder) and split_named(folder) is None and mask.parent.parent.name != ""
    return _Pair(picture, mask, folder if nested and folder != picture.parent.name else "")


def _by_folder(mask: Path, pictures: dict[str, list[Path]]) -> _Pair | None:
    """A mask in a folder with its picture's name (`masks/a/1.png`, or `a/masks/1.png` beside `a/images/a.png`)."""
    for folder in (mask.parent, mask.parent.parent):
        several = pictures.get(name_key(folder.name))
        if several:
            return _Pair(several[0], mask, OBJECT)
    return None


def _beside(pictures: dict[str, list[Path]]) -> list[_Pair]:
    """`a_mask.png` beside `a.jpg`."""
    pairs = []
    for stem, several in pictures.items():
        for path in several:
            if path.suffix.lower() not in _MASK_SUFFIXES or not _ENDS.search(path.stem):
                continue
            whole = [p for p in pictures.get(_bare(path.stem), ()) if p.parent == path.parent]
            if whole and _bare(path.stem) != stem:
                pairs.append(_Pair(whole[0], path))
    masks = {p.mask for p in pairs}
    left = sum(len(several) for several in pictures.values()) - len(masks)
    # A few files whose names end so among many pictures are only pictures.
    return pairs if 2 * len(pairs) >= left else []


def _splits(found: Survey) -> dict[str, Split]:
    """Stem to part, from lists of names (`train.txt`) in the folder."""
    splits: dict[str, Split] = {}
    for file in found.of(".txt"):
        split = _SPLIT_LISTS.get(file.name.casefold())
        if split is None:
            continue
        try:
            lines = read_text_file(file).splitlines()
        except UserError:
            continue
        for line in lines:
            name = line.strip().replace("\\", "/").rsplit("/", 1)[-1]
            stem = Path(name).stem if name.lower().endswith(PICTURE_SUFFIXES) else name
            if stem:
                splits.setdefault(name_key(stem), split)
    return splits


FORMAT = MasksImport()
