"""Write the synthetic set on which detection and segmentation are tested: shapes with shadows on pieces of photographs.

    python packaging/make_shapes.py FOLDER [--count 200] [--side 160] [--first 0]

FOLDER gets images/*.png, annotations.json (COCO: boxes and outlines) and masks/*.png (a pixel's value is the class, 0 for
none). The same numbers give the same files.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from PIL import Image  # noqa: E402
from shapes_set import CLASSES, Scene, write  # noqa: E402

from workbench.data.shapes import area  # noqa: E402


def coco(found: list[tuple[Path, Scene]]) -> dict[str, object]:
    """The scenes' truths as COCO's JSON."""
    images, annotations = [], []
    for number, (path, scene) in enumerate(found, start=1):
        height, width = scene.pixels.shape[:2]
        images.append({"id": number, "file_name": path.name, "width": width, "height": height})
        for name, box, outline in zip(scene.names, scene.boxes, scene.outlines, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1 + CLASSES.index(name),
                    "bbox": [round(v, 2) for v in (box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0)],
                    "area": round(area(outline), 2),
                    "segmentation": [[round(v, 2) for point in outline.parts[0] for v in point]],
                    "iscrowd": 0,
                }
            )
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1 + n, "name": name} for n, name in enumerate(CLASSES)],
    }


def main() -> None:
    """Write the set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--first", type=int, default=0, help="seed of the first picture")
    options = parser.parse_args()
    found = write(options.folder / "images", options.count, options.first, size=(options.side, options.side))
    (options.folder / "masks").mkdir(exist_ok=True)
    for path, scene in found:
        Image.fromarray(scene.class_map).save(options.folder / "masks" / path.name)
    (options.folder / "annotations.json").write_text(json.dumps(coco(found)), encoding="utf-8")
    print(f"{len(found)} pictures in {options.folder}")


if __name__ == "__main__":
    main()
