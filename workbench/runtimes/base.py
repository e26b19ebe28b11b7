"""`Loaded`: weights in memory, whatever library they came from, and what such a model can do.

A runtime is a module `workbench.runtimes.NAME_runtime` with `open_pretrained(card, path) -> Loaded`. torch and friends
are imported inside functions only, so that this module costs nothing to import.

What a model can do is one of the abilities below (`Detector`, `Segmenter`, …). A task asks for the ability it needs
(`require(model, Detector)`); it never asks which library or architecture it has before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from workbench.catalog.card import ModelCard, Preparation
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.fast_body import fast_body, put_fast_body

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import nn

    from workbench.runtimes.fast_body import Core
    from workbench.runtimes.word_model import WordModel

    Batch = Mapping[str, torch.Tensor]
    Pixels = npt.NDArray[np.uint8]  # [H, W, 3], RGB
    Floats = npt.NDArray[np.float32]


class Loaded:
    """A model ready to compute. Not thread-safe: one job at a time uses one (see engine.pool).

    Args:
        card: what it is.
        module: the torch network; None for models that run elsewhere (ONNX Runtime, LiteRT, a server).
        labels: class names in order of its outputs; empty when it has none.
        extra_bytes: memory held outside `module`.
    """

    card: ModelCard
    labels: tuple[str, ...]
    # What it computes in torch beside its core (see `core`) is so little that several threads are not worth it.
    little_beside = False

    def __init__(
        self, card: ModelCard, module: nn.Module | None = None, labels: Sequence[str] = (), extra_bytes: int = 0
    ) -> None:
        self.card = card
        self.labels = tuple(labels)
        self._module = module
        self._extra_bytes = extra_bytes
        if module is not None:
            module.eval()

    @property
    def network(self) -> nn.Module | None:
        """The whole torch network, for the architecture view; None when there is none."""
        return self._module

    @property
    def preparation(self) -> Preparation:
        return self.card.preparation

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of a text model; None for the others."""
        return None

    @property
    def reads_at_once(self) -> int:
        """How many tokens of a text the network sees at once, special ones included; 0 where that is no question."""
        return self.card.preparation.max_tokens if self.tokenizer is not None else 0

    def to(self, device: str) -> None:
        """Move the weights; models that run elsewhere stay where they are."""
        if self.heart is not None and self.device.type != device:
            put_fast_body(self.heart, None)  # it was found for another device
        if self._module is not None:
            self._module.to(device)

    def state(self) -> dict[str, torch.Tensor]:
        """All weights under the keys that a model folder keeps them by."""
        return {} if self._module is None else dict(self._module.state_dict())

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take over what `state` gave. Raises: UserError when the tensors do not fit this network."""
        assert self._module is not None
        try:
            self._module.load_state_dict(dict(state), strict=True)
        except RuntimeError as error:
            raise UserError(
                f"The weights of “{self.card.name}” do not fit its network.", "Export or download the model again."
            ) from error
        self.weights_changed()

    @property
    def device(self) -> torch.device:
        import torch

        first = next(self._module.parameters(), None) if self._module is not None else None
        return first.device if first is not None else torch.device("cpu")

    def memory_bytes(self) -> int:
        """Bytes of weights and buffers held, those of what computes in the layers' place too."""
        if self._module is None:
            return self._extra_bytes
        tensors = [*self._module.parameters(), *self._module.buffers()]
        heart = self.heart
        fast = fast_body(heart) if heart is not None else None
        held = self._extra_bytes + (fast.memory_bytes() if fast is not None else 0)
        return held + sum(t.numel() * t.element_size() for t in tensors)

    @property
    def heart(self) -> nn.Module | None:
        """The layers that something quicker may stand in for: `core().module`; None where nothing may."""
        return None

    def core(self) -> Core | None:
        """What something quicker may compute (see `workbench.runtimes.fast_body`); None where nothing may."""
        return None

    def weights_changed(self) -> None:
        """To be called when the layers have learnt: nothing stands in for them any more."""
        if self.heart is not None:
            put_fast_body(self.heart, None)


# Abilities ---------------------------------------------------------------------------------------------------------------


@runtime_checkable
class Classifier(Protocol):
    """Sorts into its `labels`: every `Network` with a head, and networks that came as a file of another program."""

    def class_logits(self, batch: Batch) -> torch.Tensor:
        """A collated batch ("pixels" float32 [B, 3, H, W] for pictures) to logits float [B, C], one column per label.

        A model that only gives probabilities gives their logarithms, whose softmax is the probabilities again.
        """


@runtime_checkable
class Estimator(Protocol):
    """Estimates an amount."""

    def estimate(self, batch: Batch) -> torch.Tensor:
        """A collated batch to numbers float64 [B], in the unit of the examples it was taught."""


@dataclass(frozen=True)
class Word:
    """A word that was read in a picture.

    Attributes:
        text: its letters, without blanks, in the order they are typed.
        score: 0..1.
        corners: four (x, y): upper left, upper right, lower right, lower left as one reads the line it stands in,
            also where that lies askew or upside down.
        blank_after: True when a blank follows it in its line.
    """

    text: str
    score: float
    corners: tuple[tuple[float, float], ...]
    blank_after: bool = False


@dataclass(frozen=True)
class Detections:
    """Things found in one picture, in pixels of that picture.

    Attributes:
        boxes: float32 [N, 4], x0 y0 x1 y1.
        labels: int64 [N], places in the model's `labels`.
        scores: float32 [N], 0..1.
        polygons: N lists of corners (x, y); empty when boxes say it all. Of a line that was read: as a word's.
        texts: N strings that were read; empty when nothing is read.
        words: N lists of the words of a line; empty when they are not known.
        blocks: N numbers, the same for lines of one paragraph or column; empty when they are not known.
        note: a sentence the person must see with it, or "".
    """

    boxes: Any
    labels: Any
    scores: Any
    polygons: Sequence[Sequence[tuple[float, float]]] = ()
    texts: Sequence[str] = ()
    words: Sequence[Sequence[Word]] = ()
    blocks: Sequence[int] = ()
    note: str = ""


@runtime_checkable
class Detector(Protocol):
    """Finds things (or text) in pictures."""

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        """One entry per picture; scores below `threshold` are left out; the most certain come first."""


@runtime_checkable
class Segmenter(Protocol):
    """Says for every point of a picture what it belongs to."""

    def segment(self, pictures: Sequence[Pixels]) -> list[npt.NDArray[np.uint8]]:
        """Class indices uint8 [H, W] of each picture, in the picture's own size."""


@runtime_checkable
class Enlarger(Protocol):
    """Makes a picture larger."""

    @property
    def scale(self) -> int:
        """How many times wider and higher."""

    def enlarge(self, tile: Floats) -> Floats:
        """float32 [3, h, w] in 0..1 to [3, h * scale, w * scale]. Tiles and their joints are the task's work."""


@runtime_checkable
class Stylizer(Protocol):
    """Paints a picture in the manner of another."""

    def stylise(
        self,
        content: Floats,
        style: Floats,
        strength: float,
        control: Control,
        preview: Callable[[Floats], None] | None = None,
    ) -> Floats:
        """float32 [3, H, W] and [3, h, w] in 0..1 to [3, H, W], of any size.

        `strength`: from 0, the picture as it is, to 1, the style in full. `preview` is called now and then with the
        picture as it stands, which may be smaller.
        """


@runtime_checkable
class TextReader(Protocol):
    """Reads text in pictures."""

    def read(self, picture: Pixels, control: Control | None = None) -> Detections:
        """Lines in the order of reading, with `texts`, `polygons`, `words` and `blocks`. Checks `control` often."""


@dataclass(frozen=True)
class Tag:
    """A piece of a text: characters `start` to `end` (one past the last), a label and its probability."""

    start: int
    end: int
    label: str
    score: float


@runtime_checkable
class Tagger(Protocol):
    """Marks pieces of a text: names, places, …"""

    def tag(self, text: str, control: Control) -> list[Tag]:
        """In order, not overlapping; a text of any length is read in windows."""


@dataclass(frozen=True)
class Places:
    """Where a passage may answer a question.

    Attributes:
        best: the likeliest places, not overlapping, best first; label "".
        nothing: probability 0..1 that it does not answer it.
        margin: logarithm of the best place's probability divided by `nothing`.
        answered: the model stands by its best place.
    """

    best: tuple[Tag, ...]
    nothing: float
    margin: float
    answered: bool = True


@runtime_checkable
class Answerer(Protocol):
    """Finds the answer to a question in a passage."""

    def look_for(self, question: str, passage: str, control: Control, top: int = 3) -> Places:
        """All the model says of it. A passage of any length is read in windows."""

    def answer(self, question: str, passage: str, control: Control, top: int = 3) -> list[Tag]:
        """Best first; label "". Empty when the model says that there is no answer. Any length, in windows."""


@runtime_checkable
class Entailer(Protocol):
    """Says whether statements follow from a text."""

    def entailment(self, text: str, statements: Sequence[str], control: Control) -> tuple[torch.Tensor, int]:
        """Logits float [N, 2], contradicts and follows, for each statement; and in how many windows the text was read, over
        which the logits are averaged.

        Raises:
            UserError: when a statement is too long.
        """


@runtime_checkable
class GapFiller(Protocol):
    """Guesses a word that was left out."""

    @property
    def gap(self) -> str:
        """How the gap is written for this model ("[MASK]")."""

    def fill(self, text: str, top: int = 10) -> list[tuple[str, float]]:
        """Words with probabilities, best first, for the first gap. Raises: UserError when there is no gap."""


@dataclass(frozen=True)
class Writing:
    """How a text is written.

    Attributes:
        max_tokens: the longest answer, in tokens.
        temperature: 0 always takes the likeliest next token (greedy); higher is more surprising.
        top_p: only the likeliest tokens that together have this probability are drawn from (nucleus sampling).
        seed: of the drawing.
        source, target: languages of a translation, as the card names them; "" where there is no choice.
        piece: a text is taken in pieces of at most so many tokens, cut at ends of sentences; 0: as much as the network
            reads at once. For models that were taught on single sentences and leave out what is too much.
    """

    max_tokens: int = 200
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    source: str = ""
    target: str = ""
    piece: int = 0


@runtime_checkable
class Writer(Protocol):
    """Writes text: continues it, answers, sums up or translates."""

    def write(self, messages: Sequence[Mapping[str, str]], how: Writing, control: Control) -> Iterator[str]:
        """Give the new text piece by piece as it is made, without what was given; checks `control` at each token.

        A writer that could not take the text in whole says so in its `last_note`, a sentence for the person or "".

        Args:
            messages: [{"role": "system" | "user" | "assistant", "content": …}]; a model that only continues a text
                takes the last one's content.
        """


@dataclass(frozen=True)
class Heard:
    """A word that was heard (or several, where a model tells no more): seconds from the start, and its text.

    Attributes:
        score: how sure the model is, 0..1.
        glued: no blank parts it from the word before (Chinese, Japanese).
    """

    begins: float
    ends: float
    text: str
    score: float = 1.0
    glued: bool = False


@runtime_checkable
class Transcriber(Protocol):
    """Writes down speech."""

    @property
    def sample_rate(self) -> int:
        """Hz of the sound it takes."""

    @property
    def window_seconds(self) -> float:
        """The longest piece of sound it hears at once; longer sounds are cut."""

    @property
    def invents(self) -> bool:
        """It makes up words where nobody speaks, so silence is better kept from it."""

    def transcribe(
        self, sound: Iterator[Floats], language: str, control: Control, usual: WordModel | None = None
    ) -> Iterator[Heard]:
        """Blocks of mono sound, float32 in -1..1 at `sample_rate`, of any total length; words as they come.

        Args:
            usual: which words usually follow each other; models that choose words themselves do without.
        """


@runtime_checkable
class Talker(Writer, Protocol):
    """A `Writer` that can be asked how much of a conversation it sees."""

    @property
    def chats(self) -> bool:
        """True when it was made for conversations; else it only goes on with the last message."""

    @property
    def alone(self) -> bool:
        """True when it takes each question by itself, and what was said before would only mislead it."""

    @property
    def context(self) -> int:
        """How many tokens it sees at once; 0 when that is not known."""

    @property
    def apart(self) -> bool:
        """True when its answer takes no room of `context` (encoder and decoder)."""

    def tokens_in(self, messages: Sequence[Mapping[str, str]]) -> int:
        """How many tokens these messages take, with all that stands around them.

        Raises:
            UserError: when the model cannot be asked like this.
        """


@runtime_checkable
class Forecaster(Protocol):
    """Goes on with a row of numbers."""

    def forecast(
        self, values: npt.NDArray[Any], steps: int, quantiles: Sequence[float], control: Control, season: int = 1
    ) -> npt.NDArray[Any]:
        """float [T], evenly spaced in time (NaN: missing), to quantiles float [len(quantiles), steps].

        Args:
            season: after how many steps the numbers come round again; 1: they do not. Networks see that for themselves.
        """


@runtime_checkable
class Roller(Forecaster, Protocol):
    """A `Forecaster` that is estimated on the very series it goes on with."""

    def roll(
        self,
        values: npt.NDArray[Any],
        moments: Sequence[int],
        steps: int,
        quantiles: Sequence[float],
        control: Control,
        season: int = 1,
    ) -> list[npt.NDArray[Any]]:
        """As `forecast` from each of several moments (numbers known then, rising), of which nothing later is seen. What is
        estimated is estimated once, on what was known at the first."""  # fmt: skip


@dataclass(frozen=True)
class Sampling:
    """Of a remote model: what an answer cost. Tokens in and out, and money when the card knows the prices."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    currency: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


Ability = TypeVar("Ability")


def require(model: Loaded, ability: type[Ability]) -> Ability:
    """The model as what can do this. Raises: UserError when it cannot."""
    if not isinstance(model, ability):
        raise UserError(f"“{model.card.name}” cannot do this.", "Choose a model that is made for it.")
    return model
