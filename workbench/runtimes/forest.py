"""Trees as tensors: grown by scikit-learn's histogram gradient boosting (Friedman 2001, "Greedy function approximation"; Ke et al.
2017, "LightGBM"), kept as numbers in safetensors, computed here. No pickle, and answers equal to scikit-learn's bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_LEAF, _MISSING_LEFT, _CATEGORY = 1, 2, 4
# So many (row, tree) places are walked at once.
_AT_ONCE = 4_000_000
_DEEPEST = 10_000
NAMES = ("value", "threshold", "feature", "left", "right", "flags", "bitset", "bitsets", "roots", "baseline")


class Forest:
    """Sums of trees.

    Attributes:
        tensors: all nodes of all trees one after the other. value (of a leaf) and threshold float64 [M]; feature, left, right
            (nodes), bitset (place in bitsets; -1) int32 [M]; flags uint8 [M]; bitsets int64 [S, 8]: 32 bits each, the
            categories that go left; roots int32 [T, K]; baseline float64 [K].
    """

    def __init__(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self.tensors = dict(tensors)

    @property
    def outputs(self) -> int:
        return int(self.tensors["baseline"].shape[0])

    @property
    def rounds(self) -> int:
        """How many trees there are for each output."""
        return int(self.tensors["roots"].shape[0])

    @property
    def nodes(self) -> int:
        return int(self.tensors["value"].shape[0])

    def features(self) -> int:
        """One more than the largest feature that is asked for."""
        return int(self.tensors["feature"].max()) + 1 if self.nodes else 0

    def first(self, rounds: int) -> Forest:
        """The same with so many rounds only."""
        import torch

        t = self.tensors
        roots = t["roots"][:rounds]
        # Nodes lie in the order of their trees.
        end = int(t["roots"][rounds].min()) if rounds < self.rounds else self.nodes
        cut = {n: t[n][:end].clone() for n in ("value", "threshold", "feature", "left", "right", "flags", "bitset")}
        used = int(cut["bitset"].max()) + 1 if end else 0
        empty = torch.zeros((0, 8), dtype=torch.int64)
        return Forest(
            cut
            | {
                "bitsets": t["bitsets"][:used].clone() if used > 0 else empty,
                "roots": roots.clone(),
                "baseline": t["baseline"],
            }
        )

    def raw(self, table: torch.Tensor) -> torch.Tensor:
        """float64 [B, F] (NaN: missing; categories as whole numbers) to sums float64 [B, K]."""
        return self.add(self.tensors["baseline"].expand(len(table), -1).clone(), table, 0)

    def add(self, sums: torch.Tensor, table: torch.Tensor, start: int, end: int | None = None) -> torch.Tensor:
        """`sums` of the rounds before `start` with those up to `end` added, in their order, in place."""
        end = self.rounds if end is None else end
        per_round = self.outputs
        rows = max(1, _AT_ONCE // max(1, min(64, end - start) * per_round))
        for at in range(0, len(table), rows):
            part = table[at : at + rows]
            for first in range(start, end, 64):
                roots = self.tensors["roots"][first : min(end, first + 64)]
                values = self._walk(part, roots.reshape(-1)).reshape(len(part), len(roots), per_round)
                for place in range(len(roots)):
                    sums[at : at + rows] += values[:, place]
        return sums

    def _walk(self, table: torch.Tensor, roots: torch.Tensor) -> torch.Tensor:
        """The leaves' values, float64 [B, R]."""
        import torch

        t = self.tensors
        node = roots.long().expand(len(table), -1).contiguous()
        some_categories = len(t["bitsets"]) > 0
        for _ in range(_DEEPEST):
            flags = t["flags"][node]
            leaf = (flags & _LEAF).bool()
            if bool(leaf.all()):
                break
            cell = table.gather(1, t["feature"][node].long())
            left = cell <= t["threshold"][node]
            if some_categories:
                whole = cell.nan_to_num(0.0).clamp(0, 255).long()
                words = t["bitsets"][t["bitset"][node].long().clamp(min=0), whole >> 5]
                left = torch.where((flags & _CATEGORY).bool(), ((words >> (whole & 31)) & 1).bool(), left)
            left = torch.where(cell.isnan(), (flags & _MISSING_LEFT).bool(), left)
            node = torch.where(leaf, node, torch.where(left, t["left"][node], t["right"][node]).long())
        return t["value"][node]


def grown(rounds: Sequence[Sequence[Any]], baseline: Any) -> Forest:
    """scikit-learn's trees, as `_predictors` of its estimators holds them, as a forest."""
    import numpy as np
    import torch

    parts: dict[str, list[Any]] = {
        n: [] for n in ("value", "threshold", "feature", "left", "right", "flags", "bitset", "bitsets")
    }
    roots: list[list[int]] = []
    at = sets = 0
    for trees in rounds:
        roots.append([])
        for tree in trees:
            nodes = tree.nodes
            roots[-1].append(at)
            parts["value"].append(nodes["value"].astype(np.float64))
            parts["threshold"].append(nodes["num_threshold"].astype(np.float64))
            parts["feature"].append(nodes["feature_idx"].astype(np.int32))
            parts["left"].append(nodes["left"].astype(np.int32) + at)
            parts["right"].append(nodes["right"].astype(np.int32) + at)
            parts["flags"].append(
                (
                    nodes["is_leaf"].astype(np.uint8) * _LEAF
                    | nodes["missing_go_to_left"].astype(np.uint8) * _MISSING_LEFT
                    | nodes["is_categorical"].astype(np.uint8) * _CATEGORY
                ).astype(np.uint8)
            )
            category = nodes["is_categorical"].astype(bool)
            parts["bitset"].append(np.where(category, nodes["bitset_idx"].astype(np.int32) + sets, -1).astype(np.int32))
            parts["bitsets"].append(np.asarray(tree.raw_left_cat_bitsets, np.uint32).reshape(-1, 8).astype(np.int64))
            sets += len(parts["bitsets"][-1])
            at += len(nodes)
    dtypes = {"value": np.float64, "threshold": np.float64, "flags": np.uint8}
    tensors = {
        name: torch.from_numpy(np.concatenate(found) if found else np.zeros(0, dtypes.get(name, np.int32)))
        for name, found in parts.items()
        if name != "bitsets"
    }
    bitsets = np.concatenate(parts["bitsets"]) if sets else np.zeros((0, 8), np.int64)
    outputs = np.asarray(baseline, np.float64).reshape(-1)
    return Forest(
        tensors
        | {
            "bitsets": torch.from_numpy(bitsets),
            "roots": torch.tensor(roots, dtype=torch.int32).reshape(len(roots), len(outputs)),
            "baseline": torch.from_numpy(outputs.copy()),
        }
    )


def fault(tensors: Mapping[str, torch.Tensor], features: int) -> str:
    """What is wrong with tensors that came from a file; "" when every walk through them stays inside and ends.

    Children stand after their parents, so no walk can go round in circles.
    """
    import torch

    if set(tensors) != set(NAMES):
        return "names"
    t = tensors
    nodes, flat = len(t["value"]), ("value", "threshold", "feature", "left", "right", "flags", "bitset")
    if any(t[n].dim() != 1 or len(t[n]) != nodes for n in flat) or t["roots"].dim() != 2 or t["baseline"].dim() != 1:
        return "shapes"
    if (
        t["roots"].shape[1] != len(t["baseline"])
        or len(t["baseline"]) < 1
        or t["bitsets"].dim() != 2
        or t["bitsets"].shape[1] != 8
    ):
        return "shapes"
    kinds = {
        "value": torch.float64,
        "threshold": torch.float64,
        "baseline": torch.float64,
        "flags": torch.uint8,
        "bitsets": torch.int64,
    }
    if any(t[n].dtype != kinds.get(n, torch.int32) for n in NAMES):
        return "types"
    if not nodes:
        return "" if not t["roots"].numel() else "places"
    inner = (t["flags"] & _LEAF) == 0
    places = torch.arange(nodes)
    for name in ("left", "right"):
        if bool(((t[name] <= places) | (t[name] >= nodes))[inner].any()):
            return "places"
    if bool(((t["feature"] < 0) | (t["feature"] >= features))[inner].any()):
        return "features"
    category = (t["flags"] & _CATEGORY) != 0
    if bool(((t["bitset"] < 0) | (t["bitset"] >= len(t["bitsets"])))[category & inner].any()):
        return "places"
    if t["roots"].numel() and (int(t["roots"].min()) < 0 or int(t["roots"].max()) >= nodes):
        return "places"
    finite = bool(t["value"].isfinite().all()) and bool(t["baseline"].isfinite().all())
    return "" if finite else "numbers"
