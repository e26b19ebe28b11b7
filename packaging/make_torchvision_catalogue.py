"""Write resources/catalog/torchvision.toml and resources/labels/imagenet-1k.txt from torchvision's own records.

Run by hand when torchvision is updated:  python packaging/make_torchvision_catalogue.py
Sizes, numbers of weights, preparation and accuracy come from torchvision; the words about each family are ours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torchvision import models
from torchvision.transforms.functional import InterpolationMode

ROOT = Path(__file__).resolve().parent.parent
TRAINED_ON = (
    "ImageNet-1k: 1.28 million web photos of 1,000 kinds of animals, plants and objects, collected before 2012."
)
LIMITS = (
    "Knows only its thousand kinds until you train it; people, faces, text and medical pictures are not among them."
    " It always names something, even when nothing fits."
)

# family: (architectures, summary, strengths, extra limits, paper)
FAMILIES: dict[str, tuple[tuple[str, ...], str, str, str, str]] = {
    "AlexNet": (
        ("alexnet",),
        "The network that started the boom of picture recognition in 2012.",
        "Very quick, and good for teaching.",
        "Clearly less accurate than everything that came later.",
        "https://arxiv.org/abs/1404.5997",
    ),
    "VGG": (
        ("vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"),
        "A plain, deep stack of layers whose inner pictures are often used for art and comparison.",
        "Simple; its features follow what people see as similar.",
        "Very large and slow for what it gives.",
        "https://arxiv.org/abs/1409.1556",
    ),
    "ResNet": (
        ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
        "The classic all-rounder of picture recognition, in five depths.",
        "Dependable, well studied, and learns new classes easily.",
        "The deep ones need patience without a graphics card.",
        "https://arxiv.org/abs/1512.03385",
    ),
    "Wide ResNet": (
        ("wide_resnet50_2", "wide_resnet101_2"),
        "ResNet with twice as wide layers.",
        "More accurate than a ResNet of the same depth.",
        "Large.",
        "https://arxiv.org/abs/1605.07146",
    ),
    "ResNeXt": (
        ("resnext50_32x4d", "resnext101_32x8d"),
        "ResNet whose layers work in many parallel groups.",
        "More accurate than ResNet for the same work.",
        "Slow without a graphics card.",
        "https://arxiv.org/abs/1611.05431",
    ),
    "GoogLeNet": (
        ("googlenet",),
        "Google's winner of 2014: looks at a picture in several scales at once.",
        "Small and quick.",
        "Less accurate than newer networks of its size.",
        "https://arxiv.org/abs/1409.4842",
    ),
    "Inception": (
        ("inception_v3",),
        "The successor of GoogLeNet, for larger pictures (299 points wide).",
        "Good accuracy for its size.",
        "Slower than newer networks that are as good.",
        "https://arxiv.org/abs/1512.00567",
    ),
    "DenseNet": (
        ("densenet121", "densenet169", "densenet201"),
        "Every layer sees the results of all layers before it; much used in medical research.",
        "Few weights for its accuracy, learns well from few pictures.",
        "Needs more memory while training than its size suggests.",
        "https://arxiv.org/abs/1608.06993",
    ),
    "MobileNet": (
        ("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
        "Made for phones: small, quick, surprisingly good.",
        "Among the quickest on a computer without a graphics card.",
        "A little less accurate than larger networks.",
        "https://arxiv.org/abs/1905.02244",
    ),
    "EfficientNet": (
        (
            "efficientnet_b0",
            "efficientnet_b1",
            "efficientnet_b2",
            "efficientnet_b3",
            "efficientnet_b4",
            "efficientnet_b5",
            "efficientnet_b6",
            "efficientnet_b7",
            "efficientnet_v2_s",
            "efficientnet_v2_m",
            "efficientnet_v2_l",
        ),
        "A family grown evenly in depth, width and picture size.",
        "Much accuracy for few weights.",
        "The larger ones look at large pictures and are slow.",
        "https://arxiv.org/abs/1905.11946",
    ),
    "MNASNet": (
        ("mnasnet0_5", "mnasnet1_0"),
        "A network for phones, designed by a search program.",
        "Small and quick.",
        "Less accurate than newer small networks.",
        "https://arxiv.org/abs/1807.11626",
    ),
    "ShuffleNet": (
        ("shufflenet_v2_x0_5", "shufflenet_v2_x1_0"),
        "One of the smallest usable picture networks.",
        "Very small and very quick.",
        "The least accurate of the modern networks.",
        "https://arxiv.org/abs/1807.11164",
    ),
    "RegNet": (
        ("regnet_y_400mf", "regnet_y_1_6gf"),
        "A family found by studying thousands of designs.",
        "Quick and dependable.",
        "Nothing special about it beyond that.",
        "https://arxiv.org/abs/2003.13678",
    ),
    "ConvNeXt": (
        ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large"),
        "A modern design that brings what was learnt from transformers back to classic networks.",
        "Very accurate, learns new classes well.",
        "Slow without a graphics card.",
        "https://arxiv.org/abs/2201.03545",
    ),
    "Vision Transformer": (
        ("vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32"),
        "Reads a picture as a row of patches, the way language models read words.",
        "Very good features for further training.",
        "Large; needs a graphics card for full training.",
        "https://arxiv.org/abs/2010.11929",
    ),
    "Swin Transformer": (
        ("swin_t", "swin_s", "swin_b"),
        "A transformer that looks through shifting windows.",
        "Very accurate.",
        "Slow without a graphics card.",
        "https://arxiv.org/abs/2103.14030",
    ),
}
NAMES = {"mobilenet_v3_small": "MobileNet v3 small", "mobilenet_v3_large": "MobileNet v3 large"}


def readable(arch: str, family: str) -> str:
    """ "resnet50" to "ResNet-50"."""
    if arch in NAMES:
        return NAMES[arch]
    plain = {
        "alexnet": "AlexNet",
        "googlenet": "GoogLeNet",
        "inception_v3": "Inception v3",
        "mobilenet_v2": "MobileNet v2",
        "efficientnet_v2_s": "EfficientNet v2 S",
        "efficientnet_v2_m": "EfficientNet v2 M",
        "efficientnet_v2_l": "EfficientNet v2 L",
        "vit_l_16": "ViT-L/16",
        "vit_l_32": "ViT-L/32",
        "swin_b": "Swin-B",
        "convnext_large": "ConvNeXt large",
        "vit_b_16": "ViT-B/16",
        "vit_b_32": "ViT-B/32",
        "swin_t": "Swin-T",
        "swin_s": "Swin-S",
        "wide_resnet50_2": "Wide ResNet-50-2",
        "wide_resnet101_2": "Wide ResNet-101-2",
        "resnext50_32x4d": "ResNeXt-50 32x4d",
        "resnext101_32x8d": "ResNeXt-101 32x8d",
        "mnasnet0_5": "MNASNet 0.5",
        "mnasnet1_0": "MNASNet 1.0",
        "shufflenet_v2_x0_5": "ShuffleNet v2 x0.5",
        "shufflenet_v2_x1_0": "ShuffleNet v2 x1.0",
        "regnet_y_400mf": "RegNet Y 400MF",
        "regnet_y_1_6gf": "RegNet Y 1.6GF",
        "convnext_tiny": "ConvNeXt tiny",
        "convnext_small": "ConvNeXt small",
        "convnext_base": "ConvNeXt base",
    }
    if arch in plain:
        return plain[arch]
    if arch.endswith("_bn"):
        return f"VGG-{arch[3:5]} with batch norm"
    if arch.startswith("efficientnet_b"):
        return f"EfficientNet B{arch[-1]}"
    for prefix in ("vgg", "resnet", "densenet"):
        if arch.startswith(prefix):
            return f"{family}-{arch[len(prefix) :]}"
    raise ValueError(arch)


def entry(arch: str, family: str) -> dict[str, Any]:
    """One card's keys and values."""
    weights = models.get_model_weights(arch).DEFAULT
    meta = weights.meta
    summary, strengths, limits, paper = FAMILIES[family][1:]
    accuracy = meta["_metrics"]["ImageNet-1K"]["acc@1"]
    shape = weights.transforms()
    crop, resize = shape.crop_size[0], shape.resize_size[0]
    size = round(meta["_file_size"] * 1024 * 1024)
    return {
        "id": arch.replace("_", "-"),
        "name": readable(arch, family),
        "arch": arch,
        "family": family,
        # GoogLeNet's record leaves out the helper heads that its file holds.
        "parameters": 13004888 if arch == "googlenet" else meta["num_params"],
        "summary": summary,
        "strengths": f"{strengths} Names {accuracy:.0f} of 100 ImageNet test photos rightly at first guess.",
        "limits": f"{LIMITS} {limits}",
        "paper": paper,
        "minimum_memory": 600_000_000 + meta["num_params"] * 16,
        "source": {"ref": str(weights).replace("get_", ""), "path": weights.url.rpartition("/")[2], "size": size},
        "preparation": {
            "size": crop,
            "crop": round(crop / resize, 6),
            "interpolation": "bicubic" if shape.interpolation == InterpolationMode.BICUBIC else "bilinear",
            "mean": list(shape.mean),
            "std": list(shape.std),
        },
    }


def toml_value(value: Any) -> str:
    """A TOML literal; JSON's strings and numbers are TOML's as well."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


# arch: (runtime, name, family, summary, strengths, limits, paper)
DETECT, SEGMENT = "torchvision_detection", "torchvision_segmentation"
RCNN, RETINA = "https://arxiv.org/abs/1506.01497", "https://arxiv.org/abs/1708.02002"
DENSE: dict[str, tuple[str, str, str, str, str]] = {
    "fasterrcnn_resnet50_fpn": (DETECT, "Faster R-CNN ResNet-50", "Faster R-CNN", "Accurate, a dependable standard.", RCNN),
    "fasterrcnn_resnet50_fpn_v2": (DETECT, "Faster R-CNN ResNet-50 v2", "Faster R-CNN", "The most accurate of torchvision's detectors.", RCNN),
    "fasterrcnn_mobilenet_v3_large_fpn": (DETECT, "Faster R-CNN MobileNet v3", "Faster R-CNN", "Quicker, still accurate.", RCNN),
    "fasterrcnn_mobilenet_v3_large_320_fpn": (DETECT, "Faster R-CNN MobileNet v3, small pictures", "Faster R-CNN", "Quick on any computer.", RCNN),
    "retinanet_resnet50_fpn": (DETECT, "RetinaNet ResNet-50", "RetinaNet", "Good with many small things.", RETINA),
    "retinanet_resnet50_fpn_v2": (DETECT, "RetinaNet ResNet-50 v2", "RetinaNet", "Good with many small things.", RETINA),
    "fcos_resnet50_fpn": (DETECT, "FCOS ResNet-50", "FCOS", "Simple and accurate.", "https://arxiv.org/abs/1904.01355"),
    "ssd300_vgg16": (DETECT, "SSD300", "SSD", "One look at a small picture; a classic.", "https://arxiv.org/abs/1512.02325"),
    "ssdlite320_mobilenet_v3_large": (DETECT, "SSDlite MobileNet v3", "SSD", "Very small and quick: for any computer.", "https://arxiv.org/abs/1801.04381"),
    "fcn_resnet50": (SEGMENT, "FCN ResNet-50", "FCN", "The first of its kind, dependable.", "https://arxiv.org/abs/1411.4038"),
    "fcn_resnet101": (SEGMENT, "FCN ResNet-101", "FCN", "Deeper and a little more accurate.", "https://arxiv.org/abs/1411.4038"),
    "deeplabv3_resnet50": (SEGMENT, "DeepLabV3 ResNet-50", "DeepLabV3", "Accurate outlines.", "https://arxiv.org/abs/1706.05587"),
    "deeplabv3_resnet101": (SEGMENT, "DeepLabV3 ResNet-101", "DeepLabV3", "The most accurate of torchvision's.", "https://arxiv.org/abs/1706.05587"),
    "deeplabv3_mobilenet_v3_large": (SEGMENT, "DeepLabV3 MobileNet v3", "DeepLabV3", "Quick, still good outlines.", "https://arxiv.org/abs/1706.05587"),
    "lraspp_mobilenet_v3_large": (SEGMENT, "LR-ASPP MobileNet v3", "LR-ASPP", "Very quick on any computer.", "https://arxiv.org/abs/1905.02244"),
}  # fmt: skip


def dense() -> str:
    """Detectors and segmenters, with what torchvision measured."""
    lines = ["# Written by packaging/make_torchvision_catalogue.py from torchvision's records; do not edit by hand."]
    for arch, (runtime, name, family, strengths, paper) in DENSE.items():
        weights = models.get_model_weights(arch).DEFAULT
        meta = weights.meta
        finds = runtime == DETECT
        measured = next(iter(meta["_metrics"].values()))
        score = measured["box_map"] if finds else measured["miou"]
        size = round(meta["_file_size"] * 1024 * 1024)
        values = {
            "id": arch.replace("_", "-"),
            "name": name,
            "tasks": ["object-detection" if finds else "semantic-segmentation"],
            "trainable_for": ["object-detection" if finds else "semantic-segmentation"],
            "runtime": runtime,
            "arch": arch,
            "family": family,
            "parameters": meta["num_params"],
            "licence": "BSD-3-Clause",
            "licence_url": "https://github.com/pytorch/vision/blob/main/LICENSE",
            "labels": "coco-91" if finds else "voc-21",
            "summary": "Finds 80 kinds of everyday things: people, animals, vehicles, household goods."
            if finds
            else "Colours 20 kinds of things in a photo: people, animals, vehicles, furniture.",
            "trained_on": "COCO: 118,000 photos with boxes around 80 everyday things."
            if finds
            else "The part of COCO's photos with the 20 kinds of things of the Pascal VOC collection.",
            "strengths": f"{strengths} Reaches {score:.1f} of 100 points on its test photos ({'COCO mAP' if finds else 'mean IoU'}).",
            "limits": "Knows 80 everyday things only; small or crowded ones are missed."
            if finds
            else "Knows 20 kinds of things only; fine parts such as fingers and spokes are rough.",
            "paper": paper,
            "minimum_memory": 1_000_000_000 + meta["num_params"] * 8,
            "source": {
                "kind": "torchvision",
                "ref": str(weights),
                "path": weights.url.rpartition("/")[2],
                "size": size,
            },
            "preparation": {"size": 0 if finds else 520},
        }
        if runtime == SEGMENT:
            values["parameters"] = sum(
                p.numel()
                for p in models.get_model(
                    arch,
                    weights=None,
                    weights_backbone=None,
                    num_classes=21,
                    **({} if arch.startswith("lraspp") else {"aux_loss": True}),
                ).parameters()
            )
        lines += ["", "[[model]]", *(f"{k} = {toml_value(v)}" for k, v in values.items())]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all files."""
    lines = [
        "# Written by packaging/make_torchvision_catalogue.py from torchvision's records; do not edit by hand.",
        "",
        "[defaults]",
        'tasks = ["image-classification"]',
        'trainable_for = ["image-classification"]',
        'runtime = "torchvision"',
        'licence = "BSD-3-Clause"',
        'licence_url = "https://github.com/pytorch/vision/blob/main/LICENSE"',
        'labels = "imagenet-1k"',
        f"trained_on = {json.dumps(TRAINED_ON)}",
        'source = { kind = "torchvision" }',
    ]
    for family, (architectures, *_rest) in FAMILIES.items():
        for arch in architectures:
            lines += ["", "[[model]]", *(f"{k} = {toml_value(v)}" for k, v in entry(arch, family).items())]
    (ROOT / "resources" / "catalog" / "torchvision.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (ROOT / "resources" / "catalog" / "torchvision_dense.toml").write_text(dense(), encoding="utf-8")

    names = list(models.ResNet18_Weights.DEFAULT.meta["categories"])
    # Two names stand for two different things each.
    for index, name in (
        (134, "crane (bird)"),
        (517, "crane (machine)"),
        (638, "maillot (tights)"),
        (639, "maillot (swimsuit)"),
    ):
        names[index] = name
    assert len(set(names)) == 1000, [n for n in names if names.count(n) > 1]
    (ROOT / "resources" / "labels" / "imagenet-1k.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
