"""A small wav2vec 2.0 with random weights among the person's own models, to be taught in tests."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
import transformers as tf

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.runtimes.ctc_transcriber import CtcTranscriber
from workbench.runtimes.folder import save_folder

_BANDS = 64
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ'"


def small_transcriber(
    folder: Path, letters: str = LETTERS, width: int = 96, layers: int = 2, seed: int = 0
) -> CtcTranscriber:
    """Hears a little: its first filters are tones, as trained networks have them; the rest is random."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(
        json.dumps({c: i for i, c in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *letters])})
    )
    tokenizer = tf.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    config = tf.Wav2Vec2Config(
        vocab_size=5 + len(letters), hidden_size=width, num_hidden_layers=layers, num_attention_heads=4,
        intermediate_size=2 * width, conv_dim=(_BANDS,) * 2, conv_kernel=(400, 16), conv_stride=(40, 8),
        num_feat_extract_layers=2, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
        pad_token_id=0, mask_time_prob=0.05, hidden_dropout=0.0, attention_dropout=0.0, activation_dropout=0.0,
        feat_proj_dropout=0.0, final_dropout=0.0, layerdrop=0.0,
    )  # fmt: skip
    network = tf.Wav2Vec2ForCTC(config).eval()
    _tune(network)
    return CtcTranscriber(_card("base"), network, tf.Wav2Vec2FeatureExtractor(return_attention_mask=False), tokenizer)


def _tune(network: Any) -> None:
    """Its first layer hears tones, spaced as the ear hears them, the second how loud each is in a fiftieth of a second: what
    large networks learn from thousands of hours."""
    mels = torch.linspace(2595 * math.log10(1 + 100 / 700), 2595 * math.log10(1 + 7600 / 700), _BANDS)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    place = torch.arange(400) - 199.5
    tones = torch.cos(2 * math.pi * hertz[:, None] * place / 16_000) * torch.hann_window(400)
    first, second = (layer.conv for layer in network.wav2vec2.feature_extractor.conv_layers)
    with torch.no_grad():
        first.weight.copy_((tones / tones.norm(dim=1, keepdim=True))[:, None])
        second.weight.copy_(torch.eye(_BANDS)[:, :, None].repeat(1, 1, 16) / 16)


def _card(name: str) -> ModelCard:
    return ModelCard(
        name, "Small listener", ("speech-recognition",), "transformers_sound", "AutoModelForCTC", Source("folder", ""),
        trainable_for=("speech-recognition",), summary="For tests.", limits="Untaught.",
    )  # fmt: skip


def own_listener(catalog: Any, tmp_path: Path, **more: Any) -> ModelCard:
    """As a model of the person's own, in the catalogue."""
    from dataclasses import replace

    folder = app_paths().models / "small-listener"
    card = replace(_card("small-listener"), source=Source("folder", str(folder)), created="2026-01-01")
    save_folder(small_transcriber(tmp_path / "parts", **more), card, folder)
    catalog.refresh()
    found: ModelCard = catalog.get("small-listener")
    return found
