"""Which of our runtimes opens which kind of Hugging Face model: one table for the live search and for opened folders."""

from __future__ import annotations

from dataclasses import dataclass

# `problem_type` of config.json for a head whose classes are independent of each other.
MULTI_LABEL = "multi_label_classification"


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


_SOUNDS = ("sound-classification",)
# The first one whose suffix fits counts.
KINDS = (
    *(
        HubKind(
            f"{name}ForSequenceClassification",
            "transformers_sound",
            "AutoModelForAudioClassification",
            _SOUNDS,
            _SOUNDS,
        )
        for name in ("Wav2Vec2", "Hubert", "WavLM", "UniSpeechSat")
    ),
    *(
        HubKind(f"{name}{kind}", "transformers_sound", "AutoModel", (), _SOUNDS)
        for name in ("Wav2Vec2", "Hubert", "WavLM")
        for kind in ("Model", "ForPreTraining")
    ),
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
        "ForQuestionAnsweringSimple",
        "transformers_text",
        "AutoModelForQuestionAnswering",
        ("question-answering",),
        ("question-answering",),
    ),
    HubKind(
        "ForQuestionAnswering",
        "transformers_text",
        "AutoModelForQuestionAnswering",
        ("question-answering",),
        ("question-answering",),
    ),
    HubKind("ForMaskedLM", "transformers_text", "AutoModelForMaskedLM", ("fill-mask",)),
    HubKind("ForCausalLM", "transformers_writer", "AutoModelForCausalLM", ("text-generation",)),
    HubKind("LMHeadModel", "transformers_writer", "AutoModelForCausalLM", ("text-generation",)),
    HubKind(
        "WhisperForConditionalGeneration", "transformers_sound", "AutoModelForSpeechSeq2Seq", ("speech-recognition",)
    ),
    HubKind("MTModel", "transformers_writer", "AutoModelForSeq2SeqLM", ("translation",), ("translation",)),
    HubKind("MarianMTModel", "transformers_writer", "AutoModelForSeq2SeqLM", ("translation",), ("translation",)),
    HubKind(
        "ForConditionalGeneration",
        "transformers_writer",
        "AutoModelForSeq2SeqLM",
        ("summarisation",),
        ("summarisation", "translation"),
    ),
    HubKind("ForCTC", "transformers_sound", "AutoModelForCTC", ("speech-recognition",)),
    HubKind("ForAudioClassification", "transformers_sound", "AutoModelForAudioClassification", _SOUNDS, _SOUNDS),
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
    HubKind(
        "Model", "transformers", "AutoModel", ("sentence-embedding", "keyword-extraction"), ("text-classification",)
    ),
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
