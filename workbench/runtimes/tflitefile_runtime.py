"""A person's own .tflite file: a picture classifier, run by LiteRT. Whole-number networks are told the same pixels as
the others; the file's own scale turns them into its numbers."""

from __future__ import annotations

from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.runtimes.base import Loaded
from workbench.runtimes.file_classifier import session_classifier
from workbench.runtimes.onnx_session import LiteSession


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the file is damaged, needs parts LiteRT does not have, or is no picture classifier."""
    return session_classifier(card, path, LiteSession(path))
