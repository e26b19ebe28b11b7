"""Networks that make pictures larger (ESRGAN and its kin), recognised and built by spandrel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats


class SpandrelEnlarger(Loaded):
    """An `Enlarger`."""

    def __init__(self, card: ModelCard, descriptor: Any) -> None:
        super().__init__(card, descriptor.model)
        self._descriptor = descriptor

    @property
    def scale(self) -> int:
        return int(self._descriptor.scale)

    def enlarge(self, tile: Floats) -> Floats:
        import numpy as np
        import torch

        pixels = torch.from_numpy(np.ascontiguousarray(tile, dtype=np.float32))[None].to(self.device)
        # The descriptor pads to what the network needs and cuts it off again; it wants its own device's word for it.
        with torch.inference_mode():
            large = self._descriptor(pixels)[0].clamp(0, 1).float().cpu().numpy()
        result: Floats = large
        return result


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the file is of no network that makes colour pictures larger."""
    return SpandrelEnlarger(card, describe(read_state(path, card.name), card.name))


def describe(state: dict[str, Any], name: str) -> Any:
    """spandrel's descriptor of a state dict. Raises: UserError when it does not enlarge colour pictures."""
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    try:
        found = ModelLoader(device="cpu").load_from_state_dict(state)
    except (
        UnsupportedModelError,
        RuntimeError,
        LookupError,
        ValueError,
        TypeError,
        AssertionError,
        AttributeError,
    ) as error:
        raise UserError(
            f"The weights of “{name}” are of no network that this app knows.", "Choose another file."
        ) from error
    colour = isinstance(found, ImageModelDescriptor) and found.input_channels == found.output_channels == 3
    if not colour or found.purpose != "SR" or found.scale < 2:
        raise UserError(f"“{name}” does not make colour pictures larger.", "Choose another file.")
    return found.eval()
