"""What every export as ONNX ends with: the file held against the original on real samples. And where it is made."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import nn

_TROUBLE = ("The model could not be exported there.", "Check the room on the disk and your permissions.")


@dataclass(frozen=True)
class OnnxCheck:
    """The exported file against the original on real samples.

    Attributes:
        max_difference: largest difference of a logit.
        agreement: share of samples with the same first answer.
        warns: it also says what is unlike what was learnt; checked to warn of the same samples.
    """

    path: Path
    samples: int
    max_difference: float
    agreement: float
    passed: bool
    warns: bool = False

    def sentence(self) -> str:
        return same_answers(self.samples, self.max_difference, self.agreement, self.passed, self.warns)


def same_answers(samples: int, max_difference: float, agreement: float, passed: bool, warns: bool = False) -> str:
    """What the check of an export found, for people. `warns`: it also said the same of what is unlike its examples."""
    if samples == 0:
        return "There were no samples to check it on."
    if passed:
        many = "1 sample" if samples == 1 else f"{samples} samples"
        same = "the same answers and the same warnings" if warns else "the same answers"
        return f"Gives {same} as here: largest difference {max_difference:.5f} on {many}."
    return (
        f"On {samples} samples the exported model agrees with the original only {agreement:.0%} of the time"
        f" (largest difference {max_difference:.5f}); do not rely on it."
    )


def file_name(card: ModelCard) -> str:
    """The card's id as a plain file name: a card from elsewhere may say "../../x"."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", card.id).strip("-")[:80] or "model"


@contextmanager
def making(target: Path, trouble: tuple[str, str] = _TROUBLE) -> Iterator[Path]:
    """A hidden folder in `target` to make something in, gone afterwards whatever happens.

    Args:
        trouble: what is said, and advised, when something cannot be written.

    Raises:
        UserError: when `target`, or something in it, cannot be written.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".exporting-", dir=target))
    except OSError as error:
        raise UserError(f"The folder “{target.name}” cannot be written.", "Choose another place.") from error
    try:
        yield work
    except OSError as error:
        raise UserError(*trouble) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def free(place: Path) -> None:
    """Nothing is written over. Raises: UserError when something is there."""
    if place.exists():
        what = "folder" if place.is_dir() else "file"
        raise UserError(f"There is already a {what} “{place.name}” there.", "Choose another place.")


def as_its_place(work: Path, target: Path) -> None:
    """Let those read a finished folder who may read the one it is put into; until then it was for nobody else.

    Raises:
        OSError: when that cannot be set.
    """
    mode = target.stat().st_mode & 0o777
    for file in work.rglob("*"):
        file.chmod(mode if file.is_dir() else mode & 0o666)
    work.chmod(mode)


@contextmanager
def making_onnx(card: ModelCard, target: Path) -> Iterator[tuple[Path, Path]]:
    """Where ID.onnx is to be written and where it will lie; at the end it goes there with all that was put beside it.

    Raises:
        UserError: when there is one already, or the place cannot be written.
    """
    path = target / f"{file_name(card)}.onnx"
    free(path)
    with making(target) as work:
        yield work / path.name, path
        for file in sorted(work.iterdir()):
            atomic.put(file, target / file.name)


def write_note(file: Path, card: ModelCard, note: Mapping[str, Any]) -> None:
    """What another program must know of an exported network, as ID.json beside it, and inside it (ONNX' metadata_props), so
    that it says so wherever it goes alone.

    Raises:
        OSError: when it cannot be written.
    """
    import onnx

    from workbench.runtimes.untrusted import parsed_onnx

    file.with_suffix(".json").write_text(json.dumps(note, indent=1, ensure_ascii=False), encoding="utf-8")
    graph = parsed_onnx(file)
    known = {"name": card.name, "licence": card.licence, "made": card.created, "by": "Model Workbench"}
    known |= {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in note.items()}
    onnx.helper.set_model_props(graph, {k: v for k, v in known.items() if v})
    # Weights in files of their own stay where they are.
    onnx.save_model(graph, str(file))


def write_onnx(
    network: nn.Module,
    example: Sequence[torch.Tensor],
    file: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    free: Mapping[str, Mapping[int, str]],
) -> None:
    """Trace a network with examples of its inputs.

    Args:
        free: for each input and output the dimensions that stay free, with their names.

    Raises:
        RuntimeError, OnnxExporterError: when it cannot be exported. OSError: when it cannot be written.
    """
    import torch

    with warnings.catch_warnings(), torch.no_grad():
        # The older exporter is the one that keeps all of these free for every kind of network; it says it is old.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(), tuple(example), str(file), input_names=list(inputs), output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in free.items()}, opset_version=17, dynamo=False,
        )  # fmt: skip
