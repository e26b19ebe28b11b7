"""What a taught network learnt from, as features: told apart from it is what is unlike all of it.

The score is the distance to the k-th nearest training item between features of length 1 (Sun, Ming, Zhu and Li 2022,
"Out-of-distribution detection with deep nearest neighbors", ICML). Its limit is an order statistic of the scores of items
that were not learnt from, so that of further items like them at most the stated share lies beyond it (split conformal
prediction: Vovk, Gammerman and Shafer 2005). Chosen by figures: benchmarks/unlike.py.

Kept beside the weights in a file of its own: vectors, never pictures, recordings or texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import nn

FAMILIAR_FILE = "familiar.safetensors"
NEIGHBOUR = 5
# Of items like those learnt from, so many may be called unlike.
RATE = 0.05
# With fewer items to set the limit by, more than one in ten would be called unlike; with fewer learnt, nothing is near.
FEWEST, FEWEST_LEARNT = 9, 10
MOST, MOST_HELD = 2000, 1000
_MOST_NUMBERS = 4_000_000
_MOST_BYTES = 64_000_000
# Below this distance two vectors are the same but for rounding to half precision.
_SAME = 2e-3
# A ratio that is a number in JSON, however far something is.
FARTHEST = 1e6


@dataclass(frozen=True)
class Familiar:
    """See the module.

    Attributes:
        learnt: float16 [N, F], vectors of length 1 of (a sample of) the training items.
        held: float16 [M, F], the same of items that were not learnt from; `sure` float32 [M], how certain the model was
            of each (0..1).
        limit: the distance beyond which something is unlike what was learnt. neighbour: k.
        rate: of items like those learnt from, at most this share is expected beyond the limit (0..1).
        tested, alarms: of so many test items, which set neither model nor limit, so many lay beyond it.
        frozen: the backbone did not learn from the training items, so that their features are like those of others.
    """

    learnt: torch.Tensor
    held: torch.Tensor
    sure: torch.Tensor
    limit: float
    neighbour: int
    rate: float
    tested: int
    alarms: int
    frozen: bool

    def strangeness(self, features: torch.Tensor) -> list[float]:
        """Features float [B, F] to their distance as a share of the limit: above 1 it is unlike what was learnt."""
        found = (distances(features, self.learnt, self.neighbour) / self.limit).tolist()
        return [min(FARTHEST, v) if math.isfinite(v) else FARTHEST for v in found]

    def alone(self) -> nn.Module:
        """Features float [B, F] to strangeness float [B], as a network of its own: for taking it elsewhere with the model."""
        import torch
        from torch import nn

        kept, limit, neighbour = self.learnt.float(), self.limit, min(self.neighbour, len(self.learnt))

        class Strangeness(nn.Module):
            """See `Familiar.strangeness`."""

            kept: torch.Tensor
            squares: torch.Tensor

            def __init__(self) -> None:
                super().__init__()
                self.register_buffer("kept", kept.T.contiguous())
                self.register_buffer("squares", (kept**2).sum(1)[None])

            def forward(self, features: torch.Tensor) -> torch.Tensor:
                given = torch.nn.functional.normalize(features.float(), dim=1)
                apart = (given**2).sum(1, keepdim=True) + self.squares - 2.0 * given @ self.kept
                nearest = apart.topk(neighbour, dim=1, largest=False).values[:, -1]
                return nearest.clamp(min=0.0).sqrt() / limit

        return Strangeness().eval()

    def save(self, folder: Path) -> None:
        """Write it beside a model's weights. Raises: OSError."""
        from safetensors.torch import save_file

        numbers = {
            "limit": self.limit, "neighbour": self.neighbour, "rate": self.rate, "tested": self.tested,
            "alarms": self.alarms, "frozen": int(self.frozen), "version": 1,
        }  # fmt: skip
        tensors = {"learnt": self.learnt, "held": self.held, "sure": self.sure}
        whole = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
        save_file(whole, folder / FAMILIAR_FILE, {k: repr(v) for k, v in numbers.items()})


def unit(features: torch.Tensor) -> torch.Tensor:
    """float [N, F] as float16 of length 1, as it is kept; zeros stay zeros."""
    import torch

    return torch.nn.functional.normalize(features.detach().cpu().float(), dim=1).half()


def distances(features: torch.Tensor, learnt: torch.Tensor, neighbour: int = NEIGHBOUR) -> torch.Tensor:
    """float32 [B]: distance of features float [B, F] to the `neighbour`-th nearest of `learnt` (of length 1) [N, F]."""
    import torch

    given = torch.nn.functional.normalize(features.detach().cpu().float(), dim=1)
    kept = learnt.float()
    # One product of matrices; rounded to half precision, what is kept is not quite of length 1.
    squares = (given**2).sum(1)[:, None] + (kept**2).sum(1)[None] - 2.0 * given @ kept.T
    nearest = squares.topk(min(neighbour, len(learnt)), dim=1, largest=False).values[:, -1]
    return nearest.clamp(min=0.0).sqrt()


def limit_of(scores: torch.Tensor, rate: float = RATE) -> tuple[float, float]:
    """The limit by scores float [N] of items that were not learnt from, and the rate of false alarms it is for.

    Of N+1 items alike in their order each is as likely to be the highest, so the r-th lowest of N scores is exceeded by
    one more with a chance of at most 1 - r / (N+1). With few items that is more than was asked for.
    """
    count = len(scores)
    rank = min(count, math.ceil((count + 1) * (1 - rate) - 1e-9))
    limit = float(scores.sort().values[rank - 1])
    return max(limit, _SAME), max(rate, 1 / (count + 1))


def fit_familiar(
    train: torch.Tensor,
    validation: torch.Tensor,
    test: torch.Tensor,
    sure: torch.Tensor,
    *,
    frozen: bool,
    rate: float = RATE,
    seed: int = 0,
) -> Familiar | None:
    """Features float [N, F] of the three parts to what is kept.

    Args:
        sure: float [V + T], how certain the model was of the validation and the test items (0..1).
        frozen: see `Familiar`.

    Returns:
        None when there are too few items, or features are no numbers.
    """
    import torch

    if len(train) < FEWEST_LEARNT or len(validation) < FEWEST:
        return None
    if not all(bool(torch.isfinite(part).all()) for part in (train, validation, test)):
        return None
    generator = torch.Generator().manual_seed(seed)
    most = min(MOST, max(FEWEST_LEARNT, _MOST_NUMBERS // max(1, train.shape[1])))
    learnt = unit(train[torch.randperm(len(train), generator=generator)[:most].sort().values])
    limit, stated = limit_of(distances(validation, learnt), rate)
    alarms = int((distances(test, learnt) > limit).sum()) if len(test) else 0
    held, certain = torch.cat([validation, test]), sure.detach().cpu().float()
    kept = torch.randperm(len(held), generator=generator)[: min(MOST_HELD, most)].sort().values
    neighbour = min(NEIGHBOUR, len(learnt))
    return Familiar(
        learnt, unit(held[kept]), certain[kept], limit, neighbour, stated, len(test), alarms, frozen
    )  # fmt: skip


def open_familiar(folder: Path, width: int, name: str) -> Familiar | None:
    """What `Familiar.save` wrote; None where there is none.

    Args:
        width: F. name: the model's, for the sentence.

    Raises:
        UserError: when the file is damaged or something else.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    path = folder / FAMILIAR_FILE
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        with safe_open(path, "pt") as file:
            numbers = {k: float(v) for k, v in (file.metadata() or {}).items() if len(v) < 40 and k != "format"}
            learnt, held, sure = (file.get_tensor(key) for key in ("learnt", "held", "sure"))
        found = Familiar(
            learnt, held, sure, numbers["limit"], int(numbers["neighbour"]), numbers["rate"], int(numbers["tested"]),
            int(numbers["alarms"]), bool(numbers["frozen"]),
        )  # fmt: skip
        right = (
            learnt.dtype == held.dtype == torch.float16
            and learnt.dim() == held.dim() == 2
            and learnt.shape[1] == held.shape[1] == width
            and sure.dtype == torch.float32
            and sure.shape == (len(held),)
            and 1 <= found.neighbour <= len(learnt)
            and math.isfinite(found.limit)
            and found.limit > 0
            and 0 <= found.rate <= 1
            and 0 <= found.alarms <= found.tested
            and all(bool(torch.isfinite(t).all()) for t in (learnt, held, sure))
        )
        if not right:
            raise ValueError("sizes or numbers do not fit")
    except (SafetensorError, OSError, ValueError, KeyError, OverflowError, RuntimeError) as error:
        raise UserError(
            f"The file “{FAMILIAR_FILE}” of “{name}” is damaged or of another model.",
            "Export or train the model again, or delete this one file: the model then works, but cannot tell what is"
            " unlike what it learnt from.",
        ) from error
    return found
