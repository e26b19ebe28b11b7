"""A watched folder: new files are answered and sorted, once, whatever happens in between; and everything can be put back."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_time import StopsLater

from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.engine import folder_watch
from workbench.engine.folder_journal import Deed, Journal
from workbench.engine.folder_rules import LOG_NAME, TO_CHECK, UNREADABLE, Action, WatchRule, safe_name
from workbench.engine.folder_watch import Looked, put_all_back, put_back, reserve, watch_folder
from workbench.errors import Cancelled, UserError
from workbench.tasks.registry import get_task

CHINA = resources() / "samples" / "try" / "china.jpg"
PICTURES, TEXTS = "picture-starter", "text-starter"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "incoming"
    made.mkdir()
    return made


def rule(folder: Path, action: Action = "move", **more: object) -> WatchRule:
    return WatchRule(str(folder), PICTURES, action=action, **more)  # type: ignore[arg-type]


def done(rule: WatchRule, card: ModelCard, control: Control | None = None) -> list[Deed]:
    """All that is done until there is nothing more to do."""
    found = watch_folder(rule, card, control, seconds=0.01, once=True)
    return [deed for deed in found if isinstance(deed, Deed)]


def table(home: Path) -> list[dict[str, str]]:
    with (home / LOG_NAME).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def tree(folder: Path) -> dict[str, int]:
    return {
        p.relative_to(folder).as_posix(): p.stat().st_size
        for p in folder.rglob("*")
        if p.is_file() and p.name != LOG_NAME
    }


def test_pictures_are_sorted_into_folders_and_broken_ones_apart(folder: Path, catalog: Catalog) -> None:
    shutil.copy(CHINA, folder / "temple.jpg")
    (folder / "broken.png").write_bytes(b"nothing of a picture")
    (folder / "notes.docx").write_bytes(b"not a picture at all")
    (folder / "half.jpg.part").write_bytes(b"still coming")
    (folder / "empty.jpg").write_bytes(b"")
    deeds = done(rule(folder), catalog.get(PICTURES))
    assert tree(folder) == {
        "sorted/palace/temple.jpg": CHINA.stat().st_size, f"sorted/{UNREADABLE}/broken.png": 20,
        f"sorted/{UNREADABLE}/empty.jpg": 0, "notes.docx": 20, "half.jpg.part": 12,
    }  # fmt: skip
    rows = {row["file"]: row for row in table(folder / "sorted")}
    assert rows[str(folder / "temple.jpg")]["answer"] == "palace"
    assert float(rows[str(folder / "temple.jpg")]["certainty"]) == pytest.approx(0.316, abs=0.01)
    assert "empty" in rows[str(folder / "empty.jpg")]["problem"] and rows[str(folder / "broken.png")]["problem"]
    assert {d.verb for d in deeds} == {"moved"}


def test_a_name_that_is_taken_is_numbered_and_nothing_is_written_over(folder: Path, catalog: Catalog) -> None:
    card = catalog.get(PICTURES)
    for size in (3, 5):
        there = folder / "sorted" / "palace" / "temple.jpg"
        shutil.copy(CHINA, folder / "temple.jpg")
        if size == 3:
            there.parent.mkdir(parents=True)
            there.write_bytes(b"old")
        done(rule(folder), card)
    assert tree(folder) == {
        "sorted/palace/temple.jpg": 3, "sorted/palace/temple (2).jpg": CHINA.stat().st_size,
        "sorted/palace/temple (3).jpg": CHINA.stat().st_size,
    }  # fmt: skip


def test_what_is_doubtful_is_to_be_checked(folder: Path, catalog: Catalog) -> None:
    shutil.copy(CHINA, folder / "temple.jpg")
    done(rule(folder, sure=0.9), catalog.get(PICTURES))
    assert list(tree(folder)) == [f"sorted/{TO_CHECK}/temple.jpg"]


def test_a_file_that_still_grows_is_left_alone(folder: Path, catalog: Catalog) -> None:
    data = CHINA.read_bytes()
    file = folder / "coming.jpg"
    file.write_bytes(data[:1000])
    control = Control()
    steps = watch_folder(rule(folder), catalog.get(PICTURES), control, seconds=0.01)
    for size in (2000, 3000, 4000):
        assert next(steps) == Looked(1)
        file.write_bytes(data[:size])
    file.write_bytes(data)
    found = [next(steps) for _ in range(3)]
    assert [d.answer for d in found if isinstance(d, Deed)] == ["palace"]
    control.cancel()
    with pytest.raises(Cancelled):
        list(steps)


@pytest.mark.parametrize("action", ["move", "copy", "rename", "tag", "log"])
def test_done_once_and_put_back(action: Action, folder: Path, catalog: Catalog) -> None:
    card = catalog.get(PICTURES)
    shutil.copy(CHINA, folder / "temple.jpg")
    before = tree(folder)
    made = rule(folder, action)
    (deed,) = done(made, card)
    after = tree(folder)
    assert deed.answer == "palace"
    if action == "tag":
        assert json.loads((folder / "temple.jpg.answer.json").read_text())["answer"] == "palace"
    if action == "rename":
        assert list(after) == ["palace - temple.jpg"]
    assert done(made, card) == [] and tree(folder) == after, "what was done is not done again"
    count, problems = put_all_back(made)
    assert (count, problems) == ((0, []) if action == "log" else (1, []))
    assert tree(folder) == before
    assert done(made, card) == [] and tree(folder) == before, "what was put back stays there"
    shutil.copy(CHINA, folder / "another.jpg")
    assert [d.source for d in done(made, card)] == [str(folder / "another.jpg")]
    numbers = [int(row["number"]) for row in table(made.home)]
    assert numbers == sorted(set(numbers))


def test_a_file_that_was_changed_since_is_not_put_back(folder: Path, catalog: Catalog) -> None:
    shutil.copy(CHINA, folder / "temple.jpg")
    made = rule(folder)
    (deed,) = done(made, catalog.get(PICTURES))
    Path(deed.target).write_bytes(b"edited by the person")
    count, (problem,) = put_all_back(made)
    assert count == 0 and "changed since" in problem.message and Path(deed.target).read_bytes().startswith(b"edited")
    Path(deed.target).unlink()
    assert "not there any more" in put_all_back(made)[1][0].message
    journal = Journal(folder, app_paths())
    assert put_back(Deed(9, "", "logged", "x"), journal) is not None


def test_put_back_beside_a_file_that_has_come_since(folder: Path, catalog: Catalog) -> None:
    shutil.copy(CHINA, folder / "temple.jpg")
    made = rule(folder)
    done(made, catalog.get(PICTURES))
    (folder / "temple.jpg").write_bytes(b"another")
    assert put_all_back(made) == (1, [])
    assert tree(folder) == {"temple.jpg": 7, "temple (2).jpg": CHINA.stat().st_size}


def test_texts_with_labels_and_folders_below(folder: Path, catalog: Catalog) -> None:
    (folder / "monday").mkdir()
    (folder / "monday" / "a.txt").write_text("I love this film, it is wonderful!")
    made = WatchRule(str(folder), TEXTS, action="move", below=True, labels=("good", "bad"))
    done(made, catalog.get(TEXTS))
    assert list(tree(folder)) == ["sorted/good/a.txt"]
    assert done(made, catalog.get(TEXTS)) == []


def test_two_do_not_watch_the_same_folder(folder: Path, catalog: Catalog) -> None:
    steps = watch_folder(rule(folder), catalog.get(PICTURES), seconds=0.01)
    assert next(steps) == Looked(0)
    with pytest.raises(UserError, match="watched already"):
        done(rule(folder), catalog.get(PICTURES))
    steps.close()  # type: ignore[attr-defined]
    assert done(rule(folder), catalog.get(PICTURES)) == []


def test_a_folder_that_goes_and_comes_back(folder: Path, catalog: Catalog) -> None:
    control = Control()
    steps = watch_folder(rule(folder), catalog.get(PICTURES), control, seconds=0.01)
    next(steps)
    away = folder.with_name("away")
    folder.rename(away)
    lost = next(steps)
    assert isinstance(lost, Looked) and lost.problem is not None and "cannot be reached" in lost.problem.message
    away.rename(folder)
    assert next(steps) == Looked(0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folder": "/nowhere/at/all"}, "is no folder"),
        ({"sure": 2.0}, "between 0 and 1"),
        ({"target": "SAME"}, "cannot be sorted into the folder they come from"),
        ({"task_id": "sentence-embedding", "model_id": TEXTS}, "no names for folders"),
    ],
)
def test_rules_that_cannot_be_followed(changes: dict[str, object], words: str, folder: Path, catalog: Catalog) -> None:
    values = {k: str(folder) if v == "SAME" else v for k, v in changes.items()}
    made = WatchRule.from_json(rule(folder).to_json() | values)
    with pytest.raises(UserError, match=words):
        done(made, catalog.get(made.model_id))


def test_a_disk_that_takes_nothing_leaves_the_file_where_it_is(
    folder: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(CHINA, folder / "temple.jpg")

    def full(_source: Path, _place: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_watch, "copy_to", full)
    (deed,) = done(rule(folder, "copy"), catalog.get(PICTURES))
    assert "could not be put" in deed.problem and list(tree(folder)) == ["temple.jpg"]
    assert Journal(folder, app_paths()).deeds() == []
    monkeypatch.undo()
    os.environ["WORKBENCH_HOME"] = str(app_paths().settings.parent)


def test_to_another_disk_whole_or_not_at_all(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = folder / "a.jpg", reserve(tmp_path / "other" / "a.jpg")
    source.write_bytes(b"x" * 5000)
    real = Path.replace

    def across(self: Path, place: Path) -> Path:
        if self.parent != Path(place).parent:
            raise OSError(18, "Invalid cross-device link")
        return real(self, place)

    monkeypatch.setattr(Path, "replace", across)
    folder_watch.move_to(source, target)
    assert target.read_bytes() == b"x" * 5000 and not source.exists() and len(list(target.parent.iterdir())) == 1


# Killed in the middle --------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the power going: nothing after it is run."""


@pytest.mark.parametrize("action", ["move", "copy", "rename", "tag"])
@pytest.mark.parametrize("where", ["before the name", "before", "after"])
def test_killed_at_any_step_it_ends_as_if_nothing_had_been(
    action: Action, where: str, folder: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = catalog.get(PICTURES)
    wanted = folder.with_name("wanted")
    for place in (folder, wanted):
        place.mkdir(exist_ok=True)
        shutil.copy(CHINA, place / "temple.jpg")
    done(rule(wanted, action), card)
    if where == "after":
        stopped = "workbench.engine.folder_journal.Journal.end"
    elif where == "before the name":
        stopped = "workbench.engine.folder_watch.names"
    else:
        stopped = f"workbench.engine.folder_watch.{ {'copy': 'copy_to', 'tag': 'write_answer'}.get(action, 'move_to') }"

    def dead(*_: object) -> Iterator[Path]:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(stopped, dead)
        # What is tidied up on the way out does not happen to a process that is killed.
        patch.setattr("workbench.engine.folder_watch._remove_empty", lambda _place: None)
        done(rule(folder, action), card)
    done(rule(folder, action), card)
    assert tree(folder) == tree(wanted)
    assert len(table(rule(folder, action).home)) == 1
    assert put_all_back(rule(folder, action)) == (1, [])
    assert tree(folder) == {"temple.jpg": CHINA.stat().st_size}


def test_killed_for_real_and_started_again(folder: Path, catalog: Catalog) -> None:
    names = [f"{n:02}.jpg" for n in range(24)]
    for name in names:
        shutil.copy(CHINA, folder / name)
    program = (
        "import sys\n"
        "from workbench.catalog.catalog import Catalog\n"
        "from workbench.engine.folder_rules import WatchRule\n"
        "from workbench.engine.folder_watch import watch_folder\n"
        f"rule = WatchRule(sys.argv[1], {PICTURES!r}, action='move')\n"
        f"for step in watch_folder(rule, Catalog.load().get({PICTURES!r}), seconds=0.05):\n"
        "    print(step, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        seen += line.startswith("Deed")
        if seen == 3:
            process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            break
    process.stdout.close()
    process.wait(60)
    assert 0 < len(list(folder.glob("*.jpg"))) < 24
    done(rule(folder), catalog.get(PICTURES))
    assert tree(folder) == {f"sorted/palace/{name}": CHINA.stat().st_size for name in names}
    assert sorted(Path(row["file"]).name for row in table(folder / "sorted")) == names


def test_a_table_that_was_cut_off_is_mended(folder: Path, catalog: Catalog) -> None:
    made = rule(folder, "log")
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(CHINA, folder / name)
    done(made, catalog.get(PICTURES))
    log = folder / LOG_NAME
    whole = log.read_bytes()
    log.write_bytes(whole[:-30])
    Journal(folder, app_paths()).write_table(folder)
    assert log.read_bytes() == whole


def test_stopping_takes_less_than_a_second(folder: Path, catalog: Catalog) -> None:
    control = Control()
    steps = watch_folder(rule(folder), catalog.get(PICTURES), control, seconds=60)
    next(steps)
    stop = StopsLater(control, 0.2)
    with pytest.raises(Cancelled):
        next(steps)
    assert stop.seconds < 1.0


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_class_is_a_folder_in_its_place(name: str) -> None:
    made = safe_name(name)
    assert made and made not in (".", "..") and len(Path(made).parts) == 1 and not Path(made).is_absolute()
    assert made == safe_name(made) and made.encode("utf-8")


def test_all_tasks_say_what_can_be_done() -> None:
    from workbench.engine.folder_rules import names_things

    assert names_things(get_task("image-classification")) and not names_things(get_task("speech-recognition"))
