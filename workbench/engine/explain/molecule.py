"""Why a molecule got its answer: which of its atoms spoke for the class, or raised the number, and which against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.molecules import Molecule, features_without
from workbench.data.smiles import atom_places
from workbench.engine.explain import text
from workbench.engine.explain.asked import Asked

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

LEFT_OUT = "atoms left out of the fingerprint"
READ = text.METHOD
# What the figure of an atom means, where a number is explained.
MEANING = {
    LEFT_OUT: "An atom's figure is by how much the answer falls when all groups of atoms it belongs to are left out of the"
    " fingerprint; groups overlap, so the figures do not add up to the answer.",
    READ: "The atoms' figures, and those of what frames the molecule for the model, add up to the difference from an empty text.",
}
_AT_ONCE = 64


def atom_shares(asked: Asked, control: Control) -> tuple[Floats, str]:
    """float32 [A] for the atoms of the molecule a model looked at, in the order in which its SMILES names them: how much each
    moved the answer (of a number in its unit); and by which method.

    Of a fingerprint: by how much the answer falls when all bits an atom takes part in are left out (Riniker & Landrum 2013,
    doi 10.1186/1758-2946-5-43). Of a network that reads: what its tokens moved, given to the atoms they stand for.

    Raises:
        UserError: when the network cannot be looked into. Cancelled: when asked to stop.
    """
    molecule: Molecule = asked.prepared["molecule"]
    if "bits" in asked.prepared:
        return _left_out(asked, molecule, control), LEFT_OUT
    tokens = text.token_shares(asked, control)
    found = asked.model.tokenizer(
        molecule.parent, truncation=True, max_length=asked.model.preparation.max_tokens, return_offsets_mapping=True
    )
    return by_atom(molecule.parent, found["offset_mapping"], tokens.tolist()), READ


def _left_out(asked: Asked, molecule: Molecule, control: Control) -> Floats:
    import numpy as np
    import torch

    rows = torch.from_numpy(features_without(molecule)).to(asked.model.device)
    fallen: list[float] = []
    with torch.inference_mode():
        whole = asked.numbers(asked.model.features(asked.batch()))
        for start in range(0, len(rows), _AT_ONCE):
            control.check()
            part = asked.numbers(asked.model.features({"bits": rows[start : start + _AT_ONCE]}))
            fallen += (whole - part).tolist()
    return np.array(fallen, np.float32)


def by_atom(smiles: str, offsets: Sequence[Any], shares: Sequence[float]) -> Floats:
    """Shares of tokens, given to the atoms whose characters they cover, in equal parts; those of bonds, brackets and ring
    numbers to the atom before.

    Args:
        offsets: (first, past last) character of each token; the same twice for tokens that stand for none.
    """
    import numpy as np

    places = atom_places(smiles)
    found = np.zeros(len(places), np.float32)
    for (start, end), share in zip(offsets, shares, strict=True):
        if end <= start:
            continue
        covered = [n for n, place in enumerate(places) if place.start < end and start < place.end]
        if not covered:
            covered = [max((n for n, place in enumerate(places) if place.end <= start), default=0)]
        found[covered] += share / len(covered)
    return found
