"""What all tasks about molecules share: how one is read and prepared, what stands together, what a file holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Item, Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask
from workbench.tasks.lesson import How

if TYPE_CHECKING:
    import torch

    from workbench.catalog.card import ModelCard
    from workbench.data.molecules import Molecule
    from workbench.runtimes.base import Loaded

SUFFIXES = (".smi", ".smiles", ".sdf", ".sd", ".mol")
APART = (
    "Molecules with the same ring scaffold stand on one side, so the test is about kinds of molecules the model has not seen"
    " (scaffold split)."
)
_FINGERPRINTS = "fingerprints"
_LONG = "The molecule is longer than the model reads at once: only its beginning was looked at."


class MoleculeTask(BaseTask):
    """A task whose items are molecules. What a network is given depends on it alone: tokens of the canonical SMILES where it
    has a tokenizer, else the fingerprint."""

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        """Also "molecule", the one that was read. With a seed: its SMILES is written in another order for models that read
        it; fingerprints know no order."""
        from workbench.data.molecules import features, written_anew

        found = molecule_of(sample)
        if model.tokenizer is None:
            import torch

            return {"molecule": found, "bits": torch.from_numpy(features(found)), "note": found.note}
        text = found.parent if augment_seed is None else written_anew(found, augment_seed)
        longest = model.preparation.max_tokens
        tokens = model.tokenizer(text, truncation=True, max_length=longest)
        cut = len(tokens["input_ids"]) >= longest and len(model.tokenizer(text, verbose=False)["input_ids"]) > longest
        return {
            "molecule": found,
            "input_ids": tokens["input_ids"],
            "attention_mask": tokens["attention_mask"],
            "note": " ".join(n for n in (found.note, _LONG if cut else "") if n),
        }

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Any) -> Mapping[str, torch.Tensor]:
        if model.tokenizer is None:
            from workbench.runtimes.fingerprints_runtime import as_batch

            return as_batch([p["bits"] for p in prepared], model.device)
        rows = [{"input_ids": p["input_ids"], "attention_mask": p["attention_mask"]} for p in prepared]
        padded = model.tokenizer.pad(rows, return_tensors="pt")
        return {key: padded[key].to(model.device) for key in ("input_ids", "attention_mask")}

    def kept_together(self, items: Sequence[Item], control: Control) -> list[list[int]]:
        """By scaffold (Bemis & Murcko 1996). Molecules without a ring have none to share: each stands for itself."""
        from workbench.data.molecules import read_molecule, scaffold

        groups: dict[str, list[int]] = defaultdict(list)
        for number, item in enumerate(items):
            control.check()
            if number % 100 == 0:
                control.progress(number, len(items), f"Comparing scaffolds: {number:,} of {len(items):,}")
            try:
                found = scaffold(read_molecule(item.text or ""))
            except UserError:  # it is told beside the item that it cannot be read
                continue
            if found:
                groups[found].append(item.id)
        return [ids for ids in groups.values() if len(ids) > 1]

    def nearest(self, item: Item, items: Sequence[Item], count: int, control: Control) -> list[tuple[int, float]]:
        """See `workbench.tasks.base.ComparingTask`."""
        from workbench.data.molecule_search import most_alike
        from workbench.data.molecules import read_molecule

        found, _problems = most_alike(read_molecule(item.text or ""), [i.text or "" for i in items], count, control)
        return [(items[n.place].id, n.likeness) for n in found]

    def given_cells(self, sample: Sample) -> dict[str, str] | None:
        """A molecule's name and how it is written stand before its answer."""
        return {"name": sample.name if sample.name != sample.text else "", "smiles": sample.text or ""}

    def how_words(self, card: ModelCard) -> Mapping[How, tuple[str, str]]:
        """What the ways of training mean for a model: plain words, and the technical ones."""
        from workbench.runtimes.number_runtime import BASE

        if _FINGERPRINTS in (card.runtime, card.options.get(BASE)):
            return {
                How.QUICK: (
                    "Finds out which groups of atoms count. The best start, on any computer.",
                    "A linear head on Morgan fingerprints and counts; its strength by cross-validation or on the validation part",
                ),
                How.BALANCED: (
                    "Goes on from there in rounds, on the same fingerprints. Seldom better.",
                    "Gradient steps on the linear head, after Quick's",
                ),
                How.THOROUGH: (
                    "As Balanced, with more rounds.",
                    "More gradient steps on the linear head; there is nothing deeper to train",
                ),
            }
        return {
            How.QUICK: (
                "Keeps what the model knows of molecules and learns only the last step. The best start.",
                "A linear head on the frozen network's features",
            ),
            How.BALANCED: (
                "Also lets the last part of the model learn. For molecules unlike those it knows.",
                "Fine-tunes the last blocks; SMILES are written in other orders while it learns",
            ),
            How.THOROUGH: (
                "Lets the whole model learn. Takes longest and wants many molecules.",
                "Fine-tunes all blocks; SMILES are written in other orders while it learns",
            ),
        }

    def likeness_words(self, likeness: float) -> str:
        return f"{likeness:.0%} alike (Tanimoto similarity {likeness:.2f} of the fingerprints)"

    def samples_in(self, path: Path, control: Control) -> Iterable[Sample]:
        from workbench.data.importers.formats.molecules import samples_of

        return samples_of(path, control)


def molecule_of(sample: Sample) -> Molecule:
    """The molecule of a sample. Raises: UserError when it cannot be read."""
    from workbench.data.molecules import read_block, read_molecule

    if sample.data is not None:
        return read_block(sample.data.decode("utf-8", "replace"))
    if sample.text is None and sample.path is not None:
        from workbench.data.importers.formats.molecules import samples_of

        inside = samples_of(sample.path, Control())
        if not inside:
            raise UserError("This file holds no molecules.", "Choose a file of SMILES, or an SD file.")
        return molecule_of(inside[0])
    return read_molecule(sample.text or "")
