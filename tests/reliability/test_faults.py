"""What else goes wrong with computers: memory, clocks, sleep, drives, networks that die, files that vanish."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from workbench import atomic
from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source, SourceFile
from workbench.catalog.catalog import Catalog
from workbench.data import store as storing
from workbench.data.drive import Place, place_of
from workbench.data.project import Project
from workbench.data.store import DATABASE, ProjectInUseError
from workbench.data.types import ItemFilter, NewItem, RunRecord
from workbench.data.verify import verify
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.step_clock import StepClock
from workbench.errors import UserError, out_of_memory
from workbench.hub import records
from workbench.hub.cache import Cache
from workbench.hub.store import download, find, is_present

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import hub_server  # noqa: E402
from hub_server import Hub, serving  # noqa: E402

Digits = Callable[..., Path]
MakeProject = Callable[[Path], Project]


def texts(count: int) -> list[NewItem]:
    return [NewItem("text", f"n{n}", text=f"text number {n}", label="a") for n in range(count)]


def child(code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip


# Drives ---------------------------------------------------------------------------------------------------------------

_MOUNTS = """\
/dev/sda2 / ext4 rw,relatime 0 0
nas:/export/photos /mnt/photos nfs4 rw,vers=4.2 0 0
//server/share /mnt/My\\040share cifs rw 0 0
anna@host:/home /home/anna/far fuse.sshfs rw 0 0
/dev/sdb1 /mnt/photos/local ext4 rw 0 0
/dev/sdc1 /media/usb vfat rw 0 0
tmpfs /tmp tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind", "name"),
    [
        ("/home/anna/Projects/P", "local", ""),
        ("/mnt/photos/P", "network", "nfs4"),
        ("/mnt/photos/local/P", "local", ""),
        ("/mnt/photosynthesis", "local", ""),
        ("/mnt/My share/P", "network", "cifs"),
        ("/home/anna/far/P", "network", "sshfs"),
        ("/media/usb/P", "local", ""),
        ("/home/anna/OneDrive/P", "cloud", "OneDrive"),
        ("/home/anna/OneDrive - Firm Ltd/P", "cloud", "OneDrive"),
        ("/home/anna/Dropbox/P", "cloud", "Dropbox"),
        ("/home/anna/Dropbox (Personal)/P", "cloud", "Dropbox"),
        ("/home/anna/Google Drive/My Drive/P", "cloud", "Google Drive"),
        ("/Users/anna/Library/CloudStorage/GoogleDrive-anna@x.org/P", "cloud", "Google Drive"),
        ("/Users/anna/Library/Mobile Documents/com~apple~CloudDocs/P", "cloud", "iCloud"),
        ("/home/anna/iCloudDrive/P", "cloud", "iCloud"),
        ("/home/anna/Nextcloud/P", "cloud", "a cloud service"),
        ("/home/anna/dropboxes/P", "local", ""),
        ("/home/anna/my drives/P", "local", ""),
    ],
)
def test_where_a_folder_lies(folder: str, kind: str, name: str) -> None:
    found = place_of(Path(folder), _MOUNTS)
    assert (found.kind, found.name) == (kind, name)
    assert bool(found.sentence) == (kind != "local")


@pytest.fixture
def on_a_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def put(there: bool) -> None:
        monkeypatch.setattr(storing, "place_of", lambda _f: Place("network", "nfs4") if there else Place())

    return put


def test_a_project_changes_its_way_of_writing_with_its_drive(
    tmp_path: Path, on_a_network: Callable[[bool], None]
) -> None:
    def journal(project: Project) -> tuple[str, int]:
        sql = project._store._connection()
        return sql.execute("PRAGMA journal_mode").fetchone()[0], sql.execute("PRAGMA synchronous").fetchone()[0]

    on_a_network(False)
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        project.add_items(texts(20))
        assert journal(project) == ("wal", 2)
    on_a_network(True)
    with Project.open(tmp_path / "P") as project:
        assert journal(project) == ("delete", 3) and project.place.name == "nfs4"
        project.set_label(project.item_ids()[:5], None)
        assert not (tmp_path / "P" / f"{DATABASE}-wal").exists()
        with Project.open(tmp_path / "P", read_only=True) as reader:
            assert reader.counts().labelled == 15
    with Project.create(tmp_path / "Q", "Q", "text-classification") as project:
        assert journal(project) == ("delete", 3)
    on_a_network(False)
    with Project.open(tmp_path / "P") as project:
        assert journal(project) == ("wal", 2) and project.counts().labelled == 15


def test_killed_on_a_network_drive(tmp_path: Path) -> None:
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        project.add_items(texts(200))
        other = project.add_class("b")
    process = child(
        """
        import sys
        from pathlib import Path
        from workbench.data import store
        from workbench.data.drive import Place
        store.place_of = lambda _folder: Place("network", "nfs")
        from workbench.data.project import Project
        project = Project.open(Path(sys.argv[1]))
        for item in project.item_ids():
            project.set_label([item], int(sys.argv[2]))
            print(item, flush=True)
        """,
        tmp_path / "P", other.id,
    )  # fmt: skip
    assert process.stdout is not None
    said = [int(next(process.stdout)) for _ in range(40)]
    process.send_signal(signal.SIGKILL)
    said += [int(line) for line in process.communicate()[0].split()]
    with Project.open(tmp_path / "P") as project:
        assert set(said) <= set(project.item_ids(ItemFilter(class_ids=(other.id,))))


# A project that is being made ------------------------------------------------------------------------------------------


def test_a_project_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its database used to be there before its tables, its name and its task: cut off then, it could not be opened, and a new
    one could not be made there."""

    class Killed(BaseException):
        pass

    def cut(_made: Path, _place: Path, **_how: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "put", cut)
        with pytest.raises(Killed):
            Project.create(tmp_path / "P", "Mine", "text-classification")
    assert not (tmp_path / "P" / DATABASE).exists()
    with Project.create(tmp_path / "P", "Mine", "text-classification") as project:
        assert (project.name, project.task_id) == ("Mine", "text-classification")


# Two copies -----------------------------------------------------------------------------------------------------------


def test_two_copies_of_the_app_on_one_project(tmp_path: Path) -> None:
    """The second is told, may read, sees what the first does, and takes over when the first is gone, killed or not."""
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        project.add_items(texts(5))
    first = child(
        """
        import sys
        from pathlib import Path
        from workbench.data.project import Project
        project = Project.open(Path(sys.argv[1]))
        print("open", flush=True)
        sys.stdin.readline()
        """,
        tmp_path / "P",
    )
    assert first.stdout is not None and first.stdout.readline() == "open\n"
    with pytest.raises(ProjectInUseError, match="another window") as told:
        Project.open(tmp_path / "P")
    assert told.value.folder == tmp_path / "P"
    with Project.open(tmp_path / "P", read_only=True) as reader, pytest.raises(UserError, match="reading only"):
        reader.add_class("x")
    first.kill()
    first.communicate()
    with Project.open(tmp_path / "P") as project:
        project.add_class("x")


# Clocks and sleep -------------------------------------------------------------------------------------------------------


def test_the_newest_training_is_the_last_begun_whatever_the_clock_says(tmp_path: Path) -> None:
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        for name, created in (("first", "2026-05-01"), ("second", "2019-01-01"), ("third", "2026-04-01")):
            project.save_run(RunRecord(name, name, "done", created, {}, {}, project.runs_folder / name))
        project.save_run(project.run("first"))
        assert [r.id for r in project.runs()] == ["third", "second", "first"]


def test_a_clock_put_back_stops_no_note(monkeypatch: pytest.MonkeyPatch) -> None:
    card = ModelCard("m", "M", ("image-classification",), "timm", "x", Source("url", "https://example.org"))
    paths = app_paths()
    records.begun(card, [], paths)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    records.used(card, Path("x"), paths)
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    records.used(card, Path("x"), paths)
    found = records.read("m", paths)
    assert found is not None and found.last_used == 1_000_000_000.0


def test_sleep_does_not_upset_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    clock = StepClock()

    def step(seconds: float) -> float:
        now[0] += seconds
        return clock.step()

    assert step(4.0) == 4.0
    for _ in range(9):
        step(0.5)
    usual = 8.5 / 10
    assert step(0.5) < usual
    assert step(8 * 3600.0) < usual, "the lid was closed for the night"
    assert step(-30.0) < usual, "a clock that jumps back"
    assert 0.3 < step(0.5) < usual
    for _ in range(30):  # a model that really becomes slower is believed
        found = step(2.0)
    assert found > 1.2


# Memory -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried"),
            True,
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("shapes do not match"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_says_that_memory_ran_out(error: BaseException, expected: bool) -> None:
    assert out_of_memory(error) is expected


def test_out_of_memory_is_one_sentence_and_nothing_is_lost(digits_folder: Digits, make_project: MakeProject) -> None:
    """A limit on the address space, set when the libraries are loaded: the training cannot have what it needs."""
    project = make_project(digits_folder(("one", "two"), 8))
    folder = project.folder
    project.close()
    process = child(
        """
        import resource, sys
        from importlib import import_module
        from workbench.__main__ import main
        for name in ("workbench.engine.fit", "torch._dynamo", "timm", "safetensors.torch", "workbench.trust.report"):
            import_module(name)
        from workbench.engine.finetune import load_libraries
        load_libraries()
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 60_000_000, used + 60_000_000))
        sys.exit(main(["train", sys.argv[1], "--how", "thorough", "--epochs", "1"]))
        """,
        folder,
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, (out, err)
    said = [line for line in err.splitlines() if line.strip()]
    assert "memory" in said[-1] and "Traceback" not in err, err
    with Project.open(folder) as again:
        assert again.counts().labelled == 16
    assert verify(folder).sound


# Disks that fill up ---------------------------------------------------------------------------------------------------------


def test_no_room_for_a_backup_or_a_restore(tmp_path: Path) -> None:
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        project.add_items(NewItem("text", f"n{n}", text=f"text {n} " * 100, label="a") for n in range(400))
    code = """
        import resource, sys
        from workbench.__main__ import main
        limit = int(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        sys.exit(main(sys.argv[2:]))
        """
    for words in (["project", "backup", str(tmp_path / "P")], ["project", "restore", str(tmp_path / "P")]):
        process = child(code, 100_000, *words)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1 and "no room on the disk" in err, err
        assert not [f for f in (tmp_path / "P").rglob("*") if f.name.endswith(".part")]
        good = child(code, resource.RLIM_INFINITY, "project", "backup", str(tmp_path / "P"))
        assert good.wait(60) == 0
        good.communicate()
    with Project.open(tmp_path / "P") as project:
        assert project.counts().labelled == 400


# Files that vanish ------------------------------------------------------------------------------------------------------------


def test_pictures_that_vanish_while_the_project_is_open(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    folder = digits_folder(("one", "two"), 12)
    project = make_project(folder)
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    gone = sorted((folder / "one").iterdir())[:2]
    for file in gone:
        file.unlink()
    (folder / "two").rename(folder / "two moved")
    (folder / "two moved").rename(folder / "two")  # there and back: nothing is noted for good
    *_, last = fit(new_config(project, card, How.QUICK), project, catalog)
    assert isinstance(last, Finished)
    broken = [i for i in project.items(project.item_ids()) if i.problem]
    assert {i.path for i in broken} == set(gone) and project.counts().broken == 2
    assert [t.code for t in verify(project.folder).troubles] == ["media"]


# Networks that die ------------------------------------------------------------------------------------------------------------

FILES = {f"/example.org/{n}.bin": random.Random(n).randbytes(200_000) for n in ("a", "b", "c")}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(dict(FILES)) as running:
        monkeypatch.setenv("WORKBENCH_URL_BASE", running.url)
        yield running


@pytest.mark.parametrize("answers", range(4))
@pytest.mark.parametrize("bytes_more", [0, 1, 70_000])
def test_the_network_dies_in_every_phase(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, answers: int, bytes_more: int
) -> None:
    """After so many answers, and so many bytes of the next, nothing comes any more; later all is well again."""
    import hashlib

    files = tuple(
        SourceFile(Path(p).name, f"https:/{p}", len(data), hashlib.sha256(data).hexdigest())
        for p, data in FILES.items()
    )
    source = Source("url", "https://example.org", size=sum(f.size for f in files), files=files)
    card = ModelCard("three", "Three", ("image-classification",), "timm", "x", source)
    real = hub_server._Handler._answer
    asked = [0]

    def answer(self: hub_server._Handler, body: bool) -> None:
        asked[0] += 1
        if asked[0] > answers + 1 or (asked[0] > answers and not bytes_more):
            self.close_connection = True
            self.connection.close()
            return
        if asked[0] == answers + 1:
            hub.cut = bytes_more
        real(self, body)

    with monkeypatch.context() as dying:
        dying.setattr(hub_server._Handler, "_answer", answer)
        if answers < 3:
            with pytest.raises(UserError, match="could not be downloaded"):
                download(card)
            assert not is_present(card)
            assert all(s.partial for s in Cache().entries())
        else:
            download(card)
    download(card)
    place = find(card)
    assert place is not None
    assert {f.name: f.read_bytes() for f in place.iterdir() if f.suffix == ".bin"} == {
        Path(p).name: data for p, data in FILES.items()
    }
    (stored,) = Cache().entries()
    assert not stored.partial and Cache().verify(stored) == []


def test_the_cache_of_features_mends_itself(tmp_path: Path) -> None:
    """Killed while it was written, or torn by a power cut: begun anew, with no word to anybody."""
    from workbench.engine.features import FeatureCache

    cache = FeatureCache(tmp_path)
    cache.put({f"k{n}": bytes(4000) for n in range(50)})
    with closing(sqlite3.connect(tmp_path / "features.db")) as sql:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((tmp_path / "features.db").read_bytes())
    data[4096 * 2 : 4096 * 6] = random.Random(1).randbytes(4096 * 4)
    (tmp_path / "features.db").write_bytes(bytes(data))
    cache = FeatureCache(tmp_path)
    found = cache.get([f"k{n}" for n in range(50)])
    assert all(value == bytes(4000) for value in found.values())
    cache.put({"new": b"1"})
    assert cache.get(["new"]) == {"new": b"1"}
