"""What the tasks on rows of tables share: reading a row as its model does, and learning from many of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.columns import META, TableColumn, features_of, from_meta, target_of, to_meta
from workbench.data.project_columns import columns_of
from workbench.data.rows import cells_of, row_name
from workbench.data.types import Item, Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask
from workbench.tasks.boosting import Boosting, Data
from workbench.tasks.lesson import Course, Example, Lesson, Material, Round
from workbench.tasks.predictions import Prediction
from workbench.tasks.table_features import FEATURES, TABLE, Table, fit_table, matrix

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded

# A run's options under which its columns are kept, as a project keeps them.
COLUMNS = META
# File endings of tables whose rows can be asked about.
FILES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".parquet", ".pq", ".jsonl", ".ndjson")
_FEWEST = 10


class TableTask(BaseTask):
    """See `workbench.tasks.base.Task` and `TrainableTask`; the task says what is true of its examples (`truths`) and what its
    answers are (`answers`)."""

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        cells = cells_of_sample(sample)
        table = table_of(model)
        if not any(f.column.name in cells for f in table.features):
            names = ", ".join(f"“{f.column.name}”" for f in table.features[:6])
            raise UserError("None of the columns this model learnt from is here.", f"It learnt from: {names}.")
        return {"numbers": table.numbers(cells), "note": table.oddities(cells)}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: Any, control: Control | None = None
    ) -> list[Prediction]:
        import torch

        table = table_of(model)
        rows = torch.from_numpy(matrix(table, [s["numbers"] for s in samples]))
        with torch.inference_mode():
            return self.answers(rows, model, [str(s.get("note", "")) for s in samples])

    def answers(self, rows: torch.Tensor, model: Loaded, notes: Sequence[str]) -> list[Prediction]:
        """Rows float64 [B, F] to predictions, as this model means them."""
        raise NotImplementedError

    def plain_answers(self, rows: torch.Tensor, model: Loaded) -> list[Prediction]:
        """As `answers`, before anything is decided on the validation items."""
        raise NotImplementedError

    def truths(self, examples: Sequence[Example]) -> npt.NDArray[np.float64]:
        """What is right, float64 [N]: the place of the class, or the number; NaN where an example says nothing."""
        raise NotImplementedError

    def settled(
        self, options: Mapping[str, Any], examples: Sequence[Example], said: Sequence[Prediction], classes: int
    ) -> tuple[dict[str, Any], list[Prediction]]:
        """The card's options with what is decided on the validation items, and their answers as they are then."""
        raise NotImplementedError

    def check(self, project: Project) -> None:
        counts = project.counts()
        columns = columns_of(project)
        if not columns:
            raise UserError("There is no table in this project yet.", "Import one on the Data page.")
        if target_of(columns) is None and not counts.labelled:
            raise UserError("No column to be found out is chosen.", "Choose one with “Columns” on the Data page.")
        if not features_of(columns):
            raise UserError("No column is left to learn from.", "Choose some with “Columns” on the Data page.")
        if counts.labelled < _FEWEST:
            raise UserError(
                f"Only {counts.labelled} rows say what is to be found out.",
                f"At least {_FEWEST} are needed, better hundreds.",
            )

    def run_options(self, project: Project) -> dict[str, Any]:
        """The project's columns as they are when a training is set up."""
        return {COLUMNS: to_meta(columns_of(project))}

    def course(self, material: Material) -> Course | None:
        return TreeCourse(self, material)

    def lesson(self, material: Material) -> Lesson:
        raise UserError(f"“{material.model.card.name}” does not learn from tables.", "Choose another model.")

    def item_words(self, item: Item, project: Project) -> str:
        """A row for the eye: a line for each cell, without the one to be found out."""
        target = target_of(columns_of(project))
        cells = cells_of(item.text or "{}")
        return "\n".join(f"{n}: {v}" for n, v in cells.items() if target is None or n != target.name)

    def passes(self, card: Any, how: Any, epochs: int, items: int) -> float:
        """How many rows' worth of answering a training is: some hundred trees are grown, a row is quick."""
        return items * {"quick": 3.0, "balanced": 24.0, "thorough": 72.0}[str(how)]

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        """Reading the row was all there is to do."""


def cells_of_sample(sample: Sample) -> dict[str, str]:
    """The cells of a row, however it came. Raises: UserError when it is none."""
    if sample.text is None and sample.path is not None:
        from workbench.data.importers.table_files import open_table
        from workbench.errors import Problem

        table = open_table(sample.path)
        for row in table.read(Control()):
            if not isinstance(row, Problem):
                return dict(zip(table.names, row[1], strict=True))
        raise UserError(f"The table “{sample.path.name}” has no rows.", "Fill it in.")
    return cells_of(sample.text or "")


def table_of(model: Loaded) -> Table:
    """The columns a taught model knows. Raises: UserError when it was taught none."""
    if TABLE not in model.card.options:
        raise UserError(
            f"“{model.card.name}” knows nothing of your columns yet: it learns from your own table.",
            "Train it on the Train page, then ask your own model.",
        )
    known: tuple[Any, Table] | None = getattr(model, "_table", None)
    if known is None or known[0] is not model.card.options[TABLE]:
        known = model.card.options[TABLE], Table.from_options(model.card.options)
        model._table = known  # type: ignore[attr-defined]
    return known[1]


def columns_in(options: Mapping[str, Any]) -> tuple[TableColumn, ...]:
    """The columns of a run. Raises: UserError when it has none."""
    if COLUMNS not in options:
        raise UserError("This training does not say what its columns are.", "Start it anew.")
    return from_meta(options[COLUMNS])


class TreeCourse:
    """See `workbench.tasks.lesson.Course`: gradient-boosted trees on a table."""

    doing = "Growing trees"

    def __init__(self, task: TableTask, material: Material) -> None:
        from workbench.runtimes.trees_runtime import Trees

        if not isinstance(material.model, Trees):
            raise UserError(f"“{material.model.card.name}” does not learn from tables.", "Choose another model.")
        self._task, self._material = task, material
        self._base = material.model
        self._columns = columns_in(material.options)
        settings = self._base.settings or dict(self._base.card.options.get("settings", {}))
        self._growing = Boosting(
            settings, material.how, material.seed, material.control, int(material.options.get("rounds", 0))
        )
        self._settings = settings
        self._table: Table | None = None
        self._decided: dict[str, Any] = {}

    @property
    def rounds(self) -> int:
        return self._growing.rounds

    def notes(self) -> list[str]:
        """What the person should read first."""
        tries = self._growing.rounds * 10 // max(1, self._growing.most_trees)
        return [
            "This model is not pre-trained: it grows from your rows alone."
            + (
                f" It is grown in {tries} ways, and the one that does best on rows it did not learn from is kept."
                if tries > 1
                else ""
            )
        ]

    def prepare(self, example: Example) -> Any:
        return cells_of(example.item.text or "")

    def learn(
        self, train: Sequence[tuple[Example, Any]], validation: Sequence[tuple[Example, Any]], patience: int
    ) -> Iterator[Round]:
        import numpy as np

        control = self._material.control
        self._table = fit_table(self._columns, [cells for _, cells in train])
        truth, checked = (self._task.truths([e for e, _ in part]) for part in (train, validation))
        weights = None
        if self._material.class_weights is not None:
            weights = self._material.class_weights.double().numpy()[truth.astype(int)]
        data = Data(
            self._rows([c for _, c in train], control), truth, self._rows([c for _, c in validation], control), checked,
            self._table.categories, len(self._material.classes), weights,
        )  # fmt: skip
        if not np.isfinite(truth).all():
            raise UserError(
                "Some rows do not say what is right.", "Look at the rows without a number on the Data page."
            )
        yield from self._growing.grow(data, patience)

    def _rows(self, cells: Sequence[Mapping[str, str]], control: Control) -> Any:
        assert self._table is not None
        found = []
        for place, row in enumerate(cells):
            if place % 500 == 0:
                control.check()
            found.append(self._table.numbers(row))
        return matrix(self._table, found)

    def say(self, prepared: Sequence[Any]) -> list[Prediction]:
        import torch

        if not prepared:
            return []
        rows = torch.from_numpy(self._rows(prepared, self._material.control))
        model = self._model()
        with torch.inference_mode():
            if self._decided:
                return self._task.answers(rows, model, [""] * len(prepared))
            return self._task.plain_answers(rows, model)

    def settle(self, examples: Sequence[Example], said: Sequence[Prediction]) -> list[Prediction]:
        options = self._options()
        self._decided, found = self._task.settled(options, examples, said, len(self._material.classes))
        return found

    def _options(self) -> dict[str, Any]:
        assert self._table is not None
        kept = {k: v for k, v in self._base.card.options.items() if k in ("grown",)}
        return kept | {
            TABLE: self._table.to_options(), FEATURES: self._table.width, "settings": self._settings,
            "grown": self._growing.chosen,
        }  # fmt: skip

    def _model(self) -> Loaded:
        from workbench.runtimes.trees_runtime import Trees

        forest = self._growing.best
        options = self._decided or self._options()
        card = replace(
            self._base.card, options=options, label_names=self._material.classes, labels="", parameters=forest.nodes * 2
        )
        return Trees(card, self._settings, forest)

    def result(self) -> Loaded:
        return self._model()


def named(sample: Sample) -> str:
    """What a row is called in a list."""
    return sample.name or row_name(cells_of_sample(sample))
