"""What goes wrong, as every client is told it: one sentence and what to do, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.errors import UserError

# Paths whose clients expect errors in OpenAI's form.
_OPENAI = ("/v1/chat/", "/v1/models")
_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class Refused(Exception):  # noqa: N818 - it is an answer, too
    """A request that is not answered, with the status it is refused by."""

    def __init__(self, status: int, message: str, hint: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.hint = status, message, hint
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: UserError, status: int = 422) -> Refused:
        return cls(status, error.message, error.hint)

    def body(self, path: str) -> dict[str, Any]:
        """As JSON for the client that asked for this path."""
        if not path.startswith(_OPENAI):
            return {"sentence": self.message, "hint": self.hint}
        kind = _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        words = f"{self.message} {self.hint}".strip()
        return {"error": {"message": words, "type": kind, "param": None, "code": None}}


def unexpected() -> Refused:
    """A bug of ours."""
    return Refused(500, "Something unexpected went wrong.", "The app's log says more (Help, Show log).")


def stopping() -> Refused:
    """The server is being stopped."""
    return Refused(503, "The server is being stopped.", "Start it again in Model Workbench.")
