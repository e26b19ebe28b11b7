"""Questions to the Hugging Face hub, through its own library, with our settings and our sentences."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from workbench.control import Control
from workbench.errors import UserError
from workbench.guard import asked_for_network
from workbench.hub import http
from workbench.hub.http import NotFound
from workbench.hub.net_settings import NetSettings
from workbench.hub.token import hub_token

# Nothing about this computer or person is told to anyone.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
_TIMEOUT = 20.0
_BUSY = (429, 500, 502, 503, 504)
Answer = TypeVar("Answer")


def api(settings: NetSettings) -> Any:
    """The library's client for the hub in force."""
    import huggingface_hub

    if settings.proxy:
        import importlib

        # The library says which HTTP client it is built on by its own module.
        client = importlib.import_module(huggingface_hub.get_session().__class__.__module__.split(".")[0])
        huggingface_hub.set_client_factory(lambda: client.Client(proxy=settings.proxy, follow_redirects=True))
    return huggingface_hub.HfApi(endpoint=settings.hub, token=hub_token() or False)


def model_info(repo: str, revision: str, name: str, settings: NetSettings, control: Control) -> Any:
    """All about one repository, with sizes and hashes of its files. Raises: UserError as `ask`."""
    return ask(
        lambda: api(settings).model_info(repo, revision=revision, files_metadata=True, timeout=_TIMEOUT), name, control
    )


def _in_thread(question: Callable[[], Answer], control: Control) -> Answer:
    """The library waits in ways that cannot be stopped: so it waits in a thread that is left behind on "stop"."""
    box: list[Answer] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with asked_for_network():
                box.append(question())
        except BaseException as error:  # noqa: BLE001 - handed over to the caller, below
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="hub question")
    thread.start()
    while thread.is_alive():
        thread.join(0.05)
        control.check()
    if errors:
        raise errors[0]
    return box[0]


def ask(question: Callable[[], Answer], name: str, control: Control) -> Answer:
    """Ask; when the hub is busy, wait and ask again.

    Raises:
        UserError: no network, gated, not found, still busy.
        Cancelled: when asked to stop.
    """
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    pause = http.PAUSE
    for attempt in range(http.TRIES):
        control.check()
        last = attempt == http.TRIES - 1
        wait = pause
        try:
            return _in_thread(question, control)
        except GatedRepoError as error:
            raise UserError(
                f"The publisher of “{name}” gives it only to people who agreed to the terms.",
                "Agree on the model's page in a browser, then enter your access token on the Storage page.",
            ) from error
        except (RepositoryNotFoundError, HFValidationError) as error:
            raise NotFound(f"“{name}” was not found on its server.", "It may have been moved or withdrawn.") from error
        except HfHubHTTPError as error:
            code = getattr(error.response, "status_code", 0)
            if code in (401, 403):
                raise UserError(
                    f"The server does not let you see “{name}”.", "Check the access token on the Storage page."
                ) from error
            if code == 404:
                raise NotFound(
                    f"“{name}” was not found on its server.", "It may have been moved or withdrawn."
                ) from error
            if code not in _BUSY or last:
                raise UserError(f"The server could not answer (code {code}).", "Try again later.") from error
            after = str(error.response.headers.get("Retry-After") or "")
            wait = min(60.0, float(after)) if after.isdigit() else pause
        except (OSError, ConnectionError) as error:
            if last:
                raise _no_network(name) from error
        except Exception as error:
            # The library's HTTP client has errors of its own, all of them about the connection.
            if type(error).__module__.split(".")[0] not in ("httpx", "httpx2", "httpcore", "httpcore2"):
                raise
            if last:
                raise _no_network(name) from error
        ends = time.monotonic() + wait
        while (left := ends - time.monotonic()) > 0:
            control.check()
            time.sleep(min(0.05, left))
        pause *= 2
    raise AssertionError("unreachable")


def _no_network(name: str) -> UserError:
    return UserError(f"The hub could not be asked about “{name}”.", "Check the internet connection and try again.")
