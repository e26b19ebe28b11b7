"""“I looked; it is fine”: what a person has seen and does not want to be told again.

It is remembered per item by what it holds and how it is labelled, so that a change brings the finding back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from workbench.data.checks.finding import Finding
from workbench.data.project import Project
from workbench.data.types import Item

_META = "looked and fine"
Kept = dict[str, list[str]]


def _token(item: Item) -> str:
    return hashlib.sha256(f"{item.content_hash}|{item.class_id}".encode()).hexdigest()[:16]


class Fine:
    """What was looked at so far, as it stands when this is made."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._kept = {code: set(tokens) for code, tokens in kept(project).items()}

    def items(self, code: str, ids: Sequence[int]) -> list[int]:
        """Those of the items that nobody has looked at for this."""
        seen = self._kept.get(code)
        if not seen or not ids:
            return list(ids)
        tokens = {i.id: _token(i) for i in self._project.items(ids)}
        return [i for i in ids if tokens.get(i) not in seen]

    def groups(self, code: str, groups: Iterable[Sequence[int]]) -> list[tuple[int, ...]]:
        """Those of the groups in which there is an item that nobody has looked at."""
        every = [tuple(g) for g in groups]
        wanted = set(self.items(code, [i for g in every for i in g]))
        return [g for g in every if wanted.intersection(g)]

    def covers(self, finding: Finding) -> bool:
        """Whether all of a finding was looked at."""
        if finding.item_ids:
            return not self.items(finding.code, finding.item_ids)
        return _sentence(finding) in self._kept.get(finding.code, ())


def kept(project: Project) -> Kept:
    """Everything remembered, for undo."""
    found = project.get_meta(_META, {})
    return found if isinstance(found, dict) else {}


def keep(project: Project, everything: Kept) -> None:
    """Put back what `kept` gave. Raises: UserError when the project cannot be written."""
    project.set_meta(_META, everything)


def looked(project: Project, finding: Finding, ids: Sequence[int] | None = None) -> Kept:
    """Remember that a finding (or these of its items) is fine. Returns what was remembered before, for `keep`.

    Raises:
        UserError: when the project cannot be written.
    """
    before = kept(project)
    tokens = [_token(i) for i in project.items(finding.item_ids if ids is None else ids)] or [_sentence(finding)]
    keep(project, before | {finding.code: sorted({*before.get(finding.code, []), *tokens})})
    return before


def forget(project: Project) -> Kept:
    """Tell everything again. Returns what was remembered, for `keep`."""
    before = kept(project)
    keep(project, {})
    return before


def _sentence(finding: Finding) -> str:
    return hashlib.sha256(finding.message.encode()).hexdigest()[:16]
