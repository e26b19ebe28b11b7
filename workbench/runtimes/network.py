"""The one shape all classifiers take here: a backbone that gives pooled features, and a linear head on them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.fast_body import Core, Output, computed, engines, fast_body, put_fast_body

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch
    from workbench.runtimes.familiar import Familiar
    from workbench.runtimes.frozen import FrozenPart

FEATURES = "features"
# A backbone is cut into at least this many stages where its layers allow it.
_STAGES = 6


class Network(Loaded):
    """A `Loaded` (see `workbench.runtimes.base`) made of a backbone and a linear head: what can be taught.

    Args:
        backbone: the network without its last linear layer.
        pooled: backbone and batch in, float [B, F] out.
        head: the last linear layer; None when the model has none.
        feature_width: F.
        tokenizer: of a text model.
        learning_rate: a good peak learning rate for this kind of backbone when it is trained further (AdamW).
    """

    # Whether inputs and logits are all there is to it, so that it can stand alone as ONNX.
    stands_alone = True
    # Whether a fast body stands in for all that is between a batch and its features (not for a part of it).
    fast_as_a_whole = True
    little_beside = True

    def __init__(
        self,
        card: ModelCard,
        labels: Iterable[str],
        backbone: nn.Module,
        pooled: Callable[[nn.Module, Batch], torch.Tensor],
        head: nn.Linear | None,
        feature_width: int,
        tokenizer: Any = None,
        learning_rate: float = 1e-4,
    ) -> None:
        from torch import nn

        whole = nn.Module()
        whole.add_module("backbone", backbone)
        if head is not None:
            whole.add_module("head", head)
        super().__init__(card, whole, tuple(labels) if head is not None else ())
        self._module: nn.Module = whole
        self._pooled = pooled
        self._width = feature_width
        self._tokenizer = tokenizer
        self._hash = ""
        self.learning_rate = learning_rate
        # What it learnt from, where it was taught here.
        self.familiar: Familiar | None = None
        # Told of the features of every batch, while somebody wants to know them.
        self.seen: Callable[[torch.Tensor], object] | None = None

    @property
    def module(self) -> nn.Module:
        self._awake()
        return self._module

    @property
    def backbone(self) -> nn.Module:
        return self._awake()

    @property
    def body(self) -> nn.Module:
        """The backbone as it is: its weights may be out of memory while something quicker computes in its place."""
        body: nn.Module = self._module.backbone  # type: ignore[assignment]
        return body

    def _awake(self) -> nn.Module:
        """The backbone with its weights in memory."""
        fast = fast_body(self.body)
        if fast is not None:
            fast.wake(self.body)
        return self.body

    def evaluating(self) -> None:
        """No layer drops anything or learns statistics."""
        self._module.eval()

    @property
    def head(self) -> nn.Linear | None:
        return getattr(self._module, "head", None)

    @property
    def tokenizer(self) -> Any:
        return self._tokenizer

    @property
    def feature_width(self) -> int:
        return self._width

    @property
    def weights_hash(self) -> str:
        """sha256 (hex) of the backbone's weights; kept until `weights_changed`."""
        if not self._hash:
            digest = hashlib.sha256()
            for name, tensor in sorted(self.backbone.state_dict().items()):
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
            self._hash = digest.hexdigest()
        return self._hash

    def weights_changed(self) -> None:
        """To be called when the backbone was trained: its hash is no longer what it was."""
        self._hash = ""
        super().weights_changed()

    def features(self, batch: Batch) -> torch.Tensor:
        """Pooled features float [B, F], by the layers or by what was found to give the same more quickly."""
        if self.fast_as_a_whole:
            found = computed(self.body, batch, lambda: {FEATURES: self.in_layers(batch)})[FEATURES]
        else:
            found = self.in_layers(batch)
        if self.seen is not None:
            self.seen(found)
        return found

    def in_layers(self, batch: Batch) -> torch.Tensor:
        """As `features`, by the torch layers."""
        return self._pooled(self.body, batch).float()

    def alone_in_layers(self, batch: Batch) -> torch.Tensor:
        """What a fast body stands in for, by the torch layers: features float [B, F] of a batch as `alone` gives it."""
        self._awake()
        with engines("torch"):
            return self.in_layers(batch)

    @property
    def heart(self) -> nn.Module:
        return self.body

    def core(self) -> Core:
        """The backbone: heads are cheap, so that all networks on one backbone share what is found for it."""
        example = self.example()
        return Core(
            self.body, lambda batch: {FEATURES: self.alone_in_layers(batch)}, {FEATURES: Output()}, example,
            {name: (1,) for name, value in example.items() if value.dim() == 2},
            identity=f"{self.card.runtime}/{self.card.arch}/{self.card.preparation.pooling}",
            many_kinds=len(self.tokenizer) if self.tokenizer is not None else 0,
        )  # fmt: skip

    def example(self) -> Batch:
        """A single item as the backbone takes it (see `alone`), of noise."""
        import torch

        if self.tokenizer is not None:
            found = self.tokenizer(["A text as people write it, with a few words."], return_tensors="pt")
            return {key: found[key] for key in ("input_ids", "attention_mask")}
        side = self.preparation.size
        return {"pixels": torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))}

    def logits(self, batch: Batch) -> torch.Tensor:
        return self.head_logits(self.features(batch))

    def features_and_logits(self, batch: Batch) -> torch.Tensor:
        """float [B, F + C]: both, from one pass."""
        import torch

        features = self.features(batch)
        return torch.cat([features, self.head_logits(features)], 1)

    # What `likeness` is called.
    likeness_name = "cosine similarity of the model's features"

    def likeness(self, given: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        """How much alike the features float [1, F] of one item are to those [N, F] of others: float [N], at most 1."""
        import torch

        normal = torch.nn.functional.normalize
        return (normal(matrix) @ normal(given).T)[:, 0]

    def class_logits(self, batch: Batch) -> torch.Tensor:
        """As `logits`: a network with a head is a `Classifier`."""
        return self.logits(batch)

    def standing_alone(self) -> Network:
        """This network as other programs shall get it: with what prepares its inputs inside, where that can be."""
        return self

    def alone(self, batch: Batch) -> Batch:
        """Of a batch, what the network takes by itself where it `stands_alone`."""
        return batch

    def beside(self, folder: Path) -> dict[str, Any]:
        """For another program that is given the network alone: write what prepares its input into `folder`, and say so.

        Raises:
            OSError: when it cannot be written.
        """
        from dataclasses import asdict

        note: dict[str, Any] = {"preparation": asdict(self.preparation), "tokenizer": None}
        if self.tokenizer is not None:
            self.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
            note["tokenizer"] = "tokenizer.json"
        return note

    def head_logits(self, features: torch.Tensor) -> torch.Tensor:
        if self.head is None:
            raise UserError(
                f"“{self.card.name}” cannot sort into classes as it is.", "Train it first, or choose another model."
            )
        logits: torch.Tensor = self.head(features)
        return logits

    def set_head(
        self, labels: Iterable[str], weight: torch.Tensor | None = None, bias: torch.Tensor | None = None
    ) -> None:
        import torch
        from torch import nn

        self.labels = tuple(labels)
        head = nn.Linear(self._width, len(self.labels))
        with torch.no_grad():
            if weight is None:
                head.weight.zero_()
            else:
                head.weight.copy_(weight)
            if bias is None:
                head.bias.zero_()
            else:
                head.bias.copy_(bias)
        self._module.head = head.to(self.device)

    def with_head(self, labels: Iterable[str], weight: torch.Tensor, bias: torch.Tensor) -> Network:
        """Another network on the same backbone (shared, not copied) with a head of its own."""
        from copy import copy

        from torch import nn

        other = copy(self)
        other.familiar = None
        other.seen = None
        other._module = nn.Module()
        other._module.add_module("backbone", self.backbone)
        fast = fast_body(self.body)
        if fast is not None:
            fast.lend()
        other._module.eval()
        other.set_head(labels, weight, bias)
        return other

    def stages(self) -> list[list[nn.Parameter]]:
        groups = [list(unit) for unit in reversed(stage_parameters(self.backbone))]
        return [list(self.head.parameters()), *groups] if self.head is not None else groups

    def frozen_part(self, learning: Collection[nn.Parameter]) -> FrozenPart:
        """What lies before the first part of the backbone with one of these parameters."""
        from workbench.runtimes.frozen import FrozenPart

        return FrozenPart(self.backbone, self._pooled, learning)

    def layers_only(self) -> None:
        """From now on nothing stands in for the layers: they will change."""
        put_fast_body(self.body, None)

    def backbone_state(self) -> dict[str, torch.Tensor]:
        return dict(self.backbone.state_dict())

    def head_state(self) -> dict[str, torch.Tensor]:
        return dict(self.head.state_dict()) if self.head is not None else {}

    def state(self) -> dict[str, torch.Tensor]:
        state = {f"backbone.{k}": v for k, v in self.backbone_state().items()}
        return state | {f"head.{k}": v for k, v in self.head_state().items()}

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._awake()
        super().load_state(state)


def stage_units(module: nn.Module) -> tuple[list[nn.Module], list[nn.Parameter]]:
    """A network's parts from stem to last, and the parameters that lie beside them on what was opened.

    The heaviest part is opened again and again until there are enough parts.
    """
    units: list[nn.Module] = [module]
    loose: list[nn.Parameter] = []

    from torch.nn import Embedding

    def weight(unit: nn.Module) -> int:
        return sum(p.numel() for p in unit.parameters())

    def work(unit: nn.Module) -> int:
        # Tables of word vectors are heavy but do no work: a text network's stages are its layers.
        return sum(
            p.numel() for part in unit.modules() if not isinstance(part, Embedding) for p in part.parameters(False)
        )

    while len(units) < _STAGES:
        openable = [u for u in units if any(True for c in u.children() if weight(c))]
        if not openable:
            break
        heavy = max(openable, key=work)
        at = units.index(heavy)
        loose += list(heavy.parameters(recurse=False))
        units[at : at + 1] = [c for c in heavy.children() if weight(c)]
    return units, loose


def stage_parameters(module: nn.Module) -> list[list[nn.Parameter]]:
    """Cut a network into stages from stem to last (see `stage_units`): every parameter in exactly one stage.

    Parameters that lie directly on an opened part (a class token, position embeddings) belong to the first stage.
    """
    units, loose = stage_units(module)
    stages = [list(unit.parameters()) for unit in units]
    if not stages:
        return [loose] if loose else []
    seen: set[int] = {id(p) for p in loose}
    stages[0] = [*loose, *stages[0]]
    result = []
    for number, stage in enumerate(stages):
        # A weight shared between two parts belongs to the first.
        kept = [p for p in stage if (number == 0 and id(p) in seen) or id(p) not in seen]
        seen |= {id(p) for p in kept}
        if kept:
            result.append(kept)
    return result


def split_last_linear(model: nn.Module, outputs: int) -> nn.Linear | None:
    """Take the last linear layer with this many outputs out of a network, leaving an identity in its place.

    The network then gives what that layer saw: its pooled features. None (and an untouched network) when there is
    no such layer.
    """
    from torch import nn

    found = [
        name for name, part in model.named_modules() if isinstance(part, nn.Linear) and part.out_features == outputs
    ]
    if not found:
        return None
    parent_name, _, own_name = found[-1].rpartition(".")
    parent = model.get_submodule(parent_name)
    head = parent.get_submodule(own_name)
    assert isinstance(head, nn.Linear)
    if head.bias is None:
        import torch

        with_bias = nn.Linear(head.in_features, head.out_features)
        with torch.no_grad():
            with_bias.weight.copy_(head.weight)
            with_bias.bias.zero_()
        head = with_bias
    setattr(parent, own_name, nn.Identity())
    return head
