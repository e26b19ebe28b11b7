"""Write resources/catalog/hub_*.toml and resources/catalog/configs/*.json from the facts in packaging/catalogue.

Run by hand when the facts change:  python packaging/make_hub_catalogue.py

The number of weights is never typed in: each architecture is built without memory (torch's meta device) from its config
and counted. The size of a download is the weights' bytes at their published precision, where nothing else is said.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from catalogue import inference, more, others, texts, writers  # noqa: E402
from catalogue.sizes import PUBLISHED  # noqa: E402

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
CATALOG = ROOT / "resources" / "catalog"
# What can be taught follows from the kind of network.
TEACHABLE = {
    "AutoModelForTokenClassification": ["token-classification"],
    "AutoModelForQuestionAnswering": ["question-answering"],
    "AutoModelForCausalLM": ["text-generation", "chat"],
    "AutoModelForCTC": ["speech-recognition"],
    "AutoModelForAudioClassification": ["sound-classification"],
}

# What models of encoder and decoder can be taught, where they do it as they are.
CHANGES = ("summarisation", "translation")


def toml_value(value: Any) -> str:
    """A TOML literal; JSON's strings and numbers are TOML's as well."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def config_file(config: dict[str, Any]) -> str:
    """Written once for all entries with the same architecture; named by its kind and content."""
    text = json.dumps(config, indent=1, sort_keys=True)
    name = f"{config['model_type']}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    (CATALOG / "configs" / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return name


def card(fact: dict[str, Any]) -> dict[str, Any]:
    """All keys of one entry, in order."""
    from workbench.runtimes.blueprint import count_parameters

    fact = dict(fact)
    if fact.get("arch") in TEACHABLE:
        fact.setdefault("trainable_for", TEACHABLE[fact["arch"]])
    if fact.get("runtime") == "transformers_writer" and fact.get("arch") == "AutoModelForSeq2SeqLM":
        fact.setdefault("trainable_for", [t for t in fact["tasks"] if t in CHANGES])
    config = fact.pop("config", None)
    licence, licence_url = fact.pop("licence")
    size = fact.pop("size", 0)
    ref = fact.pop("ref", "")
    size = size or PUBLISHED.get(ref, 0)
    if not licence_url and ref:
        licence_url = f"https://huggingface.co/{ref}"
    name = ""
    if config is not None:
        name = config_file(config)
        fact["parameters"] = count_parameters(name, fact["arch"])
        own = fact["parameters"] * BYTES[fact.get("dtype", "float32")]
        fact["source"] = {"kind": "huggingface", "ref": ref, "revision": "main", "size": size or own}
    weights = fact.get("parameters", 0) * BYTES["float32"] or fact["source"].get("size", 0) * 2
    order = ("id", "name", "tasks", "trainable_for", "runtime", "arch", "options", "config", "family", "parameters", "dtype", "licence",
             "licence_url", "gated", "languages", "labels", "label_names", "summary", "trained_on", "strengths", "limits", "paper",
             "minimum_memory", "source", "preparation")  # fmt: skip
    made = {
        **fact, "config": name, "licence": licence, "licence_url": licence_url,
        "minimum_memory": 0 if fact["source"]["kind"] == "endpoint" else 500_000_000 + round(weights * 1.5),
    }  # fmt: skip
    unknown = set(made) - set(order)
    assert not unknown, unknown
    return {k: made[k] for k in order if made.get(k) not in (None, "", [], {}, False) or k == "tasks"}


def write(name: str, title: str, facts: list[dict[str, Any]]) -> None:
    lines = [f"# {title} Written by packaging/make_hub_catalogue.py; do not edit by hand."]
    for fact in facts:
        lines += ["", "[[model]]", *(f"{k} = {toml_value(v)}" for k, v in card(fact).items())]
    (CATALOG / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write all files anew."""
    (CATALOG / "configs").mkdir(exist_ok=True)
    for old in (CATALOG / "configs").glob("*.json"):
        old.unlink()
    write("hub_texts.toml", "Text models that read.", [*texts.entries(), *more.texts(), *inference.entries()])
    write("hub_writers.toml", "Models that write or look ahead.", [*writers.entries(), *more.writers()])
    write("hub_sounds.toml", "Sound models.", [*others.sounds(), *more.sounds()])
    write("hub_vision.toml", "Picture models of the hub.", [*others.vision(), *more.vision()])
    write("elsewhere.toml", "Models that lie elsewhere, and hosted ones.", [*others.elsewhere(), *more.elsewhere()])


if __name__ == "__main__":
    main()
