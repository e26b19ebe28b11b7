"""Networks that say whether a statement follows from a text (natural language inference: Williams et al. 2018, MNLI)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.fast_body import Core, Output, computed

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch
    from workbench.runtimes.fast_body import Outputs

_LONGEST_WINDOW = 512
# Windows over a long text share this part of their length.
_SHARED = 0.25
_BATCH = 8


class TextEntailer(Loaded):
    """An `Entailer`. Which of its outputs mean "follows" and "contradicts" is read from their names.

    Raises:
        UserError: when none of its outputs is called that.
    """

    def __init__(self, card: ModelCard, module: Any, tokenizer: Any, labels: Sequence[str]) -> None:
        super().__init__(card, module, labels)
        self._tokens = tokenizer
        names = [name.lower().replace("_", " ").replace("-", " ") for name in labels]
        follows = [n for n, name in enumerate(names) if name.startswith("entail")]
        if len(follows) != 1:
            raise UserError(f"“{card.name}” does not say what follows from a text.", "Choose another model.")
        against = [n for n, name in enumerate(names) if name.startswith(("contra", "not entail"))]
        self._places = (against[0] if against else next(n for n in range(len(names)) if n not in follows), follows[0])

    @property
    def tokenizer(self) -> Any:
        return self._tokens

    @property
    def reads_at_once(self) -> int:
        own = int(getattr(self._tokens, "model_max_length", _LONGEST_WINDOW))
        config: Any = self._module.config  # type: ignore[union-attr]
        positions = int(getattr(config, "max_position_embeddings", 0) or _LONGEST_WINDOW)
        # RoBERTa counts its positions from 2 on.
        return max(16, min(own, positions - 2 if positions > 16 else positions, _LONGEST_WINDOW))

    def entailment(self, text: str, statements: Sequence[str], control: Control) -> tuple[torch.Tensor, int]:
        import torch

        found, windows = [], 1
        for statement in statements:
            rows = self._windows(text, statement)
            windows = max(windows, len(rows))
            logits = []
            for start in range(0, len(rows), _BATCH):
                control.check()
                logits.append(self._logits(rows[start : start + _BATCH]))
            found.append(torch.cat(logits).mean(0)[list(self._places)])
        return torch.stack(found), windows

    def _windows(self, text: str, statement: str) -> list[dict[str, list[int]]]:
        longest = self.reads_at_once
        taken = len(self._tokens("", statement)["input_ids"])
        if taken > longest // 2:
            raise UserError("A label is too long.", "Use one or a few words for each.")
        encoded = self._tokens(
            text, statement, truncation="only_first", max_length=longest, stride=int((longest - taken) * _SHARED),
            return_overflowing_tokens=True,
        )  # fmt: skip
        keys = [k for k in ("input_ids", "attention_mask", "token_type_ids") if k in encoded]
        return [{k: encoded[k][n] for k in keys} for n in range(len(encoded["input_ids"]))]

    def _logits(self, rows: Sequence[dict[str, list[int]]]) -> torch.Tensor:
        import torch

        assert self._module is not None
        padded = dict(self._tokens.pad(list(rows), return_tensors="pt").to(self.device))
        with torch.inference_mode():
            return computed(self._module, padded, lambda: self._in_layers(padded))["logits"].float().cpu()

    def _in_layers(self, batch: Batch) -> Outputs:
        module: Any = self._module
        return {"logits": module(**batch).logits}

    @property
    def heart(self) -> nn.Module | None:
        return self._module

    def core(self) -> Core:
        """Tokens of texts with a statement each to what the network says of these."""
        assert self._module is not None
        module: Any = self._module
        rows = self._windows("A text as people write it, with a few words.", "It is about writing.")
        example = dict(self._tokens.pad(rows, return_tensors="pt").to(self.device))
        return Core(
            self._module, self._in_layers, {"logits": Output("scores")}, example, dict.fromkeys(example, (1,)),
            identity=f"{self.card.runtime}/{self.card.arch}",
            many_kinds=min(len(self._tokens), int(module.config.vocab_size)),
        )  # fmt: skip
