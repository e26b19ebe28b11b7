"""DICOM files, judged by pydicom: its own files, and ones written here."""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_time import Watch
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1

from tests.data.lossless_writer import encode
from workbench.data.exporters.project import export_folders
from workbench.data.importers import sniff
from workbench.data.jpeg_lossless import DamagedError, decode
from workbench.data.media import is_picture, open_picture, read_picture
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.errors import UserError

NAME = "Doe^Jane"


def shipped(name: str) -> Path:
    """A file inside pydicom's own package; never fetched."""
    found = Path(pydicom.__file__).parent / "data" / "test_files" / f"{name}.dcm"
    assert found.is_file()
    return found


def scan(values: np.ndarray, **more: Any) -> Dataset:
    """A small CT of a person with a name."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID = meta.MediaStorageSOPClassUID
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    made.PatientName, made.PatientID, made.Modality = NAME, "1234567", "CT"
    colours = values.shape[-1] == 3 and values.ndim > 2
    frames = values.ndim - (3 if colours else 2)
    made.Rows, made.Columns = values.shape[frames : frames + 2]
    if frames:
        made.NumberOfFrames = len(values)
    made.SamplesPerPixel = 3 if colours else 1
    made.PhotometricInterpretation = "RGB" if colours else "MONOCHROME2"
    if colours:
        made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = values.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(values.dtype.kind == "i")
    made.PixelData = values.tobytes()
    for key, value in more.items():
        setattr(made, key, value)
    return made


def written(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def judged(dataset: Dataset) -> np.ndarray:
    """What pydicom makes of modality and VOI, as greys 0..255."""
    values = apply_modality_lut(dataset.pixel_array, dataset)
    shown = apply_voi_lut(values, dataset).astype(float)
    if "VOILUTSequence" in dataset:
        low, high = 0.0, float((1 << dataset.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    else:
        stored = dataset.BitsStored
        low, high = (
            (-(1 << stored - 1), (1 << stored - 1) - 1) if dataset.PixelRepresentation else (0, (1 << stored) - 1)
        )
        slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
        low, high = low * slope + intercept, high * slope + intercept
    grey = (shown - low) / (high - low) * 255
    return 255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def greys(source: Any) -> np.ndarray:
    return np.asarray(open_picture(source))[..., 0].astype(float)


SLICE = (np.arange(48 * 48, dtype=np.int16).reshape(48, 48) * 2 - 1200).astype(np.int16)
GREY_FILES = (
    "693_J2KI", "J2K_pixelrep_mismatch", "MR_small", "MR_small_RLE", "MR_small_bigendian", "MR_small_expb",
    "MR_small_implicit", "MR_small_jp2klossless", "MR_small_padded", "examples_overlay",
)  # fmt: skip
COLOUR_FILES = (
    "SC_rgb_jpeg_dcmtk", "SC_rgb_rle", "SC_rgb_rle_16bit", "SC_rgb_rle_32bit", "SC_rgb_small_odd", "SC_rgb_dcmtk_+eb+cy+np",
    "SC_rgb_dcmtk_+eb+cr", "SC_rgb_gdcm_KY", "SC_ybr_full_422_uncompressed", "ExplVR_BigEnd",
    "examples_jpeg2k", "examples_rgb_color",
)  # fmt: skip


@pytest.mark.parametrize("name", GREY_FILES)
def test_greys_are_pydicom_s(name: str) -> None:
    dataset = pydicom.dcmread(shipped(name))
    assert np.abs(greys(shipped(name)) - judged(dataset)).max() <= 0.51


@pytest.mark.parametrize("name", COLOUR_FILES)
def test_colours_are_pydicom_s(name: str) -> None:
    dataset = pydicom.dcmread(shipped(name))
    wanted = dataset.pixel_array >> (dataset.BitsStored - 8)
    assert (np.asarray(open_picture(shipped(name))) == wanted).all()


def test_a_palette_gives_its_colours() -> None:
    dataset = pydicom.dcmread(shipped("examples_palette"))
    wanted = pydicom.pixels.apply_color_lut(dataset.pixel_array, dataset) >> 8
    assert (np.asarray(open_picture(shipped("examples_palette"))) == wanted).all()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_every_curve_and_both_directions(function: str, photometric: str) -> None:
    made = scan(
        SLICE, PhotometricInterpretation=photometric, RescaleSlope=2, RescaleIntercept=-100, WindowCenter=[40, 300],
        WindowWidth=[400, 1500], VOILUTFunction=function,
    )  # fmt: skip
    assert np.abs(greys(written(made)) - judged(made)).max() <= 0.51
    found = read_picture(written(made)).deep
    assert found is not None and found.unit == "HU" and found.window == (40.0, 400.0)
    assert [w for _, w in found.presets][:2] == [(40.0, 400.0), (300.0, 1500.0)]
    assert ("Lung", (-600.0, 1500.0)) in found.presets


def test_a_table_of_greys_in_the_file() -> None:
    table = Dataset()
    table.LUTDescriptor = [256, -200, 12]
    table.LUTData = [int((n / 255) ** 2 * 4095) for n in range(256)]
    for key in ("LUTDescriptor", "LUTData"):
        table[key].VR = "SS" if key == "LUTDescriptor" else "US"
    made = scan(SLICE, VOILUTSequence=Sequence([table]), RescaleSlope=1, RescaleIntercept=0)
    data = written(made)
    assert np.abs(greys(data) - judged(pydicom.dcmread(io.BytesIO(data)))).max() <= 0.51
    assert greys(Sample("picture", data=data, window=(0.0, 100.0))).std() != greys(data).std()


def test_without_a_window_the_values_say_it_and_padding_does_not_count() -> None:
    values = SLICE.copy()
    values[:10] = -2000
    made = scan(values, PixelPaddingValue=-2000, RescaleSlope=1, RescaleIntercept=-24)
    low, high = np.percentile(SLICE[10:].astype(float) - 24, (1, 99))
    found = read_picture(written(made)).deep
    assert found is not None and found.window == pytest.approx(((low + high) / 2, high - low))
    assert greys(written(made))[:10].max() == 0


def test_the_middle_of_a_series_unless_another_is_asked_for() -> None:
    frames = np.stack([np.full((8, 8, 3), n * 10, np.uint8) for n in range(7)])
    data = written(scan(frames))
    opened = read_picture(data)
    assert (opened.frame, opened.frames, opened.note) == (3, 7, "Picture 4 of 7 in this file.")
    assert opened.picture.getpixel((0, 0)) == (30, 30, 30)
    assert open_picture(Sample("picture", data=data, frame=6)).getpixel((0, 0)) == (60, 60, 60)
    many = pydicom.dcmread(shipped("examples_ybr_color"))
    assert (np.asarray(open_picture(shipped("examples_ybr_color"))) == many.pixel_array[15]).all()


def test_an_enhanced_scan_keeps_its_windows_with_its_frames() -> None:
    groups = []
    for n in range(3):
        transformation, voi, group = Dataset(), Dataset(), Dataset()
        transformation.RescaleSlope, transformation.RescaleIntercept = 1 + n, -50
        voi.WindowCenter, voi.WindowWidth = 100 * n, 200
        group.PixelValueTransformationSequence = Sequence([transformation])
        group.FrameVOILUTSequence = Sequence([voi])
        groups.append(group)
    made = scan(np.stack([SLICE] * 3), PerFrameFunctionalGroupsSequence=Sequence(groups))
    for n in range(3):
        flat = scan(SLICE, RescaleSlope=1 + n, RescaleIntercept=-50, WindowCenter=100 * n, WindowWidth=200)
        shown = greys(Sample("picture", data=written(made), frame=n))
        assert np.abs(shown - judged(flat)).max() <= 0.51


def test_bits_beside_the_stored_ones_do_not_count() -> None:
    values = (np.arange(4096, dtype=np.uint16).reshape(64, 64)) | 0xF000
    made = scan(values, BitsStored=12, HighBit=11, Modality="DX")
    found = read_picture(written(made)).deep
    assert found is not None and (found.low, found.high) == (0.0, 4095.0) and found.unit == ""


# JPEG Lossless ----------------------------------------------------------------------------------------------------------


def test_jpeg_lossless_by_another_program() -> None:
    """Written by GDCM; the same picture stands uncompressed in another of pydicom's files."""
    compressed = np.asarray(open_picture(shipped("SC_rgb_jpeg_gdcm")))
    assert (compressed == pydicom.dcmread(shipped("SC_rgb_rle")).pixel_array).all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(st.data())
def test_jpeg_lossless_gives_back_every_bit(data: st.DataObject) -> None:
    precision = data.draw(st.integers(2, 16))
    rows, columns = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    shape = (rows, columns, 3) if data.draw(st.booleans()) else (rows, columns)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    values = rng.integers(0, 1 << precision, shape).astype(np.uint16)
    predictor, restart = data.draw(st.integers(1, 7)), data.draw(st.integers(0, rows))
    shift = data.draw(st.integers(0, precision - 1))
    stream = encode(values, precision, predictor, shift, restart)
    assert (decode(stream, rows, columns) == values >> shift << shift).all()
    cut = data.draw(st.integers(0, len(stream) - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            decode(stream[:cut], rows, columns)
        except DamagedError:
            pass
        else:
            assert cut >= len(stream) - 3, "only the end marker and filling bits may be missing"


@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_a_signed_scan_in_jpeg_lossless(dtype: type) -> None:
    values = SLICE.astype(dtype) if dtype is np.int16 else (SLICE.astype(int) + 2000).astype(dtype)
    made = scan(values, RescaleSlope=1, RescaleIntercept=-10, WindowCenter=0, WindowWidth=900)
    wanted = judged(made)
    made.PixelData = encapsulate([encode(values.view(np.uint16), 16)])
    made.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    made["PixelData"].VR = "OB"
    assert np.abs(greys(written(made)) - wanted).max() <= 0.51


def test_a_large_scan_is_read_quickly_enough() -> None:
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.integers(-3, 4, (512, 512)), axis=1) + 2048
    values = smooth.clip(0, 4095).astype(np.uint16)
    stream = encode(values[:64], 12)
    watch = Watch()
    assert (decode(stream, 64, 512) == values[:64]).all()
    assert watch.seconds < 2, "a whole slice must not take many seconds"


# What cannot be read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("JPGExtended", "compressed in a way the app cannot read .JPEG Extended"),
        ("MR_small_jpeg_ls_lossless", "compressed in a way the app cannot read .JPEG-LS"),
        ("rtplan", "holds no picture"),
        ("test-SR", "holds no picture"),
        ("MR_truncated", "damaged or cut off"),
        ("badVR", "damaged or cut off"),
        ("dicomdirtests/../DICOMDIR", ""),
    ],
)
def test_what_cannot_be_read_is_one_sentence(name: str, message: str) -> None:
    if not message:
        name, message = str(shipped("rtplan").parent / "dicomdirtests" / "DICOMDIR"), "list of contents"
    with pytest.raises(UserError, match=message) as told:
        open_picture(Path(name) if "/" in name else shipped(name))
    assert told.value.hint


def test_claimed_sizes_and_hidden_masses_are_refused() -> None:
    for more in ({"Rows": 60_000, "Columns": 60_000}, {"Rows": 0}, {"NumberOfFrames": 10_000_000}):
        with pytest.raises(UserError):
            open_picture(written(scan(SLICE, **more)))
    plain = written(scan(SLICE))
    start = 144 + int.from_bytes(plain[140:144], "little")
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    head = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(head, meta, enforce_standard=False)
    for more, message in (((b"\0" * 50_000_000,) * 11, "too large"), ((b"\0" * 8_000_000,), "damaged"), ((), "")):
        squeeze = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        parts = [squeeze.compress(part) for part in (plain[start:], *more)]
        data = b"\0" * 128 + b"DICM" + head.getvalue() + b"".join(parts) + squeeze.flush()
        assert len(data) < 3_000_000
        if message:
            with pytest.raises(UserError, match=message):
                open_picture(data)
        else:
            assert (greys(data) == greys(plain)).all(), "deflated files of honest size are read"


def test_a_jpeg_that_claims_another_size_is_refused() -> None:
    made = scan(SLICE)
    made.PixelData = encapsulate([encode(np.zeros((64, 64), np.uint16), 16)])
    made.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    made["PixelData"].VR = "OB"
    with pytest.raises(UserError, match="damaged"):
        open_picture(written(made))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_is_a_sentence(data: st.DataObject) -> None:
    source = bytearray(
        shipped(data.draw(st.sampled_from(["MR_small", "MR_small_RLE", "SC_rgb_small_odd"]))).read_bytes()
    )
    for _ in range(data.draw(st.integers(1, 12))):
        source[data.draw(st.integers(132, len(source) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(200, len(source)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert open_picture(bytes(source[:cut])).mode == "RGB"
        except UserError as error:
            assert error.message


# In projects ------------------------------------------------------------------------------------------------------------


def test_files_without_an_ending_come_in_and_reports_do_not(
    tmp_path: Path, make_project: Callable[[Path], Project]
) -> None:
    folder = tmp_path / "study"
    for label, names in {"head": ("IM0001", "IM0002"), "chest": ("1.2.840.113619", "b.dcm")}.items():
        (folder / label).mkdir(parents=True)
        for number, name in enumerate(names):
            data = written(scan(SLICE + np.int16(number + len(label)), WindowCenter=0, WindowWidth=500))
            (folder / label / name).write_bytes(data)
    (folder / "DICOMDIR").write_bytes((shipped("rtplan").parent / "dicomdirtests" / "DICOMDIR").read_bytes())
    (folder / "head" / "notes").write_text("no picture")
    assert is_picture(folder / "head" / "IM0001") and not is_picture(folder / "head" / "notes")
    plan = sniff([folder])
    assert (plan.total, plan.label_counts) == (4, {"head": 2, "chest": 2})
    project = make_project(folder)
    assert {(i.width, i.height) for i in project.items(project.item_ids())} == {(48, 48)}


def test_a_patient_s_name_is_never_handed_on(
    tmp_path: Path, make_project: Callable[[Path], Project], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "study" / "head"
    folder.mkdir(parents=True)
    made = scan(SLICE, WindowCenter=0, WindowWidth=500)
    made.add_new("PatientBirthDate", "DA", "no date at all of Jane")  # breaks a rule: pydicom would warn with the value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (folder / "a").write_bytes(written(made))
    project = make_project(folder.parent)
    project.set_window((0.0, 100.0))
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        count, problems = export_folders(project, tmp_path / "out")
    assert (count, problems) == (1, [])
    out = tmp_path / "out" / "head" / "a.png"
    assert (
        np.asarray(Image.open(out))
        == np.asarray(open_picture(Sample("picture", path=folder / "a", window=(0.0, 100.0))))
    ).all()
    said = out.read_bytes() + caplog.text.encode() + repr([str(w.message) for w in warned]).encode()
    assert b"Jane" not in said and b"1234567" not in said
    assert b"Jane" in (folder / "a").read_bytes()


def test_pydicom_s_files_need_no_network() -> None:
    assert get_testdata_file("MR_small.dcm", download=False) is not None
