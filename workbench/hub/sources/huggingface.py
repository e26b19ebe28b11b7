"""Models on the Hugging Face hub. The network is touched only by `fetch`, which the person asks for."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub.http import fetch_file

_BASE = "https://huggingface.co"
# What a text model may need. Weights in safetensors are taken before pickled ones.
_SMALL = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "spm.model",
)
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_DONE = ".complete"


def locate(card: ModelCard, paths: AppPaths) -> Path | None:
    folder = _folder(card, paths)
    return folder if (folder / _DONE).is_file() else None


def fetch(card: ModelCard, paths: AppPaths, control: Control) -> Path:
    """See `workbench.hub.store.download`. Files are asked for one by one, so that a stop loses nothing."""
    folder = _folder(card, paths)
    base = os.environ.get("HF_ENDPOINT", _BASE).rstrip("/")
    root = f"{base}/{card.source.ref}/resolve/{quote(card.source.revision or 'main')}"
    got = [name for name in _SMALL if _try(f"{root}/{name}", folder / name, card, control)]
    if "config.json" not in got:
        raise UserError(f"“{card.name}” was not found on its server.", "It may have been moved or withdrawn.")
    if not any(_try(f"{root}/{name}", folder / name, card, control) for name in _WEIGHTS):
        raise UserError(f"“{card.name}” has no weights this app can read safely.", "Choose another model.")
    (folder / _DONE).write_text("", encoding="utf-8")
    return folder


def _try(url: str, target: Path, card: ModelCard, control: Control) -> bool:
    """Fetch one file; False when the hub does not have it."""
    import urllib.error

    if target.is_file():
        return True
    control.check()
    try:
        fetch_file(url, target, card.name, control, size=card.source.size)
    except UserError as error:
        cause = error.__cause__
        if isinstance(cause, urllib.error.HTTPError) and cause.code == 404:
            return False
        raise
    return True


def _folder(card: ModelCard, paths: AppPaths) -> Path:
    return paths.cache / "weights" / "huggingface" / card.source.ref.replace("/", "--")
