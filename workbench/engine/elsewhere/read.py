"""Reading the folder of a training that came from elsewhere. Nothing in it is believed before it was checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import read_own_card
from workbench.control import Control
from workbench.data.project_manifest import ManifestLine
from workbench.data.row_pictures import copies, is_whole
from workbench.engine.elsewhere.layout import About, inside, read_about, wrong
from workbench.engine.elsewhere.names import FILES, ITEMS, MODEL, RUN
from workbench.errors import UserError
from workbench.hub.http import sha256

_MOST_LINE = 64_000_000


@dataclass(frozen=True)
class Taken:
    """A folder as it was found.

    Attributes:
        media: the folder that the items' files are relative to.
        card: of the model it starts from.
    """

    folder: Path
    about: About
    media: Path
    card: ModelCard

    @property
    def model_files(self) -> Path:
        """The model's one file, or the folder with its files."""
        place = self.folder / MODEL / FILES
        return place / next(iter(self.about.hashes)) if self.about.one_file else place

    def lines(self, control: Control | None = None) -> Iterator[ManifestLine]:
        """The items, checked one by one; at the end that nobody changed the list.

        Raises:
            UserError: when a line or the whole is not what it must be.
        """
        control = control or Control()
        digest = hashlib.sha256()
        count = 0
        with inside(self.folder, ITEMS).open("rb") as stream:
            while row := stream.readline(_MOST_LINE):
                control.check()
                if not row.endswith(b"\n"):
                    raise wrong("a line of its list of items is too long or cut off")
                digest.update(row)
                count += 1
                if count > self.about.items:
                    raise wrong("its list of items is longer than it should be")
                try:
                    yield ManifestLine.from_json(json.loads(row))
                except (ValueError, RecursionError) as error:
                    raise wrong(f"line {count} of its list of items cannot be read") from error
        if count != self.about.items or digest.hexdigest() != self.about.items_sha256:
            raise wrong("its list of items was changed or is cut off")

    def check_model(self, place: Path, control: Control) -> None:
        """That the model's files in this folder are what they were, no more and no fewer. Raises: UserError."""
        if not self.about.hashes or (self.about.one_file and len(self.about.hashes) != 1):
            raise wrong("it names no files of its model")
        for name, digest in self.about.hashes.items():
            if sha256(inside(place, name), control) != digest:
                raise wrong(f"the model's file “{name}” was changed or is damaged")
        if not self.about.carried:
            return
        found = {f.relative_to(place).as_posix() for f in place.rglob("*") if not f.is_dir()}
        if found != set(self.about.hashes):
            raise wrong(f"“{min(found - set(self.about.hashes))}” beside the model's files is not in its list")

    def check_media(self, lines: list[ManifestLine], control: Control) -> None:
        """That these items' files are what they were. Raises: UserError that names the first that is not."""
        for place, line in enumerate(lines):
            control.check()
            if place % 50 == 0:
                control.progress(place, len(lines), f"Checking the files: {place} of {len(lines)}")
            for copy in copies(line.text or "") if line.kind == "row" else ():
                inside(self.media, copy)
                if not is_whole(copy, self.media):
                    raise wrong(f"a picture of “{line.name}” was changed or is damaged")
            # Texts stand in the list itself.
            if line.file and sha256(inside(self.media, line.file), control) != line.sha256:
                raise wrong(f"the file of “{line.name}” was changed or is damaged")


def read_training(path: Path, media: Path | None = None) -> Taken:
    """Open a folder (or its `run.toml`). Items and files are checked by the methods of what comes back.

    Args:
        media: where the items' files lie, when they were not copied and have another place here.

    Raises:
        UserError: one sentence that says what is wrong.
    """
    folder = (path.parent if path.name == RUN else path).absolute()
    about = read_about(folder / RUN)
    inside(folder, f"{MODEL}/card.json")
    card = _card(folder / MODEL, about)
    where = media or Path(about.media)
    where = where if where.is_absolute() else folder / where
    if media is None and not Path(about.media).is_absolute() and not where.resolve().is_relative_to(folder.resolve()):
        raise wrong("its files lie outside of it")
    return Taken(folder, about, where, card)


def _card(folder: Path, about: About) -> ModelCard:
    """The model's card as it was, its files where they lie now."""
    read_own_card(folder)  # bounded, and says what is wrong
    card = ModelCard.from_json(json.loads((folder / "card.json").read_text(encoding="utf-8")))
    if card.id != about.config.model:
        raise wrong("its model is not the one it names")
    if card.is_remote or (not about.carried and not card.is_downloaded):
        raise UserError(f"The files of “{card.name}” are not in this training's folder.", "Take the model along, too.")
    if card.source.kind in ("folder", "import"):
        card = replace(card, source=replace(card.source, ref=str(folder / FILES)))
    return card
