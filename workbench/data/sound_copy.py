"""Copying a recording to where a person wants it."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench import atomic
from workbench.control import Control
from workbench.errors import UserError


def save_copy(source: Path, target: Path, control: Control) -> Path:
    """Copy a recording; the ending says in which format. Returns where it went.

    Raises:
        UserError: when the place cannot be written or the ending is another. Cancelled: when asked to stop.
    """
    target = target if target.suffix else target.with_suffix(".wav")
    if target.suffix.lower() not in (".wav", ".flac"):
        raise UserError(f"A recording cannot be saved as “{target.suffix}”.", "Use .wav or .flac.")
    try:
        with atomic.writing(target) as temporary:
            if target.suffix.lower() == ".wav":
                shutil.copyfile(source, temporary)
            else:
                _as_flac(source, temporary, control)
    except (OSError, RuntimeError) as error:
        raise UserError(f"“{target.name}” could not be written.", "Make room, or choose another place.") from error
    return target


def _as_flac(source: Path, target: Path, control: Control) -> None:
    import soundfile

    with (
        soundfile.SoundFile(source) as given,
        soundfile.SoundFile(target, "w", given.samplerate, given.channels, format="FLAC") as made,
    ):
        for block in given.blocks(given.samplerate * 10, dtype="int16"):
            control.check()
            made.write(block)
