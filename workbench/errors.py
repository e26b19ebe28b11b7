"""The errors a person may read.

Anything raised as a `UserError` carries one clear sentence that says what is wrong and, where there is
something to do, a second one that says what to do. The window shows both beside the thing concerned, the
command line prints them to stderr. Everything else that is raised is a bug of ours and goes to the log.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass


class UserError(Exception):
    """Something a person can understand and mend.

    Args:
        message: one sentence in plain words: what is wrong.
        hint: one sentence: what to do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class Cancelled(Exception):  # noqa: N818 - it is an outcome the person asked for, not an error
    """The person asked the job to stop; never shown as an error."""


def out_of_memory(error: BaseException) -> bool:
    """Says an error of Python, torch, ONNX Runtime or the system that there was not enough memory?"""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    words = str(error).lower()
    # torch on a processor says "can't allocate memory" on Linux and "not enough memory" on Windows.
    return isinstance(error, RuntimeError) and any(
        w in words for w in ("out of memory", "not enough memory", "allocate memory", "bad allocation", "bad_alloc")
    )


def disk_full(error: BaseException) -> bool:
    """Says an error of the system that there is no room on the disk, for this person, or in a file?"""
    return isinstance(error, OSError) and error.errno in (
        errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG,
    )  # fmt: skip


def no_memory() -> UserError:
    """What a person reads then."""
    return UserError(
        "There is not enough memory for this; nothing you made is lost.",
        "Close other programs, choose a smaller model, or try fewer things at once.",
    )


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one item of a batch; the rest of the batch goes on.

    Attributes:
        where: what it concerns as the person knows it (a file name, "row 12").
        message: one sentence that says what is wrong.
        hint: one sentence that says what to do; may be empty.
        path: the file concerned, if there is one.
        stays: the item is used all the same, without what is wrong.
    """

    where: str
    message: str
    hint: str = ""
    path: str = ""
    stays: bool = False

    @classmethod
    def of(cls, where: str, error: UserError, path: str = "") -> Problem:
        return cls(where, error.message, error.hint, path)

    def __str__(self) -> str:
        return f"{self.where}: {self.message} {self.hint}".strip()
