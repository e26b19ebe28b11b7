"""Chronos-T5 (Ansari et al. 2024, arXiv 2403.07815): a row of numbers read and written as if it were a language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.hf_loading import load_network

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch


@dataclass(frozen=True)
class Bins:
    """How numbers become words (section 3.1 of the paper): divided by their mean size, then put into even bins.

    Attributes:
        low, high: the range of scaled values; what lies beyond falls into the outermost bins.
        words: size of the vocabulary; the first `special` of them are no numbers.
    """

    low: float = -15.0
    high: float = 15.0
    words: int = 4096
    special: int = 2
    pad: int = 0
    end: int = 1
    context: int = 512
    horizon: int = 64
    samples: int = 20
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0
    closes: bool = True

    @property
    def centres(self) -> torch.Tensor:
        """Float32 [words - special - 1]."""
        import torch

        return torch.linspace(self.low, self.high, self.words - self.special - 1)

    @property
    def edges(self) -> torch.Tensor:
        import torch

        centres = self.centres
        inner = (centres[1:] + centres[:-1]) / 2
        return torch.cat([torch.tensor([-1e20]), inner, torch.tensor([1e20])])

    def encode(self, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float]:
        """float32 [T] (NaN: missing) to words int64 [1, T(+1)], mask, and the scale."""
        import torch

        values = values[-self.context :]
        known = ~torch.isnan(values)
        size = float(values[known].abs().mean()) if bool(known.any()) else 0.0
        scale = size if size > 0 else 1.0
        words = self.words_of(values, scale)
        if self.closes:
            words = torch.cat([words, torch.tensor([self.end])])
            known = torch.cat([known, torch.tensor([True])])
        return words[None], known[None].long(), scale

    def words_of(self, values: torch.Tensor, scale: float) -> torch.Tensor:
        """float32 [T] to words int64 [T]; `pad` where a number is missing."""
        import torch

        words = torch.bucketize(values / scale, self.edges, right=True) + self.special
        words = words.clamp(0, self.words - 1)
        words[torch.isnan(values)] = self.pad
        return words

    def decode(self, words: torch.Tensor, scale: float) -> torch.Tensor:
        """Words int64 [...] to values float32 [...]."""
        centres = self.centres
        places = (words - self.special - 1).clamp(0, len(centres) - 1)
        return centres[places] * scale


class Chronos(Loaded):
    """A `Forecaster`: many possible futures are written, and their quantiles are the answer."""

    def __init__(self, card: ModelCard, module: Any, bins: Bins) -> None:
        super().__init__(card, module)
        self.bins = bins

    @property
    def net(self) -> Any:
        return self._module

    def forecast(
        self, values: npt.NDArray[Any], steps: int, quantiles: Sequence[float], control: Control, season: int = 1
    ) -> npt.NDArray[Any]:
        import torch

        module: Any = self._module
        bins = self.bins
        given = torch.from_numpy(values).float()
        paths = torch.zeros((bins.samples, 0))
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(0)  # the same question has the same answer
            while paths.shape[1] < steps:
                control.check()
                control.progress(paths.shape[1], steps, "Looking ahead")
                ahead = min(bins.horizon, steps - paths.shape[1])
                # Further ahead the middle of what was written so far is taken as known.
                known = torch.cat([given, paths.median(0).values]) if paths.shape[1] else given
                words, mask, scale = bins.encode(known)
                out = module.generate(
                    input_ids=words.to(self.device),
                    attention_mask=mask.to(self.device),
                    min_new_tokens=ahead,
                    max_new_tokens=ahead,
                    do_sample=True,
                    num_return_sequences=bins.samples,
                    eos_token_id=bins.end,
                    pad_token_id=bins.pad,
                    temperature=bins.temperature,
                    top_k=bins.top_k,
                    top_p=bins.top_p,
                )
                paths = torch.cat([paths, bins.decode(out[:, 1:].cpu(), scale)], 1)
        wanted = torch.quantile(paths, torch.tensor(list(quantiles)), dim=0)
        result: npt.NDArray[Any] = wanted.numpy()
        return result

    def loss(self, pasts: Sequence[npt.NDArray[Any]], futures: Sequence[npt.NDArray[Any]]) -> torch.Tensor:
        """Mean negative log-likelihood of the words of what came (section 3.2 of the paper), in training mode.

        Args:
            pasts: float [T] each, of any length. futures: float [H], at most `horizon` numbers; NaN counts nothing.
        """
        import torch

        bins = self.bins
        rows = [bins.encode(torch.from_numpy(p).float()) for p in pasts]
        width = max(r[0].shape[1] for r in rows)
        words = torch.full((len(rows), width), bins.pad)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        labels = torch.full((len(rows), max(len(f) for f in futures) + int(bins.closes)), -100)
        for row, ((w, m, scale), future) in enumerate(zip(rows, futures, strict=True)):
            words[row, width - w.shape[1] :], mask[row, width - w.shape[1] :] = w[0], m[0]
            wanted = bins.words_of(torch.from_numpy(future).float(), scale)
            labels[row, : len(wanted)] = torch.where(wanted == bins.pad, -100, wanted)
            if bins.closes:
                labels[row, len(wanted)] = bins.end
        out = self.net(
            input_ids=words.to(self.device), attention_mask=mask.to(self.device), labels=labels.to(self.device)
        )
        loss: torch.Tensor = out.loss
        return loss

    @property
    def longest_past(self) -> int:
        return self.bins.context

    @property
    def longest_future(self) -> int:
        return self.bins.horizon


def build(card: ModelCard, folder: Path) -> Loaded:
    """The bare network of an own model; its weights are loaded by the caller."""
    import transformers

    from workbench.runtimes.hf_loading import LOCAL

    bins = _bins(card, folder)
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        net = transformers.T5ForConditionalGeneration(config)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    return Chronos(card, net, bins)


def save_extras(model: Chronos, folder: Path) -> None:
    """What the network needs beside its weights."""
    model.net.config.save_pretrained(folder)


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config and weights. Raises: UserError when it is incomplete, or of the other kind (Bolt)."""
    bins = _bins(card, path)
    return Chronos(card, load_network("T5ForConditionalGeneration", path, card.name), bins)


def _bins(card: ModelCard, path: Path) -> Bins:
    try:
        described = json.loads((path / "config.json").read_text(encoding="utf-8"))["chronos_config"]
        settings = dict(described["tokenizer_kwargs"])
        return Bins(
            float(settings["low_limit"]),
            float(settings["high_limit"]),
            int(described["n_tokens"]),
            int(described["n_special_tokens"]),
            int(described["pad_token_id"]),
            int(described["eos_token_id"]),
            int(described["context_length"]),
            int(described["prediction_length"]),
            int(described["num_samples"]),
            float(described["temperature"]),
            int(described["top_k"]),
            float(described["top_p"]),
            bool(described.get("use_eos_token", True)),
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or of another kind than Chronos-T5.",
            "Delete the model and download it again.",
        ) from error
