"""The power goes: what may be on the disk then, by the rules of POSIX and not by the luck of one file system.

A recorder stands under `workbench.atomic` and notes what it asks of the system. From the notes every state is made that a disk
may be in when the power goes after any of them: bytes that were not synced may be there, in part, as zeros or not at all; a new
name that was not synced may be there or not, and names do not wait for bytes (Pillai et al., OSDI 2014). SQLite's own files are
cut and torn in the same way.
"""

from __future__ import annotations

import ast
import itertools
import os
import random
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from workbench import atomic
from workbench.data.project import Project
from workbench.data.store import DATABASE
from workbench.data.types import NewItem

PRODUCT = Path(atomic.__file__).parent

# What the helper asks of the system: ("write", name, bytes), ("sync", name), ("rename", old, new), ("sync folder",).
Step = tuple[object, ...]
# What lies on the disk: names to bytes.
Disk = dict[str, bytes]


@dataclass
class Recorder:
    """Watches one folder while something writes into it."""

    folder: Path
    steps: list[Step] = field(default_factory=list)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real_fsync, real_replace = os.fsync, Path.replace
        watched = self

        def fsync(handle: int) -> None:
            place = Path(f"/proc/self/fd/{handle}").readlink()
            if place == watched.folder:
                watched.steps.append(("sync folder",))
            elif place.parent == watched.folder:
                # What stands in the file at a sync was written before it.
                watched.steps.append(("write", place.name, place.read_bytes()))
                watched.steps.append(("sync", place.name))
            real_fsync(handle)

        def replace(self: Path, target: Path) -> Path:
            if self.is_file() and ("sync", self.name) not in watched.steps:
                watched.steps.append(("write", self.name, self.read_bytes()))
            watched.steps.append(("rename", self.name, Path(target).name))
            return real_replace(self, target)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "replace", replace)


def torn(data: bytes) -> list[bytes]:
    """What may be there of bytes that were not synced."""
    half = len(data) // 2
    return [b"", data[:half], data[:half] + bytes(len(data) - half), bytes(len(data)), data]


def states(before: Disk, steps: list[Step]) -> Iterator[tuple[int, Disk]]:
    """Every disk there may be when the power goes after some of the steps, with how many."""
    for count in range(len(steps) + 1):
        done = steps[:count]
        written: dict[str, bytes] = {}
        synced: set[str] = set()
        # Renames not followed by a sync of the folder may be there or not, in their order.
        renames: list[tuple[str, str]] = []
        sure = 0
        for step in done:
            if step[0] == "write":
                written[str(step[1])] = step[2]  # type: ignore[assignment]
                synced.discard(str(step[1]))
            elif step[0] == "sync":
                synced.add(str(step[1]))
            elif step[0] == "rename":
                renames.append((str(step[1]), str(step[2])))
            else:
                sure = len(renames)
        contents = [
            [(name, data)] if name in synced else [(name, t) for t in torn(data)] for name, data in written.items()
        ]
        for there in range(sure, len(renames) + 1):
            for choice in itertools.product(*contents):
                disk = {**before, **dict(choice)}
                for old, new in renames[:there]:
                    if old in disk:
                        disk[new] = disk.pop(old)
                yield count, disk


OLD, NEW = b"the old labels\n" * 40, b"the new labels, and more of them\n" * 60


def survivors(
    folder: Path, write: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Step], list[str]]:
    """The steps of a writer, and what is wrong with the states it may leave."""
    target = folder / "labels.csv"
    target.write_bytes(OLD)
    recorder = Recorder(folder)
    with monkeypatch.context() as patched:
        recorder.watch(patched)
        write(target)
    assert target.read_bytes() == NEW
    wrong = []
    for count, disk in states({target.name: OLD}, recorder.steps):
        found = disk.get(target.name)
        if found not in (OLD, NEW):
            wrong.append(f"half after step {count}")
        if count == len(recorder.steps) and found != NEW:
            wrong.append("it returned, and the new one may not be there")
    return recorder.steps, wrong


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the recorder reads /proc")


def _stream(target: Path) -> None:
    with atomic.binary(target) as stream:
        for start in range(0, len(NEW), 100):
            stream.write(NEW[start : start + 100])


@pytest.mark.parametrize(
    "write",
    [
        lambda target: atomic.write_bytes(target, NEW),
        lambda target: atomic.write_text(target, NEW.decode(), shared=True),
        _stream,
    ],
)
def test_old_or_new_whatever_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    steps, wrong = survivors(tmp_path, write, monkeypatch)
    assert [s[0] for s in steps] == ["write", "sync", "rename", "sync folder"]
    assert wrong == []


def _careless(target: Path) -> None:
    part = target.with_name("part")
    part.write_bytes(NEW)
    part.replace(target)


def _half_careless(target: Path) -> None:
    part = target.with_name("part")
    with part.open("wb") as stream:
        stream.write(NEW)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(target)


@pytest.mark.parametrize(("write", "found"), [(_careless, "half after"), (_half_careless, "it returned")])
def test_the_model_finds_careless_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], found: str
) -> None:
    _, wrong = survivors(tmp_path, write, monkeypatch)
    assert any(w.startswith(found) for w in wrong)


def test_a_folder_is_synced_whole_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / ".work"
    (work / "below").mkdir(parents=True)
    (work / "card.json").write_text("{}")
    (work / "below" / "tokenizer.json").write_text("{}")
    asked: list[str] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda h: (asked.append(Path(f"/proc/self/fd/{h}").readlink().name), real(h))[1])
    atomic.put(work, tmp_path / "model")
    assert set(asked[:-1]) == {"card.json", "tokenizer.json", "below", ".work"} and asked[-1] == tmp_path.name
    assert (tmp_path / "model" / "below" / "tokenizer.json").is_file()


def test_a_writer_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_bytes(OLD)
    with pytest.raises(ValueError), atomic.binary(target) as stream:
        stream.write(b"half")
        raise ValueError
    assert target.read_bytes() == OLD and [f.name for f in tmp_path.iterdir()] == ["x.csv"]


# Only such files are looked at closely: reading all of them as trees takes seconds.
_MAY = re.compile(r"fsync|fdatasync|rename|shutil\.move|os\.replace|\.replace\((?![^\n]*,)")


def test_nothing_else_in_the_product_renames_or_syncs() -> None:
    """One way to write: `atomic`. A rename or a sync anywhere else is one that this file does not watch over."""
    found = []
    for file in sorted(PRODUCT.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if file == PRODUCT / "atomic.py" or not _MAY.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner, name = node.func.value, node.func.attr
            of_os = isinstance(owner, ast.Name) and owner.id == "os"
            one_argument = len(node.args) == 1 and not node.keywords
            by_os = of_os and name in ("fsync", "replace", "rename", "renames", "fdatasync")
            # `str.replace` has two arguments, `dataclasses.replace` is called by its name alone.
            by_path = (
                not of_os and one_argument and name in ("replace", "rename") and not isinstance(owner, ast.Constant)
            )
            if by_os or by_path or (isinstance(owner, ast.Name) and owner.id == "shutil" and name == "move"):
                found.append(f"{file.relative_to(PRODUCT)}:{node.lineno} {name}")
    assert found == []


# SQLite -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int], list[int]]:
    """A project with labels given one by one, its files as they lay while it was open: the folder, the items' ids in the order
    in which they were labelled, and how long the log was when each label was confirmed."""
    folder = tmp_path_factory.mktemp("wal") / "P"
    with Project.create(folder, "P", "text-classification") as project:
        label = project.add_class("yes")
        ids = list(project.add_items(NewItem("text", f"n{n}", text=f"text {n}") for n in range(40)).added)
        project._store._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        lengths = []
        for item_id in ids:
            project.set_label([item_id], label.id)
            lengths.append((folder / f"{DATABASE}-wal").stat().st_size)
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
    (copy / f"{DATABASE}-shm").unlink()
    return copy, ids, lengths


def _tear(data: bytes, cut: int, how: str, chance: random.Random) -> bytes:
    if how == "cut":
        return data[:cut]
    left = len(data) - cut
    rest = bytes(left) if how == "zeros" else chance.randbytes(left)
    return data[:cut] + rest


@pytest.mark.parametrize("how", ["cut", "zeros", "rubbish"])
def test_a_log_that_ends_anywhere_keeps_what_was_confirmed_before(
    written: tuple[Path, list[int], list[int]], tmp_path: Path, how: str
) -> None:
    """The log is synced at every commit, so what was confirmed lies before any place at which it may be torn."""
    original, ids, lengths = written
    data = (original / f"{DATABASE}-wal").read_bytes()
    chance = random.Random(how)
    # Just before, at and just behind each confirmed end, and anywhere.
    edges = [length + by for length in lengths[::4] for by in (-1, 0, 1)]
    for number, cut in enumerate([0, 1, 31, *edges, *(chance.randrange(len(data)) for _ in range(12)), len(data)]):
        if cut > len(data):
            continue
        folder = tmp_path / str(number)
        shutil.copytree(original, folder)
        (folder / f"{DATABASE}-wal").write_bytes(_tear(data, cut, how, chance))
        with Project.open(folder) as project:
            states = project.label_states(ids)
            labelled = [i for i in ids if states[i].class_id is not None]
            confirmed = sum(length <= cut for length in lengths)
            assert labelled == ids[: len(labelled)], "a later label without an earlier one"
            assert len(labelled) >= confirmed, f"cut at {cut}: a confirmed label is lost"
            assert len(labelled) <= confirmed + 1
        shutil.rmtree(folder)


def test_a_commit_is_synced_before_it_is_confirmed(tmp_path: Path) -> None:
    """The settings that the promise rests on, as SQLite says them."""
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        sql = project._store._connection()
        assert sql.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert sql.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
        assert sql.execute("PRAGMA foreign_keys").fetchone() == (1,)
    with sqlite3.connect(tmp_path / "P" / DATABASE) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()
