"""Loading networks of transformers from a local folder: no network, no code of others, and no weight left to chance."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import UserError

# Parts that only served a first training; they are taken off after loading, so they may be missing.
_NOT_USED = ("pooler.",)
# What the library raises for files that are missing, cut off or something else.
_DAMAGE = (OSError, ValueError, RuntimeError, KeyError, ImportError, AttributeError, TypeError)
LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_lock = threading.Lock()
_loading = 0
_before = False


@contextmanager
def _no_network() -> Iterator[None]:
    """Keeps the hub's library off the network while something is loaded.

    A config.json can make it ask the hub for a part in spite of `local_files_only`. A search the person makes at the
    same moment is refused by the library and asked again by us.
    """
    from huggingface_hub import constants

    global _loading, _before
    with _lock:
        if not _loading:
            _before = bool(constants.HF_HUB_OFFLINE)
        _loading += 1
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        with _lock:
            _loading -= 1
            if not _loading:
                constants.HF_HUB_OFFLINE = _before


def load_network(class_name: str, path: Path, name: str, dtype: str = "float32") -> Any:
    """A network with every weight from the files.

    The library fills what is missing with random numbers; here that is an error, as such a model would talk nonsense.

    Raises:
        UserError: when the folder is incomplete or damaged, or lacks some of the network's weights.
    """
    import pickle

    import transformers
    from safetensors import SafetensorError

    damage = (*_DAMAGE, SafetensorError, pickle.UnpicklingError, EOFError)
    transformers.utils.logging.disable_progress_bar()
    try:
        with _no_network():
            model, report = getattr(transformers, class_name).from_pretrained(
                path, dtype=dtype, output_loading_info=True, **LOCAL
            )
    except damage as error:
        raise UserError(
            f"The files of “{name}” are incomplete or damaged.", "Delete the model and download it again."
        ) from error
    missing = [k for k in report["missing_keys"] if not any(part in k for part in _NOT_USED)]
    wrong = list(report.get("mismatched_keys") or ())
    if missing or wrong:
        raise UserError(
            f"The files of “{name}” lack some of its weights; it cannot be used for this.",
            "Choose another model, or use it as a beginning for training.",
        )
    return model


def load_part(class_name: str, path: Path, name: str) -> Any:
    """A tokenizer, processor or extractor. Raises: UserError when its files are incomplete or damaged."""
    import transformers

    try:
        with _no_network():
            return getattr(transformers, class_name).from_pretrained(path, **LOCAL)
    except _DAMAGE as error:
        raise UserError(
            f"The files of “{name}” are incomplete or damaged.", "Delete the model and download it again."
        ) from error
