"""How a network is built, as a tree a person can read: layers, shapes, weights, and what each way of training changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.engine.events import How
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    from torch import nn

_DEEPEST = 5
# A loaded network is only looked through with a made-up item when that takes a moment.
_MOST_WEIGHTS = 300_000_000
_TOKENS = 16
_WAYS = {How.QUICK: "Quick", How.BALANCED: "Balanced", How.THOROUGH: "Thorough"}
# What the field's layers do, in plain words; by the beginning of the class's name.
_WORDS = {
    "Conv2d": "looks for small patterns in the picture",
    "Conv1d": "looks for small patterns in the row",
    "Linear": "weighs everything against everything",
    "BatchNorm": "keeps numbers in a good range",
    "FrozenBatchNorm": "keeps numbers in a good range",
    "LayerNorm": "keeps numbers in a good range",
    "GroupNorm": "keeps numbers in a good range",
    "Embedding": "turns words into numbers",
    "MaxPool": "makes the picture coarser",
    "AvgPool": "makes the picture coarser",
    "AdaptiveAvgPool": "sums up the picture",
    "Dropout": "forgets at random while training",
    "MultiheadAttention": "lets parts look at each other",
    "ReLU": "lets only what is positive pass",
    "GELU": "lets mostly what is positive pass",
    "SiLU": "lets mostly what is positive pass",
    "Hardswish": "lets mostly what is positive pass",
    "LSTM": "reads one step after the other and remembers",
    "Gemm": "weighs everything against everything",
    "MatMul": "weighs everything against everything",
    "FULLY_CONNECTED": "weighs everything against everything",
    "Conv": "looks for small patterns",
    "CONV_2D": "looks for small patterns in the picture",
    "DEPTHWISE_CONV_2D": "looks for small patterns in the picture",
    "Softmax": "turns scores into probabilities",
    "SOFTMAX": "turns scores into probabilities",
}


@dataclass(frozen=True)
class Layer:
    """One part of a network.

    Attributes:
        name: its name in the network; "6 x BertLayer" for parts that are alike.
        kind: the layer's class ("Conv2d").
        words: what it does, or "".
        parameters: weights in it, all its parts included; those used twice counted once.
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
        kind = "" if self.name.endswith(self.kind) else f" ({self.kind})"
        weights = f": {self.parameters:,}" if self.parameters else ""
        shape = f"  gives {' x '.join(map(str, self.shape))}" if self.shape else ""
        trained = f"  [{', '.join(self.trained_by)}]" if self.trained_by else ""
        head = "  <- head" if self.is_head else ""
        yield f"{'  ' * depth}{self.name}{kind}{weights}{shape}{trained}{head}"
        for part in self.parts:
            yield from part.lines(depth + 1)


def architecture(card: ModelCard, model: Loaded | None = None, paths: AppPaths | None = None) -> Layer:
    """The tree of a model. A loaded one is taken as it is; else it is built without its weights, also for cards that
    were not downloaded. ONNX and TFLite files are told by their kinds of operations.

    Raises:
        UserError: when nothing can be told: a model on another computer, or one made of other parts and not here.
    """
    from workbench.runtimes.bare import bare

    network = model.network if model is not None else None
    if network is None or model is None:
        graph = _graph(card, paths)
        if graph is not None:
            return graph
        try:
            model = bare(card)
        except UserError:
            model = _opened(card, paths)
        network = model.network
        if network is None:
            raise UserError(f"“{card.name}” is not made of layers this app can show.", "")
    head = model.head if isinstance(model, Network) else getattr(model, "head_layer", getattr(model, "head", None))
    tree = _Tree(_trained(model), head, _shapes(network, model, card))
    whole = tree.layer(card.name, network, 0)
    if isinstance(model, Network) and model.head is None:
        ways = tuple(_WAYS.values())
        made = Layer("head", "Linear", "is made when you train it: tells your classes", trained_by=ways, is_head=True)
        whole = replace(whole, parts=(*whole.parts, made), trained_by=ways)
    return whole


def _opened(card: ModelCard, paths: AppPaths | None) -> Loaded:
    """The model itself, for those whose parts are told by their files. Raises: UserError when it is not here."""
    from workbench.hub.store import files, is_present
    from workbench.runtimes.registry import open_model

    if card.is_remote:
        raise UserError(f"How “{card.name}” is built is known to its provider only.", "")
    if not is_present(card, paths):
        raise UserError(f"How “{card.name}” is built can be seen once it is on this computer.", "Download it first.")
    return open_model(card, files(card, paths))


def of_module(module: nn.Module, name: str = "network") -> Layer:
    """The tree of any torch network, without shapes and training."""
    return _Tree({}, None, {}).layer(name, module, 0)


def _trained(model: Loaded) -> dict[int, tuple[str, ...]]:
    """By id of a weight: the ways of training that change it, asked of the training itself."""
    from workbench.engine.finetune import trained_stages

    if not hasattr(model, "stages") or not model.card.trainable_for:
        return {}
    # A network without a head gets one before it is trained.
    stages = [[], *model.stages()] if isinstance(model, Network) and model.head is None else model.stages()
    found: dict[int, tuple[str, ...]] = {}
    for how, name in _WAYS.items():
        for stage in trained_stages(stages, how):
            for parameter in stage:
                found[id(parameter)] = (*found.get(id(parameter), ()), name)
    return found


def _shapes(network: nn.Module, model: Loaded, card: ModelCard) -> dict[int, tuple[int, ...]]:
    """By id of a part: the shape it gives for one made-up item; what could not be seen is missing."""
    import torch

    on_meta = next(network.parameters()).device.type == "meta"
    if not on_meta and sum(p.numel() for p in network.parameters()) > _MOST_WEIGHTS:
        return {}
    seen: dict[int, tuple[int, ...]] = {}

    def note(part: nn.Module, _inputs: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            output = getattr(output, "last_hidden_state", None)
        if isinstance(output, torch.Tensor):
            seen[id(part)] = tuple(output.shape[1:])

    hooks = [part.register_forward_hook(note) for part in network.modules()]
    try:
        with torch.no_grad():
            look_once(network.eval(), model, card)
    except (
        RuntimeError,
        NotImplementedError,
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
        IndexError,
        KeyError,
    ):
        pass  # shapes are a help: what could be seen is shown
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def look_once(network: Any, model: Loaded, card: ModelCard, tokens: int = _TOKENS) -> bool:
    """One made-up item through the network: a picture of the card's size, a text of so many tokens.

    Returns:
        False when no item can be made up for it.

    Raises:
        Anything a network may raise that wants something else.
    """
    import torch

    from workbench.tasks.registry import get_task

    device = next(network.parameters()).device
    media = get_task(card.main_task).info.media
    if media == "picture":
        side = card.preparation.size or 224
        given = {"pixels": torch.zeros(1, 3, side, side, device=device)}
    elif media == "text":
        words = torch.ones(1, tokens, dtype=torch.int64, device=device)
        given = {"input_ids": words, "attention_mask": words}
    else:
        return False
    if isinstance(model, Network):
        features = model.features(given)
        if model.head is not None:
            model.head(features)
    elif media == "picture":
        network(given["pixels"])
    elif getattr(getattr(network, "config", None), "is_encoder_decoder", False):
        network(input_ids=given["input_ids"], decoder_input_ids=given["input_ids"])
    else:
        network(input_ids=given["input_ids"])
    return True


@dataclass(frozen=True)
class _Tree:
    trained: dict[int, tuple[str, ...]]
    head: Any
    shapes: dict[int, tuple[int, ...]]

    def layer(self, name: str, part: nn.Module, depth: int) -> Layer:
        parameters = list(part.parameters())
        ways = {way for p in parameters for way in self.trained.get(id(p), ())}
        children = list(part.named_children()) if depth < _DEEPEST else []
        parts = [self.layer(n, c, depth + 1) for n, c in children]
        kind = type(part).__name__
        return Layer(
            name, kind, _words(kind), sum(p.numel() for p in parameters), self.shapes.get(id(part), ()),
            tuple(w for w in _WAYS.values() if w in ways), self.head is not None and part is self.head, tuple(_together(parts)),
        )  # fmt: skip


def _words(kind: str) -> str:
    return _WORDS.get(kind) or next((words for start, words in _WORDS.items() if kind.startswith(start)), "")


def _together(parts: Sequence[Layer]) -> list[Layer]:
    """Neighbours that are alike become one line: "6 x BertLayer"."""
    found: list[tuple[Layer, int]] = []
    for part in parts:
        last = found[-1] if found else None
        if last is not None and _alike(last[0], part):
            found[-1] = (last[0], last[1] + 1)
        else:
            found.append((part, 1))
    return [
        layer if count == 1 else replace(layer, name=f"{count} x {layer.kind}", parameters=layer.parameters * count)
        for layer, count in found
    ]


def _alike(one: Layer, other: Layer) -> bool:
    """The same in everything but the name."""
    return (
        replace(one, name="", parts=()) == replace(other, name="", parts=())
        and len(one.parts) == len(other.parts)
        and all(a.name == b.name and _alike(a, b) for a, b in zip(one.parts, other.parts, strict=True))
    )


# Networks that are files of other programs ----------------------------------------------------------------------------------


def _graph(card: ModelCard, paths: AppPaths | None) -> Layer | None:
    """Kinds of operations in an ONNX or TFLite file that is on this computer; None when there is no such file."""
    from workbench.hub.store import files, is_present

    if card.is_remote or not is_present(card, paths):
        return None
    path = files(card, paths).path
    if path.suffix == ".onnx":
        from workbench.runtimes.untrusted import onnx_operations

        operations = onnx_operations(path)
    elif path.suffix == ".tflite":
        operations = _tflite_operations(path)
    else:
        return None
    parts = tuple(Layer(f"{count} x {kind}", kind, _words(kind)) for kind, count in operations)
    return Layer(
        card.name, path.suffix[1:].upper(), "a network as a file of another program", card.parameters, parts=parts
    )


def _tflite_operations(path: Path) -> list[tuple[str, int]]:
    """(kind of operation, how many), in order of first use. Raises: UserError when the file is damaged."""
    import struct

    from ai_edge_litert import schema_py_generated as schema

    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    counts: dict[str, int] = {}
    try:
        model = schema.Model.GetRootAsModel(path.read_bytes(), 0)
        graph = model.Subgraphs(0)
        for place in range(graph.OperatorsLength()):
            code = model.OperatorCodes(graph.Operators(place).OpcodeIndex())
            # Newer files keep large numbers in a second field.
            name = names.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "?")
            counts[name] = counts.get(name, 0) + 1
    except (struct.error, AttributeError, IndexError, TypeError, OSError) as error:
        raise UserError(f"“{path.name}” is damaged.", "Open its file again.") from error
    return list(counts.items())
