"""What a task is.

One module per task under `workbench.tasks`; the registry finds it. Adding a task is adding one module: pages,
engine and command line ask the task, they never ask which task it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.types import Item, MediaKind, Sample, Split
from workbench.errors import UserError
from workbench.tasks.live_rule import LiveRule
from workbench.tasks.predictions import Prediction, Score, Scores

if TYPE_CHECKING:
    import torch

    from workbench.data.importers import ImportPlan
    from workbench.data.project import Project
    from workbench.runtimes.base import Batch, Floats, Loaded
    from workbench.runtimes.network import Network
    from workbench.tasks.augment import Look, Variation
    from workbench.tasks.lesson import Example, How, Lesson, Material
    from workbench.tasks.row_reasons import RowReasons

__all__ = [
    "CasesTask",
    "ComparingTask",
    "Ear",
    "Field",
    "HearingTask",
    "LiveTask",
    "MarkingTask",
    "OnceTask",
    "Option",
    "PooledTask",
    "Prediction",
    "ReasonsTask",
    "Score",
    "Scores",
    "Task",
    "TaskInfo",
    "TrainableTask",
    "TryOptions",
    "VaryingTask",
]


_SHARED = "About 70 % are for learning, 15 % steer the training, and 15 % are kept aside for an honest test."
_WITHIN = (
    "Of each, about three fifths are for learning, the next fifth steers the training, and the last fifth is kept aside for an"
    " honest test: nothing that came later is ever seen before."
)
# Editors of labels that have no classes.
_WITHOUT_CLASSES = ("words", "answers", "number", "season")


@dataclass(frozen=True)
class Option:
    """Something the person may set before a prediction, as data: the window and the command line make controls of it.

    Attributes:
        id: key in `TryOptions.values`.
        title: what it is called in plain words; `tip` says more, with the technical term.
        kind: "text" (one line), "words" (several lines), "number" (with `low`, `high`, `step`), "choice",
            "picture" (path of a picture file), "file" (path of another file).
        default: its value when nothing is set; for "choice" one of `choices`' ids.
        choices: (id, words) of a "choice"; (ending, words) of a "file". Empty: the task's `choices(card, option)` gives
            them; where these are empty too, the option does not apply to a model.
        needed: the prediction makes no sense without it.
    """

    id: str
    title: str
    kind: Literal["text", "words", "number", "choice", "picture", "file"]
    default: str | float = ""
    tip: str = ""
    low: float = 0.0
    high: float = 1.0
    step: float = 0.1
    choices: tuple[tuple[str, str], ...] = ()
    needed: bool = False


@dataclass(frozen=True)
class Field:
    """Something a person fills in of a row: a column's name, the values to choose from (any other may be typed, too), and what
    is usual. `kind`: "text" for whole texts, "picture" for a file to choose, "" for a short value."""

    name: str
    choices: tuple[str, ...] = ()
    hint: str = ""
    kind: str = ""


@dataclass(frozen=True)
class TryOptions:
    """What a person set before a prediction.

    Attributes:
        labels: used by models without a head of their own.
        values: by `Option.id`; what is missing has its default.
    """

    labels: tuple[str, ...] = ()
    values: Mapping[str, str | float] = field(default_factory=dict)

    def text(self, option: Option) -> str:
        return str(self.values.get(option.id, option.default)).strip()

    def number(self, option: Option) -> float:
        """Kept within the option's bounds; what is no number counts as the default."""
        try:
            value = float(self.values.get(option.id, option.default))
        except ValueError:
            value = float(option.default)
        return min(option.high, max(option.low, value))


@dataclass(frozen=True)
class TaskInfo:
    """A task in words. `noun` is what one item is called ("picture"), `nouns` its plural.

    Attributes:
        media: what goes in.
        result: what comes out: the `kind` of its predictions.
        verb: what the button says when a prediction is not made by itself ("Translate"); "" when dropping is enough.
        trainable: the person can teach models this task (its module is a `TrainableTask`).
        editor: how examples of it are labelled ("classes", "boxes", "regions", "spans", …): names the editor
            (`workbench.gui.editors.NAME`) and what an import plan's `marks` must be.
        first: what people most often mean when they bring such items; listed and guessed before the others.
        learns_as_is: its examples need no labels: every item that comes in is one (texts to be gone on with).
        judge: how its answers are judged ("classes", "boxes", …): names the module `workbench.trust.judge_NAME` and the
            window's view of the result.
        streams: a prediction comes in parts (`predict_stream`).
        options: what can be set before a prediction.
        group: heading under which pages list it.
        question: what a person would ask for ("find and count things in pictures"), for "Find me a model".
        taught_only: nobody publishes models for it: all that can do it were taught by the person.
        adapters: its models can learn by small add-ons beside their weights (LoRA): a run's `options["lora"]`.
        partly: an item that is not done yet teaches what is marked on it; the rest of it says nothing.
        typed: what stands in the field to type in before anything is typed; "" for the usual words.
        mark: what one label without a class is called in lists ("answer").
        page: id of a page of its own, which the Try page leads to; `page_words`: what the button there says.
        has_truth: there may be a true picture to hold the made one against (PSNR, SSIM).
        several: id of the task that lets the same items have several labels each; "" where there is none.
        overlaps: what a right text is compared by beside words and letters, the first one as the main score: "bleu",
            "chrf", "rouge" (see `workbench.trust.text_overlap`).
        learns_with: ids of those of its options that must be known while a model learns, too (languages).
        untaught: how a model answers that was taught nothing, for holding a taught one against it: "names" (nearness of
            meaning to the classes' names) or "look-alikes" (nearness to a few shown examples); "" where neither makes sense.
        apart: what keeps items together on one side of the test beside being nearly the same (`Task.kept_together`), in one
            sentence; "" where nothing does.
        learns_beginnings: of texts longer than the model reads at once, only the beginning is learnt from.
        parts_within: every item holds its own part to learn from, to steer by and to judge on (a series: by time), so it
            belongs to all splits; its lesson's `look_at` says which of them is asked about.
        warning: what a person must keep in mind with every answer and every result of it, or "".
        dropped: what is dropped to try it ("a picture of a thing"), where that is not an item; "" for the noun.
        many: what to drop where a model is run on many things, where the usual words do not fit.
        ways: what Quick, Balanced and Thorough mean here ("quick", …), where the usual words do not fit.
    """

    id: str
    title: str
    summary: str
    media: MediaKind
    noun: str
    nouns: str
    icon: str
    result: str = "scores"
    editor: str = ""
    judge: str = ""
    first: bool = False
    learns_as_is: bool = False
    import_formats: tuple[str, ...] = field(default=())
    file_suffixes: tuple[str, ...] = field(default=())
    verb: str = ""
    trainable: bool = False
    streams: bool = False
    options: tuple[Option, ...] = ()
    group: str = "Pictures"
    question: str = ""
    typed: str = ""
    mark: str = "label"
    page: str = ""
    page_words: str = ""
    has_truth: bool = False
    taught_only: bool = False
    several: str = ""
    partly: bool = False
    adapters: bool = False
    overlaps: tuple[str, ...] = ()
    learns_with: tuple[str, ...] = ()
    learns_beginnings: bool = False
    parts_within: bool = False
    warning: str = ""
    many: str = ""
    dropped: str = ""
    ways: Mapping[str, str] = field(default_factory=dict)
    untaught: Literal["", "names", "look-alikes"] = ""
    apart: str = ""

    @property
    def has_classes(self) -> bool:
        """Its labels are of classes; else they are words, numbers, answers to questions, or there are none at all."""
        return self.editor not in _WITHOUT_CLASSES and not self.learns_as_is

    @property
    def drawn(self) -> bool:
        """Its items have a look of their own, so that a list of them shows tiles."""
        return self.media in ("picture", "molecule")

    @property
    def watches(self) -> bool:
        """It can look at a video: pictures go in, what comes out can be drawn over them, and nothing more is needed."""
        needs = any(option.needed for option in self.options)
        return self.media == "picture" and self.result in ("scores", "boxes", "mask") and not self.verb and not needs


class Task(Protocol):
    """One thing a model can do. Stateless; all methods may be called from any thread."""

    info: TaskInfo

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        """Read and decode one sample for this model, plus "note": str. Called in reader threads, ahead of the batch.

        Args:
            augment_seed: when given, a random augmentation drawn from exactly this seed is applied (training).

        Raises:
            UserError: when the sample cannot be read; the sentence says why.
        """

    def prepare_several(
        self, samples: Sequence[Sample], model: Loaded, control: Control
    ) -> list[dict[str, Any] | UserError]:
        """As `prepare`, of several; and why not, where one cannot be read.

        Raises:
            Cancelled: when asked to stop.
        """

    def length(self, prepared: Mapping[str, Any]) -> int:
        """How long a prepared item is, where a short one computed together with a long one takes as long as that; 0 where
        all are alike."""

    def needs_labels(self, card: ModelCard) -> bool:
        """True when this model has no head for this task and answers only for labels the person types."""

    def choices(self, card: ModelCard, option: Option) -> tuple[tuple[str, str], ...]:
        """(id, words) of a "choice", (ending, words) of a "file" for this model; none where it does not apply."""

    def kept_together(self, items: Sequence[Item], control: Control) -> list[list[int]]:
        """Ids of items that must stand on one side of the test (see `TaskInfo.apart`), beside those that are nearly the same.

        Raises:
            Cancelled: when asked to stop.
        """

    def opens_named_files(self, card: ModelCard) -> bool:
        """Whether an item of this model may name files of this computer that are then opened: nothing for what comes from
        other programs."""

    def given_cells(self, sample: Sample) -> dict[str, str] | None:
        """Of an item that is a row of a table: its cells, which stand before the answer in a table of answers."""

    def item_words(self, item: Item, project: Project) -> str:
        """All that a person is shown of an item that is labelled by itself."""

    def number_named(self, project: Project) -> tuple[str, str]:
        """What the number is that is asked for, and its unit; "" where that is not known."""

    def form(self, card: ModelCard) -> tuple[Field, ...]:
        """What is asked of an item that is typed in cell by cell; nothing where it is not."""

    def how_words(self, card: ModelCard) -> Mapping[How, tuple[str, str]]:
        """What the ways of training mean for a model that does not learn as networks do: plain words, and the technical ones."""

    def plan_for(self, card: ModelCard, path: Path, control: Control) -> ImportPlan:
        """A file or folder to judge a model by. Raises: UserError when it has nothing to judge by."""

    def learns_from(self, project: Project) -> str:
        """What a training would learn from, in numbers ("96 pictures with a label")."""

    def parts_words(self, project: Project) -> str:
        """How that is shared out between learning, steering and the test, in a sentence."""

    def samples_in(self, path: Path, control: Control) -> Iterable[Sample]:
        """A file as samples: one, but for files that hold many items.

        Raises:
            UserError: when such a file cannot be read. Cancelled: when asked to stop.
        """

    def sample_of(self, item: Item, annotations: Sequence[Annotation]) -> Sample:
        """A project's item as a model is given it; what is asked about it is among its annotations.

        Raises:
            UserError: when nothing is asked, where something must be.
        """

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        """Prepared samples in, one prediction each. Deterministic; no gradients.

        Raises:
            UserError: when the model or the options cannot do it (all samples alike).
            Cancelled: when asked to stop.
        """

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        """One prepared sample in; the prediction as it grows, the last one whole."""


@runtime_checkable
class LiveTask(Task, Protocol):
    """A task that answers while a recording is being made."""

    def dictate(
        self, blocks: Iterator[Floats], rate: int, model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        """The prediction as it grows, the last one whole.

        Args:
            blocks: mono sound float32 in -1..1 at `rate` Hz, as it comes from the microphone.

        Raises:
            UserError: when the model cannot do it. Cancelled: when asked to stop.
        """


@runtime_checkable
class HearingTask(Task, Protocol):
    """A task that says of every moment of a sound what is heard in it, also of one that never ends."""

    def ear(self, model: Loaded) -> Ear:
        """How this model listens. Raises: UserError when it cannot do this."""

    def hear(self, windows: Sequence[Floats], model: Loaded) -> Floats:
        """Windows of sound, mono float32 [T] in -1..1 at the ear's rate, to shares float32 [W, C], one per label."""

    def hear_and_compare(self, windows: Sequence[Floats], model: Loaded) -> tuple[Floats, Floats | None]:
        """As `hear`, and of each window how far it is from what the model learnt from (float32 [W], above 1 it is unlike
        that; None where the model knows nothing of it)."""


@dataclass(frozen=True)
class Ear:
    """How a model listens to a stream.

    Attributes:
        rate: in Hz. longest: seconds of sound it takes at once.
        labels: what it can hear.
        several: several of them can be true at once; else the shares of a moment are 1 together.
        rule: what counts of a moment.
    """

    rate: int
    longest: float
    labels: tuple[str, ...]
    several: bool = False
    rule: LiveRule = field(default_factory=LiveRule)


@runtime_checkable
class TrainableTask(Task, Protocol):
    """A task a person can teach."""

    def check(self, project: Project) -> None:
        """Raises: UserError that says what is missing before anything can be learnt from the project's labels."""

    def lesson(self, material: Material) -> Lesson:
        """What the training loop drives: one opened model that is to be taught. See `workbench.tasks.lesson`.

        Raises:
            UserError: when this model cannot be taught this task.
        """

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        """What a model taught these classes does, and what it cannot: two sentences for its card."""

    def run_options(self, project: Project) -> dict[str, Any]:
        """What of the project decides how its items are read: frozen with a run when it is set up."""

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float | None:
        """How many forward passes a training on so many items is worth (`epochs` 0: as many as usual); None where the usual
        estimate fits."""

    def more_seconds(self, project: Project, card: ModelCard, how: How) -> float:
        """What a training takes beside its forward passes."""

    def memory(self, card: ModelCard, items: int) -> int | None:
        """Bytes that a training takes; None where the usual estimate fits."""

    def looks_with(self, project: Project) -> list[tuple[str, str]]:
        """(model id, task id) of other models, each of which looks at something of every item once."""


@runtime_checkable
class OnceTask(Protocol):
    """A task one forward pass of which is not just `predict_batch`, as of a model that has not been taught yet."""

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        """One forward pass over a prepared item, to measure how long it takes."""


@runtime_checkable
class MarkingTask(Protocol):
    """A task whose answers can become labels of the item."""

    def annotations_of(self, prediction: Prediction, class_ids: Mapping[str, int], /) -> list[Annotation]:
        """The labels a prediction proposes.

        Args:
            class_ids: of the project's classes, by name; what is none of them is left out.
        """


@runtime_checkable
class ReasonsTask(Protocol):
    """A task that says by itself why its models answer as they do."""

    def reasons(self, sample: Sample, model: Loaded, target: str, control: Control) -> tuple[str, RowReasons]:
        """What is explained (a class, or the name of the number), and the reasons.

        Args:
            target: the class that is explained; "" for the likeliest.

        Raises:
            UserError: when the item cannot be read. Cancelled: when asked to stop.
        """


@runtime_checkable
class CasesTask(TrainableTask, Protocol):
    """A trainable task that is judged on something else than the project's items: a recommender on people. Its judge's module has
    `gather(project, said, split)`, which puts answers that were kept beside the truth of now."""

    def cases(self, project: Project, seed: int, control: Control | None = None) -> dict[Split, list[Item]]:
        """What is learnt from, steered by and judged on; what is no item of the project has a negative id."""


@runtime_checkable
class VaryingTask(TrainableTask, Protocol):
    """A task whose pictures are varied while a model learns, in a way that can be shown before.

    Attributes:
        variations: those a person can switch, in a run's `options["augment"]`; none where all go together.
    """

    variations: tuple[Variation, ...]

    def varies(self, how: How) -> bool:
        """Whether this way of training varies pictures at all."""

    def look(self, example: Example, card: ModelCard, seed: int | None, options: Mapping[str, Any]) -> Look:
        """One example as the training would vary it for this seed, by the same code, in a size for the eye.

        Args:
            seed: None for the picture as it is.
            options: of the run.

        Raises:
            UserError: when the picture cannot be read.
        """


@runtime_checkable
class PooledNumber(Task, Protocol):
    """A task whose number comes from a network's pooled features by a head with one output."""

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Any) -> Mapping[str, torch.Tensor]:
        """Prepared samples as one batch."""

    def pooled_number(self, model: Loaded) -> tuple[Network, float]:
        """The network, and by how much the number grows with 1 of its output.

        Raises:
            UserError: when this model estimates no number.
        """


@runtime_checkable
class ComparingTask(Task, Protocol):
    """A task whose items can be compared with no model."""

    def nearest(self, item: Item, items: Sequence[Item], count: int, control: Control) -> list[tuple[int, float]]:
        """Id and likeness (0..1) of the most alike of `items`, the nearest first.

        Raises:
            UserError: when the item cannot be read. Cancelled: when asked to stop.
        """

    def likeness_words(self, likeness: float) -> str:
        """What such a likeness means, for people, with its technical name."""


class Objective(Protocol):
    """What a linear head is fitted for.

    Attributes:
        metric: what `score` is called.
    """

    metric: ClassVar[str]

    def loss(self, logits: torch.Tensor, targets: torch.Tensor, class_weights: torch.Tensor | None) -> torch.Tensor:
        """Mean training loss: logits float [B, C], targets as the task gives them."""

    def score(self, logits: torch.Tensor, targets: torch.Tensor) -> float:
        """0..1, higher is better; 0 for nothing."""


@runtime_checkable
class PooledTask(TrainableTask, Objective, Protocol):
    """A task whose models are a `Network`: a backbone with pooled features and a linear head on them.

    Its head is fitted in closed form on features that are computed once (`workbench.engine.quick`).

    Attributes:
        as_they_are: `prepare` varies nothing.
    """

    as_they_are: bool

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Network) -> Batch:
        """Stack (pictures) or pad (texts) into one batch on the model's device."""

    def decode(self, logits: torch.Tensor, labels: Sequence[str], notes: Sequence[str]) -> list[Scores]:
        """Logits float [B, C] to predictions."""

    def targets(self, examples: Sequence[Example], classes: int) -> torch.Tensor:
        """The right answers as `loss` takes them: int64 [N], or float32 [N, C] where several classes can be true."""

    def right(self, logits: torch.Tensor, targets: torch.Tensor) -> int:
        """How many are answered right; -1 where that says little."""

    def class_weights(self, examples: Sequence[Example], classes: int) -> torch.Tensor:
        """float32 [C]: what `loss` takes so that rare classes count as much as common ones."""

    def answers(self, logits: torch.Tensor, labels: Sequence[str]) -> list[Prediction]:
        """Logits float [N, C] as predictions with all classes, while the model is being taught."""

    def settle(
        self, options: Mapping[str, Any], examples: Sequence[Example], answers: Sequence[Prediction], classes: int
    ) -> dict[str, Any]:
        """The options of the taught model's card, with what is decided on the validation examples once it has learnt.

        Args:
            options: of the card it started from.
            answers: what the model says of `examples`; none where there was nothing to check on.
        """

    def settled(self, prediction: Prediction, options: Mapping[str, Any]) -> Prediction:
        """A prediction of `answers` under these options."""

    def unsettled(self, prediction: Prediction, options: Mapping[str, Any]) -> Prediction:
        """The opposite of `settled`: probabilities as the network itself gives them."""

    def said(self, logits: torch.Tensor, model: Loaded, notes: Sequence[str]) -> list[Scores]:
        """Logits float [B, C] as this model means them: at its temperature, with its thresholds and what was decided."""

    def agree(self, first: torch.Tensor, second: torch.Tensor, options: Mapping[str, Any]) -> int:
        """For how many rows of logits [N, C] the answers are the same."""

    def preparation_key(self, model: Network) -> str:
        """Hash of everything in `prepare` that changes the features: part of the feature cache's key."""


class BaseTask:
    """What most tasks share; a task overrides what differs."""

    info: TaskInfo

    def needs_labels(self, card: ModelCard) -> bool:
        return False

    def choices(self, card: ModelCard, option: Option) -> tuple[tuple[str, str], ...]:
        return option.choices

    def sample_of(self, item: Item, annotations: Sequence[Annotation]) -> Sample:
        return item.sample()

    def kept_together(self, items: Sequence[Item], control: Control) -> list[list[int]]:
        return []

    def opens_named_files(self, card: ModelCard) -> bool:
        return False

    def given_cells(self, sample: Sample) -> dict[str, str] | None:
        return None

    def item_words(self, item: Item, project: Project) -> str:
        return item.text or item.name

    def number_named(self, project: Project) -> tuple[str, str]:
        return "", ""

    def form(self, card: ModelCard) -> tuple[Field, ...]:
        return ()

    def plan_for(self, card: ModelCard, path: Path, control: Control) -> ImportPlan:
        from workbench.data.importers import sniff

        return sniff([path], control)

    def how_words(self, card: ModelCard) -> Mapping[How, tuple[str, str]]:
        return {}

    def run_options(self, project: Project) -> dict[str, Any]:
        return {}

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float | None:
        return None

    def more_seconds(self, project: Project, card: ModelCard, how: How) -> float:
        return 0.0

    def memory(self, card: ModelCard, items: int) -> int | None:
        return None

    def looks_with(self, project: Project) -> list[tuple[str, str]]:
        return []

    def learns_from(self, project: Project) -> str:
        labelled = "" if self.info.learns_as_is else "labelled "
        return f"{project.counts().labelled:,} {labelled}{self.info.nouns}"

    def parts_words(self, project: Project) -> str:
        return _WITHIN if self.info.parts_within else _SHARED

    def samples_in(self, path: Path, control: Control) -> Iterable[Sample]:
        return [Sample(self.info.media, path.name, path=path)]

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        raise NotImplementedError

    def prepare_several(
        self, samples: Sequence[Sample], model: Loaded, control: Control
    ) -> list[dict[str, Any] | UserError]:
        found: list[dict[str, Any] | UserError] = []
        for sample in samples:
            control.check()
            try:
                found.append(self.prepare(sample, model))
            except UserError as error:
                found.append(error)
        return found

    def length(self, prepared: Mapping[str, Any]) -> int:
        return 0

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        """One after the other, each to its end."""
        control = control or Control()
        found: list[Prediction] = []
        for sample in samples:
            last: Prediction | None = None
            for last in self.predict_stream(sample, model, options, control):  # noqa: B007 - the last one is kept
                control.check()
            if last is not None:
                found.append(last)
        return found

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        control.check()
        yield from self.predict_batch([sample], model, options, control)
