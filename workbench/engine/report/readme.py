"""A model's page for people as Markdown, with the facts on top by which the Hugging Face Hub reads it (YAML)."""

from __future__ import annotations

from typing import Any

from workbench.catalog.card import ModelCard
from workbench.engine.familiar import sentence_of
from workbench.tasks.registry import get_task
from workbench.trust.card.parts import SHORT, shown

# Licences by the names that the Hub has for them (its docs, “Licenses”).
_HUB_LICENCES = {
    "Apache-2.0": "apache-2.0", "MIT": "mit", "BSD-2-Clause": "bsd-2-clause", "BSD-3-Clause": "bsd-3-clause",
    "AFL-3.0": "afl-3.0", "CC-BY-4.0": "cc-by-4.0", "CC-BY-SA-4.0": "cc-by-sa-4.0", "CC-BY-NC-4.0": "cc-by-nc-4.0",
    "CC-BY-NC-SA-4.0": "cc-by-nc-sa-4.0", "MPL-2.0": "mpl-2.0", "GPL-3.0": "gpl-3.0", "AGPL-3.0": "agpl-3.0",
    "OpenRAIL": "openrail", "Gemma": "gemma", "Llama-3.2": "llama3.2",
}  # fmt: skip
# Tasks that the Hub knows by the same name.
_HUB_TASKS = (
    "image-classification", "object-detection", "image-segmentation", "text-classification", "token-classification",
    "question-answering", "summarization", "translation", "text-generation", "automatic-speech-recognition",
    "audio-classification",
)  # fmt: skip
_HUB_METRICS = {"accuracy": "accuracy", "F1": "f1", "BLEU": "bleu", "chrF": "chrf", "ROUGE-L": "rouge", "mAP@.5": "map"}


def readme(card: ModelCard, bases: tuple[ModelCard, ...] = (), report: str = "report.html") -> str:
    """The whole file. `report`: the name of the web page that lies beside it."""
    import yaml

    top = yaml.safe_dump(front_matter(card, bases), allow_unicode=True, sort_keys=False, width=1000)
    return f"---\n{top}---\n\n{model_page(card)}\nEverything else about it, with figures: {report}\n"


def front_matter(card: ModelCard, bases: tuple[ModelCard, ...] = ()) -> dict[str, Any]:
    """What the Hub reads: licence, base model, tags, metrics and results (huggingface_hub's `ModelCardData`)."""
    known = _HUB_LICENCES.get(card.licence)
    found: dict[str, Any] = {"license": known or "other"}
    if known is None:
        found["license_name"] = _plain(card.licence) or "not stated"
        if card.licence_url:
            found["license_link"] = card.licence_url
    base = bases[0] if bases else None
    hub = base is not None and base.source.kind in ("huggingface", "timm") and base.source.ref.count("/") == 1
    if base is not None:
        found["base_model"] = base.source.ref if hub else base.id
    elif card.base:
        found["base_model"] = _plain(card.base)
    if card.languages:
        found["language"] = [_plain(code) for code in card.languages[:50]]
    task = card.main_task
    if task in _HUB_TASKS:
        found["pipeline_tag"] = task
    found["tags"] = list(dict.fromkeys(["model-workbench", task, *(["lora"] if card.options.get("lora") else [])]))
    score, metric = card.metrics.get("score", card.metrics.get("accuracy")), str(card.metrics.get("metric", "accuracy"))
    if score is not None and card.metrics.get("n"):
        kind = _HUB_METRICS.get(metric, metric)
        found["metrics"] = [kind]
        found["model-index"] = [
            {
                "name": _plain(card.name),
                "results": [
                    {
                        "task": {"type": task, "name": get_task(task).info.title},
                        "dataset": {"type": "private", "name": "The person's own items", "split": str(card.metrics.get("split", "test"))},
                        "metrics": [{"type": kind, "value": round(float(score), 6), "name": metric}],
                    }
                ],
            }
        ]  # fmt: skip
    return found


def model_page(card: ModelCard) -> str:
    """A page about a model for people, as Markdown."""
    score = card.metrics.get("score", card.metrics.get("accuracy"))
    lines = [
        f"# {_text(card.name)}",
        "",
        _text(card.summary),
        "",
        *([f"- Classes: {', '.join(_text(name) for name in card.label_names)}"] if card.label_names else []),
        f"- Trained on: {_text(card.trained_on)}",
        f"- Made: {card.created}, starting from {_text(card.base)}",
        f"- Licence of the pre-trained part: {_text(card.licence)}",
    ]
    if score is not None:
        low, high = card.metrics.get("low", 0.0), card.metrics.get("high", 1.0)
        name = str(card.metrics.get("metric", "accuracy"))
        beside = f"; the simplest answer: {card.metrics['baseline']:.1%}" if "baseline" in card.metrics else ""
        lines.append(
            f"- {name[:1].upper()}{name[1:]}: {score:.1%} (95 % interval {low:.1%} to {high:.1%},"
            f" {card.metrics.get('n', 0)} test items{beside})"
        )
    if unlike := sentence_of(card.metrics, card.main_task):
        lines.append(f"- {unlike}")
    lines += [
        "",
        f"What to know: {_text(card.limits)}",
        "",
        "Open it with Model Workbench: Use page, Import a model.",
        "",
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return shown(text, SHORT)


def _text(text: str) -> str:
    """Words of a person in Markdown: no tags, no links, no headings by mistake."""
    words = shown(text)
    for mark, instead in (("&", "&amp;"), ("<", "&lt;"), ("[", "\\["), ("`", "\\`")):
        words = words.replace(mark, instead)
    return words
