"""The catalogue: what models there are, bundled and the person's own. Nothing heavy is imported here."""

from __future__ import annotations

import difflib
import json
import logging
import threading
from dataclasses import replace
from functools import cache
from pathlib import Path

from workbench.app_paths import AppPaths, app_paths, resources
from workbench.catalog.card import ModelCard
from workbench.catalog.reader import card_from_dict, read_cards
from workbench.errors import Problem, UserError

log = logging.getLogger(__name__)

CARD_FILE = "card.json"
_MAX_CARD_BYTES = 5_000_000


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
    return replace(card, source=replace(card.source, kind="folder", ref=str(folder.absolute()), path=""))


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
        self._problems: list[Problem] = []
        self._lock = threading.Lock()
        self.refresh()

    @classmethod
    def load(cls, paths: AppPaths | None = None) -> Catalog:
        """The bundled catalogue and the person's own models."""
        bundled: list[ModelCard] = []
        for file in sorted((resources() / "catalog").glob("*.toml")):
            bundled += read_cards(file)
        bundled.sort(key=lambda card: not card.starter)
        return cls(paths or app_paths(), bundled)

    def refresh(self) -> None:
        """Read the person's own models again. A damaged one is left out and told in `problems`."""
        own: list[ModelCard] = []
        problems: list[Problem] = []
        folders = sorted(self._paths.models.iterdir()) if self._paths.models.is_dir() else []
        for folder in folders:
            if not (folder / CARD_FILE).is_file():
                continue
            try:
                own.append(read_own_card(folder))
            except UserError as error:
                log.warning("own model left out: %s", error)
                problems.append(Problem.of(folder.name, error, str(folder)))
        own.sort(key=lambda card: card.created, reverse=True)
        with self._lock:
            self._own, self._problems = own, problems

    def problems(self) -> list[Problem]:
        """Own models that could not be read."""
        return list(self._problems)

    def cards(self) -> list[ModelCard]:
        """All cards: the person's own first (newest first), then starters, then the rest."""
        return [*self._own, *self._bundled]

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
        import shutil

        card = self.get(model_id)
        folder = Path(card.source.ref)
        if not card.is_own or folder.parent != self._paths.models.absolute():
            raise UserError(f"“{card.name}” is not one of your own models.", "Only your own models can be deleted.")
        doomed = folder.with_name(f".{folder.name}.deleted")
        try:
            # Renamed first: a deletion that is cut off half-way leaves no half model in the list.
            folder.rename(doomed)
            shutil.rmtree(doomed)
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
        offline_only: bool = False,
        fits_memory: int = 0,
        own: bool | None = None,
    ) -> list[ModelCard]:
        """Cards that meet every condition given. `text`: all its words, anywhere in the card's words."""
        words = text.casefold().split()
        found = []
        for card in self.cards():
            hay = " ".join((card.id, card.name, card.family, card.summary, card.trained_on, card.strengths)).casefold()
            if (
                all(word in hay for word in words)
                and (not task or task in card.tasks or task in card.trainable_for)
                and (not licence or card.licence == licence)
                and (not language or language in card.languages or "multilingual" in card.languages)
                and (not max_bytes or card.source.size <= max_bytes)
                and (not offline_only or card.starter or card.is_own)
                and (not fits_memory or card.minimum_memory <= fits_memory)
                and (own is None or card.is_own == own)
            ):
                found.append(card)
        return found

    def suggest(self, task_id: str) -> tuple[ModelCard, str]:
        """The model to begin with for a task, and why in words. Raises: UserError when no model fits."""
        for card in self._bundled:
            if card.starter and task_id in (*card.tasks, *card.trainable_for):
                return card, "It comes with the app, works without internet and is quick on any computer."
        for card in self._bundled:
            if task_id in (*card.tasks, *card.trainable_for):
                return card, "It is the first model of the catalogue that can do this."
        raise UserError("No model of the catalogue can do this yet.", "Choose another task.")

    def label_names(self, card: ModelCard) -> tuple[str, ...]:
        """The card's class names in order of its logits; empty when it has no head of its own."""
        return label_names(card)


def label_names(card: ModelCard) -> tuple[str, ...]:
    """See `Catalog.label_names`."""
    return card.label_names or (_label_file(card.labels) if card.labels else ())


def write_card(card: ModelCard, folder: Path) -> None:
    """Write `card.json` atomically. Raises: UserError when the folder cannot be written."""
    import os

    temporary = folder / f".{CARD_FILE}.part"
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(card.to_json(), stream, ensure_ascii=False, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(folder / CARD_FILE)
    except OSError as error:
        raise UserError(
            f"The model's folder “{folder.name}” cannot be written.",
            "Check that there is room and that you may write there.",
        ) from error
