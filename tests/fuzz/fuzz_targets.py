"""Every reader of ours of what strangers make, as a function of some bytes.

Used by benchmarks/fuzz.py, which looks for bytes that they answer with anything but a value or a `UserError`, and by
test_fuzz_corpus.py, which asks all that was found again. A target gets an empty folder to write its file into. It may raise
`UserError` (and what its reader's contract names besides); anything else, a pickle refused by the watch, ten seconds or
two gigabytes are findings.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reliability"))

from workbench.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
# What one run may take before it counts as hanging.
SECONDS = 10
Seeds = Callable[[], list[bytes]]


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        read: gives the bytes to it, and asks for all that comes out.
        seeds: small files to begin with.
        raises: what its contract names beside `UserError`.
        tokens: words of the format, for the fuzzer's dictionary.
    """

    name: str
    read: Callable[[bytes, Path], object]
    seeds: Seeds
    raises: tuple[type[Exception], ...] = ()
    tokens: tuple[str, ...] = ()

    def ask(self, data: bytes, folder: Path) -> str:
        """What it said to these bytes: "read", or the sentence. Raises: what is a finding."""
        try:
            self.read(data, folder)
        except UserError as error:
            if not error.message or "\n" in error.message or len(error.message) > 600:
                raise AssertionError(f"no sentence: {error.message!r:.400}") from error
            return error.message
        except self.raises as error:
            return str(error)
        return "read"


def _picture(kind: str = "PNG", mode: str = "RGB", **more: Any) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new(mode, (8, 6), 3).save(stream, kind, **more)
    return stream.getvalue()


# Importers ---------------------------------------------------------------------------------------------------------------------


def _plan(path: Path) -> None:
    """As the window does before anything goes into a project: look, choose, read all."""
    from workbench.data.importers import sniff

    plan = sniff([path])
    assert plan.summary and plan.total >= 0
    choice = plan.guess()
    if choice is not None:
        plan.choose(choice)
        plan.preview()
    for editor in ("", *plan.counts_for) if hasattr(plan, "counts_for") else ("",):
        for _ in plan.read_for(editor) if editor else plan.read():
            pass


def _beside_pictures(name: str) -> Callable[[bytes, Path], None]:
    """A file of labels beside two pictures."""

    def read(data: bytes, folder: Path) -> None:
        for picture in ("a.png", "b.png"):
            (folder / picture).write_bytes(_small_picture())
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        _plan(folder)

    return read


_kept: dict[str, bytes] = {}


def _small_picture() -> bytes:
    if "png" not in _kept:
        _kept["png"] = _picture()
    return _kept["png"]


def _alone(name: str) -> Callable[[bytes, Path], None]:
    def read(data: bytes, folder: Path) -> None:
        (folder / name).write_bytes(data)
        _plan(folder / name)

    return read


def _rows(name: str) -> Callable[[bytes, Path], None]:
    """A table whose rows are items by all their columns: looked at, and read with the columns as they were taken."""

    def read(data: bytes, folder: Path) -> None:
        from workbench.data.columns import from_meta, to_meta
        from workbench.data.importers import sniff
        from workbench.data.importers.rows import RowsPlan
        from workbench.data.rows import cells_of
        from workbench.data.types import NewItem

        (folder / name).write_bytes(data)
        plan = sniff([folder / name], rows=True)
        assert plan.summary and plan.total >= 0
        if isinstance(plan, RowsPlan):
            assert from_meta(json.loads(json.dumps(to_meta(plan.given)))) == tuple(plan.given)
        for item in plan.read():
            if isinstance(item, NewItem) and item.kind == "row":
                cells_of(item.text or "")

    return read


def _parquet() -> list[bytes]:
    import datetime

    import pyarrow
    import pyarrow.parquet

    made = []
    for more in ({}, {"compression": "none", "use_dictionary": False}):
        table = pyarrow.table(
            {
                "n": [1, 2, None, 4], "list": [[1], [], None, [2, 3]], "x": [0.5, None, 1.5, float("nan")], "word": ["a", "b", None, "=c"],
                "day": [datetime.date(2024, 1, n + 1) for n in range(4)], "yes": [True, False, None, True],
            }
        )  # fmt: skip
        stream = io.BytesIO()
        pyarrow.parquet.write_table(table, stream, **more)
        made.append(stream.getvalue())
    return made


def _taken_in(names: Sequence[str]) -> Callable[[bytes, Path], None]:
    """Files side by side, parted by a line, into a project of their own, as only then all of them is read."""

    def read(data: bytes, folder: Path) -> None:
        from workbench.data.importers import sniff
        from workbench.engine.journey import project_from_plan

        (folder / "set").mkdir()
        for name, part in zip(names, data.split(b"\n---\n", len(names) - 1), strict=False):
            (folder / "set" / name).write_bytes(part)
        project, _ = project_from_plan(sniff([folder / "set"]), folder / "p")
        for _ in project.histories():
            pass
        project.close()

    return read


def _series_table(data: bytes, folder: Path) -> None:
    from workbench.data.importers import sniff
    from workbench.data.importers.series import SeriesPlan
    from workbench.data.series_sample import samples_in, series_of
    from workbench.data.types import Sample

    path = folder / "a.csv"
    path.write_bytes(data)
    for sample in samples_in(Sample("series", path.name, path=path)):
        if sample.broken is None:
            series_of(sample)
    plan = sniff([path])
    if isinstance(plan, SeriesPlan):
        for _ in plan.read():
            pass


def _series_file(data: bytes, folder: Path) -> None:
    from workbench.data.series import check, from_text, guess_season, read_series, to_text

    path = folder / "a.series"
    path.write_bytes(data)
    series = read_series(path)
    series.labels(0, 3)
    series.label(len(series) + 1_000_000)
    assert to_text(from_text(to_text(series))) == to_text(series)
    check(series)
    guess_season(series)


def _series_seeds() -> list[bytes]:
    from datetime import datetime

    import numpy as np

    from workbench.data.series import Series, Step, to_text

    values = np.array([*range(20), np.nan, 3.5])
    starts = (
        (datetime(2024, 1, 31), Step("month", 1)),
        (datetime(2024, 1, 1, 5), Step("second", 3600)),
        (None, Step()),
    )
    return [to_text(Series(values, start, step)).encode() for start, step in starts]


def _molecule_blocks() -> list[bytes]:
    from rdkit import Chem

    made = []
    for smiles in ("CC(=O)O", "c1ccccc1[NH3+].[Cl-]", "C/C=C\\C"):
        mol = Chem.MolFromSmiles(smiles)
        made += [
            f"{write(mol)}> <kind>\nacid\n\n> <pIC50>\n4.5\n\n$$$$\n".encode()
            for write in (Chem.MolToMolBlock, Chem.MolToV3KMolBlock)
        ]
    return made


def _smiles(data: bytes, _folder: Path) -> None:
    """One molecule as somebody types it: read, described, drawn, and written again."""
    from workbench.data.molecules import drawing, features, fingerprint, read_molecule, scaffold

    molecule = read_molecule(data.decode("utf-8", "replace"))
    fingerprint(molecule)
    features(molecule)
    scaffold(molecule)
    drawing(molecule, 80, 60)
    read_molecule(molecule.canonical)


def _case(data: bytes, _folder: Path) -> None:
    from workbench.data.people import case_of

    case_of(data.decode("utf-8", "replace"))


def _row_cells(data: bytes, _folder: Path) -> None:
    from workbench.data.rows import cells_of, row_hash, row_name

    cells = cells_of(data.decode("utf-8", "replace"))
    row_hash(cells)
    row_name(cells)


def _yolo(data: bytes, folder: Path) -> None:
    settings, _, labels = data.partition(b"\n---\n")
    for part in ("images", "labels"):
        (folder / part).mkdir()
    (folder / "images" / "a.png").write_bytes(_small_picture())
    (folder / "labels" / "a.txt").write_bytes(labels)
    (folder / "data.yaml").write_bytes(settings)
    _plan(folder)


def _masks(data: bytes, folder: Path) -> None:
    for part in ("images", "masks"):
        (folder / part).mkdir()
    (folder / "images" / "a.png").write_bytes(_small_picture())
    (folder / "masks" / "a.png").write_bytes(data)
    _plan(folder)


def _legend(data: bytes, folder: Path) -> None:
    from workbench.data.importers.legend import read_legend

    name = {b"j": "classes.json", b"c": "classes.csv"}.get(data[:1], "labelmap.txt")
    (folder / name).write_bytes(data[1:])
    read_legend(folder / name)


def _packed(data: bytes, folder: Path) -> None:
    """Archives are named, never unpacked."""
    (folder / "set.zip").write_bytes(data)
    _plan(folder / "set.zip")


_COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 6}],
    "categories": [{"id": 1, "name": "cat", "keypoints": ["nose"]}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 3], "area": 12, "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 5, 1, 5, 4]], "bbox": [1, 1, 4, 3]},
        {
            "id": 3,
            "image_id": 1,
            "category_id": 1,
            "iscrowd": 1,
            "segmentation": {"size": [6, 8], "counts": [10, 5, 33]},
        },
        {"id": 4, "image_id": 1, "category_id": 1, "segmentation": {"size": [6, 8], "counts": ":5Q1"}},
    ],
}
_LABELME = {
    "version": "5", "imagePath": "a.png", "imageWidth": 8, "imageHeight": 6, "imageData": None,
    "shapes": [
        {"label": "cat", "points": [[1, 1], [4, 4]], "shape_type": "rectangle", "group_id": None, "flags": {}},
        {"label": "dog", "points": [[1, 1], [4, 4], [2, 5]], "shape_type": "polygon"},
        {"label": "sun", "points": [[3, 3], [4, 4]], "shape_type": "circle"},
    ],
}  # fmt: skip
_LABEL_STUDIO = [
    {"id": 1, "data": {"image": "/data/upload/a.png"}, "annotations": [{"result": [
        {"type": "rectanglelabels", "original_width": 8, "original_height": 6, "from_name": "l", "to_name": "i",
         "value": {"x": 10, "y": 10, "width": 30, "height": 40, "rotation": 5, "rectanglelabels": ["cat"]}},
        {"type": "brushlabels", "original_width": 8, "original_height": 6, "from_name": "b", "to_name": "i",
         "value": {"format": "rle", "rle": [0, 0, 0, 192, 57, 27, 255, 0], "brushlabels": ["dog"]}}]}]},
    {"id": 2, "data": {"text": "Anna lives in Rome"}, "annotations": [{"result": [
        {"type": "labels", "value": {"start": 0, "end": 4, "text": "Anna", "labels": ["name"]}}]}]},
]  # fmt: skip
_VOC = (
    "<annotation><folder>.</folder><filename>a.png</filename><size><width>8</width><height>6</height><depth>3</depth></size>"
    "<object><name>cat</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>"
    "</object></annotation>"
)
_CVAT = (
    "<annotations><version>1.1</version><meta><task><labels><label><name>cat</name></label></labels></task></meta>"
    '<image id="0" name="a.png" width="8" height="6"><box label="cat" xtl="1" ytl="1" xbr="5" ybr="4" rotation="3"/>'
    '<polygon label="cat" points="1,1;5,1;5,4"/><mask label="cat" rle="1,2,3" left="1" top="1" width="3" height="2"/></image>'
    "</annotations>"
)
_CREATEML = [
    {"image": "a.png", "annotations": [{"label": "cat", "coordinates": {"x": 3, "y": 3, "width": 4, "height": 2}}]}
]
_SQUAD = {
    "version": "2",
    "data": [{"title": "t", "paragraphs": [{"context": "Anna lives in Rome.", "qas": [
        {"id": "1", "question": "Where?", "answers": [{"text": "Rome", "answer_start": 14}], "is_impossible": False}]}]}],
}  # fmt: skip
_SPANS = {"text": "Anna lives in Rome", "label": [[0, 4, "name"], [14, 18, "place"]]}


def _json(*values: Any) -> Seeds:
    return lambda: [json.dumps(v).encode() for v in values]


def _texts(*values: str) -> Seeds:
    return lambda: [v.encode() for v in values]


def _excel() -> list[bytes]:
    from openpyxl import Workbook

    book = Workbook()
    for row in (("text", "label"), ("a fine day", "good"), ("a bad day", "bad"), ("=1+1", None)):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return [stream.getvalue()]


def _table_rows(data: bytes, folder: Path) -> None:
    """The one reader of tables without an importer behind it; the first byte says what kind of file it is."""
    from workbench.control import Control
    from workbench.data.importers.table_files import open_table
    from workbench.errors import UserError

    file = folder / f"a.{ {b'j': 'jsonl', b'l': 'json', b't': 'tsv'}.get(data[:1], 'csv') }"
    file.write_bytes(data[1:])
    try:
        table = open_table(file)
    except UserError:
        return
    for row in table.read(Control()):
        assert not isinstance(row, tuple) or len(row[1]) == len(table.names)


# Numbers of pictures, sounds and documents -------------------------------------------------------------------------------------


def _split(data: bytes) -> tuple[int, int, bytes]:
    """Two small numbers and the rest."""
    head = data[:2].ljust(2, b"\1")
    return head[0], head[1], data[2:]


def _rle_coco(data: bytes, _folder: Path) -> None:
    from workbench.data.rle import coco_runs, packed, region_of_coco, unpacked

    width, height, rest = _split(data)
    text = rest.decode("latin-1")
    counts = unpacked(text)
    if counts and min(counts) >= 0:
        assert unpacked(packed(counts)) == counts
    region = region_of_coco(counts, width, height)
    if region is not None:
        assert region_of_coco(coco_runs(region, width, height), width, height) == region


def _rle_brush(data: bytes, _folder: Path) -> None:
    from workbench.data.rle import brush_of_region, region_of_brush

    width, height, rest = _split(data)
    region = region_of_brush(list(rest), width, height)
    if region is not None:
        assert region_of_brush(brush_of_region(region, width, height), width, height) == region


def _brush_seeds() -> list[bytes]:
    import numpy as np

    from workbench.data.rle import brush_of_region
    from workbench.data.shapes import region_from_bits

    bits = np.zeros((6, 8), bool)
    bits[2:4, 3:7] = True
    region = region_from_bits(bits)
    assert region is not None
    return [bytes((8, 6)) + bytes(brush_of_region(region, 8, 6))]


def _lossless(data: bytes, _folder: Path) -> None:
    from workbench.data.jpeg_lossless import decode

    height, width, rest = _split(data)
    decode(rest, height, width)


def _lossless_seeds() -> list[bytes]:
    """Two columns of two rows, 8 bits, with the table of one length."""
    frame = struct.pack(">HBHHBBBB", 11, 8, 2, 2, 1, 1, 0x11, 0)
    table = struct.pack(">HB16B", 19 + 3, 0, 0, 3, *[0] * 14) + bytes((0, 1, 2))
    scan = struct.pack(">HBBBBBB", 8, 1, 1, 0, 1, 0, 0)
    return [b"\2\2\xff\xd8\xff\xc3" + frame + b"\xff\xc4" + table + b"\xff\xda" + scan + b"\x1b\x5f\xff\xd9"]


def _lossless_errors() -> tuple[type[Exception], ...]:
    from workbench.data.jpeg_lossless import DamagedError

    return (DamagedError,)


def _dicom(data: bytes, _folder: Path) -> None:
    from workbench.data.dicom import is_dicom, read_dicom

    is_dicom(data[:200])
    read_dicom(data)


def _dicom_seeds() -> list[bytes]:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    made = []
    for bits in (8, 16):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
        meta.MediaStorageSOPInstanceUID = "1.2.3"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID, data.Modality = SecondaryCaptureImageStorage, "1.2.3", "OT"
        data.Rows, data.Columns, data.SamplesPerPixel, data.PixelRepresentation = 4, 4, 1, 0
        data.BitsAllocated = data.BitsStored = bits
        data.HighBit, data.PhotometricInterpretation = bits - 1, "MONOCHROME2"
        data.WindowCenter, data.WindowWidth = "40", "80"
        data.PixelData = bytes(range(16)) * (bits // 8)
        stream = io.BytesIO()
        data.save_as(stream, enforce_file_format=True)
        made.append(stream.getvalue())
    return made


def _picture_file(data: bytes, _folder: Path) -> None:
    from workbench.data.media import open_picture

    open_picture(data)


def _pictures() -> list[bytes]:
    return [_picture(k, m) for k, m in (("PNG", "RGB"), ("JPEG", "L"), ("GIF", "P"), ("BMP", "RGB"), ("TIFF", "I;16"))]


def _sound(data: bytes, folder: Path) -> None:
    from workbench.data.sound import portrait, read_sound
    from workbench.data.types import Sample

    path = folder / "a.wav"
    path.write_bytes(data)
    sample = Sample("sound", path.name, path=path)
    read_sound(sample, 16_000)
    portrait(sample)


def _sounds() -> list[bytes]:
    import numpy as np
    import soundfile

    made = []
    for kind, sort in (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("AIFF", "PCM_16"), ("FLAC", "PCM_16"), ("AU", "ULAW")):
        stream = io.BytesIO()
        soundfile.write(stream, np.linspace(-0.5, 0.5, 400, dtype=np.float32), 8000, format=kind, subtype=sort)
        made.append(stream.getvalue())
    return made


def _document(suffix: str) -> Callable[[bytes, Path], None]:
    def read(data: bytes, folder: Path) -> None:
        from workbench.data.documents import read_document

        path = folder / f"a{suffix}"
        path.write_bytes(data)
        read_document(path)

    return read


def _zip(entries: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, text in entries.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return stream.getvalue()


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def _docx() -> list[bytes]:
    body = (
        f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Title</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>Some words</w:t><w:tab/></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>"
        "</w:tbl></w:body></w:document>"
    )
    return [_zip({"[Content_Types].xml": "<Types/>", "word/document.xml": body})]


def _odt() -> list[bytes]:
    body = (
        f'<o:document-content xmlns:o="{_ODF}:office:1.0" xmlns:t="{_ODF}:text:1.0"><o:body><o:text>'
        '<t:h t:outline-level="1">Title</t:h><t:p>Some words<t:s t:c="3"/>more</t:p></o:text></o:body></o:document-content>'
    )
    return [_zip({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": body})]


def _epub() -> list[bytes]:
    return [_zip({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="a.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "a.opf": '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" href="c.xhtml"'
        ' media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>',
        "c.xhtml": "<html><body><h1>One</h1><p>Some words</p></body></html>",
    })]  # fmt: skip


def _pdf() -> list[bytes]:
    from fpdf import FPDF

    made = FPDF()
    made.add_page()
    made.set_font("helvetica")
    made.cell(text="Some words")
    return [bytes(made.output())]


# Models ------------------------------------------------------------------------------------------------------------------------


def _recognise(name: str) -> Callable[[bytes, Path], None]:
    def read(data: bytes, folder: Path) -> None:
        from workbench.runtimes.recognise import recognise

        path = folder / name
        path.write_bytes(data)
        recognise(path, folder / "cache")

    return read


def _weights(name: str) -> Callable[[bytes, Path], None]:
    """Up to the tensors; which architecture they are of is then looked up by their shapes alone."""

    def read(data: bytes, folder: Path) -> None:
        from workbench.runtimes.recognise_state import read_plain

        path = folder / name
        path.write_bytes(data)
        read_plain(path)

    return read


def _safetensors(data: bytes, folder: Path) -> None:
    from workbench.data.verify import whole_tensors

    path = folder / "m.safetensors"
    path.write_bytes(data)
    whole_tensors(path)
    _weights("m.safetensors")(data, folder)


def _tensors() -> list[bytes]:
    import torch
    from safetensors.torch import save

    return [save({"head.weight": torch.ones(2, 3), "head.bias": torch.zeros(2)}, {"format": "pt"})]


def _torch_files() -> list[bytes]:
    import torch

    made = []
    for new in (True, False):
        stream = io.BytesIO()
        torch.save({"fc.weight": torch.ones(2, 3)}, stream, _use_new_zipfile_serialization=new)
        made.append(stream.getvalue())
    return made


def _onnx() -> list[bytes]:
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["x"], ["p"]), helper.make_node("Flatten", ["p"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
    )  # fmt: skip
    return [onnx.ModelProto.SerializeToString(helper.make_model(graph))]


def _gguf() -> list[bytes]:
    name = b"general.architecture"
    field = struct.pack("<Q", len(name)) + name + struct.pack("<IQ", 8, 5) + b"llama"
    return [b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + field]


_CFG = """[net]
width=32
height=32
channels=3
[convolutional]
batch_normalize=1
filters=4
size=3
stride=2
pad=1
activation=leaky
[maxpool]
size=2
stride=2
[route]
layers=-1
[shortcut]
from=-1
activation=linear
[convolutional]
filters=18
size=1
activation=linear
[yolo]
mask=0,1,2
anchors=1,2, 3,4, 5,6
classes=1
num=3
"""


def _darknet(data: bytes, folder: Path) -> None:
    from workbench.runtimes.darknet_net import build, read_cfg, read_weights

    text, _, weights = data.partition(b"\0")
    (folder / "m.cfg").write_bytes(text)
    (folder / "m.weights").write_bytes(weights)
    read_weights(build(read_cfg(folder / "m.cfg")), folder / "m.weights")


class _Tokenizer:
    special_tokens_map: Mapping[str, str] = {"bos_token": "<s>", "eos_token": "</s>"}

    def __init__(self, template: str) -> None:
        self._template = template

    def get_chat_template(self) -> str:
        return self._template


def _template(data: bytes, _folder: Path) -> None:
    from workbench.runtimes.chat_template import write_down

    talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    write_down(_Tokenizer(data.decode("utf-8", "replace")), talk, True, "model")


# What the app itself has written, and somebody may have changed ----------------------------------------------------------------


def _value(data: bytes) -> Any:
    """JSON, as the callers of these readers give it; what is none is their own concern."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UserError("This is no JSON.", "") from error


def _card(data: bytes, folder: Path) -> None:
    from workbench.catalog.catalog import read_own_card

    (folder / "card.json").write_bytes(data)
    read_own_card(folder)


def _card_seeds() -> list[bytes]:
    from workbench.catalog.card import ModelCard, Source

    card = ModelCard(
        "mine", "Mine", ("image-classification",), "timm", "x", Source("folder", "/x"), label_names=("a", "b")
    )
    return [json.dumps(card.to_json()).encode()]


def _manifest(data: bytes, _folder: Path) -> None:
    from workbench.data.project_manifest import ManifestLine, _place

    line = ManifestLine.from_json(_value(data))
    for mark in line.marks:
        _place(mark[0])


_LINE = {
    "id": 1, "kind": "picture", "name": "a.png", "sha256": "0" * 64, "split": "train", "file": "a.png", "label": "cat",
    "marked": True, "marks": [[["box", 1, 1, 3, 3], "cat", "", False]], "width": 8, "height": 6,
}  # fmt: skip


def _run_toml(data: bytes, folder: Path) -> None:
    from workbench.engine.elsewhere.layout import read_about

    (folder / "run.toml").write_bytes(data)
    read_about(folder / "run.toml")


_RUN_TOML = """[bundle]
version = 1
app = "0.1"
made = "2026-01-01"
[project]
id = "x"
name = "X"
[data]
items = 1
sha256 = "{0}"
media = "media"
window = [1.0, 2]
[model]
carried = true
one_file = false
sha256 = {{ "a.bin" = "{0}" }}
[run]
run_id = "abcdef"
task = "image-classification"
model = "m"
classes = ["a", "b"]
""".format("0" * 64)


def _records(data: bytes, _folder: Path) -> None:
    from workbench.tasks.predictions import from_record

    from_record(_value(data))


def _record_seeds() -> list[bytes]:
    from workbench.tasks.predictions import Number, Score, Scores, Vector, to_record

    return [
        json.dumps(to_record(p)).encode()
        for p in (Scores((Score("a", 0.9), Score("b", 0.1))), Vector((1.0, 2.0)), Number(1.0, 0.0, 2.0))
    ]


def _conversation(data: bytes, folder: Path) -> None:
    from workbench.engine.conversation import as_text
    from workbench.engine.conversation_store import ConversationStore

    (folder / "a.json").write_bytes(data)
    as_text(ConversationStore(folder).load("a"))


_TALK = {
    "version": 1, "id": "a", "name": "n", "created": "2026-01-01", "changed": "2026-01-01", "model_id": "m", "system": "",
    "documents": "", "values": {"length": 1}, "turns": [
        {"role": "user", "text": "Hello", "at": "", "model": "", "note": "", "sent_to": "", "left_out": 0, "state": "whole"},
        {"role": "assistant", "text": "Hi", "state": "writing", "sources": [{"number": 1, "document": "d", "score": 0.5}]}],
}  # fmt: skip


def _rule(data: bytes, _folder: Path) -> None:
    from workbench.engine.folder_rules import WatchRule

    value = _value(data)
    if not isinstance(value, dict):
        raise ValueError("not a rule")
    rule = WatchRule.from_json(value)
    assert rule.key and rule.home


_RULE = {
    "folder": "/tmp/x", "model_id": "m", "task_id": "image-classification", "action": "move", "target": "", "sure": 0.5,
    "labels": ["a"], "values": {"x": 1},
}  # fmt: skip


def _project_file(data: bytes, folder: Path) -> None:
    from workbench.data.project_file import folder_of

    (folder / "P.workbench").write_bytes(data)
    (folder / "project.db").touch()
    folder_of(folder / "P.workbench")


def _project(data: bytes, folder: Path) -> None:
    from workbench.data.project import Project

    (folder / "project.db").write_bytes(data)
    with Project.open(folder) as project:
        for item in project.items(project.item_ids()):
            project.annotations(item.id)
        project.classes()
        project.runs()


def _project_seeds() -> list[bytes]:
    import tempfile

    from workbench.data.project import Project
    from workbench.data.types import NewItem

    with tempfile.TemporaryDirectory() as place:
        with Project.create(Path(place, "p"), "P", "text-classification") as project:
            project.add_class("a")
            project.add_items([NewItem("text", "t", text="some words", label="a")])
        return [Path(place, "p", "project.db").read_bytes()]


def _report(data: bytes, _folder: Path) -> None:
    from workbench.trust.card.record import from_record

    from_record(_value(data))


def _report_seeds() -> list[bytes]:
    from workbench.trust.card.parts import Card, Facts, Heading, Section
    from workbench.trust.card.record import to_record

    parts = (Heading("Facts"), Facts((("Items", ()),)))
    card = Card("Model", "what it is", (Section("facts", "Facts", "Some.", parts),), "2026-01-01", "0.1", ("note",))
    return [json.dumps(to_record(card)).encode()]


def _events(data: bytes, folder: Path) -> None:
    from workbench.data.types import RunRecord
    from workbench.engine.run import EVENTS, read_events

    (folder / EVENTS).write_bytes(data)
    read_events(RunRecord("r", "r", "done", "", {}, {}, folder))


def _event_seeds() -> list[bytes]:
    from workbench.engine import events

    return [
        json.dumps(events.event_to_json(e)).encode()
        for e in (events.StageChanged("x"), events.StepDone(1, 0.5, 0.1, 0.1, 1.0), events.Advice("k", "words"))
    ]


_JSON_WORDS = ('"', "{", "}", "[", "]", "null", "true", "1e999", "-1", "NaN", "\\ud800", "[[[[", "99999999999999999999")
_XML_WORDS = ("<!DOCTYPE", "<![CDATA[", "&#x0;", "<?xml", "]]>", "<!ENTITY", "xmlns=", "nan", "1e999", "-1")


def targets() -> Iterator[Target]:
    """All of them."""
    yield Target("coco", _beside_pictures("annotations.json"), _json(_COCO), tokens=_JSON_WORDS)
    yield Target("labelme", _beside_pictures("a.json"), _json(_LABELME), tokens=_JSON_WORDS)
    yield Target(
        "label-studio", _beside_pictures("export.json"), _json(*[[v] for v in _LABEL_STUDIO]), tokens=_JSON_WORDS
    )
    yield Target("createml", _beside_pictures("a.json"), _json(_CREATEML), tokens=_JSON_WORDS)
    yield Target("voc", _beside_pictures("a.xml"), _texts(_VOC), tokens=_XML_WORDS)
    yield Target("cvat", _beside_pictures("annotations.xml"), _texts(_CVAT), tokens=_XML_WORDS)
    yield Target(
        "yolo", _yolo, _texts("names: [cat, dog]\ntrain: images\n---\n0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.5 0.1 0.5 0.5\n")
    )
    yield Target("masks", _masks, lambda: [_picture(mode="L"), _picture(mode="P"), _picture(mode="RGB")])
    yield Target("legend", _legend, _texts('j{"1": "cat"}', "c0,0,0,none\n1,2,3,cat\n", "tcat:1,2,3::\n"))
    yield Target("squad", _alone("a.json"), _json(_SQUAD), tokens=_JSON_WORDS)
    yield Target(
        "json-table", _alone("a.json"), _json([{"text": "fine day", "label": "good"}, _SPANS]), tokens=_JSON_WORDS
    )
    yield Target(
        "json-lines", _alone("a.jsonl"), _json({"text": "fine day", "label": "good"}, _SPANS), tokens=_JSON_WORDS
    )
    yield Target("conll", _alone("a.conll"), _texts("Anna B-PER\nlives O\nin O\nRome B-LOC\n\n-DOCSTART- O\n"))
    yield Target(
        "csv",
        _alone("a.csv"),
        _texts("text,label\na fine day,good\na bad day,bad\n", "a;b\n1;2\n3;4\n", "text\tx\ty\na\t1\t0\n"),
    )
    yield Target("excel", _alone("a.xlsx"), _excel)
    yield Target(
        "table-rows",
        _table_rows,
        _texts("cid;age\n1;2\n3;4\n", 'cx,y\n"a\n', 'j{"a": 1}\n{"b": [2]}\n', 'l[{"a": null}]'),
    )
    yield Target("rows-csv", _rows("a.csv"), _texts(
        "age,height,city,since,smokes,ill\n41,1.78,Rome,2020-01-31,yes,no\n,1.60,,31.01.2021,no,yes\n5e3,-1,\"a\nb\",x,ja,no\n",
        "a;b;c\n1,5;2,5;x\n3,5;4,5;y\n",
    ))  # fmt: skip
    yield Target("rows-excel", _rows("a.xlsx"), _excel)
    yield Target("parquet", _rows("a.parquet"), _parquet)
    yield Target("sdf", _alone("a.sdf"), _molecule_blocks, tokens=("M  END", "$$$$", "V2000", "V3000", "> <", "M  CHG"))
    yield Target("smiles-list", _alone("a.smi"), _texts("CC(=O)O acid\nc1ccccc1 ring\nCC( broken\n[Na+].[Cl-] salt\n"))
    yield Target(
        "smiles", _smiles, _texts("CC(=O)O", "C[C@@H](N)C(=O)O", "c1ccc2[nH]ccc2c1", "[13CH4]", "InChI=1S/CH4/h1H4", "C/C=C\\C"),
        tokens=("[", "]", "(", ")", "%12", "@@", "=", "#", "$", ".", "InChI=1S/", "[Og]", "->"),
    )  # fmt: skip
    yield Target("series", _series_table, _texts(
        "month,value\n2024-01,1\n2024-02,2.5\n2024-03,\n2024-04,4\n", "date;shop;sold\n01.02.2024;a;1,5\n02.02.2024;a;2,5\n"
        "01.02.2024;b;7\n02.02.2024;b;x\n", "1\n2\n3\n4\n5\n6\n",
    ))  # fmt: skip
    yield Target("series-file", _series_file, _series_seeds, tokens=_JSON_WORDS)
    yield Target("likes", _taken_in(("ratings.csv", "films.csv")), _texts(
        "userId,movieId,rating,timestamp\nu1,1,5,1000000000\nu1,2,3,1000000100\nu2,1,4,1000000000\nu2,2,1,1000000300\n---\n"
        "movieId,title,genres\n1,The robot,a|b\n2,The garden,c\n",
    ))  # fmt: skip
    yield Target("case", _case, _json({"liked": [[1, 0.5]], "seen": [2], "wanted": [3]}), tokens=_JSON_WORDS)
    yield Target("row-cells", _row_cells, _json({"a": "1", "b": "x"}), tokens=_JSON_WORDS)
    yield Target("zip", _packed, lambda: [_zip({"cat/a.txt": "miaow"}), _zip({"../a.txt": "x"})])
    yield Target("rle-coco", _rle_coco, lambda: [b"\x08\x06:5Q1", b"\x02\x022"])
    yield Target("rle-brush", _rle_brush, _brush_seeds)
    yield Target("lossless-jpeg", _lossless, _lossless_seeds, raises=_lossless_errors())
    yield Target("dicom", _dicom, _dicom_seeds)
    yield Target("picture", _picture_file, _pictures)
    yield Target("sound", _sound, _sounds)
    yield Target("docx", _document(".docx"), _docx, tokens=_XML_WORDS)
    yield Target("odt", _document(".odt"), _odt, tokens=_XML_WORDS)
    yield Target("epub", _document(".epub"), _epub, tokens=_XML_WORDS)
    yield Target(
        "html",
        _document(".html"),
        _texts("<h1>One</h1><p>Some <b>words</b><table><tr><td>x</table>"),
        tokens=_XML_WORDS,
    )
    yield Target(
        "markdown",
        _document(".md"),
        _texts("# One\n\nSome *words*\n\n```\ncode\n```\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
    )
    yield Target(
        "text", _document(".txt"), lambda: ["Grüße, some words".encode(c) for c in ("utf-8", "utf-16", "latin-1")]
    )
    yield Target("pdf", _document(".pdf"), _pdf)
    yield Target(
        "safetensors", _safetensors, _tensors, tokens=("F32", "data_offsets", "shape", "dtype", "__metadata__")
    )
    yield Target("torch-file", _weights("m.pt"), _torch_files)
    yield Target("onnx", _recognise("m.onnx"), _onnx)
    yield Target("tflite", _recognise("m.tflite"), lambda: [b"\x1c\0\0\0TFL3" + b"\0" * 60])
    yield Target("gguf", _recognise("m.gguf"), _gguf)
    yield Target(
        "darknet", _darknet, lambda: [_CFG.encode() + b"\0" + struct.pack("<3iq", 0, 2, 0, 0) + bytes(214 * 4)]
    )
    yield Target(
        "chat-template",
        _template,
        _texts(
            "{% for m in messages %}<{{ m.role }}>{{ m['content'] | trim }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<model>{% endif %}",
            "{{ raise_exception('no') }}",
            "{% set n = namespace(x=1) %}{% macro f(a) %}{{ a * 3 }}{% endmacro %}{{ f('x') }}",
        ),
        tokens=(
            "{{",
            "}}",
            "{%",
            "%}",
            "| tojson",
            "range(",
            "__class__",
            "loop.index",
            "namespace(",
            "**",
            "messages[0]",
        ),
    )
    yield Target("card", _card, _card_seeds, tokens=_JSON_WORDS)
    yield Target("manifest-line", _manifest, _json(_LINE), tokens=_JSON_WORDS)
    yield Target("run-toml", _run_toml, _texts(_RUN_TOML))
    yield Target("prediction-record", _records, _record_seeds, tokens=_JSON_WORDS)
    yield Target("conversation", _conversation, _json(_TALK), tokens=_JSON_WORDS)
    yield Target("folder-rule", _rule, _json(_RULE), (ValueError,), _JSON_WORDS)
    yield Target("report-record", _report, _report_seeds, tokens=_JSON_WORDS)
    yield Target("events", _events, _event_seeds, tokens=_JSON_WORDS)
    yield Target(
        "project-file", _project_file, _texts('{"format": "model-workbench-project", "version": 1, "name": "P"}')
    )
    yield Target("project", _project, _project_seeds)
