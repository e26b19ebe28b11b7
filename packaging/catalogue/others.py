"""Sound models, picture models of the hub, and models that lie elsewhere."""

from __future__ import annotations

from typing import Any

from catalogue.texts import APACHE, MIT

BSD3 = ("BSD-3-Clause", "https://opensource.org/license/bsd-3-clause")
NVIDIA = ("NVIDIA-SegFormer", "https://github.com/NVlabs/SegFormer/blob/master/LICENSE")
WHISPER_LANGUAGES = [
    ["en", "English"], ["de", "German"], ["fr", "French"], ["es", "Spanish"], ["it", "Italian"], ["pt", "Portuguese"],
    ["nl", "Dutch"], ["sv", "Swedish"], ["pl", "Polish"], ["ru", "Russian"], ["uk", "Ukrainian"], ["tr", "Turkish"],
    ["ar", "Arabic"], ["hi", "Hindi"], ["zh", "Chinese"], ["ja", "Japanese"], ["ko", "Korean"],
]  # fmt: skip


def whisper(
    hidden: int, layers: int, heads: int, vocab: int = 51865, mel: int = 80, decoder: int = 0
) -> dict[str, Any]:
    return {
        "model_type": "whisper",
        "vocab_size": vocab,
        "num_mel_bins": mel,
        "d_model": hidden,
        "encoder_layers": layers,
        "decoder_layers": decoder or layers,
        "encoder_attention_heads": heads,
        "decoder_attention_heads": heads,
        "encoder_ffn_dim": hidden * 4,
        "decoder_ffn_dim": hidden * 4,
    }


def wav2vec(large: bool, norm: str, vocab: int = 32, kind: str = "wav2vec2", **more: Any) -> dict[str, Any]:
    size = (
        {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
        if large
        else {}
    )
    stable = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True} if norm == "layer" else {}
    return {"model_type": kind, "vocab_size": vocab, **size, **stable, **more}


_SPEECH = "Writes down spoken {0}."
_SIZES = [("tiny", 384, 4, 6), ("base", 512, 6, 8), ("small", 768, 12, 12), ("medium", 1024, 24, 16)]


def sounds() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []

    def add(
        id_: str,
        name: str,
        ref: str,
        config: dict[str, Any],
        arch: str,
        task: str,
        licence: tuple[str, str],
        **more: Any,
    ) -> None:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers_sound", "arch": arch, "tasks": [task], "licence": licence, **more})  # fmt: skip

    seq, ctc, kinds = "AutoModelForSpeechSeq2Seq", "AutoModelForCTC", "AutoModelForAudioClassification"
    told = {"trained_on": "680,000 hours of recordings with their transcripts from the web.", "paper": "https://arxiv.org/abs/2212.04356", "family": "Whisper", "strengths": "Robust against noise and accents; writes punctuation.", "limits": "In silence and music it may invent sentences. Weaker in languages that are rare on the web."}  # fmt: skip
    for size, hidden, layers, heads in _SIZES:
        add(
            f"whisper-{size}",
            f"Whisper {size}",
            f"openai/whisper-{size}",
            whisper(hidden, layers, heads),
            seq,
            "speech-recognition",
            APACHE,
            languages=["multilingual"],
            options={"languages": WHISPER_LANGUAGES},
            summary="Writes down speech in about a hundred languages.",
            **told,
        )
        add(
            f"whisper-{size}-en",
            f"Whisper {size}, English",
            f"openai/whisper-{size}.en",
            whisper(hidden, layers, heads, 51864),
            seq,
            "speech-recognition",
            APACHE,
            languages=["en"],
            summary=_SPEECH.format("English"),
            **told,
        )
    add(
        "whisper-large-v3",
        "Whisper large v3",
        "openai/whisper-large-v3",
        whisper(1280, 32, 20, 51866, 128),
        seq,
        "speech-recognition",
        APACHE,
        languages=["multilingual"],
        dtype="float16",
        options={"languages": WHISPER_LANGUAGES},
        summary="Writes down speech in about a hundred languages, most accurately.",
        **told,
    )
    add(
        "whisper-turbo",
        "Whisper large v3 turbo",
        "openai/whisper-large-v3-turbo",
        whisper(1280, 32, 20, 51866, 128, 4),
        seq,
        "speech-recognition",
        MIT,
        languages=["multilingual"],
        dtype="float16",
        options={"languages": WHISPER_LANGUAGES},
        summary="Writes down speech in about a hundred languages; a quicker version of the large model.",
        **told,
    )
    libri = {"languages": ["en"], "summary": _SPEECH.format("English"), "limits": "Learnt from audiobooks read aloud: accents, noise and free talk are harder for it. No punctuation.", "strengths": "Quick, and says when each word was spoken."}  # fmt: skip
    w2v = {"family": "Wav2Vec 2.0", "paper": "https://arxiv.org/abs/2006.11477", **libri}
    add(
        "wav2vec2-base-960h",
        "Wav2Vec 2.0 base",
        "facebook/wav2vec2-base-960h",
        wav2vec(False, "group"),
        ctc,
        "speech-recognition",
        APACHE,
        trained_on="960 hours of English audiobooks (LibriSpeech).",
        **w2v,
    )
    add(
        "wav2vec2-large-960h",
        "Wav2Vec 2.0 large",
        "facebook/wav2vec2-large-960h",
        wav2vec(True, "group"),
        ctc,
        "speech-recognition",
        APACHE,
        trained_on="960 hours of English audiobooks (LibriSpeech).",
        **w2v,
    )
    add(
        "wav2vec2-large-lv60",
        "Wav2Vec 2.0 large, self-taught",
        "facebook/wav2vec2-large-960h-lv60-self",
        wav2vec(True, "layer"),
        ctc,
        "speech-recognition",
        APACHE,
        trained_on="60,000 hours of English audiobooks, 960 of them with text.",
        **w2v,
    )
    add(
        "wav2vec2-xlsr-english",
        "Wav2Vec 2.0 XLSR, English",
        "jonatasgrosman/wav2vec2-large-xlsr-53-english",
        wav2vec(True, "layer", 33),
        ctc,
        "speech-recognition",
        APACHE,
        trained_on="56,000 hours in 53 languages, then English recordings of volunteers (Common Voice).",
        **(
            w2v
            | {
                "limits": "Spells many words as they sound. No punctuation.",
                "strengths": "Heard many speakers and microphones.",
                "paper": "https://arxiv.org/abs/2006.13979",
            }
        ),
    )
    add(
        "hubert-large-ls960",
        "HuBERT large",
        "facebook/hubert-large-ls960-ft",
        wav2vec(True, "layer", kind="hubert"),
        ctc,
        "speech-recognition",
        APACHE,
        trained_on="60,000 hours of English audiobooks, 960 of them with text.",
        family="HuBERT",
        paper="https://arxiv.org/abs/2106.07447",
        **libri,
    )
    add(
        "ast-audioset",
        "Sounds of all kinds (AST)",
        "MIT/ast-finetuned-audioset-10-10-0.4593",
        {"model_type": "audio-spectrogram-transformer", "num_labels": 527},
        kinds,
        "sound-classification",
        BSD3,
        languages=[],
        family="AST",
        options={"multi_label": True},
        summary="Recognises 527 kinds of sounds: speech, music, animals, machines, weather.",
        trained_on="AudioSet: two million ten-second clips of web videos.",
        strengths="Knows many everyday sounds; several can be true at once.",
        limits="Listens to about ten seconds at a time. Rare sounds and distant ones are missed.",
        paper="https://arxiv.org/abs/2104.01778",
    )
    add(
        "hubert-commands",
        "Words of command (HuBERT)",
        "superb/hubert-base-superb-ks",
        wav2vec(False, "group", kind="hubert", num_labels=12, use_weighted_layer_sum=True),
        kinds,
        "sound-classification",
        APACHE,
        languages=["en"],
        family="HuBERT",
        summary="Recognises ten English words of command such as yes, no, stop and go.",
        trained_on="Short recordings of single words by thousands of people (Speech Commands).",
        strengths="Quick to answer.",
        limits="Knows ten words, “unknown” and silence only.",
        paper="https://arxiv.org/abs/2105.01051",
    )
    add(
        "wav2vec2-emotion",
        "Mood of a voice (Wav2Vec 2.0)",
        "superb/wav2vec2-base-superb-er",
        wav2vec(False, "group", num_labels=4, use_weighted_layer_sum=True),
        kinds,
        "sound-classification",
        APACHE,
        languages=["en"],
        family="Wav2Vec 2.0",
        summary="Guesses whether an English voice sounds neutral, happy, sad or angry.",
        trained_on="Twelve hours of acted conversations by ten actors (IEMOCAP).",
        strengths="A beginning for research.",
        limits="Learnt from ten actors: of real people's feelings it knows little. Never use it to judge people.",
        paper="https://arxiv.org/abs/2105.01051",
    )
    return made


def _segformer(widths: list[int], depths: list[int], inside: int) -> dict[str, Any]:
    return {
        "model_type": "segformer",
        "hidden_sizes": widths,
        "depths": depths,
        "decoder_hidden_size": inside,
        "num_labels": 150,
    }


_RESNET = {
    "model_type": "resnet",
    "embedding_size": 64,
    "hidden_sizes": [256, 512, 1024, 2048],
    "depths": [3, 4, 6, 3],
    "layer_type": "bottleneck",
    "out_features": ["stage4"],
}


def vision() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []

    def add(
        id_: str,
        name: str,
        ref: str,
        config: dict[str, Any],
        arch: str,
        task: str,
        licence: tuple[str, str],
        **more: Any,
    ) -> None:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers_vision", "arch": arch, "tasks": [task], "licence": licence, "languages": [], **more})  # fmt: skip

    detect, segment, sort = (
        "AutoModelForObjectDetection",
        "AutoModelForSemanticSegmentation",
        "AutoModelForImageClassification",
    )
    coco = {"trained_on": "COCO: 118,000 photos with boxes around 80 everyday things.", "limits": "Knows 80 everyday things only; small or crowded ones are missed."}  # fmt: skip
    for depth, layers in ((50, [3, 4, 6, 3]), (101, [3, 4, 23, 3])):
        config = {
            "model_type": "detr",
            "use_timm_backbone": False,
            "use_pretrained_backbone": False,
            "backbone": None,
            "backbone_config": _RESNET | {"depths": layers},
            "num_labels": 91,
        }
        add(
            f"detr-resnet-{depth}",
            f"DETR ResNet-{depth}",
            f"facebook/detr-resnet-{depth}",
            config,
            detect,
            "object-detection",
            APACHE,
            family="DETR",
            trainable_for=["object-detection"],
            summary="Finds 80 kinds of everyday things with a transformer.",
            strengths="Few doubled boxes; good on large things.",
            paper="https://arxiv.org/abs/2005.12872",
            **coco,
        )
    add(
        "yolos-tiny",
        "YOLOS tiny",
        "hustvl/yolos-tiny",
        {
            "model_type": "yolos",
            "hidden_size": 192,
            "num_hidden_layers": 12,
            "num_attention_heads": 3,
            "intermediate_size": 768,
            "image_size": [800, 1333],
            "num_detection_tokens": 100,
            "use_mid_position_embeddings": False,
            "num_labels": 91,
        },
        detect,
        "object-detection",
        APACHE,
        family="YOLOS",
        trainable_for=["object-detection"],
        summary="Finds 80 kinds of everyday things with a plain, small transformer.",
        strengths="Small.",
        paper="https://arxiv.org/abs/2106.00666",
        **coco,
    )
    add(
        "yolos-small",
        "YOLOS small",
        "hustvl/yolos-small",
        {
            "model_type": "yolos",
            "hidden_size": 384,
            "num_hidden_layers": 12,
            "num_attention_heads": 6,
            "intermediate_size": 1536,
            "image_size": [512, 864],
            "num_detection_tokens": 100,
            "use_mid_position_embeddings": True,
            "num_labels": 91,
        },
        detect,
        "object-detection",
        APACHE,
        family="YOLOS",
        trainable_for=["object-detection"],
        summary="Finds 80 kinds of everyday things with a plain transformer.",
        strengths="Simple and accurate for its size.",
        paper="https://arxiv.org/abs/2106.00666",
        **coco,
    )
    add(
        "rtdetr-r50",
        "RT-DETR ResNet-50",
        "PekingU/rtdetr_r50vd",
        {"model_type": "rt_detr", "num_labels": 80},
        detect,
        "object-detection",
        APACHE,
        family="RT-DETR",
        summary="Finds 80 kinds of everyday things, quickly and accurately.",
        strengths="Among the most accurate of its speed.",
        paper="https://arxiv.org/abs/2304.08069",
        **coco,
    )
    small, large = [32, 64, 160, 256], [64, 128, 320, 512]
    for number, widths, depths, inside in (
        (0, small, [2, 2, 2, 2], 256),
        (1, large, [2, 2, 2, 2], 256),
        (2, large, [3, 4, 6, 3], 768),
        (3, large, [3, 4, 18, 3], 768),
        (4, large, [3, 8, 27, 3], 768),
        (5, large, [3, 6, 40, 3], 768),
    ):
        side = "640-640" if number == 5 else "512-512"
        add(
            f"segformer-b{number}",
            f"SegFormer B{number} (150 kinds)",
            f"nvidia/segformer-b{number}-finetuned-ade-{side}",
            _segformer(widths, depths, inside),
            segment,
            "semantic-segmentation",
            NVIDIA,
            family="SegFormer",
            summary="Colours a photo by 150 kinds of things and surfaces: wall, sky, road, tree, person.",
            trained_on="ADE20K: 20,000 photos of rooms, streets and landscapes, every point labelled.",
            strengths="Small for its accuracy." if number < 2 else "Accurate.",
            limits="For research only by its licence. Fine outlines are rough.",
            paper="https://arxiv.org/abs/2105.15203",
        )
    photo = {"trained_on": "ImageNet: millions of web photos, finally of 1,000 kinds of things.", "limits": "Knows only its thousand kinds until you train it; people, faces, text and medical pictures are not among them. It always names something, even when nothing fits.", "trainable_for": ["image-classification"], "labels": "imagenet-1k"}  # fmt: skip
    half = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
    add(
        "vit-base-patch16-hub",
        "ViT base (Google)",
        "google/vit-base-patch16-224",
        {"model_type": "vit", "num_labels": 1000},
        sort,
        "image-classification",
        APACHE,
        family="Vision Transformer",
        preparation={"size": 224, "crop": 1.0, "interpolation": "bilinear", **half},
        summary="Reads a picture as a row of patches, the way language models read words.",
        strengths="Very good features for further training.",
        paper="https://arxiv.org/abs/2010.11929",
        **photo,
    )
    add(
        "convnext-tiny-hub",
        "ConvNeXt tiny (Facebook)",
        "facebook/convnext-tiny-224",
        {"model_type": "convnext", "num_labels": 1000},
        sort,
        "image-classification",
        APACHE,
        family="ConvNeXt",
        preparation={"size": 224, "crop": 0.875, "interpolation": "bicubic"},
        summary="A modern design that brings what was learnt from transformers back to classic networks.",
        strengths="Very accurate, learns new classes well.",
        paper="https://arxiv.org/abs/2201.03545",
        **photo,
    )
    return made


def elsewhere() -> list[dict[str, Any]]:
    """Cards with every key given, as their files lie behind plain addresses."""
    real = "https://github.com/xinntao/Real-ESRGAN/releases/download"
    made: list[dict[str, Any]] = []
    yolo = {"runtime": "darknet", "arch": "darknet", "tasks": ["object-detection"], "trainable_for": ["object-detection"], "family": "YOLO", "labels": "coco-80", "licence": ("YOLO", "https://github.com/pjreddie/darknet/blob/master/LICENSE"), "trained_on": "COCO: 118,000 photos with boxes around 80 everyday things.", "limits": "Knows 80 everyday things only. Its maker published the sizes of the files but no checksums, so only damage that changes the size is noticed before loading."}  # fmt: skip
    cfg = "https://raw.githubusercontent.com/pjreddie/darknet/master/cfg"
    for id_, name, file, size, parameters, strengths in (
        (
            "yolov3",
            "YOLOv3",
            "yolov3",
            248007048,
            61_949_149,
            "Quick for its accuracy; the classic of real-time detection.",
        ),
        (
            "yolov3-tiny",
            "YOLOv3 tiny",
            "yolov3-tiny",
            35434956,
            8_852_366,
            "Very quick on any computer; less accurate.",
        ),
    ):
        made.append({**yolo, "id": id_, "name": name, "parameters": parameters, "summary": "Finds 80 kinds of everyday things in one look.", "strengths": strengths, "paper": "https://arxiv.org/abs/1804.02767", "source": {"kind": "url", "ref": "https://pjreddie.com/darknet/yolo/", "size": size, "files": [{"name": f"{file}.cfg", "url": f"{cfg}/{file}.cfg"}, {"name": f"{file}.weights", "url": f"https://pjreddie.com/media/files/{file}.weights", "size": size}]}})  # fmt: skip
    made.append({"id": "brain-unet", "name": "U-Net, brain pictures", "runtime": "unet", "arch": "brain-unet", "tasks": ["semantic-segmentation"], "trainable_for": ["semantic-segmentation"], "family": "U-Net", "parameters": 7763041, "label_names": ["background", "abnormality"], "licence": MIT, "summary": "Marks suspicious areas in MRI slices of the brain, for research.", "trained_on": "MRI slices of 110 people with brain tumours (lower-grade gliomas).", "strengths": "Small, and a good start for other medical areas.", "limits": "For research and teaching: it is no medical device, was trained on one collection of 110 people, and must not be used for diagnosis. Expects three MRI sequences as the three colours.", "paper": "https://arxiv.org/abs/1906.03720", "preparation": {"size": 256}, "source": {"kind": "url", "ref": "https://github.com/mateuszbuda/brain-segmentation-pytorch", "path": "unet-e012d006.pt", "size": 31112632, "files": [{"name": "unet-e012d006.pt", "url": "https://github.com/mateuszbuda/brain-segmentation-pytorch/releases/download/v1.0/unet-e012d006.pt", "sha256": "e012d006"}]}})  # fmt: skip
    enlarge = {"runtime": "spandrel", "tasks": ["super-resolution"], "limits": "Detail is invented, not found: never use it for evidence, plates, faces or medical pictures. Slow without a graphics card.", "trained_on": "Sharp photos that were made small and worse on purpose."}  # fmt: skip
    for id_, name, arch, file, tag, size, parameters, sha, words in (
        (
            "realesrgan-x4",
            "Real-ESRGAN x4",
            "ESRGAN",
            "RealESRGAN_x4plus.pth",
            "v0.1.0",
            67040989,
            16697987,
            "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
            "Makes real photos four times larger and cleaner.",
        ),
        (
            "realesrgan-x2",
            "Real-ESRGAN x2",
            "ESRGAN",
            "RealESRGAN_x2plus.pth",
            "v0.2.1",
            67061725,
            16703171,
            "49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb",
            "Makes real photos twice as large and cleaner.",
        ),
        (
            "realesrgan-anime",
            "Real-ESRGAN x4, drawings",
            "ESRGAN",
            "RealESRGAN_x4plus_anime_6B.pth",
            "v0.2.2.4",
            17938799,
            4467379,
            "f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da",
            "Makes drawings and animation four times larger.",
        ),
        (
            "realesr-general",
            "Real-ESR general x4",
            "SRVGG",
            "realesr-general-x4v3.pth",
            "v0.2.5.0",
            4885111,
            1213296,
            "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
            "Makes pictures four times larger, quickly.",
        ),
        (
            "esrgan-x4",
            "ESRGAN x4",
            "ESRGAN",
            "ESRGAN_SRx4_DF2KOST_official-ff704c30.pth",
            "v0.1.1",
            66958607,
            16697987,
            "ff704c30",
            "Makes sharp pictures four times larger.",
        ),
    ):
        folder = tag
        made.append({**enlarge, "id": id_, "name": name, "arch": arch, "family": "ESRGAN", "parameters": parameters, "licence": BSD3 if "real" in id_ else APACHE, "summary": words, "strengths": "Small and quick." if arch == "SRVGG" else "Sharp and rich in detail.", "paper": "https://arxiv.org/abs/1809.00219" if id_ == "esrgan-x4" else "https://arxiv.org/abs/2107.10833", "source": {"kind": "url", "ref": "https://github.com/xinntao/Real-ESRGAN", "path": file, "size": size, "files": [{"name": file, "url": f"{real}/{folder}/{file}", "sha256": sha}]}})  # fmt: skip
    made.append({"id": "neural-style", "name": "Neural style (VGG-19)", "runtime": "style", "arch": "vgg19", "tasks": ["style-transfer"], "family": "VGG", "parameters": 143667240, "licence": BSD3, "summary": "Repaints your picture step by step until it looks like the style of another.", "trained_on": "ImageNet: its inner pictures of forms and textures are what is used.", "strengths": "Any style; the classic way, with the richest results.", "limits": "Slow: minutes per picture without a graphics card, and an hour or more in the size of a large photo.", "paper": "https://arxiv.org/abs/1508.06576", "source": {"kind": "torchvision", "ref": "VGG19_Weights.IMAGENET1K_V1", "path": "vgg19-dcbb9e9d.pth", "size": 574673361}})  # fmt: skip
    made.append({"id": "neural-style-bn", "name": "Neural style (VGG-19 with batch norm)", "runtime": "style", "arch": "vgg19_bn", "tasks": ["style-transfer"], "family": "VGG", "parameters": 143678248, "licence": BSD3, "summary": "Repaints your picture step by step until it looks like the style of another.", "trained_on": "ImageNet: its inner pictures of forms and textures are what is used.", "strengths": "Softer results than the plain VGG.", "limits": "Slow: minutes per picture without a graphics card, and an hour or more in the size of a large photo.", "paper": "https://arxiv.org/abs/1508.06576", "source": {"kind": "torchvision", "ref": "VGG19_BN_Weights.IMAGENET1K_V1", "path": "vgg19_bn-c79401a0.pth", "size": 574769405}})  # fmt: skip
    for id_, name, kind, size, dtype in (
        ("magenta-style", "Any style at once (Magenta)", "256-fp16", 4708350 + 422086, "float16"),
        ("magenta-style-small", "Any style at once, small (Magenta)", "256-int8", 2828838 + 284398, "int8"),
    ):
        made.append({"id": id_, "name": name, "runtime": "litert_style", "arch": "magenta", "tasks": ["style-transfer"], "family": "Magenta", "licence": APACHE, "dtype": dtype, "summary": "Paints your picture in the style of any other, in one pass.", "trained_on": "80,000 paintings and 6,000 textures.", "strengths": "A second or two, with a slider for the strength.", "limits": "Paints some 384 points at a time: larger pictures are painted in tiles, with strokes as fine as those. A strong style changes what is in the picture.", "paper": "https://arxiv.org/abs/1705.06830", "source": {"kind": "kaggle", "ref": "+".join(f"google/arbitrary-image-stylization-v1/tfLite/{kind}-{part}/1" for part in ("prediction", "transfer")), "size": size, "files": [{"name": "style_predict.tflite"}, {"name": "style_transfer.tflite"}]}})  # fmt: skip
    made.append({"id": "east-text", "name": "EAST text finder", "runtime": "opencv_text", "arch": "EAST", "tasks": ["text-in-pictures"], "family": "EAST", "licence": ("GPL-3.0", "https://github.com/argman/EAST/blob/master/LICENSE"), "summary": "Finds words and lines of text in photos, also askew; the Reading starter then reads them.", "trained_on": "Street photos with marked text (ICDAR 2013 and 2015).", "strengths": "Robust on signs and shop fronts.", "limits": "Only finds text by itself: reading is done by the Reading starter's networks. Misses very long or curved lines.", "paper": "https://arxiv.org/abs/1704.03155", "source": {"kind": "url", "ref": "https://github.com/argman/EAST", "path": "frozen_east_text_detection.pb", "size": 96662756, "files": [{"name": "frozen_east_text_detection.pb", "url": "https://github.com/oyyd/frozen_east_text_detection.pb/raw/master/frozen_east_text_detection.pb", "size": 96662756}]}})  # fmt: skip
    made.append({"id": "deepspeech", "name": "DeepSpeech 0.9.3", "runtime": "deepspeech", "arch": "DeepSpeech", "tasks": ["speech-recognition"], "family": "DeepSpeech", "languages": ["en"], "licence": ("MPL-2.0", "https://www.mozilla.org/MPL/2.0/"), "summary": "Writes down spoken American English.", "trained_on": "About 3,800 hours of English: phone calls, audiobooks and volunteers' recordings.", "strengths": "Small; flat memory however long the recording.", "limits": "Used here without its scorer of words, so it spells as it hears. Clearly less accurate than Whisper. No longer developed.", "paper": "https://arxiv.org/abs/1412.5567", "source": {"kind": "url", "ref": "https://github.com/mozilla/DeepSpeech", "path": "deepspeech-0.9.3-models.tflite", "size": 47331784, "files": [{"name": "deepspeech-0.9.3-models.tflite", "url": "https://github.com/mozilla/DeepSpeech/releases/download/v0.9.3/deepspeech-0.9.3-models.tflite", "size": 47331784}]}})  # fmt: skip
    hosted = {"runtime": "endpoint", "arch": "chat", "family": "Hosted", "licence": ("the provider's terms", "https://openai.com/policies/terms-of-use/"), "languages": ["multilingual"], "trained_on": "Known to the provider only.", "limits": "What you enter leaves this computer and is read by the provider; it may cost money. It invents facts that sound true. It can change or vanish without notice."}  # fmt: skip
    made.append({**hosted, "id": "hosted-openai", "name": "OpenAI (hosted)", "tasks": ["chat", "text-generation"], "summary": "Large models of the GPT family on OpenAI's computers; you need an account and a key.", "strengths": "Far more able than anything that runs at home.", "paper": "https://arxiv.org/abs/2005.14165", "source": {"kind": "endpoint", "ref": "https://api.openai.com/v1", "path": "gpt-4o-mini"}, "options": {"limit_name": "max_completion_tokens"}})  # fmt: skip
    made.append({**hosted, "id": "hosted-gpt3", "name": "GPT-3 base (hosted)", "tasks": ["text-generation"], "summary": "The successor of GPT-3's base model on OpenAI's computers: it goes on with a text.", "strengths": "The plain, large language model of the GPT-3 kind.", "paper": "https://arxiv.org/abs/2005.14165", "source": {"kind": "endpoint", "ref": "https://api.openai.com/v1", "path": "davinci-002"}, "options": {"completions": True}})  # fmt: skip
    made.append({**hosted, "id": "hosted-local", "name": "A server on this computer", "tasks": ["chat", "text-generation"], "summary": "Any OpenAI-compatible server that runs on this computer, such as Ollama or llama.cpp.", "strengths": "Nothing leaves this computer; models in formats this app does not open.", "limits": "You install and start the server yourself.", "licence": ("the model's own", "https://github.com/ollama/ollama"), "paper": "https://arxiv.org/abs/2005.14165", "source": {"kind": "endpoint", "ref": "http://localhost:11434/v1", "path": "llama3.2"}})  # fmt: skip
    return made
