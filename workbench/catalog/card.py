"""`ModelCard`: everything known about a model without its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SourceKind = Literal[
    "wheel", "bundled", "torchvision", "timm", "huggingface", "url", "kaggle", "folder", "import", "endpoint"
]
# Kinds whose files come over the network when the person asks for them.
DOWNLOADED = ("torchvision", "timm", "huggingface", "url", "kaggle")
# Kinds of the person's own models.
OWN = ("folder", "import", "endpoint")


@dataclass(frozen=True)
class SourceFile:
    """One file of a model that comes from plain addresses.

    Attributes:
        name: what it is called on this computer.
        url: where it is fetched from.
        size: bytes; 0 when not known.
        sha256: hex digest, or its first digits; "" when the publisher gives none.
    """

    name: str
    url: str
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Source:
    """Where the weights come from.

    Attributes:
        kind: which module of `workbench.hub.sources` fetches it.
        ref: wheel: the import name of the package; torchvision: the official weights name
            ("ResNet50_Weights.IMAGENET1K_V2"); huggingface, timm: "owner/name"; url, bundled: a page about the files;
            kaggle: "owner/model/framework/variation/version"; folder, import: an absolute path; endpoint: the
            server's address ("https://…/v1").
        path: wheel: file or folder inside the package; bundled: the file under resources/starter; torchvision: the
            file's name; huggingface, url, kaggle,
            import: the weights file when the runtime opens a file and not the folder; endpoint: the model's name
            on the server.
        revision: huggingface: commit hash or branch.
        size: bytes to download (or on disk); 0 when not known.
        sha256: of the weights file where known.
        files: url: every file; huggingface: names of the files to fetch, when they are not the usual ones.
    """

    kind: SourceKind
    ref: str
    path: str = ""
    revision: str = ""
    size: int = 0
    sha256: str = ""
    files: tuple[SourceFile, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes a tensor, or a text becomes tokens.

    Attributes:
        size: height and width in pixels of the square the network sees (pictures).
        crop: share of the shorter side that is kept by the centre crop, 0..1 (pictures).
        interpolation: "bilinear" or "bicubic" (pictures).
        mean, std: per channel RGB, for values in 0..1 (pictures).
        max_tokens: longest text the network sees at once (texts).
        pooling: "mean" or "cls": how token vectors become one vector (texts).
        window: centre and width through which it was taught pictures with more than 256 greys (16 bits, CT); None: as
            each file says.
    """

    size: int = 224
    crop: float = 0.875
    interpolation: str = "bilinear"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    max_tokens: int = 256
    pooling: str = "mean"
    window: tuple[float, float] | None = None


@dataclass(frozen=True)
class ModelCard:
    """One model of the catalogue, or one of the person's own.

    Attributes:
        id: unique, stable, lower-case with dashes: what a command line and a project name it by.
        tasks: ids of the tasks it can do as it is ("image-classification"). Best one first.
        trainable_for: ids of the tasks it can be fine-tuned for.
        runtime: which module of `workbench.runtimes` opens it ("timm", "torchvision", "transformers", …).
        arch: the architecture's name for that runtime ("tf_efficientnet_lite0", "resnet50", "AutoModel").
        options: what else that runtime must know (plain values by name).
        config: name of a file under resources/catalog/configs that describes the architecture (transformers).
        parameters: number of weights.
        dtype: of the published weights ("float32", "float16", "bfloat16", "int8").
        licence: SPDX id, or the licence's own name.
        labels: "imagenet-1k" (a list under resources/labels) or "" when `label_names` says it or it has no head.
        label_names: its own class names, in order of the logits; empty when it has none.
        minimum_memory: bytes of free memory needed to use it.
        gated: the publisher asks for an account and consent before the download.
        training_data: licence or terms of the data it was trained on where they bind the user; else empty.
        base: id of the card it was fine-tuned from; empty for a catalogue entry.
        created: ISO 8601 time for the person's own models, else empty.
        metrics: for the person's own: headline numbers measured at the end of its run.
    """

    id: str
    name: str
    tasks: tuple[str, ...]
    runtime: str
    arch: str
    source: Source
    family: str = ""
    trainable_for: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    config: str = ""
    parameters: int = 0
    dtype: str = "float32"
    licence: str = ""
    licence_url: str = ""
    preparation: Preparation = field(default_factory=Preparation)
    languages: tuple[str, ...] = ()
    labels: str = ""
    label_names: tuple[str, ...] = ()
    summary: str = ""
    trained_on: str = ""
    strengths: str = ""
    limits: str = ""
    paper: str = ""
    minimum_memory: int = 0
    starter: bool = False
    gated: bool = False
    training_data: str = ""
    base: str = ""
    created: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def is_own(self) -> bool:
        """True for a model the person made or imported."""
        # Hosted models stand in the catalogue too; one that was connected has the time when that was.
        return self.source.kind in OWN and (self.source.kind != "endpoint" or bool(self.created))

    @property
    def main_task(self) -> str:
        """Id of what it is for: its first task, or what it can be taught when it can do nothing as it is."""
        return (self.tasks or self.trainable_for)[0]

    @property
    def is_downloaded(self) -> bool:
        """True when its files come over the network."""
        return self.source.kind in DOWNLOADED

    @property
    def is_remote(self) -> bool:
        """True when what is given to it leaves this computer."""
        return self.source.kind == "endpoint"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ModelCard:
        """Read a card written by `to_json` (or by a catalogue's TOML). Unknown keys are left out.

        Raises:
            UserError: when a needed key is missing or of the wrong kind.
        """
        from workbench.catalog.reader import card_from_dict

        return card_from_dict(data)
