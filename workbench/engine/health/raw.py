"""What the deep look at a project found, as plain facts: kept in the project's folder until the data changes."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain

from workbench.control import Control
from workbench.data import hidden, personal
from workbench.data.columns import TableColumn
from workbench.data.exporters.tables import write_json
from workbench.data.personal_rows import find_in_rows
from workbench.data.project import Project
from workbench.data.store import DATABASE
from workbench.data.types import Item, ItemFilter, content_key
from workbench.errors import UserError

log = logging.getLogger(__name__)

# Raised when what is found, or how it is kept, changes.
_VERSION = 2
_FILE = "health.json"
_PAGE = 2000


@dataclass
class Facts:
    """About items by their ids.

    Attributes:
        pieces: characters [start, end] and kind of what is personal in a text.
        told: what a picture's file tells besides the picture (keys of `hidden.WORDS`).
        alike: groups of items that are nearly the same to a network.
        outliers: [id, oddness], the oddest first.
        suspects: [id, the class it is given, the class it seems to be, margin], the most suspicious first.
        unlike: [id, score] of items of which a taught model says something else, and `said` what that was made of.
        scanned: content keys of the items that `pieces` and `told` speak of.
        looked: how many items the network looked at; `labelled`: how many labels were held against it.
    """

    pieces: dict[int, list[tuple[int, int, str]]] = field(default_factory=dict)
    told: dict[int, list[str]] = field(default_factory=dict)
    alike: list[list[int]] = field(default_factory=list)
    outliers: list[tuple[int, float]] = field(default_factory=list)
    suspects: list[tuple[int, int, int, float]] = field(default_factory=list)
    scanned: dict[int, str] = field(default_factory=dict)
    unlike: list[tuple[int, float]] = field(default_factory=list)
    said: str = ""
    looked: int = 0
    labelled: int = 0


def usable(project: Project) -> list[Item]:
    """All items that can be read, in order of id."""
    ids = project.item_ids(ItemFilter(problems=False))
    return [item for start in range(0, len(ids), _PAGE) for item in project.items(ids[start : start + _PAGE])]


def state_key(items: Sequence[Item]) -> str:
    """Names what the items hold and how they are labelled."""
    made = hashlib.sha256(f"{_VERSION}\n".encode())
    for item in items:
        made.update(f"{item.id}|{item.content_key}|{item.class_id}\n".encode())
    return made.hexdigest()


def state_of(project: Project) -> str:
    """As `state_key` of all items that can be read, without holding them."""
    made, window = hashlib.sha256(f"{_VERSION}\n".encode()), project.window
    for some in project.usable_contents():
        for item in some:
            made.update(f"{item.id}|{content_key(item.content_hash, window)}|{item.class_id}\n".encode())
    return made.hexdigest()


def load(project: Project, items: Sequence[Item] | None = None) -> tuple[Facts | None, bool]:
    """The facts that are kept, and whether they are of just these contents and labels (None: of the project's as they are).
    Else they are of an earlier state: what they say of items that are still there is most likely still so."""
    try:
        record = json.loads((project.folder / _FILE).read_text(encoding="utf-8"))
        if record["version"] != _VERSION:
            return None, False
        facts = record["facts"]
        found = Facts(
            {int(i): [(int(s), int(e), str(k)) for s, e, k in ps] for i, ps in facts["pieces"].items()},
            {int(i): [str(k) for k in ks if k in hidden.WORDS] for i, ks in facts["told"].items()},
            [[int(i) for i in g] for g in facts["alike"]],
            [(int(i), float(s)) for i, s in facts["outliers"]],
            [(int(i), int(g), int(c), float(m)) for i, g, c, m in facts["suspects"]],
            {int(i): str(k) for i, k in facts["scanned"].items()},
            [(int(i), float(s)) for i, s in facts["unlike"]],
            str(facts["said"]),
            int(facts["looked"]),
            int(facts["labelled"]),
        )
        return found, record["state"] == (state_of(project) if items is None else state_key(items))
    except FileNotFoundError:
        return None, False
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.info("what was found about the data is looked for again: %s", error)
        return None, False


def known_alike(project: Project) -> list[list[int]]:
    """Groups of items that an earlier look found to be nearly the same; none when there was no look."""
    facts, _fresh = load(project, ())
    return facts.alike if facts is not None else []


def save(project: Project, items: Sequence[Item], facts: Facts) -> None:
    """Keep facts. That this cannot be done (read only, disk full) only means looking again next time."""
    if project.read_only or not (project.folder / DATABASE).exists():
        return
    record = {"version": _VERSION, "state": state_key(items), "facts": asdict(facts)}
    try:
        write_json(project.folder / _FILE, record)
    except UserError as error:
        log.info("what was found about the data is not kept: %s", error)


def look_for_personal(
    items: Sequence[Item], known: Facts | None, facts: Facts, control: Control, columns: Sequence[TableColumn] = ()
) -> None:
    """Fill in `pieces`, `told` and `scanned`; what is `known` of unchanged items is taken over. Raises: Cancelled."""
    fresh = []
    for item in items:
        if known is not None and known.scanned.get(item.id) == item.content_key:
            if item.id in known.pieces:
                facts.pieces[item.id] = known.pieces[item.id]
            if item.id in known.told:
                facts.told[item.id] = known.told[item.id]
        else:
            fresh.append(item)
    texts = [i for i in fresh if i.text is not None and i.kind not in ("molecule", "row")]
    rows = [i for i in fresh if i.text is not None and i.kind == "row"]
    found = personal.find_in([i.text or "" for i in texts], control)
    in_rows = find_in_rows([i.text or "" for i in rows], columns, control)
    for item, pieces in chain(zip(texts, found, strict=True), zip(rows, in_rows, strict=True)):
        if pieces:
            facts.pieces[item.id] = [(p.start, p.end, p.kind) for p in pieces]
    pictures = [i for i in fresh if i.kind == "picture" and i.path is not None]
    for number, item in enumerate(pictures):
        control.check()
        if number % 100 == 0:
            control.progress(number, len(pictures), f"Looking for hidden data: {number:,} of {len(pictures):,}")
        try:
            assert item.path is not None
            told = hidden.look(item.path)
        except (UserError, OSError):
            continue  # that it cannot be read is another check's finding
        if told:
            facts.told[item.id] = list(told)
    facts.scanned = {i.id: i.content_key for i in items}
