"""The token every request must bring: made here, kept where only this person can read it, never logged."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from workbench.errors import UserError
from workbench.hub.token import server_token, set_server_token


def new_token() -> str:
    """256 random bits."""
    return f"wb-{secrets.token_urlsafe(32)}"


def kept_token() -> tuple[str, bool]:
    """The token of the last time, else a new one that is kept from now on; and whether it is kept.

    Without a keyring it is only for now.
    """
    found = server_token()
    if found:
        return found, True
    return renewed_token()


def renewed_token() -> tuple[str, bool]:
    """A new one in place of the last, and whether it is kept."""
    token = new_token()
    with suppress(UserError):
        set_server_token(token)
    return token, server_token() == token


def token_from_file(path: Path) -> str:
    """What the file holds; one that is not there is made, for the eyes of its owner alone.

    Raises:
        UserError: when it cannot be read or written.
    """
    try:
        try:
            place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="utf-8").strip()
        with os.fdopen(place, "w", encoding="utf-8") as stream:
            token = new_token()
            stream.write(f"{token}\n")
        return token
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The token in “{path.name}” cannot be read or written.", "Choose another file.") from error
