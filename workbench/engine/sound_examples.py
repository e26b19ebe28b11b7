"""Examples of a class from the microphone: cut while it records, each in the project as soon as it is complete."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.loudness import Loudness
from workbench.data.microphone import Recorder
from workbench.data.project import Project
from workbench.data.sound_cut import Cutting, examples
from workbench.data.types import NewItem
from workbench.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

BACKGROUND = "background noise"
# What is quieter than this comes from no microphone that is on: the last bit of sixteen.
_DEAD = 2 / 32768


@dataclass(frozen=True)
class Example:
    """One that was recorded.

    Attributes:
        item_id: in the project; 0 when it was not taken in.
        seconds: its length.
        problem: why it was not taken in.
        remark: a sentence about one that was, or "".
    """

    item_id: int
    seconds: float
    problem: Problem | None = None
    remark: str = ""


def record_examples(
    recorder: Recorder, project: Project, label: str, how: Cutting, control: Control | None = None
) -> Iterator[Example]:
    """Examples of one class, from a recorder that runs, as they come; ends when enough was recorded or it is stopped.

    Each is copied into the project's folder and on disk, with its class, before it is handed out: what was recorded before a
    crash is there after it.

    Raises:
        UserError: when the project cannot be written.
        Cancelled: when asked to stop; what was taken in before stays.
    """
    control = control or Control()
    begun = datetime.now()
    with tempfile.TemporaryDirectory() as folder:
        blocks = recorder.blocks(control)
        for number, sound in enumerate(examples(blocks, recorder.rate, how), 1):
            # Not a moment ago, but in order: recordings of one minute have names that sort.
            name = f"{label} {begun:%Y-%m-%d %H.%M.%S} {number:02}.wav"
            yield _take_in(sound, recorder.rate, project, label, name, Path(folder), control)


def _take_in(
    sound: Floats, rate: int, project: Project, label: str, name: str, folder: Path, control: Control
) -> Example:
    import numpy as np
    import soundfile

    seconds = len(sound) / rate
    loudness = Loudness()
    loudness.add(sound[:, None])
    if loudness.peak <= _DEAD:
        return Example(0, seconds, Problem(
            name, "The microphone gave only silence.", "Switch it on, or choose another one."
        ))  # fmt: skip
    path = folder / "example.wav"
    soundfile.write(path, np.round(sound * 32768).clip(-32768, 32767).astype(np.int16), rate)
    result = project.add_items([NewItem("sound", name, path=path, label=label, own_copy=True)], control=control)
    if result.problems:
        return Example(0, seconds, result.problems[0])
    if not result.added:
        return Example(0, seconds, Problem(name, "It is in the project already.", "Record another one."))
    remark = ""
    if loudness.is_clipped:
        remark = "Too loud: the tops of the sound are cut off. Go further from the microphone, or turn it down."
    return Example(result.added[0], seconds, None, remark)


def suggested_class(names: list[str]) -> str:
    """What to record first: what is heard when nothing is, unless there is such a class."""
    return "" if any(n.casefold() == BACKGROUND for n in names) else BACKGROUND
