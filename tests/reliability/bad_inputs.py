"""Bad input by the way it comes in: a file, the door it comes to, and the sentence a person should read.

An empty sentence: it is taken, and what is bad about it does no harm (the test says what must hold then).
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bad:
    """One case. `make` writes into a folder and returns what is handed to the door."""

    name: str
    door: str
    make: Callable[[Path], Path]
    sentence: str


def written(name: str, data: bytes | str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return make


@dataclass(frozen=True)
class Many:
    """A byte again and again. It takes no memory before it is written, and little then."""

    byte: bytes
    count: int

    def pieces(self) -> Iterator[bytes]:
        for done in range(0, self.count, 1_000_000):
            yield self.byte * min(1_000_000, self.count - done)


def noise(count: int) -> bytes:
    return random.Random(count).randbytes(count)


def zipped(name: str, entries: Mapping[str, bytes | Many]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, data in entries.items():
                with archive.open(entry, "w") as stream:
                    for piece in data.pieces() if isinstance(data, Many) else (data,):
                        stream.write(piece)
        return folder / name

    return make


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header says what it likes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def small_jpeg(**more: Any) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(stream, "JPEG", **more)
    return stream.getvalue()


def huge_exif() -> bytes:
    """Pictures may carry 64 kB of notes; here all of it is one endless maker's note."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x927C] = b"\xff" * 60_000
    exif[0x0112] = 77  # a way of turning that does not exist
    return small_jpeg(exif=exif.tobytes())


def many_frames() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    frames = [Image.new("P", (8, 8), n % 256) for n in range(2000)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=1)
    return stream.getvalue()


def deep(depth: int = 200_000) -> str:
    return "[" * depth + "]" * depth


def xml_bomb() -> str:
    lines = ["<!ENTITY a0 'ha'>"] + [f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)]
    return f"<?xml version='1.0'?><!DOCTYPE x [{''.join(lines)}]><annotation><object><name>&a11;</name></object></annotation>"


def xml_file() -> str:
    return (
        "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
        "<annotation><object><name>&f;</name></object></annotation>"
    )


def evil_pickle(folder: Path) -> bytes:
    canary = str(folder / "canary")

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return open, (canary, "w")

    return pickle.dumps(Evil(), 2)


def evil(name: str) -> Callable[[Path], Path]:
    return lambda folder: written(name, evil_pickle(folder))(folder)


def evil_torch(name: str, new: bool) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        import torch

        canary = str(folder / "canary")

        class Evil:
            def __reduce__(self) -> tuple[Any, ...]:
                return open, (canary, "w")

        torch.save({"w": torch.zeros(2), "e": Evil()}, folder / name, _use_new_zipfile_serialization=new)
        return folder / name

    return make


def cut_in_a_word(folder: Path) -> Path:
    """A file of torch's old kind that ends within the length of a word."""
    import torch

    torch.save({"fc.weight": torch.ones(2, 3)}, folder / "m.pt", _use_new_zipfile_serialization=False)
    data = (folder / "m.pt").read_bytes()
    word = data.index(b"X", 60)  # BINUNICODE: four bytes of length follow
    (folder / "m.pt").write_bytes(data[: word + 3])
    return folder / "m.pt"


def wrapped_in_itself(folder: Path) -> Path:
    import torch

    held: dict[str, Any] = {"fc.weight": torch.ones(2, 3)}
    held["state_dict"] = held
    torch.save(held, folder / "m.pt")
    return folder / "m.pt"


def damaged_sheet(folder: Path) -> Path:
    """A workbook whose directory is whole and whose parts are not."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["text", "label"])
    book.save(folder / "t.xlsx")
    data = bytearray((folder / "t.xlsx").read_bytes())
    with zipfile.ZipFile(folder / "t.xlsx") as archive:
        for part in archive.infolist():
            begin = part.header_offset + 30 + len(part.filename)
            data[begin + 4 : begin + min(20, part.compress_size)] = b"\xff" * max(0, min(20, part.compress_size) - 4)
    (folder / "t.xlsx").write_bytes(bytes(data))
    return folder / "t.xlsx"


def evil_numpy(folder: Path) -> Path:
    import numpy as np

    canary = str(folder / "canary")

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return open, (canary, "w")

    np.save(folder / "a.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    return folder / "a.npy"


def docx(**entries: bytes | Many) -> dict[str, bytes | Many]:
    return {
        "[Content_Types].xml": b"<Types/>",
        **{k.replace("__", "/").replace("_xml", ".xml"): v for k, v in entries.items()},
    }


def broken_project(data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "p").mkdir()
        (folder / "p" / "project.db").write_bytes(data)
        return folder / "p"

    return make


def foreign_database(folder: Path) -> Path:
    (folder / "p").mkdir()
    with sqlite3.connect(folder / "p" / "project.db") as sql:
        sql.execute("CREATE TABLE other (a)")
    sql.close()
    return folder / "p"


def linked_folder(folder: Path) -> Path:
    """A folder of classes with links out of it, and one round in a circle."""
    (folder / "set" / "cat").mkdir(parents=True)
    (folder / "set" / "cat" / "a.jpg").write_bytes(small_jpeg())
    (folder / "set" / "cat" / "again").symlink_to(folder / "set", target_is_directory=True)
    (folder / "set" / "cat" / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    return folder / "set"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.jpg")
    return folder / "a.jpg"


COCO_BOX = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 32, "height": 32}],
    "categories": [{"id": 1, "name": "cat"}],
}


def coco(**change: Any) -> Callable[[Path], Path]:
    """A COCO set of one picture and one box, with something wrong in it."""

    def make(folder: Path) -> Path:
        (folder / "set").mkdir()
        (folder / "set" / "a.jpg").write_bytes(small_jpeg())
        box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 10, 10], "area": 100, "iscrowd": 0}
        whole = {**COCO_BOX, "annotations": [{**box, **change}]}
        (folder / "set" / "annotations.json").write_text(json.dumps(whole), encoding="utf-8")
        return folder / "set"

    return make


def table(label: str) -> Callable[[Path], Path]:
    rows = "".join(f'"text number {n}, quite usual","{label if n % 2 else "other"}"\n' for n in range(8))
    return written("t.csv", f"text,label\n{rows}")


def gguf() -> bytes:
    """Says it holds 2^63 tensors."""
    return b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 1 << 62) + b"\0" * 64


def parquet(**columns: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(columns), folder / "t.parquet")
        return folder / "t.parquet"

    return make


def cut_parquet(folder: Path) -> Path:
    path = parquet(a=[1, 2, 3], b=["x", "y", "z"])(folder)
    path.write_bytes(path.read_bytes()[:-20])
    return path


def lying_parquet(folder: Path) -> Path:
    """Its last bytes say that its description is two gigabytes long."""
    path = parquet(a=[1, 2, 3], b=["x", "y", "z"])(folder)
    data = path.read_bytes()
    path.write_bytes(data[:-8] + struct.pack("<I", 2**31 - 1) + data[-4:])
    return path


def likes(*rows: str) -> Callable[[Path], Path]:
    """Who liked what, with good rows enough to be known as that, and these."""

    def make(folder: Path) -> Path:
        (folder / "set").mkdir()
        good = [f"u{p},{t},{1 + (p + t) % 5},{1_000_000_000 + 60 * t}" for p in range(8) for t in range(6)]
        films = ["movieId,title,genres", *(f"{t},Film {t},a|b" for t in range(6))]
        (folder / "set" / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *good, *rows]))
        (folder / "set" / "films.csv").write_text("\n".join(films))
        return folder / "set"

    return make


_ETHANOL = """
  x

  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.0000    0.0000    0.0000 C   0  0
    2.0000    0.0000    0.0000 O   0  0
  1  2  1  0
  2  3  1  0
M  END
"""

CASES: list[Bad] = [
    # Rows, molecules, series, likes
    Bad("parquet that is none", "import", written("t.parquet", "no"), "not a readable Parquet"),
    Bad("parquet cut off", "import", cut_parquet, "not a readable Parquet"),
    Bad("parquet that lies about its length", "import", lying_parquet, "not a readable Parquet"),
    Bad("parquet of lists within lists", "import", parquet(a=[[[1], [2]], [[3]]], b=["x", "y"]), ""),
    Bad("parquet of nothing", "import", parquet(a=[], b=[]), "no rows|has no|empty"),
    Bad("molecules that are none", "import", written("m.sdf", "no"), "no molecule|None of|nothing"),
    Bad("a molecule of a million atoms", "import", written("m.sdf", _ETHANOL.replace("  3  2", "999999999")), "no molecule|None of|nothing"),
    Bad("atoms that are numbers too large", "import", written("m.sdf", _ETHANOL.replace("2.0000", "1e999 ") + "$$$$\n"), "no molecule"),
    Bad("a bond to an atom that is not there", "import", written("m.sdf", _ETHANOL.replace("  2  3", "  2 99") + "$$$$\n"), "no molecule|None of|nothing"),
    Bad("one molecule without an end", "import", written("m.sdf", _ETHANOL + "> <a>\n" + "x\n" * 100_000), ""),
    Bad("molecules as bytes", "import", written("m.smi", bytes(range(256)) * 40), "no molecule|None of|nothing|not readable"),
    Bad("a molecule of 100,000 brackets", "import", written("m.smi", "C(" * 100_000 + "C" + ")" * 100_000), "no molecule|None of|nothing"),
    Bad("a rating that is no number", "import", likes("u1,1,nan,1000000000", "u1,2,1e999,1000000000"), ""),
    Bad("a person who is a formula", "import", likes("=cmd()|x,1,5,1000000000", "x" * 5000 + ",1,5,1000000000"), ""),
    Bad("a time beyond all time", "import", likes("u1,1,5,99999999999999999999", "u1,2,5,-5"), ""),
    Bad("a series beyond the year 9999", "import", written("s.csv", "month,value\n" + "".join(f"{9990 + n}-01,{n}\n" for n in range(14))), ""),
    Bad("a series of numbers too large", "import", written("s.csv", "month,value\n" + "".join(f"2024-{n:02},1e{300 + n}\n" for n in range(1, 13))), ""),
    Bad("a series of one day again and again", "import", written("s.csv", "day,value\n" + "2024-01-01,5\n" * 40), ""),
    # Pictures
    Bad("empty picture", "picture", written("a.jpg", b""), "empty"),
    Bad("cut picture", "picture", written("a.jpg", small_jpeg()[:300]), "damaged or cut off"),
    Bad("text called jpg", "picture", written("a.jpg", "hello there"), "not a picture"),
    Bad("sound called png", "picture", written("a.png", b"RIFF\x24\0\0\0WAVEfmt "), "not a picture"),
    Bad("png of 2^31 points", "picture", written("a.png", png(2**31 - 1, 2**31 - 1)), "too large|damaged|not a picture"),
    Bad("png of 100,000 x 100,000", "picture", written("a.png", png(100_000, 100_000)), "too large"),
    Bad("png with no data", "picture", written("a.png", png(64, 64)), "damaged or cut off"),
    Bad("png of no points", "picture", written("a.png", png(0, 0)), "damaged|not a picture"),
    Bad("bmp of 30,000 x 30,000", "picture", written("a.bmp", bmp(30_000, 30_000)), "too large"),
    Bad("bmp with a height below nought", "picture", written("a.bmp", bmp(10, -(2**31))), "damaged|not a picture|too large"),
    Bad("jpeg with huge notes", "picture", written("a.jpg", huge_exif()), ""),
    Bad("gif of 2,000 pictures", "picture", written("a.gif", many_frames()), ""),
    Bad("a folder called jpg", "picture", lambda d: (d / "a.jpg").mkdir() or d / "a.jpg", "folder"),
    Bad("a pipe called jpg", "picture", pipe, "empty|no file"),
    Bad("no such picture", "picture", lambda d: d / "gone.jpg", "not there"),
    Bad("svg with a script", "picture", written("a.svg", "<svg><script>alert(1)</script></svg>"), "not a picture"),
    Bad("tiff in a circle", "picture", written("a.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"), "damaged|not a picture"),
    Bad("zip bomb called png", "picture", zipped("a.png", {"x": Many(b"\0", 30_000_000)}), "not a picture"),
    # Sounds
    Bad("empty sound", "sound", written("a.wav", b""), "empty"),
    Bad("junk called wav", "sound", written("a.wav", noise(4000)), "not a recording"),
    Bad("wav of no rate", "sound", written("a.wav", b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 0, 0, 2, 16) + b"data" + struct.pack("<I", 0)), "not a recording|empty|damaged"),
    Bad("wav of 65,535 tracks", "sound", written("a.wav", b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 65535, 44100, 0, 0, 16) + b"data" + struct.pack("<I", 0)), "not a recording|empty|damaged"),
    Bad("picture called mp3", "sound", written("a.mp3", small_jpeg()), "not a recording"),
    Bad("no such sound", "sound", lambda d: d / "gone.wav", "not there|not a recording|no longer"),
    # Tables and texts that come in
    Bad("empty table", "import", written("t.csv", ""), "empty"),
    Bad("table of one line", "import", written("t.csv", "text,label\n"), "has no"),
    Bad("binary called csv", "import", written("t.csv", bytes(range(256)) * 20), "not readable|cannot be read|no column"),
    Bad("a cell without end", "import", written("t.csv", 'text,label\n"' + "x" * 3_000_000), "Nothing of"),
    Bad("10,000 columns", "import", written("t.csv", ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n"), "columns|no column"),
    Bad("deep JSON", "import", written("t.json", deep()), "nested too deeply|not readable JSON|too deep"),
    Bad("JSON of NaN", "import", written("t.json", '[{"text": NaN, "label": NaN}]'), "no column with texts|has no|no text"),
    Bad("JSON that is a number", "import", written("t.json", "17"), "no|not"),
    Bad("JSON cut off", "import", written("t.json", '[{"text": "a b c", "label": "x"},'), "not readable JSON|damaged"),
    Bad("JSON lines with junk", "import", written("t.jsonl", '{"text": "a b c d", "label": "x"}\n{{{\n' * 4), ""),
    Bad("excel that is none", "import", written("t.xlsx", "no"), "not a readable Excel"),
    Bad("excel with damaged parts", "import", damaged_sheet, "not a readable Excel"),
    Bad("excel bomb", "import", zipped("t.xlsx", {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": Many(b" ", 400_000_000)}), "unfolds|too large|not a readable Excel"),
    Bad("gzip called csv", "import", written("t.csv", gzip.compress(b"text,label\na,b\n" * 1000)), "not readable|cannot be read|no column"),
    Bad("program", "import", written("tool.exe", b"MZ"), "cannot read"),
    Bad("a folder with nothing", "import", lambda d: (d / "e").mkdir() or d / "e", "is empty"),
    Bad("a folder in circles", "import", linked_folder, ""),
    Bad("label as HTML", "import", table("<b onmouseover=alert(1)>x</b>"), ""),
    Bad("label as script", "import", table("<script>alert(1)</script>"), ""),
    Bad("label as formula", "import", table("=HYPERLINK(1)"), ""),
    Bad("label as format string", "import", table("{0.__class__} %s %n ${x}"), ""),
    Bad("label of no width", "import", table("\u200b\u200d"), ""),
    Bad("label that turns the line", "import", table("\u202etxt.exe"), ""),
    Bad("label as path", "import", table("../../etc/passwd"), ""),
    Bad("label of 5,000 letters", "import", table("x" * 5000), ""),
    # Sets with boxes
    Bad("xml bomb", "import", lambda d: written("set/a.xml", xml_bomb())(d) and written("set/a.jpg", small_jpeg())(d).parent, ""),
    Bad("xml that reads a file", "import", lambda d: written("set/a.xml", xml_file())(d) and written("set/a.jpg", small_jpeg())(d).parent, ""),
    Bad("box of NaN", "import", coco(bbox=[float("nan"), 0, 5, 5]), ""),
    Bad("box without end", "import", coco(bbox=[0, 0, float("inf"), 5]), ""),
    Bad("box inside out", "import", coco(bbox=[20, 20, -10, -10]), ""),
    Bad("box of three numbers", "import", coco(bbox=[1, 2, 3]), ""),
    Bad("box of words", "import", coco(bbox=["a", "b", "c", "d"]), ""),
    Bad("box far outside", "import", coco(bbox=[1e12, 1e12, 5, 5]), ""),
    Bad("ids of 2^31 and more", "import", coco(id=2**31, image_id=2**63), ""),
    Bad("a class that is not there", "import", coco(category_id=99), ""),
    Bad("run lengths that lie", "import", coco(segmentation={"size": [2**31, 2**31], "counts": "n" * 40}), ""),
    Bad("outline of one point", "import", coco(segmentation=[[1.0, 1.0]]), ""),
    # Models
    Bad("pickle", "model", evil("m.pkl"), "may hold programs"),
    Bad("joblib", "model", evil("m.joblib"), "may hold programs"),
    Bad("pickle called pt", "model", evil("m.pt"), "program along with its weights"),
    Bad("pickle called bin", "model", evil("pytorch_model.bin"), "program along with its weights"),
    Bad("torch, new, with a program", "model", evil_torch("m.pth", True), "program along with its weights"),
    Bad("torch, old, with a program", "model", evil_torch("m.ckpt", False), "program along with its weights"),
    Bad("numpy with a program", "model", evil_numpy, "kind|not a model|no model|cannot"),
    Bad("weights cut off in a word", "model", cut_in_a_word, "damaged"),
    Bad("weights wrapped in themselves", "model", wrapped_in_itself, "does not know"),
    Bad("weights cut off", "model", written("m.pt", b"PK\x03\x04junk"), "damaged"),
    Bad("safetensors with a long header", "model", written("m.safetensors", struct.pack("<Q", 1 << 60) + b"{}"), "damaged"),
    Bad("safetensors outside the file", "model", written("m.safetensors", struct.pack("<Q", 55) + b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}'.ljust(55)), "damaged"),
    Bad("safetensors of nothing", "model", written("m.safetensors", struct.pack("<Q", 2) + b"{}"), "something else|damaged"),
    Bad("zip bomb called pt", "model", zipped("m.pt", {"m/data.pkl": Many(b"\0", 50_000_000)}), "unfolds to far more"),
    Bad("ONNX junk", "model", written("m.onnx", b"\x08\x07" + b"junk" * 99), "no ONNX network"),
    Bad("TFLite junk", "model", written("m.tflite", b"\x1c\0\0\0TFL3" + b"\xff" * 200), "no TFLite network"),
    Bad("GGUF junk", "model", written("m.gguf", gguf()), "kind|GGUF|cannot"),
    Bad("Keras", "model", written("m.keras", b"PK\x03\x04"), "may hold programs"),
    Bad("Darknet without end", "model", written("m.cfg", "[net]\nwidth=99999999\nheight=99999999\n[convolutional]\nfilters=999999999\nsize=9999\n"), "."),
    # Documents
    Bad("pdf junk", "document", written("a.pdf", b"%PDF-1.7\n" + b"\xff" * 500), "damaged|no PDF|cannot be read|not a PDF"),
    Bad("empty pdf", "document", written("a.pdf", b""), "empty"),
    Bad("docx bomb", "document", zipped("a.docx", docx(word__document_xml=Many(b" ", 400_000_000))), "unpacks to more than"),
    Bad("docx with an XML bomb", "document", zipped("a.docx", docx(word__document_xml=xml_bomb().encode())), "defines entities"),
    Bad("docx that reads a file", "document", zipped("a.docx", docx(word__document_xml=xml_file().encode())), "defines entities"),
    Bad("docx without text", "document", zipped("a.docx", docx()), "no Word document"),
    Bad("zip called odt", "document", zipped("a.odt", {"../../evil.txt": b"x"}), "no OpenDocument text"),
    Bad("epub of nothing", "document", zipped("a.epub", {"mimetype": b"application/epub+zip"}), "no electronic book"),
    Bad("html of 100,000 levels", "document", written("a.html", "<div>" * 100_000 + "word"), "nested too deeply"),
    Bad("noise called txt", "document", written("a.txt", noise(3000) + b"\0"), "not readable text"),
    # Projects
    Bad("no project", "project", lambda d: (d / "p").mkdir() or d / "p", "no project|not a project"),
    Bad("project of junk", "project", broken_project(b"junk" * 5000), "damaged|not a project|cannot be read"),
    Bad("project cut off", "project", broken_project(b"SQLite format 3\0" + b"\0" * 20), "damaged|not a project|cannot be read"),
    Bad("empty project", "project", broken_project(b""), "damaged|not a project|cannot be read|no project"),
    Bad("somebody else's database", "project", foreign_database, "damaged|not a project|cannot be read"),
]  # fmt: skip
