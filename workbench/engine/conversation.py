"""A conversation with a model as plain data: what was said, by whom, and how it is told to the model and to a file."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from workbench.errors import UserError

Role = Literal["user", "assistant"]
# whole; being written; stopped by the person; broken off by an error or the end of the app.
State = Literal["whole", "writing", "stopped", "broken"]
# A question longer than this is a document: no model here reads so much at once.
MOST_LETTERS = 200_000
_NAME_LETTERS = 60
_MOST_TURNS = 20_000
WARNING = "Answers may be wrong. Not medical or legal advice."


@dataclass(frozen=True)
class Source:
    """A passage of the person's own documents that an answer rests on.

    Attributes:
        number: by which the answer names it, from 1.
        document: path of the file; `title` is its name and `place` where in it ("page 3").
        start, end: characters of the document's text.
        score: how alike question and passage are in meaning (cosine), 0..1.
    """

    number: int
    document: str
    title: str
    place: str
    text: str
    start: int = 0
    end: int = 0
    score: float = 0.0


@dataclass(frozen=True)
class Turn:
    """One thing said.

    Attributes:
        at: when, ISO 8601.
        model: name of the model that answered; "" for the person, and where no model was asked.
        note: a sentence the person must see with it: what it cost, why it ended.
        sent_to: the server that everything up to here was sent to; "" when nothing left this computer.
        left_out: how many of the first messages the model did not see any more.
    """

    role: Role
    text: str
    at: str = ""
    state: State = "whole"
    model: str = ""
    note: str = ""
    sent_to: str = ""
    left_out: int = 0
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """Never changed: each change gives another one.

    Attributes:
        id: name of its file.
        name: what it is called; of its first question until the person gives one.
        model_id: the model asked last; "" for none: answers come from the documents alone.
        system: how the model shall answer, in the person's words (system prompt).
        values: options of the chat task that were set, by `Option.id`.
        documents: a folder whose texts are searched for each question; "" for none.
    """

    id: str
    name: str = ""
    created: str = ""
    changed: str = ""
    model_id: str = ""
    system: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    documents: str = ""
    turns: tuple[Turn, ...] = ()

    @classmethod
    def new(cls, **more: Any) -> Conversation:
        return cls(id=f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}", created=now(), changed=now(), **more)

    @property
    def title(self) -> str:
        """Its name, or what it is called while it has none."""
        return self.name or "New conversation"

    @property
    def waits(self) -> bool:
        """The person has asked and there is no answer."""
        return bool(self.turns) and self.turns[-1].role == "user"

    def asked(self, text: str) -> Conversation:
        """With one more question. Raises: UserError when it is empty or too long."""
        words = checked_question(text)
        name = self.name or short(words)
        return replace(self, name=name, changed=now(), turns=(*self.turns, Turn("user", words, now())))

    def answered(self, answer: Turn) -> Conversation:
        """With this answer to the last question, in place of the one there is."""
        kept = self.turns if self.waits else self.turns[:-1]
        return replace(self, changed=now(), turns=(*kept, answer))

    def again(self) -> Conversation:
        """Up to the last question, whose answer is wanted anew. Raises: UserError when nothing was asked."""
        last = max((n for n, turn in enumerate(self.turns) if turn.role == "user"), default=-1)
        if last < 0:
            raise UserError("Nothing has been asked yet.", "Type a question first.")
        return replace(self, changed=now(), turns=self.turns[: last + 1])

    def edited(self, place: int, text: str) -> Conversation:
        """As if at this place something else had been asked; what came after it is gone.

        Raises:
            UserError: when it is empty or too long.
        """
        words = checked_question(text)
        name = short(words) if self.name == short(self.turns[0].text) and place == 0 else self.name
        return replace(self, name=name, changed=now(), turns=(*self.turns[:place], Turn("user", words, now())))


def checked_question(text: str) -> str:
    """The question without blanks around it. Raises: UserError when it is empty or too long."""
    if len(text) > MOST_LETTERS:
        raise UserError(
            f"This is too long to be asked: {len(text):,} letters, and {MOST_LETTERS:,} are the most.",
            "Put it into a document and choose its folder, or ask about a part of it.",
        )
    if not text.strip():
        raise UserError("There is no question yet.", "Type one.")
    return text.strip()


def short(text: str) -> str:
    """The first words, for a list."""
    line = " ".join(text[: 4 * _NAME_LETTERS].split())
    return line if len(line) <= _NAME_LETTERS else f"{line[: _NAME_LETTERS - 1].rstrip()}…"


def now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def left_out_words(count: int) -> str:
    """What does not fit any more, in words; "" when everything fits."""
    if count <= 0:
        return ""
    return (
        "The model no longer sees the first message."
        if count == 1
        else f"The model no longer sees the first {count} messages."
    )


# To and from JSON ------------------------------------------------------------------------------------------------------


def to_json(talk: Conversation) -> dict[str, Any]:
    from dataclasses import asdict

    return {"version": 1, **asdict(talk), "values": dict(talk.values)}


def from_json(value: Any) -> Conversation:
    """What `to_json` gave. An answer that was being written counts as broken off.

    Raises:
        ValueError: when it is something else.
    """
    if not isinstance(value, dict) or value.get("version") != 1:
        raise ValueError("not a conversation")
    turns = _rows(value, "turns", _MOST_TURNS)
    values = value.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(v, (int, float)) for v in values.values()):
        raise ValueError("values")
    words = {k: _text(value, k) for k in ("id", "name", "created", "changed", "model_id", "system", "documents")}
    return Conversation(**words, values={str(k): float(v) for k, v in values.items()}, turns=tuple(map(_turn, turns)))


def _turn(value: Mapping[str, Any]) -> Turn:
    role: Any = value.get("role")
    state: Any = value.get("state", "whole")
    if role not in get_args(Role) or state not in get_args(State):
        raise ValueError("turn")
    words = {k: _text(value, k) for k in ("text", "at", "model", "note", "sent_to")}
    sources = tuple(
        Source(
            int(s.get("number", 0)), _text(s, "document"), _text(s, "title"), _text(s, "place"), _text(s, "text"),
            int(s.get("start", 0)), int(s.get("end", 0)), float(s.get("score", 0)),
        )
        for s in _rows(value, "sources", 1000)
    )  # fmt: skip
    return Turn(
        role,
        state="broken" if state == "writing" else state,
        left_out=int(value.get("left_out", 0)),
        sources=sources,
        **words,
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key, "")
    if not isinstance(found, str):
        raise ValueError(key)
    return found


def _rows(value: Mapping[str, Any], key: str, most: int) -> list[Mapping[str, Any]]:
    found = value.get(key, [])
    if not isinstance(found, list) or len(found) > most or not all(isinstance(v, dict) for v in found):
        raise ValueError(key)
    return found


# To files for people ---------------------------------------------------------------------------------------------------

ENDINGS = (".md", ".txt", ".json")


def as_text(talk: Conversation) -> str:
    """All of it as plain text."""
    parts = [talk.title, f"{_day(talk.created)}  ·  {WARNING}"]
    if talk.system:
        parts.append(f"How it shall answer: {talk.system}")
    parts += [
        f"{_who(turn)}:\n{turn.text}{_sources(turn.sources, '  [{n}] {title}')}{_foot(turn)}" for turn in talk.turns
    ]
    return "\n\n".join(parts) + "\n"


def as_markdown(talk: Conversation) -> str:
    """All of it as Markdown; what was said stays as it was said."""
    parts = [f"# {talk.title}", f"*{_day(talk.created)}. {WARNING}*"]
    if talk.system:
        parts.append(f"*How it shall answer: {talk.system}*")
    parts += [
        f"**{_who(turn)}**\n\n{turn.text}{_sources(turn.sources, '- [{n}] {title}')}{_foot(turn)}"
        for turn in talk.turns
    ]
    return "\n\n".join(parts) + "\n"


def save_as(talk: Conversation, path: Path) -> None:
    """Write atomically as the ending says. Raises: UserError."""
    from workbench.data.exporters.tables import write_bytes, write_json

    ending = path.suffix.lower()
    if ending == ".json":
        write_json(path, to_json(talk))
    elif ending in (".md", ".txt"):
        write_bytes(path, (as_markdown(talk) if ending == ".md" else as_text(talk)).encode())
    else:
        raise UserError(
            f"A conversation cannot be saved as “{path.name}”.", f"Use a name that ends in {', '.join(ENDINGS)}."
        )


def _who(turn: Turn) -> str:
    return "You" if turn.role == "user" else turn.model or "Your documents"


def _day(at: str) -> str:
    return at[:16].replace("T", " ")


def _sources(sources: Sequence[Source], form: str) -> str:
    if not sources:
        return ""
    lines = [form.format(n=s.number, title=", ".join(p for p in (s.title, s.place) if p)) for s in sources]
    return "\n\nFrom your documents:\n" + "\n".join(lines)


def _foot(turn: Turn) -> str:
    ended = {"stopped": "Stopped.", "broken": "Broken off."}.get(turn.state, "")
    words = " ".join(p for p in (ended, left_out_words(turn.left_out), turn.note) if p)
    return f"\n\n({words})" if words else ""
