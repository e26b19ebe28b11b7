"""workbench project verify, repair, backup, restore: is everything there, and what to do when it is not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress
from workbench.errors import UserError


def add(actions: Any) -> None:
    """Its part of the command line."""
    look = actions.add_parser("verify", help="look whether the labels, files and trainings of a project are sound")
    look.add_argument("project", type=Path)
    look.add_argument("--json", action="store_true")
    look.set_defaults(run=run_verify)
    mend = actions.add_parser(
        "repair", help="mend what can be mended: what is damaged is read as far as it can be, and the old file kept"
    )
    mend.add_argument("project", type=Path)
    mend.set_defaults(run=run_repair)
    save = actions.add_parser("backup", help="back the labels up now, or list the backups")
    save.add_argument("project", type=Path)
    save.add_argument("--list", action="store_true", help="list the backups")
    save.add_argument("--json", action="store_true")
    save.set_defaults(run=run_backup)
    back = actions.add_parser(
        "restore", help="go back to a backup of the labels (what is there now is backed up first)"
    )
    back.add_argument("project", type=Path)
    back.add_argument("number", type=int, nargs="?", help="of the backup, as listed (default: the newest)")
    back.set_defaults(run=run_restore)


def run_verify(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when something is not as it should be."""
    from workbench.data.verify import verify

    with progress("Looking at the project") as control:
        found = verify(options.project, control)
    if options.json:
        as_json(
            {
                "sound": found.sound, "items": found.items, "labels": found.labels, "copies": found.copies,
                "runs": found.runs, "backups": found.backups,
                "troubles": [{"code": t.code, "message": t.message, "hint": t.hint, "count": t.count} for t in found.troubles],
            }
        )  # fmt: skip
        return 0 if found.sound else 3
    for trouble in found.troubles:
        out(f"{trouble.message} {trouble.hint}".strip())
        if trouble.mends:
            out(f"  Mend it: workbench project repair {options.project}")
    if found.sound:
        out(f"All is as it should be: {found.sentence()}")
    return 0 if found.sound else 3


def run_repair(options: argparse.Namespace) -> int:
    """Returns 0 when all is sound afterwards, else 3."""
    from workbench.data.backup import backups, restore
    from workbench.data.recover import recover
    from workbench.data.verify import check_database, mend, verify

    with progress("Repairing") as control:
        verify(options.project, control)  # says what is no project
        if check_database(options.project / "project.db"):
            kept = backups(options.project)
            try:
                found = recover(options.project, control)
            except UserError as error:
                note(str(error))
                if not kept:
                    raise UserError("There is no backup of the labels either.", "") from error
                restore(options.project, kept[0], control)
                out(f"Restored the backup of {kept[0].title}: {kept[0].labels:,} labels.")
            else:
                out(f"Read what could be read: {found.items:,} items, {found.labels:,} labels.")
                if found.aside is not None:
                    out(f"The damaged file is kept: {found.aside}")
                best = max(kept, key=lambda b: b.labels, default=None)
                if best is not None and best.labels > found.labels:
                    out(
                        f"The backup of {best.title} has {best.labels:,} labels. To go back to it:"
                        f" workbench project restore {options.project} {best.number}"
                    )
        count = mend(options.project)
        if count:
            out(f"{count:,} left-over things are taken away.")
    left = verify(options.project)
    for trouble in left.troubles:
        out(f"{trouble.message} {trouble.hint}".strip())
    if left.sound:
        out(f"All is as it should be: {left.sentence()}")
    return 0 if left.sound else 3


def run_backup(options: argparse.Namespace) -> int:
    """Returns 0."""
    from workbench.data.backup import back_up, backups
    from workbench.data.project import Project

    Project.open(options.project, read_only=True).close()  # says what is no project
    made = []
    if not options.list:
        with progress("Backing up the labels") as control:
            made = [back_up(options.project, control)]
    found = backups(options.project) if options.list else made
    if options.json:
        as_json(
            [
                {"number": b.number, "when": b.when.isoformat(), "items": b.items, "labels": b.labels, "file": str(b.path)}
                for b in found
            ]
        )  # fmt: skip
        return 0
    for backup in found:
        out(f"{backup.number:>6}  {backup.title}  {backup.labels:,} labels, {backup.items:,} items")
    if not found:
        out("There are no backups yet.")
    return 0


def run_restore(options: argparse.Namespace) -> int:
    """Returns 0."""
    from workbench.data.backup import backups, restore

    found = backups(options.project)
    chosen = found[:1] if options.number is None else [b for b in found if b.number == options.number]
    if not chosen:
        raise UserError(
            "There is no such backup." if found else "There are no backups of this project.",
            f"See: workbench project backup {options.project} --list",
        )
    with progress("Restoring") as control:
        aside = restore(options.project, chosen[0], control)
    out(f"The labels are those of {chosen[0].title} again: {chosen[0].labels:,} labels.")
    if aside is not None:
        out(f"The damaged file is kept: {aside}")
    return 0
