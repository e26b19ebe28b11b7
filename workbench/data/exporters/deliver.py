"""One export, whatever the format, with or without personal data: what the window and the command line both do."""

from __future__ import annotations

from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.formats import format_by_id
from workbench.data.exporters.leaving_out import CleanProject, without_personal_data
from workbench.data.exporters.project import export_folders, export_labels
from workbench.data.project import Project
from workbench.errors import Problem, UserError

# What every project can be exported to besides the formats.
TABLE, FOLDERS = "table", "folders"


def deliver(
    project: Project,
    format_id: str,
    target: Path,
    control: Control,
    *,
    copy_pictures: bool = True,
    leave_out_personal: bool = False,
) -> tuple[int, list[Problem]]:
    """Write a project's labels.

    Args:
        format_id: of `exporters.formats`, or "table" or "folders".
        leave_out_personal: texts have placeholders for personal data, files are copies without what is hidden in them.
            Pictures are then always copied: a table gets a folder of them beside it.

    Returns:
        How many items were written, and what could not be.

    Raises:
        UserError: when the place cannot be written, or the format is not known. Cancelled: when asked to stop.
    """
    if not leave_out_personal:
        return _write(project, format_id, target, control, copy_pictures)
    with without_personal_data(project, target, control) as clean:
        count, problems = _write(clean, format_id, target, control, True)
        return count, [*clean.problems, *problems]


def _write(
    project: Project | CleanProject, format_id: str, target: Path, control: Control, copy_pictures: bool
) -> tuple[int, list[Problem]]:
    if format_id == TABLE:
        return export_labels(project, target, control), []
    if format_id == FOLDERS:
        return export_folders(project, target, control)
    known = format_by_id(format_id)
    if copy_pictures:
        return known.write(project, target, control)
    if not getattr(known, "may_refer", False):
        raise UserError(f"{known.title} always copies the pictures.", "Leave out --no-copies.")
    return known.write(project, target, control, copy_pictures=False)
