"""What lies where in the folder of a training that is taken elsewhere, and how its `run.toml` is written and read."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.engine.elsewhere.names import MEDIA, RUN
from workbench.engine.events import RunConfig
from workbench.errors import UserError

VERSION = 1
_MOST_BYTES = 4_000_000
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class About:
    """What `run.toml` says.

    Attributes:
        app: version of the app that wrote it; `made`: when (ISO 8601).
        project_id, project_name: which project it comes from, and goes back to.
        window: how the project reads pictures with more than 256 greys.
        items, items_sha256: number of lines in `items.jsonl`, and the file's hash.
        media: the folder that the items' files are relative to: "media" inside, or the place where they lay.
        carried: whether the model's files are inside.
        hashes: sha256 of every file of the model by its place under `model/files`.
        one_file: the model is one file and not a folder.
    """

    config: RunConfig
    app: str
    made: str
    project_id: str
    project_name: str
    items: int
    items_sha256: str
    media: str = MEDIA
    window: tuple[float, float] | None = None
    carried: bool = True
    one_file: bool = False
    hashes: Mapping[str, str] = field(default_factory=dict)

    def to_toml(self) -> str:
        """The text of `run.toml`."""
        config = self.config.to_json()
        tables: dict[str, dict[str, Any]] = {
            "bundle": {"version": VERSION, "app": self.app, "made": self.made},
            "project": {"id": self.project_id, "name": self.project_name},
            "data": {"items": self.items, "sha256": self.items_sha256, "media": self.media},
            "model": {"carried": self.carried, "one_file": self.one_file},
            "model.sha256": dict(self.hashes),
            "run": {k: v for k, v in config.items() if k != "options"},
            "run.options": config["options"],
        }
        if self.window is not None:
            tables["data"]["window"] = list(self.window)
        head = (
            "# A training of Model Workbench, to be run on another computer: see README.txt.\n"
            "# What is learnt is under [run]; whoever changes it gets another model.\n"
        )
        return head + "".join(f"\n[{name}]\n{_lines(values)}" for name, values in tables.items())


_KEYS = {
    "bundle": {"version", "app", "made"},
    "project": {"id", "name"},
    "data": {"items", "sha256", "media", "window"},
    "model": {"carried", "one_file", "sha256"},
    "run": set(RunConfig.__dataclass_fields__),
}


def read_about(file: Path) -> About:
    """Read `run.toml`. What came from elsewhere is not believed: every key and every kind of value is checked.

    Raises:
        UserError: one sentence that says what is wrong.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise wrong(f"“{RUN}” is too large")
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"“{file.parent.name}” is no training to run: it has no {RUN}.", "Choose its folder."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise wrong(f"“{RUN}” cannot be read") from error
    for table, values in data.items():
        if table not in _KEYS or not isinstance(values, dict):
            raise wrong(f"“{RUN}” has [{table}], which this version does not know")
        unknown = set(values) - _KEYS[table]
        if unknown:
            raise wrong(f"“{min(unknown)}” under [{table}] is not known to this version")
    if set(_KEYS) - set(data):
        raise wrong(f"“{RUN}” lacks [{min(set(_KEYS) - set(data))}]")
    if data["bundle"].get("version") != VERSION:
        raise UserError("This training was set up by another version of Model Workbench.", "Update the app.")
    run = data["run"]
    _check_run(run)
    config = RunConfig.from_json(run)
    part, model = data["data"], data["model"]
    hashes = model.get("sha256", {})
    if not isinstance(hashes, dict) or not all(isinstance(v, str) and _HEX.fullmatch(v) for v in hashes.values()):
        raise wrong("the model's hashes are none")
    for name in hashes:
        safe_place(name)
    window = part.get("window")
    if window is not None:
        numbers = isinstance(window, list) and len(window) == 2
        if not numbers or not all(isinstance(v, int | float) and abs(v) < 1e9 for v in window):
            raise wrong("“window” is no pair of numbers")
    count = part.get("items")
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < 10**9:
        raise wrong("“items” is no number of items")
    if not _HEX.fullmatch(str(part.get("sha256"))):
        raise wrong("“sha256” of the list of items is none")
    return About(
        config, _text(data["bundle"], "app"), _text(data["bundle"], "made"), _text(data["project"], "id"),
        _text(data["project"], "name"), count, str(part["sha256"]), _text(part, "media"),
        None if window is None else (float(window[0]), float(window[1])), model.get("carried") is True,
        model.get("one_file") is True, hashes,
    )  # fmt: skip


def _check_run(run: Mapping[str, Any]) -> None:
    """The kinds of a configuration's values: a wrong one would only show in the midst of a training."""
    name = str(run.get("run_id", ""))
    if not re.fullmatch(r"[0-9a-z]{6,40}", name):
        raise wrong("“run_id” is none")
    default = RunConfig("", "")
    for key, value in run.items():
        wanted = getattr(default, key)
        if isinstance(wanted, bool):
            good = isinstance(value, bool)
        elif isinstance(wanted, int | float):
            good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
        elif isinstance(wanted, dict):
            good = isinstance(value, dict)
        elif isinstance(wanted, tuple):
            good = isinstance(value, list) and len(value) < 100_000 and all(isinstance(v, str) for v in value)
        else:
            good = isinstance(value, str) and len(value) < 1000
        if not good:
            raise wrong(f"“{key}” under [run] is of another kind than it must be")


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or len(value) > 4000:
        raise wrong(f"“{key}” is no text")
    return value


def wrong(what: str) -> UserError:
    """What is said of a folder that cannot be used."""
    return UserError(f"This training cannot be used: {what}.", "Make its folder anew in the app.")


def safe_place(name: Any) -> PurePosixPath:
    """A place inside a folder, as it stands in a list. Raises: UserError for one that leads out of it."""
    place = PurePosixPath(str(name))
    bad = not isinstance(name, str) or not name or len(name) > 1000 or set(name) & set("\\:\x00")
    if bad or place.is_absolute() or ".." in place.parts or str(place) != name:
        raise wrong(f"“{str(name)[:80]}” leads out of its folder")
    return place


def inside(folder: Path, name: str) -> Path:
    """A file inside a folder. Raises: UserError when it, or a link on the way, leads out of it, or it is missing."""
    path = folder / safe_place(name)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise wrong(f"“{name[:80]}” leads out of its folder")
    if not path.is_file():
        raise wrong(f"“{name[:80]}” is missing")
    return path


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{_key(k)} = {_value(v)}\n" for k, v in values.items() if v is not None)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's; what JSON leaves as it is beyond them is one control character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    """A value as TOML 1.0. What has no value there (null) is left out one level up."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(k))} = {_value(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(v) for v in value if v is not None) + "]"
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")
