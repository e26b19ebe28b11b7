"""From a card and its files to a `LoadedModel`."""

from __future__ import annotations

from importlib import import_module

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes.network import Network

_RUNTIMES = ("timm", "torchvision", "transformers")


def open_model(card: ModelCard, files: ModelFiles, device: str = "cpu") -> Network:
    """Read the weights into memory.

    Args:
        device: "cpu", "cuda" or "mps".

    Raises:
        UserError: when the files are damaged or do not fit, or this app has no runtime for the card.
    """
    if card.runtime not in _RUNTIMES:
        raise UserError(f"This version of the app cannot open “{card.name}”.", "Update the app.")
    runtime = import_module(f"workbench.runtimes.{card.runtime}_runtime")
    if card.is_own:
        from workbench.runtimes.folder import open_folder

        model = open_folder(card, files.path, runtime)
    else:
        model = runtime.open_pretrained(card, files.path)
    model.to(device)
    if model.tokenizer is None:
        # Convolutions are markedly quicker with the channels last, also on a processor.
        import torch

        model.module.to(memory_format=torch.channels_last)
    network: Network = model
    return network
