"""Electronic books (EPUB 3.3): their pages in the order of reading."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from workbench.control import Control
from workbench.data.documents.base import Block, Document, assembled
from workbench.data.documents.html import decoded, page
from workbench.data.documents.zipped import opened, part, root
from workbench.errors import UserError

SUFFIXES = (".epub",)
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def read(path: Path, control: Control) -> Document:
    """Raises: UserError when it is protected, damaged or holds no text. Cancelled: when asked to stop."""
    with opened(path) as archive:
        container = root(archive, "META-INF/container.xml")
        file = container.find(f".//{_CONTAINER}rootfile") if container is not None else None
        name = file.get("full-path", "") if file is not None else ""
        package = root(archive, name) if name else None
        if package is None:
            raise UserError("This is no electronic book.", "Copy it again from where it came from.")
        if "META-INF/encryption.xml" in archive.namelist() and "META-INF/rights.xml" in archive.namelist():
            raise UserError("This book is protected against copying and cannot be read.", "Choose another one.")
        places = {item.get("id"): item.get("href", "") for item in package.iter(f"{_OPF}item")}
        names = [places.get(entry.get("idref"), "") for entry in package.iter(f"{_OPF}itemref")]
        pages = [posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(n))) for n in names if n]
        return assembled(path, (package.findtext(f".//{_TITLE}") or "").strip(), _blocks(archive, pages), control)


def _blocks(archive: zipfile.ZipFile, pages: list[str]) -> Iterator[Block]:
    for name in pages:
        data = part(archive, name)
        if data:
            yield from page(decoded(data))[1]
