"""Picture classifiers that came as one file of another program: pixels in, one number per class out.

What such a file does not say of itself stands on its card, in `options`:
    layout: "nchw" (channels, rows, columns; the usual one) or "nhwc".
    input, output: names, where there are several.
    probabilities: True when it gives probabilities and not logits.
    batch: how many pictures it takes at once; 0 for any number.
Its `preparation` says size and normalisation, `label_names` the classes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.base import Loaded

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch
    from workbench.runtimes.onnx_session import Session

_SMALLEST = 1e-12


class FileClassifier(Loaded):
    """A `Classifier` around a function from pixels float32 [B, 3, H, W] to numbers [B, C]. It cannot be taught."""

    def __init__(
        self, card: ModelCard, answer: Callable[[torch.Tensor], torch.Tensor], size: int, module: Any = None
    ) -> None:
        super().__init__(card, module, label_names(card), extra_bytes=size)
        self._answer = answer

    def class_logits(self, batch: Batch) -> torch.Tensor:
        """See `workbench.runtimes.base.Classifier`. Raises: UserError when the numbers do not fit the classes."""
        values = self.raw(batch["pixels"])
        if values.shape[1] != len(self.labels):
            raise UserError(
                f"“{self.card.name}” answers with {values.shape[1]} numbers, but has {len(self.labels)} classes.",
                "Open its file again and name the classes anew.",
            )
        return values.clamp(min=_SMALLEST).log() if self.card.options.get("probabilities") else values

    def raw(self, pixels: torch.Tensor) -> torch.Tensor:
        """What the file itself says: float [B, C] on the processor."""
        import torch

        given = pixels.contiguous()
        step = int(self.card.options.get("batch", 0)) or len(given)
        rows = []
        for start in range(0, len(given), step):
            part = given[start : start + step]
            filled = (
                torch.cat([part, part[-1:].expand(step - len(part), *part.shape[1:])]) if len(part) < step else part
            )
            rows.append(self._answer(filled)[: len(part)])
        return torch.cat(rows)


def session_classifier(card: ModelCard, path: Path, session: Session) -> FileClassifier:
    """Around an ONNX or TFLite file. Raises: UserError when it does not look like a picture classifier."""
    import numpy as np
    import torch

    source = str(card.options.get("input") or next(iter(session.inputs), ""))
    target = str(card.options.get("output") or (session.outputs[0] if session.outputs else ""))
    if source not in session.inputs or target not in session.outputs or len(session.inputs) != 1:
        raise UserError(f"“{card.name}” is no picture classifier this app can run.", "Choose another file.")
    kind = dtype_of(getattr(session, "types", {}).get(source, ""))
    place = session.outputs.index(target)

    def answer(pixels: torch.Tensor) -> torch.Tensor:
        values = pixels.permute(0, 2, 3, 1) if card.options.get("layout") == "nhwc" else pixels
        array = np.ascontiguousarray(values.numpy(force=True))
        if np.issubdtype(kind, np.integer):
            array = np.clip(np.round(array), np.iinfo(kind).min, np.iinfo(kind).max)
        try:
            found = session.run({source: array.astype(kind)})[place]
        except UserError:
            raise
        except Exception as error:  # the library's errors share no base class of their own
            raise UserError(
                f"“{card.name}” cannot look at pictures of {pixels.shape[-1]} x {pixels.shape[-2]} points.",
                "Open its file again and give another size.",
            ) from error
        return torch.from_numpy(np.asarray(found, np.float32).reshape(len(array), -1))

    return FileClassifier(card, answer, path.stat().st_size)


def dtype_of(name: str) -> Any:
    """numpy's type for ONNX Runtime's "tensor(float16)"; float32 where nothing is said."""
    import numpy as np

    kinds: dict[str, Any] = {"tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}
    return kinds.get(name, np.float32)
