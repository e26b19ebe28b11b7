"""The most alike molecules of many, by Tanimoto's measure of their fingerprints; worked out exactly, a block at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.control import Control
from workbench.data.molecules import Molecule, fingerprint, read_molecule, tanimoto
from workbench.errors import Problem, UserError
from workbench.runtimes.fingerprints_runtime import BITS

_BLOCK = 2048


@dataclass(frozen=True)
class Near:
    """`place`: among the molecules given; `likeness`: 0..1, 1 where the fingerprints are the same."""

    place: int
    likeness: float


def most_alike(
    query: Molecule, others: Sequence[str], count: int, control: Control
) -> tuple[list[Near], dict[int, Problem]]:
    """The nearest first, equals in their own order; and what cannot be read, by its place.

    Args:
        others: SMILES each.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np

    given = fingerprint(query)
    likeness = np.full(len(others), -1.0, np.float32)
    problems: dict[int, Problem] = {}
    for start in range(0, len(others), _BLOCK):
        block = np.zeros((min(_BLOCK, len(others) - start), BITS), np.uint8)
        good = np.zeros(len(block), bool)
        for row, text in enumerate(others[start : start + _BLOCK]):
            control.check()
            try:
                block[row], good[row] = fingerprint(read_molecule(text)), True
            except UserError as error:
                problems[start + row] = Problem.of(text[:60], error)
        control.progress(start, len(others), f"Comparing molecules: {start:,} of {len(others):,}")
        likeness[start : start + len(block)][good] = tanimoto(given, block[good])
    order = np.argsort(-likeness, kind="stable")[:count]
    return [Near(int(n), float(likeness[n])) for n in order if likeness[n] >= 0], problems
