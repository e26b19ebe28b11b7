"""Label Studio's JSON of tasks about recordings: pieces with a beginning, an end and labels (its manual, "Audio")."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.clips import ClipCollector
from workbench.data.importers.json_stream import elements
from workbench.data.importers.survey import survey
from workbench.data.sound import FILES

_TYPES = ("labels", "audiolabels", "timeserieslabels")


class LabelStudioClips:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Label Studio (recordings)"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        files = [f for f in found.of(".json") if _is_task(found.peek(f).get(""))]
        if not files:
            return None
        folder = paths[0] if len(paths) == 1 and paths[0].is_dir() else files[0].parent
        collector = ClipCollector("Label Studio", paths[0] if len(paths) == 1 else files[0], folder, control)
        for file in files:
            for place, (_, task) in enumerate(elements(file, control), 1):
                _task(task, file, f"{file.name}, task {place}", collector)
        return collector.plan(others=len(paths) == 1 and paths[0].is_dir())


def _is_task(task: Any) -> bool:
    if not isinstance(task, dict) or not {"annotations", "completions"} & task.keys():
        return False
    return bool(_sound_of(task))


def _sound_of(task: dict[str, Any]) -> str:
    """How a task calls its recording; "" when it has none."""
    data = task.get("data")
    for value in data.values() if isinstance(data, dict) else ():
        if isinstance(value, str) and len(value) < 4000 and value.split("?")[0].lower().endswith(FILES):
            return value
        if isinstance(value, str) and "local-files/" in value and value.lower().endswith(FILES):
            return value
    return ""


def _task(task: Any, file: Path, where: str, collector: ClipCollector) -> None:
    name = _sound_of(task) if isinstance(task, dict) else ""
    if not name:
        collector.wrong(where, "It is no task about a recording.", "It is left out.")
        return
    given = task.get("annotations", task.get("completions"))
    kept = [a for a in given if isinstance(a, dict) and not a.get("was_cancelled")] if isinstance(given, list) else []
    if not kept:
        return
    sound = collector.recording(name, file.parent, where)
    # Several people's answers to one recording: the last one stands.
    results = kept[-1].get("result")
    if sound is None or not isinstance(results, list):
        return
    for number, result in enumerate(results, 1):
        value = result.get("value") if isinstance(result, dict) else None
        if not isinstance(value, dict) or result.get("type") not in _TYPES:
            continue
        labels: list[Any] = next((value[key] for key in _TYPES if isinstance(value.get(key), list)), [])
        # A piece with several labels is several sounds at once.
        for label in labels or [""]:
            collector.mark(
                sound, value.get("start"), value.get("end"), label if isinstance(label, str) else "",
                f"{where}, piece {number}",
            )  # fmt: skip


FORMAT = LabelStudioClips()
