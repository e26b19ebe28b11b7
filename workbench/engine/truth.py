"""Answers that are texts against the texts that are right: one, or a whole folder of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.control import Control
from workbench.data.media import read_text_file
from workbench.errors import Problem, UserError
from workbench.tasks.predictions import Boxes, Prediction, Text
from workbench.trust.text_distance import (
    Counts,
    Normalisation,
    TextComparison,
    compare_texts,
    interval,
    sentence,
    total,
)
from workbench.trust.text_overlap import Overlap, overlaps

MANY_ARE_RIGHT = "The same can be said rightly in many ways: a low number alone does not make a text wrong."
# What the right text of "page.png" may be called; the second is common among collections for reading.
_NAMES = ("{stem}.txt", "{stem}.gt.txt", "{name}.txt")


@dataclass(frozen=True)
class TruthReport:
    """What came of comparing.

    Attributes:
        names: of all answers.
        comparisons: one per answer; None where there is no right text.
        problems: why there is none.
        overlaps: of all of them together, where the task asks for it.
    """

    names: tuple[str, ...]
    comparisons: tuple[TextComparison | None, ...]
    problems: tuple[Problem, ...] = ()
    overlaps: tuple[Overlap, ...] = ()

    @property
    def compared(self) -> list[TextComparison]:
        return [c for c in self.comparisons if c is not None]

    @property
    def words(self) -> Counts:
        """Of all of them together."""
        return total(c.words.counts for c in self.compared)

    @property
    def characters(self) -> Counts:
        """Of all of them together."""
        return total(c.characters.counts for c in self.compared)

    def lines(self) -> list[str]:
        """For a terminal: a line for each of several, and the whole."""
        compared = self.compared
        if not compared:
            return []
        several = len(self.names) > 1
        each = zip(self.names, self.comparisons, strict=True)
        found = [f"{name}: {c.sentence()}" for name, c in each if c is not None] if several else []
        spread = interval([c.words.counts for c in compared])
        likely = (
            f" On more such items expect between {spread[0]:.1%} and {spread[1]:.1%} of the words." if spread else ""
        )
        found.append(f"{'Together: ' if several else ''}{sentence(self.words, self.characters)}{likely}")
        found.append(compared[0].normalisation.sentence())
        for overlap in self.overlaps:
            found += [f"{overlap.sentence()}.", f"  {overlap.signature}"]
        if self.overlaps:
            found.append(MANY_ARE_RIGHT)
        return found


def answer_text(prediction: Prediction) -> str | None:
    """The text of an answer that is one (read, heard, written, translated); None for every other kind."""
    if isinstance(prediction, Boxes) and prediction.reading:
        return prediction.text()
    if isinstance(prediction, Text) and not prediction.marked:
        return prediction.text
    return None


def compare_with_truth(
    answers: Sequence[tuple[str, Prediction]],
    truth: Path,
    normalisation: Normalisation | None = None,
    control: Control | None = None,
    scores: Sequence[str] = (),
) -> TruthReport:
    """Compare answers with the right texts.

    Args:
        answers: names of the items and what was answered.
        truth: a text file, for several items parted by form feeds; or a folder with a text file of each item's name.
        scores: what else is compared, as `TaskInfo.overlaps`.

    Raises:
        UserError: when the answers are no texts, or the file does not fit them.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    texts = [answer_text(prediction) for _, prediction in answers]
    if any(text is None for text in texts):
        raise UserError("These answers are no texts that could be compared.", "Compare what was read or written down.")
    names = tuple(name for name, _ in answers)
    found: list[TextComparison | None] = []
    problems: list[Problem] = []
    pairs: list[tuple[str, str]] = []
    for name, text, right in zip(names, texts, _truths(names, truth), strict=True):
        control.check()
        try:
            if isinstance(right, UserError):
                raise right
            found.append(compare_texts(right, text or "", normalisation))
            pairs.append((text or "", right))
        except UserError as error:
            problems.append(Problem.of(name, error))
            found.append(None)
    common: list[Overlap] = []
    if scores and pairs:
        given, right_texts = [a for a, _ in pairs], [b for _, b in pairs]
        common = overlaps(scores, given, right_texts, "", bool(normalisation and normalisation.case), control)
    return TruthReport(names, tuple(found), tuple(problems), tuple(common))


def _truths(names: Sequence[str], truth: Path) -> list[str | UserError]:
    if not truth.is_dir():
        pages = read_text_file(truth).split("\f")
        if len(names) == 1:
            return ["\n".join(pages)]
        if len(pages) != len(names):
            raise UserError(
                f"“{truth.name}” has {len(pages)} pages and there are {len(names)} answers.",
                "Give a folder with one text per item, of the same name; or part the pages by form feeds.",
            )
        return list(pages)
    found: list[str | UserError] = []
    for name in names:
        item = Path(name)
        wanted = [truth / item.parent / form.format(stem=item.stem, name=item.name) for form in _NAMES]
        file = next((f for f in wanted if f.is_file()), None)
        try:
            found.append(read_text_file(file) if file else _no_text(name, truth))
        except UserError as error:
            found.append(error)
    return found


def _no_text(name: str, truth: Path) -> UserError:
    return UserError(f"The folder “{truth.name}” has no right text for “{name}”.", f"Call it {Path(name).stem}.txt.")
