"""An architecture without its weights: built from a card alone, in no memory, to be looked at and counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.errors import UserError

if TYPE_CHECKING:
    from torch import nn


def network_of(name: str, arch: str, **smaller: Any) -> nn.Module:
    """The transformers network of a config under resources/catalog/configs.

    Args:
        arch: the "AutoModel…" class, or a class's own name.
        smaller: config values to replace (tests scale networks down).

    Raises:
        UserError: when there is no such config.
    """
    import transformers

    file = resources() / "catalog" / "configs" / f"{name}.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("The description of this architecture is missing.", "Install the app again.") from error
    values = {**values, **smaller}
    config = transformers.AutoConfig.for_model(values.pop("model_type"), **values)
    if arch == "ChronosBolt":
        from workbench.runtimes.chronos_bolt_runtime import make_net, patches_of

        return make_net(config, patches_of(values["chronos_config"]))
    built: Any = getattr(transformers, arch).from_config(config)
    if values.get("tie_word_embeddings") is False and config.model_type == "t5":
        # FLAN-T5's files hold an output layer of their own. The library shares it with the words until it has seen such
        # a file, and a network without numbers has seen none.
        from torch import nn

        built.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
    network: nn.Module = built
    return network


def count_parameters(name: str, arch: str) -> int:
    """Weights of an architecture, those used twice counted once."""
    import torch

    with torch.device("meta"):
        return sum(p.numel() for p in network_of(name, arch).parameters())


def blueprint(card: ModelCard) -> nn.Module:
    """A card's network on torch's meta device: shapes, no numbers.

    Raises:
        UserError: when this kind of model is not made of torch layers, or cannot be built without its files.
    """
    import torch

    try:
        with torch.device("meta"):
            return _built(card)
    except NotImplementedError:  # a few networks look at numbers while they are built
        return _built(card)


def _built(card: ModelCard) -> nn.Module:
    from workbench.catalog.catalog import label_names

    if card.config:
        return network_of(card.config, card.arch)
    if card.runtime == "timm":
        import timm

        made: nn.Module = timm.create_model(card.arch, pretrained=False, num_classes=len(label_names(card)))
        return made
    if card.runtime in ("torchvision", "style"):
        from torchvision import models

        # These two would draw numbers for a minute, where there are to be none.
        quickly = {"init_weights": False} if card.arch in ("googlenet", "inception_v3") else {}
        whole: nn.Module = models.get_model(card.arch, weights=None, **quickly)
        return whole
    if card.runtime.startswith("torchvision_"):
        from torchvision import models

        classes = len(label_names(card))
        if card.runtime == "torchvision_detection":
            from workbench.runtimes.torchvision_detection_runtime import network_of as detector_of

            detector: nn.Module = detector_of(card.arch, classes)
            return detector
        options: dict[str, Any] = {"weights": None, "weights_backbone": None, "num_classes": classes}
        if not card.arch.startswith("lraspp"):
            options["aux_loss"] = True
        dense: nn.Module = models.get_model(card.arch, **options)
        return dense
    if card.runtime == "rdn":
        from workbench.runtimes.rdn_runtime import build as residual_dense

        return residual_dense(card.arch, card.options)
    if card.arch == "brain-unet":
        from workbench.runtimes.unet_runtime import brain_unet

        return brain_unet()
    raise UserError(f"How “{card.name}” is built can be seen once it is on this computer.", "Download it first.")
