"""What every export as ONNX ends with: the file held against the original on real samples. And where it is made."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.errors import UserError


@dataclass(frozen=True)
class OnnxCheck:
    """The exported file against the original on real samples.

    Attributes:
        max_difference: largest difference of a logit.
        agreement: share of samples with the same first answer.
    """

    path: Path
    samples: int
    max_difference: float
    agreement: float
    passed: bool

    def sentence(self) -> str:
        if self.samples == 0:
            return "Exported, but there were no samples to check it on."
        if self.passed:
            return f"Checked on {self.samples} of your own samples: the exported model gives the same answers as the original."
        return (
            f"On {self.samples} samples the exported model agrees with the original only {self.agreement:.0%} of the time;"
            " do not rely on it."
        )


def file_name(card: ModelCard) -> str:
    """The card's id as a plain file name: a card from elsewhere may say "../../x"."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", card.id).strip("-")[:80] or "model"


def work_folder(target: Path) -> Path:
    try:
        target.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".exporting-", dir=target))
    except OSError as error:
        raise UserError(f"The folder “{target.name}” cannot be written.", "Choose another place.") from error
