"""Folders and files: a folder per class, splits above the classes, or plain files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import Entry, FilesPlan
from workbench.data.media import PICTURE_SUFFIXES, TEXT_SUFFIXES, is_picture
from workbench.data.sound import FILES as SOUND_SUFFIXES
from workbench.data.types import MediaKind, Split
from workbench.data.video import is_video
from workbench.errors import Problem, UserError

SPLITS = {
    "train": Split.TRAIN, "training": Split.TRAIN, "val": Split.VALIDATION, "valid": Split.VALIDATION,
    "validation": Split.VALIDATION, "dev": Split.VALIDATION, "test": Split.TEST, "testing": Split.TEST,
}  # fmt: skip
_SUFFIXES: dict[MediaKind, tuple[str, ...]] = {
    "picture": PICTURE_SUFFIXES, "text": TEXT_SUFFIXES, "sound": SOUND_SUFFIXES,
}  # fmt: skip
_JUNK = {"thumbs.db", "desktop.ini", "__macosx"}
_MAX_FILES = 1_000_000


def media_of(path: Path) -> MediaKind | None:
    """What a file is, by its ending (see `is_picture` for files without one)."""
    suffix = path.suffix.lower()
    for kind, known in _SUFFIXES.items():
        if suffix in known:
            return kind
    return "picture" if is_picture(path) else None


def plan_folder(folder: Path, control: Control) -> FilesPlan:
    """Plan for one folder. Raises: UserError when it is empty, missing or may not be read."""
    files: list[tuple[Path, MediaKind]] = []
    others: list[Path] = []
    for file in walk(folder, control):
        found = media_of(file)
        if found is None:
            others.append(file)
        else:
            files.append((file, found))
    if not files:
        if others:
            raise UserError(
                f"The folder “{folder.name}” holds no pictures, texts or recordings the app can read.",
                "Pictures are JPEG, PNG, WebP, BMP, GIF, TIFF or DICOM files; texts are TXT files or a table; recordings"
                " are WAV, FLAC, OGG or MP3 files.",
            )
        raise UserError(f"The folder “{folder.name}” is empty.", "Choose a folder with pictures or texts in it.")
    from workbench.data.importers.folder_metadata import plan_metadata

    described = plan_metadata(folder, [*others, *(path for path, _ in files)], control)
    if described is not None:
        return described
    media = Counter(kind for _, kind in files).most_common(1)[0][0]
    # A read-me file among pictures is no example.
    chosen = [path for path, kind in files if kind == media]
    relative = {path: path.relative_to(folder).parts for path in chosen}
    split_names = {parts[0].lower() for parts in relative.values() if len(parts) > 1}
    with_splits = bool(split_names) and split_names <= set(SPLITS)
    entries = []
    for path, parts in relative.items():
        split = SPLITS[parts[0].lower()] if with_splits and len(parts) > 1 else None
        folders = parts[1:-1] if split is not None else parts[:-1]
        entries.append(Entry(path, "/".join(parts), folders[0] if folders else None, split))
    labelled = any(e.label for e in entries)
    plan = FilesPlan("folders" if labelled else "files", media, folder.name, folder, entries=entries)
    loose = sum(1 for e in entries if not e.label)
    if labelled and loose:
        plan.warnings.append(f"{loose} {media}s lie outside the class folders and come in without a label.")
    left_out = len(others) + len(files) - len(chosen)
    if left_out:
        many = "1 other file is" if left_out == 1 else f"{left_out} other files are"
        plan.warnings.append(f"{many} left out.")
    return plan.settle()


def plan_files(paths: Sequence[Path]) -> FilesPlan:
    """Plan for files given by name. Raises: UserError when none of them can be used."""
    entries: dict[MediaKind, list[Entry]] = {kind: [] for kind in _SUFFIXES}
    problems = []
    for path in paths:
        kind = media_of(path)
        if kind is None:
            error = UserError("The app cannot read this kind of file.", "Use JPEG, PNG, TXT, CSV or Excel files.")
            problems.append(Problem.of(path.name, error, str(path)))
        else:
            entries[kind].append(Entry(path, path.name))
    media = max(entries, key=lambda kind: len(entries[kind]))
    if not entries[media]:
        if is_video(paths[0]):
            raise UserError(
                f"“{paths[0].name}” is a video.",
                "Drop it on the Try page: there its pictures can be saved into a project.",
            )
        raise UserError(
            f"“{paths[0].name}” is of a kind the app cannot read.", "Use JPEG, PNG, TXT, CSV or Excel files."
        )
    title = paths[0].parent.name if len(paths) > 1 else paths[0].stem
    plan = FilesPlan("files", media, title, paths[0], entries=entries[media], problems=problems)
    other = sum(len(found) for kind, found in entries.items() if kind != media)
    if other:
        plan.warnings.append(f"{other} files of another kind are left out; import them into a project of their own.")
    return plan.settle()


def walk(folder: Path, control: Control) -> Iterator[Path]:
    """All files below, in order of name; hidden and system files left out.

    Raises:
        UserError: when the folder is missing, may not be read, or holds more than a million files.
    """
    import os

    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise UserError(
                f"The folder “{folder.name}” cannot be read.", "Check that it is there and that you may read it."
            )

    count = 0
    for base, folders, names in os.walk(folder, onerror=refuse):
        control.check()
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n.lower() not in _JUNK)
        for name in sorted(names):
            if name.startswith(".") or name.lower() in _JUNK:
                continue
            count += 1
            if count > _MAX_FILES:
                raise UserError(
                    f"The folder “{folder.name}” holds more than a million files.", "Choose a smaller folder."
                )
            yield Path(base) / name
