"""Conversations as OpenAI's chat completions ask for them, answered as the app's own Talk page does: what fits is given to the
model through its own template (in a sandbox), and no words of a message can pass for another speaker's.

Reference: OpenAI, "Chat completions" (API reference); only what a model on this computer can do is heeded, what it cannot is
refused with a sentence rather than left out in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.media import first_words
from workbench.data.types import Sample
from workbench.engine.conversation import Conversation, Turn, checked_question
from workbench.engine.pool import ModelPool
from workbench.engine.prediction_log import recorder_for
from workbench.engine.talk import fit, spoken_part, until
from workbench.errors import UserError
from workbench.runtimes.base import Talker, Writing, require
from workbench.serve.batching import Tell, Work
from workbench.serve.faults import Refused
from workbench.serve.forms import Chat, Message
from workbench.tasks.predictions import Text

_USUAL_TOKENS = 512
_MOST_STOPS = 4
CHATS = ("chat", "text-generation")


@dataclass(frozen=True)
class Written:
    """A whole answer.

    Attributes:
        tokens_in, tokens_out: counted by the model's own tokenizer.
        finish: "stop" when the model (or a stop word) ended it, "length" when it had to end.
        left_out: how many of the first messages the model did not see.
    """

    text: str
    tokens_in: int
    tokens_out: int
    finish: str
    left_out: int = 0


def conversation_of(chat: Chat) -> Conversation:
    """The messages as the app keeps conversations. Raises: Refused when they are none the app can answer."""
    if chat.n not in (None, 1):
        raise Refused(422, "One answer at a time is given.", "Leave “n” out, and ask several times.")
    if chat.tools:
        raise Refused(422, "These models cannot call functions.", "Leave “tools” out.")
    if chat.response_format and chat.response_format.get("type") != "text":
        raise Refused(422, "These models answer in plain text only.", "Leave “response_format” out.")
    system: list[str] = []
    turns: list[Turn] = []
    for message in chat.messages:
        text = _text(message)
        if message.role in ("system", "developer"):
            system.append(text)
        elif message.role == "user" or message.role == "assistant":
            turns.append(Turn(message.role, text))
        else:
            raise Refused(422, f"Messages of “{message.role}” cannot be answered.", "Leave them out.")
    if not turns or turns[-1].role != "user":
        raise Refused(422, "The last message must be the user's.", "Put the question at the end of “messages”.")
    try:
        checked_question(turns[-1].text)
    except UserError as error:
        raise Refused.of(error) from None
    return Conversation("served", system="\n\n".join(s for s in system if s.strip()), turns=tuple(turns))


def _text(message: Message) -> str:
    if not isinstance(message.content, list):
        return message.content or ""
    if any(part.type != "text" or part.text is None for part in message.content):
        raise Refused(422, "Only texts can be part of a message.", "Leave pictures and sounds out.")
    return "".join(part.text or "" for part in message.content)


def writing_of(chat: Chat) -> Writing:
    """How the answer is to be written."""
    return Writing(
        max_tokens=chat.max_completion_tokens or chat.max_tokens or _USUAL_TOKENS,
        temperature=chat.temperature or 0.0,
        top_p=min(1.0, max(0.01, 1.0 if chat.top_p is None else chat.top_p)),
        seed=abs(chat.seed or 0) % 2**63,
    )


def stops_of(chat: Chat) -> tuple[str, ...]:
    """Words at which the answer ends. Raises: Refused."""
    stops = [chat.stop] if isinstance(chat.stop, str) else chat.stop or []
    if len(stops) > _MOST_STOPS or any(not 0 < len(s) <= 200 for s in stops):
        raise Refused(422, f"At most {_MOST_STOPS} stop words of up to 200 letters are heeded.", "Give fewer.")
    return tuple(stops)


def cut(text: str, stops: Sequence[str], whole: bool = False) -> tuple[str, bool]:
    """What is shown of a text that is still written, and whether a stop word has ended it: what may become a stop word is
    held back until it is `whole`. The stop word that is complete first counts, as it does for who reads along; of those that
    end together, the longest."""
    ends = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    if ends:
        return text[: min(ends)[1]], True
    if whole:
        return text, False
    held = max((_beginning(text, stop) for stop in stops), default=0)
    return text[: len(text) - held], False


def _beginning(text: str, stop: str) -> int:
    """How many letters at the end of the text are the beginning of the stop word."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)


def chat_work(chat: Chat, card: ModelCard, pool: ModelPool, device: str) -> Work:
    """What the model's thread does: tells the text as it grows, gives the whole. Raises: Refused at once."""
    talk, how, stops = conversation_of(chat), writing_of(chat), stops_of(chat)

    def work(control: Control, tell: Tell) -> Written:
        with pool.use(card, device, control) as model:
            talker = require(model, Talker)
            given = fit(talk, model, how)
            said, text, ended = "", "", False
            for piece in until(talker.write(given.messages, given.how, control), given.stop):
                said += piece
                text, ended = cut(spoken_part(said).lstrip(), stops)
                if text:
                    tell(text)
                if ended:
                    break
            if not ended:
                text, ended = cut(spoken_part(said).lstrip(), stops, whole=True)
            tokens = _tokens(model.tokenizer, said)
            if (recorder := recorder_for(card, "server")) is not None:
                question = talk.turns[-1].text
                recorder.note([Sample("text", first_words(question), text=question)], [Text(text)])
            finish = "stop" if ended or tokens < given.how.max_tokens else "length"
            return Written(text, talker.tokens_in(given.messages), tokens, finish, given.left_out)

    return work


def _tokens(tokenizer: Any, text: str) -> int:
    return len(tokenizer(text, add_special_tokens=False)["input_ids"]) if tokenizer is not None and text else 0
