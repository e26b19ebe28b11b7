"""Looking at what comes in: each picture is opened once, hashed and measured before it becomes an item."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from workbench import atomic
from workbench.control import Control
from workbench.data import similar
from workbench.data.media import read_bytes, read_picture, sound_text
from workbench.data.row_pictures import copied
from workbench.data.rows import cells_of, row_hash, row_text
from workbench.data.types import MediaKind, NewItem, Sample
from workbench.errors import Problem, UserError

_READERS = 4
MAX_TEXT = 1_000_000
_LOOK = 256


@dataclass(frozen=True)
class Taken:
    """A new item with what was found out about it. `stored_path` is as the database keeps it."""

    new: NewItem
    content_hash: str
    stored_path: str | None = None
    copied: bool = False
    width: int = 0
    height: int = 0
    signature: bytes | None = None
    seconds: float = 0.0


def take_in(items: Sequence[NewItem], control: Control) -> Iterator[Taken | Problem]:
    """Look at items in their order; a broken one gives a problem."""
    if all(item.kind == "row" for item in items):  # there is nothing to wait for
        for item in items:
            control.check()
            try:
                yield _look(item)
            except UserError as error:
                yield Problem.of(item.name, error)
        return
    with ThreadPoolExecutor(_READERS) as readers:
        futures = [readers.submit(_look, item) for item in items]
        try:
            for item, future in zip(items, futures, strict=True):
                control.check()
                try:
                    yield future.result()
                except UserError as error:
                    yield Problem.of(item.name, error, str(item.path or ""))
        finally:
            for future in futures:
                future.cancel()


def _look(item: NewItem) -> Taken:
    if item.kind == "text":
        item = _writable(item)
        text = (item.text or "").strip()
        if not text:
            raise UserError("This text is empty.", "Fill it in and add it again.")
        if len(text) > MAX_TEXT:
            raise UserError("This text is longer than a million characters.", "Split it into parts.")
        return Taken(replace(item, text=text), written_hash("text", text))
    if item.kind == "molecule":
        return _look_at_molecule(item)
    if item.kind == "row":
        item = _writable(item)
        if len(item.text or "") > MAX_TEXT:
            raise UserError("This row is longer than a million characters.", "Leave out columns that say nothing.")
        cells = cells_of(item.text or "")
        if not any(v.strip() for v in cells.values()):
            raise UserError("This row is empty.", "Fill it in, or leave it out.")
        return Taken(replace(item, text=row_text(cells)), row_hash(cells, item.copy))
    if item.kind == "series":
        return _look_at_series(item)
    if item.path is None:
        raise UserError(f"There is no {item.kind} here.", "Choose a file.")
    if item.kind == "sound":
        return _look_at_sound(item, item.path)
    data = read_bytes(item.path)
    opened = read_picture(data, max_side=_LOOK)
    picture = opened.picture
    if picture.width < 2 or picture.height < 2:
        raise UserError("The picture is only a point.", "Choose a larger one.")
    return Taken(
        item,
        hashlib.sha256(data).hexdigest(),
        stored_path=str(item.path.absolute()),
        width=opened.width,
        height=opened.height,
        signature=similar.signature(picture),
    )


def _writable(item: NewItem) -> NewItem:
    """Without halves of letters, in its text and in what is said of it."""
    marks = item.annotations
    if marks is not None:
        marks = tuple(replace(a, text=sound_text(a.text), label=sound_text(a.label)) for a in marks)
    label = None if item.label is None else sound_text(item.label)
    groups = tuple((sound_text(name), sound_text(value)) for name, value in item.groups)
    text, name = sound_text(item.text or ""), sound_text(item.name)
    return replace(item, text=text, name=name, label=label, annotations=marks, groups=groups)


def _look_at_molecule(item: NewItem) -> Taken:
    """The same molecule written in another way is the same item; its form without stereo tells what is nearly the same."""
    from workbench.data.molecules import read_molecule

    item = _writable(item)
    found = read_molecule(item.text or "")
    told = written_hash("molecule", found.given)
    return Taken(replace(item, text=found.given), told, signature=found.flat.encode())


def written_hash(kind: MediaKind, text: str) -> str:
    """Names the content of an item that is written down: by its words, or by a molecule's one written form."""
    if kind == "molecule":
        from workbench.data.molecules import read_molecule

        with suppress(UserError):  # what is no molecule is only its letters
            return hashlib.sha256(b"molecule:" + read_molecule(text).canonical.encode()).hexdigest()
    return hashlib.sha256(b"text:" + " ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()


def _look_at_series(item: NewItem) -> Taken:
    """A series comes as the text of its file, or as the file; it always lies in the project."""
    from workbench.data.series import check, from_text, read_series, to_text

    series = from_text(item.text) if item.text is not None else read_series(item.path or Path())
    check(series)
    text = to_text(series)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Taken(replace(_writable(item), text=text, path=None), digest, width=len(series), height=1)


def _look_at_sound(item: NewItem, path: Path) -> Taken:
    from workbench.data.sound import portrait

    seconds, picture = portrait(Sample("sound", item.name, path=path))
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Taken(item, digest, stored_path=str(path.absolute()), signature=similar.signature(picture), seconds=seconds)


def copy_into(media: Path, taken: Taken) -> Taken:
    """Copy a picture (or the text of a series, or the pictures a row names) into the project, named by its content. Raises: UserError (disk full) through OSError."""
    if taken.new.kind == "row":
        return replace(taken, new=replace(taken.new, text=copied(taken.new.text or "", media)))
    series = taken.new.kind == "series" and taken.new.text is not None
    if taken.new.path is None and not series:
        return taken
    name = f"{taken.content_hash[:32]}{'.series' if taken.new.path is None else taken.new.path.suffix.lower()}"
    target = media / name
    if not target.exists():
        try:
            data = (taken.new.text or "").encode() if taken.new.path is None else taken.new.path.read_bytes()
            atomic.write_bytes(target, data, shared=True)
        except OSError as error:
            raise UserError(
                "The picture could not be copied into the project.", "Make room on the disk, or import without copying."
            ) from error
    new = replace(taken.new, text=None) if series else taken.new
    return replace(taken, new=new, stored_path=f"media/{name}", copied=True)
