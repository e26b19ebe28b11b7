"""A disk that is really full (a small one of its own, in memory): each thing that is written says so in a sentence, leaves nothing
half, loses nothing that was confirmed, and is done as if nothing had happened once there is room."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.app_paths import AppPaths, resources
from workbench.catalog.card import ModelCard, Source, SourceFile
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.backup import back_up, backups, restore
from workbench.data.exporters.project import export_labels
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import NewItem
from workbench.data.verify import leftovers, verify
from workbench.engine import checkpoint
from workbench.engine.conversation import Conversation, Turn
from workbench.engine.conversation_store import ConversationStore
from workbench.engine.journey import add_plan
from workbench.errors import UserError
from workbench.hub import http
from workbench.hub.store import download, is_present

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hub_server import serving

_MEGABYTES = 12


class Disk:
    """A small disk, and how to fill it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ballast = root / "ballast"

    def fill(self, leave: int) -> None:
        """Leave so many bytes."""
        free = os.statvfs(self.root).f_bavail * os.statvfs(self.root).f_frsize
        self._ballast.write_bytes(bytes(max(0, free - leave)))

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", str(place)]
    if not sys.platform.startswith("linux") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only an administrator of Linux may mount a disk; test_faults.py limits the size of files instead")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def project(disk: Disk) -> Iterator[Project]:
    with Project.create(disk.root / "P", "P", "text-classification") as made:
        made.add_items(NewItem("text", f"n{n}", text=f"text {n} " * 40, label="ab"[n % 2]) for n in range(200))
        yield made


def large(number: int) -> str:
    return f"{number} " * 50_000


def texts(project: Project, disk: Disk) -> None:
    project.add_items(NewItem("text", f"new {n}", text=large(n), label="a") for n in range(20))


def labels(project: Project, disk: Disk) -> None:
    ids = project.item_ids()
    for number in range(400):
        project.set_label(ids, project.classes()[number % 2].id)
        project.set_groups("day", dict.fromkeys(ids, f"{number} {'x' * 300}"))


def marks(project: Project, disk: Disk) -> None:
    words = tuple(Annotation(Whole(), None, text=large(n)) for n in range(10))
    project.set_annotations({i: AnnotationState(words, True) for i in project.item_ids()[:5]})


def copies(project: Project, disk: Disk) -> None:
    add_plan(project, sniff([resources() / "samples" / "reviews.csv"]))
    backup(project, disk)


def backup(project: Project, disk: Disk) -> None:
    for _ in range(30):
        back_up(project.folder)


def talk(project: Project, disk: Disk) -> None:
    turns = tuple(Turn("user", large(n)) for n in range(10))
    ConversationStore(disk.root / "talks").save(Conversation("one", turns=turns))


def table(project: Project, disk: Disk) -> None:
    for number in range(40):
        export_labels(project, disk.root / "out" / f"labels{number}.csv")


def state(project: Project, disk: Disk) -> None:
    import torch

    checkpoint.write_tensors(disk.root / "last.safetensors", {"w": torch.zeros(500_000)})


DEEDS = (texts, labels, marks, copies, backup, talk, table, state)


@pytest.mark.parametrize("leave", [0, 60_000])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_no_room(disk: Disk, project: Project, deed: Callable[[Project, Disk], None], leave: int) -> None:
    folder, ids = project.folder, project.item_ids()
    before = {i: s.class_id for i, s in project.label_states(ids).items()}
    disk.fill(leave)
    with pytest.raises(UserError, match=r"room|full") as told:
        deed(project, disk)
    assert told.value.hint and "\n" not in str(told.value)
    assert [f for f in disk.root.rglob("*") if f.name.endswith(".part")] == [], "something half is left"
    # It can still be read, also by the next start, and what was confirmed is there.
    assert set(project.item_ids()) >= set(ids)
    project.close()
    with Project.open(folder) as again:
        found = {i: s.class_id for i, s in again.label_states(ids).items()}
        assert set(found) == set(ids) and (deed is labels or found == before)
        assert set(found.values()) <= set(before.values())
    disk.free()
    assert verify(folder).sound and leftovers(folder, older_than=0.0) == []
    for one in backups(folder):
        assert one.items >= len(ids)
    with Project.open(folder) as again:
        again.set_label(ids[:3], again.classes()[0].id)
        assert back_up(folder).labels == len(ids)


def test_no_room_for_a_restore(disk: Disk, project: Project) -> None:
    folder = project.folder
    made = back_up(folder)
    project.set_label(project.item_ids(), None)
    project.close()
    disk.fill(20_000)
    with pytest.raises(UserError, match=r"room|full"):
        restore(folder, made)
    disk.free()
    with Project.open(folder) as again:
        assert again.counts().labelled == 0, "neither the old labels nor the new ones"
    restore(folder, made)
    with Project.open(folder) as again:
        assert again.counts().labelled == 200


def test_no_room_for_a_model(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before anything is fetched; and also when the room goes meanwhile."""
    data = random.Random(1).randbytes(3_000_000)
    root = disk.root
    paths = AppPaths(root / "settings", root / "cache", root / "projects", root / "models", root / "logs").ensure()
    file = SourceFile("m.bin", "https://example.org/m.bin", len(data), hashlib.sha256(data).hexdigest())
    source = Source("url", "https://example.org", path="m.bin", size=len(data), files=(file,))
    card = ModelCard("one", "One", ("image-classification",), "timm", "x", source)
    with serving({"/example.org/m.bin": data}) as hub:
        monkeypatch.setenv("WORKBENCH_URL_BASE", hub.url)
        with pytest.raises(UserError, match="needs 3 MB, and 13 MB are free"):
            download(card, paths=paths)
        assert not hub.asked
        monkeypatch.setattr(http, "_MARGIN", -(10**9))
        disk.fill(1_000_000)
        with pytest.raises(UserError, match="no room on the disk"):
            download(card, paths=paths)
        assert hub.asked and not is_present(card, paths)
        disk.free()
        download(card, paths=paths)
    assert is_present(card, paths)
