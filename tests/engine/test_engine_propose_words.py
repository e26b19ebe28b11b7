"""Proposals of a model for what nobody has done yet."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.catalog.catalog import Catalog
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import NewItem
from workbench.engine.propose import propose, proposers
from workbench.errors import UserError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from speech_models import own_listener
from voices import RATE, Counter, OneModel, saved


def test_what_was_heard_waits_to_be_accepted(tmp_path: Path, catalog: Catalog) -> None:
    sound = np.zeros(RATE * 3, np.float32)
    for at in (0.5, 1.5):
        sound[int(at * RATE) : int(at * RATE) + 4800] = 0.6 * np.sin(np.arange(4800) / 8)
    with Project.create(tmp_path / "p", "p", "speech-recognition") as project:
        items = [
            NewItem("sound", f"{n}", path=saved(tmp_path / f"{n}.wav", sound * (1 - n / 10)).path) for n in range(3)
        ]
        done, first, second = project.add_items(items).added
        project.set_annotations({done: AnnotationState((Annotation(Whole(), text="mine"),), True)})
        silent = saved(tmp_path / "silent.wav", np.zeros(RATE))
        (third,) = project.add_items([NewItem("sound", "silent", path=silent.path)]).added
        own = own_listener(catalog, tmp_path, width=32, layers=1)
        # One's own first, then what came with the app; what is not downloaded cannot be asked.
        assert [c.id for c in proposers(project, catalog)] == ["small-listener", "dictation-starter"]
        assert propose(project, own, pool=OneModel(Counter())) == 2
        states = project.annotation_states([done, first, second, third])
        assert [a.text for a in states[done].annotations] == ["mine"]
        assert [(a.text, a.is_proposal) for a in states[first].annotations] == [("zero one", True)]
        assert states[third].annotations == () and not states[first].marked
        assert project.proposals_count() == 2
        # Asked again, they are replaced.
        propose(project, own, pool=OneModel(Counter()))
        assert len(project.annotations(second)) == 1
        project.set_annotations({i: AnnotationState((), True) for i in (first, second, third)})
        with pytest.raises(UserError, match="All recordings are done"):
            propose(project, own)
    with Project.create(tmp_path / "q", "q", "image-classification") as project:
        assert proposers(project, catalog) == []
        with pytest.raises(UserError, match="Nothing can be proposed"):
            propose(project, own)
