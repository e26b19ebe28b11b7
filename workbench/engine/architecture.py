"""How a network is built, as a tree a person can read: layers, shapes, weights, and what each way of training changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.blueprint import blueprint
from workbench.runtimes.network import Network, stage_parameters

if TYPE_CHECKING:
    from torch import nn

_DEEPEST = 4
# What the field's layers do, in plain words.
_WORDS = {
    "Conv2d": "looks for small patterns in the picture",
    "Conv1d": "looks for small patterns in the row",
    "Linear": "weighs everything against everything",
    "BatchNorm2d": "keeps numbers in a good range",
    "FrozenBatchNorm2d": "keeps numbers in a good range",
    "LayerNorm": "keeps numbers in a good range",
    "Embedding": "turns words into numbers",
    "MaxPool2d": "makes the picture coarser",
    "AdaptiveAvgPool2d": "sums up the picture",
    "Dropout": "forgets at random while training",
    "MultiheadAttention": "lets parts look at each other",
}


@dataclass(frozen=True)
class Layer:
    """One part of a network.

    Attributes:
        name: its name in the network; "6 x" stands before parts that are alike.
        kind: the layer's class ("Conv2d").
        words: what it does, or "".
        parameters: weights in it, all its parts included.
        shape: of what it gives for one item, without the batch; () when not known.
        trained_by: ways of training that change it: "Quick", "Balanced", "Thorough".
        is_head: the last layer, which tells the classes.
    """

    name: str
    kind: str
    words: str = ""
    parameters: int = 0
    shape: tuple[int, ...] = ()
    trained_by: tuple[str, ...] = ()
    is_head: bool = False
    parts: tuple[Layer, ...] = field(default=())

    def lines(self, depth: int = 0) -> Iterator[str]:
        """For a terminal."""
        shape = f"  gives {' x '.join(map(str, self.shape))}" if self.shape else ""
        trained = f"  [{', '.join(self.trained_by)}]" if self.trained_by else ""
        head = "  <- head" if self.is_head else ""
        yield f"{'  ' * depth}{self.name} ({self.kind}): {self.parameters:,}{shape}{trained}{head}"
        for part in self.parts:
            yield from part.lines(depth + 1)


def architecture(card: ModelCard, model: Loaded | None = None) -> Layer:
    """The tree of a model: of the loaded one with shapes where one item can be passed through, else of its blueprint.

    Raises:
        UserError: when it is not made of torch layers and is not loaded.
    """
    network = model.network if model is not None and model.network is not None else blueprint(card)
    head = _head(network, card, model)
    stages = _trained(network, head, bool(card.trainable_for))
    shapes = _shapes(network, card)
    return _layer(card.name, network, "", head, stages, shapes, 0)


def _head(network: nn.Module, card: ModelCard, model: Loaded | None) -> Any:
    """The last linear layer with as many outputs as there are classes."""
    from torch import nn

    if isinstance(model, Network):
        return model.head
    if not card.trainable_for or card.arch == "AutoModel":
        return None
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    return linear[-1] if linear else None


def _trained(network: nn.Module, head: Any, teachable: bool) -> dict[int, tuple[str, ...]]:
    """By id of a weight: the ways of training that change it (see engine.finetune: Balanced takes the last third)."""
    if not teachable:
        return {}
    heads = {id(p) for p in head.parameters()} if head is not None else set()
    body = getattr(network, "backbone", network)
    stages = [[p for p in stage if id(p) not in heads] for stage in reversed(stage_parameters(body))]
    stages = [s for s in stages if s]
    balanced = {id(p) for stage in stages[: max(1, len(stages) // 3)] for p in stage}
    found: dict[int, tuple[str, ...]] = {}
    for parameter in network.parameters():
        key = id(parameter)
        if key in heads:
            found[key] = ("Quick", "Balanced", "Thorough")
        else:
            found[key] = ("Balanced", "Thorough") if key in balanced else ("Thorough",)
    return found


def _shapes(network: nn.Module, card: ModelCard) -> dict[int, tuple[int, ...]]:
    """By id of a part: the shape it gives for one item; empty when no item can be made up for it."""
    import torch

    side = card.preparation.size or 224
    device = next(network.parameters()).device
    task = card.main_task
    if task == "image-classification" and card.runtime in ("timm", "torchvision", "transformers_vision"):
        given: dict[str, Any] | torch.Tensor = torch.zeros(1, 3, side, side, device=device)
    elif card.runtime in ("transformers", "transformers_text"):
        words = torch.ones(1, 16, dtype=torch.int64, device=device)
        given = {"input_ids": words, "attention_mask": words}
    else:
        return {}
    seen: dict[int, tuple[int, ...]] = {}

    def note(part: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor):
            seen[id(part)] = tuple(output.shape[1:])

    hooks = [part.register_forward_hook(note) for part in network.modules()]
    try:
        with torch.no_grad():
            whole: Any = (
                network.backbone if hasattr(network, "backbone") and card.runtime != "transformers_vision" else network
            )
            whole.eval()
            if isinstance(given, dict):
                whole(**given)
            elif card.runtime == "transformers_vision":
                whole(pixel_values=given)
            else:
                whole(given)
    except (RuntimeError, NotImplementedError, ValueError, TypeError, AttributeError):
        return seen  # shapes are a help: what could be seen is shown
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _layer(
    name: str,
    part: nn.Module,
    path: str,
    head: Any,
    trained: dict[int, tuple[str, ...]],
    shapes: dict[int, tuple[int, ...]],
    depth: int,
) -> Layer:
    parameters = list(part.parameters())
    ways: set[str] = set()
    for parameter in parameters:
        ways |= set(trained.get(id(parameter), ()))
    children = list(part.named_children()) if depth < _DEEPEST else []
    parts = [_layer(n, c, f"{path}.{n}", head, trained, shapes, depth + 1) for n, c in children]
    kind = type(part).__name__
    return Layer(
        name,
        kind,
        _WORDS.get(kind, ""),
        sum(p.numel() for p in parameters),
        shapes.get(id(part), ()),
        tuple(w for w in ("Quick", "Balanced", "Thorough") if w in ways),
        part is head,
        tuple(_together(parts)),
    )


def _together(parts: Sequence[Layer]) -> list[Layer]:
    """Neighbours that are alike become one line: "6 x layer"."""
    from dataclasses import replace

    found: list[tuple[Layer, int]] = []
    for part in parts:
        last = found[-1] if found else None
        if last is not None and _alike(last[0], part):
            found[-1] = (last[0], last[1] + 1)
        else:
            found.append((part, 1))
    return [
        layer if count == 1 else replace(layer, name=f"{count} x {layer.name} …", parameters=layer.parameters * count)
        for layer, count in found
    ]


def _alike(one: Layer, other: Layer) -> bool:
    return (
        (one.kind, one.parameters, one.shape, one.trained_by, one.is_head)
        == (other.kind, other.parameters, other.shape, other.trained_by, other.is_head)
        and len(one.parts) == len(other.parts)
        and one.kind not in ("ReLU", "Dropout", "Identity")
        and all(_alike(a, b) for a, b in zip(one.parts, other.parts, strict=True))
    )


def require_built(card: ModelCard) -> None:
    """Raises: UserError when an architecture cannot be shown for this card."""
    if card.is_remote:
        raise UserError(f"How “{card.name}” is built is known to its provider only.", "")
