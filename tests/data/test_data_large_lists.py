"""Large projects: questions are answered from indexes, give what a plain look at every item gives, and are asked anew only after a
change."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from workbench.data import project_groups, project_items, similar
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.schema import INDEXES
from workbench.data.shapes import BoxShape
from workbench.data.thumbnails import ThumbnailCache
from workbench.data.types import Item, ItemFilter, NewItem, Split
from workbench.engine.health import raw


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """60 texts of four classes (one of them removed), some marked, some with a suggestion, a problem, a split, a group."""
    draw = random.Random(7)
    with Project.create(tmp_path / "p", "p", "text-classification") as made:
        names = [f"{draw.choice('aBcD')}{n} 50%" for n in range(60)]
        made.add_items([NewItem("text", name, text=f"Text {name} of {draw.random()}") for name in names])
        ids = made.item_ids()
        classes = [made.add_class(name).id for name in ("one", "two", "three", "gone")]
        for item in ids:
            if draw.random() < 0.6:
                made.set_label([item], draw.choice(classes))
        made.reorder_classes([classes[2], classes[0], classes[3], classes[1]])
        made.remove_class(classes[3])
        made.add_annotations({i: [Annotation(BoxShape(0, 0, 1, 1), classes[0])] for i in draw.sample(ids, 5)})
        made.set_proposals({i: [Annotation(BoxShape(0, 0, 1, 1), classes[1], score=0.3)] for i in draw.sample(ids, 5)})
        made.set_suggestions([(i, classes[1], draw.random()) for i in draw.sample(ids, 20)])
        made.mark_broken(dict.fromkeys(draw.sample(ids, 4), "broken"))
        made.set_splits({i: draw.choice(list(Split)) for i in draw.sample(ids, 20)})
        made.set_groups("device", {i: draw.choice(("phone", "Camera")) for i in draw.sample(ids, 30)})
        made.remove_items(draw.sample(ids, 8))
        yield made


def all_items(project: Project) -> list[Item]:
    return project.present(range(1, 61))


def plan(project: Project, sql: str, values: tuple[object, ...] = ()) -> str:
    return " / ".join(row[3] for row in project._store.query(f"EXPLAIN QUERY PLAN {sql}", values))


def test_orders_and_filters_give_what_a_look_at_every_item_gives(project: Project) -> None:
    items = all_items(project)
    position = {c.id: c.position for c in project.classes()}
    proposed = project.proposed_ids()
    orders = {
        "added": lambda i: i.id,
        "name": lambda i: (i.name.lower(), i.id),
        "label": lambda i: (not i.labelled, position.get(i.class_id, -1), i.id),
        "uncertain": lambda i: (
            i.labelled, i.suggestion is None and i.id not in proposed, i.suggestion_score, i.id,
        ),
    }  # fmt: skip
    filters = {
        "all": (ItemFilter(), lambda _i: True),
        "class": (ItemFilter(class_ids=(1,)), lambda i: i.class_id == 1 or 1 in {a.class_id for a in project.annotations(i.id)}),
        "unlabelled": (ItemFilter(labelled=False, problems=False), lambda i: not i.labelled and not i.problem),
        "labelled": (ItemFilter(labelled=True), lambda i: i.labelled),
        "split": (ItemFilter(split=Split.TRAIN), lambda i: i.split is Split.TRAIN),
        "search": (ItemFilter(search="B1"), lambda i: "b1" in i.name.lower() or "b1" in (i.text or "").lower()),
        "signs": (ItemFilter(search="50%"), lambda i: "50%" in i.name),
        "group": (ItemFilter(group=("device", "phone")), lambda i: project.groups_of([i.id]).get(i.id) == {"device": "phone"}),
    }  # fmt: skip
    for wanted, meets in filters.values():
        for order, key in orders.items():
            expected = [i.id for i in sorted((i for i in items if meets(i)), key=key)]
            asked = ItemFilter(**{**wanted.__dict__, "order": order})
            assert project.item_ids(asked) == expected, (asked, order)


def test_counts_are_those_of_every_item_and_new_after_every_change(project: Project) -> None:
    items = all_items(project)
    counts = project.counts()
    assert counts.total == len(items)
    assert counts.broken == sum(bool(i.problem) for i in items)
    assert counts.labelled == sum(i.labelled and not i.problem for i in items)
    assert project.counts() is counts  # nothing changed: nothing is counted
    one = next(i for i in items if not i.labelled and not i.problem)
    project.set_label([one.id], 1)
    assert project.counts().labelled == counts.labelled + 1
    with project.changing():
        project.set_label([one.id], None)
        assert project.counts().labelled == counts.labelled  # seen within the change, too
    assert project.counts().labelled == counts.labelled


def test_groups_leave_out_what_was_taken_out(project: Project) -> None:
    here = {i.id for i in all_items(project)}
    members = project.group_members(range(1, 61))["device"]
    told = project.groups()["device"]
    assert told == {v: sum(w == v and i in here for i, w in members.items()) for v in ("phone", "Camera")}
    assert list(told.values()) == sorted(told.values(), reverse=True)
    project.remove_items(list(here))
    assert project.groups() == {}


def test_the_list_is_answered_from_indexes_alone(project: Project) -> None:
    assert plan(project, project_items._COUNTS) == "SEARCH items USING COVERING INDEX items_counts (deleted=?)"
    for wanted, index in (
        (ItemFilter(), "items_live"), (ItemFilter(order="name"), "items_by_name"),
        (ItemFilter(search="7"), "items_by_name"), (ItemFilter(class_ids=(1,)), "items_counts"),
    ):  # fmt: skip
        where, values = project_items._where(wanted)
        told = plan(project, f"SELECT id FROM items WHERE {where} {project_items._ORDERS[wanted.order]}", values)
        assert f"COVERING INDEX {index} " in told, told
        # No step goes through the rows of the table itself.
        assert all("COVERING" in s or "items_texts" in s for s in told.split(" / ") if " items " in s), told
    uncertain = plan(project, project_items._UNCERTAIN.format("deleted = 0"))
    assert "SEARCH items USING COVERING INDEX items_uncertain " in uncertain and "TEMP B-TREE" not in uncertain, (
        uncertain
    )
    label_order = plan(project, project_items._BY_LABEL.format("deleted = 0"))
    assert label_order == "SEARCH items USING COVERING INDEX items_counts (deleted=?)"
    for sql in (project_groups._GROUPED, project_groups._GROUPED_GONE):
        assert "COVERING INDEX" in plan(project, sql) and "SCAN items" not in plan(project, sql)


def test_a_project_without_the_indexes_gets_them_when_it_is_opened(project: Project) -> None:
    folder, before = project.folder, project.item_ids(ItemFilter(order="label"))
    project.close()
    with sqlite3.connect(folder / "project.db") as sql:
        for name in INDEXES:
            sql.execute(f"DROP INDEX {name}")
        sql.execute("CREATE INDEX items_class ON items(deleted, class_id)")
    sql.close()
    with Project.open(folder, read_only=True) as seen:
        assert seen.item_ids(ItemFilter(order="label")) == before
    with Project.open(folder) as opened:
        names = {r[0] for r in opened._store.query("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert names >= set(INDEXES) and "items_class" not in names
        assert opened.item_ids(ItemFilter(order="label")) == before


def test_contents_come_in_parts_and_name_the_same_state(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_items, "_CONTENTS_AT_ONCE", 7)
    parts = list(project.usable_contents())
    assert max(map(len, parts)) == 7
    usable = raw.usable(project)
    assert [c.id for part in parts for c in part] == [i.id for i in usable]
    assert raw.state_of(project) == raw.state_key(usable)


@pytest.mark.parametrize("plain", [False, True])
def test_near_pictures_are_those_that_comparing_all_with_all_finds(plain: bool) -> None:
    rng = np.random.default_rng(3)
    kinds = [np.concatenate([rng.integers(0, 256, 8), rng.integers(60, 200, 256)]) for _ in range(40)]
    made: list[bytes] = []
    for n in range(300):
        one = kinds[n % 40].copy()
        for bit in rng.integers(0, 64, rng.integers(0, 7)):
            one[bit // 8] = int(one[bit // 8]) ^ (1 << int(bit % 8))
        one[8:] += rng.integers(0, 12, 256)
        made.append(np.zeros(264, np.uint8).tobytes() if plain else one.astype(np.uint8).tobytes())
    data = np.frombuffer(b"".join(made), np.uint8).reshape(300, 264)
    expected = similar.Groups(300)
    for a in range(300):
        for b in range(a + 1, 300):
            off = int(np.unpackbits(data[a, :8] ^ data[b, :8]).sum())
            if off <= 4 and np.abs(data[a, 8:].astype(int) - data[b, 8:]).mean() <= 5:
                expected.join(a, b)
    assert similar.picture_groups(made) == expected.ids()
    assert len(set(expected.ids())) == (1 if plain else len(set(expected.ids())))


def test_kept_thumbnails_are_looked_at_again_only_when_they_may_be_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.data.thumbnails._PRUNE_EVERY", 2)
    cache = ThumbnailCache(tmp_path, max_bytes=1000)
    looked: list[int] = []
    prune = cache.prune
    monkeypatch.setattr(cache, "prune", lambda: (looked.append(1), prune()))
    for n in range(8):
        cache._write(tmp_path / f"{n}.jpg", b"x" * 100)
    assert len(looked) == 1  # once, to know how much is there
    for n in range(8, 30):
        cache._write(tmp_path / f"{n}.jpg", b"x" * 100)
        assert sum(f.stat().st_size for f in tmp_path.glob("*.jpg")) <= 1200


def test_labels_that_are_alike_are_one_object(project: Project) -> None:
    states = project.label_states(project.item_ids())
    assert len(states) > len(set(states.values())) == len({id(state) for state in states.values()})
