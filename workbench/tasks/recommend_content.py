"""Things as vectors: texts by a text embedder, pictures by a picture network, kept on disk so that each is looked at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Item, Sample
from workbench.errors import Problem, UserError

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats
    from workbench.runtimes.network import Network

_BATCH = 8
_BLOCK = 256


def open_looker(model_id: str) -> Network:
    """The network that looks at things. Raises: UserError when it is not there."""
    from workbench.app_paths import app_paths
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_network

    card = Catalog.load().get(model_id)
    return open_network(card, files(card, app_paths()))


def vectors_of(samples: Sequence[Sample], network: Network, control: Control) -> Floats:
    """float32 [N, F], rows of length 1. Raises: UserError when one cannot be read. Cancelled."""
    import numpy as np

    parts = [_look(samples[i : i + _BATCH], network, control) for i in range(0, len(samples), _BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, network.feature_width), np.float32)


def _look(samples: Sequence[Sample], network: Network, control: Control) -> Floats:
    import torch

    from workbench.tasks.text_vectors import embed_texts

    control.check()
    if samples[0].kind == "text":
        return embed_texts([s.text or "" for s in samples], network, control)
    from workbench.tasks.image_classification import TASK as PICTURES

    prepared = [PICTURES.prepare(s, network) for s in samples]
    network.evaluating()
    with torch.inference_mode():
        found: Floats = (
            torch.nn.functional.normalize(network.features(PICTURES.collate(prepared, network))).cpu().numpy()
        )
    return found


def look_at(
    items: Sequence[Item], kind: str, model_id: str, folder: Path, control: Control
) -> tuple[Floats, Mapping[int, Problem]]:
    """float32 [N, F], rows of length 1, of the items of this kind; rows of zeros for others and for such as cannot be read,
    which are told by their ids.

    Args:
        folder: where vectors are kept, in half precision, in blocks of items in the order of their ids; a block whose items
            have all stayed the same is not looked at again.

    Raises:
        UserError: when the model is not there. Cancelled: what was looked at before is kept.
    """
    import numpy as np

    network = open_looker(model_id)
    found = np.zeros((len(items), network.feature_width), np.float32)
    problems: dict[int, Problem] = {}
    wanted = [place for place, item in enumerate(items) if item.kind == kind]
    for start in range(0, len(wanted), _BLOCK):
        block = wanted[start : start + _BLOCK]
        keys = "".join(items[p].content_key for p in block)
        name = hashlib.sha256(f"{network.weights_hash}|{keys}".encode()).hexdigest()[:40]
        kept = _kept(folder / f"{name}.safetensors", (len(block), network.feature_width))
        if kept is None:
            kept = np.zeros((len(block), network.feature_width), np.float16)
            for at in range(0, len(block), _BATCH):
                control.check()
                some = block[at : at + _BATCH]
                for row, vector in zip(
                    range(at, at + len(some)), _each([items[p] for p in some], network, control, problems), strict=True
                ):
                    kept[row] = vector
                control.progress(start + at, len(wanted), f"Looking at the things: {start + at:,} of {len(wanted):,}")
            _keep(folder / f"{name}.safetensors", kept)
        rows = kept.astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        found[block] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return found, problems


def _each(items: Sequence[Item], network: Network, control: Control, problems: dict[int, Problem]) -> Floats:
    """A batch; where one cannot be read, one by one, so that only that one is left out."""
    import numpy as np

    try:
        return _look([i.sample() for i in items], network, control)
    except UserError as error:
        if len(items) == 1:
            problems[items[0].id] = Problem.of(items[0].name, error, str(items[0].path or ""))
            return np.zeros((1, network.feature_width), np.float32)
        return np.concatenate([_each([item], network, control, problems) for item in items])


def _kept(file: Path, shape: tuple[int, int]) -> Floats | None:
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        rows = load_file(file)["rows"]
    except (OSError, SafetensorError, KeyError):
        return None
    return rows if rows.shape == shape and rows.dtype == np.float16 and bool(np.isfinite(rows).all()) else None


def _keep(file: Path, rows: Floats) -> None:
    import logging

    from safetensors.numpy import save_file

    from workbench import atomic

    try:
        with atomic.writing(file, shared=True, lasting=False) as part:
            save_file({"rows": rows}, part)
    except (OSError, RuntimeError) as error:
        logging.getLogger(__name__).warning("vectors are not kept: %s", error)
