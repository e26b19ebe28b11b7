"""The starters that enlarge against plain (bicubic) enlarging, on the two sample photos made small.

    python benchmarks/enlarging.py [--tfjs FOLDER ...]

Each photo is cut so that its sides can be divided by 24, made small with Pillow's bicubic filter, enlarged, and compared
with the original by PSNR and SSIM (`workbench.trust.picture_quality`). `--tfjs`: folders with the model.json of other
RDN networks of UpscalerJS, to be measured beside them.

Measured on 2 cores; dB and SSIM over the colours. The esrgan-slim 1.0.0 models were to be the starters at first. They do
not beat bicubic, and x4 and x8 cannot: every point is repeated 4 or 8 times and only a 3 x 3 convolution follows, so
that the points in the middle of such a block are all alike (the picture looks tiled).

    photo        x  bicubic        enlarge-starter  ...-x4         esrgan-slim
    china.jpg    2  23.00, 0.769   23.39, 0.802                    22.87, 0.759
    china.jpg    4  20.96, 0.602                    21.02, 0.627   20.93, 0.597
    flower.jpg   2  33.04, 0.934   35.10, 0.949                    32.35, 0.931
    flower.jpg   4  28.56, 0.840                    29.37, 0.860   28.30, 0.830
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "packaging")]
from convert_esrgan import converted, options_of, read_weights  # noqa: E402

from workbench.app_paths import resources  # noqa: E402
from workbench.catalog.card import ModelCard, Source  # noqa: E402
from workbench.catalog.catalog import Catalog  # noqa: E402
from workbench.control import Control  # noqa: E402
from workbench.hub.store import files  # noqa: E402
from workbench.runtimes.rdn_runtime import DenseEnlarger, build, expanded  # noqa: E402
from workbench.runtimes.registry import open_model  # noqa: E402
from workbench.tasks.super_resolution import enlarged  # noqa: E402
from workbench.trust.picture_quality import quality  # noqa: E402


def from_tfjs(folder: Path) -> DenseEnlarger:
    """A network of UpscalerJS as the app would compute it."""
    import torch

    arch, options = options_of(read_weights(folder)[0])
    network = build(arch, options)
    network.load_state_dict(expanded({k: torch.from_numpy(v.copy()) for k, v in converted(folder).items()}))
    card = ModelCard(str(folder), str(folder), ("super-resolution",), "rdn", arch, Source("import", "/"))
    return DenseEnlarger(card, network.eval(), options["scale"])


def main() -> None:
    """Print a line for every photo and network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tfjs", type=Path, nargs="*", default=[])
    catalog = Catalog.load()
    models: list[tuple[str, Any]] = [(n, open_model(catalog.get(n), files(catalog.get(n)))) for n in ("enlarge-starter", "enlarge-starter-x4")]  # fmt: skip
    models += [(str(f), from_tfjs(f)) for f in parser.parse_args().tfjs]
    for name in ("china.jpg", "flower.jpg"):
        photo = Image.open(resources() / "samples" / "try" / name).convert("RGB")
        photo = photo.crop((0, 0, photo.width // 24 * 24, photo.height // 24 * 24))
        true = np.asarray(photo)
        for model_name, model in models:
            small = photo.resize((photo.width // model.scale, photo.height // model.scale), Image.Resampling.BICUBIC)
            plain = np.asarray(small.resize(photo.size, Image.Resampling.BICUBIC))
            started = time.perf_counter()
            made = enlarged(np.asarray(small), model, Control())
            seconds = time.perf_counter() - started
            print(f"{name} x{model.scale}  {model_name}: {quality(made, true).words()}, {seconds:.1f} s")
            print(f"{name} x{model.scale}  bicubic: {quality(plain, true).words()}")


if __name__ == "__main__":
    main()
