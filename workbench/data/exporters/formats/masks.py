"""Masks: pictures in `images/`, and in `masks/` a PNG for each with a number or a colour for every pixel.

Pixels are exact, but each is of one class only, and things of a class are not told apart: later ones lie on top. Parts
that shall not count have the number 255 ("void", white). `labels.txt` names the numbers line by line from 0,
`label_colors.txt` the colours as CamVid does. `splits/train.txt` and so on list the names of each part of the data.
"""

from __future__ import annotations

from functools import partial

from workbench.data.exporters.marked import Done, Export, MarkedFormat, one_line
from workbench.data.exporters.pixels import save_colours, save_numbers, too_many
from workbench.data.importers.mask_files import VOID, palette
from workbench.data.importers.survey import SPLIT_FILES
from workbench.data.shapes import class_map

_WHITE = (255, 255, 255)


def _write(running: Export, coloured: bool) -> None:
    too_many(running.names)
    names = [one_line(name) for name in running.names]
    colours = palette(len(names) + 1)
    parts: dict[str, list[str]] = {}
    for done in running.pictures(lambda split: "images", nameless=True):
        values = class_map(
            ((mark.shape, VOID if mark.ignored or mark.number < 0 else mark.number + 1) for mark in done.marks),
            done.width, done.height,
        )  # fmt: skip
        path = running.folder / "masks" / f"{done.stem}.png"
        if coloured:
            save_colours(path, values, [*colours, _WHITE])
        else:
            save_numbers(path, values)
        if done.split is not None:
            parts.setdefault(SPLIT_FILES[done.split], []).append(done.stem)
        _count_losses(done, running)
    for part, stems in parts.items():
        running.write(f"splits/{part}.txt", "".join(f"{stem}\n" for stem in stems))
    if coloured:
        named = zip([*colours, _WHITE], ["background", *names, "void"], strict=True)
        running.write("label_colors.txt", "".join(f"{r} {g} {b}\t{name}\n" for (r, g, b), name in named))
    else:
        running.write("labels.txt", "".join(f"{name}\n" for name in ["background", *names]))


def _count_losses(done: Done, running: Export) -> None:
    for mark in done.marks:
        if mark.ignored and mark.name:
            running.lose("{n} [area|areas] that shall not count [loses its|lose their] class.")


FORMATS = (
    MarkedFormat("masks", "Masks (PNG with numbers)", "Masks", partial(_write, coloured=False), ("regions",)),
    MarkedFormat("masks-colour", "Masks (PNG with colours)", "Masks", partial(_write, coloured=True), ("regions",)),
)
