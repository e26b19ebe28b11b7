"""The catalogue: what models there are, bundled and the person's own. Nothing heavy is imported here."""

from __future__ import annotations

import difflib
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from workbench import atomic, safe_mode
from workbench.app_paths import AppPaths, app_paths, resources
from workbench.catalog.card import ModelCard, SourceKind
from workbench.catalog.reader import card_from_dict, read_cards
from workbench.errors import Problem, UserError

log = logging.getLogger(__name__)

CARD_FILE = "card.json"
_MAX_CARD_BYTES = 5_000_000
_LIVE_FOLDER = "hub_models"
# The order in which the files of the catalogue are shown.
_SHELVES = (
    "starters",
    "torchvision",
    "torchvision_dense",
    "elsewhere",
    "hub_vision",
    "timm",
    "hub_texts",
    "hub_writers",
    "hub_sounds",
    "molecules",
)


def read_own_card(folder: Path) -> ModelCard:
    """The card of a model folder, its source pointed at where the folder lies now (folders move).

    Raises:
        UserError: when there is no readable card in the folder.
    """
    file = folder / CARD_FILE
    try:
        if file.stat().st_size > _MAX_CARD_BYTES:
            raise UserError(f"The model card in “{folder.name}” is too large to be real.", "Export the model again.")
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"“{folder.name}” is not a model of Model Workbench: it has no {CARD_FILE}.",
            "Choose a folder that was exported from the Use page.",
        ) from error
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"The model card in “{folder.name}” cannot be read.", "Export the model again.") from error
    card = card_from_dict(data)
    if card.source.kind == "endpoint":
        return card
    # Folders move: what counts is where the card lies now. Only an adopted file keeps its own name.
    kind: SourceKind = "import" if card.source.kind == "import" else "folder"
    path = card.source.path if kind == "import" else ""
    if path and (Path(path).is_absolute() or ".." in Path(path).parts):
        raise UserError(f"The model card in “{folder.name}” points out of its folder.", "Import the model again.")
    return replace(card, source=replace(card.source, kind=kind, ref=str(folder.absolute()), path=path))


@cache
def _label_file(name: str) -> tuple[str, ...]:
    text = (resources() / "labels" / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line)


class Catalog:
    """All models known. Safe to read from any thread; `refresh` swaps the list whole."""

    def __init__(self, paths: AppPaths, bundled: list[ModelCard]) -> None:
        self._paths = paths
        self._bundled = bundled
        self._own: list[ModelCard] = []
        self._live: list[ModelCard] = []
        self._problems: list[Problem] = []
        self._words: dict[int, tuple[ModelCard, str]] = {}
        self._lock = threading.Lock()
        self.refresh()

    @classmethod
    def load(cls, paths: AppPaths | None = None) -> Catalog:
        """The bundled catalogue and the person's own models."""
        bundled: list[ModelCard] = []
        place = {name: number for number, name in enumerate(_SHELVES)}
        files = (resources() / "catalog").glob("*.toml")
        for file in sorted(files, key=lambda f: (place.get(f.stem, len(place)), f.stem)):
            bundled += read_cards(file)
        bundled.sort(key=lambda card: not card.starter)
        return cls(paths or app_paths(), bundled)

    def refresh(self) -> None:
        """Read the person's own models again. A damaged one is left out and told in `problems`."""
        own: list[ModelCard] = []
        problems: list[Problem] = []
        folders = sorted(self._paths.models.iterdir()) if self._paths.models.is_dir() else []
        for folder in folders:
            # A hidden folder is a model that is being written, or was when the app was cut off.
            if folder.name.startswith(".") or not (folder / CARD_FILE).is_file():
                continue
            try:
                card = read_own_card(folder)
                if not (safe_mode.is_on() and card.source.kind == "import"):
                    own.append(card)
            except UserError as error:
                log.warning("own model left out: %s", error)
                problems.append(Problem.of(folder.name, error, str(folder)))
        own.sort(key=lambda card: card.created, reverse=True)
        live = self._read_live(problems)
        with self._lock:
            self._own, self._live, self._problems = own, live, problems
            self._words = {}

    def _read_live(self, problems: list[Problem]) -> list[ModelCard]:
        """Cards of models the person found on a hub, written by `remember`."""
        found: list[ModelCard] = []
        folder = self._paths.settings / _LIVE_FOLDER
        for file in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            try:
                if file.stat().st_size > _MAX_CARD_BYTES:
                    raise ValueError("too large")
                found.append(card_from_dict(json.loads(file.read_text(encoding="utf-8"))))
            except (OSError, UnicodeDecodeError, ValueError, UserError) as error:
                log.warning("hub card left out: %s", error)
                problems.append(Problem(file.stem, "This model's description cannot be read.", "Find it again online."))
        return found

    def remember(self, card: ModelCard) -> None:
        """Keep the card of a model found on a hub. Raises: UserError when it cannot be written."""
        folder = self._paths.settings / _LIVE_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        write_card(card, folder, f"{_safe(card.id)}.json")
        self.refresh()

    def forget(self, model_id: str) -> None:
        """Take a hub card out of the list; its downloaded files stay until they are deleted."""
        (self._paths.settings / _LIVE_FOLDER / f"{_safe(model_id)}.json").unlink(missing_ok=True)
        self.refresh()

    def problems(self) -> list[Problem]:
        """Own models that could not be read."""
        return list(self._problems)

    def cards(self) -> list[ModelCard]:
        """All cards: the person's own first (newest first), those found on a hub, then starters, then the rest."""
        return [*self._own, *self._live, *self._bundled]

    def own(self) -> list[ModelCard]:
        return list(self._own)

    def get(self, model_id: str) -> ModelCard:
        """One card by id, or by the name of an own model.

        Raises:
            UserError: when there is none; suggests near names.
        """
        for card in self.cards():
            if card.id == model_id:
                return card
        for card in self._own:
            if card.name.casefold() == model_id.casefold():
                return card
        near = difflib.get_close_matches(model_id, [c.id for c in self.cards()], n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "The Models page shows what there is."
        raise UserError(f"There is no model called “{model_id}”.", hint)

    def remove_own(self, model_id: str) -> None:
        """Delete an own model and its folder. Raises: UserError when it is not an own model or cannot be deleted."""
        card = self.get(model_id)
        folder = Path(card.source.ref)
        if not card.is_own or folder.parent != self._paths.models.absolute():
            raise UserError(f"“{card.name}” is not one of your own models.", "Only your own models can be deleted.")
        try:
            # A deletion that is cut off half-way leaves no half model in the list.
            atomic.take_away(folder)
            # What it answered goes with it.
            for kept in self._paths.prediction_logs.glob(f"{_safe(card.id)}.db*"):
                kept.unlink()
        except OSError as error:
            raise UserError(
                f"“{card.name}” could not be deleted.", "Close programs that use its folder and try again."
            ) from error
        finally:
            self.refresh()

    def rename_own(self, model_id: str, name: str) -> ModelCard:
        """Give an own model another name (its id stays). Raises: UserError when the card cannot be written."""
        card = self.get(model_id)
        if not card.is_own or not name.strip():
            raise UserError("The model needs a name.", "Type one.")
        changed = replace(card, name=name.strip())
        write_card(changed, Path(card.source.ref))
        self.refresh()
        return self.get(model_id)

    def search(
        self,
        text: str = "",
        task: str = "",
        licence: str = "",
        language: str = "",
        max_bytes: int = 0,
        present: Callable[[ModelCard], bool] | None = None,
        fits_memory: int = 0,
        own: bool | None = None,
    ) -> list[ModelCard]:
        """Cards that meet every condition given.

        Args:
            text: all its words, anywhere in the card's words.
            present: only cards for which this says True (those that are on this computer).
        """
        words = text.casefold().split()
        return [
            card
            for card in self.cards()
            if (not words or self._has_words(card, words))
            and (not task or task in card.tasks or task in card.trainable_for)
            and (not licence or card.licence == licence)
            and (not language or language in card.languages or "multilingual" in card.languages)
            and (not max_bytes or card.source.size <= max_bytes)
            and (not fits_memory or card.minimum_memory <= fits_memory)
            and (own is None or card.is_own == own)
            and (present is None or present(card))
        ]

    def _has_words(self, card: ModelCard, words: list[str]) -> bool:
        # Joined once per card: a thousand cards must answer within a keystroke.
        known = self._words.get(id(card))
        if known is None or known[0] is not card:
            tasks = " ".join((*card.tasks, *card.trainable_for)).replace("-", " ")
            parts = (
                card.id,
                card.name,
                card.family,
                card.source.ref,
                card.summary,
                card.trained_on,
                card.strengths,
                tasks,
            )
            known = self._words[id(card)] = (card, " ".join(parts).casefold())
        return all(word in known[1] for word in words)

    def suggest(self, task_id: str, to_teach: bool = False) -> tuple[ModelCard, str]:
        """The model to begin with for a task, and why in words.

        Args:
            to_teach: for training rather than for use as it is.

        Raises:
            UserError: when no model fits.
        """

        def fits(card: ModelCard) -> bool:
            return task_id in (card.trainable_for if to_teach else card.tasks) and not card.is_remote

        for card in self._bundled:
            if card.starter and fits(card):
                return card, "It comes with the app, works without internet and is quick on any computer."
        # The smallest one: the first try shall be short. Nothing is sent to other computers unasked.
        for card in sorted(self._bundled, key=lambda c: c.source.size):
            if fits(card):
                return card, "It is the smallest model of the catalogue for this: quick to download and to try."
        if not to_teach and (taught := next((c for c in self.own() if fits(c)), None)) is not None:
            return taught, "You taught it; none of the catalogue does this as it is."
        if not to_teach and any(task_id in c.trainable_for for c in self._bundled):
            raise UserError(
                "No published model does this as it is.", "Teach one your own labels: begin on the Data page."
            )
        raise UserError("No model of the catalogue can do this yet.", "Choose another task.")

    def label_names(self, card: ModelCard) -> tuple[str, ...]:
        """The card's class names in order of its logits; empty when it has no head of its own."""
        return label_names(card)


def label_names(card: ModelCard) -> tuple[str, ...]:
    """See `Catalog.label_names`."""
    return card.label_names or (_label_file(card.labels) if card.labels else ())


def _safe(model_id: str) -> str:
    """An id as a file name."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in model_id)[:150]


def write_card(card: ModelCard, folder: Path, name: str = CARD_FILE) -> None:
    """Write a card atomically. Raises: UserError when the folder cannot be written."""
    try:
        atomic.write_text(folder / name, json.dumps(card.to_json(), ensure_ascii=False, indent=1))
    except OSError as error:
        raise UserError(
            f"The model's folder “{folder.name}” cannot be written.",
            "Check that there is room and that you may write there.",
        ) from error
