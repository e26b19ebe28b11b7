"""Pictures that rows of a table name: copies of them in a project, and where they lie.

A cell names a file. Of a copy, it says "media/CONTENT/NAME" within the project's folder, so that the folder can be moved and
given away; whoever reads the item is told the whole path. CONTENT is the first half of the file's sha256.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from workbench import atomic
from workbench.data.columns import names_picture
from workbench.data.media import read_bytes
from workbench.data.rows import cells_of, row_text
from workbench.errors import UserError

_FOLDER = "media/"
# Within the JSON of a row's cells: the whole of a value.
_COPY = re.compile(r':"media/([0-9a-f]{32}/[^"\\/]{1,120})"(?=[,}])')
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
_LONGEST = 100


def in_place(text: str, media: Path) -> str:
    """A row's text with the whole paths of its copies, which lie in `media`."""
    if f'"{_FOLDER}' not in text:
        return text
    return _COPY.sub(lambda found: f":{json.dumps(str(media / found[1]), ensure_ascii=False)}", text)


def copies(text: str) -> list[str]:
    """The copies a row's text names as it is kept, each as its place within the folder of media."""
    return [found[1] for found in _COPY.finditer(text)]


def picture_cells(text: str) -> dict[str, Path]:
    """Column to file, for all cells that say where a picture lies, whether it is there or not."""
    try:
        cells = cells_of(text)
    except UserError:
        return {}
    return {name: Path(cell) for name, cell in cells.items() if names_picture(cell) and Path(cell).is_absolute()}


def copied(text: str, media: Path, shared: bool = True) -> str:
    """Copy the pictures of a row into `media`; its text as it is to be kept. A picture that is not there, or cannot be read, stays
    as the cell says.

    Raises:
        UserError: when there is no room.
    """
    found = picture_cells(text)
    kept: dict[str, str] = {}
    for name, file in found.items():
        try:
            data = read_bytes(file)
        except UserError:  # it is told beside the row when it is imported, and again when it is learnt from
            continue
        kept[name] = _FOLDER + put(data, file.name, media, shared)
    return row_text({**cells_of(text), **kept}) if kept else text


def put(data: bytes, name: str, media: Path, shared: bool = True) -> str:
    """Write a copy, unless it is there; its place within `media`. Raises: UserError when there is no room."""
    plain = _UNFIT.sub("_", name)
    place = f"{hashlib.sha256(data).hexdigest()[:32]}/{plain[-_LONGEST:].lstrip('. ') or 'picture'}"
    target = media / place
    if not target.exists():
        try:
            if not target.parent.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                atomic.sync_folder(media)
            atomic.write_bytes(target, data, shared=shared)
        except OSError as error:
            raise UserError(
                "A picture of the table could not be copied.", "Make room on the disk, or import without copying."
            ) from error
    return place


def is_whole(place: str, media: Path) -> bool:
    """Whether a copy holds what it held when it was made."""
    try:
        with (media / place).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest().startswith(place[:32])
    except OSError:
        return False
