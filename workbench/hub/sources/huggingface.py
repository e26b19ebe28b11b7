"""Models of the Hugging Face hub (or a mirror of it), laid down as its own library does, so that both can read them.

Layout (huggingface_hub's documentation, "Understand caching"): `models--OWNER--NAME/` with `blobs/HASH`,
`snapshots/COMMIT/FILE` pointing at them, and `refs/REVISION` holding a commit.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workbench import atomic
from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub import listing
from workbench.hub.http import Wanted
from workbench.hub.net_settings import require_online, weights_folder
from workbench.hub.plan import PickleQuestion, Plan
from workbench.hub.sources.hub_api import model_info
from workbench.hub.token import hub_token

FOLDER = "huggingface"
INDEX = "model.safetensors.index.json"
_WEIGHTS = ("model.safetensors", INDEX)
_PICKLES = ("pytorch_model.bin",)
# Small files a tokenizer or a processor may need. Never programs.
_SMALL_ENDINGS = (".json", ".model", ".spm", ".jinja")
_SMALL_NAMES = ("vocab.txt", "merges.txt", "labels.txt", "bpe.codes", "vocab.bpe", "sentencepiece.bpe.model")
_SMALL_BYTES = 60_000_000


def root(paths: AppPaths) -> Path:
    """Where our downloads lie."""
    return weights_folder(paths) / FOLDER


def own_cache() -> Path:
    """The cache other programs of this person use; read, never changed."""
    return _own_cache(*map(os.environ.get, ("HF_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HOME")))


@lru_cache(maxsize=8)  # a list of models asks for each of them
def _own_cache(hub_home: str | None, caches: str | None, hub: str | None, _home: str | None) -> Path:
    home = hub_home or os.path.join("~/.cache" if caches is None else caches, "huggingface")  # noqa: PTH118
    return Path(hub or Path(home) / "hub").expanduser()


def locate(card: ModelCard, paths: AppPaths) -> Path | None:
    """The snapshot (or the one file the card names) in our downloads, else in the person's other cache."""
    name = _folder_name(card.source.ref)
    for base in (root(paths), own_cache()):
        if listing.has(base, name):
            found = _snapshot(base / name, card)
            if found is not None:
                return found
    return None


def plan(card: ModelCard, paths: AppPaths, control: Control, allow_pickle: bool) -> Plan:
    """Ask the hub what there is. Raises: UserError as `fetch_file`; PickleQuestion when only pickles are there."""
    settings = require_online(f"Downloading “{card.name}”", paths)
    info = model_info(card.source.ref, card.source.revision or "main", card.name, settings, control)
    commit = str(info.sha)
    chosen = choose_files(card, list(info.siblings or ()), allow_pickle)
    folder = root(paths) / _folder_name(card.source.ref)
    token = hub_token() or ""
    address = f"{settings.hub}/{card.source.ref}/resolve/{commit}"
    files: list[Wanted] = []
    names: dict[str, str] = {}
    for sibling in chosen:
        name = str(sibling.rfilename)
        digest = str(getattr(sibling.lfs, "sha256", "") or "") if sibling.lfs else ""
        blob = digest or str(sibling.blob_id or "") or f"{commit}-{name.replace('/', '-')}"
        names[name] = blob
        url = f"{address}/{quote(name)}"
        files.append(Wanted(url, folder / "blobs" / blob, int(sibling.size or 0), digest, token))
    # The weights come last: what is small and may be missing shows first.
    files.sort(key=lambda f: f.size)
    revision = card.source.revision or "main"

    def finish() -> Path:
        _lay_down(folder, commit, revision, names)
        found = _snapshot(folder, card)
        if found is None:
            raise UserError(f"“{card.name}” is incomplete on its server.", "Choose another model.")
        return found

    return Plan(files, finish, {"commit": commit})


def choose_files(card: ModelCard, siblings: Sequence[Any], allow_pickle: bool) -> list[Any]:
    """What of a repository is fetched: weights in one safe format, and the small files beside them.

    Raises:
        UserError: when there are no weights this app reads.
        PickleQuestion: when there are only pickled ones, and `allow_pickle` is False.
    """
    by_name = {str(s.rfilename): s for s in siblings if _is_plain(str(s.rfilename))}
    if card.source.files:
        wanted = [f.name for f in card.source.files]
        missing = [name for name in wanted if name not in by_name]
        if missing:
            raise UserError(f"“{card.name}” lacks the file {missing[0]} on its server.", "Choose another model.")
        return [by_name[name] for name in wanted]
    small = [
        s for name, s in by_name.items()
        if "/" not in name and (name.endswith(_SMALL_ENDINGS) or name in _SMALL_NAMES) and (s.size or 0) <= _SMALL_BYTES
    ]  # fmt: skip
    small = [s for s in small if s.rfilename != INDEX and not str(s.rfilename).endswith(".bin.index.json")]
    if card.source.path:
        if card.source.path not in by_name:
            raise UserError(f"“{card.name}” lacks the file {card.source.path} on its server.", "Choose another model.")
        return [*small, by_name[card.source.path]]
    if "model.safetensors" in by_name:
        return [*small, by_name["model.safetensors"]]
    if INDEX in by_name:
        # The shards are named model-00001-of-00002.safetensors; an index is small and fetched with them.
        shards = [s for name, s in by_name.items() if name.startswith("model-") and name.endswith(".safetensors")]
        return [*small, by_name[INDEX], *shards]
    for name in _PICKLES:
        if name in by_name:
            if not allow_pickle:
                raise PickleQuestion(card.name)
            return [*small, by_name[name]]
    raise UserError(f"“{card.name}” has no weights this app can read safely.", "Choose another model.")


def _is_plain(name: str) -> bool:
    """A name that stays inside its folder and is no program."""
    parts = name.split("/")
    return not (name.startswith("/") or "\\" in name or ".." in parts or ":" in name or name.endswith((".py", ".sh")))


def _folder_name(ref: str) -> str:
    return f"models--{ref.replace('/', '--')}"


def _snapshot(folder: Path, card: ModelCard) -> Path | None:
    """The newest whole snapshot, or the pinned one."""
    revision = card.source.revision or "main"
    candidates: list[Path] = []
    ref = folder / "refs" / revision
    if ref.is_file():
        candidates.append(folder / "snapshots" / ref.read_text(encoding="utf-8").strip())
    candidates.append(folder / "snapshots" / revision)
    for snapshot in candidates:
        if card.source.path:
            if (snapshot / card.source.path).is_file():
                return snapshot / card.source.path
        elif card.source.files:
            if all((snapshot / f.name).is_file() for f in card.source.files):
                return snapshot
        elif _is_whole(snapshot):
            return snapshot
    return None


def _is_whole(snapshot: Path) -> bool:
    if not (snapshot / "config.json").is_file():
        return False
    if (snapshot / "model.safetensors").is_file() or any((snapshot / p).is_file() for p in _PICKLES):
        return True
    try:
        shards: Iterable[str] = set(json.loads((snapshot / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return all((snapshot / str(name)).is_file() for name in shards)


def _lay_down(folder: Path, commit: str, revision: str, names: dict[str, str]) -> None:
    """Make the snapshot whole under another name, then give it its own: it is never seen half."""
    snapshots = folder / "snapshots"
    work = snapshots / f".{commit}.part"
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    old = snapshots / commit
    for name in sorted(p.relative_to(old).as_posix() for p in old.rglob("*") if p.is_file()) if old.is_dir() else ():
        if name not in names and not name.startswith("."):  # files of this commit that were fetched at another time
            target = os.readlink(old / name) if (old / name).is_symlink() else ""  # noqa: PTH115
            if target:
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                (work / name).symlink_to(target)
    for name, blob in names.items():
        place = work / name
        place.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (2 + name.count("/"))
        try:
            place.symlink_to(f"{up}blobs/{blob}")
        except OSError:  # Windows without the right to make links
            shutil.copyfile(folder / "blobs" / blob, place)
    if old.exists():
        shutil.rmtree(old)
    atomic.put(work, old)
    reference = folder / "refs" / revision
    atomic.write_text(reference, commit)


def delete(card: ModelCard, paths: AppPaths) -> None:
    """Delete our copy. Raises: UserError when the files belong to another program's cache."""
    folder = root(paths) / _folder_name(card.source.ref)
    if not folder.is_dir():
        raise UserError(
            f"“{card.name}” lies in the cache other programs use too; the app does not delete it.",
            "Delete it with the program that put it there.",
        )
    shutil.rmtree(folder)
