"""A person's own .onnx file: a picture classifier, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.runtimes.base import Loaded
from workbench.runtimes.file_classifier import session_classifier
from workbench.runtimes.onnx_session import OnnxSession


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the file is damaged, or is no picture classifier."""
    return session_classifier(card, path, OnnxSession(path))
