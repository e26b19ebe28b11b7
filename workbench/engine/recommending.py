"""Recommending to the people of a project: one of them, or everybody into a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.exporters.tables import safe_cell
from workbench.data.people import case_of
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.tasks.predictions import Pick, Ranking
from workbench.tasks.recommending import as_recommender, everybody, people_of, recommend

COLUMNS = ("person", "place", "thing", "key", "score", "because")


@dataclass(frozen=True)
class Lists:
    """What came of lists for everybody. `unknown`: people of whom nothing is known, who got what most people like."""

    path: Path
    people: int
    unknown: int

    def sentence(self) -> str:
        words = f"Lists for {self.people:,} {'person' if self.people == 1 else 'people'}"
        if self.unknown:
            words += f"; {self.unknown:,} of them liked nothing the model knows and got what most people like"
        return f"{words}: {self.path}"


def for_person(project: Project, card: ModelCard, person: str, count: int, control: Control | None = None) -> Ranking:
    """What to recommend to somebody of the project, without what they know already. Nothing of it is logged.

    Raises:
        UserError: when the project does not know them, or the model does not recommend. Cancelled.
    """
    return _asked(card, people_of(project, person), count, control or Control())


def for_likes(card: ModelCard, likes: Sequence[str], count: int, control: Control | None = None) -> Ranking:
    """What to recommend to somebody who likes these things (names, or words of their own). Raises: UserError, Cancelled."""
    control = control or Control()
    with shared_pool().use(card, "auto", control) as model:
        lines = [line for line in likes if line.strip()]
        return recommend({"lines": lines, "note": ""}, as_recommender(model), count, control)


def _asked(card: ModelCard, sample: Sample, count: int, control: Control) -> Ranking:
    with shared_pool().use(card, "auto", control) as model:
        return recommend({"case": case_of(sample.text or ""), "note": ""}, as_recommender(model), count, control)


def lists_for_everybody(
    project: Project, card: ModelCard, target: Path, count: int, control: Control | None = None
) -> Lists:
    """A table with the best things for everybody, written whole or not at all; text cells no spreadsheet takes for formulas.

    Raises:
        UserError: when nobody is known, or the table cannot be written. Cancelled: nothing is written.
    """
    control = control or Control()
    total = project.interaction_counts().people
    if not total:
        raise UserError("This project knows of nobody who liked anything.", "Import a table of who liked what first.")
    people = unknown = 0
    keys: dict[int, str] = {}
    try:
        with (
            shared_pool().use(card, "auto", control) as model,
            atomic.writing(target) as part,
            part.open("w", encoding="utf-8-sig", newline="") as stream,
        ):
            known = as_recommender(model)
            keys = project.keys_of(list(known.ids))
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for name, sample in everybody(project, control):
                control.check()
                case = case_of(sample.text or "")
                found = recommend({"case": case, "note": ""}, known, count, control)
                unknown += bool(found.note)
                people += 1
                writer.writerows(_row(name, place, pick, keys) for place, pick in enumerate(found.picks, 1))
                if people % 100 == 0:
                    control.progress(people, total, f"Lists for {people:,} of {total:,}")
    except OSError as error:
        raise UserError(
            f"“{target.name}” could not be written.", "Close it in other programs, or choose another place."
        ) from error
    return Lists(target, people, unknown)


def _row(person: str, place: int, pick: Pick, keys: dict[int, str]) -> list[object]:
    because = "; ".join(pick.because)
    cells = (person, place, pick.name, keys.get(pick.item, pick.name), round(pick.score, 6), because)
    return [safe_cell(cell) for cell in cells]
