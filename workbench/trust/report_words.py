"""What the report of a model that writes down words has beside the general part: confusions and the worst items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.data.project import Project
from workbench.trust.judge_words import WordsCase, WordsJudgement
from workbench.trust.report import escaped

_WORST, _CONFUSED = 30, 20
_GROUND = {"changed": "179,51,43", "missing": "200,140,0", "extra": "0,114,178"}


def sections(_project: Project, found: WordsJudgement, _thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """HTML, everything of the person's escaped."""
    parts = [
        "<p class='soft'>Word error rate: words changed, left out or made up, divided by the words there are; it can exceed"
        " 100 %. Capitals and punctuation do not count.</p>"
    ]
    if found.confused:
        rows = "".join(
            f"<tr><td>{escaped(a)}</td><td>{escaped(b)}</td><td>{n}</td></tr>" for a, b, n in found.confused[:_CONFUSED]
        )
        parts.append(
            "<h2>Words taken for others</h2><div class='scroll'><table><tr><th>It is</th><th>Was written</th><th>Times</th></tr>"
            f"{rows}</table></div>"
        )
    parts.append("<h2>The worst ones</h2>")
    parts += [_case(case) for case in found.mistakes[:_WORST]] or ["<p>No mistakes.</p>"]
    return parts


def _case(case: WordsCase) -> str:
    words = []
    for kind, right, given in case.comparison.words.pieces():
        if kind == "same":
            words += [escaped(w) for w in right]
        elif kind == "changed":
            words += [f"<s class='soft'>{escaped(a)}</s> {_piece(b, kind)}" for a, b in zip(right, given, strict=True)]
        else:
            words += [_piece(w, kind) for w in (right if kind == "missing" else given)]
    counts = case.words
    return (
        f"<p><b>{escaped(case.name)}</b> <span class='soft'>{counts.errors} of {counts.units} wrong</span><br>"
        f"{' '.join(words)}</p>"
    )


def _piece(word: str, kind: str) -> str:
    inside = f"<s>{escaped(word)}</s>" if kind == "missing" else escaped(word)
    return f"<span style='background:rgba({_GROUND[kind]},.3);padding:0 .2em'>{inside}</span>"
