"""TabICL (Qu et al. 2025, arXiv 2502.05564; version 2: 2026, arXiv 2602.11139): a network that was taught on millions of made-up
tables, and answers about a new one by reading its rows beside those whose answers are known. Nothing of it changes; what an own
model keeps is the network and these rows.

The network and the preparation of rows are the authors' own (package tabicl, BSD-3-Clause); the weights are opened by us.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.trees_runtime import LENS
from workbench.runtimes.untrusted import read_tensors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from workbench.runtimes.base import Batch

    Matrix = npt.NDArray[np.float64]

_NETWORK, _ROWS, _TRUTH, _USUAL = "net.", "rows", "truth", "usual"
# So many views of the table (other orders of columns and classes, other scales) are averaged.
_VIEWS = 8
# Settings of a network that a file may bring; anything else in it is not for us.
_SETTINGS = frozenset((
    "max_classes", "num_quantiles", "embed_dim", "col_num_blocks", "col_nhead", "col_num_inds", "col_affine", "col_feature_group",
    "col_feature_group_size", "col_target_aware", "col_ssmax", "row_num_blocks", "row_nhead", "row_num_cls", "row_rope_base",
    "row_rope_interleaved", "icl_num_blocks", "icl_nhead", "icl_ssmax", "ff_factor", "dropout", "activation", "norm_first",
    "bias_free_ln", "zero_init",
))  # fmt: skip
_LARGEST_SETTING = 4_096


class TabICL(Loaded):
    """A `Classifier` (with classes) or an `Estimator` (without). Its batch: "table" float64 [B, F].

    Attributes:
        settings: of the network.
        rows, truth: float64 [N, F] and [N], the rows it goes by and their answers; None before it was given some.
        usual: float64 [n, F], usual cells column by column, for explaining answers.
        lenses: as of `workbench.runtimes.trees_runtime.Trees`.
    """

    def __init__(self, card: ModelCard, net: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(card, net, card.label_names)
        self.net = net
        self.settings = dict(settings)
        self.rows: torch.Tensor | None = None
        self.truth: torch.Tensor | None = None
        self.usual: torch.Tensor | None = None
        self.lenses: dict[str, torch.Tensor] = {}
        self._reader: Any = None

    @property
    def estimates(self) -> bool:
        """It was made for amounts, not for classes."""
        return int(self.settings.get("max_classes", 10)) == 0

    def take(self, rows: torch.Tensor, truth: torch.Tensor, usual: torch.Tensor | None) -> None:
        """Go by these rows from now on.

        Raises:
            UserError: when they are none that it can go by.
        """
        if (
            rows.dim() != 2
            or truth.dim() != 1
            or len(rows) != len(truth)
            or not len(rows)
            or not truth.isfinite().all()
        ):
            raise UserError(f"The rows that “{self.card.name}” goes by are damaged.", "Train it again.")
        self.rows, self.truth, self.usual = rows, truth, usual
        self._reader = None

    def class_logits(self, batch: Batch) -> torch.Tensor:
        """Logarithms of its probabilities, float64 [B, C]; a class that none of its rows has is next to impossible."""
        import numpy as np
        import torch

        reader = self._read()
        found = np.full((len(batch["table"]), len(self.labels)), 1e-9)
        shares = reader.predict_proba(batch["table"].numpy().astype(np.float32))
        found[:, reader.classes_.astype(int)] = np.maximum(shares, 1e-9)
        return torch.from_numpy(np.log(found / found.sum(1, keepdims=True)))

    def estimate(self, batch: Batch) -> torch.Tensor:
        import numpy as np
        import torch

        return torch.from_numpy(np.asarray(self._read().predict(batch["table"].numpy().astype(np.float32)), np.float64))

    def _read(self) -> Any:
        """The authors' reader with this network in it and the rows before it; made when it is first asked."""
        if self._reader is not None:
            return self._reader
        if self.rows is None or self.truth is None:
            raise UserError(
                f"“{self.card.name}” answers by your own rows, and has none yet.", "Train it on the Train page."
            )
        import numpy as np
        from tabicl import TabICLClassifier, TabICLRegressor

        net, settings = self.net, self.settings

        def given(reader: Any) -> None:
            """Instead of fetching weights: the ones that are here."""
            reader.model_, reader.model_config_, reader.model_path_ = net, settings, None
            net.eval()

        base: Any = TabICLRegressor if self.estimates else TabICLClassifier
        kind = type("Reader", (base,), {"_load_model": given})
        reader = kind(n_estimators=_VIEWS, device=str(self.device), allow_auto_download=False, random_state=0)
        truth = self.truth.numpy()
        try:
            reader.fit(self.rows.numpy().astype(np.float32), truth if self.estimates else truth.astype(int))
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"“{self.card.name}” cannot go by these rows.", "Choose other columns, or the trees for tables."
            ) from error
        self._reader = reader
        return reader

    def state(self) -> dict[str, torch.Tensor]:
        if self.rows is None or self.truth is None:
            raise UserError(f"“{self.card.name}” has no rows to go by.", "Train it first.")
        found = {f"{_NETWORK}{name}": tensor for name, tensor in self.net.state_dict().items()}
        more = {} if self.usual is None else {_USUAL: self.usual}
        return found | {_ROWS: self.rows, _TRUTH: self.truth} | more | self.lenses

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        weights = {k.removeprefix(_NETWORK): v for k, v in state.items() if k.startswith(_NETWORK)}
        _fill(self.net, weights, self.card.name)
        width = int(self.card.options.get("features", 0))
        rows, truth, usual = state.get(_ROWS), state.get(_TRUTH), state.get(_USUAL)
        if rows is None or truth is None or rows.dim() != 2 or rows.shape[1] != width:
            raise UserError(f"The rows that “{self.card.name}” goes by are damaged.", "Train it again.")
        if usual is not None and (usual.dim() != 2 or usual.shape[1] != width):
            raise UserError(f"The rows that “{self.card.name}” goes by are damaged.", "Train it again.")
        if self.labels and (float(truth.min()) < 0 or float(truth.max()) >= len(self.labels)):
            raise UserError(f"The rows that “{self.card.name}” goes by are damaged.", "Train it again.")
        self.lenses = {k: v for k, v in state.items() if k.startswith(LENS)}
        self.take(rows.double(), truth.double(), usual)


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A checkpoint as it is published: {"config": …, "state_dict": …}. Raises: UserError when it is none of this kind."""
    found = read_tensors(path)
    if not isinstance(found, dict) or not isinstance(found.get("state_dict"), dict):
        raise _odd(card)
    settings = _settings(found.get("config"), card)
    net = _network(settings, card)
    _fill(net, found["state_dict"], card.name)
    return TabICL(card, net, settings)


def build(card: ModelCard, _folder: Path) -> Loaded:
    """An own model, whose weights and rows are loaded next."""
    settings = _settings(card.options.get("network"), card)
    return TabICL(card, _network(settings, card), settings)


def _settings(given: Any, card: ModelCard) -> dict[str, Any]:
    """The network's settings out of a file: plain values of a sensible size, and only those that are known."""
    if not isinstance(given, dict):
        raise _odd(card)
    found = {str(k): v for k, v in given.items() if str(k) in _SETTINGS}
    for value in found.values():
        plain = isinstance(value, bool | str) or (isinstance(value, int | float) and abs(value) <= 1e9)
        if not plain:
            raise _odd(card)
    sizes = [v for k, v in found.items() if isinstance(v, int) and k != "row_rope_base"]
    if any(v > _LARGEST_SETTING or v < 0 for v in sizes):
        raise _odd(card)
    return found


def _network(settings: Mapping[str, Any], card: ModelCard) -> Any:
    try:
        from tabicl._model.tabicl import TabICL as Network
    except ImportError as error:
        raise UserError(
            f"“{card.name}” needs the package tabicl, which is not installed.", "Install the app again."
        ) from error
    try:
        return Network(**settings)
    except (TypeError, ValueError, AssertionError, RuntimeError, KeyError) as error:
        raise _odd(card) from error


def _fill(net: Any, weights: Mapping[str, Any], name: str) -> None:
    try:
        net.load_state_dict(dict(weights), strict=True)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise UserError(
            f"The weights of “{name}” do not fit its network.", "Delete it and download it again."
        ) from error


def _odd(card: ModelCard) -> UserError:
    return UserError(
        f"The file of “{card.name}” is none of TabICL's, or of another version.", "Delete it and download it again."
    )
