"""A small copy of any entry of the catalogue: its own architecture with fewer and narrower layers and random weights,
in the files its publisher's would come in, served by the loopback hub. Never shown to a person as the model itself."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from darknet_cfgs import yolo_cfg

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.runtimes.blueprint import network_of

# 256 bytes, five marks, and the marks of languages.
VOCABULARY = 480
# What makes a network smaller, by the names its config uses. Heads divide 32.
_SMALLER: dict[str, Any] = {
    "hidden_size": 32, "d_model": 32, "dim": 32, "n_embd": 32, "embedding_size": 16, "intermediate_size": 48, "d_ff": 48,
    "d_inner": 48, "hidden_dim": 48, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "num_hidden_layers": 2, "n_layers": 2,
    "n_layer": 2, "num_layers": 2, "encoder_layers": 2, "decoder_layers": 2, "num_attention_heads": 2, "n_heads": 2,
    "n_head": 2, "num_heads": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_key_value_heads": 1,
    "d_kv": 16, "head_dim": 16, "attention_types": [[["global", "local"], 1]],
}  # fmt: skip
_MORE: dict[str, dict[str, Any]] = {
    "wav2vec2": {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4},
    "hubert": {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4},
    "audio-spectrogram-transformer": {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "max_length": 128, "num_mel_bins": 32},
    "vit": {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64},
    "dinov2": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 70},
    "convnext": {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]},
    "segformer": {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "decoder_hidden_size": 16, "num_attention_heads": [1, 1, 2, 4]},
    "yolos": {"image_size": [64, 96], "num_detection_tokens": 10},
    "detr": {"num_queries": 10},
    "rt_detr": {"num_queries": 20, "d_model": 32, "encoder_hidden_dim": 32, "encoder_ffn_dim": 48, "decoder_layers": 1, "decoder_attention_heads": 2, "encoder_attention_heads": 2, "decoder_in_channels": [32, 32, 32], "encoder_in_channels": [16, 16, 32],
                "backbone_config": {"model_type": "rt_detr_resnet", "embedding_size": 8, "hidden_sizes": [8, 16, 16, 32], "depths": [1, 1, 1, 1], "layer_type": "basic", "out_features": ["stage2", "stage3", "stage4"]}},
    "whisper": {"max_target_positions": 48, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0, "decoder_start_token_id": 1, "suppress_tokens": None, "begin_suppress_tokens": None},
    "gpt_neo": {"window_size": 16},
    "t5": {"relative_attention_num_buckets": 8},
    "marian": {"pad_token_id": 1, "decoder_start_token_id": 1, "eos_token_id": 2, "forced_eos_token_id": None},
    "m2m_100": {"pad_token_id": 1, "eos_token_id": 2, "bos_token_id": 0, "decoder_start_token_id": 2},
    "bart": {"pad_token_id": 1, "eos_token_id": 2, "bos_token_id": 0, "forced_eos_token_id": None},
}  # fmt: skip


def small_config(card: ModelCard) -> dict[str, Any]:
    """The entry's own config, smaller."""
    values = json.loads((resources() / "catalog" / "configs" / f"{card.config}.json").read_text(encoding="utf-8"))
    kind = values["model_type"]
    values |= {k: v for k, v in _SMALLER.items() if k in values} | _MORE.get(kind, {})
    if kind == "modernbert":
        values |= {"global_attn_every_n_layers": 1, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}  # fmt: skip
    if "vocab_size" in values and kind not in ("wav2vec2", "hubert") and "chronos_config" not in values:
        values["vocab_size"] = VOCABULARY
    for key in ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"):
        if isinstance(values.get(key), int) and values[key] >= VOCABULARY:
            values[key] = 2
    if kind == "detr":
        values["backbone_config"] = values["backbone_config"] | {
            "embedding_size": 8,
            "hidden_sizes": [8, 8, 8, 16],
            "depths": [1, 1, 1, 1],
            "layer_type": "basic",
        }
    return values


def tokenizer_of(config: dict[str, Any]) -> Any:
    """Single bytes: enough for any text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocab = {c: i for i, c in enumerate([*marks, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    for code, _name in config.get("languages", ()):
        vocab.setdefault(code, len(vocab))
    backend = Tokenizer(models.BPE(vocab, [], unk_token="<unk>"))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        mask_token="<mask>", model_max_length=128, model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def hub_folder(card: ModelCard, folder: Path) -> Path:
    """A repository as on the hub: config, weights as safetensors, tokenizer or processors."""
    import torch
    import transformers as tf

    torch.manual_seed(0)
    if card.runtime == "unet":
        return smp_folder(card, folder)
    if card.runtime == "tabicl":
        from tabicl._model.tabicl import TabICL

        settings = {
            "max_classes": 0 if "regression" in card.main_task else 10, "num_quantiles": 9, "embed_dim": 16, "col_num_blocks": 1,
            "col_nhead": 2, "col_num_inds": 8, "row_num_blocks": 1, "row_nhead": 2, "row_num_cls": 2, "icl_num_blocks": 1,
            "icl_nhead": 2, "zero_init": False,
        }  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        torch.save({"config": settings, "state_dict": TabICL(**settings).state_dict()}, folder / card.source.path)
        return folder
    values = small_config(card)
    network: Any = network_of(card.config, card.arch, **{k: v for k, v in values.items() if k != "model_type"})
    if card.runtime == "chronos_bolt":
        # As published: the one embedding once.
        state = {k: v.contiguous() for k, v in network.state_dict().items() if "embed_tokens" not in k}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.safetensors").write_bytes(_tensors(state, safe=True))
        (folder / "config.json").write_text(json.dumps(values))
        return folder
    network.save_pretrained(folder)
    if values.get("tie_word_embeddings") is False and values["model_type"] == "t5":
        # As published: an output layer of its own beside the words.
        state = {k: v.clone().contiguous() for k, v in network.state_dict().items() if "embed_tokens" not in k}
        (folder / "model.safetensors").write_bytes(_tensors(state, safe=True))
        described = json.loads((folder / "config.json").read_text())
        described.pop("scale_decoder_outputs", None)
        (folder / "config.json").write_text(json.dumps(described | {"tie_word_embeddings": False}))
    if card.runtime == "transformers_sound":
        if card.arch == "AutoModelForSpeechSeq2Seq":
            from tokenizers import Tokenizer, decoders, models, pre_tokenizers

            names = [
                "<|endoftext|>",
                "<|startoftranscript|>",
                "<|notimestamps|>",
                *sorted(pre_tokenizers.ByteLevel.alphabet()),
            ]
            vocab = {c: i for i, c in enumerate(names)}
            backend = Tokenizer(models.BPE(vocab, []))
            backend.pre_tokenizer, backend.decoder = (
                pre_tokenizers.ByteLevel(add_prefix_space=False),
                decoders.ByteLevel(),
            )
            tokenizer = tf.WhisperTokenizerFast(tokenizer_object=backend, vocab=vocab, merges=[])
            tf.WhisperProcessor(
                tf.WhisperFeatureExtractor(feature_size=values["num_mel_bins"]), tokenizer
            ).save_pretrained(folder)
        elif values["model_type"] == "audio-spectrogram-transformer":
            tf.ASTFeatureExtractor(max_length=128, num_mel_bins=32).save_pretrained(folder)
        else:
            tf.Wav2Vec2FeatureExtractor(
                return_attention_mask=values.get("feat_extract_norm") == "layer"
            ).save_pretrained(folder)
            letters = [
                "<pad>",
                "<s>",
                "</s>",
                "<unk>",
                "|",
                *(chr(65 + n) for n in range(values.get("vocab_size", 32) - 5)),
            ]
            (folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate(letters)}))
            tf.Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    elif card.runtime == "transformers_vision":
        kind = {
            "detr": ("DetrImageProcessor", {"size": {"shortest_edge": 64, "longest_edge": 128}}),
            "yolos": ("YolosImageProcessor", {"size": {"shortest_edge": 64, "longest_edge": 96}}),
            "rt_detr": ("RTDetrImageProcessor", {"size": {"height": 64, "width": 64}}),
            "segformer": ("SegformerImageProcessor", {"size": {"height": 64, "width": 64}}),
            "vit": ("ViTImageProcessor", {"size": {"height": 64, "width": 64}}),
            "dinov2": ("BitImageProcessor", {"size": {"shortest_edge": 64}, "crop_size": {"height": 56, "width": 56}}),
            "convnext": ("ConvNextImageProcessor", {"size": {"shortest_edge": 64}}),
        }[values["model_type"]]
        getattr(tf, kind[0])(**kind[1]).save_pretrained(folder)
    elif card.runtime != "chronos":
        tokenizer = tokenizer_of({"languages": card.options.get("languages", ())})
        if values["model_type"] == "bart" and card.arch == "AutoModelForSequenceClassification":
            # It sorts by what it makes of the mark at the end.
            from tokenizers.processors import TemplateProcessing

            tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
                "<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)]
            )
        tokenizer.save_pretrained(folder)
    return folder


def smp_folder(card: ModelCard, folder: Path) -> Path:
    """A repository of segmentation-models-pytorch, in the library's own form."""
    from workbench.runtimes.unet_runtime import smp_network

    network: Any = smp_network(card.arch.removeprefix("smp:"), card.options)
    network.save_pretrained(folder)
    return folder


def plain_file(card: ModelCard, folder: Path) -> dict[str, bytes]:
    """Files of entries that do not come from the hub, by name, with random weights on the real architecture."""
    import torch

    torch.manual_seed(0)
    if card.runtime in ("torchvision", "style", "timm") or card.runtime.startswith("torchvision_"):
        from workbench.runtimes.blueprint import blueprint

        network = blueprint(card).to_empty(device="cpu")
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                tensor.fill_(1.0) if "running_var" in name else tensor.normal_(0, 0.02)
            else:
                tensor.zero_()
        return {"weights": _tensors(network.state_dict(), safe=card.runtime == "timm")}
    if card.arch == "brain-unet":
        from workbench.runtimes.unet_runtime import brain_unet

        return {card.source.path: _tensors(brain_unet().state_dict())}
    if card.runtime == "spandrel":
        return {card.source.path: _tensors({"params_ema": _enlarger(card).state_dict()})}
    data = Path(__file__).resolve().parent.parent / "data"
    if card.runtime == "opencv_text":
        return {card.source.path: (data / "east.pb").read_bytes()}
    if card.runtime == "deepspeech":
        return {card.source.path: (data / "deepspeech.tflite").read_bytes()}
    if card.runtime == "litert_style":
        return {
            n: (data / f"magenta_{n.split('_')[1]}").read_bytes()
            for n in ("style_predict.tflite", "style_transfer.tflite")
        }
    if card.runtime == "darknet":
        return _darknet(card, folder)
    raise AssertionError(f"no small copy of {card.id}")


def _tensors(state: Any, safe: bool = False) -> bytes:
    import torch
    from safetensors.torch import save

    if safe:
        return save({k: v.contiguous() for k, v in state.items()})
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def _enlarger(card: ModelCard) -> Any:
    if card.arch == "SRVGG":
        from spandrel.architectures.Compact import Compact

        return Compact(num_in_ch=3, num_out_ch=3, num_feat=16, num_conv=4, upscale=4)
    from spandrel.architectures.ESRGAN import ESRGAN

    if "x2" in card.id:
        return ESRGAN(in_nc=12, num_filters=16, num_blocks=2, scale=4, shuffle_factor=2)
    return ESRGAN(num_filters=16, num_blocks=2, scale=4)


def _darknet(card: ModelCard, folder: Path) -> dict[str, bytes]:
    from workbench.runtimes.darknet_net import build, parse_cfg, write_weights

    text = yolo_cfg(card.id)
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(build(parse_cfg(text)), folder / "w")
    return {card.source.files[0].name: text.encode(), card.source.files[1].name: (folder / "w").read_bytes()}


def served(card: ModelCard, hub: Any, folder: Path) -> ModelCard:
    """Put a small copy on the hub; the card to download it by (its hashes are the copy's)."""
    if card.source.kind == "huggingface":
        hub.add_folder(card.source.ref, hub_folder(card, folder))
        return card
    files = plain_file(card, folder)
    if card.source.kind == "timm":
        from hub_server import Repo

        hub.repos[card.source.ref] = Repo({"model.safetensors": files["weights"], "config.json": b"{}"})
        return card
    if card.source.kind == "torchvision":
        data = files["weights"]
        name = f"{Path(card.source.path).stem.rpartition('-')[0]}-{hashlib.sha256(data).hexdigest()[:8]}.pth"
        hub.files[f"/{name}"] = data
        return replace(card, source=replace(card.source, path=name, size=len(data)))
    if card.source.kind == "kaggle":
        import tarfile

        for ref, data in zip(card.source.ref.split("+"), files.values(), strict=True):
            stream = io.BytesIO()
            with tarfile.open(fileobj=stream, mode="w:gz") as tar:
                info = tarfile.TarInfo("./1.tflite")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            hub.files[f"/www.kaggle.com/api/v1/models/{ref}/download"] = stream.getvalue()
        return card
    from urllib.parse import urlsplit

    described = []
    for file in card.source.files:
        data = files[file.name]
        parts = urlsplit(file.url)
        hub.files[f"/{parts.netloc}{parts.path}"] = data
        described.append(
            replace(file, size=len(data), sha256=hashlib.sha256(data).hexdigest()[:8] if file.sha256 else "")
        )
    return replace(card, source=replace(card.source, files=tuple(described), size=sum(f.size for f in described)))


def labels_fit(card: ModelCard) -> bool:
    """Does the card name as many classes as its config has outputs?"""
    if not card.config:
        return True
    values = json.loads((resources() / "catalog" / "configs" / f"{card.config}.json").read_text(encoding="utf-8"))
    return not label_names(card) or len(label_names(card)) == values.get("num_labels", len(label_names(card)))
