"""Versions of a model: each update is a model of its own, made from the one before; one of them is the current one."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.engine.prediction_log import PredictionLog
from workbench.errors import UserError

_FILE = "versions.json"
_MOST_BYTES = 1_000_000
_ENDING = re.compile(r" v\d+$")


@dataclass(frozen=True)
class Version:
    """`number` counts from 1 in the order they were made."""

    number: int
    card: ModelCard
    current: bool

    def words(self) -> str:
        """ "v2, made 2026-11-25 18:04, 93 % on 40 test items"."""
        m = self.card.metrics
        score = f", {m.get('score', 0):.0%} on {m['n']} {m.get('split', 'test')} items" if m.get("n") else ""
        return f"v{self.number}, made {self.card.created[:16].replace('T', ' ')}{score}"


def versions(catalog: Catalog, card: ModelCard, paths: AppPaths | None = None) -> list[Version]:
    """All versions of a model that are still there, the first one first. A model without updates is its only version.

    Models belong together when one was updated from the other (`record`); training further under a new name makes another
    model.
    """
    root_of, current = _read(paths)
    root = root_of.get(card.id, card.id)
    family = [c for c in catalog.own() if root_of.get(c.id, c.id) == root]
    # Made within one second they keep the order of their updates.
    order = {model_id: n for n, model_id in enumerate((root, *(m for m, r in root_of.items() if r == root)))}
    family.sort(key=lambda c: order.get(c.id, len(order)))
    if not family:
        return [Version(1, card, True)]
    chosen = current.get(root, "")
    if chosen not in {c.id for c in family}:
        chosen = root if root in {c.id for c in family} else family[0].id
    return [Version(order.get(c.id, 0) + 1, c, c.id == chosen) for c in family]


def record(old: ModelCard, new_id: str, paths: AppPaths | None = None) -> None:
    """Note that a model was updated from another one; which is current does not change."""
    root_of, current = _read(paths)
    root_of[new_id] = root_of.get(old.id, old.id)
    _write(root_of, current, paths)


def make_current(card: ModelCard, paths: AppPaths | None = None) -> None:
    """Use this version from now on, be it a new one or one to go back to. What was agreed to about keeping answers goes with
    it; the others stay as they are, but keep no more answers."""
    root_of, current = _read(paths)
    root = root_of.get(card.id, card.id)
    before = current.get(root, root)
    current[root] = card.id
    _write(root_of, current, paths)
    if before != card.id:
        old, new = PredictionLog(before, paths), PredictionLog(card.id, paths)
        agreed = old.settings()
        if agreed.on:
            from dataclasses import replace

            new.set_settings(agreed)
            old.set_settings(replace(agreed, on=False))


def current_version(catalog: Catalog, card: ModelCard, paths: AppPaths | None = None) -> ModelCard:
    """The version that is used now."""
    return next(v.card for v in versions(catalog, card, paths) if v.current)


def version_before(catalog: Catalog, card: ModelCard, paths: AppPaths | None = None) -> ModelCard:
    """The one to go back to from the current one. Raises: UserError when there is none."""
    known = versions(catalog, card, paths)
    place = next(n for n, v in enumerate(known) if v.current)
    if place == 0:
        raise UserError(f"“{known[0].card.name}” is the first version.", "There is none to go back to.")
    return known[place - 1].card


def next_name(catalog: Catalog, card: ModelCard, paths: AppPaths | None = None) -> str:
    """What the next version is called: "Fruits v2"."""
    number = max(v.number for v in versions(catalog, card, paths)) + 1
    return f"{_ENDING.sub('', card.name)} v{number}"


def _read(paths: AppPaths | None) -> tuple[dict[str, str], dict[str, str]]:
    """Model id to the id of the first version, and that to the id of the current one."""
    file = (paths or app_paths()).models / _FILE
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        value = json.loads(file.read_text(encoding="utf-8"))
        return _texts(value["root"]), _texts(value["current"])
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logging.getLogger(__name__).warning("the list of versions cannot be read: %s", error)
        return {}, {}


def _texts(value: Mapping[str, str]) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()}


def _write(root_of: Mapping[str, str], current: Mapping[str, str], paths: AppPaths | None) -> None:
    folder = (paths or app_paths()).models
    try:
        atomic.write_text(folder / _FILE, json.dumps({"root": dict(root_of), "current": dict(current)}, indent=1))
    except OSError as error:
        raise UserError("Which version is the current one could not be noted.", "Make room on the disk.") from error
