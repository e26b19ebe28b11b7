"""The tables of `project.db`."""

from __future__ import annotations

VERSION = 1
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
    signature BLOB, deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX items_hash ON items(content_hash);
CREATE INDEX items_class ON items(deleted, class_id);
CREATE INDEX items_name ON items(deleted, name);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, config TEXT NOT NULL,
    metrics TEXT NOT NULL, folder TEXT NOT NULL, message TEXT NOT NULL DEFAULT '');
CREATE TABLE predictions (
    run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, item_id INTEGER NOT NULL, split TEXT NOT NULL,
    true_class TEXT NOT NULL, predicted_class TEXT NOT NULL, scores TEXT NOT NULL, PRIMARY KEY (run_id, item_id));
"""
