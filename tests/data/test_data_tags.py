"""Several labels per item in a project: changing them, sharing items out, and from one class to several labels."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data import tags
from workbench.data.annotations import Annotation, AnnotationState, NewAnnotation
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.splits import TagRow, assign_several
from workbench.data.types import ItemFilter, NewItem, Split

LABELS = st.frozensets(st.integers(1, 6), max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(LABELS, min_size=1, max_size=80), st.integers(0, 5))
def test_every_item_gets_a_part_and_no_label_is_kept_from_learning(found: list[frozenset[int]], seed: int) -> None:
    rows = [TagRow(n, labels, n // 2) for n, labels in enumerate(found)]
    given_out = assign_several(rows, seed)
    assert given_out.keys() == {r.id for r in rows} and given_out == assign_several(rows, seed)
    # Near-duplicates stay together.
    assert all(given_out[r.id] == given_out[r.group * 2] for r in rows)
    learnt = {label for r in rows if given_out[r.id] is Split.TRAIN for label in r.labels}
    assert learnt == {label for r in rows for label in r.labels}
    # What is given stays, and later ones are added around it.
    fixed = [TagRow(r.id, r.labels, r.group, given_out[r.id]) for r in rows]
    more = [*fixed, *(TagRow(1000 + n, labels, 1000 + n) for n, labels in enumerate(found))]
    again = assign_several(more, seed)
    assert again.keys() == {r.id for r in more if r.split is None}


def test_rare_labels_are_in_every_part_in_fair_shares() -> None:
    """Each label alone is shared out nearly as one class would be, the rare ones too."""
    import random

    rng = random.Random(4)
    chances = {1: 0.5, 2: 0.3, 3: 0.1, 4: 0.04}
    rows = [TagRow(n, frozenset(c for c, p in chances.items() if rng.random() < p), n) for n in range(500)]
    given_out = assign_several(rows)
    for label in (*chances, None):
        parts = Counter(given_out[r.id] for r in rows if (label in r.labels if label else not r.labels))
        total = parts.total()
        assert abs(parts[Split.TRAIN] - 0.7 * total) <= 2 and abs(parts[Split.TEST] - 0.15 * total) <= 2
        assert parts[Split.VALIDATION] >= 1


STATES = st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=5, unique_by=lambda p: p[0])


@given(STATES, st.integers(1, 4))
def test_labels_are_put_on_and_taken_off(marks: list[tuple[int, bool]], label: int) -> None:
    words = Annotation(Whole(), text="words stay")
    state = AnnotationState((words, *(Annotation(Whole(), c, source="model" if p else "person") for c, p in marks)))
    put = tags.with_tag(state, label, True)
    assert tags.has_tag(put, label) and put.annotations.count(words) == 1
    assert len([a for a in put.annotations if a.class_id == label]) == 1
    assert tags.with_tag(put, label, True) == put
    off = tags.with_tag(put, label, False)
    assert not [a for a in off.annotations if a.class_id == label] and words in off.annotations
    assert {a.class_id for a in tags.tags_of(put.annotations)} == {c for c, p in marks if not p} | {label}
    taken = tags.with_proposals_taken(state)
    assert taken.marked and {a.class_id for a in tags.tags_of(taken.annotations)} == {c for c, _ in marks}
    assert not tags.proposed_tags(taken.annotations)
    ready = tags.done(state)
    assert ready.marked and tags.tags_of(ready.annotations) == tags.tags_of(state.annotations)
    none = tags.none_of_them(state)
    assert none.marked and none.annotations == (words,)


def test_a_project_counts_and_shares_out_by_labels(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "P", "text-tags") as project:
        made = [
            NewItem("text", str(n), text=f"entirely different text {n} {'x' * n}",
                    annotations=tuple(NewAnnotation(Whole(), c) for c in "ab"[: n % 3]))
            for n in range(30)
        ]  # fmt: skip
        project.add_items([*made, NewItem("text", "open", text="not done yet")])
        first, second = project.classes()
        assert project.tag_counts() == {first.id: 20, second.id: 10}
        project.ensure_splits()
        items = project.items(project.item_ids(ItemFilter(labelled=True)))
        assert len(items) == 30 and all(i.split for i in items)
        both = [i.split for i in items if len(project.annotations(i.id)) == 2]
        assert Counter(both)[Split.TEST] in (1, 2) and Counter(both)[Split.VALIDATION] in (1, 2)
        before = {i.id: i.split for i in items}
        project.ensure_splits()
        assert {i.id: i.split for i in project.items(list(before))} == before


def test_a_project_of_one_class_becomes_one_of_several_labels_and_back(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "P", "text-classification") as project:
        project.add_items([NewItem("text", str(n), text=f"a text {n} {'y' * n}", label="ab"[n % 2]) for n in range(6)])
        project.add_items([NewItem("text", "open", text="nobody has looked at this")])
        ids = project.item_ids()
        project.set_label(ids[:1], None)
        project.remove_items(ids[5:6])
        project.set_suggestions([(ids[0], 1, 0.9)])
        before = {i.id: (i.class_id, i.label_source, i.marked) for i in project.items(ids)}
        kept = project.become_several("text-tags")
        assert project.task_id == "text-tags" and all(i.class_id is None for i in project.items(ids))
        first, second = project.classes()
        assert project.tag_counts() == {first.id: 2, second.id: 2}
        assert project.counts().labelled == 4 and project.suggestions_count() == 0
        states = project.annotation_states(ids)
        assert [a.source for a in states[ids[1]].annotations] == ["import"] and states[ids[1]].marked
        assert not states[ids[0]].marked and not states[ids[6]].marked
        # What was removed comes back with its label.
        project.restore_items(ids[5:6])
        assert project.tag_counts()[second.id] == 3
        project.remove_items(ids[5:6])
        project.become_one("text-classification", kept)
        assert {i.id: (i.class_id, i.label_source, i.marked) for i in project.items(ids)} == before
        assert not any(s.annotations for s in project.annotation_states(ids).values())
        assert project.task_id == "text-classification"


def test_several_items_are_seen_together(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "P", "text-tags") as project:
        a, b = project.add_class("a").id, project.add_class("b").id
        project.add_items([NewItem("text", str(n), text=f"text number {n}") for n in range(3)])
        ids = project.item_ids()
        project.set_annotations({ids[0]: AnnotationState((Annotation(Whole(), a),), True)})
        project.set_proposals({ids[1]: [Annotation(Whole(), a, score=0.6), Annotation(Whole(), b, score=0.8)]})
        seen = project.tag_overview(ids)
        assert (seen.items, seen.done, seen.has) == (3, 1, {a: 1}) and seen.proposed == {a: (1, 0.6), b: (1, 0.8)}
        assert project.proposal_summary(ids) == {ids[1]: [(b, 0.8), (a, 0.6)]}
