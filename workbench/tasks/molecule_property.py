"""A measured property of a molecule: how strong, how soluble, how fat-loving it is, as a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.numbers import MEASURED, number
from workbench.errors import UserError
from workbench.tasks.base import TaskInfo, TryOptions
from workbench.tasks.intervals import ranged
from workbench.tasks.lesson import How
from workbench.tasks.molecules import APART, SUFFIXES, MoleculeTask
from workbench.tasks.predictions import Number, Prediction

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.data.project import Project
    from workbench.data.types import Item
    from workbench.runtimes.base import Loaded
    from workbench.runtimes.network import Network
    from workbench.runtimes.number_runtime import NumberNetwork
    from workbench.tasks.lesson import Lesson, Material

_FEWEST = 10


class MoleculeProperty(MoleculeTask):
    """See `workbench.tasks.base.TrainableTask`."""

    info = TaskInfo(
        id="molecule-property",
        title="Molecules: a measured number",
        summary="Estimates a number that was measured of molecules: strength, solubility, a melting point.",
        media="molecule",
        noun="molecule",
        nouns="molecules",
        icon="flask-conical",
        result="number",
        editor="number",
        judge="numbers",
        trainable=True,
        taught_only=True,
        group="Molecules",
        question="estimate a property of a molecule",
        import_formats=("table", "molecules"),
        file_suffixes=SUFFIXES,
        apart=APART,
        mark="number",
    )

    def check(self, project: Project) -> None:
        done = [i.id for i in project.items(project.item_ids()) if i.marked and not i.problem]
        told = [a for found in project.annotation_states(done).values() for a in found.annotations if not a.is_proposal]
        count = sum(number(a.text) is not None for a in told)
        if count < _FEWEST:
            raise UserError(
                f"Only {count} of the molecules have a number." if count else "None of the molecules has a number yet.",
                f"Write at least {_FEWEST} (better a hundred or more) on the Data page, or import a table with a column of them.",
            )

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.number_lesson import NumberLesson

        return NumberLesson(self, material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Estimates a number of a molecule, with the range it most likely lies in.",
            "Always gives a number, also for molecules unlike all it learnt from; there the range does not hold.",
        )

    def number_named(self, project: Project) -> tuple[str, str]:
        """As the column was called that the numbers came from; no unit is known."""
        return str(project.get_meta(MEASURED, "")), ""

    def run_options(self, project: Project) -> dict[str, Any]:
        """What the number is called when a training is set up."""
        from workbench.runtimes.number_runtime import NAME

        name, _unit = self.number_named(project)
        return {NAME: name} if name else {}

    def pooled_number(self, model: Loaded) -> tuple[Network, float]:
        """See `workbench.tasks.base.PooledNumber`."""
        from workbench.runtimes.number_runtime import STEP

        return self._numbers(model).pooled, float(model.card.options.get(STEP, 1.0))

    def _numbers(self, model: Loaded) -> NumberNetwork:
        from workbench.runtimes.number_runtime import NumberNetwork

        if not isinstance(model, NumberNetwork):
            raise UserError(
                f"“{model.card.name}” estimates no number as it is.", "Train it on molecules with measured numbers."
            )
        return model

    def item_words(self, item: Item, project: Project) -> str:
        """What is shown while its number is written."""
        return f"{item.name}\n{item.text}" if item.name != item.text else item.name

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float:
        from workbench.tasks.number_lesson import _EPOCHS

        rounds = 0 if how is How.QUICK else epochs or _EPOCHS[how]
        return items * (1 + 3 * rounds * 0.7)

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        pooled: Any = getattr(model, "pooled", model)
        pooled.features(self.collate([prepared], model))

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        import torch

        from workbench.runtimes.number_runtime import NAME

        network = self._numbers(model)
        with torch.inference_mode():
            values = network.numbers(network.outputs(self.collate(samples, model))).tolist()
        name = str(model.card.options.get(NAME, ""))
        return [
            ranged(Number(value, name=name, note=str(sample.get("note", ""))), model.card.options)
            for value, sample in zip(values, samples, strict=True)
        ]


TASK = MoleculeProperty()
