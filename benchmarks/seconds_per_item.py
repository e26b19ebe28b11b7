"""Expected against measured seconds per item, for a handful of real architectures with random weights.

Run by hand: `python benchmarks/seconds_per_item.py`. Prints a ratio per model; 1.0 is a perfect guess. The expectation
is what a card shows before a download (workbench.catalog.fit). Writers and the last lines know only the number of weights.
Set OMP_NUM_THREADS=1 where others use the computer at the same time: many threads then wait for each other.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.fit import expected_seconds, needed_memory
from workbench.engine.machine import measure

_PICTURES = (
    "alexnet", "vgg16", "resnet18", "resnet50", "densenet121", "mobilenet_v3_large", "efficientnet_b0", "convnext_tiny",
    "vit_b_16",
)  # fmt: skip


def main() -> int:
    """Measure this machine, then each model."""
    import torch
    import transformers
    from torchvision import models

    machine = measure()
    sys.stdout.write(
        f"{machine.name}: convolution {machine.convolution / 1e9:.0f}, matrix product {machine.matmul / 1e9:.0f} GFLOP/s,"
        f" memory {machine.bandwidth / 1e9:.1f} GB/s\n\n{'model':22} {'expected':>10} {'measured':>10} {'ratio':>6}\n"
    )
    ratios = []
    pixels = torch.randn(1, 3, 224, 224).to(memory_format=torch.channels_last)
    for arch in _PICTURES:
        network = models.get_model(arch, weights=None).eval().to(memory_format=torch.channels_last)
        card = _card(arch, "image-classification", network)
        ratios.append(_line(card, expected_seconds(card, machine), lambda n=network: n(pixels)))
    tokens = torch.randint(5, 1000, (1, 64))
    for name, config in (
        ("bert-mini", transformers.BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)),
        ("bert-base", transformers.BertConfig()),
    ):  # fmt: skip
        network = transformers.BertModel(config).eval()
        card = _card(name, "text-classification", network)
        ratios.append(_line(card, expected_seconds(card, machine), lambda n=network: n(input_ids=tokens)))
    writer: Any = transformers.GPT2LMHeadModel(transformers.GPT2Config()).eval()
    card = _card("gpt2", "text-generation", writer)
    one_word = (
        _seconds(lambda: writer.generate(tokens[:, :8], max_new_tokens=13, min_new_tokens=13, do_sample=False)) / 10
    )
    ratios.append(_say(card, expected_seconds(card, machine), one_word))
    sys.stdout.write(f"\nmedian ratio {statistics.median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}\n")
    return 0


def _card(name: str, task: str, network: Any) -> ModelCard:
    count = sum(p.numel() for p in network.parameters())
    return ModelCard(
        name.replace("_", "-"), name, (task,), "", "", Source("url", ""), parameters=count, preparation=Preparation()
    )


def _line(card: ModelCard, expected: float, work: Callable[[], Any]) -> float:
    return _say(card, expected, _seconds(work))


def _say(card: ModelCard, expected: float, measured: float) -> float:
    sys.stdout.write(
        f"{card.name:22} {expected * 1000:7.1f} ms {measured * 1000:7.1f} ms {expected / measured:6.2f}"
        f"   ({needed_memory(card) / 1e9:.1f} GB)\n"
    )
    sys.stdout.flush()
    return expected / measured


def _seconds(work: Callable[[], Any]) -> float:
    import torch

    times = []
    with torch.inference_mode():
        work()
        until = time.perf_counter() + 2.0
        while len(times) < 5 or (time.perf_counter() < until and len(times) < 100):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    raise SystemExit(main())
