"""From a card and its files to a `Loaded` model."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes.base import Loaded
from workbench.runtimes.network import Network


def runtime_of(card: ModelCard) -> ModuleType:
    """The module that opens a card. Raises: UserError when this app has none."""
    name = f"workbench.runtimes.{card.runtime}_runtime"
    if not card.runtime.isidentifier() or find_spec(name) is None:
        raise UserError(f"This version of the app cannot open “{card.name}”.", "Update the app.")
    return import_module(name)


def open_model(card: ModelCard, files: ModelFiles, device: str = "cpu") -> Loaded:
    """Read the weights into memory.

    Args:
        device: "cpu", "cuda" or "mps".

    Raises:
        UserError: when the files are damaged or do not fit, or this app has no runtime for the card.
    """
    runtime = runtime_of(card)
    if card.source.kind == "folder":
        from workbench.runtimes.folder import open_folder

        model = open_folder(card, files.path, runtime)
    else:
        model = runtime.open_pretrained(card, files.path)
    model.to(device)
    if isinstance(model, Network) and model.tokenizer is None:
        # Convolutions are markedly quicker with the channels last, also on a processor.
        import torch

        model.module.to(memory_format=torch.channels_last)
    return model


def open_network(card: ModelCard, files: ModelFiles, device: str = "cpu") -> Network:
    """As `open_model`, for models that can be taught. Raises: UserError when this one cannot."""
    model = open_model(card, files, device)
    if not isinstance(model, Network):
        raise UserError(f"“{card.name}” cannot be taught.", "Choose another model.")
    return model
