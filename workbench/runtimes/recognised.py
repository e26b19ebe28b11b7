"""What was made out about a file or folder of a person's, and what must still be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workbench.app_paths import resources
from workbench.catalog.card import Preparation
from workbench.errors import UserError

MOST_BYTES = 20_000_000_000
MOST_JSON = 5_000_000
MissingKind = Literal["labels", "size", "consent", "choice"]


@dataclass(frozen=True)
class Missing:
    """One question to the person.

    Attributes:
        kind: "labels" (names of `count` classes in order; 0: their number is not known), "size" (points of a picture's
            side, `default`), "consent" (something to agree to), "choice" (one of `choices`; the first when nothing is
            answered).
        key: what a choice is about: "arch", "task" or "numbers" (how pixels are told to the network).
        choices: (id, words).
    """

    kind: MissingKind
    question: str
    count: int = 0
    default: int = 0
    key: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Recognised:
    """
    Attributes:
        title: what it is, in words ("ResNet-50 with 7 classes").
        runtime, arch, options, tasks, trainable_for, label_names, labels, preparation, family, licence: of the card to
            be made.
        files: what is to be kept, by name.
        path: the file among them that the runtime opens; "" for the folder.
        missing: what must be asked.
        is_ours: one of this app's own exports.
        plain_weights: the one file holds weights under wrappings or with prefixes; it is kept as clean safetensors.
        prefix: what is to be taken off every tensor's name for that.
    """

    title: str
    runtime: str
    arch: str
    tasks: tuple[str, ...]
    files: Mapping[str, Path]
    path: str = ""
    trainable_for: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    label_names: tuple[str, ...] = ()
    labels: str = ""
    preparation: Preparation = field(default_factory=Preparation)
    family: str = ""
    parameters: int = 0
    missing: tuple[Missing, ...] = ()
    is_ours: bool = False
    licence: str = ""
    plain_weights: bool = False
    prefix: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Kinds of what must be asked: ("consent", "labels", "size")."""
        return tuple(m.kind for m in self.missing)

    @property
    def sentence(self) -> str:
        """ "This is ResNet-50 with 7 classes (23.5 million weights)." """
        weights = f" ({self.parameters / 1e6:,.1f} million weights)" if self.parameters else ""
        return f"This is {self.title}{weights}."


def labels_question(count: int) -> Missing:
    words = (
        f"What are the {count} classes called, in their order?"
        if count > 0
        else "What are the classes called, in their order?"
    )
    return Missing("labels", words, max(0, count))


def size_question(default: int = 224) -> Missing:
    return Missing("size", "How many points wide and high are the pictures it wants?", default=default)


# How a classifier of another program may want its pixels: (mean, std) for values in 0..1.
NUMBERS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "minus-one-to-one": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "zero-to-one": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "zero-to-255": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}


def numbers_question() -> Missing:
    """Asked where a file does not say how it was trained; a wrong answer gives poor predictions, not an error."""
    choices = (
        ("imagenet", "as PyTorch's picture networks (ImageNet mean and deviation)"),
        ("minus-one-to-one", "from -1 to 1 (usual for TensorFlow)"),
        ("zero-to-one", "from 0 to 1"),
        ("zero-to-255", "from 0 to 255"),
    )
    return Missing(
        "choice",
        "How does it want brightness told? Its maker knows; the first is usual.",
        key="numbers",
        choices=choices,
    )


def usual_labels(classes: int) -> tuple[str, ...]:
    """ImageNet's names for a thousand classes: nearly every network with so many knows these."""
    if classes != 1000:
        return ()
    return tuple((resources() / "labels" / "imagenet-1k.txt").read_text(encoding="utf-8").splitlines())


def labels_beside(file: Path, classes: int) -> tuple[str, ...]:
    """Names from a labels.txt (or NAME.txt, NAME.names) next to a file, when there are as many as classes."""
    for candidate in (file.with_suffix(".names"), file.with_suffix(".txt"), file.with_name("labels.txt")):
        try:
            if not candidate.is_file() or candidate.stat().st_size > MOST_JSON:
                continue
            lines = candidate.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        names = tuple(line.strip() for line in lines if line.strip())
        if classes > 0 and len(names) == classes and len(set(names)) == classes:
            return names
    return ()


def read_json(file: Path) -> dict[str, Any]:
    """A small JSON object. Raises: UserError when it is none."""
    try:
        if file.stat().st_size > MOST_JSON:
            raise ValueError("too large")
        value = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("no object")
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"“{file.name}” cannot be read.", "Copy the folder again.") from error
    return value
