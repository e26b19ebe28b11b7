"""A folder that is watched: each new file is answered by a model, then moved, copied, renamed, tagged or noted.

It is looked at again and again (no notifications of the system: they do not come from network drives). A file counts as whole
when its size and time stayed the same from one look to the next. Nothing is ever written over, every deed can be put back, and
what was done is not done again, also when the app was killed in the middle.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.exporters.tables import write_json
from workbench.data.types import Sample
from workbench.engine.folder_journal import Deed, Journal, Stamp, now
from workbench.engine.folder_rules import (
    BESIDE,
    LOG_NAME,
    TO_CHECK,
    UNREADABLE,
    WatchRule,
    is_doubtful,
    name_of,
    safe_name,
)
from workbench.engine.pool import ModelPool
from workbench.engine.predict import PredictResult, predict, suits
from workbench.engine.prediction_log import recorder_for
from workbench.engine.save import endings, save_prediction
from workbench.errors import Problem, UserError
from workbench.tasks.base import Task
from workbench.tasks.predictions import Prediction
from workbench.tasks.registry import get_task

# Between two looks.
SECONDS = 2.0
_WAKE_SECONDS = 0.1
_AT_ONCE = 64
# What could not be done is tried again after so long.
_AGAIN_SECONDS = 60.0
# A file that is empty for so many looks stays so.
_EMPTY_LOOKS = 5
# Names that programs give to files they have not finished.
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".filepart", ".lock")
_VERBS = {"move": "moved", "copy": "copied", "rename": "renamed", "tag": "tagged", "log": "logged"}


@dataclass(frozen=True)
class Looked:
    """After a look: `waiting` files are not whole yet or are still to be answered; `problem`: why nothing can be seen."""

    waiting: int = 0
    problem: Problem | None = None


def watch_folder(
    rule: WatchRule,
    card: ModelCard,
    control: Control | None = None,
    *,
    seconds: float = SECONDS,
    once: bool = False,
    pool: ModelPool | None = None,
    paths: AppPaths | None = None,
    device: str = "auto",
    source: str = "watched folder",
) -> Iterator[Deed | Looked]:
    """Watch until stopped; gives each deed as it is done, and a `Looked` after each look.

    Args:
        seconds: between two looks.
        once: ends when there is nothing more to do.
        source: answers are kept under it, with the place where their file ends up (see `workbench.engine.predict`).

    Raises:
        UserError: when the rule cannot be followed, the model cannot be used, or the folder is watched already.
        Cancelled: when asked to stop.
    """
    from filelock import FileLock, Timeout

    control = control or Control()
    task = get_task(rule.task_id or card.main_task)
    rule.checked(task)
    journal = Journal(rule.path, paths or app_paths())
    lock = FileLock(f"{journal.file}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError("This folder is being watched already.", "Stop the other one first.") from None
    try:
        yield from _Watch(rule, card, task, journal, control, pool, device, source).run(seconds, once)
    finally:
        lock.release()


class _Watch:
    def __init__(
        self, rule: WatchRule, card: ModelCard, task: Task, journal: Journal, control: Control,
        pool: ModelPool | None, device: str, source: str,
    ) -> None:  # fmt: skip
        self.rule, self.card, self.task, self.journal, self.control = rule, card, task, journal, control
        self._pool, self._device, self._source = pool, device, source
        self._before: dict[Path, Stamp] = {}
        self._looks: dict[Path, int] = {}
        self._later: dict[Path, float] = {}

    def run(self, seconds: float, once: bool) -> Iterator[Deed | Looked]:
        yield from self._recover()
        while True:
            self.control.check()
            try:
                files = self._files()
            except OSError:
                problem = Problem(self.rule.folder, "The folder cannot be reached.", "It is tried again by itself.")
                yield Looked(problem=problem)
                if once:
                    return
                self._rest(seconds)
                continue
            ready, waiting = self._ready(files)
            for start in range(0, len(ready), _AT_ONCE):
                yield from self._answer(ready[start : start + _AT_ONCE])
            self.journal.write_table(self.rule.home)
            yield Looked(waiting)
            if once and not waiting:
                return
            self._rest(seconds)

    def _rest(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.control.check()
            time.sleep(min(_WAKE_SECONDS, left))

    # Looking -----------------------------------------------------------------------------------------------------------

    def _files(self) -> dict[Path, Stamp]:
        """Files of the task's kind that are new. Raises: OSError when the folder cannot be read."""
        seen = self.journal.seen(self.rule)
        found: dict[Path, Stamp] = {}
        home = self.rule.home.resolve()
        folders = [self.rule.path]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    self.control.check()
                    if entry.name.startswith((".", "~$")) or entry.is_symlink():
                        continue
                    path = Path(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        if self.rule.below and (path.resolve() != home):
                            folders.append(path)
                    elif self._wanted(path):
                        with suppress(OSError):  # gone since
                            stamp = stamp_of(path)
                            if seen.get(str(path)) != stamp:
                                found[path] = stamp
        return found

    def _wanted(self, path: Path) -> bool:
        name = path.name.casefold()
        if name.endswith(_UNFINISHED) or name == LOG_NAME or f"{BESIDE}." in name:
            return False
        try:
            return suits(path, self.task)
        except OSError:
            return False

    def _ready(self, files: dict[Path, Stamp]) -> tuple[list[Path], int]:
        """Those that did not change since the last look, in order of name, and how many are left."""
        ready: list[Path] = []
        moment = time.monotonic()
        for path, stamp in files.items():
            same = self._before.get(path) == stamp
            self._looks[path] = self._looks.get(path, 0) + 1 if same else 0
            whole = same and (stamp[0] > 0 or self._looks[path] >= _EMPTY_LOOKS)
            if whole and self._later.get(path, 0.0) <= moment:
                ready.append(path)
        self._before = files
        self._looks = {p: n for p, n in self._looks.items() if p in files}
        self._later = {p: t for p, t in self._later.items() if p in files and t > moment}
        return sorted(ready), len(files) - len(ready) - len(self._later)

    # Answering ---------------------------------------------------------------------------------------------------------

    def _answer(self, files: list[Path]) -> Iterator[Deed]:
        samples = [Sample(self.task.info.media, path.name, path=path) for path in files]
        recorder = recorder_for(self.card, self._source, waits=True)
        results = predict(
            samples, self.card, self.task, self.rule.options, self._pool, self.control, self._device, recorder=recorder
        )
        for path, result in zip(files, results, strict=True):
            try:
                if stamp_of(path) != self._before[path]:
                    continue  # it changed meanwhile: it is looked at again
                deed = self._do(path, result)
                if recorder is not None:
                    recorder.placed(result.sample, Path(deed.target) if deed.verb in ("moved", "renamed") else path)
                yield deed
            except FileNotFoundError:
                continue
            except (OSError, UserError) as error:
                self._later[path] = time.monotonic() + _AGAIN_SECONDS
                words = str(error) if isinstance(error, UserError) else "It could not be put where it belongs."
                yield Deed(0, now(), "left", str(path), problem=f"{words} It is tried again in a minute.")

    def _do(self, path: Path, result: PredictResult) -> Deed:
        """Write down, do, write down. Raises: OSError, UserError when it cannot be done; then nothing is changed."""
        rule, prediction = self.rule, result.prediction
        stamp = self._before[path]
        target = self._target(path, prediction)
        deed = Deed(
            0, now(), _VERBS[rule.action] if target is not None else "logged", str(path), str(target or ""),
            answer=prediction.summary() if prediction is not None else "",
            certainty=round(float(prediction.certainty), 6) if prediction is not None else None,
            problem=f"{result.problem.message} {result.problem.hint}".strip() if result.problem is not None else "",
            size=stamp[0], changed=stamp[1],
        )  # fmt: skip
        if target is None:
            number = self.journal.begin(rule, deed)
            self.journal.end(rule, number, "", stamp, {str(path): stamp})
            return replace(deed, id=number)
        number, place = self._reserve(deed, target)
        try:
            if rule.action == "tag":
                assert prediction is not None
                write_answer(prediction, place, self.card, result.sample)
            elif rule.action == "copy":
                copy_to(path, place)
            else:
                move_to(path, place)
        except (OSError, UserError):
            _remove_empty(place)
            self.journal.drop(number)
            raise
        made = stamp_of(place)
        self.journal.end(rule, number, str(place), made, self._seen(path, stamp, place, made))
        return replace(deed, id=number, target=str(place), size=made[0], changed=made[1])

    def _reserve(self, deed: Deed, target: Path) -> tuple[int, Path]:
        """Note the deed, then take its name: so a later start knows whose an empty file is. Raises: OSError."""
        target.parent.mkdir(parents=True, exist_ok=True)
        for place in names(target):
            if place.exists():
                continue
            number = self.journal.begin(self.rule, replace(deed, target=str(place)))
            try:
                place.open("xb").close()
            except FileExistsError:  # somebody was quicker
                self.journal.drop(number)
            except OSError:
                self.journal.drop(number)
                raise
            else:
                return number, place
        raise AssertionError("names never end")

    def _seen(self, path: Path, stamp: Stamp, place: Path, made: Stamp) -> dict[str, Stamp]:
        """What lies in the watched folder and need not be answered again. A name that became free may come anew."""
        return {str(path): stamp} if self.rule.action in ("copy", "tag") else {str(place): made}

    def _target(self, path: Path, prediction: Prediction | None) -> Path | None:
        """Where what comes of a file shall lie, before its name is made free; None: nowhere."""
        rule = self.rule
        if rule.action in ("move", "copy"):
            if prediction is None:
                folder = UNREADABLE
            else:
                folder = TO_CHECK if is_doubtful(prediction, rule.sure) else safe_name(name_of(prediction))
            return rule.home / folder / path.name
        if prediction is None or rule.action == "log":
            return None
        if rule.action == "rename":
            words = TO_CHECK if is_doubtful(prediction, rule.sure) else safe_name(name_of(prediction))
            return path.with_name(f"{words} - {path.name}")
        return path.with_name(f"{path.name}{BESIDE}{_ending(prediction)}")

    # After a crash -----------------------------------------------------------------------------------------------------

    def _recover(self) -> Iterator[Deed]:
        """What was begun and not ended: seen to be done, or forgotten so that it is done anew."""
        for deed in self.journal.deeds(1000, "begun"):
            source, place = Path(deed.source), Path(deed.target)
            try:
                whole = _was_done(deed, source, place)
                if not whole and source.exists():
                    _remove_empty(place)
            except OSError:
                continue  # the drive is not there: it is looked at the next time
            if not whole:
                self.journal.drop(deed.id)
                continue
            stamp = stamp_of(place)
            original = (deed.size, deed.changed)
            self.journal.end(self.rule, deed.id, deed.target, stamp, self._seen(source, original, place, stamp))
            yield replace(deed, size=stamp[0], changed=stamp[1], state="done")


def _was_done(deed: Deed, source: Path, place: Path) -> bool:
    """Of a deed that was begun: files come to their names whole or not at all. Raises: OSError."""
    if not deed.target or not place.exists():
        return False
    there = source.exists()
    if deed.verb in ("moved", "renamed"):
        if there and place.stat().st_size and _same_bytes(source, place):
            source.unlink()  # it was on its way to another disk, and had arrived
            there = False
        return not there
    if not place.stat().st_size:
        return False
    return deed.verb != "copied" or not there or _same_bytes(source, place)


def _remove_empty(place: Path) -> None:
    """A name that was taken and not used."""
    with suppress(OSError):
        if place.stat().st_size == 0:
            place.unlink()


def put_back(deed: Deed, journal: Journal) -> Problem | None:
    """Undo one deed: a file goes back to where it was (under another name when that is taken), a copy or an answer beside a
    file is deleted. Gives the problem when it cannot be done; then nothing is changed."""
    name, place = Path(deed.source).name, Path(deed.target)
    if deed.state != "done" or not deed.target:
        return Problem(name, "There is nothing to put back.")
    try:
        if stamp_of(place) != (deed.size, deed.changed):
            return Problem(name, "It was changed since, so it stays where it is.", "Move it by hand.", deed.target)
        if deed.verb in ("copied", "tagged"):
            place.unlink()
            journal.undone(deed.id, "", (0, 0))
            return None
        back = reserve(Path(deed.source))
        try:
            move_to(place, back)
        except OSError:
            back.unlink(missing_ok=True)
            raise
        journal.undone(deed.id, str(back), stamp_of(back))
        with suppress(OSError):  # other files are in it
            place.parent.rmdir()
    except FileNotFoundError:
        return Problem(name, "It is not there any more.", "Somebody moved or deleted it.", deed.target)
    except OSError:
        return Problem(name, "It could not be put back.", "Close it in other programs, and try again.", deed.target)
    return None


def put_all_back(
    rule: WatchRule, control: Control | None = None, paths: AppPaths | None = None
) -> tuple[int, list[Problem]]:
    """Undo everything that was done in a folder, the newest first. Gives how many, and what could not be. Raises: Cancelled."""
    control = control or Control()
    journal = Journal(rule.path, paths or app_paths())
    deeds = [d for d in journal.deeds(1_000_000, "done") if d.target]
    problems: list[Problem] = []
    for number, deed in enumerate(deeds):
        control.check()
        control.progress(number, len(deeds), f"{number + 1:,} of {len(deeds):,}")
        problem = put_back(deed, journal)
        if problem is not None:
            problems.append(problem)
    journal.write_table(rule.home)
    return len(deeds) - len(problems), problems


# Files ---------------------------------------------------------------------------------------------------------------------


def stamp_of(path: Path) -> Stamp:
    """Raises: OSError."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def reserve(path: Path) -> Path:
    """Take a name that nothing has, numbered where this one is taken, by an empty file. Raises: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for place in names(path):
        try:
            place.open("xb").close()
        except FileExistsError:
            continue
        return place
    raise AssertionError("names never end")


def names(path: Path) -> Iterator[Path]:
    """The name itself, then numbered ones: "photo.jpg", "photo (2).jpg", …"""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def move_to(source: Path, place: Path) -> None:
    """Onto a reserved name; to another disk by a whole copy, before the first one goes. Raises: OSError."""
    try:
        atomic.put(source, place)
    except OSError as error:
        import errno

        if error.errno != errno.EXDEV:
            raise
        copy_to(source, place)
        source.unlink()


def copy_to(source: Path, place: Path) -> None:
    """Onto a reserved name, whole or not at all. Raises: OSError."""
    with atomic.writing(place) as part:
        with source.open("rb") as given, part.open("wb") as taken:
            shutil.copyfileobj(given, taken)
        shutil.copystat(source, part)


def write_answer(prediction: Prediction, place: Path, card: ModelCard, sample: Sample) -> None:
    """The answer as a file of its own: as JSON, or in its own form where it is a text or a picture. Raises: UserError."""
    if place.suffix == ".json":
        write_json(place, {"file": sample.name, "model": card.id, "answer": prediction.summary(), "prediction": prediction.to_json()})  # fmt: skip
    else:
        save_prediction(prediction, place, sample)


def _ending(prediction: Prediction) -> str:
    best = endings(prediction)[0]
    return ".json" if best == ".csv" else best


def _same_bytes(one: Path, other: Path) -> bool:
    import filecmp

    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
