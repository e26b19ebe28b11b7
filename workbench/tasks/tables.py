"""What the tasks on rows of tables share: reading a row as its model does, and learning from many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.columns import FEW, META, SEEN, TableColumn, features_of, from_meta, target_of, to_meta, with_target
from workbench.data.project_columns import columns_of
from workbench.data.rows import cells_of, row_name
from workbench.data.types import Item, Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, Field
from workbench.tasks.boosting import Boosting, Data
from workbench.tasks.lesson import Course, Example, How, Lesson, Material, Round
from workbench.tasks.predictions import Prediction
from workbench.tasks.row_reasons import RowReasons, row_reasons, usual_rows
from workbench.tasks.seen_columns import EYES, STARTERS, Sight, pooled_task, prepare_cells, seen_numbers
from workbench.tasks.table_features import FEATURES, TABLE, Feature, Table, fit_table, matrix

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from workbench.catalog.card import ModelCard
    from workbench.data.importers.base import ImportPlan
    from workbench.data.importers.rows import RowsPlan
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded
    from workbench.runtimes.tabicl_runtime import TabICL

# A run's options under which its columns are kept, as a project keeps them.
COLUMNS = META
# File endings of tables whose rows can be asked about.
FILES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".parquet", ".pq", ".jsonl", ".ndjson")
_FEWEST = 10
# Rows that a model which reads them all for each answer goes by; of the validation rows so many draw its curve.
_MOST_CONTEXT, _SEEN_ROWS, _ASKED_AT_ONCE = 3_000, 500, 256
_MOST_CHOICES = 200


def _between(feature: Feature) -> str:
    """What is usual of a column of numbers, as it writes them."""
    return f"{feature.column.figure(feature.low)} to {feature.column.figure(feature.high)}"


class TableTask(BaseTask):
    """See `workbench.tasks.base.Task` and `TrainableTask`; the task says what is true of its examples (`truths`) and what its
    answers are (`answers`)."""

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        cells = cells_of_sample(sample)
        table = table_of(model)
        if not any(f.column.name in cells for f in table.features):
            names = ", ".join(f"“{f.column.name}”" for f in table.features[:6])
            raise UserError("None of the columns this model learnt from is here.", f"It learnt from: {names}.")
        looked, odd = prepare_cells(model, table.looked_at(), cells)
        return {"cells": cells, "looked": looked, "note": table.oddities(cells, more=odd)}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: Any, control: Control | None = None
    ) -> list[Prediction]:
        import torch

        table = table_of(model)
        seen = seen_numbers(model, table.looked_at(), [s["looked"] for s in samples], control or Control())
        numbers = [table.numbers(s["cells"], looked) for s, looked in zip(samples, seen, strict=True)]
        rows = torch.from_numpy(matrix(table, numbers))
        with torch.inference_mode():
            return self.answers(rows, model, [str(s.get("note", "")) for s in samples])

    def answers(self, rows: torch.Tensor, model: Loaded, notes: Sequence[str]) -> list[Prediction]:
        """Rows float64 [B, F] to predictions, as this model means them."""
        raise NotImplementedError

    def plain_answers(self, rows: torch.Tensor, model: Loaded) -> list[Prediction]:
        """As `answers`, before anything is decided on the validation items."""
        raise NotImplementedError

    def measured(self, said: Sequence[Prediction], truths: npt.NDArray[np.float64]) -> tuple[float, float]:
        """Mean loss (-1 for nothing) and score in 0..1 of plain answers."""
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

    def how_words(self, card: ModelCard) -> Mapping[How, tuple[str, str]]:
        """What the ways of training mean for a model: plain words, and the technical ones."""
        if card.runtime == "tabicl":
            words = "Reads your rows as they are; there is nothing to learn, so all three ways are the same."
            return dict.fromkeys(How, (words, "In-context learning: the training rows are given with every question"))
        return {
            How.QUICK: (
                "Grows trees with settings that suit most tables. The best start.",
                "Histogram gradient boosting; the number of trees by early stopping on the validation rows",
            ),
            How.BALANCED: (
                "Grows them in eight ways and keeps the best.",
                "Random search over learning rate, leaves, regularisation; chosen by the validation loss",
            ),
            How.THOROUGH: (
                "Grows them in twenty-four ways and keeps the best. With few rows that may fit their chance.",
                "Random search over 24 settings; chosen by the validation loss",
            ),
        }

    def run_options(self, project: Project) -> dict[str, Any]:
        """The project's columns as they are when a training is set up."""
        return {COLUMNS: to_meta(columns_of(project))}

    def samples_in(self, path: Path, control: Control) -> Iterator[Sample]:
        """Every row of a table that was given. Raises: UserError when it is none."""
        from workbench.data.importers.rows import samples_of_table

        return samples_of_table(path, control)

    def form(self, card: ModelCard) -> tuple[Field, ...]:
        """What is asked of a row that is typed in; nothing where a model has not been taught yet."""
        if TABLE not in card.options:
            return ()
        found = []
        for f in Table.from_options(card.options).as_given():
            kind = f.column.kind
            if kind == "yes-no":
                found.append(Field(f.column.name, f.column.examples[:2] or ("yes", "no"), "yes or no"))
            elif kind == "category":
                usual = f"{', '.join(f.values[:3])}{' …' if len(f.values) > 3 else ''}"
                found.append(Field(f.column.name, f.values[:_MOST_CHOICES], usual))
            elif kind == "date":
                found.append(Field(f.column.name, (), "a date, like 2026-01-31"))
            elif kind == "number":
                found.append(Field(f.column.name, (), f"a number, mostly {_between(f)}"))
            elif kind == "text":
                found.append(Field(f.column.name, (), "a text, read by its meaning", "text"))
            elif kind == "picture":
                found.append(Field(f.column.name, (), "a picture", "picture"))
            else:
                found.append(Field(f.column.name))
        return tuple(found)

    def opens_named_files(self, card: ModelCard) -> bool:
        return TABLE in card.options and any(
            f.column.kind == "picture" for f in Table.from_options(card.options).features
        )

    def given_cells(self, sample: Sample) -> dict[str, str]:
        """What stands before the answer in a table of answers: the row itself."""
        try:
            return cells_of_sample(sample)
        except UserError:
            return {}

    def plan_for(self, card: ModelCard, path: Path, control: Control) -> ImportPlan:
        """A table to judge a model by: its rows with what that model finds out. Raises: UserError."""
        from workbench.data.importers.rows import plan_rows

        plan = plan_rows(path, control)
        table = Table.from_options(card.options)
        if table.target not in table_names(plan):
            raise UserError(
                f"The table “{path.name}” has no column “{table.target}”, so there is nothing to judge by.",
                "Use a table with the right answers in it.",
            )
        columns = [replace(c, role="feature") if c.role in ("target", "ignored") else c for c in plan.given]
        looked = {c.name: c.kind for c, _ in table.looked_at()}
        columns = [replace(c, kind=looked.get(c.name, c.kind)) for c in columns]
        columns = [
            replace(c, kind="category") if c.name == table.target and self.info.has_classes else c for c in columns
        ]
        columns = [
            replace(c, kind="number", distinct=max(c.distinct, FEW + 1))
            if c.name == table.target and not self.info.has_classes
            else c
            for c in columns
        ]
        plan.set_columns(with_target(columns, table.target))
        return plan

    def reasons(self, sample: Sample, model: Loaded, target: str, control: Control) -> tuple[str, RowReasons]:
        """Why this model says what it says of a row.

        Args:
            target: the class that is explained; "" for the likeliest. Numbers have none.

        Returns:
            What is explained (a class, or the name of the number), and the reasons.

        Raises:
            UserError: when the row cannot be read, or the model keeps nothing to explain against. Cancelled.
        """
        import numpy as np
        import torch

        usual = getattr(model, "usual", None)
        if usual is None or not len(usual):
            raise UserError(f"“{model.card.name}” cannot say why.", "Train it again with this version of the app.")
        table, cells = table_of(model), cells_of_sample(sample)
        prepared = self.prepare(sample, model)
        seen = seen_numbers(model, table.looked_at(), [prepared["looked"]], control)[0]
        row = table.numbers(cells, seen)
        name, ask = self.asked(row, model, target)

        def numbers(rows: Any) -> list[float]:
            control.check()
            with torch.inference_mode():
                return ask(torch.from_numpy(rows))

        return name, row_reasons(
            table, cells, np.array(row, np.float64), usual.numpy(), numbers, control, share=self.info.has_classes,
        )  # fmt: skip

    def asked(self, row: list[float], model: Loaded, target: str) -> tuple[str, Callable[[torch.Tensor], list[float]]]:
        """What is explained of a row, and how it is computed for rows float64 [B, F]."""
        raise NotImplementedError

    def course(self, material: Material) -> Course | None:
        from workbench.runtimes.tabicl_runtime import TabICL

        if isinstance(material.model, TabICL):
            return ContextCourse(self, material, material.model)
        return TreeCourse(self, material)

    def lesson(self, material: Material) -> Lesson:
        raise UserError(f"“{material.model.card.name}” does not learn from tables.", "Choose another model.")

    def item_words(self, item: Item, project: Project) -> str:
        """A row for the eye: a line for each cell, without the one to be found out."""
        columns = columns_of(project)
        target, known = target_of(columns), {c.name: c for c in columns}
        cells = cells_of(item.text or "{}")
        shown = {n: known[n].brief(v) if n in known and known[n].kind == "picture" else v for n, v in cells.items()}
        return "\n".join(f"{n}: {v}" for n, v in shown.items() if target is None or n != target.name)

    def passes(self, card: Any, how: Any, epochs: int, items: int) -> float:
        """How many rows' worth of answering a training is: some hundred trees are grown, a row is quick."""
        return items * {"quick": 3.0, "balanced": 24.0, "thorough": 72.0}[str(how)]

    def looks_with(self, project: Project) -> list[tuple[str, str]]:
        """For each column of texts or pictures that is learnt from: the model that looks at every cell once, and its task."""
        columns = [c for c in features_of(columns_of(project)) if c.kind in SEEN]
        return [(STARTERS[c.kind], pooled_task(c.kind).info.id) for c in columns]

    def memory(self, card: ModelCard, items: int) -> int:
        """Bytes that a training takes: what the libraries take, the rows, and a network's weights and what it sees at once."""
        return 250_000_000 + items * 4_000 + (card.parameters * 4 + 1_000_000_000 if card.parameters else 0)

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        """Reading the row was all there is to do."""


def table_names(plan: RowsPlan) -> list[str]:
    """The columns of a plan."""
    return [c.name for c in plan.given]


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


def sight_of(material: Material) -> Sight:
    """How a training looks at texts and pictures; what it sees is kept where all features are."""
    return Sight(material.features.parent / "features", material.control)


def look_and_fit(
    sight: Sight,
    columns: Sequence[TableColumn],
    rows: Sequence[Mapping[str, str]],
    truth: npt.NDArray[np.float64],
    material: Material,
) -> tuple[Table, list[dict[str, npt.NDArray[np.float64]]]]:
    """The table as the training rows have it, and what their texts and pictures became. Raises: UserError, Cancelled."""
    seen = sight.learn(columns, rows, truth, len(material.classes), material.seed)
    return fit_table(columns, rows, {name: lens.width for name, lens in sight.lenses.items()}), seen


def lens_state(sight: Sight, table: Table) -> dict[str, torch.Tensor]:
    """The tensors by which a model looks at texts and pictures."""
    found: dict[str, torch.Tensor] = {}
    for place, (column, _) in enumerate(table.looked_at()):
        found |= sight.lenses[column.name].state(place)
    return found


class TreeCourse(Course):
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
        self._usual: Any = None
        self._sight = sight_of(material)

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
        truth, checked = (self._task.truths([e for e, _ in part]) for part in (train, validation))
        if not np.isfinite(truth).all():
            raise UserError(
                "Some rows do not say what is right.", "Look at the rows without a number on the Data page."
            )
        self._table, seen = look_and_fit(
            self._sight, self._columns, [cells for _, cells in train], truth, self._material
        )
        weights = None
        if self._material.class_weights is not None:
            weights = self._material.class_weights.double().numpy()[truth.astype(int)]
        data = Data(
            self._rows([c for _, c in train], control, seen), truth, self._rows([c for _, c in validation], control), checked,
            self._table.categories, len(self._material.classes), weights,
        )  # fmt: skip
        self._usual = usual_rows(self._table, data.table, self._material.seed)
        yield from self._growing.grow(data, patience)

    def remarks(self) -> list[str]:
        """What of the texts and pictures could not be read."""
        return self._sight.remarks()

    def _rows(
        self, cells: Sequence[Mapping[str, str]], control: Control, seen: Sequence[Mapping[str, Any]] | None = None
    ) -> Any:
        """`seen`: what the texts and pictures of training rows became; of others it is looked up."""
        assert self._table is not None
        found = []
        looked = self._sight.of(cells) if seen is None else seen
        for place, (row, known) in enumerate(zip(cells, looked, strict=True)):
            if place % 500 == 0:
                control.check()
            found.append(self._table.numbers(row, known))
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
            "grown": self._growing.chosen, EYES: self._sight.eyes.hashes,
        }  # fmt: skip

    def _model(self) -> Loaded:
        import torch

        from workbench.runtimes.trees_runtime import Trees

        forest = self._growing.best
        options = self._decided or self._options()
        card = replace(
            self._base.card, options=options, label_names=self._material.classes, labels="", parameters=forest.nodes * 2
        )
        found = Trees(card, self._settings, forest, torch.from_numpy(self._usual))
        assert self._table is not None
        found.lenses = lens_state(self._sight, self._table)
        return found

    def result(self) -> Loaded:
        return self._model()


class ContextCourse(Course):
    """See `workbench.tasks.lesson.Course`: a pre-trained network that goes by the training rows as they are; nothing is learnt."""

    rounds = 1
    doing = "Reading your rows"

    def __init__(self, task: TableTask, material: Material, model: TabICL) -> None:
        if model.estimates == task.info.has_classes:
            other = "numbers" if model.estimates else "classes"
            raise UserError(f"“{model.card.name}” was made for {other}.", "Choose the one for the other kind.")
        self._task, self._material, self._model = task, material, model
        self._columns = columns_in(material.options)
        self._table: Table | None = None
        self._decided: dict[str, Any] = {}
        self._left_out = max(0, len(material.train) - _MOST_CONTEXT)
        self._sight = sight_of(material)

    def notes(self) -> list[str]:
        """What the person should read first."""
        found = [
            "This model is pre-trained and goes by your rows as they are. They become part of your model: whoever you give it to"
            " gets them too."
        ]
        if self._left_out:
            found.append(
                f"It goes by {_MOST_CONTEXT:,} of your rows, drawn at random; the trees for tables learn from all of them."
            )
        return found

    def prepare(self, example: Example) -> Any:
        return cells_of(example.item.text or "")

    def learn(
        self, train: Sequence[tuple[Example, Any]], validation: Sequence[tuple[Example, Any]], _patience: int
    ) -> Iterator[Round]:
        import random

        import numpy as np
        import torch

        truth = self._task.truths([e for e, _ in train])
        if not np.isfinite(truth).all():
            raise UserError(
                "Some rows do not say what is right.", "Look at the rows without a number on the Data page."
            )
        given = [cells for _, cells in train]
        self._table, seen = look_and_fit(self._sight, self._columns, given, truth, self._material)
        rows = matrix(self._table, [self._table.numbers(c, s) for c, s in zip(given, seen, strict=True)])
        usual = torch.from_numpy(usual_rows(self._table, rows, self._material.seed))
        if self._left_out:
            kept = sorted(random.Random(self._material.seed).sample(range(len(rows)), _MOST_CONTEXT))
            rows, truth = rows[kept], truth[kept]
        self._model.card = replace(
            self._model.card, options=self._options(), label_names=self._material.classes, labels=""
        )
        self._model.labels = tuple(self._material.classes)
        self._model.lenses = lens_state(self._sight, self._table)
        self._model.take(torch.from_numpy(rows), torch.from_numpy(truth), usual)
        said = self.say([cells for _, cells in validation[:_SEEN_ROWS]])
        wanted = self._task.truths([e for e, _ in validation[:_SEEN_ROWS]])
        loss, score = self._task.measured(said, wanted)
        yield Round(1, 1, -1.0, loss, score, "accuracy" if self._task.info.has_classes else "R²", True)

    def remarks(self) -> list[str]:
        """What of the texts and pictures could not be read."""
        return self._sight.remarks()

    def say(self, prepared: Sequence[Any]) -> list[Prediction]:
        import torch

        assert self._table is not None
        found: list[Prediction] = []
        for start in range(0, len(prepared), _ASKED_AT_ONCE):
            self._material.control.check()
            part = prepared[start : start + _ASKED_AT_ONCE]
            seen = self._sight.of(part)
            numbers = [self._table.numbers(cells, known) for cells, known in zip(part, seen, strict=True)]
            rows = torch.from_numpy(matrix(self._table, numbers))
            with torch.inference_mode():
                if self._decided:
                    found += self._task.answers(rows, self._model, [""] * len(part))
                else:
                    found += self._task.plain_answers(rows, self._model)
        return found

    def settle(self, examples: Sequence[Example], said: Sequence[Prediction]) -> list[Prediction]:
        self._decided, found = self._task.settled(self._options(), examples, said, len(self._material.classes))
        self._model.card = replace(self._model.card, options=self._decided)
        return found

    def _options(self) -> dict[str, Any]:
        assert self._table is not None
        return {
            TABLE: self._table.to_options(), FEATURES: self._table.width, "network": self._model.settings,
            EYES: self._sight.eyes.hashes,
        }  # fmt: skip

    def result(self) -> Loaded:
        return self._model


def named(sample: Sample) -> str:
    """What a row is called in a list."""
    return sample.name or row_name(cells_of_sample(sample))
