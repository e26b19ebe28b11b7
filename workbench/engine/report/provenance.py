"""What is needed to make a model again: versions, the machine in general words, and hashes."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.shapes import to_record
from workbench.data.types import Item
from workbench.runtimes.folder import WEIGHTS_FILE

_LIBRARIES = (
    "torch",
    "torchvision",
    "transformers",
    "timm",
    "peft",
    "scikit-learn",
    "numpy",
    "scipy",
    "statsmodels",
    "onnxruntime",
)
_BLOCK = 1 << 20
# Of a run's metrics: what it was made with, noted at its end.
MADE_WITH = "made_with"


def made_with(device: str = "cpu") -> dict[str, str]:
    """Versions, and the machine without anything that says whose it is.

    Args:
        device: "cpu", "cuda" or "mps".
    """
    import os

    import psutil

    from workbench.runtimes.devices import describe_devices

    found = {"Model Workbench": __version__, "Python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    memory = psutil.virtual_memory().total / 2**30
    system = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    by = "its processor" if device == "cpu" else next((d.name for d in describe_devices() if d.id == device), device)
    found["machine"] = (
        f"{system} on {platform.machine()}, {os.cpu_count() or 1} processor cores, {memory:.0f} GB of memory; calculated by"
        f" {by}"
    )
    return found


def noted(metrics: Mapping[str, Any]) -> dict[str, str]:
    """What a run noted of it; empty for one that was made before this was noted."""
    kept = metrics.get(MADE_WITH)
    return {str(k): str(v) for k, v in kept.items()} if isinstance(kept, dict) else {}


def weights_hash(card: ModelCard, control: Control) -> str:
    """sha256 of a model's weights; "" where there are none of our own. Raises: Cancelled."""
    file = Path(card.source.ref) / WEIGHTS_FILE
    if card.source.kind != "folder" or not file.is_file():
        return ""
    return file_hash(file, control)


def file_hash(file: Path, control: Control) -> str:
    """sha256, as hex digits. Raises: Cancelled."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            control.check()
            digest.update(block)
    return digest.hexdigest()


def items_hash(project: Project, items: list[Item], control: Control) -> str:
    """sha256 of these items' contents and labels, whatever their order and wherever they lie; "" without items.

    One line for each item, in order of its content: its content's sha256, its class's name, its annotations.
    """
    if not items:
        return ""
    names = {c.id: c.name for c in project.classes()}
    lines = []
    for at in range(0, len(items), 500):
        control.check()
        some = items[at : at + 500]
        states = project.annotation_states([i.id for i in some])
        for item in some:
            marks = sorted(
                json.dumps(
                    [to_record(a.shape), names.get(a.class_id or -1, ""), a.text], ensure_ascii=False, sort_keys=True
                )
                for a in states[item.id].annotations
                if not a.is_proposal
            )
            lines.append("\t".join((item.content_hash, names.get(item.class_id or -1, ""), *marks)))
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogatepass")).hexdigest()
