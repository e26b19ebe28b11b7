"""Telling which column of a table holds molecules, their names, and what was measured of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workbench.data.numbers import decimal_of, is_missing, number
from workbench.errors import UserError

_MOLECULE_NAMES = re.compile(r"(^|[_\s-])(smiles|inchi|smi|structure|molecules?|mol)($|[_\s-])", re.I)
_KEYS = re.compile(r"inchi[_\s-]*key", re.I)
_CALLED = (
    re.compile(r"^(name|compound|drug|chemical|molecule)([_\s-]?name)?s?$", re.I),
    re.compile(r"^((compound|molecule|mol|chembl|zinc|drugbank|pubchem|cas|nsc)[_\s-]?)?(id|cid|number|no|rn)$", re.I),
    re.compile(r"^(title|cas|idnumber|zinc_?id)$", re.I),
)
# All that a SMILES is written with; words of any language have other letters, or blanks.
_ALPHABET = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$:/\\%.*~]+")
_STRUCTURE = re.compile(r"[()=#\[\]]|[a-z]\d")
_MANY, _MOST = 40, 0.6
# A table of one name and one place in twenty distinct numbers has something that was measured.
_DISTINCT = 8
# So many of its cells may be no numbers: each is told of.
_ODD = 0.05


def looks_like_molecules(name: str, sample: Sequence[str]) -> bool:
    """Whether a column holds molecules: by its cells, and less strictly where its name says so.

    Args:
        sample: its first filled cells.
    """
    cells = sample[:_MANY]
    if not cells or _KEYS.search(name):
        return False
    named = bool(_MOLECULE_NAMES.search(name))
    heads = [c.split()[0] if named else c for c in cells]
    written = [c for c in heads if c.startswith("InChI=1") or _ALPHABET.fullmatch(c)]
    if len(written) < _MOST * len(cells):
        return False
    if not named and sum(bool(_STRUCTURE.search(c)) for c in written) < len(cells) / 2:
        return False
    good = sum(fault_of(c) is None for c in written)
    return good >= (0.3 if named else _MOST) * len(cells)


def is_molecule(cell: str) -> bool:
    """A cell that can only be a molecule, no word and no number."""
    return bool(_ALPHABET.fullmatch(cell) and _STRUCTURE.search(cell)) and fault_of(cell) is None


def fault_of(text: str) -> UserError | None:
    """What is wrong with a molecule; None when nothing is."""
    from workbench.data.molecules import read_molecule

    try:
        read_molecule(text)
    except UserError as error:
        return error
    return None


def name_column(names: Sequence[str]) -> str:
    """The column by whose name the molecules are called, or ""."""
    return next((n for pattern in _CALLED for n in names if pattern.match(n.strip())), "")


def number_column(columns: Mapping[str, Sequence[str]]) -> str:
    """The first column of numbers with many different ones: what was measured; "" where there is none."""
    for name, cells in columns.items():
        told = [c for c in cells if not is_missing(c)]
        decimal = decimal_of(told)
        values = [number(c, decimal) for c in told]
        if len(set(values)) >= _DISTINCT and values.count(None) <= _ODD * len(told) and len(told) >= len(cells) / 2:
            return name
    return ""
