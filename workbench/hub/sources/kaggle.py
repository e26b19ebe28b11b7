"""Models of Kaggle Models, where TensorFlow Hub's have moved: one archive each, unpacked with care."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from workbench import atomic
from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub import listing
from workbench.hub.http import Wanted
from workbench.hub.net_settings import weights_folder
from workbench.hub.plan import Plan
from workbench.hub.sources.url import address

FOLDER = "kaggle"
_API = "https://www.kaggle.com/api/v1/models"
_MOST_FILES = 2000
_MOST_BYTES = 8_000_000_000
_CHUNK = 1 << 20


def locate(card: ModelCard, paths: AppPaths) -> Path | None:
    base = weights_folder(paths) / FOLDER
    folder = base / card.id
    if not listing.has(base, card.id) or (card.source.path and not (folder / card.source.path).is_file()):
        return None
    return folder / card.source.path if card.source.path else folder


def plan(card: ModelCard, paths: AppPaths, control: Control, _allow_pickle: bool) -> Plan:
    """`source.ref` is "owner/model/framework/variation/version", or several joined by "+" (a model of two parts).

    Each part's files come to lie in one folder, a part's file under the name in `source.files` at the same place.
    """
    base = weights_folder(paths) / FOLDER
    archives = [base / f".{card.id}-{n}.tar.gz" for n, _ in enumerate(card.source.ref.split("+"))]
    files = [
        Wanted(address(f"{_API}/{ref}/download"), archive)
        for ref, archive in zip(card.source.ref.split("+"), archives, strict=True)
    ]

    def finish() -> Path:
        work, folder = base / f".{card.id}.part", base / card.id
        shutil.rmtree(work, ignore_errors=True)
        names = [f.name for f in card.source.files] or [""] * len(archives)
        for archive, name in zip(archives, names, strict=True):
            unpack(archive, work, control, name)
        if folder.exists():
            shutil.rmtree(folder)
        atomic.put(work, folder)
        for archive in archives:
            archive.unlink()
        return folder / card.source.path if card.source.path else folder

    return Plan(files, finish)


def delete(card: ModelCard, paths: AppPaths) -> None:
    shutil.rmtree(weights_folder(paths) / FOLDER / card.id)


def unpack(archive: Path, folder: Path, control: Control, only: str = "") -> None:
    """Unpack a tar archive: plain files in plain folders, bounded in number and size.

    Args:
        only: the archive holds one file, which gets this name.

    Raises:
        UserError: when it holds anything else, is damaged, or is too large.
    """
    left = _MOST_BYTES
    try:
        with tarfile.open(archive, "r:*") as tar:
            for number, member in enumerate(tar):
                control.check()
                name = member.name.removeprefix("./")
                if member.isdir() or not name:
                    continue
                parts = Path(name).parts
                if number >= _MOST_FILES or not member.isreg() or Path(name).is_absolute() or ".." in parts:
                    raise _suspicious(archive)
                left -= member.size
                if left < 0:
                    raise _suspicious(archive)
                source = tar.extractfile(member)
                if source is None:
                    raise _suspicious(archive)
                target = folder / (only or name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as stream:
                    shutil.copyfileobj(source, stream, _CHUNK)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError("The downloaded archive is damaged.", "Download the model again.") from error


def _suspicious(archive: Path) -> UserError:
    return UserError(
        f"The archive {archive.name.lstrip('.')} holds what no model needs; it was not unpacked.",
        "Choose another model.",
    )
