"""What is known of a training run so far, gathered from its events. No Qt: live view and Results both read it."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.engine.events import (
    Advice,
    EpochDone,
    Finished,
    RunEvent,
    SamplePredicted,
    StageChanged,
    Started,
    StepDone,
)
from workbench.gui.models.thin_curve import ThinCurve


@dataclass
class RunProgress:
    """The state of one run. Feed it events in order.

    Attributes:
        steps: (epoch as a fraction, training loss in nats) of the optimiser's steps, thinned out when very many.
        epochs: one entry per epoch done, in order; a resumed run repeats none.
        samples: the last prediction of each live sample, by item id, in order of appearance.
        changed_samples: item ids whose predicted class differs from the epoch before.
    """

    started: Started | None = None
    stage: str = ""
    steps: ThinCurve = field(default_factory=ThinCurve)
    epochs: list[EpochDone] = field(default_factory=list)
    samples: dict[int, SamplePredicted] = field(default_factory=dict)
    changed_samples: set[int] = field(default_factory=set)
    advice: dict[str, str] = field(default_factory=dict)
    best: EpochDone | None = None
    seconds_left: float = -1.0
    position: float = 0.0
    finished: Finished | None = None

    def feed(self, event: RunEvent) -> None:
        """Take in one event; kinds that say nothing to a person are passed over."""
        if isinstance(event, StepDone):
            self._step(event)
        elif isinstance(event, EpochDone):
            self._epoch(event)
        elif isinstance(event, SamplePredicted):
            before = self.samples.get(event.item_id)
            if before is not None and before.predicted_class != event.predicted_class:
                self.changed_samples.add(event.item_id)
            else:
                self.changed_samples.discard(event.item_id)
            self.samples[event.item_id] = event
        elif isinstance(event, StageChanged):
            self.stage = event.text
        elif isinstance(event, Advice):
            self.advice[event.code] = event.text
        elif isinstance(event, Started):
            self.started = event
            self.finished = None
        elif isinstance(event, Finished):
            self.finished = event

    @property
    def epochs_planned(self) -> int:
        return self.started.epochs if self.started else 0

    @property
    def fraction(self) -> float:
        """Share of the planned epochs done, 0..1; -1 while nothing is learning yet."""
        if self.finished is not None:
            return 1.0
        if not self.epochs_planned or self.position <= 0:
            return -1.0
        return min(1.0, self.position / self.epochs_planned)

    def _step(self, event: StepDone) -> None:
        self.seconds_left = event.seconds_left
        self.position = event.epoch
        self.steps.append(event.epoch, event.loss)

    def _epoch(self, event: EpochDone) -> None:
        # A resumed run may report the epoch again that it was in when it was interrupted.
        self.epochs = [e for e in self.epochs if e.epoch < event.epoch]
        self.epochs.append(event)
        self.position = max(self.position, float(event.epoch))
        if event.is_best:
            self.best = event
