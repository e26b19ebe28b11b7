"""The person's own models: a folder with `card.json` and `model.safetensors`."""

from __future__ import annotations

from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard


def locate(card: ModelCard, _paths: AppPaths) -> Path | None:
    folder = Path(card.source.ref)
    return folder if (folder / "model.safetensors").is_file() else None
