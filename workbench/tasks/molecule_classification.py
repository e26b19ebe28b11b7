"""Molecule classification: which of a person's classes a molecule belongs to (active or not, toxic or not)."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.tasks.base import TaskInfo
from workbench.tasks.classification import Classification
from workbench.tasks.molecules import APART, SUFFIXES, MoleculeTask


class MoleculeClassification(MoleculeTask, Classification):
    """See `workbench.tasks.base.PooledTask`."""

    info = TaskInfo(
        id="molecule-classification",
        title="Molecules: classes",
        summary="Says which of your classes a molecule belongs to: active or not, toxic or not.",
        media="molecule",
        noun="molecule",
        nouns="molecules",
        icon="flask-conical",
        editor="classes",
        judge="classes",
        trainable=True,
        taught_only=True,
        group="Molecules",
        question="tell what a molecule does",
        import_formats=("table", "molecules"),
        file_suffixes=SUFFIXES,
        apart=APART,
    )

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        does, cannot = super().describe(classes)
        return does, f"{cannot} It is most often wrong about molecules whose scaffolds are unlike those it learnt from."


TASK = MoleculeClassification()
