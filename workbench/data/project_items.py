"""The items of a project: adding, listing, labelling, splitting."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from workbench.control import Control
from workbench.data import labels, similar, splits
from workbench.data.annotations import Annotation, NewAnnotation
from workbench.data.columns import META, TableColumn, feature_keys, from_meta
from workbench.data.intake import Taken, copy_into, take_in
from workbench.data.numbers import number
from workbench.data.project_annotations import AnnotationsPart
from workbench.data.project_classes import ClassesPart
from workbench.data.project_groups import GroupsPart
from workbench.data.row_pictures import in_place
from workbench.data.rows import cells_of
from workbench.data.store import Store
from workbench.data.types import AddResult, Content, Counts, Item, ItemFilter, LabelState, NewItem, Split, Window
from workbench.errors import Problem, UserError

# So many items are read and written at once; a stopped import keeps the chunks before.
_CHUNK = 64
_ROWS = 1024
_OTHER_LABELS = "other labels"
_COLUMNS = (
    "id, kind, name, path, copied, text, class_id, label_source, split, content_hash, width, height, problem,"
    " suggestion, suggestion_score, marked,"
    " (SELECT COUNT(*) FROM annotations a WHERE a.item_id = items.id AND a.source != 'model'),"
    " (SELECT COUNT(*) FROM annotations a WHERE a.item_id = items.id AND a.source = 'model'),"
    " seconds"
)
_LABELLED = "(class_id IS NOT NULL OR marked)"
# The class of the rarest kind on it stands for an annotated item when items are shared out.
_MAIN_CLASS = (
    "COALESCE(class_id, (SELECT a.class_id FROM annotations a WHERE a.item_id = items.id AND a.source != 'model'"
    " AND a.class_id IS NOT NULL ORDER BY (SELECT COUNT(*) FROM annotations b WHERE b.class_id = a.class_id),"
    " a.class_id LIMIT 1), 0)"
)
_ITEMS_OF_CLASSES = "SELECT class_id, split, COUNT(*) FROM items WHERE class_id IS NOT NULL AND deleted = 0 AND problem = '' GROUP BY 1, 2"
_MARKS_OF_CLASSES = (
    "SELECT a.class_id, i.split, COUNT(*) FROM annotations a JOIN items i ON i.id = a.item_id WHERE a.source != 'model'"
    " AND a.class_id IN (SELECT id FROM classes WHERE NOT deleted) AND NOT i.deleted AND i.problem = '' GROUP BY 1, 2"
)
# In the order of the index `items_counts`, so that it is walked through once and nothing is sorted.
_COUNTS = (
    "SELECT class_id, split, problem != '', COUNT(*), marked FROM items WHERE deleted = 0"
    " GROUP BY class_id, split, marked, problem"
)
_CONTENTS = (
    "SELECT id, content_hash, class_id, path, copied AND path IS NOT NULL, text, kind FROM items"
    " WHERE deleted = 0 AND problem = '' AND id > ? ORDER BY id LIMIT ?"
)
_CONTENTS_AT_ONCE = 2000
_IN = "IN (SELECT value FROM json_each(?))"
# Ids as one row: the whole question is answered in one step of SQLite, in which other threads may go on. The order of the
# inner query holds: SQLite keeps it for aggregates other than count, min and max (https://sqlite.org/releaselog/3_39_0.html).
_AS_ONE = "SELECT group_concat(id) FROM ({})"
_ORDERS = {
    # Sorted afterwards: so SQLite is free to take the index that holds what is asked for.
    "added": "",
    "given": "",
    "name": "ORDER BY name COLLATE NOCASE, id",
}
# The least certain at the top, as the index `items_uncertain` has them. Beside each id in what part of the list it belongs:
# unlabelled ones with a suggestion first, those with a label last.
_UNCERTAIN = (
    f"SELECT group_concat(id * 4 + {_LABELLED} * 2"
    " + (suggestion IS NULL AND id NOT IN (SELECT item_id FROM annotations WHERE source = 'model')))"
    " FROM (SELECT id, class_id, marked, suggestion FROM items WHERE {} ORDER BY suggestion_score, id)"
)
# In the order of the index `items_counts`; the groups are put together afterwards.
_BY_LABEL = "SELECT class_id, marked, group_concat(id) FROM items WHERE {} GROUP BY class_id, split, marked"


# "NOT deleted" and not "deleted = 0": for the latter SQLite takes the index of what is not deleted, and looks through all items.
_SAME_CONTENT = "SELECT id, class_id, marked FROM items WHERE content_hash = ? AND NOT deleted"


class ItemsPart:
    """Methods of `Project` about its items."""

    _store: Store

    # Adding ----------------------------------------------------------------------------------------------------

    def add_items(
        self,
        items: Iterable[NewItem | Problem],
        copy_media: bool = False,
        control: Control | None = None,
        total: int = 0,
    ) -> AddResult:
        """Take items in. Broken ones stay outside and come back as problems; the rest goes on.

        An item whose content is in the project already is counted as a duplicate; if it brings a label and the one
        inside has none, the label is given. A row that is there without its pictures gets them.

        Args:
            copy_media: put a copy of each picture into the project's folder instead of remembering where it lies.
            total: how many are coming, for the progress; 0 when not known.

        Raises:
            UserError: when the project cannot be written; what was taken in before stays.
            Cancelled: when asked to stop; what was taken in before stays.
        """
        control = control or Control()
        added: list[int] = []
        problems: list[Problem] = []
        duplicates = completed = done = 0
        stream = iter(items)
        size = _CHUNK
        while chunk := list(islice(stream, size)):
            # Rows of a table are small, and there are many of them.
            size = _ROWS if any(isinstance(c, NewItem) and c.kind == "row" for c in chunk) else _CHUNK
            problems += [p for p in chunk if isinstance(p, Problem)]
            taken: list[Taken] = []
            for outcome in take_in([c for c in chunk if isinstance(c, NewItem)], control):
                if isinstance(outcome, Problem):
                    problems.append(outcome)
                else:
                    taken.append(outcome)
            media = self._store.folder / "media"
            taken = [
                copy_into(media, t) if copy_media or t.new.own_copy or t.new.kind == "series" else t for t in taken
            ]
            ids, again, whole = self._insert(taken)
            added += ids
            duplicates += again
            completed += whole
            done += len(chunk)
            control.progress(done, total, f"Adding: {done}")
            control.check()
        notes: tuple[str, ...] = ()
        if completed:
            notes = (f"{completed:,} {'row that was' if completed == 1 else 'rows that were'} there got the pictures.",)
        return AddResult(tuple(added), duplicates, tuple(problems), notes)

    def _insert(self, taken: Sequence[Taken]) -> tuple[list[int], int, int]:
        """Ids of the new ones, how many were there, and how many of a row were there without its pictures."""
        added: list[int] = []
        duplicates = completed = 0
        others: dict[int, int] = {}
        fresh: dict[int, list[Annotation]] = {}
        with self._store.transaction() as sql:
            # All classes are read once for all of these items: nobody else changes them within the transaction.
            known = self._known_classes()
            class_ids = {
                t.new.label: self._class_for(t.new.label, known) for t in taken if t.new.label and t.new.label.strip()
            }
            for t in taken:
                class_id = class_ids.get(t.new.label or "")
                found = sql.execute(_SAME_CONTENT, (t.content_hash,)).fetchone()
                if found is None and t.new.earlier:
                    found = sql.execute(_SAME_CONTENT, (t.new.earlier,)).fetchone()
                    if found is not None:
                        sql.execute(
                            "UPDATE items SET text = ?, content_hash = ? WHERE id = ?",
                            (t.new.text, t.content_hash, found[0]),
                        )
                        completed += 1
                        duplicates -= 1
                if found is not None:
                    duplicates += 1
                    self._group(sql, int(found[0]), t.new)
                    if t.new.annotations is not None and not found[2]:
                        self._annotate(int(found[0]), t.new.annotations, known)
                    if found[1] is None and class_id is not None:
                        sql.execute(
                            "UPDATE items SET class_id = ?, label_source = 'import' WHERE id = ?", (class_id, found[0])
                        )
                    elif class_id is not None and class_id != found[1]:
                        others[int(found[0])] = class_id
                    continue
                cursor = sql.execute(
                    "INSERT INTO items (kind, name, path, copied, text, class_id, label_source, split, content_hash, width,"
                    " height, signature, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        t.new.kind, t.new.name, t.stored_path, t.copied, t.new.text, class_id,
                        "import" if class_id is not None else "", t.new.split, t.content_hash, t.width, t.height, t.signature,
                        t.seconds,
                    ),
                )  # fmt: skip
                added.append(int(cursor.lastrowid or 0))
                self._group(sql, added[-1], t.new)
                if t.new.annotations is not None:
                    fresh[added[-1]] = self._made(t.new.annotations, known)
            if fresh:
                assert isinstance(self, AnnotationsPart)
                self.add_annotations(fresh)
            self._remember_others(sql, others)
        return added, duplicates, completed

    def _remember_others(self, sql: Connection, others: Mapping[int, int]) -> None:
        """Note that the same content came in again under another label: one of the two is wrong."""
        if others:
            known = {**self.other_labels(), **others}
            record = json.dumps({str(i): c for i, c in known.items()})
            sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_OTHER_LABELS, record))

    def other_labels(self) -> dict[int, int]:
        """Items whose content came in more than once, with the last class (id) that was not taken over."""
        rows = self._store.query("SELECT value FROM meta WHERE key = ?", (_OTHER_LABELS,))
        return {int(i): int(c) for i, c in json.loads(rows[0][0]).items()} if rows else {}

    def _annotate(self, item_id: int, given: Sequence[NewAnnotation], known: dict[str, int]) -> None:
        """Put an import's annotations on an item. What is already there and done stays as it is."""
        assert isinstance(self, AnnotationsPart)
        self.add_annotations({item_id: self._made(given, known)})

    def _made(self, given: Sequence[NewAnnotation], known: dict[str, int]) -> list[Annotation]:
        return [
            Annotation(
                new.shape, self._class_for(new.label, known) if new.label.strip() else None, text=new.text,
                source="import", ignored=new.ignored,
            )
            for new in given
        ]  # fmt: skip

    def _group(self, sql: Connection, item_id: int, new: NewItem) -> None:
        """Put what an import says of groups on an item; what it has already stays."""
        if new.groups:
            assert isinstance(self, GroupsPart)
            rows = [(item_id, name, value[: labels.MAX_LENGTH]) for name, value in new.groups if value.strip()]
            self._put_groups(sql, rows, replace=False)

    def _known_classes(self) -> dict[str, int]:
        """Name as it is compared to id."""
        assert isinstance(self, ClassesPart)
        known: dict[str, int] = {}
        for found in self.classes():
            known.setdefault(labels.key(found.name), found.id)
        return known

    def _class_for(self, name: str, known: dict[str, int]) -> int:
        """The class of this name, made when it is missing, and then known."""
        assert isinstance(self, ClassesPart)
        wanted = labels.clean(name)[: labels.MAX_LENGTH]
        key = labels.key(wanted)
        if key not in known:
            known[key] = self.add_class(wanted).id
        return known[key]

    # Listing ---------------------------------------------------------------------------------------------------

    def item_ids(self, filter: ItemFilter | None = None) -> list[int]:
        """Ids of the items that meet the filter, in its order."""
        wanted = filter or ItemFilter()
        where, values = _where(wanted)
        if wanted.order == "label":
            return self._by_label(where, values)
        if wanted.order == "uncertain":
            parts: tuple[list[int], ...] = ([], [], [], [])
            for both in _ids(self._store.query(_UNCERTAIN.format(where), values)[0][0]):
                parts[both & 3].append(both >> 2)
            return [item_id for part in parts for item_id in part]
        sql = f"SELECT id FROM items WHERE {where} {_ORDERS[wanted.order]}"
        found = _ids(self._store.query(_AS_ONE.format(sql), values)[0][0])
        if wanted.order == "given" and wanted.ids is not None:
            here = set(found)
            return [i for i in dict.fromkeys(wanted.ids) if i in here]
        return sorted(found) if wanted.order in ("added", "given") else found

    def _by_label(self, where: str, values: tuple[Any, ...]) -> list[int]:
        """Labelled ones first, in the order of the classes."""
        positions = dict(self._store.query("SELECT id, position FROM classes"))
        groups: dict[tuple[bool, int], list[int]] = {}
        for class_id, marked, ids in self._store.query(_BY_LABEL.format(where), values):
            key = class_id is None and not marked, positions.get(class_id, -1)
            groups.setdefault(key, []).extend(_ids(ids))
        return [i for key in sorted(groups) for i in sorted(groups[key])]

    def items(self, ids: Sequence[int]) -> list[Item]:
        """Snapshots in the order asked for; ids that are not there are left out."""
        rows = self._store.query(f"SELECT {_COLUMNS} FROM items WHERE id {_IN}", (json.dumps(list(ids)),))
        window = self.window
        by_id = {row[0]: self._item(row, window) for row in rows}
        return [by_id[i] for i in ids if i in by_id]

    def usable_contents(self, after: int = 0) -> Iterator[list[Content]]:
        """What is to be known of the content of all items that can be read, some thousand at a time, in order of id. Far less
        than `items` gives, and never all of it in memory."""
        while True:
            rows = self._store.query(_CONTENTS, (after, _CONTENTS_AT_ONCE))
            if not rows:
                return
            yield [
                Content(
                    r[0], r[1], r[2], r[3] if not r[4] else str(self._store.folder / r[3]), self._text(r[6], r[5]), r[6]
                )
                for r in rows
            ]
            after = rows[-1][0]

    def present(self, ids: Sequence[int]) -> list[Item]:
        """As `items`, without those that were taken out."""
        here = set(self.item_ids(ItemFilter(ids=tuple(ids))))
        return [item for item in self.items(ids) if item.id in here]

    def item(self, item_id: int) -> Item:
        """Raises: UserError when there is no such item."""
        found = self.items([item_id])
        if not found:
            raise UserError("This item is not in the project any more.", "Undo brings removed items back.")
        return found[0]

    def _text(self, kind: str, text: str | None) -> str | None:
        """As it is read: a row with the whole paths of its pictures."""
        return in_place(text, self._store.folder / "media") if kind == "row" and text else text

    def _item(self, row: Sequence[Any], window: Window | None) -> Item:
        path = None
        if row[3] is not None:
            path = self._store.folder / row[3] if row[4] else Path(row[3])
        return Item(
            id=row[0], kind=row[1], name=row[2], path=path, text=self._text(row[1], row[5]), class_id=row[6], label_source=row[7],
            split=Split(row[8]) if row[8] else None, content_hash=row[9], width=row[10], height=row[11], problem=row[12],
            suggestion=row[13], suggestion_score=row[14], marked=bool(row[15]), marks=row[16], proposals=row[17],
            seconds=row[18], window=window,
        )  # fmt: skip

    @property
    def window(self) -> Window | None:
        """How all pictures with more than 256 greys are read; None: each as its file says."""
        rows = self._store.query("SELECT value FROM meta WHERE key = 'window'")
        value = json.loads(rows[0][0]) if rows else None
        return (float(value[0]), float(value[1])) if value else None

    def counts(self) -> Counts:
        """Counted anew only after a change."""
        state = self._store.state
        known: tuple[int, Counts] | None = getattr(self, "_counted", None)
        if known is not None and known[0] == state:
            return known[1]
        found = self._count()
        if state is not None:
            self._counted = state, found
        return found

    def _count(self) -> Counts:
        rows = self._store.query(_COUNTS)
        per_class: Counter[int] = Counter()
        per_split: Counter[Split] = Counter()
        total = labelled = broken = 0
        for class_id, split, is_broken, count, marked in rows:
            total += count
            if is_broken:
                broken += count
                continue
            if class_id is not None or marked:
                labelled += count
            if class_id is not None:
                per_class[class_id] += count
            if split:
                per_split[Split(split)] += count
        assert isinstance(self, AnnotationsPart)
        per_class.update(self.annotation_counts())
        return Counts(total, labelled, total - labelled - broken, broken, dict(per_class), dict(per_split))

    def class_tally(self) -> dict[int, dict[Split | None, int]]:
        """Class id to its number of usable items, and of annotations without proposals, in each split and in none."""
        found: dict[int, dict[Split | None, int]] = {}
        for sql in (_ITEMS_OF_CLASSES, _MARKS_OF_CLASSES):
            for class_id, split, count in self._store.query(sql):
                numbers = found.setdefault(int(class_id), {})
                place = Split(split) if split else None
                numbers[place] = numbers.get(place, 0) + int(count)
        return found

    # Labelling -------------------------------------------------------------------------------------------------

    def label_states(self, ids: Sequence[int]) -> dict[int, LabelState]:
        """The labels of these items."""
        rows = self._store.query(
            f"SELECT id, class_id, label_source FROM items WHERE id {_IN}",
            (json.dumps(list(ids)),),
        )
        # Undo keeps them for long: there are as few of them as there are different ones.
        known = {state: LabelState(*state) for state in {(row[1], row[2]) for row in rows}}
        return {row[0]: known[row[1], row[2]] for row in rows}

    def set_label(self, ids: Sequence[int], class_id: int | None, source: str = "person") -> dict[int, LabelState]:
        """Label items (None takes the label off). Returns the labels as they were, for `restore_labels`."""
        with self._store.transaction() as sql:
            before = self.label_states(ids)
            sql.execute(
                f"UPDATE items SET class_id = ?, label_source = ? WHERE id {_IN}",
                (class_id, source if class_id is not None else "", json.dumps(list(ids))),
            )
        return before

    def restore_labels(self, states: Mapping[int, LabelState]) -> None:
        alike: dict[LabelState, list[int]] = {}
        for item_id, label in states.items():
            alike.setdefault(label, []).append(item_id)
        with self._store.transaction() as sql:
            for label, ids in alike.items():
                sql.execute(
                    f"UPDATE items SET class_id = ?, label_source = ? WHERE id {_IN}",
                    (label.class_id, label.source, json.dumps(ids)),
                )

    def remove_items(self, ids: Sequence[int]) -> None:
        """Take items out; `restore_items` brings them back. Files are never deleted."""
        self._set_deleted(ids, True)

    def restore_items(self, ids: Sequence[int]) -> None:
        self._set_deleted(ids, False)

    def _set_deleted(self, ids: Sequence[int], deleted: bool) -> None:
        with self._store.transaction() as sql:
            sql.execute(f"UPDATE items SET deleted = ? WHERE id {_IN}", (deleted, json.dumps(list(ids))))

    def mark_broken(self, problems: Mapping[int, str]) -> None:
        """Note for items that could not be used why not; an empty sentence takes the note off."""
        with self._store.transaction() as sql:
            sql.executemany("UPDATE items SET problem = ? WHERE id = ?", [(p, i) for i, p in problems.items()])

    def set_suggestions(self, suggestions: Iterable[tuple[int, int, float]]) -> None:
        """(item id, class id, score in 0..1) each; only unlabelled items show them."""
        with self._store.transaction() as sql:
            sql.executemany(
                "UPDATE items SET suggestion = ?, suggestion_score = ? WHERE id = ?",
                [(c, s, i) for i, c, s in suggestions],
            )

    def clear_suggestions(self) -> None:
        with self._store.transaction() as sql:
            sql.execute("UPDATE items SET suggestion = NULL, suggestion_score = 0 WHERE suggestion IS NOT NULL")

    def suggestions_count(self) -> int:
        """Unlabelled items that have a suggestion of a class."""
        sql = f"SELECT COUNT(*) FROM items WHERE deleted = 0 AND NOT {_LABELLED} AND suggestion IS NOT NULL"
        return int(self._store.query(sql)[0][0])

    # Splitting -------------------------------------------------------------------------------------------------

    def without_split(self) -> int:
        """Labelled, usable items that are not shared out yet."""
        sql = f"SELECT COUNT(*) FROM items WHERE NOT deleted AND problem = '' AND {_LABELLED} AND split IS NULL"
        return int(self._store.query(sql)[0][0])

    @property
    def keeps_apart(self) -> bool:
        """What its task keeps together (`TaskInfo.apart`) stands on one side of the test; else items are shared out at random."""
        return not self._store.query("SELECT 1 FROM meta WHERE key = 'random split'")

    def keep_apart(self, wanted: bool) -> None:
        """Choose that before items are shared out. Raises: UserError when some are already."""
        if wanted != self.keeps_apart and self._store.query("SELECT 1 FROM items WHERE split IS NOT NULL LIMIT 1"):
            raise UserError(
                "The items are shared out already, and numbers before and after could not be compared.",
                "Make a new project to share them out in another way.",
            )
        with self._store.transaction() as sql:
            sql.execute("DELETE FROM meta WHERE key = 'random split'")
            if not wanted:
                sql.execute("INSERT INTO meta VALUES ('random split', '1')")

    def ensure_splits(
        self,
        seed: int = 0,
        control: Control | None = None,
        alike: Iterable[Sequence[int]] = (),
        largest: float = 1.0,
    ) -> None:
        """Give every labelled, usable item that has no split yet one; splits once given never change.

        Args:
            alike: groups of items known to be nearly the same, which then stand on one side, besides those that are found
                here.
            largest: groups with more than this share of all items go to the training.
        """
        usable = f"deleted = 0 AND problem = '' AND {_LABELLED}"
        missing = self._store.query(f"SELECT COUNT(*) FROM items WHERE {usable} AND split IS NULL")
        if not missing[0][0]:
            return
        rows = self._store.query(f"SELECT id, {_MAIN_CLASS}, split FROM items WHERE {usable} ORDER BY id")
        groups = _joined(self.near_groups([row[0] for row in rows], control), alike)
        assert isinstance(self, AnnotationsPart)
        tags = self.tags_of_all()
        times = self._by_time([r[0] for r in rows])
        if times:
            known = {r[0]: Split(r[2]) if r[2] else None for r in rows}
            given = splits.assign_by_time({i: times.get(i) for i in known}, known)
        elif tags:
            several = [
                splits.TagRow(r[0], tags.get(r[0], frozenset()), groups[r[0]], Split(r[2]) if r[2] else None)
                for r in rows
            ]
            given = splits.assign_several(several, seed, largest)
        else:
            bands = splits.bands(self._numbers()) if not any(r[1] for r in rows) else {}
            given = splits.assign(
                [
                    splits.SplitRow(r[0], bands.get(r[0], r[1]), groups[r[0]], Split(r[2]) if r[2] else None)
                    for r in rows
                ],
                seed,
                largest,
            )
        with self._store.transaction() as sql:
            sql.executemany("UPDATE items SET split = ? WHERE id = ?", [(s.value, i) for i, s in given.items()])

    def _numbers(self) -> dict[int, float]:
        """What usable, labelled items say where all that they say are numbers; none where one of them says something else."""
        rows = self._store.query(
            "SELECT a.item_id, a.text FROM annotations a JOIN items i ON i.id = a.item_id WHERE a.source != 'model'"
            " AND a.class_id IS NULL AND i.marked AND NOT i.deleted AND i.problem = ''"
        )
        found = {int(item_id): number(text) for item_id, text in rows}
        return {} if None in found.values() else {i: v for i, v in found.items() if v is not None}

    def put_into_training(self, ids: Sequence[int]) -> None:
        """Items that teach before they are done stay with the training for good; splits once given never change."""
        with self._store.transaction() as sql:
            sql.execute(
                f"UPDATE items SET split = ? WHERE split IS NULL AND id {_IN}",
                (Split.TRAIN.value, json.dumps(list(ids))),
            )

    def set_splits(self, wanted: Mapping[int, Split | None]) -> None:
        """Move items to another part of the data. For mending what was given wrongly: numbers before and after cannot be
        compared. Raises: UserError."""
        with self._store.transaction() as sql:
            sql.executemany("UPDATE items SET split = ? WHERE id = ?", [(s, i) for i, s in wanted.items()])

    def near_groups(self, ids: Sequence[int], control: Control | None = None) -> dict[int, int]:
        """For each item the id of the first item that is nearly the same (often itself)."""
        rows = self._store.query(
            f"SELECT id, kind, text, signature FROM items WHERE id {_IN} ORDER BY id",
            (json.dumps(list(ids)),),
        )
        result: dict[int, int] = {}
        # Recordings are compared by a small picture of their spectrum.
        pictures = [row for row in rows if row[1] == "picture"]
        sounds = [row for row in rows if row[1] == "sound"]
        texts = [row for row in rows if row[1] == "text"]
        cells = [row for row in rows if row[1] == "row"]
        molecules = [row for row in rows if row[1] == "molecule"]
        for part, groups in (
            (cells, similar.equal_groups(self._told_apart([row[2] or "" for row in cells]))),
            (pictures, similar.picture_groups([row[3] for row in pictures], control)),
            (sounds, similar.picture_groups([row[3] for row in sounds], control)),
            (texts, similar.text_groups([row[2] or "" for row in texts], control)),
            # Stereoisomers and salts of one molecule.
            (molecules, similar.equal_groups([row[3] for row in molecules])),
        ):
            for row, group in zip(part, groups, strict=True):
                result[row[0]] = part[group][0]
        return result

    def _told_apart(self, texts: Sequence[str]) -> list[str]:
        """What is equal for rows that must stand on one side: equal features, or the same in a column that keeps its rows
        together."""
        if not texts:
            return []
        columns = self._columns()
        together = next((c for c in columns if c.role == "together"), None)
        keys = feature_keys(texts, columns)
        if together is None:
            return keys
        cells = [cells_of(text).get(together.name, "") for text in texts]
        return [f"{together.name}={cell}" if cell else k for cell, k in zip(cells, keys, strict=True)]

    def _columns(self) -> tuple[TableColumn, ...]:
        rows = self._store.query("SELECT value FROM meta WHERE key = ?", (META,))
        return from_meta(json.loads(rows[0][0])) if rows else ()

    def _by_time(self, ids: Sequence[int]) -> dict[int, float]:
        """When each of these rows was, where the person chose a column to split by time; without those that do not say."""
        column = next((c for c in self._columns() if c.role == "time"), None)
        if column is None:
            return {}
        rows = self._store.query(
            f"SELECT id, text FROM items WHERE kind = 'row' AND id {_IN}", (json.dumps(list(ids)),)
        )
        found = {int(i): column.value(cells_of(text).get(column.name, "")) for i, text in rows}
        return {i: v for i, v in found.items() if isinstance(v, float)}

    def split_items(self, split: Split) -> list[Item]:
        """Labelled, usable items of a split, in order of id."""
        return self.items(self.item_ids(ItemFilter(labelled=True, split=split, problems=False)))


def _joined(first_of: Mapping[int, int], alike: Iterable[Sequence[int]]) -> dict[int, int]:
    """For each item the first one of its group, groups that share an item being one."""
    ids = sorted(first_of)
    place = {item_id: n for n, item_id in enumerate(ids)}
    union = similar.Groups(len(ids))
    for pair in first_of.items():
        union.join(place[pair[0]], place[pair[1]])
    for group in alike:
        here = [place[i] for i in group if i in place]
        for other in here[1:]:
            union.join(here[0], other)
    return {item_id: ids[first] for item_id, first in zip(ids, union.ids(), strict=True)}


def _ids(joined: str | None) -> list[int]:
    # A third of the time that splitting and `int` take.
    found: list[int] = json.loads(f"[{joined}]") if joined else []
    return found


def _where(wanted: ItemFilter) -> tuple[str, tuple[Any, ...]]:
    parts, values = ["deleted = 0"], []
    if wanted.ids is not None:
        parts.append(f"id {_IN}")
        values.append(json.dumps(list(wanted.ids)))
    if wanted.class_ids:
        parts.append(
            f"id IN (SELECT id FROM items WHERE deleted = 0 AND class_id {_IN} UNION ALL"
            f" SELECT item_id FROM annotations WHERE source != 'model' AND class_id {_IN})"
        )
        values += [json.dumps(list(wanted.class_ids))] * 2
    if wanted.labelled is not None:
        parts.append(_LABELLED if wanted.labelled else f"NOT {_LABELLED}")
    if wanted.whole_classes is not None:
        parts.append("class_id IS NOT NULL" if wanted.whole_classes else "class_id IS NULL")
    if wanted.split is not None:
        parts.append("split = ?")
        values.append(wanted.split.value)
    if wanted.problems is not None:
        parts.append("problem != ''" if wanted.problems else "problem = ''")
    if wanted.group is not None and wanted.group[1]:
        parts.append("id IN (SELECT item_id FROM item_groups WHERE property = ? AND value = ?)")
        values += list(wanted.group)
    elif wanted.group is not None:
        parts.append("id NOT IN (SELECT item_id FROM item_groups WHERE property = ?)")
        values.append(wanted.group[0])
    if wanted.search.strip():
        # Names are looked through in their index, and rows are only read where there are texts.
        parts.append(
            "id IN (SELECT id FROM items WHERE deleted = 0 AND instr(lower(name), lower(?)) UNION ALL"
            " SELECT id FROM items WHERE deleted = 0 AND text IS NOT NULL AND instr(lower(text), lower(?)))"
        )
        values += [wanted.search.strip()] * 2
    return " AND ".join(parts), tuple(values)
