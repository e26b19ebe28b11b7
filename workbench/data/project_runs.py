"""The fine-tuning runs of a project and what they predicted."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from pathlib import Path

from workbench.data.store import Store
from workbench.data.types import ItemPrediction, RunRecord, Split
from workbench.errors import UserError


class RunsPart:
    """Methods of `Project` about its runs."""

    _store: Store

    def save_run(self, run: RunRecord) -> None:
        """Write a run, new or changed."""
        folder = run.folder
        stored = folder.name if folder.parent == self._store.folder / "runs" else str(folder)
        with self._store.transaction() as sql:
            sql.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET name = excluded.name,"
                " status = excluded.status, config = excluded.config, metrics = excluded.metrics, folder = excluded.folder,"
                " message = excluded.message",
                (
                    run.id, run.name, run.status, run.created, json.dumps(run.config), json.dumps(run.metrics), stored,
                    run.message,
                ),
            )  # fmt: skip

    def runs(self) -> list[RunRecord]:
        """All runs, newest first: in the order in which they were begun, whatever the clock said then."""
        rows = self._store.query(
            "SELECT id, name, status, created, config, metrics, folder, message FROM runs ORDER BY rowid DESC"
        )
        return [
            RunRecord(r[0], r[1], r[2], r[3], json.loads(r[4]), json.loads(r[5]), self._run_folder(r[6]), r[7])
            for r in rows
        ]

    def run(self, run_id: str) -> RunRecord:
        """Raises: UserError when there is no such run."""
        for record in self.runs():
            if record.id == run_id:
                return record
        raise UserError("This training is not in the project any more.", "Choose another one.")

    def delete_run(self, run_id: str) -> None:
        """Delete a run, its predictions and its folder; the model it made stays."""
        import shutil

        record = self.run(run_id)
        with self._store.transaction() as sql:
            sql.execute("DELETE FROM predictions WHERE run_id = ?", (run_id,))
            sql.execute("DELETE FROM runs WHERE id = ?", (run_id,))
        if record.folder.parent == self._store.folder / "runs" and record.folder.is_dir():
            shutil.rmtree(record.folder, ignore_errors=True)

    def save_predictions(self, run_id: str, predictions: Iterable[ItemPrediction]) -> None:
        """Replace what a run predicted."""
        with self._store.transaction() as sql:
            sql.execute("DELETE FROM predictions WHERE run_id = ?", (run_id,))
            sql.executemany(
                "INSERT INTO predictions (run_id, item_id, split, true_class, predicted_class, scores, payload)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        run_id,
                        p.item_id,
                        p.split.value,
                        p.true_class,
                        p.predicted_class,
                        json.dumps(p.scores),
                        None if p.record is None else zlib.compress(json.dumps(p.record).encode()),
                    )
                    for p in predictions
                ],
            )

    def predictions(self, run_id: str, split: Split | None = None) -> list[ItemPrediction]:
        """What a run predicted, in order of item."""
        rows = self._store.query(
            "SELECT item_id, split, true_class, predicted_class, scores, payload FROM predictions WHERE run_id = ?"
            " AND (? IS NULL OR split = ?) ORDER BY item_id",
            (run_id, split, split),
        )
        return [
            ItemPrediction(
                r[0],
                Split(r[1]),
                r[2],
                r[3],
                tuple(json.loads(r[4])),
                json.loads(zlib.decompress(r[5])) if r[5] else None,
            )
            for r in rows
        ]

    def _run_folder(self, stored: str) -> Path:
        path = Path(stored)
        return path if path.is_absolute() else self._store.folder / "runs" / path
