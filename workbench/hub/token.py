"""Keys of hubs and servers, in the system's own keyring: never in a file of ours, never in a log."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from workbench.errors import UserError

_SERVICE = "Model Workbench"
_HUB = "hugging-face"
_SERVER = "local-server"


def hub_token() -> str | None:
    """The Hugging Face token: of the environment (HF_TOKEN), else of the keyring; None without one."""
    return os.environ.get("HF_TOKEN") or _read(_HUB)


def set_hub_token(token: str) -> None:
    """Keep a token; "" forgets it. Raises: UserError when this system has no keyring."""
    _write(_HUB, token)


def endpoint_key(address: str) -> str | None:
    """The key of a server, by its address."""
    return _read(_host(address))


def set_endpoint_key(address: str, key: str) -> None:
    """Keep a server's key; "" forgets it. Raises: UserError when this system has no keyring."""
    _write(_host(address), key)


def server_token() -> str | None:
    """The token by which other programs ask this app's own server."""
    return _read(_SERVER)


def set_server_token(token: str) -> None:
    """Keep it; "" forgets it. Raises: UserError when this system has no keyring."""
    _write(_SERVER, token)


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"endpoint {parts.scheme}://{parts.netloc}"


def _read(name: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        found: str | None = keyring.get_password(_SERVICE, name)
        return found
    except (KeyringError, RuntimeError):  # no keyring, or it stays locked: the same as no key
        return None


def _write(name: str, value: str) -> None:
    import keyring
    from keyring.errors import KeyringError, PasswordDeleteError

    try:
        if value:
            keyring.set_password(_SERVICE, name, value)
        else:
            keyring.delete_password(_SERVICE, name)
    except PasswordDeleteError:
        return  # there was none
    except (KeyringError, RuntimeError) as error:
        raise UserError(
            "This system has no place to keep a key safely.",
            "Set up the system's keyring (password store), or give the token in the variable HF_TOKEN.",
        ) from error
