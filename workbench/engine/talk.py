"""One answer in a conversation: what fits is given to the model, and the answer is given on as it grows.

What no longer fits into a model's context is left out from the front, counted by the model's own tokenizer and template;
the answer says how much that is. Every state of an answer lies on the disk a moment later.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.engine.conversation import Conversation, Turn, checked_question, now
from workbench.engine.conversation_store import ConversationStore
from workbench.engine.pool import ModelPool, shared_pool
from workbench.engine.talk_documents import Found, Library, asked_with, best_passage, nothing_found, search
from workbench.errors import Cancelled, UserError
from workbench.hub.store import is_present
from workbench.runtimes.base import Loaded, Talker, Writing, require
from workbench.tasks.base import TryOptions
from workbench.tasks.texts import WritingTask

Message = Mapping[str, str]

# More is not read at once on a person's own computer: it would take minutes before the first word.
_MOST_CONTEXT = 8192
_SAVE_SECONDS = 0.5
# How freely is drawn where the same question is asked once more and nothing was set (temperature).
_ANEW = 0.7
# What a model made only to go on with texts is given, and where its answer ends.
_ASKS, _SAYS = "Q: ", "A: "
_NEXT = f"\n{_ASKS.strip()}"
_STILL_THINKING = "The model was still thinking when its answer had to end: allow a longer one."
# Marks by which templates tell who speaks: words that hold them could pass for another speaker's.
_MARKS = re.compile(
    r"<\|[^<>|\s]{1,60}\|>|<｜[^<>｜]{1,60}｜>|\[/?INST\]|\[/?SYSTEM_PROMPT\]|<</?SYS>>|</?(?:start_of_turn|end_of_turn)>",
    re.IGNORECASE,
)


def answer(
    talk: Conversation,
    card: ModelCard | None,
    task: WritingTask,
    store: ConversationStore | None = None,
    library: Library | None = None,
    pool: ModelPool | None = None,
    control: Control | None = None,
    device: str = "auto",
    anew: int = 0,
) -> Iterator[Conversation]:
    """The conversation with the answer to its last question, again and again while that grows.

    Stopped by the person, it ends with what there is, and that is kept; so it is when the model fails.

    Args:
        card: None: nothing is written by a model; the best passage of the documents is the answer.
        task: whose options say how is written (`talk.values`).
        library: the documents to search; None when the conversation has none.
        anew: how often the question was asked before: each time other words are drawn, where else it would always take the
            likeliest ones and say the same again.

    Raises:
        UserError: when the question is too long, or the model cannot be used.
    """
    control = control or Control()
    saver = _Saver(store)
    saver.save(talk, at_once=True)
    last = talk.again()
    turn = Turn("assistant", "", now(), state="writing", model=card.name if card is not None else "")
    if card is not None and card.is_remote:
        turn = replace(turn, sent_to=card.source.ref)
    try:
        for grown_turn in _answer(last, turn, card, task, library, pool or shared_pool(), control, device, anew):
            turn = grown_turn
            grown = last.answered(turn)
            saver.save(grown)
            yield grown
        turn = replace(turn, state="whole")
    except Cancelled:
        turn = replace(turn, state="stopped")
    except UserError as error:
        if turn.text:
            saver.save(last.answered(replace(turn, state="broken", note=str(error))), at_once=True)
            yield last.answered(replace(turn, state="broken", note=str(error)))
        raise
    whole = last.answered(replace(turn, text=turn.text.strip()))
    saver.save(whole, at_once=True)
    yield whole


def _answer(
    talk: Conversation,
    turn: Turn,
    card: ModelCard | None,
    task: WritingTask,
    library: Library | None,
    pool: ModelPool,
    control: Control,
    device: str,
    anew: int,
) -> Iterator[Turn]:
    control.check()
    question = checked_question(talk.turns[-1].text)
    found: list[Found] = []
    if library is not None:
        control.progress(0, 0, "Looking into your documents")
        found = search(library, talk, control)
        if not found:
            yield replace(turn, model="", sent_to="", **nothing_found())
            return
    if card is None:
        if library is None:
            raise UserError(
                "There is no model to answer, and no documents to read from.",
                "Choose a model, or a folder of documents.",
            )
        yield replace(turn, model="", **best_passage(found))
        return
    control.progress(0, 0, "Getting the model ready")
    with pool.use(card, device, control) as model:
        talker = require(model, Talker)
        how = task.how(TryOptions(values=talk.values))
        if anew:
            how = replace(how, seed=anew, temperature=how.temperature or _ANEW)
        given = fit(talk, model, how, found)
        turn = replace(turn, left_out=given.left_out, sources=tuple(f.source for f in given.found))
        control.progress(0, 0, "Thinking")
        yield turn
        said = ""
        for piece in until(talker.write(given.messages, given.how, control), given.stop):
            said += piece
            turn = replace(turn, text=spoken_part(said).lstrip())
            yield turn
        note = task.note(model, question) if card.is_remote else ""
        if not turn.text.strip():
            note = f"{_STILL_THINKING if said.strip() else 'The model gave no words.'} {note}".strip()
        yield replace(turn, note=note)


def ready_model(catalog: Catalog, paths: AppPaths) -> ModelCard | None:
    """A chat model that is on this computer, the person's own first; None when there is none."""
    fitting = [c for c in catalog.cards() if "chat" in c.tasks and not c.is_remote]
    return next((c for c in fitting if is_present(c, paths)), None)


# What is given to the model -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """What the model gets.

    Attributes:
        left_out: how many of the first messages it does not see.
        stop: words at which an answer ends; "" when the model ends by itself.
        found: passages that fitted.
    """

    messages: tuple[Message, ...]
    how: Writing
    left_out: int = 0
    stop: str = ""
    found: tuple[Found, ...] = ()


def fit(talk: Conversation, model: Loaded, how: Writing, found: Sequence[Found] = ()) -> Given:
    """As much of a conversation as the model sees at once: the last question, then passages, then what was said before.

    Raises:
        UserError: when the last question alone is too long.
    """
    talker = require(model, Talker)
    clean = cleaner(model)
    system = clean(talk.system)
    before = [{"role": t.role, "content": clean(t.text)} for t in talk.turns[:-1] if t.text.strip()]
    count_before = len(talk.turns) - 1
    question = clean(talk.turns[-1].text)
    chats, alone = talker.chats, talker.alone
    write_down = _messages if chats else _last_alone if alone else _in_words
    context = min(talker.context, _MOST_CONTEXT) if not model.card.is_remote else talker.context
    if context and not talker.apart:
        how = replace(how, max_tokens=max(1, min(how.max_tokens, context // 2)))
    room = context if talker.apart else context - how.max_tokens

    def fits(kept: Sequence[Message], passages: Sequence[Found]) -> bool:
        asked = asked_with(question, passages, clean)
        return not context or talker.tokens_in(_or_without_system(talker, write_down, system, kept, asked)) <= room

    if not fits([], []):
        raise UserError(
            f"This is more than “{model.card.name}” reads at once (about {int(room / 1.4):,} words with the answer left out).",
            "Shorten the question, the answer's length or how it shall answer, or choose a model that reads more.",
        )
    passages: list[Found] = []
    for one in found:
        if fits([], [*passages, one]):
            passages.append(one)
    if found and not passages:
        raise UserError(
            f"“{model.card.name}” reads too little at once for a passage of your documents.",
            "Choose a model that reads more, or “No model” to read the passage itself.",
        )
    first = 0 if not alone else len(before)
    if not fits(before[first:], passages):
        first = _first_that_fits(before, lambda kept: fits(kept, passages))
    # A conversation begins with the person: templates insist on it.
    while first < len(before) and before[first]["role"] != "user":
        first += 1
    messages = _or_without_system(talker, write_down, system, before[first:], asked_with(question, passages, clean))
    left_out = count_before if first == len(before) else first
    return Given(tuple(messages), how, left_out, "" if chats or alone else _NEXT, tuple(passages))


def _first_that_fits(before: Sequence[Message], fits: Callable[[Sequence[Message]], bool]) -> int:
    """The fewest messages to leave out from the front, by halving."""
    low, high = 1, len(before)
    while low < high:
        middle = (low + high) // 2
        if fits(before[middle:]):
            high = middle
        else:
            low = middle + 1
    return low


def _messages(system: str, kept: Sequence[Message], question: str) -> list[Message]:
    first = [{"role": "system", "content": system}] if system else []
    return [*first, *kept, {"role": "user", "content": question}]


def _or_without_system(
    talker: Talker,
    write_down: Callable[[str, Sequence[Message], str], list[Message]],
    system: str,
    kept: Sequence[Message],
    question: str,
) -> list[Message]:
    """Some templates know no system message: then it stands before the first question."""
    messages = write_down(system, kept, question)
    if not system or messages[0]["role"] != "system":
        return messages
    try:
        talker.tokens_in(messages[:2])
    except UserError:
        first, *rest = messages[1:]
        return [{"role": "user", "content": f"{system}\n\n{first['content']}"}, *rest]
    return messages


def _last_alone(system: str, kept: Sequence[Message], question: str) -> list[Message]:
    return [{"role": "user", "content": question}]


def _in_words(system: str, kept: Sequence[Message], question: str) -> list[Message]:
    """For a model that only goes on with texts: questions and answers in turn, the last one open."""
    lines = [f"{system}\n"] if system else []
    lines += [f"{_ASKS if m['role'] == 'user' else _SAYS}{m['content']}" for m in kept]
    return [{"role": "user", "content": "\n".join([*lines, f"{_ASKS}{question}", _SAYS.strip()])}]


def cleaner(model: Loaded) -> Callable[[str], str]:
    """Takes out of words what the model would take for a mark of its template: its own special tokens, and well-known ones.

    Who wrote them, a person or a document, could otherwise speak as somebody else.
    """
    tokenizer: Any = model.tokenizer
    own = {str(t) for t in getattr(tokenizer, "all_special_tokens", ())}
    added = getattr(tokenizer, "added_tokens_decoder", {}) or {}
    own |= {str(t) for t in added.values() if getattr(t, "special", False)}
    parts = [re.escape(t) for t in sorted(own, key=len, reverse=True) if t.strip()]
    special = re.compile("|".join([*parts, _MARKS.pattern]), re.IGNORECASE)

    def clean(text: str) -> str:
        # What is left may form a mark anew.
        while (shorter := special.sub("", text)) != text:
            text = shorter
        return text

    return clean


def spoken_part(said: str) -> str:
    """Without what a reasoning model says to itself first; "" while it still does."""
    if not said.lstrip().startswith("<think>"):
        return said
    return said.partition("</think>")[2]


def until(pieces: Iterator[str], stop: str) -> Iterator[str]:
    """Pieces up to where the word comes that ends an answer; what may become that word is held back."""
    if not stop:
        yield from pieces
        return
    held = ""
    for piece in pieces:
        held += piece
        if stop in held:
            yield held[: held.index(stop)]
            return
        keep = next((n for n in range(min(len(stop) - 1, len(held)), 0, -1) if stop.startswith(held[-n:])), 0)
        if len(held) > keep:
            yield held[: len(held) - keep]
            held = held[len(held) - keep :]
    if held:
        yield held


class _Saver:
    """Saves at most twice a second, but for the last state."""

    def __init__(self, store: ConversationStore | None) -> None:
        self._store = store
        self._last = 0.0

    def save(self, talk: Conversation, at_once: bool = False) -> None:
        if self._store is None or (not at_once and time.monotonic() - self._last < _SAVE_SECONDS):
            return
        self._store.save(talk)
        self._last = time.monotonic()
