"""Columns of whole texts and of pictures, as a few numbers each: late fusion on frozen features.

A frozen network (the text or the picture starter) gives a vector for each cell. What stands beside the other columns is made of
these vectors on the training rows alone: their first principal components, and one linear score for each class (or for the number),
ridge regression on the components. For the training rows the scores are those of models that did not learn from them (stacked
generalisation: Wolpert 1992, doi 10.1016/S0893-6080(05)80023-1), rows with the same text or picture always together; for all other
rows those of one model that learnt from all training rows. Trees join them with the other columns (late fusion: Baltrušaitis,
Ahuja and Morency 2019, doi 10.1109/TPAMI.2018.2798607). What was fitted are plain tensors (`Lens`) that go with the model.
"""

from __future__ import annotations

import hashlib
import math
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.columns import SEEN, Kind, TableColumn, features_of, names_picture
from workbench.data.intake import written_hash
from workbench.data.media import read_bytes
from workbench.data.numbers import is_missing
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.runtimes.stopping import between_layers
from workbench.runtimes.trees_runtime import LENS
from workbench.tasks.feature_cache import FeatureCache, prefix_of
from workbench.tasks.recommend_content import open_looker

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from workbench.runtimes.base import Floats, Loaded
    from workbench.runtimes.network import Network
    from workbench.tasks.base import PooledTask

    Numbers = npt.NDArray[np.float64]

STARTERS: Mapping[Kind, str] = {"text": "text-starter", "picture": "picture-starter"}
NOUNS: Mapping[Kind, str] = {"text": "text", "picture": "picture"}
# Under this name a card's options have the hashes of the weights that looked.
EYES = "eyes"
# Small, so that a stop is answered within a second; so many cells are in memory as vectors at once.
_BATCH, _BLOCK = 8, 256
# Components that scores are learnt from, and those that trees see beside the scores (docs/tables.md: measured).
AXES, KEPT = 64, 16
# The components are found on at most so many different cells, drawn at random.
_MOST_FITTED = 20_000
# With fewer different cells there is nothing to find; with more classes scores would outnumber the rest.
_FEWEST, _MOST_SCORED = 8, 30
_PARTS = ("mean", "axes", "weights", "bias")


@dataclass(frozen=True)
class Lens:
    """How the vectors of one column become a few numbers.

    Attributes:
        mean: float32 [F], taken off vectors of length 1. axes: float32 [K, F], orthonormal.
        weights: float32 [S, K] and bias: float32 [S], the linear scores; S may be 0.
    """

    mean: torch.Tensor
    axes: torch.Tensor
    weights: torch.Tensor
    bias: torch.Tensor

    @property
    def width(self) -> int:
        """How many numbers a cell becomes: the scores, then the first components."""
        return len(self.bias) + min(KEPT, len(self.axes))

    def components(self, vectors: Floats) -> Floats:
        """float32 [N, F] to float32 [N, K]; NaN stays NaN."""
        found: Floats = (vectors - self.mean.numpy()) @ self.axes.numpy().T
        return found

    def numbers(self, components: Floats) -> Numbers:
        """float32 [N, K] to float64 [N, width]."""
        import numpy as np

        scores = components @ self.weights.numpy().T + self.bias.numpy()
        return np.concatenate([scores, components[:, :KEPT]], 1).astype(np.float64)

    def state(self, place: int) -> dict[str, torch.Tensor]:
        """Its tensors as a model's file keeps them; `place` among the model's columns that are looked at."""
        return {f"{LENS}{place}.{part}": getattr(self, part) for part in _PARTS}

    @classmethod
    def of_state(cls, state: Mapping[str, torch.Tensor], place: int, width: int, name: str) -> Lens:
        """Raises: UserError when the tensors are damaged, or become other than `width` numbers."""
        import torch

        found = [state.get(f"{LENS}{place}.{part}") for part in _PARTS]
        damaged = UserError(f"What “{name}” needs to look at texts or pictures is damaged.", "Train it again.")
        tensors = [t for t in found if t is not None and t.dtype == torch.float32 and bool(t.isfinite().all())]
        if len(tensors) < len(_PARTS) or [t.dim() for t in tensors] != [1, 2, 2, 1]:
            raise damaged
        lens = cls(*tensors)
        features, axes, scores = len(lens.mean), len(lens.axes), len(lens.bias)
        if lens.axes.shape[1] != features or lens.weights.shape != (scores, axes) or lens.width != width:
            raise damaged
        return lens


class Eyes:
    """The frozen networks that look at cells, opened when the first cell of their kind comes. `prepare` may be called from any
    thread, `vectors` from one at a time.

    Args:
        hashes: of the weights by kind, as they were when a model learnt; other weights are refused.
    """

    def __init__(self, hashes: Mapping[str, str] | None = None) -> None:
        self._hashes = dict(hashes or {})
        self._lock = threading.Lock()
        self._open: dict[Kind, Network] = {}

    def network(self, kind: Kind) -> Network:
        """Raises: UserError when it is not there, or not the one of the training."""
        with self._lock:
            if kind not in self._open:
                network = open_looker(STARTERS[kind])
                if self._hashes.setdefault(kind, network.weights_hash) != network.weights_hash:
                    raise UserError(
                        f"This model learnt with another version of “{network.card.name}”.",
                        "Train it again with this version of the app.",
                    )
                network.evaluating()
                self._open[kind] = network
            return self._open[kind]

    @property
    def hashes(self) -> dict[str, str]:
        """Of the weights that were opened, by kind."""
        return dict(self._hashes)

    def prepare(self, kind: Kind, cell: str) -> dict[str, Any]:
        """A cell as its network takes it. Raises: UserError when a picture is not there or broken."""
        sample = Sample("picture", path=_file(cell)) if kind == "picture" else Sample("text", text=cell)
        return pooled_task(kind).prepare(sample, self.network(kind))

    def vectors(self, kind: Kind, prepared: Sequence[Mapping[str, Any]], control: Control) -> Floats:
        """float32 [N, F], as the network gives them. Raises: Cancelled."""
        import numpy as np
        import torch

        network, task = self.network(kind), pooled_task(kind)
        found = np.zeros((len(prepared), network.feature_width), np.float32)
        for start in range(0, len(prepared), _BATCH):
            control.check()
            part = prepared[start : start + _BATCH]
            with torch.inference_mode(), between_layers(network.network, control):
                found[start : start + len(part)] = network.features(task.collate(part, network)).cpu().numpy()
        return found


def pooled_task(kind: Kind) -> PooledTask:
    """The task whose way of reading such a cell is used."""
    if kind == "picture":
        from workbench.tasks.image_classification import TASK as PICTURES

        return PICTURES
    from workbench.tasks.text_classification import TASK as TEXTS

    return TEXTS


def _file(cell: str) -> Path:
    """Raises: UserError when a cell names no picture, or does not say where it lies."""
    path = Path(cell.strip())
    if not names_picture(cell.strip()):
        raise UserError("It names no file of a picture.", "Give the path of a JPEG, PNG, TIFF or DICOM file.")
    if not path.is_absolute():
        raise UserError("The picture is not beside the table.", "Put it there, or give its whole path.")
    return path


def unit(vectors: Floats) -> Floats:
    """Rows of length 1."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


class Sight:
    """Looking at the columns of texts and pictures of one training.

    Args:
        cache: where vectors are kept.
    """

    def __init__(self, cache: Path, control: Control) -> None:
        self.eyes = Eyes()
        self.lenses: dict[str, Lens] = {}
        self._cache = FeatureCache(cache)
        self._control = control
        self._columns: dict[str, TableColumn] = {}
        self._known: dict[str, dict[str, Numbers]] = {}
        self._contents: dict[str, str] = {}
        self._problems: dict[str, dict[str, str]] = {}
        self._few: list[str] = []

    def learn(
        self, columns: Sequence[TableColumn], rows: Sequence[Mapping[str, str]], truth: Numbers, classes: int, seed: int
    ) -> list[dict[str, Numbers]]:
        """Fit a lens for each column that is looked at, on training rows alone.

        Args:
            truth: float64 [N], the place of the class or the number. classes: how many; 0 for numbers.

        Returns:
            Of each row its numbers by column, the scores by models that did not learn from this row.

        Raises:
            UserError: when a network is not there. Cancelled: when asked to stop.
        """
        found: list[dict[str, Numbers]] = [{} for _ in rows]
        together = next((c.name for c in columns if c.role == "together"), "")
        for column in features_of(columns):
            if column.kind not in SEEN:
                continue
            cells = [_cell(r, column) for r in rows]
            held = [r.get(together, "") for r in rows]
            for row, numbers in zip(found, self._fit(column, cells, held, truth, classes, seed), strict=True):
                if numbers is not None:
                    row[column.name] = numbers
        return found

    def of(self, rows: Sequence[Mapping[str, str]]) -> list[dict[str, Numbers]]:
        """Of other rows their numbers by column. Raises: Cancelled."""
        found: list[dict[str, Numbers]] = [{} for _ in rows]
        for name, lens in self.lenses.items():
            column, known = self._columns[name], self._known[name]
            cells = [_cell(r, column) for r in rows]
            new = [c for c in dict.fromkeys(cells) if c and c not in known]
            for start in range(0, len(new), _BLOCK):
                block = new[start : start + _BLOCK]
                said = lens.numbers(lens.components(self._look(column, block, start, len(new))))
                known |= dict(zip(block, said, strict=True))
            for row, cell in zip(found, cells, strict=True):
                if cell and not math.isnan(known[cell][0]):
                    row[name] = known[cell]
        return found

    def remarks(self) -> list[str]:
        """What could not be looked at so far, a sentence for each column."""
        found = [
            f"“{name}” is left out: fewer than {_FEWEST} different {NOUNS[self._columns[name].kind]}s of it could be read."
            for name in self._few
        ]
        for name, problems in self._problems.items():
            if problems:
                cell, message = next(iter(problems.items()))
                kind = self._columns[name].kind
                many = f"{len(problems):,} {NOUNS[kind]}s" if len(problems) > 1 else f"1 {NOUNS[kind]}"
                verb = "count" if len(problems) > 1 else "counts"
                found.append(
                    f"{many} in “{name}” could not be read and {verb} as missing, for example"
                    f" {self._columns[name].brief(cell)}: {message}"
                )
        return found

    def _fit(
        self, column: TableColumn, cells: Sequence[str], held: Sequence[str], truth: Numbers, classes: int, seed: int
    ) -> list[Numbers | None]:
        import numpy as np
        import torch

        self._columns[column.name] = column
        different = [c for c in dict.fromkeys(cells) if c]
        if len(different) < _FEWEST:
            self._few.append(column.name)
            return [None] * len(cells)
        drawn = different
        if len(different) > _MOST_FITTED:
            drawn = random.Random(seed).sample(different, _MOST_FITTED)
        vectors = np.concatenate([
            self._look(column, drawn[s : s + _BLOCK], s, len(drawn)) for s in range(0, len(drawn), _BLOCK)
        ])  # fmt: skip
        good = vectors[np.isfinite(vectors[:, 0])]
        mean, axes = principal(good) if len(good) >= _FEWEST else (torch.zeros(0), torch.zeros(0, 0))
        if not len(axes):
            self._few.append(column.name)
            return [None] * len(cells)
        lens = Lens(mean, axes, torch.zeros(0, len(axes)), torch.zeros(0))
        if drawn is different:
            components = dict(zip(different, lens.components(vectors), strict=True))
        else:
            components = {}
            for start in range(0, len(different), _BLOCK):
                block = different[start : start + _BLOCK]
                said = lens.components(self._look(column, block, start, len(different)))
                components |= dict(zip(block, said, strict=True))
        places = [i for i, c in enumerate(cells) if c and np.isfinite(components[c][0])]
        own = np.stack([components[cells[i]] for i in places])
        # Equal contents, and rows that a person keeps together, are never on both sides.
        marks = [held[i] or self._contents.get(cells[i], cells[i]) for i in places]
        numbered: dict[str, int] = {}
        groups = [numbered.setdefault(m, len(numbered)) for m in marks]
        weights, bias, apart = scores_of(torch.from_numpy(own), aims_of(truth[places], classes), groups, self._control)
        lens = Lens(mean, axes, weights, bias)
        self.lenses[column.name] = lens
        self._known[column.name] = dict(zip(components, lens.numbers(np.stack(list(components.values()))), strict=True))
        found: list[Numbers | None] = [None] * len(cells)
        said = np.concatenate([apart.numpy(), own[:, :KEPT]], 1).astype(np.float64)
        for place, numbers in zip(places, said, strict=True):
            found[place] = numbers
        return found

    def _look(self, column: TableColumn, cells: Sequence[str], done: int, total: int) -> Floats:
        """float32 [N, F], rows of length 1, NaN where one cannot be read. What was looked at before comes from the disk."""
        import numpy as np

        kind, control = column.kind, self._control
        problems = self._problems.setdefault(column.name, {})
        network = self.eyes.network(kind)
        prefix = prefix_of(network, pooled_task(kind))
        keys: dict[str, str] = {}
        for cell in cells:
            control.check()
            try:
                keys[cell] = prefix + self._content(kind, cell)
            except UserError as error:
                problems[cell] = error.message
        kept = self._cache.get(list(set(keys.values())))
        width = network.feature_width
        found = np.full((len(cells), width), np.nan, np.float32)
        wanted = [c for c in keys if keys[c] not in kept]
        if kind == "text":  # a short one beside a long one is computed as if it were long
            wanted.sort(key=len)
        for start in range(0, len(wanted), _BATCH):
            control.check()
            ready: list[tuple[str, dict[str, Any]]] = []
            for cell in wanted[start : start + _BATCH]:
                try:
                    ready.append((cell, self.eyes.prepare(kind, cell)))
                except UserError as error:
                    problems[cell] = error.message
            if ready:
                values = self.eyes.vectors(kind, [p for _, p in ready], control)
                fresh = {keys[c]: v.astype(np.float32).tobytes() for (c, _), v in zip(ready, values, strict=True)}
                kept |= fresh
                self._cache.put(fresh)
            control.progress(done + start, total, f"Looking at {NOUNS[kind]}s: {done + start:,} of {total:,}")
        for place, cell in enumerate(cells):
            value = kept.get(keys.get(cell, ""))
            if value is not None and len(value) == 4 * width:
                found[place] = np.frombuffer(value, np.float32)
        return unit(found)

    def _content(self, kind: Kind, cell: str) -> str:
        """Names what a cell shows, as items are named. Raises: UserError when its file cannot be read."""
        if cell not in self._contents:
            if kind == "picture":
                self._contents[cell] = hashlib.sha256(read_bytes(_file(cell))).hexdigest()
            else:
                self._contents[cell] = written_hash("text", cell)
        return self._contents[cell]


def _cell(row: Mapping[str, str], column: TableColumn) -> str:
    """A cell to be looked at; "" where nothing is."""
    cell = row.get(column.name, "").strip()
    return "" if is_missing(cell) else cell


def principal(vectors: Floats) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean float32 [F] and at most 64 principal axes float32 [K, F], each with its largest entry above 0, so that the same
    vectors always come to the same axes."""
    import torch

    given = torch.from_numpy(vectors).double()
    mean = given.mean(0)
    centred = given - mean
    rows, width = centred.shape
    count = min(AXES, rows - 1, width)
    if rows <= width:
        values, sides = torch.linalg.eigh(centred @ centred.T)
        axes = torch.nn.functional.normalize((centred.T @ sides[:, -count:]).T)
    else:
        values, sides = torch.linalg.eigh(centred.T @ centred)
        axes = sides[:, -count:].T
    axes = axes.flip(0)
    # Directions in which nothing differs are noise of the arithmetic.
    axes = axes[values.flip(0)[:count] > values[-1].clamp(min=1e-12) * 1e-9]
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    return mean.float(), (axes * largest.sign()).float().contiguous()


def aims_of(truth: Numbers, classes: int) -> torch.Tensor:
    """What scores are learnt for, float32 [N, S]: of two classes whether it is the second, of more a column each, of numbers
    themselves in their usual spread."""
    import torch

    given = torch.from_numpy(truth)
    if classes > _MOST_SCORED:
        return torch.zeros(len(truth), 0)
    if classes > 2:
        return torch.nn.functional.one_hot(given.long(), classes).float()
    if classes:
        return (given > 0).float()[:, None]
    spread = given.std() if len(given) > 1 else given.new_ones(())
    return ((given - given.mean()) / spread.clamp(min=1e-12))[:, None].float()


def scores_of(
    components: torch.Tensor, aims: torch.Tensor, groups: Sequence[int], control: Control
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Linear scores of components float32 [N, K] for aims float32 [N, S].

    Returns:
        Weights float32 [S, K] and bias float32 [S] learnt from all rows, and float32 [N, S]: for each row what a model says that
        learnt from none of its group.

    Raises:
        Cancelled: when asked to stop.
    """
    import torch

    from workbench.tasks.ridge import FOLDS, fit, folds

    weights, bias = torch.zeros(aims.shape[1], components.shape[1]), torch.zeros(aims.shape[1])
    apart = torch.zeros_like(aims)
    part = folds(groups)
    for score in range(aims.shape[1]):
        weights[score], bias[score], _ = fit(components, aims[:, score], groups, control)
        for number in range(FOLDS):
            out = part == number
            if not out.any():
                continue
            rest = [g for g, o in zip(groups, out.tolist(), strict=True) if not o]
            if not rest:
                apart[out, score] = aims[:, score].mean()
                continue
            weight, constant, _ = fit(components[~out], aims[~out, score], rest, control)
            apart[out, score] = components[out] @ weight + constant
    return weights, bias, apart


# Asking a model that learnt so ---------------------------------------------------------------------------------------------


def eyes_of(model: Loaded) -> Eyes:
    """The networks that look for a model; they stay with it."""
    found: Eyes | None = getattr(model, "_eyes", None)
    if found is None:
        known = model.card.options.get(EYES)
        found = Eyes({str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {})
        model._eyes = found  # type: ignore[attr-defined]
    return found


def lenses_of(model: Loaded, columns: Sequence[tuple[TableColumn, int]]) -> list[Lens]:
    """The lenses of a model's columns that are looked at, with the width of each. Raises: UserError when they are damaged."""
    known: list[Lens] | None = getattr(model, "_lenses", None)
    if known is None:
        state: Mapping[str, torch.Tensor] = getattr(model, "lenses", {})
        known = [Lens.of_state(state, place, width, model.card.name) for place, (_, width) in enumerate(columns)]
        model._lenses = known  # type: ignore[attr-defined]
    return known


def prepare_cells(
    model: Loaded, columns: Sequence[tuple[TableColumn, int]], cells: Mapping[str, str]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The cells of a row as the networks take them, by column; and what of it cannot be looked at, in words."""
    found: dict[str, dict[str, Any]] = {}
    odd: list[str] = []
    for column, _ in columns:
        cell = _cell(cells, column)
        if not cell:
            continue
        eyes_of(model).network(column.kind)  # that it is missing concerns the model, not this row
        try:
            found[column.name] = eyes_of(model).prepare(column.kind, cell)
        except UserError as error:
            shown = PurePath(column.brief(cell)).name[-40:]
            odd.append(
                f"the {NOUNS[column.kind]} “{shown}” in “{column.name}” counts as missing ({error.message.rstrip('.')})"
            )
    return found, odd


def seen_numbers(
    model: Loaded,
    columns: Sequence[tuple[TableColumn, int]],
    prepared: Sequence[Mapping[str, Mapping[str, Any]]],
    control: Control,
) -> list[dict[str, Numbers]]:
    """Of each row that `prepare_cells` gave, its numbers by column. Raises: UserError, Cancelled."""
    found: list[dict[str, Numbers]] = [{} for _ in prepared]
    for (column, _), lens in zip(columns, lenses_of(model, columns) if columns else [], strict=True):
        places = [i for i, p in enumerate(prepared) if column.name in p]
        if not places:
            continue
        vectors = eyes_of(model).vectors(column.kind, [prepared[i][column.name] for i in places], control)
        if vectors.shape[1] != len(lens.mean):
            raise UserError(
                f"What “{model.card.name}” needs to look at texts or pictures is damaged.", "Train it again."
            )
        for place, numbers in zip(places, lens.numbers(lens.components(unit(vectors))), strict=True):
            found[place][column.name] = numbers
    return found
