"""Which class a number or a colour of a mask stands for: the small files that lie beside masks.

Read are: CamVid's `label_colors.txt` ("64 128 64 Animal"; Brostow et al. 2009), `class_dict.csv` (name,r,g,b), CVAT's
`labelmap.txt` ("name:r,g,b:parts:actions"), JSON objects or lists that give names with numbers or colours, and plain
lists of names (`labels.txt`, `classes.txt`, `codes.txt`), one a line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.json_stream import whole
from workbench.data.media import read_text_file
from workbench.errors import UserError

Colour = tuple[int, int, int]

_LARGEST = 1_000_000
_COLOUR_FILES = re.compile(r"(colou?r|labelmap|class_dict|palette|legend)", re.I)
_NAME_FILES = re.compile(r"^(labels?|class(es)?|codes|names|categories|class_names|obj)\.(txt|names)$", re.I)
_NONE = {"background", "_background_", "__background__", "bg", "none", "nothing"}
_VOID = {"void", "ignore", "ignored", "__ignore__", "unlabeled", "unlabelled", "dontcare", "don't care"}


@dataclass
class Legend:
    """Names by number or colour. `lines` are names in order where the file gives no numbers."""

    by_number: dict[int, str] = field(default_factory=dict)
    by_colour: dict[Colour, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """All classes in order, without those that mean nothing."""
        found = [name for _, name in sorted(self.by_number.items())] or list(self.by_colour.values()) or self.lines
        return [name for name in dict.fromkeys(found) if not is_none(name) and not is_void(name)]

    def numbered(self, largest: int) -> dict[int, str]:
        """Names by number, where `largest` is the largest number in use (255 left out).

        Lines count from 0; where there is no line for the background, from 1.
        """
        if self.by_number:
            return self.by_number
        if not self.lines:
            return {}
        if is_void(self.lines[0]) and len(self.lines) > 1 and is_none(self.lines[1]):
            # As labelme writes it: the first line is number -1.
            return dict(enumerate(self.lines, -1))
        first = 0 if is_none(self.lines[0]) or is_void(self.lines[0]) or largest < len(self.lines) else 1
        return dict(enumerate(self.lines, first))


def is_none(name: str) -> bool:
    """Whether a class means that there is nothing."""
    return name.strip().casefold() in _NONE


def is_void(name: str) -> bool:
    """Whether a class means that it shall not count."""
    return name.strip().casefold() in _VOID


def legend_in(folders: Sequence[Path], control: Control) -> Legend | None:
    """The legend that lies in one of these folders, colours before lists of names; None when there is none."""
    listed: Legend | None = None
    for folder in dict.fromkeys(folders):
        control.check()
        try:
            files = sorted(p for p in folder.iterdir() if p.is_file() and p.stat().st_size <= _LARGEST)
        except OSError:
            continue
        for file in files:
            found = read_legend(file)
            if found is None:
                continue
            if found.lines:
                listed = listed or found
            else:
                return found
    return listed


def read_legend(file: Path) -> Legend | None:
    """A legend from one file; None when it is none."""
    suffix = file.suffix.lower()
    try:
        if suffix == ".json":
            return _from_json(whole(file, _LARGEST))
        if suffix == ".csv" and _COLOUR_FILES.search(file.name):
            return _from_rows(list(csv.reader(read_text_file(file).splitlines())))
        if suffix == ".txt" and _COLOUR_FILES.search(file.stem):
            return _from_lines(read_text_file(file).splitlines())
        if _NAME_FILES.match(file.name):
            return _from_lines(read_text_file(file).splitlines())
    except (UserError, csv.Error):
        return None
    return None


def _colour(values: Any) -> Colour | None:
    if isinstance(values, str):
        if re.fullmatch(r"#[0-9a-fA-F]{6}", values.strip()):
            hexes = values.strip()
            return int(hexes[1:3], 16), int(hexes[3:5], 16), int(hexes[5:7], 16)
        values = re.split(r"[,\s]+", values.strip())
    if not isinstance(values, list | tuple) or len(values) not in (3, 4):
        return None
    try:
        found = tuple(int(v) for v in values[:3])
    except (TypeError, ValueError):
        return None
    return (found[0], found[1], found[2]) if all(0 <= v <= 255 for v in found) else None


def _from_lines(lines: Sequence[str]) -> Legend | None:
    legend = Legend()
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        mapped = re.fullmatch(r"([^:]+):(\d+,\d+,\d+)(:.*)?", text)
        before = re.fullmatch(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(.+)", text)
        after = re.fullmatch(r"(.+?)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\d+)", text)
        numbered = re.fullmatch(r"(\d+)\s*[:,=\t ]\s*(\D.*)", text)
        if mapped and (colour := _colour(mapped[2])):
            legend.by_colour[colour] = mapped[1].strip()
        elif before and (colour := _colour([before[1], before[2], before[3]])):
            legend.by_colour[colour] = before[4].strip()
        elif after and (colour := _colour([after[2], after[3], after[4]])):
            legend.by_colour[colour] = after[1].strip()
        elif numbered:
            legend.by_number[int(numbered[1])] = numbered[2].strip()
        else:
            legend.lines.append(text)
    if legend.by_colour:
        legend.lines = []
        return legend
    if legend.by_number and not legend.lines:
        return legend
    # Names that begin with a number ("2 wheels") among others are names.
    named = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return Legend(lines=named) if named and all(len(n) <= 100 for n in named) else None


def _from_rows(rows: Sequence[Sequence[str]]) -> Legend | None:
    legend = Legend()
    for row in rows:
        cells = [cell.strip() for cell in row]
        if len(cells) >= 4 and (colour := _colour(cells[1:4])):
            legend.by_colour[colour] = cells[0]
    return legend if legend.by_colour else None


def _from_json(value: Any) -> Legend | None:
    legend = Legend()
    if isinstance(value, dict):
        inner = next((v for k, v in value.items() if k in ("classes", "labels", "categories", "names")), None)
        if isinstance(inner, list | dict):
            return _from_json(inner)
        for key, given in value.items():
            colour = _colour(given) if not isinstance(given, int) else None
            if colour is not None:
                legend.by_colour[colour] = key
            elif isinstance(given, str) and key.lstrip("-").isdigit():
                legend.by_number[int(key)] = given
            elif isinstance(given, str) and (colour := _colour(key)):
                legend.by_colour[colour] = given
            elif isinstance(given, int) and not isinstance(given, bool):
                legend.by_number[given] = key
            else:
                return None
    elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        for entry in value:
            name = entry.get("name", entry.get("label"))
            colour = _colour(entry.get("color", entry.get("colour", entry.get("rgb"))))
            number = entry.get("id", entry.get("index", entry.get("value")))
            if not isinstance(name, str):
                return None
            if isinstance(number, int):
                legend.by_number[number] = name
            if colour is not None:
                legend.by_colour[colour] = name
    elif isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return Legend(lines=[v for v in value if isinstance(v, str)])
    return legend if legend.by_colour or legend.by_number else None
