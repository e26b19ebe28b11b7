"""A look at this installation: versions, devices, room, and whether the starters really work."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from workbench.app_paths import app_paths, resources
from workbench.errors import UserError

_PACKAGES = (
    "torch",
    "torchvision",
    "transformers",
    "timm",
    "PySide6-Essentials",
    "pyqtgraph",
    "onnxruntime",
    "sounddevice",
)


@dataclass(frozen=True)
class Check:
    """One thing tried out."""

    name: str
    passed: bool
    detail: str


@dataclass
class Examination:
    """Bytes for memory and disk."""

    versions: dict[str, str] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    memory_total: int = 0
    memory_free: int = 0
    disk_free: int = 0
    folders: dict[str, str] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        return all(check.passed for check in self.checks)


def examine() -> Examination:
    """Look at everything. Takes some seconds: the starters are loaded and used."""
    import psutil

    from workbench import __version__
    from workbench.runtimes.devices import describe_devices

    paths = app_paths().ensure()
    memory = psutil.virtual_memory()
    found = Examination(memory_total=int(memory.total), memory_free=int(memory.available))
    found.versions = {
        "Model Workbench": __version__,
        "Python": platform.python_version(),
        "system": platform.platform(),
    }
    for name in _PACKAGES:
        try:
            found.versions[name] = version(name)
        except PackageNotFoundError:
            found.versions[name] = "missing"
    found.devices = [f"{d.id}: {d.name}, {d.memory / 1e9:.1f} GB" for d in describe_devices()]
    found.disk_free = shutil.disk_usage(paths.cache).free
    found.folders = {k: str(getattr(paths, k)) for k in ("settings", "cache", "projects", "models", "logs")}
    found.checks = [
        _try("picture starter", _picture),
        _try("text starter", _text),
        _try("enlarging starter", _enlarged),
        _try("quicker engines", _speed),
        _try("folders can be written", _write),
    ]
    return found


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except UserError as error:
        return Check(name, False, str(error))
    except Exception as error:
        import logging

        logging.getLogger(__name__).exception("self-check %s failed", name)
        return Check(name, False, f"{type(error).__name__}: {error}")


def _picture() -> str:
    from workbench.data.types import Sample

    photo = resources() / "samples" / "try" / "china.jpg"
    answer = _ask("image-classification", Sample("picture", photo.name, path=photo), ())
    if "palace" not in answer:
        raise UserError(f"The sample photo of a palace is called “{answer}”.", "Install the app again.")
    return f"{photo.name} is a {answer}"


def _text() -> str:
    from workbench.data.types import Sample

    return _ask("text-classification", Sample("text", text="Where can I park my car?"), ("question", "praise"))


def _enlarged() -> str:
    from workbench.data.media import encode_png, open_picture
    from workbench.data.types import Sample

    small = open_picture(resources() / "samples" / "try" / "china.jpg").resize((32, 24))
    return _ask("super-resolution", Sample("picture", "a small picture", data=encode_png(small)), ())


def _speed() -> str:
    from workbench.engine.speed import settings
    from workbench.engine.speed.remembered import all_choices
    from workbench.engine.speed.words import title

    version("onnxruntime")
    if not settings.load().on:
        return "switched off (workbench models speed --use on)"
    found = [f"{c.cards[0]}: {title(c.one)}" for c in all_choices().values() if c.cards]
    return "; ".join(found) or "none measured yet (workbench models speed MODEL)"


def _ask(task_id: str, sample: object, labels: tuple[str, ...]) -> str:
    from workbench.catalog.catalog import Catalog
    from workbench.data.types import Sample
    from workbench.engine.predict import predict
    from workbench.tasks.base import TryOptions
    from workbench.tasks.registry import get_task

    assert isinstance(sample, Sample)
    card, _ = Catalog.load().suggest(task_id)
    result = next(predict([sample], card, get_task(task_id), TryOptions(labels)))
    if result.prediction is None:
        raise UserError(str(result.problem), "")
    return result.prediction.summary()


def _write() -> str:
    paths = app_paths()
    for folder in (paths.settings, paths.cache, paths.projects, paths.models, paths.logs):
        probe = folder / ".probe"
        try:
            probe.write_text("", encoding="utf-8")
            probe.unlink()
        except OSError as error:
            raise UserError(f"{folder} cannot be written.", "Check its permissions.") from error
    return f"as {sys.executable}"
