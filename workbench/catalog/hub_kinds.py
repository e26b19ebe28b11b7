"""Which of our runtimes opens which kind of Hugging Face model: one table for the live search and for opened folders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HubKind:
    """
    Attributes:
        suffix: how the class named in config.json's `architectures` ends.
        runtime, arch: of the card.
        tasks, trainable_for: of the card.
    """

    suffix: str
    runtime: str
    arch: str
    tasks: tuple[str, ...]
    trainable_for: tuple[str, ...] = ()


# The first one whose suffix fits counts.
KINDS = (
    HubKind(
        "ForSequenceClassification",
        "transformers",
        "AutoModelForSequenceClassification",
        ("text-classification",),
        ("text-classification",),
    ),
    HubKind(
        "ForTokenClassification", "transformers_text", "AutoModelForTokenClassification", ("token-classification",)
    ),
    HubKind(
        "ForQuestionAnsweringSimple", "transformers_text", "AutoModelForQuestionAnswering", ("question-answering",)
    ),
    HubKind("ForQuestionAnswering", "transformers_text", "AutoModelForQuestionAnswering", ("question-answering",)),
    HubKind("ForMaskedLM", "transformers_text", "AutoModelForMaskedLM", ("fill-mask",)),
    HubKind("ForCausalLM", "transformers_writer", "AutoModelForCausalLM", ("text-generation",)),
    HubKind("LMHeadModel", "transformers_writer", "AutoModelForCausalLM", ("text-generation",)),
    HubKind(
        "WhisperForConditionalGeneration", "transformers_sound", "AutoModelForSpeechSeq2Seq", ("speech-recognition",)
    ),
    HubKind("MTModel", "transformers_writer", "AutoModelForSeq2SeqLM", ("translation",)),
    HubKind("MarianMTModel", "transformers_writer", "AutoModelForSeq2SeqLM", ("translation",)),
    HubKind("ForConditionalGeneration", "transformers_writer", "AutoModelForSeq2SeqLM", ("summarisation",)),
    HubKind("ForCTC", "transformers_sound", "AutoModelForCTC", ("speech-recognition",)),
    HubKind(
        "ForAudioClassification", "transformers_sound", "AutoModelForAudioClassification", ("sound-classification",)
    ),
    HubKind(
        "ASTForAudioClassification", "transformers_sound", "AutoModelForAudioClassification", ("sound-classification",)
    ),
    HubKind("ForObjectDetection", "transformers_vision", "AutoModelForObjectDetection", ("object-detection",)),
    HubKind(
        "ForSemanticSegmentation", "transformers_vision", "AutoModelForSemanticSegmentation", ("semantic-segmentation",)
    ),
    HubKind(
        "ForImageClassification",
        "transformers_vision",
        "AutoModelForImageClassification",
        ("image-classification",),
        ("image-classification",),
    ),
    HubKind("Model", "transformers", "AutoModel", ("sentence-embedding", "keyword-extraction"), ("text-classification",)),
)
# model_type of config.json whose bare "…Model" is no text encoder.
_NOT_TEXT = (
    "vit",
    "clip",
    "dino",
    "swin",
    "convnext",
    "wav2vec2",
    "hubert",
    "whisper",
    "resnet",
    "detr",
    "deit",
    "beit",
)


def kind_of(architectures: list[str], model_type: str) -> HubKind | None:
    """The kind of a model by its config.json; None when this app cannot open it."""
    for name in architectures:
        for kind in KINDS:
            if not name.endswith(kind.suffix):
                continue
            if kind.suffix == "Model" and model_type.startswith(_NOT_TEXT):
                continue
            return kind
    return None
