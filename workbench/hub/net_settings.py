"""How the app goes to the network, and where downloads lie."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from workbench import settings_file
from workbench.app_paths import AppPaths, app_paths
from workbench.errors import UserError
from workbench.hub.listing import is_settled

_FILE = "network.json"
_MOST_AT_ONCE = 4
HUB = "https://huggingface.co"
# Names of this computer, where an address without encryption is safe.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class NetSettings:
    """
    Attributes:
        offline: nothing goes to the network, whatever is asked for.
        endpoint: address of a mirror of the Hugging Face hub; "" for the hub itself.
        proxy: "http://host:port"; "" follows the system (HTTPS_PROXY and friends).
        weights: folder downloads lie in; "" for the usual one.
        at_once: downloads at the same time, 1 to 4.
        updates: address of the note on updates; "" for the one the app was packaged with.
    """

    offline: bool = False
    endpoint: str = ""
    proxy: str = ""
    weights: str = ""
    at_once: int = 2
    updates: str = ""

    @property
    def hub(self) -> str:
        """Address of the hub in force, without a slash at its end."""
        return (self.endpoint or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def load(paths: AppPaths | None = None) -> NetSettings:
    """The settings; a missing or damaged file reads as the defaults."""
    file = (paths or app_paths()).settings / _FILE
    try:
        changed = os.stat(file).st_mtime_ns  # noqa: PTH116 - asked for every card of a list
    except OSError:
        return NetSettings()
    return _read(str(file), changed) if is_settled(changed) else _read.__wrapped__(str(file), changed)


@lru_cache(maxsize=8)
def _read(name: str, _changed: int) -> NetSettings:
    settings = settings_file.read(Path(name), NetSettings())
    return replace(settings, at_once=min(_MOST_AT_ONCE, max(1, settings.at_once)))


def save(settings: NetSettings, paths: AppPaths | None = None) -> None:
    """Write the settings. Raises: UserError when an address is none, or the file cannot be written."""
    for name, value in (("hub's address", settings.endpoint), ("proxy's address", settings.proxy)):
        if value and not value.startswith(("http://", "https://")):
            raise UserError(f"“{value}” is not an address.", f"The {name} begins with https:// or http://.")
    settings_file.write((paths or app_paths()).settings / _FILE, settings)


def weights_folder(paths: AppPaths | None = None) -> Path:
    """Where downloads lie."""
    paths = paths or app_paths()
    chosen = load(paths).weights
    return Path(chosen) if chosen else paths.cache / "weights"


def require_online(what: str, paths: AppPaths | None = None) -> NetSettings:
    """To be asked before every use of the network. Raises: UserError in offline mode."""
    settings = load(paths)
    if settings.offline:
        raise UserError(
            f"{what} needs the internet, and the app is in offline mode.",
            "Switch offline mode off on the Storage page.",
        )
    return settings
