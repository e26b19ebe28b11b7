"""What the report of a model that answers questions has beside the general part: how the questions came out, and the worst."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.data.project import Project
from workbench.trust.judge_answers import OUTCOMES, AnswerCase, AnswersJudgement, Place
from workbench.trust.report import escaped

_WORST = 40
_AROUND = 160
_GROUND = {"right": "0,158,115", "said": "179,51,43"}


def sections(_project: Project, found: AnswersJudgement, _thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """HTML, everything of the person's escaped."""
    parts = [
        "<p class='soft'>Counted as in SQuAD: capitals, punctuation and English articles make no difference, and of several"
        " right answers the nearest counts. Where the text holds no answer, only saying so is right.</p>",
        "<h2>How the questions came out</h2><div class='scroll'><table><tr><th>Outcome</th><th>Questions</th></tr>",
        *(f"<tr><td>{escaped(OUTCOMES[kind])}</td><td>{n}</td></tr>" for kind, n in found.outcomes().items()),
        "</table></div><h2>The worst ones</h2>",
    ]
    parts += [_case(case) for case in found.mistakes[:_WORST]] or ["<p>No mistakes.</p>"]
    return parts


def _case(case: AnswerCase) -> str:
    right = "; ".join(case.words(place) for place in case.truths) or "(not answered in this text)"
    said = case.words(case.found) if case.found else "(nothing)"
    around = [_around(case, case.truths[0], "right")] if case.truths else []
    around += [_around(case, case.found, "said")] if case.found and case.found not in case.truths else []
    return (
        f"<p dir='auto'><b>{escaped(case.question)}</b> <span class='soft'>{escaped(OUTCOMES[case.outcome])}; in"
        f" {escaped(case.name)}</span><br>Right: {escaped(right)}<br>Said: {escaped(said)} ({case.sure:.0%})"
        f"{''.join(f'<br>{words}' for words in around)}</p>"
    )


def _around(case: AnswerCase, place: Place, kind: str) -> str:
    start, end = place
    before, after = case.text[max(0, start - _AROUND) : start], case.text[end : end + _AROUND]
    return (
        f"<span class='soft'>{'…' if start > _AROUND else ''}{escaped(before)}</span>"
        f"<span style='background:rgba({_GROUND[kind]},.3)'>{escaped(case.text[start:end])}</span>"
        f"<span class='soft'>{escaped(after)}{'…' if end + _AROUND < len(case.text) else ''}</span>"
    )
