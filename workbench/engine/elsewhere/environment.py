"""What must be installed elsewhere: the very versions that are in use here, and the app's own engine."""

from __future__ import annotations

import json
import re
import shutil
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from workbench.app_paths import is_packaged, resources
from workbench.engine.report.provenance import made_with

LOCK, MADE = "requirements.txt", "made_with.json"
# What a training elsewhere has no use for: the window, and making installers.
_NOT_NEEDED = (
    "pyside6", "pyside6-essentials", "pyside6-addons", "shiboken6", "pyqtgraph", "sounddevice", "keyring", "model-workbench",
)  # fmt: skip
# Parts for graphics cards are chosen by torch itself.
_CARDS = ("nvidia-", "cuda-", "triton")
_RESOURCES = ("catalog", "energy", "labels", "stopwords", "fonts", "swaps")
# Where the installed app, whose own modules are compiled for its own Python, has them as source: see packaging/workbench.spec.
SOURCE = "program"
_APP = "model-workbench"


def locked() -> dict[str, str]:
    """Names of packages and their versions here: all that the engine needs, with what these need in turn."""
    from packaging.requirements import InvalidRequirement, Requirement

    waiting, found = [*_wanted()], {}
    while waiting:
        try:
            wanted = Requirement(waiting.pop())
        except InvalidRequirement:
            continue
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if (
            name in found
            or name.startswith(_CARDS)
            or name in _NOT_NEEDED
            or (wanted.marker and not wanted.marker.evaluate({"extra": ""}))
        ):
            continue
        try:
            # Which build of a version fits a machine is for that machine to say.
            found[name] = version(name).partition("+")[0]
            waiting += distribution(name).requires or []
        except PackageNotFoundError:
            continue
    found.pop("", None)
    return dict(sorted(found.items()))


def _wanted() -> list[str]:
    """What the app asks for."""
    file = Path(__file__).resolve().parents[3] / "pyproject.toml"
    if file.is_file():
        import tomllib

        listed: list[str] = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["dependencies"]
        return listed
    try:
        return distribution(_APP).requires or []
    except PackageNotFoundError:
        return ["torch", "torchvision", "transformers", "timm", "peft", "accelerate", "scikit-learn", "platformdirs"]


def write_environment(folder: Path, device: str) -> None:
    """The lock and what it was made with. Raises: OSError."""
    folder.mkdir(parents=True)
    lines = [f"{name}=={number}" for name, number in locked().items()]
    head = "# pip install -r requirements.txt: the versions this training was set up with.\n"
    (folder / LOCK).write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    (folder / MADE).write_text(json.dumps(made_with(device), indent=1, ensure_ascii=False), encoding="utf-8")


def write_program(folder: Path) -> bool:
    """The app's own engine as it runs here. False where it does not lie open.

    Raises: OSError.
    """
    package = resources() / SOURCE / "workbench" if is_packaged() else Path(__file__).resolve().parents[2]
    if not (package / "__main__.py").is_file():
        return False
    skip = shutil.ignore_patterns("__pycache__", "*.pyc", "_resources", "gui")
    shutil.copytree(package, folder / package.name, ignore=skip)
    for name in _RESOURCES:
        if (resources() / name).is_dir():
            shutil.copytree(resources() / name, folder / "resources" / name)
    return True
