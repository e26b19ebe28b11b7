"""Text networks of transformers that write: they go on with a text, answer, sum up and translate."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded, Writing
from workbench.runtimes.chat_template import write_down
from workbench.runtimes.stopping import between_layers
from workbench.runtimes.transformers_text_runtime import load

if TYPE_CHECKING:
    import torch

LOCAL_FILES = {"local_files_only": True}
_ENCODER_DECODER = "AutoModelForSeq2SeqLM"
_MOST_INPUT = 1024  # tokens an encoder is given at once
# Where a sentence ends: after its mark and a blank, after a mark of Chinese or Japanese, at the end of a line.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[^\S\n]+|(?<=[。！？])[^\S\n]*|[^\S\n]*\n\s*")
_READ_AT_ONCE = 128  # tokens of a text that is gone on with


class TextWriter(Loaded):
    """A `Writer` for networks that only go on with a text (GPT-2 and today's chat models)."""

    def __init__(self, card: ModelCard, module: Any, tokenizer: Any) -> None:
        super().__init__(card, module)
        self._tokens = tokenizer
        self.last_note = ""

    @property
    def tokenizer(self) -> Any:
        return self._tokens

    @property
    def net(self) -> Any:
        return self._module

    @property
    def reads_at_once(self) -> int:
        return _context(self._module)

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
        self.last_note = ""
        ids = torch.tensor([self._given(messages)], dtype=torch.long)
        if not ids.shape[1]:
            raise UserError("There is no text to go on from.", "Write a few words first.")
        context = _context(self._module)
        room = max(context - how.max_tokens, context // 2)
        if ids.shape[1] > room:
            ids = ids[:, -room:]  # the newest words count
            seen = len(self._tokens.decode(ids[0], skip_special_tokens=True).split())
            self.last_note = f"Only the last {seen:,} words were read: the model sees no more at once."
        how = replace(how, max_tokens=min(how.max_tokens, context - ids.shape[1]))
        yield from _words(self._module, self._tokens, ids.to(self.device), None, how, control, torch.long)


class TextChanger(Loaded):
    """A `Writer` of encoder and decoder (T5, BART, Marian, NLLB): reads a text whole, then writes another."""

    def __init__(self, card: ModelCard, module: Any, tokenizer: Any) -> None:
        super().__init__(card, module)
        self._tokens = tokenizer
        self.last_note = ""

    @property
    def tokenizer(self) -> Any:
        return self._tokens

    @property
    def net(self) -> Any:
        return self._module

    @property
    def reads_at_once(self) -> int:
        return self._room()

    # See `workbench.runtimes.base.Talker`: it turns one text into another.
    chats, alone, apart = False, True, True

    @property
    def context(self) -> int:
        return self._room()

    def tokens_in(self, messages: Sequence[Mapping[str, str]]) -> int:
        prefix = str(self.card.options.get("prefix", ""))
        return len(self._tokens(prefix + messages[-1]["content"])["input_ids"])

    def write(self, messages: Sequence[Mapping[str, str]], how: Writing, control: Control) -> Iterator[str]:
        """A text longer than the network reads at once is taken in pieces, at ends of sentences; none is left out, and
        paragraphs stay paragraphs."""
        import torch

        module: Any = self._module
        control.check()
        self.last_note = ""
        options = self.card.options  # a taught model keeps to the languages it was taught
        how = replace(
            how,
            source=how.source or str(options.get("source", "")),
            target=how.target or str(options.get("target", "")),
        )
        first = self.first_tokens(how)
        pieces = self._parts(messages[-1]["content"], self.prefix(how), how.piece, control)
        broken = 0
        for joint, part in pieces:
            control.check()
            if joint:
                yield joint
            encoded = self.given_tokens(part, how).to(self.device)
            with torch.inference_mode(), between_layers(module, control, blocks=True):
                seen = module.get_encoder()(**encoded)
            start = torch.tensor([first], device=self.device)
            given = {"encoder_outputs": seen, "attention_mask": encoded["attention_mask"]}
            ended = yield from _words(module, self._tokens, start, given, how, control, torch.long)
            broken += not ended
        self.last_note = self._note(len(pieces), broken)

    @staticmethod
    def _note(pieces: int, broken: int) -> str:
        read = f"The text was read in {pieces:,} pieces, one after the other." if pieces > 1 else ""
        if not broken:
            return read
        which = "The answer" if pieces == 1 else f"The answer to {broken:,} of them"
        return f"{read} {which} grew too long and was broken off.".strip()

    def prefix(self, how: Writing) -> str:
        """What some models want before the text ("summarize: ")."""
        return str(self.card.options.get("prefix", "")).format(source=how.source, target=how.target)

    def _told(self, which: str) -> bool:
        """Is this language named in what stands before the text ("translate English to German: ", ">>fr<< ")?"""
        return f"{{{which}}}" in str(self.card.options.get("prefix", ""))

    def given_tokens(self, text: str, how: Writing) -> Any:
        """What the encoder is given, as tensors [1, T]: input_ids and attention_mask."""
        if how.source and not self._told("source"):
            self._tokens.src_lang = how.source
        encoded = self._tokens(self.prefix(how) + text, return_tensors="pt", truncation=True, max_length=self._room())
        encoded.pop("token_type_ids", None)
        return encoded

    def wanted_tokens(self, text: str) -> list[int]:
        """The tokens that shall be written, without the first ones (`first_tokens`) and with an end."""
        ids = [int(i) for i in self._tokens(text_target=text, add_special_tokens=False)["input_ids"]]
        end = self.net.generation_config.eos_token_id
        end = end[0] if isinstance(end, list) else end
        return ids if end is None or ids[-1:] == [end] else [*ids, int(end)]

    def _room(self) -> int:
        own = int(getattr(self._tokens, "model_max_length", _MOST_INPUT))
        positions = getattr(self._module.config, "max_position_embeddings", None)  # type: ignore[union-attr]
        return max(16, min(own, int(positions) if positions else _MOST_INPUT, _MOST_INPUT))

    def first_tokens(self, how: Writing) -> list[int]:
        """What the decoder begins with: its start, and the language or mark it is made to begin with."""
        config: Any = self._module.generation_config  # type: ignore[union-attr]
        start = config.decoder_start_token_id
        if start is None:
            start = config.bos_token_id if config.bos_token_id is not None else config.pad_token_id
        first = [int(start)]
        if how.target and not self._told("target"):
            # M2M-100 has marks of its own for its languages ("__de__").
            mark = getattr(self._tokens, "lang_code_to_token", {}).get(how.target, how.target)
            code = self._tokens.convert_tokens_to_ids(mark)
            if code is None or code == self._tokens.unk_token_id:
                raise UserError(f"“{self.card.name}” does not know the language “{how.target}”.", "Choose another one.")
            first.append(int(code))
        elif config.forced_bos_token_id is not None:
            first.append(int(config.forced_bos_token_id))
        return first

    def _parts(self, text: str, prefix: str, most: int = 0, control: Control | None = None) -> list[tuple[str, str]]:
        """The text in pieces of at most `most` tokens (0: what the network reads at once), each with what joins its
        answer to the one before."""
        control = control or Control()
        room = self._room() - len(self._tokens(prefix)["input_ids"]) - 2
        room = max(4, min(room, most) if most else room)

        def size(words: str) -> int:
            return len(self._tokens(words, add_special_tokens=False)["input_ids"])

        # Pieces of translations end with their paragraph; other texts are read as one where they fit.
        whole = not most or "\n" not in text.strip()
        if whole and len(text) <= room * _MOST_LETTERS and size(text) <= room:
            return [("", text)]
        parts: list[tuple[str, str]] = []
        held = 0  # tokens of the last part; what is joined has at most as many as its parts together
        for joint, sentence in _sentences(text):
            control.check()
            more = size(joint + sentence) if len(sentence) <= room * _MOST_LETTERS else room + 1
            if parts and held + more <= room and not (most and "\n" in joint):
                parts[-1] = (parts[-1][0], f"{parts[-1][1]}{joint}{sentence}")
                held += more
                continue
            for number, piece in enumerate(_cut(sentence, room, size, control)):
                between = joint if not number else " "
                parts.append((between if parts else "", piece))
            held = size(parts[-1][1])
        return parts


# A token stands for so many letters at most, as a rule; longer words are cut.
_MOST_LETTERS = 40


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence with what parts it from the one before: blanks, line ends, or nothing."""
    joint, start = "", 0
    for match in _SENTENCE_END.finditer(text):
        if match.end() <= start:
            continue
        sentence = text[start : match.start()].strip()
        if sentence:
            yield joint, sentence
            joint = ""
        ends = match.group().count("\n")
        joint = "\n" * max(ends, joint.count("\n")) or joint or (" " if match.group() else "")
        start = match.end()
    if text[start:].strip():
        yield joint, text[start:].strip()


def _cut(sentence: str, room: int, size: Callable[[str], int], control: Control) -> Iterator[str]:
    """A sentence too long for itself is cut between words, a word too long for itself between letters."""
    words = sentence.split()
    at = 0
    while at < len(words):
        control.check()
        take = min(len(words) - at, room)
        piece = " ".join(words[at : at + take])
        while take > 1 and (len(piece) > room * _MOST_LETTERS or size(piece) > room):
            take = max(1, take * 3 // 4)
            piece = " ".join(words[at : at + take])
        at += take
        letters = len(piece)
        while letters > 1 and (letters > room * _MOST_LETTERS or size(piece[:letters]) > room):
            letters = max(1, letters * 3 // 4 if letters <= room * _MOST_LETTERS else room * _MOST_LETTERS)
        for start in range(0, len(piece), letters):
            yield piece[start : start + letters]


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
) -> Generator[str, None, bool]:
    """New text, token by token: each step feeds the newest token and what is remembered of the others. True when the
    model ended it by itself.

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
    length, ended = ids.shape[1], False
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
            with between_layers(module, control, blocks=True):
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
                ended = True
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
    return ended


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
        net = getattr(transformers, _loader(card)).from_config(config)
        if (folder / "generation_config.json").is_file():
            net.generation_config = transformers.GenerationConfig.from_pretrained(folder, **LOCAL_FILES)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    return _opened(card, net, tokenizer)


def save_extras(model: TextWriter | TextChanger, folder: Path) -> None:
    """What a language model needs beside its weights: config, tokenizer, and how it ends."""
    model.net.config.save_pretrained(folder)
    model.net.generation_config.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config, tokenizer and weights. Raises: UserError when it is incomplete or damaged."""
    model, tokenizer = load(card, path)
    return _opened(card, model, tokenizer)


def _loader(card: ModelCard) -> str:
    return _ENCODER_DECODER if card.arch == _ENCODER_DECODER else "AutoModelForCausalLM"


def _opened(card: ModelCard, net: Any, tokenizer: Any) -> TextWriter | TextChanger:
    return TextChanger(card, net, tokenizer) if card.arch == _ENCODER_DECODER else TextWriter(card, net, tokenizer)
