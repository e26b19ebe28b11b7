"""The kill tests: a real process of the app works as a person does and is killed (SIGKILL) at a random moment; then the
project, the models, the downloads and the exports are looked at. Seeded: the same seed kills at the same moments.

Used by tests/reliability/test_kills.py (some thirty kills) and by benchmarks/reliability.py (as many as one likes).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[2]
USER = Path(__file__).with_name("user.py")
# No life of these lasts this long, whatever else the machine does.
_PATIENCE = 240.0
_ASLEEP = 1.5
CLASSES = ("zero", "one", "two")


@dataclass(frozen=True)
class Life:
    """One process: what it confirmed, its exit code (-9: killed), how long it lived."""

    said: list[str]
    code: int
    seconds: float

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Users:
    """Starts processes of the app.

    Args:
        fresh: each is started anew with its own interpreter, as a person starts the app; else it is forked from one that
            has loaded the libraries, which takes milliseconds.
        program: the frozen app as a user (see `frozen_user`), started anew each time, in place of the source tree.
    """

    def __init__(self, fresh: bool = False, program: Path | None = None) -> None:
        self._alone_as = [str(program)] if program is not None else [sys.executable, str(USER)]
        fresh = fresh or program is not None
        self._parent: subprocess.Popen[str] | None = None
        self._environment = os.environ | {
            "OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen", "HF_ENDPOINT": "http://127.0.0.1:9",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        if not fresh:
            self._parent = subprocess.Popen(
                [sys.executable, str(USER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=self._environment,
            )  # fmt: skip
            assert self._parent.stdout is not None and self._parent.stdout.readline() == "ready\n"

    def live(
        self,
        home: Path,
        deed: str,
        *arguments: Any,
        kill_after: float | None = None,
        last_step: int | None = None,
        sleep_after: float | None = None,
        **extra: str,
    ) -> Life:
        """One life. It is killed after so many seconds, or at this step on the disk; None and None: it comes to its end.

        Args:
            sleep_after: put to sleep for a while after so many seconds, as by a closed lid (forked lives only).
        """
        said = home / "said.txt"
        said.unlink(missing_ok=True)
        what = json.dumps(
            {
                "deed": deed, "arguments": arguments, "said": str(said), "inside": str(home.parent), "last_step": last_step,
                "environment": {"WORKBENCH_HOME": str(home), "HF_HUB_CACHE": str(home / "other-hub"), **extra},
            }
        )  # fmt: skip
        began = time.monotonic()
        forked = self._parent is not None
        code = self._forked(what, kill_after, sleep_after) if forked else self._alone(what, kill_after)
        lines = said.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True) if said.exists() else []
        # A line without its end was being written: nobody has read it.
        return Life([line.rstrip("\n") for line in lines if line.endswith("\n")], code, time.monotonic() - began)

    def _alone(self, what: str, kill_after: float | None) -> int:
        with subprocess.Popen([*self._alone_as, what], env=self._environment) as process:
            try:
                return process.wait(_PATIENCE if kill_after is None else kill_after)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                code = process.wait()
                assert kill_after is not None, "a life did not come to its end"
                return code

    def _forked(self, what: str, kill_after: float | None, sleep_after: float | None) -> int:
        assert self._parent is not None and self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.write(f"{what}\n")
        self._parent.stdin.flush()
        child = int(self._parent.stdout.readline())
        if sleep_after is not None and not select.select([self._parent.stdout], [], [], sleep_after)[0]:
            os.kill(child, signal.SIGSTOP)
            time.sleep(_ASLEEP)
            os.kill(child, signal.SIGCONT)
        over, _, _ = select.select([self._parent.stdout], [], [], _PATIENCE if kill_after is None else kill_after)
        if not over:
            with suppress(ProcessLookupError):  # it came to its end by itself in this moment
                os.kill(child, signal.SIGKILL)
        code = int(self._parent.stdout.readline())
        assert over or kill_after is not None, "a life did not come to its end"
        return code

    def close(self) -> None:
        if self._parent is not None:
            assert self._parent.stdin is not None and self._parent.stdout is not None
            self._parent.stdin.close()
            self._parent.kill()  # it has nothing to bring to an end
            self._parent.wait()
            self._parent.stdout.close()


@contextmanager
def users(fresh: bool = False, program: Path | None = None) -> Iterator[Users]:
    made = Users(fresh, program)
    try:
        yield made
    finally:
        made.close()


# What must hold after any kill ----------------------------------------------------------------------------------------------


def check_project(folder: Path) -> None:
    """The project opens, its file is sound, what it has copied is what it says, every run can be read."""
    from workbench.data.project import Project
    from workbench.engine.run import read_events

    with Project.open(folder) as project:
        assert project.name and project.task_id
        for item in project.items(project.item_ids()):
            if item.path is not None and folder in item.path.parents:
                assert hashlib.sha256(item.path.read_bytes()).hexdigest() == item.content_hash, (
                    f"{item.name} is damaged"
                )
        for run in project.runs():
            read_events(run)
    sql = sqlite3.connect(folder / "project.db")
    try:
        assert sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert sql.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        sql.close()


def check_models(home: Path) -> list[str]:
    """Every own model that is listed is whole. Returns their ids."""
    from workbench.app_paths import AppPaths
    from workbench.catalog.catalog import Catalog

    paths = AppPaths(home / "settings", home / "cache", home / "projects", home / "models", home / "logs")
    catalog = Catalog.load(paths)
    assert not catalog.problems(), catalog.problems()
    for card in catalog.own():
        assert not Path(card.source.ref).name.startswith("."), f"{card.id} is half"
        assert weights_of(Path(card.source.ref)), f"{card.id} has no weights"
    return [card.id for card in catalog.own()]


def weights_of(folder: Path) -> dict[str, bytes]:
    """The tensors of a model folder, bit by bit."""
    from safetensors.torch import load_file

    return {k: v.contiguous().numpy().tobytes() for k, v in load_file(folder / "model.safetensors").items()}


def _content(file: Path) -> bytes:
    """Of a PDF, which says to the second when it was made, only whether it is whole."""
    data = file.read_bytes()
    return data[:5] + data.rstrip()[-5:] if file.suffix == ".pdf" else data


def files_of(folder: Path) -> dict[str, bytes]:
    """What a person sees in a folder (nothing hidden), by name."""
    return {
        str(f.relative_to(folder)): _content(f)
        for f in sorted(folder.rglob("*"))
        if f.is_file() and not any(part.startswith(".") for part in f.relative_to(folder).parts)
    }


def digits(name: str) -> list[Path]:
    """Some of the sample's pictures of a class."""
    return sorted((ROOT / "resources" / "samples" / "digits" / name).iterdir())[:14]


# The scenarios ----------------------------------------------------------------------------------------------------------------


@dataclass
class Scenario:
    """One thing people do.

    Attributes:
        work: a folder of its own.
        usual: seconds of an undisturbed life, `steps`: its steps on the disk; a kill comes at any moment of it.
        kills: how many lives were ended; `lives`: how many there were.
        checked: what was confirmed and found there after kills.
    """

    name: ClassVar[str] = ""
    said: ClassVar[str] = ""

    users: Users
    work: Path
    chance: random.Random
    usual: float = 0.0
    steps: int = 0
    kills: int = 0
    lives: int = 0
    checked: int = 0
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.work / "home"
        self.home.mkdir(parents=True)
        self.prepare()

    def prepare(self) -> None:
        """An undisturbed life: how long it lasts, and what comes of it."""
        raise NotImplementedError

    def once(self) -> None:
        """One life with a kill, and the look at what is left. Raises: AssertionError."""
        raise NotImplementedError

    def finish(self) -> None:
        """A last life to its end: the same must come of it as of the undisturbed one. Raises: AssertionError."""

    def close(self) -> None:
        """The scenario is over."""

    def live(
        self, deed: str, *arguments: Any, kill: bool = True, sleep_after: float | None = None, **extra: str
    ) -> Life:
        when: dict[str, Any] = {"sleep_after": sleep_after}
        if kill and self.steps and self.chance.random() < 0.5:
            when = {"last_step": self.chance.randrange(self.steps)}
        elif kill:
            when = {"kill_after": self.chance.uniform(0.0, self.usual)}
        life = self.users.live(self.home, deed, *arguments, **when, **extra)
        self.lives += 1
        self.kills += life.killed
        assert life.killed or life.code == 0, f"it failed by itself ({life.code}) {when}: {life.said[-12:]}"
        if not kill:
            self.steps = self.steps or int(life.said[-1].split()[1])
            self.usual = self.usual or life.seconds
        return life


class Labelling(Scenario):
    name = "label"
    said = "Labelling with keys in the window, with steps taken back, on a project that is reopened at each start"
    _PRESSES = 30

    def prepare(self) -> None:
        from workbench.data.project import Project
        from workbench.data.types import NewItem

        self.folder = self.work / "Messages"
        with Project.create(self.folder, "Messages", "text-classification") as project:
            for name in CLASSES:
                project.add_class(name)
            project.add_items(NewItem("text", f"text {n}", text=f"this is text number {n}") for n in range(60))
        (self.home / "settings").mkdir()
        (self.home / "settings" / "window.ini").write_text(
            f"[project]\nopen={self.folder}\n[window]\npage=data\n", encoding="utf-8"
        )
        self.labels: dict[int, int] = {}
        self.pressed = 0
        self._live(kill=False)

    def _live(self, kill: bool = True) -> Life:
        life = self.live("label", str(self.folder), self.chance.randrange(1 << 30), self._PRESSES, kill=kill)
        begun = 0
        self.pressed += sum(line.startswith("will") for line in life.said)
        for line in life.said:
            word, *rest = line.split()
            if word == "will":
                begun = int(rest[0])
            elif word == "is":
                self.labels[int(rest[0])] = int(rest[1])
                begun = 0
        self._look(begun)
        return life

    def _look(self, begun: int) -> None:
        from workbench.data.project import Project

        check_project(self.folder)
        with Project.open(self.folder) as project:
            found = {i: s.class_id or 0 for i, s in project.label_states(list(self.labels) or [0]).items()}
        for item_id, class_id in self.labels.items():
            if item_id == begun:  # the kill came between the key and the answer: either is right
                self.labels[item_id] = found[item_id]
            assert found[item_id] == self.labels[item_id], f"the label of item {item_id} is lost"
            self.checked += class_id == found[item_id]

    def once(self) -> None:
        self._live()

    def finish(self) -> None:
        """However it was killed before, the next start comes to its end."""
        before = self.pressed
        self._live(kill=False)
        assert self.pressed == before + self._PRESSES


class Importing(Scenario):
    name = "import"
    said = "Importing folders of pictures into a new project, with copies, on the command line"

    def prepare(self) -> None:
        self.source = self.work / "digits"
        for name in CLASSES:
            (self.source / name).mkdir(parents=True)
            for file in digits(name):
                shutil.copy(file, self.source / name)
        self.folder = self.work / "Digits"
        self.live("command", self._line(), kill=False)
        self.whole = self._content()
        shutil.rmtree(self.folder)

    def _line(self) -> list[str]:
        return ["project", "import", str(self.folder), str(self.source), "--copy"]

    def _content(self) -> dict[str, int | None]:
        from workbench.data.project import Project

        with Project.open(self.folder) as project:
            return {i.content_hash: i.class_id for i in project.items(project.item_ids())}

    def once(self) -> None:
        life = self.live("command", self._line())
        if (self.folder / "project.db").exists():
            check_project(self.folder)
            content = self._content()
            assert content.items() <= self.whole.items()
            self.checked += len(content)
        if not life.killed or self.chance.random() < 0.3:
            self.finish()
            shutil.rmtree(self.folder)

    def finish(self) -> None:
        self.live("command", self._line(), kill=False)
        check_project(self.folder)
        assert self._content() == self.whole, "the import is not what an undisturbed one is"
        self.checked += len(self.whole)


class TrainingScenario(Scenario):
    name = "train"
    said = "Training (Balanced), killed and gone on with again and again; its weights against an undisturbed run's, bit by bit"

    def prepare(self) -> None:
        self.original, self.folder = self.work / "original", self.work / "Digits"
        self.make()
        self._anew()
        self.live("train", self._line(), kill=False)
        (model,) = check_models(self.home)
        self.whole = weights_of(self.home / "models" / model)
        self._anew()

    def make(self) -> None:
        """The project that is taught, in `original`."""
        from workbench.data.project import Project
        from workbench.data.types import NewItem

        with Project.create(self.original, "Digits", "image-classification") as project:
            project.add_items(
                [NewItem("picture", f.name, path=f, label=name) for name in CLASSES[1:] for f in digits(name)[:10]]
            )
            project.ensure_splits()

    def _anew(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.home / "models", ignore_errors=True)
        shutil.copytree(self.original, self.folder)

    def _line(self) -> list[str]:
        return ["train", str(self.folder), "--how", "balanced", "--epochs", "2"]

    def _waits(self) -> bool:
        from workbench.data.project import Project
        from workbench.engine.run import resumable

        with Project.open(self.folder) as project:
            return bool(resumable(project))

    def _go_on(self, kill: bool) -> Life:
        # One that is not killed is put to sleep in the middle: what comes of it must be the same.
        asleep = None if kill else self.usual / 2
        line = [*self._line(), *(["--resume"] if self._waits() else [])]
        return self.live("train", line, kill=kill, sleep_after=asleep)

    def once(self) -> None:
        life = self._go_on(kill=True)
        check_project(self.folder)
        check_models(self.home)
        if not life.killed or self._done() is not None:  # the kill may come while the report is written
            self._compare()

    def finish(self) -> None:
        if self._done() is None:
            self._go_on(kill=False)
        self._compare()

    def _done(self) -> str | None:
        from workbench.data.project import Project

        with Project.open(self.folder) as project:
            return next((str(r.metrics["model_id"]) for r in project.runs() if r.status == "done"), None)

    def _compare(self) -> None:
        model = self._done()
        assert model is not None, "the training is over and is not done"
        assert check_models(self.home) == [model], "a second copy of the model is left"
        assert weights_of(self.home / "models" / model) == self.whole, "resumed, it is not bit-equal"
        assert not self._waits()
        self.checked += 1
        self._anew()


def field_data(field: str, work: Path) -> list[str]:
    """Files of a kind that is no picture and no text, and how the command line is told to take them in."""
    if field == "likes":
        sys.path.insert(0, str(ROOT / "tests"))
        from likes import write_likes

        return [str(write_likes(work / "likes", 30, 30)), "--answer", "liked=4"]
    # Molecules last longer: fewer of them.
    name, count = {"rows": ("tumours.csv", 121), "molecules": ("molecules.csv", 41)}[field]
    lines = (ROOT / "resources" / "samples" / name).read_text(encoding="utf-8").splitlines()[:count]
    (work / name).write_text("\n".join(lines), encoding="utf-8")
    return [str(work / name)]


class FieldImporting(Importing):
    """As `Importing`. Kinds of it say the field."""

    field: ClassVar[str] = ""

    def prepare(self) -> None:
        self.folder = self.work / "Taken"
        self.data = field_data(self.field, self.work)
        self.live("command", self._line(), kill=False)
        self.whole = self._content()
        shutil.rmtree(self.folder)

    def _line(self) -> list[str]:
        return ["project", "import", str(self.folder), *self.data]

    def _content(self) -> dict[str, Any]:
        """Of each thing what is written down of it, its class, its number; of each person and thing how much it was liked."""
        from workbench.data.project import Project

        with Project.open(self.folder) as project:
            ids = project.item_ids()
            states = project.annotation_states(ids)
            names = {c.id: c.name for c in project.classes()}
            found: dict[str, Any] = {
                f"{i.name} {i.text}": (names.get(i.class_id or 0), *(a.text for a in states[i.id].annotations))
                for i in project.items(ids)
            }
            keys = {i.id: i.name for i in project.items(ids)}
            for person, case in project.histories():
                found |= {f"{person} and {keys[i]}": strength for i, strength in case.liked}
                found |= {f"{person} and {keys[i]}": 0.0 for i in case.seen}
        return found


class ImportingRows(FieldImporting):
    name, field = "import-rows", "rows"
    said = "Importing a table whose rows are items into a new project, on the command line"


class ImportingMolecules(FieldImporting):
    name, field = "import-molecules", "molecules"
    said = "Importing molecules with a number each"


class ImportingLikes(FieldImporting):
    name, field = "import-likes", "likes"
    said = "Importing two tables of who liked what"


class FieldTraining(TrainingScenario):
    """As `TrainingScenario`. Kinds of it say the field."""

    field: ClassVar[str] = ""

    def make(self) -> None:
        from workbench.data.project import Project

        line = ["project", "import", str(self.original), *field_data(self.field, self.work)]
        life = self.users.live(self.home, "command", line)
        assert life.code == 0, life.said
        with Project.open(self.original) as project:
            project.ensure_splits()


class TrainingRows(FieldTraining):
    name, field = "train-rows", "rows"
    said = "Teaching a table's rows (trees), killed and gone on with; the model against an undisturbed one, bit by bit"


class TrainingMolecules(FieldTraining):
    name, field = "train-molecules", "molecules"
    said = "Teaching molecules, killed and gone on with; the weights against an undisturbed run's, bit by bit"


class TrainingLikes(FieldTraining):
    name, field = "train-likes", "likes"
    said = "Teaching recommendations, killed and gone on with; the model against an undisturbed one, bit by bit"


class Downloading(Scenario):
    name = "download"
    said = "Downloading a model of 6 MB from a hub, on the command line; then what lies there is verified"
    _SIZE = 6_000_000

    def prepare(self) -> None:
        sys.path.insert(0, str(ROOT / "tests"))
        from hub_server import serving

        from workbench.app_paths import AppPaths
        from workbench.catalog.card import ModelCard, Source, SourceFile
        from workbench.catalog.catalog import Catalog

        self.data = random.Random(7).randbytes(self._SIZE)
        self._serving = serving({"/example.org/large.bin": self.data})
        self.hub = self._serving.__enter__()
        self.hub.slow = 0.002
        file = SourceFile(
            "large.bin", "https://example.org/large.bin", self._SIZE, hashlib.sha256(self.data).hexdigest()
        )
        source = Source("url", "https://example.org", path="large.bin", size=self._SIZE, files=(file,))
        self.card = ModelCard("large", "Large", ("image-classification",), "timm", "x", source)
        home = self.home
        self.paths = AppPaths(home / "settings", home / "cache", home / "projects", home / "models", home / "logs")
        Catalog.load(self.paths).remember(self.card)
        self._live(kill=False)
        shutil.rmtree(self.home / "cache")

    def _live(self, kill: bool) -> Life:
        return self.live("command", ["models", "download", "large"], kill=kill, WORKBENCH_URL_BASE=self.hub.url)

    def once(self) -> None:
        from workbench.hub.cache import Cache
        from workbench.hub.store import is_present

        life = self._live(kill=True)
        cache = Cache(self.paths)
        if is_present(self.card, self.paths):
            (stored,) = [s for s in cache.entries() if s.id == "large"]
            assert cache.verify(stored) == []
        else:
            assert life.killed
            assert all(s.partial for s in cache.entries())
        self.checked += 1
        if not life.killed or self.chance.random() < 0.3:
            self.finish()
            shutil.rmtree(self.home / "cache", ignore_errors=True)

    def finish(self) -> None:
        self._live(kill=False)
        assert next((self.home / "cache" / "weights").rglob("large.bin")).read_bytes() == self.data

    def close(self) -> None:
        self._serving.__exit__(None, None, None)


class Exporting(Scenario):
    name = "export"
    said = "Exporting labels as a table and as a folder per class, and a model as a folder, into the same places again"

    def prepare(self) -> None:
        from workbench.data.project import Project
        from workbench.data.types import NewItem

        self.folder, self.out = self.work / "Digits", self.work / "out"
        with Project.create(self.folder, "Digits", "image-classification") as project:
            project.add_items([NewItem("picture", f.name, path=f, label=n) for n in CLASSES for f in digits(n)])
        self.live("command", ["train", str(self.folder), "--how", "quick", "--name", "Mine"], kill=False)
        (self.model,) = check_models(self.home)
        self.usual = self.steps = 0
        self._live(kill=False)
        self.whole = files_of(self.out)
        shutil.rmtree(self.out)

    def _make_place(self) -> None:
        """The table is written over; an export as folders never writes over what is there."""
        for name in ("folders", "model"):
            shutil.rmtree(self.out / name, ignore_errors=True)

    def _live(self, kill: bool) -> Life:
        return self.live(
            "command", ["project", "export", str(self.folder), str(self.out / "labels.csv")],
            ["project", "export", str(self.folder), str(self.out / "folders")],
            ["export", self.model, "--out", str(self.out / "model"), "--accept-licence"], kill=kill,
        )  # fmt: skip

    def once(self) -> None:
        self._make_place()
        life = self._live(kill=True)
        found = files_of(self.out) if self.out.exists() else {}
        for name, data in found.items():
            assert data == self.whole[name], f"{name} is half"
            self.checked += 1
        model = self.out / "model" / self.model
        if model.exists():
            assert {n for n in found if n.startswith("model/")} == {n for n in self.whole if n.startswith("model/")}
        if not life.killed or self.chance.random() < 0.5:
            self.finish()
            shutil.rmtree(self.out)

    def finish(self) -> None:
        self._make_place()
        self._live(kill=False)
        assert files_of(self.out) == self.whole
        left = [f for f in self.out.rglob("*") if f.name.startswith(".") and f.is_file()]
        assert not [f for f in left if f.parent == self.out], "something half is left beside the table"


class Keeping(Scenario):
    name = "backup"
    said = "Labelling, backing up and going back to a backup, by turns; every backup that is listed is opened"
    _TURNS = 6

    def prepare(self) -> None:
        from workbench.data.project import Project
        from workbench.data.types import NewItem

        self.folder = self.work / "Messages"
        with Project.create(self.folder, "Messages", "text-classification") as project:
            for name in CLASSES:
                project.add_class(name)
            project.add_items(NewItem("text", f"text {n}", text=f"this is text number {n}") for n in range(40))
        self.labels = self._now()
        self.kept: dict[int, dict[int, int]] = {}
        self._live(kill=False)

    def _now(self) -> dict[int, int]:
        from workbench.data.project import Project

        with Project.open(self.folder) as project:
            return {i: s.class_id or 0 for i, s in project.label_states(project.item_ids()).items()}

    def _live(self, kill: bool = True) -> Life:
        life = self.live("keep", str(self.folder), self.chance.randrange(1 << 30), self._TURNS, kill=kill)
        # What may be: the labels as they were confirmed, or what was being done when it was killed.
        may = [dict(self.labels)]
        for line in life.said:
            word, _, given = line.partition(" ")
            rest, now = given.split(), may[0]
            if word == "will":
                may = [now, now | {int(rest[0]): int(rest[1])}]
            elif word == "is":
                may = [now | {int(rest[0]): int(rest[1])}]
            elif word == "kept":
                self.kept[int(rest[0])] = dict(now)
            elif word == "back":
                may = [now, {int(item): int(label) for item, label in json.loads(given).items()}]
            elif word == "went":
                may = [may[1]]
        self._look(may)
        return life

    def _in(self, number: int) -> dict[int, int]:
        from workbench.data.backup import backups

        path = next(b.path for b in backups(self.folder) if b.number == number)
        sql = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            assert sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)], f"{path.name} is damaged"
            return dict(sql.execute("SELECT id, COALESCE(class_id, 0) FROM items WHERE NOT deleted"))
        finally:
            sql.close()

    def _look(self, may: list[dict[int, int]]) -> None:
        from workbench.data.backup import FOLDER, backups

        check_project(self.folder)
        self.labels = self._now()
        assert self.labels in may, "the labels are neither those before nor those after"
        listed = {b.number for b in backups(self.folder)}
        whole = {int(f.name.split("-")[1]) for f in (self.folder / FOLDER).glob("labels-*.db")}
        assert listed == whole, "a backup is half"
        for number in listed:
            found = self._in(number)
            assert number not in self.kept or found == self.kept[number], (
                "a backup holds other labels than it was made of"
            )
        self.checked += len(listed) + len(self.labels)

    def once(self) -> None:
        self._live()

    def finish(self) -> None:
        self._live(kill=False)


class Writing(Scenario):
    name = "write"
    said = "Drawing boxes, noting reviews and talking, by turns; everything confirmed is there, nothing is half"
    _TURNS = 25

    def prepare(self) -> None:
        from workbench.data.project import Project
        from workbench.data.types import NewItem

        self.folder, self.talks = self.work / "Boxes", self.work / "talks"
        with Project.create(self.folder, "Boxes", "object-detection") as project:
            project.add_class("cat")
            project.add_items([NewItem("picture", f.name, path=f) for name in CLASSES for f in digits(name)[:4]])
        self.there: dict[tuple[str, int], int] = {}
        self._live(kill=False)

    def _live(self, kill: bool = True) -> Life:
        life = self.live(
            "write", str(self.folder), str(self.talks), self.chance.randrange(1 << 30), self._TURNS, kill=kill
        )
        begun: tuple[tuple[str, int], int] | None = None
        for line in life.said:
            word, *rest = line.split()
            if word in ("will", "is"):
                what, item, number = rest
                if word == "is":
                    self.there[what, int(item)] = int(number)
                begun = ((what, int(item)), int(number)) if word == "will" else None
        self._look(begun)
        return life

    def _look(self, begun: tuple[tuple[str, int], int] | None) -> None:
        from workbench.data.project import Project
        from workbench.engine.conversation_store import ConversationStore

        check_project(self.folder)
        store = ConversationStore(self.talks)
        assert not [e.problem for e in store.listed() if e.problem], "a conversation is half"
        with Project.open(self.folder) as project:
            reviewed = project.reviewed()
            for (what, item), number in self.there.items():
                if what == "marks":
                    found = len(project.annotations(item))
                    assert project.items([item])[0].marked
                elif what == "review":
                    found = int(reviewed[item].answer.split()[1])
                else:
                    found = len(store.load(f"talk-{item}").turns)
                if begun is not None and begun[0] == (what, item) and found == begun[1]:
                    self.there[what, item] = number = found
                assert found == number, f"{what} of {item}: {found} instead of {number}"
                self.checked += 1

    def once(self) -> None:
        self._live()

    def finish(self) -> None:
        self._live(kill=False)


SCENARIOS: tuple[type[Scenario], ...] = (
    Labelling, Importing, TrainingScenario, Downloading, Exporting, Keeping, Writing, ImportingRows, ImportingMolecules,
    ImportingLikes, TrainingRows, TrainingMolecules, TrainingLikes,
)  # fmt: skip
