"""What a form of export is, and what those that make a folder of their own share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export_check import as_its_place, file_name, free, making, same_answers
from workbench.engine.export_formats.original import Given, Original, forget, original
from workbench.engine.report.make import put_papers

# Largest difference of a probability that rounding explains.
CLOSE = 1e-4


@dataclass(frozen=True)
class Checked:
    """What was written, opened again and asked beside the original.

    Attributes:
        samples: how many were asked about.
        max_difference: largest difference of a probability (0..1; of ONNX: of a number before it becomes one).
        agreement: share of samples with the same first answer.
        note: what else is to be known about it.
        warns: it also said the same of what is unlike its examples.
    """

    samples: int
    max_difference: float
    agreement: float
    passed: bool
    note: str = ""
    warns: bool = False

    def sentence(self) -> str:
        said = same_answers(self.samples, self.max_difference, self.agreement, self.passed, self.warns)
        return f"{said} {self.note}".strip()


@dataclass(frozen=True)
class Exported:
    """A finished export: a file or a folder, its check (None where nothing is computed), and a sentence about its use."""

    path: Path
    check: Checked | None = None
    words: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        files = [self.path] if self.path.is_file() else [f for f in self.path.rglob("*") if f.is_file()]
        return sum(f.stat().st_size for f in files)

    def sentence(self) -> str:
        said = f"Exported to {self.path} ({self.size / 1e6:,.1f} MB)."
        return " ".join(filter(None, (said, self.words, self.check.sentence() if self.check is not None else "")))


class ModelFormat(Protocol):
    """One form.

    Attributes:
        id: for the command line ("onnx").
        title: for people ("A web page").
        summary: what it is for, in one plain sentence.
        term: the technical term, shown as a tip.
        icon: name of an icon.
        place: forms are listed by it.
        asks_samples: it is checked on samples, so some should be given.
        apart: it computes for so long that the window lets a process of its own do it (`engine.export_apart`).
    """

    id: str
    title: str
    summary: str
    term: str
    icon: str
    place: int
    asks_samples: bool
    apart: bool

    def fits(self, card: ModelCard) -> bool:
        """Whether it is offered for this model; cheap, by its card alone."""

    def made(self, card: ModelCard) -> str:
        """The name of the file or folder that comes to be in the chosen place."""

    def export(self, card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> Exported:
        """Write it into the folder `target`, whole or not at all, and check it on the samples.

        Raises:
            UserError: when the model cannot be given this form, the place is taken or cannot be written.
            Cancelled: when asked to stop; nothing stays.
        """


class FolderFormat:
    """A form that makes one folder TARGET/MODEL-ID of its own. A kind of it has `write` and `check`."""

    id = ""
    asks_samples = True
    apart = True

    def made(self, card: ModelCard) -> str:
        """See `ModelFormat`."""
        return f"{file_name(card)}-{self.id}"

    def write(self, source: Original, work: Path, control: Control) -> str:
        """Fill the folder. Returns a sentence about its use, or "". Raises: UserError, OSError."""
        raise NotImplementedError

    def check(self, source: Original, work: Path, given: Sequence[Given], control: Control) -> Checked:
        """Open what was written and hold its answers beside the original's."""
        raise NotImplementedError

    def export(self, card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> Exported:
        """See `ModelFormat`."""
        folder = target / self.made(card)
        free(folder)
        with making(target) as work, original(card, control) as source:
            control.progress(0, 0, "Exporting")
            words = self.write(source, work, control)
            control.check()
            given = source.given(samples, work, control)
            control.progress(0, 0, "Checking the exported model")
            checked = self.check(source, work, given, control)
            forget(work)
            put_papers(card, work, control)
            as_its_place(work, target)
            atomic.put(work, folder)
        return Exported(folder, checked, words)


def compared(
    given: Sequence[Given], answers: Sequence[Sequence[float]], close: float = CLOSE, note: str = ""
) -> Checked:
    """Probabilities of the export, [N][C], beside the original's."""
    if not given:
        return Checked(0, 0.0, 0.0, False)
    biggest, same = 0.0, 0
    for one, row in zip(given, answers, strict=True):
        biggest = max(biggest, max(abs(row[index] - value) for index, value in one.wanted.items()))
        first = max(one.wanted, key=lambda index: one.wanted[index])
        # Where two are equal to within rounding, either of them is the same answer.
        same += one.wanted[first] - one.wanted.get(max(range(len(row)), key=row.__getitem__), 0.0) <= close
    agreement = same / len(given)
    return Checked(len(given), biggest, agreement, agreement == 1.0 and biggest <= close, note)
