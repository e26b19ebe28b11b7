"""timm's published weights: repositories of the Hugging Face hub, of which one file is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.hub.plan import Plan
from workbench.hub.sources import huggingface

_FILE = "model.safetensors"


def locate(card: ModelCard, paths: AppPaths) -> Path | None:
    return huggingface.locate(_one_file(card), paths)


def plan(card: ModelCard, paths: AppPaths, control: Control, allow_pickle: bool) -> Plan:
    return huggingface.plan(_one_file(card), paths, control, allow_pickle)


def delete(card: ModelCard, paths: AppPaths) -> None:
    huggingface.delete(card, paths)


def _one_file(card: ModelCard) -> ModelCard:
    return replace(card, source=replace(card.source, path=card.source.path or _FILE))
