"""Marked pieces of recordings in text files: Audacity's label tracks, Raven's selection tables, and tables with a row for each
piece (file, start, end, label; also as DCASE writes them)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.clips import ClipCollector, moment
from workbench.data.importers.folders import walk
from workbench.data.media import read_text_file
from workbench.data.sound import FILES
from workbench.errors import UserError

_LOOK = 8_000
_MOST_LOOKED_AT = 20_000
_MOST_ROWS = 2_000_000
_NUMBER = r"-?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?"
_AUDACITY = re.compile(rf"^\s*{_NUMBER}\t{_NUMBER}(?:\t.*)?$")
_BAND = re.compile(rf"^\\\t({_NUMBER})\t({_NUMBER})\s*$")
# "morning.Table.1.selections.txt", "morning.BirdNET.selection.table.txt", "morning.selections.txt"
_RAVEN_ENDING = re.compile(r"(\.table\.\d+)?(\.birdnet)?\.?(selections?)?(\.table)?$", re.I)
_FILE = ("file", "filename", "file_name", "audio", "audio_filename", "recording", "path", "sound", "wav", "begin file")
_BEGINS = (
    "start", "onset", "begin", "begins", "start_s", "start_time", "begin_time", "starttime", "start (s)", "begin time (s)",
    "event_onset", "begin_s", "start_seconds",
)  # fmt: skip
_ENDS = (
    "end", "offset", "ends", "stop", "end_s", "end_time", "endtime", "end (s)", "end time (s)", "event_offset", "stop_s",
    "end_seconds",
)  # fmt: skip
_LABEL = (
    "label", "event_label", "class", "species", "common name", "common_name", "annotation", "name", "tag", "sound", "call",
    "call type", "category", "labels", "species code", "tags", "answer",
)  # fmt: skip
_LOW, _HIGH = ("low", "low freq (hz)", "low_hz", "f_min"), ("high", "high freq (hz)", "high_hz", "f_max")


class ClipTables:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Audacity, Raven, or a table of marked sounds"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        files = _text_files(paths, control)
        kinds = {file: kind for file in files if (kind := kind_of(file))}
        # Texts that say what is said are another thing: most of a folder's must be of one of these kinds.
        texts = [f for f in files if f.suffix.lower() == ".txt"]
        marked = [f for f in texts if f in kinds]
        if not kinds or len(marked) * 2 < len(texts):
            return None
        first = next(iter(kinds))
        folder = paths[0] if len(paths) == 1 and paths[0].is_dir() else first.parent
        source = paths[0] if len(paths) == 1 else first
        collector = ClipCollector(_NAMES[kinds[first]], source, folder, control)
        for file, kind in kinds.items():
            control.check()
            try:
                text = read_text_file(file)
            except UserError as error:
                collector.wrong(file.name, error.message, error.hint)
                continue
            {"audacity": _audacity, "raven": _raven, "table": _table}[kind](file, text, collector)
        return collector.plan(others=len(paths) == 1 and paths[0].is_dir())


_NAMES = {"audacity": "Audacity labels", "raven": "Raven selections", "table": "Table of marked sounds"}


def _text_files(paths: Sequence[Path], control: Control) -> list[Path]:
    """Text files and tables that could be of these kinds; none where there is no recording to be heard of."""
    found: list[Path] = []
    sounds = False
    for path in paths:
        for number, file in enumerate(walk(path, control) if path.is_dir() else [path]):
            if number >= _MOST_LOOKED_AT:
                break
            suffix = file.suffix.lower()
            sounds |= suffix in FILES
            if suffix in (".txt", ".csv", ".tsv"):
                found.append(file)
    single = len(paths) == 1 and not paths[0].is_dir()
    return found if sounds or single else []


def kind_of(path: Path) -> str:
    """ "audacity", "raven", "table", or "" for anything else; by its beginning."""
    try:
        with path.open("rb") as file:
            data = file.read(_LOOK)
    except OSError:
        return ""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data[: len(data) // 2 * 2].decode("utf-16", "replace")
    elif b"\0" in data:
        return ""
    else:
        text = data.decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(data) == _LOOK and len(lines) > 1:
        lines.pop()
    if not lines:
        return ""
    head = {cell.strip().strip('"').casefold() for cell in lines[0].split("\t")}
    if "begin time (s)" in head and "end time (s)" in head:
        return "raven"
    if path.suffix.lower() == ".txt":
        return "audacity" if all(_AUDACITY.match(line) or _BAND.match(line) for line in lines) else ""
    names = [cell.strip().casefold() for cell in next(csv.reader([lines[0]], delimiter=_delimiter(lines[0])), [])]
    return "table" if all(_column(names, known) >= 0 for known in (_FILE, _BEGINS, _ENDS)) else ""


def _delimiter(line: str) -> str:
    return max("\t,;", key=line.count)


def _column(names: Sequence[str], known: Sequence[str]) -> int:
    return next((names.index(name) for name in known if name in names), -1)


# Audacity: begins, ends, label; a second line may give a band of frequencies (Audacity's manual, "Importing and Exporting
# Labels") -------------------------------------------------------------------------------------------------------------------


def _audacity(file: Path, text: str, collector: ClipCollector) -> None:
    sound = collector.recording(file.stem, file.parent, file.name)
    if sound is None:
        return
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for place, (number, line) in enumerate(lines):
        collector.control.check()
        where = f"{file.name}, line {number}"
        if _BAND.match(line):
            continue
        cells = line.split("\t")
        if len(cells) < 2:
            collector.wrong(where, "This line has no beginning and end.", "It is left out.")
            continue
        band = _BAND.match(lines[place + 1][1]) if place + 1 < len(lines) else None
        low, high = (moment(band[1]) or 0.0, moment(band[2]) or 0.0) if band else (0.0, 0.0)
        collector.mark(sound, cells[0], cells[1], cells[2] if len(cells) > 2 else "", where, low, high)


# Raven: a table with headings, a row for each selection and view (Cornell Lab, Raven's manual, "Selection tables") -------------


def _raven(file: Path, text: str, collector: ClipCollector) -> None:
    rows = list(_rows(text, "\t", collector, file))
    if not rows:
        return
    names = [cell.strip().casefold() for cell in rows[0][1]]
    begin, end = names.index("begin time (s)"), names.index("end time (s)")
    label = next((names.index(n) for n in (*_LABEL, *(n for n in names if "species" in n)) if n in names), -1)
    if label < 0:
        # Columns that a person adds stand behind Raven's own.
        own = [
            n for n in names if "(" not in n and n not in ("selection", "view", "channel", "begin path", "begin file")
        ]
        label = names.index(own[-1]) if own else -1
    begin_file, shift = _column(names, ("begin path", "begin file")), _column(names, ("file offset (s)",))
    number_at, low_at, high_at = _column(names, ("selection",)), _column(names, _LOW), _column(names, _HIGH)
    stem = _RAVEN_ENDING.sub("", file.stem)
    seen: set[str] = set()
    whole = collector.recording(stem, file.parent, file.name) if begin_file < 0 else None
    for number, cells in rows[1:]:
        collector.control.check()
        where = f"{file.name}, line {number}"
        number_of = _cell(cells, number_at)
        if number_of and number_of in seen:
            continue  # the same selection in another view
        seen.add(number_of)
        sound = whole if begin_file < 0 else collector.recording(_cell(cells, begin_file), file.parent, where)
        if sound is None:
            continue
        first, last = moment(_cell(cells, begin)), moment(_cell(cells, end))
        offset = moment(_cell(cells, shift))
        if offset is not None and first is not None and last is not None:
            # Of several recordings one after the other: where it begins in its own.
            first, last = offset, offset + last - first
        low, high = moment(_cell(cells, low_at)) or 0.0, moment(_cell(cells, high_at)) or 0.0
        collector.mark(sound, first, last, _cell(cells, label), where, low, high)


# Tables ------------------------------------------------------------------------------------------------------------------------


def _table(file: Path, text: str, collector: ClipCollector) -> None:
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    rows = list(_rows(text, _delimiter(first_line), collector, file))
    if not rows:
        return
    names = [cell.strip().casefold() for cell in rows[0][1]]
    at = [_column(names, known) for known in (_FILE, _BEGINS, _ENDS, _LABEL, _LOW, _HIGH)]
    for number, cells in rows[1:]:
        collector.control.check()
        name, begins, ends, label, low, high = (_cell(cells, place) for place in at)
        where = f"{file.name}, line {number}"
        sound = collector.recording(name, file.parent, where)
        # A row with no times says that nothing is heard in this recording.
        if sound is not None and (begins or ends or label):
            collector.mark(sound, begins, ends, label, where, moment(low) or 0.0, moment(high) or 0.0)


def _rows(text: str, delimiter: str, collector: ClipCollector, file: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of a table, the headings first; empty rows left out."""
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    try:
        for cells in reader:
            if reader.line_num > _MOST_ROWS:
                collector.warnings.append(f"Only the first {_MOST_ROWS:,} rows of “{file.name}” were read.")
                return
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error:
        collector.wrong(
            f"{file.name}, line {reader.line_num}", "This line cannot be read.", "What comes after it is left out."
        )


def _cell(cells: Sequence[str], place: int) -> str:
    value = cells[place].strip() if 0 <= place < len(cells) else ""
    # As this app writes what a spreadsheet would take for a formula.
    return value[1:] if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@") else value


FORMAT = ClipTables()
