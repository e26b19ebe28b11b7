"""The bodies of requests, as they are described to clients and checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.serve.faults import Refused

F = TypeVar("F", bound=BaseModel)
_Number = Annotated[float, Field(allow_inf_nan=False)]
Value = str | _Number


class PredictText(BaseModel):
    """A text (or a row of numbers) to be answered."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=2_000_000, description="The text; for a forecast the numbers, parted by blanks.")
    task: str = Field("", max_length=100, description="What to do, when the model can do several things.")
    labels: list[str] = Field([], max_length=500, description="To choose between, for models without their own.")
    options: dict[str, Value] = Field({}, max_length=50, description="Options of the task, by name.")
    stream: bool = Field(False, description="Send the answer while it grows (server-sent events).")


class Part(BaseModel):
    """A piece of a message."""

    type: str
    text: str | None = None


class Message(BaseModel):
    """Something said in a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class StreamOptions(BaseModel):
    """How a stream is to be."""

    include_usage: bool = False


class Chat(BaseModel):
    """A question in a conversation, as OpenAI's chat completions ask it. What is not named here is not heeded."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=300)
    messages: list[Message] = Field(min_length=1, max_length=2000)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1, le=100_000)
    max_completion_tokens: int | None = Field(None, ge=1, le=100_000)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    n: int | None = 1
    tools: list[dict[str, Any]] | None = None
    response_format: dict[str, Any] | None = None


def read(form: type[F], body: bytes) -> F:
    """Raises: Refused (422) with a sentence about the first thing that is wrong."""
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        raise refused(error) from None


def refused(error: ValidationError) -> Refused:
    """The first thing that is wrong, in words."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"][:3])
    place = f"“{where}”" if where else "The body of the request"
    what = {"missing": "is missing", "extra_forbidden": "is not known"}.get(str(first["type"]), "cannot be used")
    more = "" if what != "cannot be used" else f" ({str(first['msg'])[:200]})"
    return Refused(422, f"{place} {what}{more}.", "See the description of the server at /docs.")
