"""A file or folder of the person's becomes one of their models."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog, write_card
from workbench.catalog.several import with_several
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub.http import check_room
from workbench.hub.store import ModelFiles
from workbench.runtimes.recognise import Recognised, recognise
from workbench.runtimes.recognised import NUMBERS

__all__ = ["Answers", "adopt", "connect", "recognise"]

log = logging.getLogger(__name__)

_WEIGHTS = "model.safetensors"
# Whole-number networks round their probabilities.
_NEAR_ONE = 0.03


@dataclass(frozen=True)
class Answers:
    """What was asked.

    Attributes:
        name: of the model.
        labels: names of the classes, in order.
        size: points of a picture's side; 0 for the default.
        trusted: the person trusts where it comes from.
        choices: id chosen by the `key` of each `Missing` of kind "choice"; what is left out has its first one.
    """

    name: str
    labels: Sequence[str] = ()
    size: int = 0
    trusted: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)


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
    folder = _free(paths, card.id)
    try:
        paths.models.mkdir(parents=True, exist_ok=True)
        check_room(paths.models, size, card.name)
        work = Path(tempfile.mkdtemp(prefix=".adopting-", dir=paths.models))
    except OSError as error:
        raise UserError("The folder of your models cannot be written.", "Check the disk.") from error
    try:
        if found.plain_weights:
            card = _keep_weights(found, card, work)
        else:
            _copy(found.files, work, size, control)
        size = sum(f.stat().st_size for f in work.iterdir())
        card = replace(card, id=folder.name, source=replace(card.source, ref=str(work), size=size))
        control.check()
        control.progress(0, 0, "Trying it")
        card = _tried(card, work)
        card = replace(card, source=replace(card.source, ref=str(folder)))
        write_card(card, work)
        atomic.put(work, folder)
    except OSError as error:
        raise UserError("The model could not be copied.", "Check the room on the disk and try again.") from error
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)
    return card


def _copy(files: Mapping[str, Path], work: Path, size: int, control: Control) -> None:
    done = 0
    for name, file in files.items():
        with file.open("rb") as source, (work / name).open("wb") as target:
            while chunk := source.read(1 << 22):
                control.check()
                target.write(chunk)
                done += len(chunk)
                control.progress(done, size, f"Copying {name}")
            atomic.sync(target)


def _keep_weights(found: Recognised, card: ModelCard, work: Path) -> ModelCard:
    """Pickled or wrapped weights are kept as safetensors: from then on they are data and nothing else."""
    from safetensors.torch import save_file

    from workbench.runtimes.recognise_state import read_plain

    tensors, _ = read_plain(found.files[found.path])
    # Tensors that share memory are written apart.
    save_file({k.removeprefix(found.prefix): v.contiguous().clone() for k, v in tensors.items()}, work / _WEIGHTS)
    return replace(card, source=replace(card.source, path=_WEIGHTS))


def _tried(card: ModelCard, work: Path) -> ModelCard:
    """Open it, and where it sorts pictures let it look at two; what is learnt by that goes on the card.

    Raises:
        UserError: when it does not open, or gives another number of classes than there are names.
    """
    from workbench.runtimes.base import Classifier
    from workbench.runtimes.registry import open_model

    try:
        model = open_model(card, ModelFiles(work / card.source.path if card.source.path else work))
        if card.tasks[:1] == ("image-classification",) and isinstance(model, Classifier):
            card = _looked(card, model)
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, AssertionError, IndexError) as error:
        log.exception("%s does not run", card.name)
        raise UserError(f"“{card.name}” does not run here.", "Choose another file, or export it as ONNX.") from error
    if model.labels and not card.label_names and not card.labels:
        card = replace(card, label_names=model.labels)
    if not card.parameters and model.network is not None:
        card = replace(card, parameters=sum(p.numel() for p in model.network.parameters()))
    return card


def _looked(card: ModelCard, model: Any) -> ModelCard:
    """Numbers that are never negative and add up to one for noise as well are probabilities, not logits."""
    import torch

    from workbench.runtimes.file_classifier import FileClassifier

    side = model.preparation.size
    pixels = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        if not isinstance(model, FileClassifier):
            model.class_logits({"pixels": pixels})
            return card
        values = model.raw(pixels)
    names = len(model.labels)
    if values.shape[1] != names:
        raise UserError(
            f"“{card.name}” tells {values.shape[1]} classes apart, but {names} names were given.",
            "Type one name per line, in order.",
        )
    sums_to_one = bool((values >= 0).all()) and bool(((values.sum(1) - 1).abs() < _NEAR_ONE).all())
    return replace(card, options={**card.options, "probabilities": sums_to_one})


def _card(found: Recognised, answers: Answers) -> ModelCard:
    labels = found.label_names
    found = _chosen(found, answers)
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
    card = ModelCard(
        id=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "model",
        name=name,
        tasks=found.tasks,
        runtime=found.runtime,
        arch=found.arch,
        source=Source("import", "", path=found.path),
        family=found.family,
        trainable_for=found.trainable_for,
        options={**found.options, **({"trusted": True} if answers.trusted and "consent" in found.needs else {})},
        parameters=found.parameters,
        label_names=labels,
        labels=found.labels,
        preparation=preparation,
        licence=found.licence or "not stated",
        summary=f"You opened this: {found.title}.",
        trained_on="Known to whoever gave you the file.",
        limits="Nobody has checked it for this app.",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return with_several(card)


def _chosen(found: Recognised, answers: Answers) -> Recognised:
    """With what was chosen where the file left a choice. Raises: UserError when a choice is not one of those."""
    from workbench.runtimes.recognise_state import preparation_for

    for missing in found.missing:
        if missing.kind != "choice":
            continue
        chosen = answers.choices.get(missing.key) or missing.choices[0][0]
        if chosen not in dict(missing.choices):
            words = ", ".join(choice for choice, _ in missing.choices)
            raise UserError(f"“{chosen}” is none of the answers.", f"Choose one of: {words}.")
        if missing.key == "arch":
            runtime, _, arch = chosen.partition(":")
            found = replace(found, runtime=runtime, arch=arch, preparation=preparation_for(runtime, arch))
        elif missing.key == "task":
            found = replace(found, tasks=(chosen,))
        elif missing.key == "numbers":
            mean, std = NUMBERS[chosen]
            found = replace(found, preparation=replace(found.preparation, mean=mean, std=std))
    return found


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
    folder = _free(paths, re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "hosted")
    folder.mkdir(parents=True)
    card = replace(card, id=folder.name)
    write_card(card, folder)
    return card


def _free(paths: AppPaths, wanted: str) -> Path:
    """A folder whose name is the id of no model yet."""
    taken = {card.id for card in Catalog.load(paths).cards()}
    name, number = wanted, 1
    while name in taken or (paths.models / name).exists():
        number += 1
        name = f"{wanted}-{number}"
    return paths.models / name
