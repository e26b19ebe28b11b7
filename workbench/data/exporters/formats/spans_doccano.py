"""Doccano's JSON Lines for sequence labelling: {"text": …, "label": [[start, end, label], …]}."""

from __future__ import annotations

from workbench.data.exporters.spans import LinesFormat, plain

FORMAT = LinesFormat(
    "doccano", "Doccano (JSON Lines)", lambda t: plain({"text": t.text, "label": [list(p) for p in t.pieces]})
)
