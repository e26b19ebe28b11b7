"""What is known about downloads beyond the files themselves: hashes, when used, by which project, whether to keep.

One small file per model under the weights folder, so that two running copies of the app do not overwrite each other's.
Losing one loses no model.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.hub.net_settings import weights_folder

log = logging.getLogger(__name__)
_FOLDER = "records"
# Noted at most this often, in seconds: a batch must not write a file per picture.
_USED_EVERY = 60.0


@dataclass(frozen=True)
class Record:
    """
    Attributes:
        id, name: of the model's card.
        kind: of its source.
        path: its file or folder, relative to the weights folder; "" while it is being fetched.
        parts: files being fetched, relative to the weights folder.
        hashes: sha256 (hex) by file relative to `path` ("" for `path` itself when it is a file).
        last_used: seconds since 1970; 0 for never.
        pinned: not to be proposed for deletion.
        projects: folders of the projects that used it.
        note: what its source noted (the commit).
        card: the whole card, so that what lies there can be named and mended without the catalogue.
    """

    id: str
    name: str = ""
    kind: str = ""
    path: str = ""
    parts: tuple[str, ...] = ()
    hashes: Mapping[str, str] | None = None
    last_used: float = 0.0
    pinned: bool = False
    projects: tuple[str, ...] = ()
    note: Mapping[str, str] | None = None
    card: Mapping[str, Any] | None = None


def _file(model_id: str, paths: AppPaths) -> Path:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in model_id)[:150]
    return weights_folder(paths) / _FOLDER / f"{safe}.json"


def read(model_id: str, paths: AppPaths) -> Record | None:
    """One record; None when there is none or it cannot be read."""
    return _read(_file(model_id, paths))


def _read(file: Path) -> Record | None:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        known = {k: data[k] for k in Record.__dataclass_fields__ if k in data}
        for key in ("parts", "projects"):
            known[key] = tuple(str(v) for v in known.get(key, ()))
        return Record(**known)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        log.warning("the record %s cannot be read", file.name)
        return None


def everything(paths: AppPaths) -> list[Record]:
    """All records."""
    folder = weights_folder(paths) / _FOLDER
    found = [_read(f) for f in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    return [r for r in found if r is not None]


def write(record: Record, paths: AppPaths) -> None:
    """Keep a record. A record is a help, not the model: that it cannot be written is logged, not raised."""
    file = _file(record.id, paths)
    try:
        atomic.write_text(file, json.dumps(asdict(record), ensure_ascii=False, default=str), shared=True)
    except OSError:
        log.exception("the record of %s could not be written", record.id)


def begun(card: ModelCard, targets: Sequence[Path], paths: AppPaths) -> None:
    """A download starts: whose the half files are."""
    base = weights_folder(paths)
    old = read(card.id, paths) or Record(card.id)
    parts = tuple(_relative(t, base) for t in targets)
    write(replace(old, name=card.name, kind=card.source.kind, parts=parts, card=card.to_json()), paths)


def done(card: ModelCard, found: Path, note: Mapping[str, str], paths: AppPaths) -> None:
    """A download is whole: its hashes are taken from what came, for checking it later."""
    old = read(card.id, paths) or Record(card.id)
    record = replace(
        old,
        name=card.name,
        kind=card.source.kind,
        path=_relative(found, weights_folder(paths)),
        parts=(),
        hashes=_hashes(found),
        last_used=time.time(),
        note=dict(note),
        card=card.to_json(),
    )
    write(record, paths)


def used(card: ModelCard, found: Path, paths: AppPaths) -> None:
    """Note that a model was opened."""
    old = read(card.id, paths)
    # A clock that was put back makes the last use one of the future: then it is noted anew.
    if old is not None and 0 <= time.time() - old.last_used < _USED_EVERY:
        return
    base = weights_folder(paths)
    if old is None:
        if not found.is_relative_to(base):
            return  # another program's cache: nothing to note
        old = Record(card.id, card.name, card.source.kind, _relative(found, base), card=card.to_json())
    write(replace(old, last_used=time.time()), paths)


def used_by(model_id: str, project: Path, paths: AppPaths) -> None:
    """Note that a project works with a model."""
    old = read(model_id, paths)
    if old is not None and str(project) not in old.projects:
        write(replace(old, projects=(*old.projects, str(project))), paths)


def forget(model_id: str, paths: AppPaths) -> None:
    """The model is gone."""
    _file(model_id, paths).unlink(missing_ok=True)


def size_of(place: Path) -> int:
    """Bytes of a file or of all files in a folder, links followed."""
    if place.is_file():
        return place.stat().st_size
    return sum(f.stat().st_size for f in place.rglob("*") if f.is_file())


def _hashes(found: Path) -> dict[str, str]:
    from workbench.hub.http import sha256

    if found.is_file():
        return {"": sha256(found)}
    return {f.relative_to(found).as_posix(): sha256(f) for f in sorted(found.rglob("*")) if f.is_file()}


def _relative(place: Path, base: Path) -> str:
    return place.relative_to(base).as_posix() if place.is_relative_to(base) else str(place)
