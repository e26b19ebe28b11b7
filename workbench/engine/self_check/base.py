"""What a step is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import UserError

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.catalog.catalog import Catalog
    from workbench.data.types import Sample
    from workbench.tasks.base import Prediction, TryOptions


class Failed(UserError):  # noqa: N818 - reads as what it is
    """A step did not give what it must."""


@dataclass
class Place:
    """What the steps share.

    Attributes:
        folder: an empty folder for their files.
        made: models made on the way, by the task's id.
        projects: folders of the projects they were made in, likewise.
    """

    folder: Path
    made: dict[str, ModelCard] = field(default_factory=dict)
    projects: dict[str, Path] = field(default_factory=dict)
    _catalog: Catalog | None = None

    @property
    def catalog(self) -> Catalog:
        if self._catalog is None:
            from workbench.catalog.catalog import Catalog

            self._catalog = Catalog.load()
        return self._catalog

    def ask(self, model_id: str, task_id: str, sample: Sample, options: TryOptions | None = None) -> Prediction:
        """One answer of one model. Raises: UserError when there is none."""
        from workbench.engine.predict import predict
        from workbench.tasks.registry import get_task

        result = next(predict([sample], self.catalog.get(model_id), get_task(task_id), options, device="cpu"))
        if result.prediction is None:
            raise Failed(str(result.problem))
        return result.prediction


@dataclass(frozen=True)
class Step:
    """One thing tried out.

    Attributes:
        id: for `--only`.
        title: as it is printed.
        run: does it, and gives a few words about what came out. Raises when it does not work.
        after: ids of steps whose work it uses; they run before it even when only it is asked for.
    """

    id: str
    title: str
    run: Callable[[Place], str]
    after: tuple[str, ...] = ()


def expect(condition: object, what: str) -> None:
    """Raises: Failed with what came instead, unless the condition holds. (`assert` may be switched off.)"""
    if not condition:
        raise Failed(what)
