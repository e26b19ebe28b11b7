"""Bytes of published weight files, where they differ from the network's own weights or are known to the byte.

A file may hold more than the network needs (heads of its first training, masks of attention), hold a shared layer twice,
or hold it at half precision. What is not listed here is as large as its weights at the published precision.
"""

from __future__ import annotations

# The files of GPT-Neo hold a mask of 2048 x 2048 bytes for every second layer.
_MASK = 2048 * 2048

PUBLISHED: dict[str, int] = {
    "openai/whisper-tiny": 151_061_672,
    "openai/whisper-tiny.en": 151_060_136,
    "openai/whisper-base": 290_403_936,
    "openai/whisper-base.en": 290_401_888,
    "openai/whisper-small": 966_995_080,
    "openai/whisper-small.en": 966_992_008,
    "openai/whisper-medium": 3_055_544_304,
    "openai/whisper-medium.en": 3_055_540_208,
    "openai/whisper-large-v2": 6_173_370_152,
    "openai/whisper-large-v3": 3_087_130_976,
    "openai/whisper-large-v3-turbo": 1_617_824_864,
    # With the parts that served its first training.
    "facebook/wav2vec2-base": 380_267_417,
    "EleutherAI/gpt-neo-125m": 525_979_192,
    "EleutherAI/gpt-neo-1.3B": 1_315_575_808 * 4 + 12 * _MASK,
    "EleutherAI/gpt-neo-2.7B": 2_651_307_520 * 4 + 16 * _MASK,
    # Qwen3's files hold the layer of words twice: once for reading, once for writing.
    "Qwen/Qwen3-0.6B": 1_503_300_328,
    "Qwen/Qwen3-1.7B": 3_441_185_608 + 622_329_984,
    "google/flan-t5-small": 307_867_048,
    "google/flan-t5-base": 990_345_061,
    "google/gemma-3-270m-it": 536_223_056,
    "answerdotai/ModernBERT-base": 598_635_032,
    # Half precision, with the head of its first training.
    "microsoft/deberta-v3-small": 286_059_269,
    "microsoft/deberta-v3-base": 371_146_213,
    "seyonec/ChemBERTa-zinc-base-v1": 178_787_324,
    "thenlper/gte-small": 66_746_168,
}
