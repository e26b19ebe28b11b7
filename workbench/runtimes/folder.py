"""A model folder of ours: `card.json`, `model.safetensors` (of classifiers: keys `backbone.*`, `head.*`), for texts also
config and tokenizer files. Written whole or not at all, read with no network and no pickle."""

from __future__ import annotations

import shutil
import tempfile
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import write_card
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.familiar import open_familiar
from workbench.runtimes.network import Network
from workbench.runtimes.weights import read_state

WEIGHTS_FILE = "model.safetensors"
_DAY = 86_400.0


def save_folder(model: Loaded, card: ModelCard, folder: Path) -> None:
    """Write a model folder atomically: under another name first, then renamed.

    Raises:
        UserError: when it exists already, or there is no room or no permission.
    """
    from safetensors.torch import save_file

    if folder.exists():
        raise UserError(f"There is already a folder “{folder.name}”.", "Choose another name.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".saving-", dir=folder.parent))
    except OSError as error:
        raise UserError(f"The folder “{folder.parent}” cannot be written.", "Choose another place.") from error
    try:
        state = {k: v.detach().cpu().contiguous().clone() for k, v in model.state().items()}
        save_file(state, work / WEIGHTS_FILE)
        if isinstance(model, Network) and model.familiar is not None:
            model.familiar.save(work)
        extras = getattr(import_module(f"workbench.runtimes.{card.runtime}_runtime"), "save_extras", None)
        if extras is not None:
            extras(model, work)
        write_card(card, work)
        atomic.put(work, folder)
    except (OSError, RuntimeError) as error:
        raise UserError(
            "The model could not be saved: the disk is full or the folder cannot be written.",
            "Make room and try again.",
        ) from error
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)


def sweep(models: Path, now: float | None = None) -> int:
    """Take away what half-written and half-deleted models have left, some of it large, when it is a day old: what another
    window is writing now stays. Returns how many folders."""
    now = time.time() if now is None else now
    count = 0
    for folder in models.iterdir() if models.is_dir() else ():
        left = folder.name.startswith((".saving-", ".exporting-")) or (
            folder.name.startswith(".") and folder.name.endswith(".deleted")
        )
        # A clock that was put back makes a folder of the future: it may be new.
        if left and folder.is_dir() and now - folder.stat().st_mtime > _DAY:
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count


def open_folder(card: ModelCard, folder: Path, runtime: ModuleType) -> Loaded:
    """Read a model folder: the runtime's `build(card, folder)` makes the network, with the card's classes.

    Raises:
        UserError: when it is damaged.
    """
    model: Loaded = runtime.build(card, folder)
    state = read_state(folder / WEIGHTS_FILE, card.name)
    if isinstance(model, Network):
        weight = state.get("head.weight")
        if weight is None or len(card.label_names) != weight.shape[0] or weight.shape[1:] != (model.feature_width,):
            raise UserError(f"The classes of “{card.name}” do not fit its weights.", "Export or train the model again.")
        model.set_head(card.label_names)
        model.familiar = open_familiar(folder, model.feature_width, card.name)
    model.load_state(state)
    return model
