"""What all formats share that marked pieces of recordings are saved in: the recordings that are done, and their pieces; and the
files of one recording alone, for what a model has found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.marked import Names, new_folder, one_line
from workbench.data.project import Project
from workbench.data.shapes import Clip
from workbench.data.types import Item, ItemFilter
from workbench.errors import Problem, UserError

_PAGE = 200


@dataclass(frozen=True)
class Piece:
    """One marked sound; `low` and `high` in Hz where only a band is meant."""

    begins: float
    ends: float
    label: str
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class MarkedSound:
    """A recording that is done, with its pieces in order of their beginning."""

    item: Item
    pieces: tuple[Piece, ...]


@dataclass
class MarkedSounds:
    """Goes through all recordings of a project; afterwards `problems` says what was left out."""

    project: Project
    control: Control
    problems: list[Problem] = field(default_factory=list)

    def __iter__(self) -> Iterator[MarkedSound]:
        names = {c.id: c.name for c in self.project.classes()}
        ids = self.project.item_ids(ItemFilter(problems=False))
        waiting = nameless = 0
        for start in range(0, len(ids), _PAGE):
            self.control.progress(start, len(ids), "Writing labels")
            page = ids[start : start + _PAGE]
            states = self.project.annotation_states(page)
            for item in self.project.items(page):
                self.control.check()
                if item.path is None:
                    continue
                state = states[item.id]
                if not state.marked:
                    waiting += 1
                    continue
                pieces = []
                for a in state.annotations:
                    if a.is_proposal or not isinstance(a.shape, Clip):
                        continue
                    if a.class_id not in names:
                        nameless += 1
                        continue
                    shape = a.shape
                    pieces.append(Piece(shape.begins, shape.ends, names[a.class_id], shape.low, shape.high))
                yield MarkedSound(item, tuple(sorted(pieces, key=lambda p: (p.begins, p.ends, p.label))))
        if waiting:
            many = "1 recording" if waiting == 1 else f"{waiting:,} recordings"
            words = "It is not done yet and is left out." if waiting == 1 else "They are not done yet and are left out."
            self.problems.append(Problem(many, words))
        if nameless:
            self.problems.append(Problem(f"{nameless:,} pieces", "They have no class and are left out."))


@dataclass(frozen=True)
class BesideFormat:
    """An `ExportFormat` that writes a text file for each recording into a folder, beside a copy of the recording.

    Attributes:
        ending: of the text file, put in place of the recording's own.
        text: its content.
    """

    id: str
    title: str
    ending: str
    text: Callable[[Sequence[Piece]], str]
    marks: tuple[str, ...] = ("clips",)
    suffix: str = ""
    may_refer: bool = True

    def write(
        self, project: Project, target: Path, control: Control, copy_pictures: bool = True
    ) -> tuple[int, list[Problem]]:
        """See `ExportFormat.write`. Without copies there are only the text files."""
        sounds, names, count = MarkedSounds(project, control), Names(), 0
        with new_folder(target) as work:
            for sound in sounds:
                assert sound.item.path is not None
                name = names.give(sound.item.name, sound.item.path.suffix, flat=True)
                try:
                    if copy_pictures:
                        shutil.copyfile(sound.item.path, work / name)
                except OSError as error:
                    if sound.item.path.is_file():
                        raise UserError(
                            "The recordings cannot be copied there.", "Make room on the disk, or choose another place."
                        ) from error
                    sounds.problems.append(
                        Problem(sound.item.name, "It is not there any more.", "Put it back.", str(sound.item.path))
                    )
                    continue
                file = (work / name).with_suffix(self.ending)
                file.write_text(self.text(sound.pieces), encoding="utf-8", newline="\n")
                count += 1
            if not count:
                raise UserError("There is no recording that is done.", "Mark some sounds, and press “Done”.")
        return count, sounds.problems


def audacity_text(pieces: Sequence[Piece]) -> str:
    """A label track: begins, ends, label; the band of frequencies in a line of its own (Audacity's manual)."""
    lines = []
    for p in pieces:
        lines.append(f"{p.begins:.6f}\t{p.ends:.6f}\t{one_line(p.label)}")
        if p.high > p.low:
            lines.append(f"\\\t{p.low:.6f}\t{p.high:.6f}")
    return "".join(f"{line}\n" for line in lines)


def raven_text(pieces: Sequence[Piece]) -> str:
    """A selection table (Raven's manual)."""
    rows = [
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation",
        *(
            f"{n}\tSpectrogram 1\t1\t{p.begins:.6f}\t{p.ends:.6f}\t{p.low:.3f}\t{p.high:.3f}\t{one_line(p.label)}"
            for n, p in enumerate(pieces, 1)
        ),
    ]
    return "".join(f"{row}\n" for row in rows)
