"""Write the bundled picture samples from scikit-learn's data. Run by hand; needs scikit-learn and Pillow.

resources/samples/digits: 400 handwritten digits, a folder per class.
resources/samples/try: two photos to try a model on.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn import datasets

SAMPLES = Path(__file__).resolve().parent.parent / "resources" / "samples"
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PER_CLASS = 40
SIDE = 96


def main() -> None:
    """Write both folders."""
    digits = datasets.load_digits()
    target = SAMPLES / "digits"
    shutil.rmtree(target, ignore_errors=True)
    taken = [0] * 10
    for values, label in zip(digits.images, digits.target, strict=True):
        if taken[label] >= PER_CLASS:
            continue
        taken[label] += 1
        # Ink on paper: the records hold 0 for paper and 16 for ink.
        grey = (255 - values / 16 * 235).astype(np.uint8)
        picture = Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        folder = target / NAMES[label]
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{NAMES[label]}-{taken[label]:02d}.png", optimize=True)
    make_table()
    photos = SAMPLES / "try"
    photos.mkdir(parents=True, exist_ok=True)
    source = Path(datasets.__file__).parent / "images"
    for name in ("china.jpg", "flower.jpg"):
        shutil.copy(source / name, photos / name)


def make_table() -> None:
    """A table of tumours: ten measurements of each (their means), and what it turned out to be."""
    found = datasets.load_breast_cancer(as_frame=True)
    table = found.frame[[c for c in found.frame.columns if c.startswith("mean ")]].copy()
    table.columns = [c.removeprefix("mean ") for c in table.columns]
    table["diagnosis"] = [str(found.target_names[t]) for t in found.frame["target"]]
    table.to_csv(SAMPLES / "tumours.csv", index=False)


if __name__ == "__main__":
    main()
