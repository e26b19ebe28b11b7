"""What downloads lie on this computer, and what can be done about them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub import net_settings, records
from workbench.hub.http import check_room, sha256
from workbench.hub.sources import huggingface
from workbench.hub.store import delete as delete_files
from workbench.hub.store import download, find


@dataclass(frozen=True)
class Stored:
    """One model's files, or what has come of a download so far.

    Attributes:
        path: its file or folder.
        size: bytes on the disk.
        last_used: seconds since 1970; 0 when not known.
        partial: it is the beginning of a download.
        shared: it lies in the cache other programs use too: shown, never changed.
        card: None when nothing is known but the files.
    """

    id: str
    name: str
    kind: str
    path: Path
    size: int
    last_used: float = 0.0
    pinned: bool = False
    projects: tuple[str, ...] = ()
    partial: bool = False
    shared: bool = False
    card: ModelCard | None = None


class Cache:
    """The downloads under the weights folder, and those of the normal Hugging Face cache, which are only read."""

    def __init__(self, paths: AppPaths | None = None) -> None:
        self._paths = paths or app_paths()

    @property
    def folder(self) -> Path:
        return net_settings.weights_folder(self._paths)

    def entries(self, control: Control | None = None) -> list[Stored]:
        """Everything there, the largest first."""
        control = control or Control()
        base = self.folder
        found: list[Stored] = []
        claimed: set[Path] = set()
        for record in records.everything(self._paths):
            control.check()
            card = _card(record)
            found_at = find(card, self._paths) if not record.path and card is not None else None
            if found_at is not None and found_at.is_relative_to(base):
                # Cut off between its last file and the note that it is whole; each file was verified as it came.
                record = replace(record, path=found_at.relative_to(base).as_posix(), parts=())
            if record.path:
                place = base / record.path
                if not place.exists():
                    continue
                claimed.add(_top(place, base))
                size = records.size_of(place)
                partial = False
            else:
                parts = [base / f"{name}.part" for name in record.parts]
                whole = [base / name for name in record.parts]
                size = sum(p.stat().st_size for p in (*parts, *whole) if p.is_file())
                # Also where nothing has come yet: the lock and the note beside it are no model.
                claimed |= {_top(p, base) for p in whole} | {_top(p, base) for p in parts}
                if not size:
                    continue
                place, partial = parts[0], True
            found.append(
                Stored(
                    record.id, record.name, record.kind, place, size, record.last_used, record.pinned, record.projects,
                    partial, False, card,
                )
            )  # fmt: skip
        found += self._nameless(base, claimed)
        found += self._shared(control)
        return sorted(found, key=lambda s: -s.size)

    def _nameless(self, base: Path, claimed: set[Path]) -> Iterable[Stored]:
        """Files no record speaks of: an older app's, or a record was lost."""
        for kind in (huggingface.FOLDER, "torchvision", "url", "kaggle"):
            folder = base / kind
            for place in sorted(folder.iterdir()) if folder.is_dir() else ():
                if place in claimed or place.name.endswith((".lock", ".part.json")) or place.name.startswith(".locks"):
                    continue
                size = records.size_of(place)
                if size:
                    yield Stored(f"{kind}/{place.name}", place.name, kind, place, size)

    def _shared(self, control: Control) -> list[Stored]:
        """Models in the Hugging Face cache of the person's other programs."""
        folder = huggingface.own_cache()
        if not folder.is_dir() or folder == huggingface.root(self._paths):
            return []
        from huggingface_hub import scan_cache_dir
        from huggingface_hub.errors import CacheNotFound

        control.check()
        try:
            report = scan_cache_dir(folder)
        except (CacheNotFound, OSError, ValueError):
            return []
        return [
            Stored(f"shared:{r.repo_id}", r.repo_id, "huggingface", Path(r.repo_path), r.size_on_disk, r.last_accessed, shared=True)
            for r in report.repos
            if r.repo_type == "model"
        ]  # fmt: skip

    def total(self) -> int:
        """Bytes of our downloads."""
        return sum(s.size for s in self.entries() if not s.shared)

    def free_space(self) -> int:
        """Bytes free on the disk the downloads lie on."""
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        return shutil.disk_usage(place).free

    def pin(self, model_id: str, pinned: bool = True) -> None:
        """Keep a model out of what `tidy` proposes."""
        record = records.read(model_id, self._paths)
        if record is not None:
            records.write(replace(record, pinned=pinned), self._paths)

    def delete(self, stored: Stored) -> None:
        """Delete a model's files. Raises: UserError when they are not ours or cannot be deleted."""
        if stored.shared:
            raise UserError(
                f"“{stored.name}” lies in the cache other programs use too; the app does not delete it.",
                "Delete it with the program that put it there.",
            )
        if stored.card is not None and not stored.partial:
            delete_files(stored.card, self._paths)
            return
        base = self.folder
        record = records.read(stored.id, self._paths)
        places = [stored.path]
        if record is not None:
            places += [base / f"{n}{e}" for n in record.parts for e in (".part", ".part.json", ".lock", "")]
        try:
            for place in places:
                if place.is_dir():
                    shutil.rmtree(place)
                else:
                    place.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"“{stored.name}” could not be deleted.", "Close programs that use it.") from error
        records.forget(stored.id, self._paths)

    def verify(self, stored: Stored, control: Control | None = None) -> list[str]:
        """Names of files that are damaged or gone; empty when all is as it came.

        Raises:
            UserError: when nothing is known to compare with.
            Cancelled: when asked to stop.
        """
        control = control or Control()
        record = records.read(stored.id, self._paths)
        hashes = dict(record.hashes or {}) if record is not None else {}
        hashes = hashes or _published(stored)
        if not hashes:
            raise UserError(f"For “{stored.name}” there is nothing to compare with.", "Download it again to be sure.")
        wrong = []
        for number, (name, digest) in enumerate(hashes.items()):
            file = stored.path / name if name else stored.path
            control.progress(number, len(hashes), f"Checking {stored.name}")
            if not file.is_file() or sha256(file, control) != digest:
                wrong.append(name or stored.path.name)
        return wrong

    def repair(self, stored: Stored, control: Control | None = None) -> bool:
        """Check, and fetch again what is damaged. True when anything had to be mended.

        Raises:
            UserError: as `verify` and `download`.
            Cancelled: when asked to stop.
        """
        wrong = self.verify(stored, control)
        if not wrong:
            return False
        if stored.card is None:
            raise UserError(f"“{stored.name}” is not in the catalogue any more.", "Delete it.")
        for name in wrong:
            file = stored.path / name if name != stored.path.name or stored.path.is_dir() else stored.path
            real = file.resolve()
            # The link and what it points at: both must go, or the damage would be taken for the file.
            for place in (file, real):
                if place.is_relative_to(self.folder):
                    place.unlink(missing_ok=True)
        if stored.path.is_dir():
            shutil.rmtree(stored.path)
        download(stored.card, control, self._paths, allow_pickle=True)
        return True

    def tidy(self, keep_bytes: int) -> list[Stored]:
        """What to delete so that at most `keep_bytes` stay: least lately used first, never what is pinned."""
        ours = [s for s in self.entries() if not s.shared]
        over = sum(s.size for s in ours) - keep_bytes
        chosen = []
        for stored in sorted(ours, key=lambda s: (not s.partial, s.last_used)):
            if over <= 0:
                break
            if not stored.pinned:
                chosen.append(stored)
                over -= stored.size
        return chosen

    def move(self, target: Path, control: Control | None = None) -> None:
        """Take all downloads to another folder. Until the last file is there the old place stays in force.

        Raises:
            UserError: when there is no room, the folder is not empty, or it cannot be written.
            Cancelled: when asked to stop; the old place stays, the copies are deleted.
        """
        control = control or Control()
        old, target = self.folder, target.absolute()
        if target == old or target.is_relative_to(old):
            raise UserError("The downloads cannot be moved into their own folder.", "Choose another folder.")
        if target.exists() and any(target.iterdir()):
            raise UserError(f"The folder “{target.name}” is not empty.", "Choose an empty folder or make a new one.")
        files = [f for f in sorted(old.rglob("*")) if f.is_symlink() or f.is_file()] if old.is_dir() else []
        whole = sum(f.stat().st_size for f in files if not f.is_symlink())
        check_room(target, whole, "Your downloads")
        copied = 0
        try:
            target.mkdir(parents=True, exist_ok=True)
            for file in files:
                control.check()
                place = target / file.relative_to(old)
                place.parent.mkdir(parents=True, exist_ok=True)
                if file.is_symlink():
                    place.symlink_to(os.readlink(file))  # noqa: PTH115
                    continue
                _copy(file, place, control)
                copied += file.stat().st_size
                control.progress(copied, whole, "Moving downloads")
            net_settings.save(replace(net_settings.load(self._paths), weights=str(target)), self._paths)
        except OSError as error:
            shutil.rmtree(target, ignore_errors=True)
            raise UserError("The downloads could not be moved there.", "Choose a folder you may write to.") from error
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _copy(file: Path, place: Path, control: Control) -> None:
    """Copy with the size checked. Raises: OSError; Cancelled."""
    with file.open("rb") as source, place.open("wb") as target:
        while chunk := source.read(1 << 22):
            target.write(chunk)
            control.check()
        atomic.sync(target)
    if place.stat().st_size != file.stat().st_size:
        raise OSError("the copy is not whole")


def _published(stored: Stored) -> dict[str, str]:
    """What the catalogue says of a model's files, as far as whole hashes are published."""
    if stored.card is None:
        return {}
    known = {f.name: f.sha256.lower() for f in stored.card.source.files if len(f.sha256) == 64}
    if stored.path.is_file():
        return {"": known[stored.path.name]} if stored.path.name in known else {}
    return {name: digest for name, digest in known.items() if (stored.path / name).is_file()}


def _card(record: records.Record) -> ModelCard | None:
    try:
        return ModelCard.from_json(dict(record.card)) if record.card else None
    except UserError:
        return None


def _top(place: Path, base: Path) -> Path:
    """The entry of a source's folder a place belongs to."""
    try:
        parts = place.relative_to(base).parts
    except ValueError:
        return place
    return base.joinpath(*parts[:2])
