"""Chronos-Bolt: a T5 that reads a row of numbers in patches and gives the quantiles of the next steps at once.

It is the patch-based successor of Chronos (Ansari et al. 2024) that its makers published without a paper of its own: the past is
put to mean 0 and spread 1, cut into patches of 16 numbers, each with a mask of what is known; the decoder gives one vector, of
which a small network makes all quantiles of all steps. Our own code; the weights' names are the publishers'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch
    from torch import nn

_SMALLEST = 1e-5
_TIED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")


@dataclass(frozen=True)
class Patches:
    """What is asked of the network and what it gives: `context` numbers at most in patches of `size`, `horizon` steps, `levels`."""

    context: int
    horizon: int
    size: int
    levels: tuple[float, ...]
    closes: bool


def make_net(config: Any, patches: Patches) -> nn.Module:
    """The bare network. `config`: a T5Config."""
    import copy

    import torch
    from torch import nn
    from transformers.activations import ACT2FN
    from transformers.models.t5.modeling_t5 import T5Stack

    class Residual(nn.Module):
        """Two layers, and one past them."""

        def __init__(self, wide: int, inside: int, out: int) -> None:
            super().__init__()
            self.hidden_layer = nn.Linear(wide, inside)
            self.output_layer = nn.Linear(inside, out)
            self.residual_layer = nn.Linear(wide, out)
            self.act = ACT2FN[config.dense_act_fn]
            self.dropout = nn.Dropout(config.dropout_rate)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            inside = self.dropout(self.output_layer(self.act(self.hidden_layer(x))))
            found: torch.Tensor = inside + self.residual_layer(x)
            return found

    class Bolt(nn.Module):
        encoder: nn.Module
        decoder: nn.Module

        def __init__(self) -> None:
            super().__init__()
            self.shared = nn.Embedding(2 if patches.closes else 1, config.d_model)
            self.input_patch_embedding = Residual(2 * patches.size, config.d_ff, config.d_model)
            self.output_patch_embedding = Residual(config.d_model, config.d_ff, len(patches.levels) * patches.horizon)
            for name, decodes in (("encoder", False), ("decoder", True)):
                part = copy.deepcopy(config)
                part.vocab_size, part.is_decoder, part.use_cache = self.shared.num_embeddings, decodes, False
                part.num_layers = config.num_decoder_layers if decodes else config.num_layers
                stack = T5Stack(part)
                stack.embed_tokens = self.shared
                setattr(self, name, stack)

        def forward(self, past: torch.Tensor) -> torch.Tensor:
            """Scaled numbers float [B, T] (NaN: missing), T a multiple of a patch, to quantiles float [B, Q, horizon]."""
            known = ~past.isnan()
            cut = past.nan_to_num(0.0).unfold(-1, patches.size, patches.size)
            there = known.to(past.dtype).unfold(-1, patches.size, patches.size)
            seen = self.input_patch_embedding(torch.cat([cut, there], -1))
            mask = (there.sum(-1) > 0).long()
            if patches.closes:
                end = self.shared(torch.ones((len(past), 1), dtype=torch.long, device=past.device))
                seen = torch.cat([seen, end], 1)
                mask = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
            hidden = self.encoder(inputs_embeds=seen, attention_mask=mask, return_dict=True).last_hidden_state
            begin = self.shared(torch.zeros((len(past), 1), dtype=torch.long, device=past.device))
            out = self.decoder(
                inputs_embeds=begin, encoder_hidden_states=hidden, encoder_attention_mask=mask, return_dict=True
            ).last_hidden_state
            found: torch.Tensor = self.output_patch_embedding(out[:, 0]).view(
                len(past), len(patches.levels), patches.horizon
            )
            return found

    return Bolt()


class ChronosBolt(Loaded):
    """A `Forecaster`. More steps than it gives at once: each quantile is taken as a past of its own and gone on with, and of all
    that comes the quantiles are taken again."""

    def __init__(self, card: ModelCard, module: nn.Module, config: Any, patches: Patches) -> None:
        super().__init__(card, module)
        self.config = config
        self.patches = patches

    def forecast(
        self, values: npt.NDArray[Any], steps: int, quantiles: Sequence[float], control: Control, season: int = 1
    ) -> npt.NDArray[Any]:
        import numpy as np
        import torch

        levels = torch.tensor(self.patches.levels)
        with torch.inference_mode():
            past = torch.from_numpy(np.asarray(values, np.float32))[None, -self.patches.context :]
            control.check()
            found = self._ahead(past)
            whole = [found]
            pasts = past.expand(len(levels), -1)
            while sum(f.shape[1] for f in whole) < steps:
                control.check()
                control.progress(sum(f.shape[1] for f in whole), steps, "Looking ahead")
                pasts = torch.cat([pasts, whole[-1]], 1)[:, -self.patches.context :]
                every = self._ahead(pasts).reshape(len(levels) ** 2, -1)
                whole.append(torch.quantile(every, levels, dim=0))
        said = torch.cat(whole, 1)[:, :steps].numpy()
        wanted = np.asarray(quantiles)
        return np.stack([np.interp(wanted, self.patches.levels, column) for column in np.sort(said, axis=0).T], 1)

    def loss(self, pasts: Sequence[npt.NDArray[Any]], futures: Sequence[npt.NDArray[Any]]) -> torch.Tensor:
        """Quantile loss of the scaled numbers: the mean over known steps, summed over levels.

        Args:
            pasts: float [T] each. futures: float [H], at most `horizon` numbers; NaN counts nothing.
        """
        import numpy as np
        import torch

        longest = max(len(p) for p in pasts)
        past = torch.full((len(pasts), longest), torch.nan)
        wanted = torch.full((len(pasts), self.patches.horizon), torch.nan)
        for row, (before, after) in enumerate(zip(pasts, futures, strict=True)):
            past[row, longest - len(before) :] = torch.from_numpy(np.asarray(before, np.float32))
            wanted[row, : len(after)] = torch.from_numpy(np.asarray(after, np.float32))
        past = past[:, -self.patches.context :].to(self.device)
        scaled, middle, spread = _scaled(past)
        said = self._net()(_whole_patches(scaled, self.patches.size))
        target = ((wanted.to(self.device) - middle) / spread)[:, None]
        known = ~target.isnan()
        levels = torch.tensor(self.patches.levels, device=self.device)[None, :, None]
        missed = target.nan_to_num(0.0) - said
        losses = 2 * torch.maximum(levels * missed, (levels - 1) * missed) * known
        return losses.sum() / known.sum().clamp(min=1)

    @property
    def longest_past(self) -> int:
        return self.patches.context

    @property
    def longest_future(self) -> int:
        return self.patches.horizon

    def _net(self) -> Any:
        return self._module

    def _ahead(self, past: torch.Tensor) -> torch.Tensor:
        """float [B, T] to quantiles in its own unit, float [B * Q, horizon]; [Q, horizon] for one row."""
        scaled, middle, spread = _scaled(past.to(self.device))
        said = self._net()(_whole_patches(scaled, self.patches.size))
        found: torch.Tensor = (said * spread[:, None] + middle[:, None]).flatten(0, 1).cpu()
        return found


def _scaled(past: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean 0 and spread 1 of what is known, with both [B, 1]."""
    middle = past.nanmean(1, keepdim=True).nan_to_num(0.0)
    spread = (past - middle).square().nanmean(1, keepdim=True).sqrt().nan_to_num(1.0)
    spread = spread.masked_fill(spread == 0, _SMALLEST)
    return (past - middle) / spread, middle, spread


def _whole_patches(past: torch.Tensor, size: int) -> torch.Tensor:
    """Missing numbers before the first ones, so that patches are whole."""
    import torch

    lack = -past.shape[1] % size
    return torch.cat([past.new_full((len(past), lack), torch.nan), past], 1) if lack else past


def patches_of(settings: Mapping[str, Any]) -> Patches:
    """Of a config's "chronos_config". Raises: ValueError, KeyError, TypeError when it is none of Bolt's."""
    size = int(settings["input_patch_size"])
    levels = tuple(float(q) for q in settings["quantiles"])
    if int(settings["input_patch_stride"]) != size or list(levels) != sorted(levels) or not 0 < size <= 1024:
        raise ValueError("patches that overlap, or levels out of order")
    context, horizon = int(settings["context_length"]), int(settings["prediction_length"])
    if not (0 < context <= 1 << 20 and 0 < horizon <= 1 << 16 and levels):
        raise ValueError("lengths beyond reason")
    return Patches(context, horizon, size, levels, bool(settings.get("use_reg_token")))


def described(card: ModelCard, folder: Path) -> tuple[Any, Patches]:
    """The network's settings. Raises: UserError when the folder is incomplete or of another kind."""
    import transformers

    from workbench.runtimes.hf_loading import LOCAL

    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))["chronos_config"]
        return transformers.T5Config.from_pretrained(folder, **LOCAL), patches_of(settings)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or of another kind than Chronos-Bolt.",
            "Delete the model and download it again.",
        ) from error


def with_tied(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The published weights have the one embedding once, for the whole network; the head of an older kind may lie beside."""
    found = {k: v for k, v in state.items() if k != "lm_head.weight"}
    if "shared.weight" in found:
        found |= dict.fromkeys(_TIED, found["shared.weight"])
    return found


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config and weights. Raises: UserError when it is incomplete, or of another kind."""
    model = build(card, path)
    model.load_state(with_tied(read_state(path / "model.safetensors", card.name)))
    return model


def build(card: ModelCard, folder: Path) -> ChronosBolt:
    """The bare network of an own model; its weights are loaded by the caller."""
    config, patches = described(card, folder)
    return ChronosBolt(card, make_net(config, patches), config, patches)


def save_extras(model: ChronosBolt, folder: Path) -> None:
    """What the network needs beside its weights."""
    model.config.save_pretrained(folder)
