"""Models for natural language inference: they sort texts by any labels."""

from __future__ import annotations

from typing import Any

from catalogue.texts import APACHE, MANY_LANGUAGES, MIT, deberta, roberta

_LIMITS = "Slower with every label. How the labels are worded changes the answer; it was never taught them. Prejudices of the texts it learnt from carry over."
_ENGLISH = "Pairs of English sentences in which people judged whether one follows from the other"


def _named(*names: str) -> dict[str, Any]:
    """What a config says of outputs with these names."""
    return {
        "num_labels": len(names),
        "id2label": {str(n): name for n, name in enumerate(names)},
        "label2id": {name: n for n, name in enumerate(names)},
    }


_BART = {"model_type": "bart", "vocab_size": 50265, "d_model": 1024, "encoder_layers": 12, "decoder_layers": 12, "encoder_attention_heads": 16, "decoder_attention_heads": 16, "encoder_ffn_dim": 4096, "decoder_ffn_dim": 4096, "max_position_embeddings": 1024}  # fmt: skip
_DISTILLED = roberta(layers=6, **_named("contradiction", "entailment", "neutral"))
_DEBERTA = {**deberta(768, 12, 12), **_named("entailment", "neutral", "contradiction")}
# id, name, ref, config, family, languages, licence, precision, trained on, paper, strengths
_ENTRIES: list[tuple[Any, ...]] = [
    ("nli-distilroberta", "Any labels, English, small (DistilRoBERTa)", "cross-encoder/nli-distilroberta-base", _DISTILLED, "Inference", ["en"], APACHE, "float32", f"{_ENGLISH} (SNLI, MultiNLI).", "1909.00161", "The smallest and quickest of its kind."),
    ("bart-large-mnli", "Any labels, English (BART large)", "facebook/bart-large-mnli", {**_BART, **_named("contradiction", "neutral", "entailment")}, "Inference", ["en"], MIT, "float32", f"{_ENGLISH} (MultiNLI).", "1910.13461", "The best known model for sorting by labels nobody taught it."),
    ("deberta-v3-nli", "Any labels, English (DeBERTa v3 base)", "MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli", _DEBERTA, "Inference", ["en"], MIT, "float16", f"{_ENGLISH} (MultiNLI, FEVER, ANLI).", "2111.09543", "Usually more accurate than larger models."),
    ("mdeberta-v3-nli", "Any labels, a hundred languages (mDeBERTa v3)", "MoritzLaurer/mDeBERTa-v3-base-mnli-xnli", {**_DEBERTA, "vocab_size": 251000}, "Inference", MANY_LANGUAGES, MIT, "float16", "Pairs of sentences in which people judged whether one follows from the other, in 15 languages (MultiNLI, XNLI).", "2111.09543", "Texts and labels in a hundred languages; both may be in different ones."),
]  # fmt: skip


def entries() -> list[dict[str, Any]]:
    """One fact sheet per model."""
    return [
        {
            "id": id_, "name": name, "ref": ref, "config": config, "family": family, "languages": languages,
            "licence": licence, "dtype": dtype, "runtime": "transformers_text",
            "arch": "AutoModelForSequenceClassification", "tasks": ["zero-shot-classification"], "trained_on": trained,
            "paper": f"https://arxiv.org/abs/{paper}", "strengths": strengths, "limits": _LIMITS,
            "summary": "Sorts texts by labels you type, without examples.",
        }
        for id_, name, ref, config, family, languages, licence, dtype, trained, paper, strengths in _ENTRIES
    ]  # fmt: skip
