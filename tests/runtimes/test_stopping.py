"""A stop is heard within a network's pass and within the way back; and a step that was broken off has changed nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine import checkpoint, finetune
from workbench.engine.events import How, StepDone
from workbench.engine.fit import fit, new_config, resumable
from workbench.errors import Cancelled
from workbench.runtimes.fast_body import FastBody, Part, engines, put_fast_body
from workbench.runtimes.stopping import between_layers


class _Stops(Control):
    """Stops by itself after it was asked so many times, as a person who clicks in the midst of a pass."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.asked, self._after = 0, after

    @property
    def cancelled(self) -> bool:
        self.asked += 1
        if self.asked > self._after:
            self.cancel()
        return super().cancelled

    def check(self) -> None:
        super().check()
        if self.cancelled:
            raise Cancelled


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        *[part for _ in range(6) for part in (nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(inplace=True))]
    )


def _asked(learning: bool) -> int:
    control = _Stops(10**9)
    with between_layers(net := _network(), control, learning=learning):
        net(torch.ones(3, 4)).sum().backward()
    assert not any(part._forward_pre_hooks or part._forward_hooks for part in net.modules()), "hooks are left"
    return control.asked


def test_it_is_asked_before_every_part_and_on_the_way_back() -> None:
    assert _asked(learning=False) >= 18
    assert _asked(learning=True) >= 36


def test_layers_that_something_stands_in_for_are_not_watched() -> None:
    net = _network()
    part = Part("made up", lambda batch: dict(batch), own_weights=True)
    net[0] = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    net.eval()

    def asked(learning: bool = False) -> int:
        control = _Stops(10**9)
        with between_layers(net, control, learning=learning), torch.inference_mode():
            net(torch.ones(3, 4))
        return control.asked

    before, learning = asked(), asked(learning=True)
    put_fast_body(net[0], FastBody(part, part))
    assert asked() < before
    with engines("torch"):  # they compute after all
        assert asked() == before
    assert asked(learning=True) == learning
    put_fast_body(net[0], FastBody(Part("torch", part.compute), part))  # a single item is left to them
    assert asked() == before
    put_fast_body(net[0], None)
    put_fast_body(net, FastBody(part, part))
    assert asked() <= 2


def test_a_stop_on_the_way_back_comes_out_of_it() -> None:
    net = _network()
    control = _Stops(18)
    with between_layers(net, control, learning=True):
        loss = net(torch.ones(3, 4)).sum()
        with pytest.raises(Cancelled):
            loss.backward()
    # Without the hooks the same graph is whole.
    loss = net(torch.ones(3, 4)).sum()
    loss.backward()


def test_who_learns_does_not_pause_within_a_step() -> None:
    control = Control()
    control.pause()
    net = _network()
    with between_layers(net, control, learning=True):
        net(torch.ones(3, 4)).sum().backward()  # it would stand still for ever


def test_a_step_that_was_broken_off_has_not_happened(
    digits_folder: Callable[..., Path],
    make_project: Callable[[Path], Project],
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The window is closed in the midst of a step: what is saved is the state before it, to the bit, so that going on gives the
    same weights; also where norms learn and chance is drawn in the pass."""
    project = make_project(digits_folder(("one", "two"), 8))
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    states: list[tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]] = []
    usual = finetune._gradients
    calls = 0

    def gradients(training: finetune.Training, prepared: finetune.Prepared, whole: float) -> object:
        nonlocal calls
        calls += 1
        if calls != 3:
            return usual(training, prepared, whole)
        module = training.lesson.module
        states.append(({k: v.clone() for k, v in module.state_dict().items()}, checkpoint.random_states()))
        torch.rand(7)  # as dropout does
        for buffer in module.buffers():
            buffer.add_(1)
        training.run.control.leave()
        usual(training, prepared, whole)
        raise AssertionError("the pass went on to its end")

    monkeypatch.setattr(finetune, "_gradients", gradients)
    control = Control()
    steps = []
    with pytest.raises(Cancelled):
        for event in fit(new_config(project, card, How.BALANCED, epochs=3, batch_size=4), project, catalog, control):
            steps += [event] if isinstance(event, StepDone) else []
    assert len(steps) == 2 and calls == 3
    (run,) = resumable(project)
    saved, _ = checkpoint.read_tensors(run.folder / checkpoint.LAST)
    before, chance = states[0]
    assert {k.removeprefix("model.") for k in saved if k.startswith("model.")} == set(before)
    for name, value in before.items():
        assert torch.equal(saved[f"model.{name}"], value), name
    assert torch.equal(saved["random"], chance["random"])
