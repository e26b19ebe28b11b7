"""What an explanation is, whatever went into the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats
    from workbench.tasks.base import Task
    from workbench.tasks.predictions import Number, Prediction
    from workbench.tasks.row_reasons import RowReasons


def signed(amount: float) -> str:
    """ "+0.42", "-3,400"."""
    from workbench.tasks.predictions import figure

    return f"{'+' if amount >= 0 else '-'}{figure(abs(amount))}"


@dataclass(frozen=True)
class WordShare:
    """A word of a text and how much it spoke for the answer (above 0) or against it (below), -1..1.

    Attributes:
        start, end: characters into the text.
    """

    start: int
    end: int
    share: float


@dataclass(frozen=True)
class Sanity:
    """Whether an explanation changes when what the model has learnt is taken away (Adebayo et al. 2018).

    Attributes:
        likeness: rank correlation (Spearman's, -1..1) of the explanation with that of the same network after its weights
            were shuffled; near 0 is as it should be.
        depends: the explanation follows what the model learnt.
    """

    likeness: float
    depends: bool

    def sentence(self) -> str:
        if self.depends:
            return (
                "Checked: with the model's knowledge shuffled, other reasons come out"
                f" (likeness {max(0.0, self.likeness):.0%}). So these do show what the model learnt."
            )
        return (
            f"Do not rely on this: with the model's knowledge shuffled it stays much the same (likeness {self.likeness:.0%}),"
            " so it shows what is in the item rather than what the model learnt."
        )


@dataclass(frozen=True)
class Explanation:
    """
    Attributes:
        target: the class that is explained; of a number what it is, "" where that is not known.
        score: the model's probability of it, 0..1.
        number: what was estimated, where it is no class.
        method: technical name.
        heat: float32 [h, w] in 0..1, how much each place mattered; None for texts. Of a recording: pitch upwards, time to
            the right; one row where only the time is known.
        part: left, top, right, bottom in shares of the picture's width and height: what the model saw of it.
        words: of a text, in order.
        row: of a row of a table, what each column did to the answer.
        atoms: of a molecule, -1..1 for each atom: how much it spoke for the answer (above 0) or against it; in the order of
            `structure`, the SMILES of what the model looked at.
        amounts: where a number is explained, by how much each of these atoms moves it, in its unit.
        sanity: None while it has not been checked.
        note: a sentence the person must see with it, or "".
    """

    target: str
    score: float
    method: str
    heat: Floats | None = None
    part: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    words: tuple[WordShare, ...] = field(default=())
    atoms: tuple[float, ...] = ()
    structure: str = ""
    sanity: Sanity | None = None
    note: str = ""
    row: RowReasons | None = None
    number: Number | None = None
    amounts: tuple[float, ...] = ()

    def answer(self) -> str:
        """The answer that is explained, in words: "acid (84%)", "pIC50 5.75"."""
        if self.number is not None:
            return f"{self.target} {self.number.summary()}".strip()
        if self.row is not None:
            return f"{self.target} ({self.row.whole(self.row.said)})"
        return f"{self.target} ({self.score:.0%})"

    def atoms_told(self) -> str:
        """What the colours of a structure mean, and which atoms count most."""
        for_it, against = (", ".join(found) for found in self.strongest_atoms())
        if self.number is None:
            told, most = (
                f"Green atoms spoke for “{self.target}”, red ones against it.",
                ("Most for it", "Most against it"),
            )
        else:
            what = f"“{self.target}”" if self.target else "the number"
            told, most = f"Green atoms raised {what}, red ones lowered it.", ("Raised most by", "Lowered most by")
        named = [f"{words}: {atoms}." for words, atoms in zip(most, (for_it, against), strict=True) if atoms]
        return " ".join([told, *named, *(["Atoms are named by their place in the SMILES."] if named else [])])

    def strongest(self, text: str, count: int = 5) -> tuple[list[str], list[str]]:
        """The words that spoke most for the answer, and most against it; none that hardly matter."""
        most = max((abs(w.share) for w in self.words), default=0.0)
        telling = [w for w in self.words if abs(w.share) > 0.1 * most]
        for_it = sorted((w for w in telling if w.share > 0), key=lambda w: -w.share)
        against = sorted((w for w in telling if w.share < 0), key=lambda w: w.share)
        return [text[w.start : w.end] for w in for_it[:count]], [text[w.start : w.end] for w in against[:count]]

    def strongest_atoms(self, count: int = 5) -> tuple[list[str], list[str]]:
        """The atoms that spoke most for the answer, and most against it, as written and with their character."""
        from workbench.data.smiles import atom_places

        places = atom_places(self.structure) if self.structure else []
        told = [n for n, share in enumerate(self.atoms) if abs(share) > 0.1]
        order = sorted(told, key=lambda n: -abs(self.atoms[n]))

        def named(atom: int) -> str:
            written = f"{self.structure[places[atom].start : places[atom].end]} at {places[atom].start + 1}"
            return f"{written} ({signed(self.amounts[atom])})" if self.amounts else written

        for_it = [named(n) for n in order if self.atoms[n] > 0]
        return for_it[:count], [named(n) for n in order if self.atoms[n] < 0][:count]

    def to_json(self, text: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {"target": self.target, "score": round(self.score, 6), "method": self.method}
        if self.words:
            found["words"] = [
                {"start": w.start, "end": w.end, "word": text[w.start : w.end], "share": round(w.share, 6)}
                for w in self.words
            ]
        if self.structure:
            found |= {"structure": self.structure, "atoms": [round(a, 6) for a in self.atoms]}
        if self.number is not None:
            del found["score"]
            found |= {"value": self.number.value, "amounts": [round(a, 6) for a in self.amounts]}
        if self.heat is not None:
            found |= {"part": list(self.part), "heat": [[round(float(v), 4) for v in line] for line in self.heat]}
        if self.row is not None:
            found |= {
                "usual": round(self.row.usual, 6),
                "columns": [
                    {"column": p.column, "cell": p.cell, "amount": round(p.amount, 6), "doubt": round(p.doubt, 6)}
                    for p in self.row.parts
                ],
            }
        if self.sanity is not None:
            found |= {"likeness_with_shuffled_weights": round(self.sanity.likeness, 4), "depends": self.sanity.depends}
        return found | {"note": self.note}


def explainable(task: Task) -> bool:
    """Whether there is a way to say why a model of this task answers as it does."""
    from workbench.tasks.base import PooledNumber, PooledTask, ReasonsTask

    return task.info.result == "boxes" or isinstance(task, PooledTask | PooledNumber | ReasonsTask)


def can_explain(task: Task, prediction: Prediction | None) -> bool:
    """Whether there is a way to say why a model of this task gave this answer: one of classes, a number, or things it found."""
    from workbench.tasks.base import PooledNumber, PooledTask, ReasonsTask
    from workbench.tasks.predictions import Boxes, Number, Scores

    if isinstance(task, ReasonsTask):
        return prediction is not None
    if isinstance(prediction, Boxes):
        return not prediction.reading and bool(prediction.above())
    if isinstance(prediction, Number):
        return isinstance(task, PooledNumber)
    return isinstance(prediction, Scores) and isinstance(task, PooledTask)
