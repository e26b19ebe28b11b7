"""CoNLL columns: a word a line with its tag last, an empty line between sentences (Tjong Kim Sang & De Meulder 2003).

IOB1, IOB2 (BIO), IOBES and BILOU tags are read. The files hold words, not texts: a blank is put between two words where the
text is set together again, but not before closing punctuation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import NewAnnotation
from workbench.data.importers.base import ImportPlan
from workbench.data.media import decode_text, read_bytes
from workbench.data.shapes import TextSpan
from workbench.data.types import NewItem, Split
from workbench.errors import Problem

SUFFIXES = (".conll", ".bio", ".iob", ".iob2", ".tsv", ".txt", ".ner")
_SPLITS = {"train": Split.TRAIN, "dev": Split.VALIDATION, "valid": Split.VALIDATION, "testa": Split.VALIDATION,
           "test": Split.TEST, "testb": Split.TEST}  # fmt: skip
_TAG = re.compile(r"^(O|[BIESLU]-\S+)$")
_LOOK = 20_000
_CLOSES = set(".,;:!?)]}%'’”")
_OPENS = set("([{“‘$€£")


@dataclass
class ConllPlan(ImportPlan):
    """Sentences of one or several files."""

    sentences: list[tuple[str, list[tuple[str, str]], Split | None]] = field(default_factory=list)

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        for where, words, split in self.sentences:
            control.check()
            text, spans = joined(words)
            marks = tuple(NewAnnotation(TextSpan(a, b), name) for a, b, name in spans)
            yield NewItem("text", where, text=text, split=split, annotations=marks)
        yield from self.problems


def joined(words: Sequence[tuple[str, str]]) -> tuple[str, list[tuple[int, int, str]]]:
    """(word, tag) pairs as a text and its pieces (start, end, class)."""
    text = ""
    spans: list[tuple[int, int, str]] = []
    before, kind = "O", ""
    for word, tag in words:
        glued = not text or (word and word[0] in _CLOSES and len(word) == 1) or text[-1] in _OPENS
        start = len(text) if glued else len(text) + 1
        text = f"{text}{word}" if glued else f"{text} {word}"
        prefix, _, name = tag.partition("-") if tag != "O" else ("O", "", "")
        if prefix != "O":
            goes_on = prefix in "IEL" and before not in ("O", "E", "L", "S", "U") and kind == name and bool(spans)
            if goes_on:
                spans[-1] = (spans[-1][0], len(text), name)
            else:
                spans.append((start, len(text), name))
        before, kind = prefix, name
    return text, spans


def looks(text: str) -> bool:
    """True when nearly every line has several columns, the last of which is a tag."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith(("#", "-DOCSTART-"))]
    lines = lines[:-1] if len(text) >= _LOOK and len(lines) > 1 else lines  # the last one may be cut
    if len(lines) < 3 or any(len(line) < 2 for line in lines):
        return False
    tags = [line[-1] for line in lines]
    return all(_TAG.match(tag) for tag in tags) and any(tag != "O" for tag in tags)


class Conll:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "CoNLL"
    order = 2

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        files = _files(paths)
        if not files or not all(_is_conll(file) for file in files):
            return None
        title = files[0].parent.name if len(files) > 1 else files[0].stem
        plan = ConllPlan("marked", "text", title, files[0], marks="spans", format=self.name)
        for file in files:
            control.check()
            stem = file.stem.lower()
            split = next(
                (s for key, s in _SPLITS.items() if len(files) > 1 and re.search(rf"(^|[-_.]){key}", stem)), None
            )
            _read(file, plan, split)
        counts = Counter(name for _, words, _ in plan.sentences for _, _, name in joined(words)[1])
        _standing, sentences = labels.merged_spellings(counts.elements())
        plan.warnings += sentences
        plan.label_counts = dict(counts.most_common())
        plan.total = len(plan.sentences)
        return plan


def _files(paths: Sequence[Path]) -> list[Path]:
    if len(paths) == 1 and paths[0].is_dir():
        inside = [f for f in sorted(paths[0].iterdir()) if f.is_file() and not f.name.startswith(".")]
        return [f for f in inside if f.suffix.lower() in SUFFIXES]
    return [p for p in paths if p.is_file() and p.suffix.lower() in SUFFIXES] if all(p.is_file() for p in paths) else []


def _is_conll(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return looks(stream.read(_LOOK).decode("utf-8", "replace"))
    except OSError:
        return False


def _read(file: Path, plan: ConllPlan, split: Split | None) -> None:
    text = decode_text(read_bytes(file))
    words: list[tuple[str, str]] = []
    first = 1

    def give() -> None:
        if words:
            plan.sentences.append((f"{file.stem} {first}", list(words), split))
            words.clear()

    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts or parts[0] == "-DOCSTART-":
            give()
            continue
        if line.startswith("#") and len(parts) != 2:
            continue
        if not words:
            first = number
        if len(parts) < 2 or not _TAG.match(parts[-1]):
            plan.problems.append(
                Problem(
                    f"{file.name}, line {number}", "This line has no tag at its end.", "It is read as “O”.", str(file)
                )
            )
            words.append((parts[0], "O"))
            continue
        words.append((parts[0], parts[-1]))
    give()


FORMAT = Conll()
