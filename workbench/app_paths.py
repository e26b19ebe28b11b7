"""The one place that knows where things lie on this computer."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

APP_NAME = "Model Workbench"
HOME_VARIABLE = "WORKBENCH_HOME"


@dataclass(frozen=True)
class AppPaths:
    """Folders of the app. None is made before it is needed: call `ensure`.

    Attributes:
        settings: window geometry, recent projects, preferences.
        cache: downloaded weights, feature caches, thumbnails; may be deleted at any time without loss.
        projects: where new projects are put unless the person chooses another place.
        models: the models the person has made or imported.
        logs: the full log.
        carried: a model's id and where its files lie, when they came along with a training that is run elsewhere.
    """

    settings: Path
    cache: Path
    projects: Path
    models: Path
    logs: Path
    carried: tuple[str, Path] | None = None

    @property
    def conversations(self) -> Path:
        """What was said with models: beside the projects, as it is the person's own."""
        return self.projects.with_name("Conversations")

    @property
    def prediction_logs(self) -> Path:
        """What own models answered, where the person wants it kept: one file per model, never part of an export."""
        return self.models / ".answers"

    def ensure(self) -> AppPaths:
        """Make the folders. Raises: OSError when a folder cannot be made."""
        for folder in (self.settings, self.cache, self.projects, self.models, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        return self


def app_paths() -> AppPaths:
    """The folders in force: under `WORKBENCH_HOME` if that is set, else where this system keeps such things."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        root = Path(home).expanduser().absolute()
        return AppPaths(root / "settings", root / "cache", root / "projects", root / "models", root / "logs")
    import platformdirs

    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
    documents = Path(platformdirs.user_documents_dir()) / APP_NAME
    return AppPaths(
        settings=Path(dirs.user_config_dir),
        cache=Path(dirs.user_cache_dir),
        projects=documents / "Projects",
        models=documents / "Models",
        logs=Path(dirs.user_log_dir),
    )


@cache
def resources() -> Path:
    """The folder of bundled resources: inside the installed package, or beside it in a source tree."""
    package = Path(__file__).resolve().parent
    inside = package / "_resources"
    return inside if inside.is_dir() else package.parent / "resources"


def is_packaged() -> bool:
    """True in the installed app, which brings its own Python."""
    return bool(getattr(sys, "frozen", False))


def this_program() -> list[str]:
    """This app, as a command to which arguments can be added."""
    return [sys.executable] if is_packaged() else [sys.executable, "-m", "workbench"]


def for_this_program() -> dict[str, str]:
    """The environment to start `this_program` with: from a source tree it must find itself from any folder."""
    environment = dict(os.environ)
    if not is_packaged():
        home = str(Path(__file__).resolve().parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join(p for p in (home, environment.get("PYTHONPATH", "")) if p)
    return environment


def leave_library_path() -> None:
    """In the installed app: programs it starts that are not ours (a browser, a file manager) find the system's libraries.

    PyInstaller's starter points the dynamic linker at the app's own folder by a variable. The linker read it when the program
    began; what is started from here on would only be misled.
    """
    if not is_packaged():
        return
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        before = os.environ.pop(f"{name}_ORIG", None)
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before
