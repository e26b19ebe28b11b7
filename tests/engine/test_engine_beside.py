"""What goes on beside a network while something quicker computes in its layers' place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import nn

from tests.usual_threads import usual_threads
from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.predict import _Asking
from workbench.runtimes.base import Loaded
from workbench.runtimes.fast_body import FastBody, Part, put_fast_body
from workbench.tasks.base import BaseTask, Prediction, TaskInfo, TryOptions
from workbench.tasks.predictions import Text


class _Model(Loaded):
    little_beside = True

    @property
    def heart(self) -> nn.Module | None:
        return self._module


class _Counts(BaseTask):
    """Its answer is with how many threads torch prepared an item."""

    info = TaskInfo("counts", "Counts", "", "text", "text", "texts", "x", result="text")

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        return {"threads": torch.get_num_threads(), "note": ""}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        return [Text(str(sample["threads"])) for sample in samples]


@pytest.fixture
def three_threads() -> Iterator[None]:
    with usual_threads(3):
        yield


@pytest.mark.usefixtures("three_threads")
def test_torch_prepares_with_one_thread_where_an_engine_computes() -> None:
    card = ModelCard("m", "M", ("counts",), "torchvision", "a", Source("import", "/"))
    model = _Model(card, nn.Linear(2, 2))

    def threads() -> int:
        asking = _Asking(model, _Counts(), TryOptions(), Control(), None)
        found = asking.prepare([Sample("text", text="a")])[0]
        assert isinstance(found, dict)
        return int(found["threads"])

    assert threads() == 3
    part = Part("made up", lambda batch: dict(batch), own_weights=True)
    assert model.heart is not None
    put_fast_body(model.heart, FastBody(part, part))
    assert threads() == 1 and torch.get_num_threads() == 3
    put_fast_body(model.heart, FastBody(Part("torch", part.compute), part))  # torch computes a single item
    assert threads() == 3
