"""Collections of speech with its words, as they are published and as people keep them: LJSpeech (metadata.csv with bars),
Common Voice (TSV files beside a folder of clips), LibriSpeech (a file of transcripts per chapter), and recordings with a
text file of the same name beside each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.folders import walk
from workbench.data.media import decode_text, read_bytes, read_text_file
from workbench.data.sound import FILES
from workbench.data.types import NewItem, Split
from workbench.errors import Problem, UserError

_LOOK = 20_000
_CLIP_FOLDERS = ("wavs", "clips", "audio", "wav", "recordings", "")
_SPLITS = {"train": Split.TRAIN, "dev": Split.VALIDATION, "validation": Split.VALIDATION, "test": Split.TEST}
_TWINS_SHARE = 0.5
_MOST_TEXT = 1_000_000
_MARK = b"\n\f\n"


@dataclass(frozen=True)
class Clip:
    """A recording and its words."""

    path: Path
    name: str
    words: str
    split: Split | None = None


@dataclass
class SpeechPlan(ImportPlan):
    """Recordings with their words."""

    clips: list[Clip] = field(default_factory=list)

    @property
    def brings_labels(self) -> bool:
        return any(c.words for c in self.clips)

    @property
    def summary(self) -> str:
        return f"{self.total:,} {self.noun} with their words ({self.format})."

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        for clip in self.clips:
            control.check()
            marks = (NewAnnotation(text=clip.words),) if clip.words else None
            yield NewItem("sound", clip.name, path=clip.path, split=clip.split, annotations=marks)
        yield from self.problems


class Speech:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Speech with its words"
    order = 1

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        if len(paths) != 1:
            return _beside_each_other(paths, control)
        path = paths[0]
        readers: tuple[Callable[[Path, Control], SpeechPlan | None], ...] = (
            (_libri_folder, _bars_folder, _voice_folder, _twins_folder) if path.is_dir() else (_bars_file, _voice_file)
        )
        for reader in readers:
            control.check()
            found = reader(path, control)
            if found is not None and found.clips:
                found.total = len(found.clips)
                return found
        return None


def _new(kind: str, source: Path) -> SpeechPlan:
    title = source.name if source.is_dir() else source.parent.name or source.stem
    return SpeechPlan("marked", "sound", title, source, marks="words", format=kind)


def _beginning(path: Path) -> str:
    """Of a text file; "" for anything else."""
    try:
        with path.open("rb") as file:
            data = file.read(_LOOK)
    except OSError:
        return ""
    return "" if b"\0" in data else data.decode("utf-8-sig", "replace")


# LJSpeech and its kin: ID|words[|words with numbers written out] -----------------------------------------------------------


def _bars_folder(folder: Path, control: Control) -> SpeechPlan | None:
    for name in ("metadata.csv", "metadata.txt", "transcripts.txt", "transcript.txt", "list.txt"):
        if (folder / name).is_file():
            return _bars_file(folder / name, control)
    return None


def _bars_file(path: Path, control: Control) -> SpeechPlan | None:
    if path.suffix.lower() not in (".csv", ".txt"):
        return None
    lines = [line for line in _beginning(path).splitlines()[:-1] or _beginning(path).splitlines() if line.strip()]
    if not lines or any("|" not in line for line in lines):
        return None
    # There is no line of headings; a table that has one is read as any other table.
    if _clip(path.parent, lines[0].split("|")[0].strip()) is None and not (path.parent / "wavs").is_dir():
        return None
    plan = _new("LJSpeech", path)
    for number, line in enumerate(read_text_file(path).splitlines(), 1):
        control.check()
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 2:
            if line.strip():
                plan.problems.append(Problem(f"line {number}", "This line has no words behind a bar.", "Mend it."))
            continue
        clip = _clip(path.parent, cells[0])
        if clip is None:
            plan.problems.append(
                Problem(
                    cells[0] or f"line {number}",
                    "There is no recording of this name.",
                    "Put it into the folder “wavs”.",
                )
            )
            continue
        # The last column has numbers and abbreviations written out, as they are spoken.
        plan.clips.append(Clip(clip, cells[0], cells[-1] or cells[1]))
    return plan


def _clip(folder: Path, name: str) -> Path | None:
    """The recording of a name with or without its ending, in the folder or in one of the usual ones below."""
    if not name or len(name) > 300:
        return None
    given = Path(name.replace("\\", "/"))
    for below in _CLIP_FOLDERS:
        whole = folder / below / given
        if whole.suffix.lower() in FILES and whole.is_file():
            return whole.absolute()
        for ending in (".wav", ".flac", ".mp3", ".ogg", ".opus"):
            if (found := folder / below / f"{name}{ending}").is_file():
                return found.absolute()
    return None


# Common Voice: TSV files with "path" and "sentence", the recordings in "clips" -----------------------------------------------


def _is_voice(path: Path) -> bool:
    head = _beginning(path).partition("\n")[0].rstrip("\r").split("\t") if path.suffix.lower() == ".tsv" else []
    return {"path", "sentence"} <= set(head) and (path.parent / "clips").is_dir()


def _voice_folder(folder: Path, control: Control) -> SpeechPlan | None:
    given = {name: folder / f"{name}.tsv" for name in _SPLITS}
    tables = [(file, _SPLITS[name]) for name, file in given.items() if file.is_file() and _is_voice(file)]
    if not tables:
        other = folder / "validated.tsv"
        return _voice_file(other, control) if other.is_file() else None
    plan = _new("Common Voice", folder)
    for file, split in tables:
        _read_voice(file, split, plan, control)
    return plan


def _voice_file(path: Path, control: Control) -> SpeechPlan | None:
    if not _is_voice(path):
        return None
    plan = _new("Common Voice", path)
    _read_voice(path, None, plan, control)
    return plan


def _read_voice(path: Path, split: Split | None, plan: SpeechPlan, control: Control) -> None:
    # Their quotation marks are letters.
    rows = csv.DictReader(read_text_file(path).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in rows:
        control.check()
        name = (row.get("path") or "").strip()
        clip = path.parent / "clips" / name
        if not name or not clip.is_file():
            plan.problems.append(
                Problem(name or path.name, "This recording is not in the folder “clips”.", "Copy it there.")
            )
            continue
        plan.clips.append(Clip(clip.absolute(), name, (row.get("sentence") or "").strip(), split))


# LibriSpeech: 84-121123.trans.txt beside 84-121123-0000.flac ------------------------------------------------------------------


def _libri_folder(folder: Path, control: Control) -> SpeechPlan | None:
    files = [f for f in walk(folder, control) if f.name.endswith(".trans.txt")]
    if not files:
        return None
    plan = _new("LibriSpeech", folder)
    for file in files:
        parts = {p.lower().split("-")[0] for p in file.relative_to(folder).parts[:-1]}
        split = next((s for name, s in _SPLITS.items() if name in parts), None)
        for line in read_text_file(file).splitlines():
            control.check()
            name, _, words = line.strip().partition(" ")
            clip = _clip(file.parent, name)
            if clip is not None:
                plan.clips.append(Clip(clip, clip.relative_to(folder.absolute()).as_posix(), words.strip(), split))
            elif name:
                plan.problems.append(
                    Problem(name, "There is no recording of this name.", f"Put it beside “{file.name}”.")
                )
    return plan


# A recording and a text of the same name ---------------------------------------------------------------------------------------


def _twins_folder(folder: Path, control: Control) -> SpeechPlan | None:
    return _twins(list(walk(folder, control)), folder, control)


def _beside_each_other(paths: Sequence[Path], control: Control) -> SpeechPlan | None:
    if any(p.is_dir() for p in paths):
        return None
    plan = _twins(paths, paths[0].parent, control)
    if plan is not None:
        plan.total = len(plan.clips)
    return plan


def _twins(files: Sequence[Path], folder: Path, control: Control) -> SpeechPlan | None:
    texts = {f.with_suffix("").as_posix(): f for f in files if f.suffix.lower() == ".txt"}
    sounds = [f for f in files if f.suffix.lower() in FILES]
    paired = [f for f in sounds if f.with_suffix("").as_posix() in texts]
    if not paired or len(paired) < _TWINS_SHARE * len(sounds) or len(paired) < _TWINS_SHARE * len(texts):
        return None
    plan = _new("a text beside each", folder)
    written = _texts_of([texts[f.with_suffix("").as_posix()] for f in paired], plan, control)
    for sound in sounds:
        control.check()
        words = written.get(texts.get(sound.with_suffix("").as_posix(), sound), "")
        name = sound.relative_to(folder).as_posix() if sound.is_relative_to(folder) else sound.name
        plan.clips.append(Clip(sound.absolute(), name, words))
    alone = len(sounds) - len(paired)
    if alone:
        plan.warnings.append(f"{alone} recordings have no text beside them and come in without words.")
    return plan


def _texts_of(files: Sequence[Path], plan: SpeechPlan, control: Control) -> dict[Path, str]:
    """Many short texts. Those that are not UTF-8 are looked at together: a few words do not tell their encoding."""
    found: dict[Path, str] = {}
    others: dict[Path, bytes] = {}
    for file in files:
        control.check()
        try:
            data = read_bytes(file, _MOST_TEXT)
            found[file] = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            others[file] = data
        except UserError as error:
            plan.problems.append(Problem.of(file.name, error, str(file)))
    if others:
        try:
            parts = decode_text(_MARK.join(others.values())).split(_MARK.decode())
        except UserError as error:
            plan.problems += [Problem.of(file.name, error, str(file)) for file in others]
        else:
            found |= dict(zip(others, parts, strict=True))
    return {file: " ".join(text.split()) for file, text in found.items()}


FORMAT = Speech()
