"""How a conversation is written down for a chat model: the model's own template, which is a small program by a stranger.

A template (Jinja) comes with a model's files and is not to be trusted. It runs in the sandbox that transformers makes for
it, which keeps it from Python's insides, from files and from the network. What that sandbox does not bound is added here:
the time a template takes, the memory, and the length of what it writes. What it writes is letter by letter what
`tokenizer.apply_chat_template` writes.
"""

from __future__ import annotations

import functools
import operator
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.errors import UserError

_SECONDS = 2.0
_MOST_TEMPLATE = 200_000
_MOST_OUTPUT = 20_000_000
_MOST_MEMORY = 400_000_000
_MOST_NUMBER = 1_000_000
# Between two looks at the memory; nothing grows much in so short a time.
_LOOK_SECONDS = 0.002
_WIDTH = re.compile(r"\d{4,}")
_FILE = "<template>"


class _TooMuch(Exception):  # noqa: N818 - caught where the template is run
    """The template takes too long or too much."""


def write_down(tokenizer: Any, messages: Sequence[Mapping[str, str]], ask: bool, name: str) -> str:
    """The conversation as the model was trained to read it.

    Args:
        ask: end with the mark after which the model answers.
        name: of the model, for the sentence that says what is wrong.

    Raises:
        UserError: when the template is damaged, refuses this conversation, or does what it must not.
    """
    import jinja2
    from jinja2.exceptions import SecurityError

    try:
        source = tokenizer.get_chat_template()
        if not isinstance(source, str) or len(source) > _MOST_TEMPLATE:
            raise _TooMuch
        with _Watch():
            text = _compiled(source).render(
                messages=[dict(m) for m in messages], tools=None, documents=None, add_generation_prompt=ask,
                **tokenizer.special_tokens_map,
            )  # fmt: skip
        if len(text) > _MOST_OUTPUT:
            raise _TooMuch
    except (_TooMuch, SecurityError, MemoryError, RecursionError, OverflowError) as error:
        raise UserError(
            f"The chat template of “{name}” does what it must not: it reaches outside, or takes too long or too much.",
            "Choose another model; do not trust the files of this one.",
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise UserError(
            f"The chat template of “{name}” is damaged.", "Delete the model and download it again."
        ) from error
    except jinja2.TemplateError as error:
        said = " ".join(str(error).split())[:200]
        raise UserError(f"“{name}” cannot be asked like this: {said}", "Begin a new conversation.") from error
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, ArithmeticError, LookupError) as error:
        raise UserError(
            f"The chat template of “{name}” fails on this conversation.", "Choose another model."
        ) from error
    return str(text)


@functools.lru_cache(maxsize=16)
def _compiled(source: str) -> Any:
    """The template in transformers' sandbox, whose sums, calls and filters are bounded besides."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from transformers.utils.chat_template_utils import _compile_jinja_template

    sandbox = _compile_jinja_template("").environment
    if not isinstance(sandbox, ImmutableSandboxedEnvironment):  # the library changed: better no chat than no walls
        raise _TooMuch
    own: Any = sandbox.overlay()
    own.intercepted_binops = frozenset(("+", "*", "**", "%"))
    own.binop_table = own.binop_table | {
        "+": _bounded(operator.add), "*": _product, "**": _power, "%": _remainder,
    }  # fmt: skip
    own.filters = {key: _bounded(function) for key, function in own.filters.items()}
    call, wrap = own.call, own.wrap_str_format

    def bounded_call(context: Any, called: Any, *args: Any, **more: Any) -> Any:
        _check(args, more)
        return _sized(call(context, called, *args, **more))

    def bounded_format(value: Any) -> Any:
        form = getattr(value, "__self__", None)
        if isinstance(form, str) and _WIDTH.search(form):
            raise _TooMuch
        return wrap(value)

    own.call, own.wrap_str_format = bounded_call, bounded_format
    return own.from_string(source)


def _sized(value: Any) -> Any:
    if isinstance(value, (str, bytes, list, tuple, dict)) and len(value) > _MOST_OUTPUT:
        raise _TooMuch
    return value


def _check(args: Sequence[Any], more: Mapping[str, Any]) -> None:
    if any(isinstance(v, int) and abs(v) > _MOST_NUMBER for v in (*args, *more.values())):
        raise _TooMuch
    if any(isinstance(v, str) and v.startswith("%") and _WIDTH.search(v) for v in args[:1]):
        raise _TooMuch


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapped(*args: Any, **more: Any) -> Any:
        _check(args, more)
        return _sized(function(*args, **more))

    return wrapped


def _product(left: Any, right: Any) -> Any:
    for one, times in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(one, (str, list, tuple)) and len(one) * times > _MOST_OUTPUT:
            raise _TooMuch
    if isinstance(left, int) and isinstance(right, int) and max(left.bit_length(), right.bit_length()) > 1000:
        raise _TooMuch
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > 10_000:
        raise _TooMuch
    return left**right


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str) and (_WIDTH.search(left) or "*" in left):
        raise _TooMuch
    return left % right


class _Watch:
    """Looks, at each line a template runs, at the clock and now and then at the memory; for this thread alone."""

    def __enter__(self) -> None:
        import psutil

        process = psutil.Process()
        began = looked = time.monotonic()
        memory = process.memory_info().rss

        def look(_frame: Any, _event: str, _value: Any) -> Any:
            nonlocal looked
            now = time.monotonic()
            if now - began > _SECONDS:
                raise _TooMuch
            if now - looked > _LOOK_SECONDS:
                looked = now
                if process.memory_info().rss - memory > _MOST_MEMORY:
                    raise _TooMuch
            return look

        def enter(frame: Any, event: str, value: Any) -> Any:
            return look(frame, event, value) if frame.f_code.co_filename == _FILE else None

        self._before = sys.gettrace()
        sys.settrace(enter)

    def __exit__(self, *_error: object) -> None:
        sys.settrace(self._before)
