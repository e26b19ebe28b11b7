"""Sound networks of transformers: speech to text (CTC, Whisper), and kinds of sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes import transformers_sound_network as sounds
from workbench.runtimes.base import Loaded
from workbench.runtimes.ctc_transcriber import CtcTranscriber
from workbench.runtimes.hf_loading import LOCAL, load_network, load_part
from workbench.runtimes.whisper import WhisperTranscriber


def spells(card: ModelCard) -> bool:
    """Its letters can be helped by the usual order of words."""
    return card.arch == "AutoModelForCTC"


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config, feature extractor (and tokenizer) and weights; no code of others is run.

    Raises:
        UserError: when it is incomplete, damaged, or of an architecture that is not known.
    """
    if card.arch in sounds.KINDS:
        return sounds.open_network(card, path)
    model = load_network(card.arch, path, card.name)
    if card.arch == "AutoModelForSpeechSeq2Seq":
        return WhisperTranscriber(card, model, load_part("AutoProcessor", path, card.name))
    extractor = load_part("AutoFeatureExtractor", path, card.name)
    if card.arch == "AutoModelForCTC":
        return CtcTranscriber(card, model, extractor, load_part("AutoTokenizer", path, card.name))
    raise UserError(f"The network of “{card.name}” is of a kind this version cannot open.", "Update the app.")


def build(card: ModelCard, folder: Path) -> Loaded:
    """The bare network of an own model; its weights are loaded by the caller.

    Raises:
        UserError: when its files are damaged, or it is of another kind.
    """
    import transformers

    if card.arch in sounds.KINDS:
        return sounds.build(card, folder)
    if card.arch != "AutoModelForCTC":
        raise UserError(f"The network of “{card.name}” is of a kind this version cannot open.", "Update the app.")
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        network = transformers.AutoModelForCTC.from_config(config)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    extractor = load_part("AutoFeatureExtractor", folder, card.name)
    return CtcTranscriber(card, network, extractor, load_part("AutoTokenizer", folder, card.name))


def save_extras(model: Any, folder: Path) -> None:
    """What such a model needs beside its weights: config, letters, and how waves are prepared."""
    if isinstance(model, sounds.HubSoundNetwork):
        sounds.save_extras(model, folder)
        return
    model.network.config.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    model.extractor.save_pretrained(folder)
