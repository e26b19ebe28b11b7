"""Projects with boxes and areas for the tests of formats, and what came back of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.exporters.formats import format_by_id
from workbench.data.importers import ImportPlan, sniff
from workbench.data.project import Project
from workbench.data.shapes import Region, region_from_bits
from workbench.data.types import NewItem, Split
from workbench.errors import Problem

Picture = tuple[str, Split | None, tuple[NewAnnotation, ...] | None]
Kept = dict[str, tuple[Split | None, tuple[NewAnnotation, ...] | None]]


def picture_bytes(seed: int, width: int = 64, height: int = 48, turn: int = 1, kind: str = "PNG") -> bytes:
    """A picture like no other with the same size and orientation."""
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = turn
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(stream, kind, **({"exif": exif} if turn != 1 else {}))
    return stream.getvalue()


def make_picture(path: Path, width: int = 64, height: int = 48, turn: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "JPEG" if path.suffix.lower() in (".jpg", ".jpeg") else "PNG"
    path.write_bytes(picture_bytes(abs(hash((path.name, path.parent.name))) % 2**31, width, height, turn, kind))
    return path


def blob(seed: int, width: int = 64, height: int = 48) -> Region:
    """A painted area with a hole and a second piece."""
    bits = np.zeros((height, width), np.bool_)
    rng = np.random.default_rng(seed)
    x, y = int(rng.integers(2, width // 2)), int(rng.integers(2, height // 2))
    bits[y : y + 12, x : x + 14] = True
    bits[y + 4 : y + 7, x + 5 : x + 9] = False
    bits[y + 15 : y + 18, x + 2 : x + 5] = True
    found = region_from_bits(bits)
    assert found is not None
    return found


def project_of(
    folder: Path,
    pictures: Sequence[Picture],
    classes: Sequence[str] = (),
    task: str = "object-detection",
    turn: int = 1,
    kind: str = "PNG",
) -> Project:
    """A project with these pictures, marked as done where they have annotations."""
    project = Project.create(folder / "project", "a set", task)
    for name in classes:
        project.add_class(name)
    items = []
    for number, (name, split, marks) in enumerate(pictures):
        path = folder / "source" / f"{number}{'.png' if kind == 'PNG' else '.jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(number, turn=turn, kind=kind))
        items.append(NewItem("picture", name, path=path, split=split, annotations=marks))
    result = project.add_items(items)
    assert not result.problems and len(result.added) == len(pictures)
    return project


def exported(project: Project, target: Path, format_id: str) -> tuple[int, list[Problem]]:
    return format_by_id(format_id).write(project, target, Control())


def brought_in(plan: ImportPlan, editor: str = "") -> Kept:
    """What a plan gives: name (without the folders of an export, without ending) to part and annotations."""
    kept: Kept = {}
    for item in plan.read_for(editor or plan.marks):
        if isinstance(item, NewItem):
            name = Path(item.name).stem
            assert name not in kept, name
            kept[name] = (item.split, item.annotations)
    return kept


def there_and_back(project: Project, target: Path, format_id: str, editor: str = "") -> tuple[ImportPlan, Kept]:
    exported(project, target, format_id)
    plan = sniff([target])
    return plan, brought_in(plan, editor)


def told(problems: Sequence[Problem]) -> str:
    return "\n".join(map(str, problems))
