"""Text networks of transformers that write: they go on with a text, answer, sum up and translate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded, Writing
from workbench.runtimes.chat_template import write_down
from workbench.runtimes.transformers_text_runtime import load

if TYPE_CHECKING:
    import torch

LOCAL_FILES = {"local_files_only": True}
_ENCODER_DECODER = "AutoModelForSeq2SeqLM"
_MOST_INPUT = 1024  # tokens an encoder is given at once
_READ_AT_ONCE = 128  # tokens of a text that is gone on with
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


class TextWriter(Loaded):
    """A `Writer` for networks that only go on with a text (GPT-2 and today's chat models)."""

    def __init__(self, card: ModelCard, module: Any, tokenizer: Any) -> None:
        super().__init__(card, module)
        self._tokens = tokenizer

    @property
    def tokenizer(self) -> Any:
        return self._tokens

    @property
    def net(self) -> Any:
        return self._module

    def tokens_of(self, given: str, wanted: str) -> tuple[list[int], list[bool]]:
        """Ids of what is given and what shall be written after it, with an end; True for those of the latter."""
        if not given:
            before: list[int] = []
            after = [int(i) for i in self._tokens(wanted)["input_ids"]]
        elif self.chats:
            asked = [{"role": "user", "content": given}]
            before = self._chat_ids(asked, True)
            whole = self._chat_ids([*asked, {"role": "assistant", "content": wanted}], False)
            # Templates may close the question in another way once an answer follows; what they share is not learnt.
            shared = next((i for i, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b), len(before))
            return whole, [place >= shared for place in range(len(whole))]
        else:
            before = [int(i) for i in self._tokens(f"{given}\n")["input_ids"]]
            after = [int(i) for i in self._tokens(wanted, add_special_tokens=False)["input_ids"]]
        end = self._tokens.eos_token_id
        if end is not None and (not after or after[-1] != end):
            after.append(int(end))
        return [*before, *after], [*(False for _ in before), *(True for _ in after)]

    def _chat_ids(self, messages: Sequence[Mapping[str, str]], ask: bool) -> list[int]:
        text = write_down(self._tokens, messages, ask, self.card.name)
        # The template has written every mark itself.
        return [int(i) for i in self._tokens(text, add_special_tokens=False)["input_ids"]]

    @property
    def chats(self) -> bool:
        """True when it was trained on conversations."""
        return bool(getattr(self._tokens, "chat_template", None))

    # See `workbench.runtimes.base.Talker`.
    apart = False

    @property
    def alone(self) -> bool:
        return bool(self.card.options.get("pairs"))

    @property
    def context(self) -> int:
        return _context(self._module)

    def tokens_in(self, messages: Sequence[Mapping[str, str]]) -> int:
        """How many tokens a conversation takes, with all that stands around it. Raises: UserError."""
        return len(self._given(messages))

    def _given(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        if self.chats:
            return self._chat_ids(messages, True)
        end = "\n" if self.card.options.get("pairs") else ""
        return [int(i) for i in self._tokens(messages[-1]["content"] + end)["input_ids"]]

    def write(self, messages: Sequence[Mapping[str, str]], how: Writing, control: Control) -> Iterator[str]:
        import torch

        control.check()
        ids = torch.tensor([self._given(messages)], dtype=torch.long)
        if not ids.shape[1]:
            raise UserError("There is no text to go on from.", "Write a few words first.")
        room = _context(self._module) - how.max_tokens
        if ids.shape[1] > room > 0:
            ids = ids[:, -room:]  # the newest words count
        yield from _words(self._module, self._tokens, ids.to(self.device), None, how, control, torch.long)


class TextChanger(Loaded):
    """A `Writer` of encoder and decoder (T5, BART, Marian, NLLB): reads a text whole, then writes another."""

    def __init__(self, card: ModelCard, module: Any, tokenizer: Any) -> None:
        super().__init__(card, module)
        self._tokens = tokenizer

    @property
    def tokenizer(self) -> Any:
        return self._tokens

    # See `workbench.runtimes.base.Talker`: it turns one text into another.
    chats, alone, apart = False, True, True

    @property
    def context(self) -> int:
        return self._room()

    def tokens_in(self, messages: Sequence[Mapping[str, str]]) -> int:
        prefix = str(self.card.options.get("prefix", ""))
        return len(self._tokens(prefix + messages[-1]["content"])["input_ids"])

    def write(self, messages: Sequence[Mapping[str, str]], how: Writing, control: Control) -> Iterator[str]:
        """A text longer than the network reads at once is taken in parts, at ends of sentences; none is left out."""
        import torch

        module: Any = self._module
        if how.source:
            self._tokens.src_lang = how.source
        first = self._first_token(how)
        prefix = str(self.card.options.get("prefix", "")).format(source=how.source, target=how.target)
        for number, part in enumerate(self._parts(messages[-1]["content"], prefix)):
            control.check()
            if number:
                yield " "
            encoded = self._tokens(prefix + part, return_tensors="pt", truncation=True, max_length=self._room()).to(
                self.device
            )
            encoded.pop("token_type_ids", None)
            with torch.inference_mode():
                seen = module.get_encoder()(**encoded)
            start = torch.tensor([first], device=self.device)
            given = {"encoder_outputs": seen, "attention_mask": encoded["attention_mask"]}
            yield from _words(module, self._tokens, start, given, how, control, torch.long)

    def _room(self) -> int:
        own = int(getattr(self._tokens, "model_max_length", _MOST_INPUT))
        positions = getattr(self._module.config, "max_position_embeddings", None)  # type: ignore[union-attr]
        return max(16, min(own, int(positions) if positions else _MOST_INPUT, _MOST_INPUT))

    def _first_token(self, how: Writing) -> list[int]:
        config: Any = self._module.generation_config  # type: ignore[union-attr]
        start = config.decoder_start_token_id
        if start is None:
            start = config.bos_token_id if config.bos_token_id is not None else config.pad_token_id
        first = [int(start)]
        if how.target:
            code = self._tokens.convert_tokens_to_ids(how.target)
            if code is None or code == self._tokens.unk_token_id:
                raise UserError(f"“{self.card.name}” does not know the language “{how.target}”.", "Choose another one.")
            first.append(int(code))
        elif config.forced_bos_token_id is not None:
            first.append(int(config.forced_bos_token_id))
        return first

    def _parts(self, text: str, prefix: str) -> list[str]:
        room = self._room() - len(self._tokens(prefix)["input_ids"]) - 2

        def size(words: str) -> int:
            return len(self._tokens(words, add_special_tokens=False)["input_ids"])

        if size(text) <= room:
            return [text]
        parts: list[str] = []
        for sentence in _SENTENCE_END.split(text):
            if not sentence.strip():
                continue
            joined = f"{parts[-1]} {sentence}" if parts else sentence
            if parts and size(joined) <= room:
                parts[-1] = joined
                continue
            words = sentence.split()
            while words:  # a sentence too long for itself is cut between words
                take = len(words)
                while take > 1 and size(" ".join(words[:take])) > room:
                    take = max(1, take * 3 // 4)
                parts.append(" ".join(words[:take]))
                words = words[take:]
        return parts


def _context(module: Any) -> int:
    config = module.config
    for name in ("max_position_embeddings", "n_positions", "max_seq_len"):
        value = getattr(config, name, None)
        if value:
            return int(value)
    return 2048


def _words(
    module: Any,
    tokenizer: Any,
    ids: torch.Tensor,
    given: dict[str, Any] | None,
    how: Writing,
    control: Control,
    dtype: Any,
) -> Iterator[str]:
    """New text, token by token: each step feeds the newest token and what is remembered of the others.

    `ids` [1, T]: the text so far, or the first tokens of the decoder when `given` holds the encoder's answer.
    """
    import torch

    config = module.generation_config
    ends = config.eos_token_id
    stops = set(ends if isinstance(ends, list) else [ends]) if ends is not None else set()
    forbidden = [i for i in (config.pad_token_id,) if given is not None and i is not None and i not in stops]
    generator = torch.Generator().manual_seed(how.seed)
    memory: Any = None
    made: list[int] = []
    fed, said = ids, ""
    length = ids.shape[1]
    with torch.inference_mode():
        if given is None:
            # A long text is read in pieces, so that "stop" is heard while it is read.
            while fed.shape[1] > _READ_AT_ONCE:
                control.check()
                seen = length - fed.shape[1] + _READ_AT_ONCE
                mask = torch.ones((1, seen), dtype=dtype, device=ids.device)
                out = module(
                    input_ids=fed[:, :_READ_AT_ONCE], attention_mask=mask, past_key_values=memory, use_cache=True
                )
                memory, fed = out.past_key_values, fed[:, _READ_AT_ONCE:]
                control.progress(seen, length, "Reading")
        for _ in range(how.max_tokens):
            control.check()
            if given is None:
                mask = torch.ones((1, length + len(made)), dtype=dtype, device=ids.device)
                out = module(input_ids=fed, attention_mask=mask, past_key_values=memory, use_cache=True)
            else:
                out = module(**given, decoder_input_ids=fed, past_key_values=memory, use_cache=True)
            memory = out.past_key_values
            logits = out.logits[0, -1].float().cpu()
            if forbidden:
                logits[forbidden] = float("-inf")
            token = _draw(logits, how, generator)
            if token in stops:
                break
            made.append(token)
            fed = torch.tensor([[token]], dtype=dtype, device=ids.device)
            whole = tokenizer.decode(made, skip_special_tokens=True)
            # A letter may take several tokens; half a letter is not shown.
            if whole.startswith(said) and not whole.endswith("�"):
                piece, said = whole[len(said) :], whole
                if piece:
                    yield piece
    rest = tokenizer.decode(made, skip_special_tokens=True)
    if rest.startswith(said) and len(rest) > len(said):
        yield rest[len(said) :]


def _draw(logits: torch.Tensor, how: Writing, generator: torch.Generator) -> int:
    """The next token: the likeliest one, or one drawn among the likely (Holtzman et al. 2020, arXiv 1904.09751)."""
    import torch

    if how.temperature <= 0:
        return int(logits.argmax())
    shares, order = torch.softmax(logits / how.temperature, -1).sort(descending=True)
    before = shares.cumsum(-1) - shares
    shares = torch.where(before < how.top_p, shares, torch.zeros_like(shares))
    return int(order[torch.multinomial(shares, 1, generator=generator)])


def build(card: ModelCard, folder: Path) -> Loaded:
    """The bare network of an own model; its weights are loaded by the caller."""
    import transformers

    from workbench.runtimes.hf_loading import LOCAL

    try:
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **LOCAL)
        net = transformers.AutoModelForCausalLM.from_config(config)
        if (folder / "generation_config.json").is_file():
            net.generation_config = transformers.GenerationConfig.from_pretrained(folder, **LOCAL_FILES)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    return TextWriter(card, net, tokenizer)


def save_extras(model: TextWriter, folder: Path) -> None:
    """What a language model needs beside its weights: config, tokenizer, and how it ends."""
    model.net.config.save_pretrained(folder)
    model.net.generation_config.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config, tokenizer and weights. Raises: UserError when it is incomplete or damaged."""
    model, tokenizer = load(card, path)
    return TextChanger(card, model, tokenizer) if card.arch == _ENCODER_DECODER else TextWriter(card, model, tokenizer)
