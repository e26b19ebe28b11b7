"""Texts to vectors of meaning, by any text embedder of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.runtimes.stopping import between_layers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.runtimes.network import Network

    Vectors = npt.NDArray[np.float32]

EMBEDS = "sentence-embedding"
# Small, so that a stop is answered within a second on a slow computer.
_BATCH = 8
# A vector says less of each sentence the more there are: longer passages are found worse.
_LONGEST_PASSAGE = 200
_SPARE = 8  # tokens: joined sentences may take a few more than apart
Kind = Literal["query", "passage"]


def embedders(catalog: Catalog, paths: AppPaths) -> list[ModelCard]:
    """The models that are here and give vectors of meaning, the built-in one first."""
    from workbench.hub.store import is_present

    found = [c for c in catalog.cards() if EMBEDS in c.tasks and not c.is_remote and is_present(c, paths)]
    return sorted(found, key=lambda c: (not c.starter, c.name))


def usual_embedder() -> ModelCard:
    """The built-in one, always there."""
    return Catalog.load().get("text-starter")


def checked(card: ModelCard) -> ModelCard:
    """Raises: UserError when the model gives no vectors of meaning."""
    if EMBEDS not in card.tasks:
        raise UserError(f"“{card.name}” does not compare meanings.", "Choose a sentence embedder.")
    return card


def budget(model: Network, kind: Kind = "passage") -> int:
    """How many tokens a passage may have."""
    room = model.preparation.max_tokens - len(model.tokenizer(_said(model, kind))["input_ids"]) - _SPARE
    return max(8, min(room, _LONGEST_PASSAGE))


def counter(model: Network) -> Callable[[Sequence[str]], list[int]]:
    """Counts the tokens of texts, without those that begin and end every text."""

    def count(texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        found = model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in found["input_ids"]]

    return count


def embed_texts(
    texts: Sequence[str], model: Network, control: Control | None = None, kind: Kind = "passage"
) -> Vectors:
    """float32 [N, F], rows of length 1. What is longer than the model reads at once is cut.

    Args:
        kind: some models were taught with a word before questions and another before passages.

    Raises:
        UserError: when a text is empty.
        Cancelled: when asked to stop.
    """
    import numpy as np
    import torch

    from workbench.tasks.text_classification import TASK as TEXTS

    control = control or Control()
    found = np.zeros((len(texts), model.feature_width), np.float32)
    before = _said(model, kind)
    # Texts of like length together: little is computed for padding.
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), _BATCH):
        control.check()
        batch = order[start : start + _BATCH]
        prepared = [TEXTS.prepare(Sample("text", text=before + texts[i]), model) for i in batch]
        with torch.inference_mode(), between_layers(model.network, control):
            values = model.features(TEXTS.collate(prepared, model))
            found[batch] = torch.nn.functional.normalize(values).cpu().numpy()
    return found


def _said(model: Network, kind: Kind) -> str:
    return str(model.card.options.get(f"before_{kind}", ""))
