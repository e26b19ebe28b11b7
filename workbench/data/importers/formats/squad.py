"""SQuAD 1.1 and 2.0: JSON with articles, paragraphs and their questions (Rajpurkar et al. 2016, 2018).

Places are counted in Unicode code points. Of 2.0, `is_impossible` says that a paragraph does not answer a question; its
`plausible_answers` are wrong ones and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.answers import AnswersPlan, Passage
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.json_stream import elements, peek
from workbench.data.types import Split

_SPLITS = {"train": Split.TRAIN, "dev": Split.VALIDATION, "valid": Split.VALIDATION, "test": Split.TEST}


class Squad:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "SQuAD"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        files = _files(paths)
        if not files or not all(_is_squad(file) for file in files):
            return None
        title = files[0].parent.name if len(files) > 1 else files[0].stem
        plan = AnswersPlan("marked", "text", title, files[0], marks="answers", format=self.name)
        seen: set[str] = set()
        for file in files:
            stem = file.stem.lower()
            split = next(
                (s for key, s in _SPLITS.items() if len(files) > 1 and re.search(rf"(^|[-_.]){key}", stem)), None
            )
            _read(file, plan, split, seen, control)
        return plan.settled()


def _files(paths: Sequence[Path]) -> list[Path]:
    if len(paths) == 1 and paths[0].is_dir():
        inside = [f for f in sorted(paths[0].iterdir()) if f.is_file() and not f.name.startswith(".")]
        found = [f for f in inside if f.suffix.lower() == ".json"]
        return found if len(found) <= 20 else []
    known = all(p.is_file() and p.suffix.lower() == ".json" for p in paths)
    return list(paths) if known else []


def _is_squad(file: Path) -> bool:
    """By its first article; a file of one huge article by its first words."""
    first = peek(file).get("data")
    if isinstance(first, Mapping):
        paragraphs = first.get("paragraphs")
        return isinstance(paragraphs, list) and (not paragraphs or _has_context(paragraphs[0]))
    if first is not None:
        return False
    try:
        with file.open("rb") as stream:
            start = stream.read(2_000).decode("utf-8", "replace")
    except OSError:
        return False
    return all(f'"{word}"' in start for word in ("data", "paragraphs", "context"))


def _has_context(paragraph: Any) -> bool:
    return isinstance(paragraph, Mapping) and isinstance(paragraph.get("context"), str) and "qas" in paragraph


def _read(file: Path, plan: AnswersPlan, split: Split | None, seen: set[str], control: Control) -> None:
    number = 0
    for name, article in elements(file, control):
        if name != "data":
            continue
        number += 1
        where = f"{file.name}, article {number}"
        paragraphs = article.get("paragraphs") if isinstance(article, Mapping) else None
        if not isinstance(paragraphs, list):
            plan.left_out(where, "This article has no paragraphs.", "It is left out.")
            continue
        title = article.get("title")
        title = " ".join(title.split()) if isinstance(title, str) else ""
        for place, paragraph in enumerate(paragraphs, start=1):
            control.check()
            at = f"{where}, paragraph {place}"
            context = paragraph.get("context") if isinstance(paragraph, Mapping) else None
            if not isinstance(context, str) or not context.strip():
                plan.left_out(at, "This paragraph has no text.", "It is left out.")
                continue
            label = f"{title} {place}" if title and len(paragraphs) > 1 else title
            passage = plan.passage(context, label or " ".join(context.split()[:8]), split)
            questions = paragraph.get("qas")
            for asked in questions if isinstance(questions, list) else []:
                _ask(plan, passage, asked, at, seen)


def _ask(plan: AnswersPlan, passage: Passage, asked: Any, at: str, seen: set[str]) -> None:
    if not isinstance(asked, Mapping):
        plan.left_out(at, "An entry is no question.")
        return
    number = str(asked.get("id", "") or "")
    where = f"{at}, question {number[:60]}" if number else at
    if number in seen:
        plan.left_out(where, "A question with this id came before.")
        return
    if number:
        seen.add(number)
    answers = asked.get("answers")
    given = answers if isinstance(answers, list) else []
    impossible = asked.get("is_impossible") is True
    text = plan.ask(passage, asked.get("question"), where)
    if not text:
        return
    if impossible:
        if given:
            plan.left_out(where, "It is said to have no answer, and has some.", "The answers are left out.")
        return
    kept = 0
    for answer in given:
        if not isinstance(answer, Mapping):
            plan.left_out(where, "An answer cannot be read.", "The answer is left out.")
            continue
        kept += plan.answer(passage, text, answer.get("text"), answer.get("answer_start"), where, only=len(given) == 1)
    if not kept:
        # Nobody said that there is no answer: a question that has lost its answers would teach to keep silent.
        if not passage.questions[text]:
            del passage.questions[text]
        if not given:
            plan.left_out(where, "This question has no answer.")


FORMAT = Squad()
