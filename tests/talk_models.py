"""Small language models with random weights, for tests of conversations only: never shown to a person as a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers as tf

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.runtimes.folder import save_folder
from workbench.runtimes.transformers_writer_runtime import TextWriter

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokens(template: str = TEMPLATE) -> Any:
    """A tokenizer of single bytes with the marks of a chat."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {c: i for i, c in enumerate(["<s>", "<pad>", "</s>", "<unk>", *alphabet])}
    backend = Tokenizer(models.BPE(vocab, [], unk_token="<unk>"))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made = tf.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )  # fmt: skip
    if template:
        made.chat_template = template
    return made


def network(size: int, context: int = 1024, kind: str = "llama", ends: bool = False) -> Any:
    """It writes letters that can be seen; unless it `ends`, it writes on for as long as it may."""
    torch.manual_seed(11)
    if kind == "gpt2":
        config: Any = tf.GPT2Config(
            vocab_size=size, n_embd=32, n_layer=2, n_head=2, n_positions=context, bos_token_id=0, eos_token_id=2
        )
        net: Any = tf.GPT2LMHeadModel(config)
        net.generation_config.eos_token_id = 2 if ends else None
        return net.eval()
    config = tf.LlamaConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=32, max_position_embeddings=context, bos_token_id=0, eos_token_id=2, pad_token_id=1,
    )  # fmt: skip
    net = tf.LlamaForCausalLM(config)
    net.generation_config.eos_token_id = 2 if ends else None
    return net.eval()


def hide_the_odd(net: Any, tokenizer: Any) -> None:
    """Only letters and the like can win."""
    odd = [i for t, i in tokenizer.get_vocab().items() if not (len(t) == 1 and t.isascii() and t.isalpha())]
    with torch.no_grad():
        net.get_output_embeddings().weight[odd] = 0


def card(name: str = "small-talker", **more: Any) -> ModelCard:
    return ModelCard(
        name, "Small talker", ("chat", "text-generation"), "transformers_writer", "AutoModelForCausalLM",
        Source("folder", ""), summary="For tests.", limits="Untaught.", created="2026-01-01", **more,
    )  # fmt: skip


def talker(template: str = TEMPLATE, context: int = 1024, kind: str = "llama", **more: Any) -> TextWriter:
    tokenizer = tokens(template)
    net = network(len(tokenizer), context, kind)
    hide_the_odd(net, tokenizer)
    return TextWriter(card(**more), net, tokenizer)


def own_talker(catalog: Any, **more: Any) -> ModelCard:
    """As a model of the person's own, on the disk and in the catalogue."""
    model = talker(**more)
    folder = Path(app_paths().models) / model.card.id
    save_folder(model, replace(model.card, source=Source("folder", str(folder))), folder)
    catalog.refresh()
    found: ModelCard = catalog.get(model.card.id)
    return found
