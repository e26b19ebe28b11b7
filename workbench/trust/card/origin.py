"""The end of a card: licences, cost, and what is needed to make the model again."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from workbench.catalog.licences import passing_on, terms
from workbench.trust.card.given import Given
from workbench.trust.card.parts import SHORT, Facts, Heading, Paragraph, Part, Section, table

_COST = "workbench.trust.report_cost"
# What of a run's settings is told elsewhere or is nobody's business.
_UNTOLD = ("classes", "run_id", "name", "version")


def licences(given: Given) -> Section:
    """From the pre-trained model over the data to what may be done with the result."""
    rows = []
    for base in reversed(given.bases):
        words = terms(base).sentence
        data = f" Its own data: {base.training_data}." if base.training_data else ""
        rows.append((f"Pre-trained model “{base.name}”", base.licence or "not stated", f"{words}{data}"))
    if not given.bases:
        rows.append(("What it was taught on from", given.model.licence or "not stated", terms(given.model).sentence))
    said = given.data_terms
    rows.append(
        ("The data it was taught with", said.terms or "not stated", said.origin or "Where it comes from is not stated.")
    )
    rows.append(("This model", given.model.licence or "not stated", "The strictest of these counts."))
    sources = [
        (base.name, f"{base.source.kind}: {base.source.ref}" + (f" ({base.licence_url})" if base.licence_url else ""))
        for base in given.bases
        if base.source.kind not in ("folder", "import")
    ]
    return Section(
        "licences",
        "Licences",
        passing_on([*given.bases, given.model], said.terms),
        (table(["what", "licence", "in words"], rows, numbers=False),),
        (Facts(tuple(sources)),) if sources else (),
    )


def cost(given: Given) -> Section | None:
    """What the training took, where that was measured: `workbench.trust.report_cost` has `sentences(run)` and
    `table(run)` under `HEADINGS`."""
    if given.run is None or find_spec(_COST) is None:
        return None
    module: Any = import_module(_COST)
    lines = module.sentences(given.run)
    if not lines:
        return None
    first, *others = lines
    rows = module.table(given.run)
    parts: list[Part] = [table(list(module.HEADINGS), rows, numbers=False)] if rows else []
    parts += [Paragraph(line, soft=True) for line in others]
    return Section("cost", "What it cost", first, tuple(parts))


def reproduction(given: Given) -> Section:
    """Versions, seed, hashes and settings."""
    run, model = given.run, given.model
    trained = (run.created if run is not None else model.created)[:10]
    seed = run.config.get("seed") if run is not None else model.metrics.get("seed")
    facts: list[tuple[str, str]] = [("Trained on", trained or "not known")]
    if seed is not None:
        facts.append(("Seed", str(seed)))
    facts += [("Model", model.id), ("Architecture", f"{model.runtime}: {model.arch}")]
    if model.parameters:
        facts.append(("Weights", f"{model.parameters:,}"))
    facts += [(name, value) for name, value in given.hashes.items()]
    parts: list[Part] = [Facts(tuple(facts))]
    if given.made_with:
        parts += [Heading("Made with"), Facts(tuple(given.made_with.items()))]
    if run is not None:
        settings = tuple(_settings(run.config))
        if settings:
            parts += [Heading("Settings"), Facts(settings)]
    sentence = (
        f"Made on {trained}; with the same data, versions and seed it comes out the same on a CPU." if trained else ""
    )
    return Section("reproduction", "To make it again", sentence, (), tuple(parts))


def _settings(config: dict[str, Any]) -> list[tuple[str, str]]:
    """The run's settings as plain values; places on this computer are left out."""
    found = []
    for name, value in config.items():
        if name in _UNTOLD or value in ("", None, {}, []):
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        if any(mark in text for mark in ("/home/", "/Users/", ":\\\\", ":\\")) or text.startswith(("/", "\\")):
            continue
        found.append((name.replace("_", " "), text[:SHORT]))
    return found
