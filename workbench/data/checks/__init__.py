"""What a careful colleague would say about the data before anything is trained on it."""

from __future__ import annotations

from workbench.control import Control
from workbench.data.checks.finding import Finding
from workbench.data.project import Project

__all__ = ["Finding", "check_project"]


def check_project(project: Project, control: Control | None = None) -> list[Finding]:
    """All checks, the gravest finding first.

    Raises:
        Cancelled: when asked to stop.
    """
    from workbench.data.checks import counts, marks, twins

    control = control or Control()
    found = [*counts.check(project), *twins.check(project, control), *marks.check(project, control)]
    return sorted(found, key=lambda f: ("bad", "warn", "info").index(f.severity))
