"""Recommenders. The starters are a file of settings; what comes of one is a folder with numbers about things (`workbench.runtimes.taste`)
and a list of their names. People are in neither."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.taste import WAYS, Taste

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.network import Network

THINGS_FILE = "things.json"
_LARGEST_SETTINGS = 100_000
_LARGEST_LIST = 1_000_000_000
_MOST_THINGS = 5_000_000
# Among a card's options.
SETTINGS, MIX = "settings", "mix"


class Recommender(Loaded):
    """Recommends things.

    Attributes:
        settings: how it learns when nothing else is said.
        taste: None before it has been taught.
        names, ids: of the things, in order: what they are called, and their ids in the project the model was made in.
        looker: the network that looks at things from outside, once it was wanted.
    """

    def __init__(
        self,
        card: ModelCard,
        settings: Mapping[str, Any],
        taste: Taste | None = None,
        names: Sequence[str] = (),
        ids: Sequence[int] = (),
    ) -> None:
        super().__init__(card)
        self.settings = dict(settings)
        self.taste = taste
        self.names, self.ids = tuple(names), tuple(ids)
        self.looker: Network | None = None

    @property
    def way(self) -> str:
        """How it recommends: one of `taste.WAYS`."""
        return self.card.arch

    def taught(self) -> Taste:
        """Raises: UserError when it has not been taught."""
        if self.taste is None:
            raise UserError(
                f"“{self.card.name}” knows nothing yet: it learns from who liked what.",
                "Train it on the Train page, then ask your own model.",
            )
        return self.taste

    @cached_property
    def place_of_id(self) -> dict[int, int]:
        return {item: place for place, item in enumerate(self.ids)}

    @cached_property
    def place_of_name(self) -> dict[str, int]:
        """As a person would write them; of equal ones the first."""
        found: dict[str, int] = {}
        for place, name in enumerate(self.names):
            found.setdefault(plain(name), place)
        return found

    def state(self) -> dict[str, torch.Tensor]:
        import torch

        taste = self.taught()
        found = {"popularity": torch.from_numpy(taste.popularity)}
        if taste.content is not None:
            found["content"] = torch.from_numpy(taste.content)
        if taste.factors is not None:
            found["factors"] = torch.from_numpy(taste.factors)
        return found

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        import torch

        count = len(self.names)
        popularity, content, factors = (state.get(n) for n in ("popularity", "content", "factors"))
        wide = [t for t in (content, factors) if t is not None]
        sound = (
            popularity is not None
            and popularity.shape == (count,)
            and all(t.ndim == 2 and len(t) == count and t.shape[1] > 0 for t in wide)
            and all(t.dtype == torch.float32 and bool(torch.isfinite(t).all()) for t in (popularity, *wide))
            and (content is not None or self.way in (WAYS[0], WAYS[2]))
            and (factors is not None or self.way in (WAYS[0], WAYS[1]))
            and self.way in WAYS
        )
        if not sound:
            raise UserError(f"The numbers of “{self.card.name}” are damaged.", "Export or train the model again.")
        assert popularity is not None
        self.taste = Taste(
            self.way,
            popularity.numpy(),
            None if content is None else content.numpy(),
            None if factors is None else factors.numpy(),
            _number(self.settings, "regularization", 0.1, 1e-9),
            _number(self.settings, "alpha", 10.0, 0.0),
            min(1.0, _number(self.card.options, MIX, 0.5, 0.0)),
        )

    def memory_bytes(self) -> int:
        looker = 0 if self.looker is None else self.looker.memory_bytes()
        if self.taste is None:
            return looker
        return looker + sum(
            a.nbytes for a in (self.taste.popularity, self.taste.content, self.taste.factors) if a is not None
        )


def plain(name: str) -> str:
    """Equal for names that a person would call the same."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _number(options: Mapping[str, Any], name: str, usual: float, low: float) -> float:
    import math

    value = options.get(name, usual)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= low else usual


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """The starter: settings alone. Raises: UserError when they cannot be read."""
    try:
        with path.open("rb") as stream:
            settings = json.loads(stream.read(_LARGEST_SETTINGS))
        return Recommender(card, {str(k): v for k, v in settings.items()})
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"The settings of “{card.name}” cannot be read.", "Install the app again.") from error


def build(card: ModelCard, folder: Path) -> Loaded:
    """An own model whose numbers are loaded next. Raises: UserError when its list of things is damaged."""
    damaged = UserError(f"The list of things of “{card.name}” is damaged.", "Export or train the model again.")
    try:
        file = folder / THINGS_FILE
        if file.stat().st_size > _LARGEST_LIST:
            raise damaged
        things = json.loads(file.read_text(encoding="utf-8"))
        names, ids = things["names"], things["ids"]
        sound = (
            len(names) == len(ids) <= _MOST_THINGS
            and all(isinstance(n, str) for n in names)
            and all(isinstance(i, int) for i in ids)
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged from error
    if not sound:
        raise damaged
    settings = card.options.get(SETTINGS, {})
    return Recommender(card, settings if isinstance(settings, dict) else {}, None, names, ids)


def save_extras(model: Loaded, folder: Path) -> None:
    """The list of things beside the numbers."""
    assert isinstance(model, Recommender)
    words = {"names": model.names, "ids": model.ids}
    atomic.write_bytes(folder / THINGS_FILE, json.dumps(words, ensure_ascii=False).encode("utf-8", "surrogatepass"))
