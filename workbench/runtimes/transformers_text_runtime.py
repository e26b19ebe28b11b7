"""Text networks of transformers that mark, answer or fill in: they read, they do not write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.answer_places import Scored, decoded
from workbench.runtimes.base import Loaded, Places, Tag
from workbench.runtimes.fast_body import Core, Output, computed
from workbench.runtimes.hf_loading import load_network, load_part
from workbench.runtimes.text_entailer import TextEntailer
from workbench.runtimes.words import stands_alone

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch
    from workbench.runtimes.fast_body import Outputs

# Windows over a long text share this part, so that nothing is cut in the middle of what belongs together.
_SHARED = 0.25
_LONGEST_WINDOW = 512
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# A question that takes more than this part of a window leaves too little room for the text.
_MOST_ASKED = 0.5


@dataclass(frozen=True)
class _Window:
    """Part of a text as the network sees it: its inputs [1, T], and per token its characters (or None)."""

    inputs: dict[str, Any]
    offsets: Sequence[tuple[int, int] | None]


class _Reader(Loaded):
    """Reads a text window by window.

    Attributes:
        _says: what its network says, by name. _asked_with: texts of the kind it takes.
    """

    little_beside = True
    _says: ClassVar[Mapping[str, Output]] = {"logits": Output("scores", free=(1,))}
    _asked_with: ClassVar[tuple[str, ...]] = ("A text as people write it, with a few words.",)

    def __init__(self, card: ModelCard, module: Any, tokenizer: Any, labels: Sequence[str]) -> None:
        super().__init__(card, module, labels)
        self._tokens = tokenizer
        # How a text is cut is a setting of the tokenizer itself: two threads that read must not change it for each other.
        self._cutting = Lock()

    @property
    def tokenizer(self) -> Any:
        return self._tokens

    @property
    def reads_at_once(self) -> int:
        return self._longest

    @property
    def _longest(self) -> int:
        own = int(getattr(self._tokens, "model_max_length", _LONGEST_WINDOW))
        positions = int(getattr(self._module.config, "max_position_embeddings", _LONGEST_WINDOW))  # type: ignore[union-attr]
        # RoBERTa counts its positions from 2 on.
        return max(16, min(own, positions - 2 if positions > 16 else positions, _LONGEST_WINDOW))

    def _windows(self, *texts: str, control: Control) -> Iterator[_Window]:
        """The last text cut into windows that overlap, the others whole in each of them."""
        longest = self._longest
        with self._cutting:
            if len(texts) == 2 and len(self._tokens(texts[0], verbose=False)["input_ids"]) > longest * _MOST_ASKED:
                raise UserError("The question is too long.", "Ask in one or two sentences.")
            encoded = self._tokens(
                *texts,
                truncation="only_second" if len(texts) == 2 else True,
                max_length=longest,
                stride=int(longest * _SHARED) if len(texts) == 1 else int(longest * _SHARED / 2),
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
            )
        wanted = len(texts) - 1
        for index in range(len(encoded["input_ids"])):
            control.check()
            parts = encoded.sequence_ids(index)
            offsets = [
                tuple(span) if part == wanted else None
                for span, part in zip(encoded["offset_mapping"][index], parts, strict=True)
            ]
            inputs = {key: self._tensor(encoded[key][index]) for key in _INPUTS if key in encoded}
            yield _Window(inputs, offsets)

    def padded(self, windows: Sequence[Any]) -> dict[str, torch.Tensor]:
        """Windows of numbers as tensors [B, T] on the model's device, filled up on the right."""
        rows = [{k: v for k, v in w.items() if k in _INPUTS} for w in windows]
        filled = self._tokens.pad(rows, return_tensors="pt", padding_side="right")
        return {key: value.to(self.device) for key, value in filled.items()}

    def _tensor(self, values: Any) -> torch.Tensor:
        import torch

        return torch.tensor([values], device=self.device)

    def _ask(self, inputs: Batch) -> Outputs:
        """What the network says of the tokens [1, T] of a window."""
        import torch

        assert self._module is not None
        with torch.inference_mode():
            return computed(self._module, inputs, lambda: self._in_layers(inputs))

    def _in_layers(self, batch: Batch) -> Outputs:
        module: Any = self._module
        answer = module(**batch)
        return {name: answer[name] for name in self._says}

    @property
    def heart(self) -> nn.Module | None:
        return self._module

    def core(self) -> Core:
        """Tokens of a window to what the last layer says of each."""
        assert self._module is not None
        found = self._tokens(*self._asked_with, return_tensors="pt")
        example = {name: found[name].to(self.device) for name in _INPUTS if name in found}
        module: Any = self._module
        return Core(
            self._module, self._in_layers, self._says, example, dict.fromkeys(example, (1,)), several=False,
            identity=f"{self.card.runtime}/{self.card.arch}",
            many_kinds=min(len(self._tokens), int(module.config.vocab_size)),
        )  # fmt: skip


class TextTagger(_Reader):
    """A `Tagger`. Its network is one of transformers' for token classification."""

    @property
    def net(self) -> Any:
        return self._module

    @property
    def body(self) -> Any:
        """The network without its last layer."""
        return self.net.base_model

    @property
    def classifier(self) -> Any:
        """The last layer: token vectors to labels."""
        return self.net.classifier if hasattr(self.net, "classifier") else self.net.score

    @property
    def width(self) -> int:
        """Of a token vector."""
        return int(next(self.classifier.parameters()).shape[1])

    def windows(self, text: str, control: Control) -> Iterator[Any]:
        """The text in windows: `inputs` as lists of numbers, `offsets` as characters of the text per token."""
        for window in self._windows(text, control=control):
            yield _Window({k: v[0].tolist() for k, v in window.inputs.items()}, window.offsets)

    def hidden(self, windows: Sequence[Any]) -> torch.Tensor:
        """Token vectors float [B, T, F]."""
        found: torch.Tensor = self.body(**self.padded(windows)).last_hidden_state
        return found

    def tag(self, text: str, control: Control) -> list[Tag]:
        """Neighbouring tokens of one kind become one piece; in the overlap of two windows the surer one counts."""
        import torch

        best: dict[tuple[int, int], tuple[float, str]] = {}
        for window in self._windows(text, control=control):
            scores, places = torch.softmax(self._ask(window.inputs)["logits"][0].float(), -1).max(-1)
            for span, score, place in zip(window.offsets, scores.tolist(), places.tolist(), strict=True):
                # A blank that is a token by itself is no piece of anything.
                if span is None or not text[span[0] : span[1]].strip():
                    continue
                if span not in best or score > best[span][0]:
                    best[span] = (score, self.labels[place])
        tokens = [(start, end, label, score) for (start, end), (score, label) in sorted(best.items())]
        return _joined(text, tokens)


def _joined(text: str, tokens: Sequence[tuple[int, int, str, float]]) -> list[Tag]:
    """Tokens with BIO or BILOU labels to pieces. A word is never split: its first token decides its label."""
    found: list[tuple[int, int, str, list[float]]] = []
    previous, before = "", -1
    for start, end, label, score in tokens:
        prefix, _, kind = label.partition("-") if "-" in label[:2] else ("", "", label)
        inside_word = start == before and _one_word(text[start - 1], text[start])
        before = end
        if inside_word:
            if previous == "word":
                last = found[-1]
                found[-1] = (last[0], end, last[2], [*last[3], score])
            continue
        if label == "O":
            previous = ""
            continue
        last_end = found[-1][1] if found else -1
        goes_on = (
            found
            and previous == "word"
            and found[-1][2] == kind
            and prefix not in ("B", "U", "S")
            and not text[last_end:start].strip()
        )
        if goes_on:
            last = found[-1]
            found[-1] = (last[0], end, last[2], [*last[3], score])
        else:
            found.append((start, end, kind, [score]))
        previous = "word"
    return [Tag(s, e, kind, sum(scores) / len(scores)) for s, e, kind, scores in found]


def _one_word(left: str, right: str) -> bool:
    """Whether no word ends between these two letters; Chinese characters and kana are a word each."""
    return left.isalnum() and right.isalnum() and not stands_alone(left) and not stands_alone(right)


class PassageAnswerer(_Reader):
    """An `Answerer` (Devlin et al. 2019, section 4.2-4.3; SQuAD 2.0: arXiv 1806.03822).

    Of its card's options, "no_answer" says that it has learnt to say that there is no answer, and "no_answer_margin" how
    large `Places.margin` must at least be for a place to be given.
    """

    _says: ClassVar[Mapping[str, Output]] = {
        name: Output("scores", axis=1, free=(1,)) for name in ("start_logits", "end_logits")
    }
    _asked_with = ("Where is it?", "It lies on the table, as people say.")

    @property
    def net(self) -> Any:
        return self._module

    @property
    def body(self) -> Any:
        """The network without its last layer."""
        return self.net.base_model

    @property
    def head(self) -> list[Any]:
        """The layers behind the body, in order: token vectors to two numbers, for the beginning and the end."""
        return [part for part in self.net.children() if part is not self.body]

    @property
    def width(self) -> int:
        """Of a token vector."""
        return int(self.net.config.hidden_size)

    def head_parameters(self) -> list[Any]:
        """What the head learns."""
        return [weight for part in self.head for weight in part.parameters()]

    def logits_of(self, hidden: torch.Tensor) -> torch.Tensor:
        """Token vectors float [B, T, F] to float [B, T, 2]."""
        for part in self.head:
            hidden = part(hidden)
        return hidden

    def windows(self, question: str, passage: str, control: Control) -> Iterator[Any]:
        """The passage in windows that all begin with the question: `inputs` as lists of numbers, `offsets` as characters
        of the passage per token."""
        for window in self._windows(question, passage, control=control):
            yield _Window({k: v[0].tolist() for k, v in window.inputs.items()}, window.offsets)

    def hidden(self, windows: Sequence[Any]) -> torch.Tensor:
        """Token vectors float [B, T, F]."""
        found: torch.Tensor = self.body(**self.padded(windows)).last_hidden_state
        return found

    def decided(self, found: Places) -> Places:
        """Whether the model stands by its best place."""
        sure = not self.card.options.get("no_answer") or found.margin >= float(
            self.card.options.get("no_answer_margin", 0.0)
        )
        return replace(found, answered=bool(found.best) and sure)

    def look_for(self, question: str, passage: str, control: Control, top: int = 3) -> Places:
        scored = []
        for window in self._windows(question, passage, control=control):
            out = self._ask(window.inputs)
            scored.append(Scored(window.offsets, out["start_logits"][0], out["end_logits"][0]))
        return self.decided(decoded(scored, passage, top))

    def answer(self, question: str, passage: str, control: Control, top: int = 3) -> list[Tag]:
        found = self.look_for(question, passage, control, top)
        return list(found.best) if found.answered else []


class MaskFiller(_Reader):
    """A `GapFiller`. `left_out`: how many tokens, far from the gap, it did not see of the last text."""

    left_out = 0

    @property
    def gap(self) -> str:
        return str(self._tokens.mask_token)

    def fill(self, text: str, top: int = 10) -> list[tuple[str, float]]:
        import torch

        if self.gap not in text:
            raise UserError("There is no gap in the text.", "Write ___ where the word is missing.")
        text = self._around_gap(text)
        encoded = self._tokens(text, return_tensors="pt", truncation=True, max_length=self._longest).to(self.device)
        places = (encoded["input_ids"][0] == self._tokens.mask_token_id).nonzero().flatten()
        inputs = {name: encoded[name] for name in _INPUTS if name in encoded}
        logits = self._ask(inputs)["logits"][0, places[0]].float()
        values, ids = torch.softmax(logits, -1).topk(min(top, logits.shape[-1]))
        return [(str(self._tokens.decode([i])).strip(), v) for i, v in zip(ids.tolist(), values.tolist(), strict=True)]

    def _around_gap(self, text: str) -> str:
        """What the network sees at once, with the first gap in its middle where there is text on both sides."""
        found = self._tokens(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids, offsets = found["input_ids"], found["offset_mapping"]
        room = self._longest - self._tokens.num_special_tokens_to_add()
        self.left_out = max(0, len(ids) - room)
        if not self.left_out or self._tokens.mask_token_id not in ids:
            return text
        # A little less than there is room for: a word that is cut may take a token more.
        room -= 2
        start = max(0, min(ids.index(self._tokens.mask_token_id) - room // 2, len(ids) - room))
        return text[offsets[start][0] : offsets[start + room - 1][1]]


def tagger_from(model: Loaded, labels: Sequence[str]) -> TextTagger:
    """A tagger with a new last layer for these labels on a text network's body (shared, not copied).

    Raises:
        UserError: when the model is no text network that can be taught this.
    """
    net = _with_new_head(model, "AutoModelForTokenClassification", labels, "to mark texts")
    card = replace(
        model.card, runtime="transformers_text", arch="AutoModelForTokenClassification", tasks=("token-classification",)
    )
    tagger = TextTagger(card, net, model.tokenizer, labels)
    tagger.to(str(model.device))
    return tagger


def answerer_from(model: Loaded, seed: int) -> PassageAnswerer:
    """An answerer: the model itself where it is one, else a text network's body with a new last layer, drawn from `seed`.

    Raises:
        UserError: when the model is no text network that can be taught this.
    """
    import torch

    cannot = UserError(f"“{model.card.name}” cannot be taught to answer questions.", "Choose another model.")
    if isinstance(model, PassageAnswerer):
        answerer = model
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = _with_new_head(model, "AutoModelForQuestionAnswering", ("begins", "ends"), "to answer questions")
        card = replace(
            model.card, runtime="transformers_text", arch="AutoModelForQuestionAnswering",
            tasks=("question-answering",), options={},
        )  # fmt: skip
        answerer = PassageAnswerer(card, net, model.tokenizer, ())
        answerer.to(str(model.device))
    # Architectures differ in what lies behind the body: what is learnt here must be what is computed later.
    window = next(answerer.windows("a", "b", Control()))
    with torch.no_grad():
        answerer.net.eval()
        out = answerer.net(**answerer.padded([window.inputs]))
        try:
            mine = answerer.logits_of(answerer.hidden([window.inputs]))
        except (RuntimeError, TypeError) as error:
            raise cannot from error
    if mine.shape[-1] != 2 or not torch.allclose(mine[..., 0], out.start_logits, atol=1e-4):
        raise cannot
    return answerer


def _with_new_head(model: Loaded, arch: str, labels: Sequence[str], deed: str) -> Any:
    """A text network's weights with a new last layer for these outputs."""
    import transformers

    cannot = f"“{model.card.name}” cannot be taught {deed}."
    found: Any = getattr(model.network, "backbone", model.network)
    tokenizer = model.tokenizer
    if tokenizer is None or found is None or not hasattr(found, "config"):
        raise UserError(cannot, "Choose a text model.")
    if not tokenizer.is_fast:
        raise UserError(f"The tokenizer of “{model.card.name}” is of an old kind.", "Choose another model.")
    body = found.base_model
    kept = {k: v for k, v in found.config.to_dict().items() if k not in ("id2label", "label2id", "num_labels")}
    config = type(found.config).from_dict(kept)
    config.id2label = dict(enumerate(labels))
    config.label2id = {name: i for i, name in enumerate(labels)}
    try:
        net = getattr(transformers, arch).from_config(config)
        missing = net.base_model.load_state_dict(body.state_dict(), strict=False).missing_keys
    except (ValueError, RuntimeError, KeyError) as error:
        raise UserError(cannot, "Choose another model.") from error
    if any(not name.startswith("pooler.") for name in missing):
        raise UserError(cannot, "Choose another model.")
    if getattr(net.base_model, "pooler", None) is not None:
        net.base_model.pooler = None  # its output is not used
    return net


def build(card: ModelCard, folder: Path) -> Loaded:
    """The bare network of an own model; its weights are loaded by the caller."""
    import transformers

    from workbench.runtimes.hf_loading import LOCAL

    if card.arch not in _KINDS:
        raise UserError(f"The network of “{card.name}” is of a kind this version cannot open.", "Update the app.")
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **LOCAL)
        net = getattr(transformers, card.arch).from_config(config)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    if getattr(net.base_model, "pooler", None) is not None:
        net.base_model.pooler = None
    labels = tuple(str(config.id2label[i]) for i in range(config.num_labels))
    return _KINDS[card.arch](card, net, tokenizer, labels)


def save_extras(model: Any, folder: Path) -> None:
    """What a text model needs beside its weights: config and tokenizer."""
    model.network.config.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)


_KINDS: dict[str, type[_Reader | TextEntailer]] = {
    "AutoModelForSequenceClassification": TextEntailer,
    "AutoModelForTokenClassification": TextTagger,
    "AutoModelForQuestionAnswering": PassageAnswerer,
    "AutoModelForMaskedLM": MaskFiller,
}


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config, tokenizer and weights; no code of others is run.

    Raises:
        UserError: when it is incomplete, damaged, or of an architecture that is not known.
    """
    model, tokenizer = load(card, path)
    if not tokenizer.is_fast:
        raise UserError(f"The tokenizer of “{card.name}” is of an old kind.", "Choose another model.")
    labels = tuple(str(model.config.id2label[i]) for i in range(model.config.num_labels))
    return _KINDS[card.arch](card, model, tokenizer, labels)


def load(card: ModelCard, path: Path) -> tuple[Any, Any]:
    """The network and its tokenizer, by the class the card names."""
    tokenizer = load_part("AutoTokenizer", path, card.name)
    # Checkpoints come in half precision too; processors compute in full.
    return load_network(card.arch, path, card.name, "float32" if _small(path) else "auto"), tokenizer


def _small(path: Path) -> bool:
    """Weights of up to 2 GB are worth their double size in memory: half precision is slow on processors."""
    total = sum(f.stat().st_size for f in path.iterdir() if f.suffix in (".safetensors", ".bin"))
    return total < 2_000_000_000
