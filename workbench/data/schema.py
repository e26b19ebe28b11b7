"""The tables of `project.db`, and how older ones become today's."""

from __future__ import annotations

VERSION = 4
# Bytes. The list of tables and indexes lies on the file's first page as long as it fits there: were it spread, damage to any of
# its pages would make the whole file unreadable (`workbench.data.recover`).
PAGE = 8192
APPLICATION_ID = 0x57424E43  # "WBNC": tells a project's database from any other

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, position INTEGER NOT NULL, colour TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, path TEXT, copied INTEGER NOT NULL,
    text TEXT, class_id INTEGER REFERENCES classes(id), label_source TEXT NOT NULL DEFAULT '', split TEXT,
    content_hash TEXT NOT NULL, width INTEGER NOT NULL DEFAULT 0, height INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '', suggestion INTEGER, suggestion_score REAL NOT NULL DEFAULT 0,
    signature BLOB, deleted INTEGER NOT NULL DEFAULT 0, marked INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0);
CREATE INDEX items_hash ON items(content_hash);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, config TEXT NOT NULL,
    metrics TEXT NOT NULL, folder TEXT NOT NULL, message TEXT NOT NULL DEFAULT '');
CREATE TABLE predictions (
    run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, item_id INTEGER NOT NULL, split TEXT NOT NULL,
    true_class TEXT NOT NULL, predicted_class TEXT NOT NULL, scores TEXT NOT NULL, payload BLOB,
    PRIMARY KEY (run_id, item_id));
"""

_ANNOTATIONS = """
CREATE TABLE annotations (
    id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES items(id), place INTEGER NOT NULL, class_id INTEGER,
    shape TEXT NOT NULL, text TEXT NOT NULL DEFAULT '', source TEXT NOT NULL, score REAL NOT NULL,
    ignored INTEGER NOT NULL DEFAULT 0, locked INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0);
CREATE INDEX annotations_item ON annotations(item_id, place);
CREATE INDEX annotations_class ON annotations(class_id);
CREATE TABLE merged (annotation_id INTEGER NOT NULL, from_class INTEGER NOT NULL);
CREATE INDEX merged_class ON merged(from_class);
"""
_GROUPS = """
CREATE TABLE item_groups (
    item_id INTEGER NOT NULL REFERENCES items(id), property TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (item_id, property)) WITHOUT ROWID;
CREATE INDEX item_groups_value ON item_groups(property, value);
"""
# Items that came from the review of what a model had answered. The version was raised with it because an older app does
# not know the part of the data that is called "new".
_REVIEWED = """
CREATE TABLE IF NOT EXISTS reviewed (
    item_id INTEGER PRIMARY KEY REFERENCES items(id), model TEXT NOT NULL, answer TEXT NOT NULL, why TEXT NOT NULL,
    at TEXT NOT NULL);
"""
# Who liked what (recommendations). `strength` 0: seen, and not liked. `at`: seconds since 1970. `split`: frozen once given.
# `item_keys`: what a thing is called in the tables it came from.
# Made in the projects that have any, so that the list of all tables stays on one page of the others: when that is lost, all is.
INTERACTIONS = """
CREATE TABLE IF NOT EXISTS people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS interactions (
    id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL REFERENCES people(id), item_id INTEGER NOT NULL REFERENCES items(id),
    strength REAL NOT NULL, at REAL, split TEXT, UNIQUE (person_id, item_id));
CREATE INDEX IF NOT EXISTS interactions_item ON interactions(item_id);
CREATE TABLE IF NOT EXISTS item_keys (key TEXT PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES items(id));
CREATE INDEX IF NOT EXISTS item_keys_item ON item_keys(item_id);
"""
# What the list of items asks is answered from these alone, without reading rows: they hold all it asks for, in its order.
# They are made when a project is opened that has none yet; an older app opens the project all the same, so the version stays.
INDEXES = {
    "items_live": "CREATE INDEX items_live ON items(deleted)",
    "items_counts": "CREATE INDEX items_counts ON items(deleted, class_id, split, marked, problem)",
    "items_by_name": "CREATE INDEX items_by_name ON items(deleted, name COLLATE NOCASE)",
    "items_texts": "CREATE INDEX items_texts ON items(deleted) WHERE text IS NOT NULL",
    "items_uncertain": "CREATE INDEX items_uncertain ON items(deleted, suggestion_score, id, class_id, marked, suggestion, problem)",
}
# What those replace.
OLD_INDEXES = ("items_class", "items_name", "items_suggested")
SCHEMA += _ANNOTATIONS + _GROUPS + _REVIEWED + ";".join(INDEXES.values()) + ";"

# From each version to the next; all steps of an update are one transaction.
UPDATES = {
    1: f"""
ALTER TABLE items ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE predictions ADD COLUMN payload BLOB;
{_ANNOTATIONS}""",
    2: _GROUPS,
    3: _REVIEWED,
}
