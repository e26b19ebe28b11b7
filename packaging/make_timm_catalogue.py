"""Write resources/catalog/timm.toml from timm's own records of its published weights.

Run by hand when timm is updated:  python packaging/make_timm_catalogue.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import timm
import torch

ROOT = Path(__file__).resolve().parent.parent
TRAINED_ON = (
    "ImageNet-1k: 1.28 million web photos of 1,000 kinds of animals, plants and objects, collected before 2012."
)
MORE = "ImageNet-21k (14 million web photos of 21,000 kinds), then ImageNet-1k (1,000 kinds)."
TWELVE = "The 12,000 best filled kinds of ImageNet-21k (12 million web photos), then ImageNet-1k (1,000 kinds)."
LIMITS = (
    "Knows only its thousand kinds until you train it; people, faces, text and medical pictures are not among them."
    " It always names something, even when nothing fits."
)
LICENCES = {
    "apache-2.0": ("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    "mit": ("MIT", "https://opensource.org/license/mit"),
    "bsd-3-clause": ("BSD-3-Clause", "https://opensource.org/license/bsd-3-clause"),
    "cc-by-nc-4.0": ("CC-BY-NC-4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
}
# timm's name: (name, family, summary, strengths, paper)
MODELS: dict[str, tuple[str, str, str, str, str]] = {
    "inception_resnet_v2.tf_in1k": ("Inception-ResNet v2", "Inception", "Google's mixture of Inception and ResNet.", "Accurate; much used in research.", "1602.07261"),
    "inception_v4.tf_in1k": ("Inception v4", "Inception", "The last plain Inception.", "Accurate.", "1602.07261"),
    "resnet50.a1_in1k": ("ResNet-50, trained anew", "ResNet", "The classic ResNet-50 with today's training.", "Clearly better than the old weights at the same speed.", "2110.00476"),
    "resnet18.a1_in1k": ("ResNet-18, trained anew", "ResNet", "The small ResNet with today's training.", "Quick on any computer.", "2110.00476"),
    "resnet34.a1_in1k": ("ResNet-34, trained anew", "ResNet", "A middling ResNet with today's training.", "Quick, dependable.", "2110.00476"),
    "densenet121.ra_in1k": ("DenseNet-121, trained anew", "DenseNet", "DenseNet with better training.", "Few weights for its accuracy.", "1608.06993"),
    "mobilenetv2_100.ra_in1k": ("MobileNet v2, trained anew", "MobileNet", "Made for phones, with better training.", "Small and quick.", "1801.04381"),
    "mobilenetv3_large_100.ra_in1k": ("MobileNet v3 large, trained anew", "MobileNet", "Made for phones, with better training.", "Small and quick.", "1905.02244"),
    "mobilenetv3_small_100.lamb_in1k": ("MobileNet v3 small, trained anew", "MobileNet", "The smallest MobileNet v3.", "Very quick.", "1905.02244"),
    "mobilenetv4_conv_small.e2400_r224_in1k": ("MobileNet v4 small", "MobileNet", "Today's network for phones.", "Among the best for its speed.", "2404.10518"),
    "mobilenetv4_conv_medium.e500_r256_in1k": ("MobileNet v4 medium", "MobileNet", "Today's network for phones, larger.", "Among the best for its speed.", "2404.10518"),
    "efficientnet_b0.ra_in1k": ("EfficientNet B0, trained anew", "EfficientNet", "The smallest EfficientNet with better training.", "Much accuracy for few weights.", "1905.11946"),
    "efficientnet_b1.ft_in1k": ("EfficientNet B1, trained anew", "EfficientNet", "EfficientNet with better training.", "Much accuracy for few weights.", "1905.11946"),
    "efficientnet_b2.ra_in1k": ("EfficientNet B2, trained anew", "EfficientNet", "EfficientNet with better training.", "Much accuracy for few weights.", "1905.11946"),
    "efficientnetv2_rw_s.ra2_in1k": ("EfficientNet v2 S, trained anew", "EfficientNet", "The second EfficientNet.", "Accurate and quick to train.", "2104.00298"),
    "tf_efficientnet_lite4.in1k": ("EfficientNet Lite 4", "EfficientNet-Lite", "The large brother of the built-in picture starter.", "Accurate and plain enough for any device.", "1905.11946"),
    "vit_tiny_patch16_224.augreg_in21k_ft_in1k": ("ViT tiny", "Vision Transformer", "The smallest vision transformer.", "Quick for a transformer.", "2106.10270"),
    "vit_small_patch16_224.augreg_in21k_ft_in1k": ("ViT small", "Vision Transformer", "A small vision transformer.", "Very good features for further training.", "2106.10270"),
    "vit_base_patch16_224.augreg2_in21k_ft_in1k": ("ViT base", "Vision Transformer", "The usual vision transformer.", "Very good features for further training.", "2106.10270"),
    "deit_tiny_patch16_224.fb_in1k": ("DeiT tiny", "Vision Transformer", "A small transformer trained with a teacher.", "Small.", "2012.12877"),
    "deit_small_patch16_224.fb_in1k": ("DeiT small", "Vision Transformer", "A transformer trained with a teacher.", "Good for its size.", "2012.12877"),
    "deit_base_patch16_224.fb_in1k": ("DeiT base", "Vision Transformer", "A large transformer trained with a teacher.", "Accurate.", "2012.12877"),
    "convnext_atto.d2_in1k": ("ConvNeXt atto", "ConvNeXt", "The tiniest ConvNeXt.", "Very small for its accuracy.", "2201.03545"),
    "convnext_pico.d1_in1k": ("ConvNeXt pico", "ConvNeXt", "A very small ConvNeXt.", "Small and accurate.", "2201.03545"),
    "convnext_nano.in12k_ft_in1k": ("ConvNeXt nano", "ConvNeXt", "A small ConvNeXt with much training.", "Very accurate for its size.", "2201.03545"),
    "convnext_tiny.in12k_ft_in1k": ("ConvNeXt tiny, more training", "ConvNeXt", "ConvNeXt with much training.", "Very accurate.", "2201.03545"),
    "swin_tiny_patch4_window7_224.ms_in1k": ("Swin tiny", "Swin Transformer", "A transformer that looks through shifting windows.", "Accurate.", "2103.14030"),
    "xception41.tf_in1k": ("Xception 41", "Xception", "Google's network of separated convolutions.", "Accurate for its size.", "1610.02357"),
    "regnety_016.tv2_in1k": ("RegNet Y 1.6GF, trained anew", "RegNet", "A design found by studying thousands.", "Quick and dependable.", "2003.13678"),
    "resnet101.a1h_in1k": ("ResNet-101, trained anew", "ResNet", "A deep ResNet with today's training.", "Clearly better than the old weights at the same speed.", "2110.00476"),
    "resnet152.a1h_in1k": ("ResNet-152, trained anew", "ResNet", "The deepest classic ResNet with today's training.", "Clearly better than the old weights at the same speed.", "2110.00476"),
    "seresnext50_32x4d.racm_in1k": ("SE-ResNeXt-50", "ResNet", "A ResNet that weighs its channels anew for each picture.", "More accurate than ResNet-50 at nearly its speed.", "1709.01507"),
    "densenet169.tv_in1k": ("DenseNet-169 (timm)", "DenseNet", "DenseNet with torchvision's weights.", "Few weights for its accuracy.", "1608.06993"),
    "densenet201.tv_in1k": ("DenseNet-201 (timm)", "DenseNet", "The deepest usual DenseNet with torchvision's weights.", "Few weights for its accuracy.", "1608.06993"),
    "efficientnet_b3.ra2_in1k": ("EfficientNet B3, trained anew", "EfficientNet", "A larger EfficientNet with better training.", "Much accuracy for few weights.", "1905.11946"),
    "efficientnet_b4.ra2_in1k": ("EfficientNet B4, trained anew", "EfficientNet", "A still larger EfficientNet with better training.", "Much accuracy for few weights.", "1905.11946"),
    "vit_base_patch32_224.augreg_in21k_ft_in1k": ("ViT base, large patches", "Vision Transformer", "The usual vision transformer with coarser patches.", "Four times quicker than with fine patches.", "2106.10270"),
    "vit_large_patch16_224.augreg_in21k_ft_in1k": ("ViT large", "Vision Transformer", "A large vision transformer.", "Excellent features for further training.", "2106.10270"),
    "deit3_small_patch16_224.fb_in22k_ft_in1k": ("DeiT III small", "Vision Transformer", "A small transformer with a newer recipe.", "More accurate than DeiT small.", "2204.07118"),
    "eva02_small_patch14_336.mim_in22k_ft_in1k": ("EVA-02 small", "EVA-02", "A small transformer that learnt from a giant one.", "The most accurate of its size here.", "2303.11331"),
    "convnext_small.in12k_ft_in1k": ("ConvNeXt small, more training", "ConvNeXt", "ConvNeXt with much training.", "Very accurate.", "2201.03545"),
    "convnext_base.fb_in22k_ft_in1k": ("ConvNeXt base, more training", "ConvNeXt", "A large ConvNeXt with much training.", "Very accurate.", "2201.03545"),
    "convnextv2_tiny.fcmae_ft_in22k_in1k": ("ConvNeXt v2 tiny", "ConvNeXt", "The second ConvNeXt, which first learnt to fill in hidden parts of pictures.", "Very accurate for its size.", "2301.00808"),
}  # fmt: skip


def main() -> None:
    """Write the file anew; a name timm no longer has stops it."""
    lines = [
        "# Written by packaging/make_timm_catalogue.py from timm's records; do not edit by hand.", "", "[defaults]",
        'tasks = ["image-classification"]', 'trainable_for = ["image-classification"]', 'runtime = "timm"',
        'labels = "imagenet-1k"', f"limits = {json.dumps(LIMITS)}", 'source = { kind = "timm" }',
    ]  # fmt: skip
    for name, (title, family, summary, strengths, paper) in MODELS.items():
        cfg: Any = timm.get_pretrained_cfg(name)
        assert cfg is not None and cfg.num_classes == 1000 and cfg.hf_hub_id == f"timm/{name}", name
        with torch.device("meta"):
            network = timm.create_model(name.partition(".")[0], pretrained=False, num_classes=1000)
        parameters = sum(p.numel() for p in network.parameters())
        held = sum(t.numel() * t.element_size() for t in network.state_dict().values())
        licence, address = LICENCES[str(cfg.license)]
        crop = float(cfg.crop_pct)
        values = {
            "id": f"timm-{name.partition('.')[0].replace('_', '-')}", "name": title, "arch": name.partition(".")[0], "family": family,
            "parameters": parameters, "licence": licence, "licence_url": address,
            "summary": summary, "trained_on": TWELVE if "in12k" in name else MORE if "in21k" in name or "in22k" in name else TRAINED_ON, "strengths": strengths,
            "paper": f"https://arxiv.org/abs/{paper}", "minimum_memory": 600_000_000 + parameters * 16,
            "source": {"ref": f"timm/{name}", "size": held},
            "preparation": {
                "size": int(cfg.input_size[-1]), "crop": round(crop, 6),
                "interpolation": "bicubic" if cfg.interpolation == "bicubic" else "bilinear", "mean": list(cfg.mean), "std": list(cfg.std),
            },
        }  # fmt: skip

        def value(v: Any) -> str:
            return (
                "{ " + ", ".join(f"{k} = {value(x)}" for k, x in v.items()) + " }"
                if isinstance(v, dict)
                else json.dumps(v, ensure_ascii=False)
            )

        lines += ["", "[[model]]", *(f"{k} = {value(v)}" for k, v in values.items())]
    (ROOT / "resources" / "catalog" / "timm.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
