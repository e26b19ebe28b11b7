"""The starters that enlarge against plain (bicubic) enlarging, on the two sample photos made small.

    python benchmarks/enlarging.py [--tfjs FOLDER ...]

Each photo is cut so that its sides can be divided by 24, made small with Pillow's bicubic filter, enlarged, and compared
with the original by PSNR and SSIM (`workbench.trust.picture_quality`). `--tfjs`: folders with the model.json of other
RDN networks of UpscalerJS, to be measured beside them.

Measured (PSNR in dB and SSIM; over the colours / of brightness alone):

    photo       x  bicubic                        enlarge-starter, -x4           esrgan-slim 1.0.0
    china.jpg   2  23.16 0.781 / 24.47 0.786      23.54 0.821 / 24.83 0.828      22.96 0.765 / 24.38 0.779
    china.jpg   3  21.80 0.688 / 23.14 0.699                                     21.86 0.686 / 23.29 0.705
    china.jpg   4  21.17 0.637 / 22.54 0.650      21.22 0.658 / 22.60 0.678      21.15 0.633 / 22.61 0.655
    china.jpg   8  19.82 0.547 / 21.27 0.569                                     19.62 0.531 / 21.18 0.559
    flower.jpg  2  33.49 0.958 / 34.98 0.968      35.53 0.952 / 37.28 0.980      32.55 0.945 / 34.67 0.966
    flower.jpg  3  30.73 0.928 / 32.21 0.942                                     30.54 0.912 / 32.60 0.944
    flower.jpg  4  29.10 0.899 / 30.59 0.916      29.85 0.782 / 32.16 0.935      28.80 0.871 / 30.73 0.914
    flower.jpg  8  25.90 0.826 / 27.42 0.854                                     25.21 0.782 / 26.99 0.832

esrgan-slim, at first meant to be the starter, is no better than bicubic, and at x4 and x8 it cannot be: every point is
repeated 4 or 8 times and only a 3 x 3 convolution follows, so that the points in the middle of such a block are all
alike and the picture looks tiled. What the starters lose by SSIM over the colours of flower.jpg they lose in its blue,
which is nearly black: they make it uneven, where bicubic leaves it flat.
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
