"""What a careful colleague would say about the data before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.control import Control
from workbench.data.checks.finding import Finding, Place
from workbench.data.checks.fine import Fine
from workbench.data.project import Project

__all__ = ["Finding", "Place", "check_project", "in_order"]


def check_project(
    project: Project, control: Control | None = None, alike: Sequence[Sequence[int]] = ()
) -> list[Finding]:
    """All checks that need no network, the gravest finding first; what a person has said is fine is left out.

    Args:
        alike: groups of items known to be nearly the same (see `twins.check`).

    Raises:
        Cancelled: when asked to stop.
    """
    from workbench.data.checks import counts, marks, table_columns, twins

    control = control or Control()
    fine = Fine(project)
    found = [*counts.check(project), *twins.check(project, control, alike, fine), *marks.check(project, control)]
    found += table_columns.check(project, control)
    return in_order(f for f in found if not fine.covers(f))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first."""
    return sorted(findings, key=lambda f: ("bad", "warn", "info").index(f.severity))
