"""spaCy's JSON Lines: {"text": …, "entities": [[start, end, label], …]}."""

from __future__ import annotations

from workbench.data.exporters.spans import LinesFormat, plain

FORMAT = LinesFormat(
    "spacy", "spaCy (JSON Lines)", lambda t: plain({"text": t.text, "entities": [list(p) for p in t.pieces]})
)
