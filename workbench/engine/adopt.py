"""A file or folder of the person's becomes one of their models."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import write_card
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub.http import check_room
from workbench.hub.store import ModelFiles
from workbench.runtimes.recognise import Recognised, recognise

__all__ = ["Answers", "adopt", "connect", "recognise"]


@dataclass(frozen=True)
class Answers:
    """What was asked: the model's name, the classes in order, a picture's side, and whether the person trusts it."""

    name: str
    labels: Sequence[str] = ()
    size: int = 0
    trusted: bool = False


def adopt(
    found: Recognised, answers: Answers, control: Control | None = None, paths: AppPaths | None = None
) -> ModelCard:
    """Copy it among the person's models, atomically, and try to open it there.

    Raises:
        UserError: when an answer is missing or does not fit, there is no room, or it cannot be opened after all.
        Cancelled: when asked to stop; nothing stays.
    """
    control = control or Control()
    paths = paths or app_paths()
    card = _card(found, answers)
    size = sum(f.stat().st_size for f in found.files.values())
    folder = _free(paths.models, card.id)
    try:
        paths.models.mkdir(parents=True, exist_ok=True)
        check_room(paths.models, size, card.name)
        work = Path(tempfile.mkdtemp(prefix=".adopting-", dir=paths.models))
    except OSError as error:
        raise UserError("The folder of your models cannot be written.", "Check the disk.") from error
    try:
        done = 0
        for name, file in found.files.items():
            with file.open("rb") as source, (work / name).open("wb") as target:
                while chunk := source.read(1 << 22):
                    control.check()
                    target.write(chunk)
                    done += len(chunk)
                    control.progress(done, size, f"Copying {name}")
        card = replace(card, id=folder.name, source=replace(card.source, ref=str(work), size=size))
        from workbench.runtimes.registry import open_model

        control.progress(0, 0, "Trying it")
        model = open_model(card, ModelFiles(work / card.source.path if card.source.path else work))
        if model.labels and not card.label_names and not card.labels:
            card = replace(card, label_names=model.labels)
        if not card.parameters and model.network is not None:
            card = replace(card, parameters=sum(p.numel() for p in model.network.parameters()))
        card = replace(card, source=replace(card.source, ref=str(folder)))
        write_card(card, work)
        work.rename(folder)
    except OSError as error:
        raise UserError("The model could not be copied.", "Check the room on the disk and try again.") from error
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)
    return card


def _card(found: Recognised, answers: Answers) -> ModelCard:
    labels = found.label_names
    preparation = found.preparation
    for missing in found.missing:
        if missing.kind == "consent" and not answers.trusted:
            raise UserError("Without your agreement the file is not opened.", "Agree, or choose another file.")
        if missing.kind == "labels":
            labels = tuple(name.strip() for name in answers.labels if name.strip())
            if not labels or (missing.count and len(labels) != missing.count):
                wanted = f"{missing.count} names" if missing.count else "the names of the classes"
                raise UserError(
                    f"The model needs {wanted}; {len(labels)} were given.", "Type one name per line, in order."
                )
            if len(set(labels)) != len(labels):
                raise UserError("Two classes have the same name.", "Give each its own.")
        if missing.kind == "size":
            if not 16 <= (answers.size or missing.default) <= 4096:
                raise UserError(
                    "A picture's side has 16 to 4,096 points.", "Ask where the model comes from; 224 is usual."
                )
            preparation = replace(preparation, size=answers.size or missing.default)
    name = answers.name.strip()
    if not name:
        raise UserError("The model needs a name.", "Type one.")
    return ModelCard(
        id=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "model",
        name=name,
        tasks=found.tasks,
        runtime=found.runtime,
        arch=found.arch,
        source=Source("import", "", path=found.path),
        family=found.family,
        trainable_for=found.trainable_for,
        options=dict(found.options),
        parameters=found.parameters,
        label_names=labels,
        labels=found.labels,
        preparation=preparation,
        licence="not stated",
        summary=f"You opened this: {found.title}.",
        trained_on="Known to whoever gave you the file.",
        limits="Nobody has checked it for this app.",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def connect(
    name: str, address: str, model: str, template: ModelCard | None = None, paths: AppPaths | None = None
) -> ModelCard:
    """A hosted model as one of the person's. Nothing is sent yet.

    Raises:
        UserError: when the address is not safe, or a part is missing.
    """
    paths = paths or app_paths()
    name, address, model = name.strip(), address.strip().rstrip("/"), model.strip()
    if not name or not model:
        raise UserError("The name and the model's name on the server are needed.", "Type both.")
    card = ModelCard(
        id="",
        name=name,
        tasks=template.tasks if template is not None else ("chat", "text-generation"),
        runtime="endpoint",
        arch="chat",
        source=Source("endpoint", address, path=model),
        family="Hosted",
        options=dict(template.options) if template is not None else {},
        licence="the provider's terms",
        languages=("multilingual",),
        summary=f"The model {model} on the server {address}.",
        trained_on="Known to the provider only.",
        limits="What you enter leaves this computer, and may cost money. It invents facts that sound true.",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    from workbench.runtimes.registry import open_model

    open_model(card, ModelFiles(Path()))
    folder = _free(paths.models, re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "hosted")
    folder.mkdir(parents=True)
    card = replace(card, id=folder.name)
    write_card(card, folder)
    return card


def _free(models: Path, wanted: str) -> Path:
    folder, number = models / wanted, 1
    while folder.exists():
        number += 1
        folder = models / f"{wanted}-{number}"
    return folder
