"""What the app stands on, and under which licence: of each library its name, version, licence and the texts that came with it.

From a source tree it is read from the installed distributions; the installed app brings it as files, written by the same code
when it was packaged (`packaging/freeze/licences.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

from workbench.app_paths import resources
from workbench.control import Control

FOLDER, LIST = "third-party", "third-party.json"
_NAMES = re.compile(r"^(licen[cs]e|copying|notice|copyright)|licen[cs]es?$|^(lgpl|gpl|mpl)[-_.]", re.IGNORECASE)
_ENDINGS = ("", ".txt", ".md", ".rst", ".mit", ".bsd", ".apache", ".apache2", ".psf", ".lesser", ".cpp")
_LARGEST = 2_000_000
_LONGEST_STATED = 120


@dataclass(frozen=True)
class Part:
    """Something the app stands on.

    Attributes:
        licence: as its makers state it; "" when they do not.
        files: places of its licence texts, below the folder they lie in.
    """

    name: str
    version: str
    licence: str
    home: str
    files: tuple[str, ...]
    folder: Path

    def texts(self) -> list[tuple[str, str]]:
        """(name, text) of each licence file that can be read."""
        found = []
        for name in self.files:
            try:
                data = (self.folder / name).read_bytes()[:_LARGEST]
            except OSError:
                continue
            found.append((name, data.decode("utf-8", "replace")))
        return found


def parts(control: Control | None = None) -> list[Part]:
    """Everything, in order of name. From a source tree this reads some hundred files: in a job."""
    packaged = resources() / "licences" / LIST
    if packaged.is_file():
        return _read(packaged)
    return installed_parts(_requirements(), control)


def own_parts() -> list[Part]:
    """Fonts, icons, word lists and networks that lie among the app's own files."""
    found = []
    for folder in ("licences", "starter"):
        for file in sorted((resources() / folder).glob("*.txt")):
            name, _, licence = file.stem.partition("-")
            words = file.stem.rsplit("-", 2)
            if words[-1][:1].isdigit() and len(words) > 2:  # inter-OFL-1.1, idealo-isr-Apache-2.0
                name, licence = "-".join(words[:-2]), "-".join(words[-2:])
            else:
                name, licence = file.stem.rpartition("-")[0], file.stem.rpartition("-")[2]
            found.append(Part(name, "", licence, "", (file.name,), file.parent))
    return found


def installed_parts(requirements: Sequence[str], control: Control | None = None) -> list[Part]:
    """The installed distributions that these requirements (PEP 508) stand for."""
    found = []
    for distribution in closure(requirements).values():
        if control is not None:
            control.check()
        found.append(_part(distribution))
    return sorted(found, key=lambda part: part.name.lower())


def closure(requirements: Iterable[str]) -> dict[str, metadata.Distribution]:
    """The distributions required, those they require, and so on, by normalised name. What is not installed is left out."""
    from packaging.requirements import Requirement

    found: dict[str, metadata.Distribution] = {}

    def add(lines: Iterable[str], extras: Iterable[str]) -> None:
        for line in lines:
            wanted = Requirement(line)
            name = normal(wanted.name)
            fits = wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in ("", *extras))
            if not fits or name in found:
                continue
            try:
                found[name] = metadata.distribution(wanted.name)
            except metadata.PackageNotFoundError:
                continue
            add(found[name].requires or (), wanted.extras)

    add(requirements, ())
    return dict(sorted(found.items()))


def normal(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def stated(distribution: metadata.Distribution) -> str:
    """Its licence as its makers state it: an SPDX expression if there is one, else their own words, in one line."""
    facts = distribution.metadata
    expression = _field(facts, "License-Expression")
    if expression:
        return expression
    classifiers = [
        c.split("::")[-1].strip()
        for c in facts.get_all("Classifier") or []
        if c.startswith("License ::") and c.count("::") > 1
    ]
    words = " ".join(_field(facts, "License").split())
    # Some put the whole text there.
    if words and words.upper() != "UNKNOWN" and len(words) <= _LONGEST_STATED and "Copyright" not in words:
        return words
    return " or ".join(classifiers)


def _field(facts: metadata.PackageMetadata, name: str) -> str:
    """The first of this name; "" when there is none."""
    return next((str(value) for value in facts.get_all(name) or ()), "")


def _requirements() -> list[str]:
    try:
        return [line for line in metadata.requires("model-workbench") or [] if "extra ==" not in line]
    except metadata.PackageNotFoundError:
        return []


def _part(distribution: metadata.Distribution) -> Part:
    folder = Path(str(distribution.locate_file("")))
    files = []
    for place in distribution.files or ():
        path = PurePosixPath(str(place))
        inside = "licenses" in path.parts[:-1] and path.parts[0].endswith(".dist-info")
        if ".." in path.parts or path.suffix in (".py", ".pyc", ".so", ".h") or not path.name:
            continue
        if inside or (_NAMES.search(path.name) and (path.suffix.lower() in _ENDINGS or _NAMES.search(path.suffix[1:]))):
            files.append(str(path))
    facts = distribution.metadata
    pages = [u.split(",", 1)[-1].strip() for u in facts.get_all("Project-URL") or []]
    home = _field(facts, "Home-page") or next(iter(pages), "")
    return Part(
        str(facts["Name"]), distribution.version, stated(distribution), home if home.startswith("http") else "",
        tuple(sorted(files)), folder,
    )  # fmt: skip


def _read(file: Path) -> list[Part]:
    folder = file.parent / FOLDER
    return [
        Part(e["name"], e["version"], e["licence"], e.get("home", ""), tuple(e["files"]), folder)
        for e in json.loads(file.read_text(encoding="utf-8"))
    ]
