"""Turns plain data (TOML of the catalogue, JSON of an own model) into `ModelCard`s."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from workbench.catalog.card import ModelCard, Preparation, Source, SourceFile, SourceKind
from workbench.catalog.several import with_several
from workbench.errors import UserError

_NEEDED = ("id", "name", "runtime", "source")
_SOURCE_KINDS = get_args(SourceKind)


def card_from_dict(data: Mapping[str, Any]) -> ModelCard:
    """One card from plain data. Unknown keys are left out, so that older apps read newer cards.

    Raises:
        UserError: when a needed key is missing or a value is of the wrong kind; names the key.
    """
    if not isinstance(data, Mapping):
        raise UserError("This model's description is not a model card.", "Export the model again.")
    name = str(data.get("id") or data.get("name") or "?")
    for key in _NEEDED:
        if not data.get(key):
            raise UserError(
                f"The description of the model “{name}” lacks “{key}”.", "Export or download the model again."
            )
    if not data.get("tasks") and not data.get("trainable_for"):
        raise UserError(f"The description of the model “{name}” lacks “tasks”.", "Export or download the model again.")
    try:
        values = {"tasks": (), "arch": ""} | {
            f.name: _value(f.name, data[f.name]) for f in fields(ModelCard) if f.name in data
        }
        return with_several(ModelCard(**values))
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"The description of the model “{name}” cannot be read ({error}).",
            "Export or download the model again.",
        ) from error


def read_cards(path: Path) -> list[ModelCard]:
    """All cards of one TOML file: a table `[[model]]` each; `[defaults]` stands for keys that are not given.

    Raises:
        UserError: when the file is not TOML or a card is wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"The catalogue file “{path.name}” cannot be read.", "Install the app again.") from error
    defaults = data.get("defaults", {})
    return [card_from_dict(_merged(defaults, entry)) for entry in data.get("model", [])]


def _merged(defaults: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **entry}
    for key in ("source", "preparation", "options"):
        if isinstance(defaults.get(key), Mapping):
            merged[key] = {**defaults[key], **entry.get(key, {})}
    return merged


def _value(key: str, value: Any) -> Any:
    if key == "source":
        return _source(value)
    if key == "preparation":
        return _preparation(value)
    if key in ("tasks", "trainable_for", "languages", "label_names"):
        if isinstance(value, str):
            raise ValueError(f"“{key}” must be a list")
        return tuple(str(v) for v in value)
    if key in ("parameters", "minimum_memory"):
        return int(value)
    if key in ("starter", "gated"):
        return bool(value)
    if key in ("metrics", "options"):
        return dict(value)
    return str(value)


def _source(value: Any) -> Source:
    known = {f.name: value[f.name] for f in fields(Source) if f.name in dict(value)}
    if known.get("kind") not in _SOURCE_KINDS:
        raise ValueError("“source.kind” is not known")
    known["size"] = int(known.get("size", 0))
    known["files"] = tuple(_source_file(f) for f in known.get("files", ()))
    return Source(**known)


def _source_file(value: Any) -> SourceFile:
    if isinstance(value, str):
        return SourceFile(value, "")
    known = {f.name: value[f.name] for f in fields(SourceFile) if f.name in dict(value)}
    name = str(known.get("name", ""))
    # A file's name becomes a place on the disk: nothing may point out of the model's folder.
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith("/") or ".." in parts or ":" in name:
        raise ValueError("“source.files” needs plain names")
    return SourceFile(name, str(known.get("url", "")), int(known.get("size", 0)), str(known.get("sha256", "")))


def preparation_from(value: Any) -> Preparation:
    """Plain data to a `Preparation`. Raises: ValueError, TypeError when it is none."""
    return _preparation(value)


def _preparation(value: Any) -> Preparation:
    known = {f.name: value[f.name] for f in fields(Preparation) if f.name in dict(value)}
    for key in ("mean", "std"):
        if key in known:
            numbers = tuple(float(v) for v in known[key])
            if len(numbers) != 3:
                raise ValueError(f"“preparation.{key}” needs three numbers")
            known[key] = numbers
    if known.get("window") is not None:
        centre, width = (float(v) for v in known["window"])
        known["window"] = (centre, width)
    return Preparation(**known)
