"""Files of molecules: SD files (a block each, its properties as columns), MOL files, and lists of SMILES with names.

MDL's CTfile formats (V2000 and V3000) are read by RDKit, block by block as they come from the disk, so that the size of a file
does not matter for memory beyond what is kept of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.tables import SUFFIXES as TABLES
from workbench.data.importers.tables import TablePlan, plan_table
from workbench.data.importers.written_molecules import fault_of, name_column
from workbench.data.media import decode_text, read_bytes
from workbench.data.molecules import read_block
from workbench.data.types import Sample
from workbench.errors import Problem, UserError

BLOCKS = (".sdf", ".sd", ".mol", ".mdl")
LISTS = (".smi", ".smiles", ".ism", ".can")
SUFFIXES = (*BLOCKS, *LISTS)
MOLECULE, NAME = "molecule", "name"
_MAX_BYTES = 2_000_000_000
_MAX_LIST = 300_000_000
_MAX_MOLECULES = 500_000
_MAX_BLOCK = 1_000_000
_MAX_COLUMNS, _MAX_CELL = 200, 2_000
_PROPERTY = re.compile(r"^>.*<([^<>]*)>")
_END = b"$$$$"


class MoleculeFiles:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Molecules"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        if not paths or any(p.suffix.lower() not in SUFFIXES or not p.is_file() for p in paths):
            return None
        title = paths[0].stem if len(paths) == 1 else paths[0].parent.name
        plan = TablePlan("table", "molecule", title, paths[0], format=self.name)
        problems: list[Problem] = []
        for path in paths:
            before = f"{path.name}, " if len(paths) > 1 else ""
            found = _blocks(path, before, control) if path.suffix.lower() in BLOCKS else _listed(path, before, control)
            for entry in found:
                if isinstance(entry, Problem):
                    problems.append(entry)
                    continue
                plan.records.append((len(plan.records) + 1, entry))
                if len(plan.records) > _MAX_MOLECULES:
                    raise UserError(
                        f"“{path.name}” holds more than {_MAX_MOLECULES:,} molecules.", "Split it into parts."
                    )
        if not plan.records:
            first = f" The first says: {problems[0].message}" if problems else ""
            raise UserError(f"“{paths[0].name}” holds no molecule that can be read.{first}", "Choose another file.")
        names: dict[str, None] = {}
        for _, record in plan.records:
            names.update(dict.fromkeys(record))
        plan.names = list(names)[: _MAX_COLUMNS + 2]
        plan.problems = problems
        choice = plan.guess()
        assert choice is not None  # there is a column of molecules
        plan.choose(choice)
        return plan


def samples_of(path: Path, control: Control) -> list[Sample]:
    """All molecules of a file or table to be asked about, also those that cannot be read: a model is asked for each, and what
    is wrong is said beside it.

    Raises:
        UserError: when the file itself cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in BLOCKS:
        found = []
        for where, called, block, _rest in _raw_blocks(path, control):
            try:
                found.append(Sample("molecule", called or where, text=read_block(block).given))
            except UserError:
                found.append(Sample("molecule", f"{where} ({called})" if called else where, data=block.encode()))
        return found
    if suffix in TABLES:
        plan = plan_table(path, control)
        if plan.choice is None or plan.media != "molecule":
            raise UserError(f"The table “{path.name}” has no column with molecules.", "It needs one with SMILES.")
        called = name_column([n for n in plan.names if n != plan.choice.content])
        rows = [(n, r.get(plan.choice.content, ""), r.get(called, "")) for n, r in plan.records]
        return [Sample("molecule", name.strip()[:80] or f"row {n}", text=cell) for n, cell, name in rows]
    listed = decode_text(read_bytes(path, _MAX_LIST)).splitlines()
    return [Sample("molecule", name or f"line {n}", text=word) for n, word, name in _words(listed, control)]


def _listed(path: Path, before: str, control: Control) -> Iterator[dict[str, str] | Problem]:
    for number, word, name in _words(decode_text(read_bytes(path, _MAX_LIST)).splitlines(), control):
        fault = fault_of(word)
        if fault is not None:
            yield Problem.of(f"{before}line {number}", fault, str(path))
        else:
            yield {MOLECULE: word.split()[0], NAME: name}


def _words(lines: Sequence[str], control: Control) -> Iterator[tuple[int, str, str]]:
    """Lines of a SMILES and a name, or the other way round, as (line, SMILES, name); a first line with neither is a heading."""
    place, first = -1, True
    for number, line in enumerate(lines, 1):
        control.check()
        words = line.split("\t") if "\t" in line else line.split(None, 1)
        words = [w.strip() for w in words]
        if not line.strip() or line.startswith("#"):
            continue
        if place < 0:
            place = _place(words)
            heading, first = place < 0 and first and len(lines) > 1, False
            if heading:
                continue
        at = max(0, place)
        word = words[at] if at < len(words) else ""
        yield number, word, " ".join(w for n, w in enumerate(words) if n != at)[:_MAX_CELL]


def _place(words: Sequence[str]) -> int:
    """Which of a line's first two words is a molecule; -1 where none is."""
    return next((n for n, word in enumerate(words[:2]) if word and fault_of(word) is None), -1)


def _blocks(path: Path, before: str, control: Control) -> Iterator[dict[str, str] | Problem]:
    """The molecules of an SD file, one after the other, with their properties."""
    for where, called, block, rest in _raw_blocks(path, control):
        try:
            found = read_block(block)
        except UserError as error:
            yield Problem.of(f"{before}{where} ({called})" if called else f"{before}{where}", error, str(path))
            continue
        properties = _properties(rest.splitlines())
        yield {MOLECULE: found.given, NAME: called} | {k: v for k, v in properties.items() if k not in (MOLECULE, NAME)}


def _raw_blocks(path: Path, control: Control) -> Iterator[tuple[str, str, str, str]]:
    """Of each block: its place, its name, the molecule, and what is said of it."""
    for number, data in enumerate(_cut(path, control), 1):
        if not data.strip():
            continue
        # What is longer than any molecule is cut off, and is told so.
        text = decode_text(data[:_MAX_BLOCK])
        head, mark, rest = text.partition("M  END")
        lines = text.splitlines()
        yield f"molecule {number}", lines[0].strip()[:80] if lines else "", head + mark + "\n", rest


def _cut(path: Path, control: Control) -> Iterator[bytes]:
    """The blocks between lines of four dollars. What is far too long is given cut off, so that its length can be told."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(
                f"“{path.name}” is too large ({path.stat().st_size / 1e9:.1f} GB; at most {_MAX_BYTES / 1e9:.0f} GB).",
                "Split it into parts.",
            )
        with path.open("rb") as stream:
            kept: list[bytes] = []
            size = 0
            while line := stream.readline(_MAX_BLOCK):
                control.check()
                if line.startswith(_END):
                    yield b"".join(kept)
                    kept, size = [], 0
                    continue
                size += len(line)
                if size <= _MAX_BLOCK + len(line):
                    kept.append(line)
            yield b"".join(kept)
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read.", "Check that it is there and that you may read it.") from error


def _properties(lines: Sequence[str]) -> dict[str, str]:
    """What stands under each heading "> <NAME>", its lines joined."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        heading = _PROPERTY.match(line)
        if heading is not None:
            name = heading.group(1).strip()[:80] if len(found) < _MAX_COLUMNS else ""
            if name:
                found[name] = []
        elif not line.strip():
            name = ""
        elif name:
            found[name].append(line.strip())
    return {name: " ".join(told)[:_MAX_CELL] for name, told in found.items()}


FORMAT = MoleculeFiles()
