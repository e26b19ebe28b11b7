"""Small detectors with random weights, for tests of teaching and exporting them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent / "catalog"))
from darknet_cfgs import darknet_cfg

from workbench.catalog.card import ModelCard, Source
from workbench.runtimes import darknet_net
from workbench.runtimes.darknet_runtime import DarknetDetector
from workbench.runtimes.torchvision_boxes import TorchvisionDetector
from workbench.runtimes.torchvision_detection_runtime import network_of

COCO = ("__background__", *(f"thing {n}" for n in range(1, 90)), "cat")
KINDS = ("ssdlite", "faster", "retina", "fcos")


def card(runtime: str, arch: str, labels: tuple[str, ...] = ()) -> ModelCard:
    return ModelCard(
        "m", "M", ("object-detection",), runtime, arch, Source("import", "/"), label_names=labels,
        trainable_for=("object-detection",),
    )  # fmt: skip


class _Levels(torch.nn.Module):
    """A very small backbone with features at strides 8, 16 and 32."""

    out_channels = 32

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Sequential(torch.nn.Conv2d(3, 32, 9, 8, 4), torch.nn.BatchNorm2d(32), torch.nn.ReLU())
        self.second = torch.nn.Conv2d(32, 32, 3, 2, 1)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        one = self.first(x)
        two = self.second(one)
        return {"0": one, "1": two, "pool": two[:, :, ::2, ::2]}


def torchvision_model(kind: str) -> TorchvisionDetector:
    from torchvision.models.detection import FCOS, FasterRCNN, RetinaNet
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.ops import MultiScaleRoIAlign

    torch.manual_seed(1)
    sizes, network = ((16,), (32,), (64,)), None
    size: dict[str, Any] = {"min_size": 96, "max_size": 160}
    if kind == "ssdlite":
        network = network_of("ssdlite320_mobilenet_v3_large", len(COCO))
    elif kind == "faster":
        network = FasterRCNN(
            _Levels(), len(COCO), rpn_anchor_generator=AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * 3),
            box_roi_pool=MultiScaleRoIAlign(["0", "1"], 7, 2), **size,
        )  # fmt: skip
    elif kind == "retina":
        network = RetinaNet(
            _Levels(), len(COCO), anchor_generator=AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * 3), **size
        )
    else:
        network = FCOS(
            _Levels(), len(COCO), anchor_generator=AnchorGenerator(((8,), (16,), (32,)), ((1.0,),) * 3), **size
        )
    return TorchvisionDetector(card("torchvision_detection", kind), network, COCO)


def darknet_model(tiny: bool = True) -> DarknetDetector:
    torch.manual_seed(4)
    sections = darknet_net.parse_cfg(darknet_cfg(tiny, classes=3))
    network = darknet_net.build(sections)
    return DarknetDetector(card("darknet", "darknet"), network, ("cat", "dog", "owl"), sections)


def detr_folder(kind: str, folder: Path) -> Path:
    """A very small network with its image processor, as its maker would publish it."""
    import transformers

    torch.manual_seed(6)
    names = {0: "N/A", 1: "cat", 2: "dog"}
    known = {"id2label": names, "label2id": {v: k for k, v in names.items()}}
    if kind == "detr":
        backbone = transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic",
            out_features=["stage4"],
        )  # fmt: skip
        config: Any = transformers.DetrConfig(
            d_model=32, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=6,
            encoder_attention_heads=2, decoder_attention_heads=2, use_timm_backbone=False, backbone=None,
            use_pretrained_backbone=False, backbone_config=backbone, **known,
        )  # fmt: skip
        network: Any = transformers.DetrForObjectDetection(config)
        processor: Any = transformers.DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    else:
        config = transformers.YolosConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=[64, 96],
            num_detection_tokens=6, **known,
        )  # fmt: skip
        network = transformers.YolosForObjectDetection(config)
        processor = transformers.YolosImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
