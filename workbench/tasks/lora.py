"""Small add-ons instead of all weights (LoRA, Hu et al. 2021, arXiv 2106.09685), by the peft library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import UserError

if TYPE_CHECKING:
    from torch import nn

_RANK = 8


def add_adapters(module: nn.Module, rank: int = _RANK, seed: int = 0) -> None:
    """Put adapters of this rank on the attention (else: all) linear layers, in place. The same seed gives the same ones.

    Raises:
        UserError: when the network has no layer that can take one.
    """
    import torch
    from peft import LoraConfig, inject_adapter_in_model
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    linear = {n.rpartition(".")[2] for n, part in module.named_modules() if isinstance(part, nn.Linear | Conv1D)}
    usual = {
        "query", "value", "q", "v", "q_proj", "v_proj", "q_lin", "v_lin", "c_attn", "query_key_value", "qkv_proj",
        "query_proj", "value_proj",
    }  # fmt: skip
    targets = sorted(linear & usual) or sorted(linear - {"classifier", "lm_head"})
    if not targets:
        raise UserError("This model cannot take add-ons (LoRA).", "Switch them off under More settings.")
    fan = any(isinstance(part, Conv1D) for part in module.modules())
    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules=targets, fan_in_fan_out=fan)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        inject_adapter_in_model(config, module)


def adapter_parameters(module: nn.Module) -> list[nn.Parameter]:
    """What is trained."""
    return [p for name, p in module.named_parameters() if "lora_" in name]


def merge_adapters(module: nn.Module) -> None:
    """Add the adapters to the weights they stand beside, in place: the network has its first shape again."""
    from peft.tuners.lora import LoraLayer

    for name, part in list(module.named_modules()):
        if isinstance(part, LoraLayer):
            part.merge()
            parent_name, _, own = name.rpartition(".")
            setattr(module.get_submodule(parent_name), own, part.get_base_layer())
