"""Text networks built by transformers: encoders, and encoders with a classification head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.hf_loading import load_network, load_part
from workbench.runtimes.network import Network, split_last_linear

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch

WITH_HEAD = "AutoModelForSequenceClassification"
# Of the last layer of a network as wide as BERT base; the layers before it learn slower, two fifths as fast on average.
_LEARNING_RATE, _WIDTH, _NARROWEST = 1e-4, 768, 384


def _inputs(batch: Batch) -> dict[str, Any]:
    return {key: batch[key] for key in ("input_ids", "attention_mask")}


def _mean(backbone: nn.Module, batch: Batch) -> torch.Tensor:
    """Mean of the token vectors, padding left out (Reimers & Gurevych 2019)."""
    hidden = backbone(**_inputs(batch)).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
    return cast("torch.Tensor", (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9))


def _first(backbone: nn.Module, batch: Batch) -> torch.Tensor:
    return cast("torch.Tensor", backbone(**_inputs(batch)).last_hidden_state[:, 0])


def _before_head(backbone: nn.Module, batch: Batch) -> torch.Tensor:
    """What the last linear layer saw: the layer is an identity by now."""
    return cast("torch.Tensor", backbone(**_inputs(batch)).logits)


def open_pretrained(card: ModelCard, path: Path) -> Network:
    """A folder of config, tokenizer and weights; nothing is fetched and no code of others is run.

    Raises:
        UserError: when the folder is incomplete, damaged, or of an architecture that is not known.
    """
    tokenizer = load_part("AutoTokenizer", path, card.name)
    model = load_network(WITH_HEAD if card.arch == WITH_HEAD else "AutoModel", path, card.name)
    return _network(card, model, tokenizer, keep_head=True)


def build(card: ModelCard, folder: Path) -> Network:
    """The bare network of an own model; its weights are loaded by the caller."""
    import transformers

    loader = getattr(transformers, WITH_HEAD if card.arch == WITH_HEAD else "AutoModel")
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = loader.from_config(config)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    return _network(card, model, tokenizer, keep_head=False)


def _rate(width: int) -> float:
    """A good peak rate: with Adam, inversely to the width (Yang et al. 2022, "Tensor Programs V"); narrower networks than
    were tried are treated as the narrowest of those."""
    return _LEARNING_RATE * _WIDTH / max(width, _NARROWEST)


def _network(card: ModelCard, model: Any, tokenizer: Any, *, keep_head: bool) -> Network:
    config = model.config
    rate = _rate(int(config.hidden_size))
    if card.arch != WITH_HEAD:
        if getattr(model, "pooler", None) is not None:
            model.pooler = None  # served the first training only; its output is not used
        pooled = _mean if card.preparation.pooling == "mean" else _first
        return Network(card, (), model, pooled, None, int(config.hidden_size), tokenizer, rate)
    head = split_last_linear(model, int(config.num_labels))
    if head is None:
        raise UserError(f"“{card.name}” has no classes of its own.", "Choose another model.")
    labels = card.label_names or tuple(str(config.id2label[i]) for i in range(config.num_labels))
    return Network(
        card,
        labels if keep_head else (),
        model,
        _before_head,
        head if keep_head else None,
        head.in_features,
        tokenizer,
        rate,
    )


def save_extras(model: Network, folder: Path) -> None:
    """What a text model needs beside its weights: config and tokenizer."""
    backbone: Any = model.backbone
    backbone.config.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
