"""Hostile and odd items: what is refused gets a sentence, what is accepted is read as in training."""

from __future__ import annotations

import io
import json
import math
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.workers.engines.worlds import to_png
from workers.engines.artifact import BadArtifact, BadInput, Predictor, images
from workers.engines.artifact.histograms import build_histogram, count_like
from workers.engines.artifact.images import decode_image, to_array
from workers.engines.artifact.rows import encode_rows, parse_category, parse_date, parse_number
from workers.engines.artifact.texts import encode_texts

GRADIENT = np.linspace(0, 255, 32 * 20 * 3).reshape(20, 32, 3).astype(np.uint8)
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def image_predictor(trained):
    return Predictor.load(trained("image_cnn", "image_classification")[0].artifact_dir)


@pytest.fixture(scope="module")
def text_predictor(trained):
    return Predictor.load(trained("text_fast", "text_classification")[0].artifact_dir)


@pytest.fixture(scope="module")
def row_predictor(trained):
    return Predictor.load(trained("tabular_lightgbm", "tabular_regression")[0].artifact_dir)


def save(image: Image.Image, form: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def test_importing_the_artifact_code_loads_no_training_library():
    code = (
        "import sys, workers.engines.artifact; "
        "print([m for m in ('torch', 'pandas', 'scipy', 'sklearn', 'django', 'pyarrow') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16", "F"])
def test_every_mode_becomes_rgb(mode):
    image = Image.fromarray(GRADIENT)
    if mode in {"I", "I;16", "F"}:
        deep = np.asarray(image.convert("L"))
        kinds = {"I": deep.astype(np.int32) * 257, "I;16": deep.astype(np.uint16) * 257, "F": deep / np.float32(255)}
        data = save(Image.fromarray(kinds[mode]), "TIFF")
    elif mode == "PA":
        data = save(image.convert("P"), "PNG", transparency=3)
    else:
        data = save(image.convert(mode), "TIFF")

    decoded = decode_image(data)

    assert decoded.pixels.mode == "RGB"
    assert (decoded.width, decoded.height) == (32, 20)
    if mode in {"I", "I;16", "F", "L"}:
        grey = np.asarray(image.convert("L"), dtype=int)
        assert np.abs(np.asarray(decoded.pixels)[:, :, 0] - grey).max() <= 1


def test_transparency_shows_white():
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))

    pixels = np.asarray(decode_image(save(clear, "PNG")).pixels)

    assert (pixels == 255).all()


def test_a_photograph_is_turned_upright():
    image = Image.fromarray(GRADIENT)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter clockwise

    decoded = decode_image(save(image, "JPEG", exif=exif))

    assert (decoded.width, decoded.height) == (20, 32) == decoded.pixels.size


def test_a_large_jpeg_is_decoded_small_but_described_in_full():
    big = Image.fromarray(np.kron(GRADIENT, np.ones((40, 40, 1), dtype=np.uint8)))

    decoded = decode_image(save(big, "JPEG"), target=(16, 16))

    assert (decoded.width, decoded.height) == (1280, 800)
    assert decoded.pixels.width < 1280


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)

    with pytest.raises(BadInput, match="million pixels"):
        decode_image(to_png(np.zeros((40, 40), dtype=np.uint8)))


def test_a_header_that_promises_gigapixels_is_refused():
    header = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    bomb += struct.pack(">I", 8) + b"IDAT" + bytes(8)

    with pytest.raises(BadInput, match="million pixels"):
        decode_image(bomb)


@pytest.mark.parametrize("item", [None, 5, "text", {"image": 1}, [], b"", b"GIF", b"<svg onload='x'/>", b"%PDF-1.7"])
def test_what_is_no_image_is_refused_in_a_sentence(image_predictor, item):
    with pytest.raises(BadInput, match=r"^[A-Z].*\.$"):
        image_predictor.predict([item])


@relaxed
@given(st.integers(0, 10_000), st.binary(max_size=8), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
def test_damaged_images_are_read_or_refused(image_predictor, cut, patch, form):
    whole = save(Image.fromarray(GRADIENT), form)
    at = cut % len(whole)
    damaged = whole[:at] + patch + whole[at + len(patch) :] if patch else whole[:at]

    try:
        answer = image_predictor.predict([damaged])[0]
    except BadInput as error:
        assert str(error)
    else:
        assert answer["label"] in {"across", "down"}


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("channels", [1, 3])
def test_tensors_have_the_size_and_channels_of_the_manifest(fit, channels):
    image = decode_image(to_png(GRADIENT)).pixels

    array = to_array(image, {"size": [12, 9], "fit": fit, "channels": channels})

    assert array.shape == (channels, 12, 9) and array.dtype == np.uint8


@relaxed
@given(st.text(max_size=300) | st.text(alphabet=st.characters(categories=["Cs", "Cn", "Zs", "So"]), max_size=40))
def test_any_text_is_answered(text_predictor, text):
    answer = text_predictor.predict([text])[0]

    assert math.isfinite(answer["confidence"])
    assert text_predictor.describe(text)["length"] == len(text)


@pytest.mark.parametrize("item", [None, b"bytes", 5, {"text": "x"}, "x" * 1_000_001])
def test_what_is_no_text_is_refused(text_predictor, item):
    with pytest.raises(BadInput):
        text_predictor.predict(["fine", item])


def test_a_long_text_is_cut_and_keeps_its_closing_token():
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[SEP]": 1, "a": 2}, unk_token="[PAD]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A [SEP]", special_tokens=[("[SEP]", 1)])
    operation = {"ids": "ids", "mask": "mask", "max_length": 4, "pad_id": 0}

    arrays = encode_texts(tokenizer, ["a a a a a a", "a"], operation)

    assert arrays["ids"].tolist() == [[2, 2, 2, 1], [2, 1, 0, 0]]
    assert arrays["mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]


@relaxed
@given(st.dictionaries(st.sampled_from(["size", "color", "sold_at", "noise", "other"]), json_values, max_size=5))
def test_any_row_is_answered_or_refused(row_predictor, row):
    try:
        answer, described = (part[0] for part in row_predictor.predict_and_describe([row]))
    except BadInput:
        assert not {"size", "color", "sold_at", "noise"} & set(row)
    else:
        assert math.isfinite(answer["value"])
        json.dumps(described, allow_nan=False)


def test_a_row_without_known_columns_is_refused(row_predictor):
    with pytest.raises(BadInput, match="none of the columns"):
        row_predictor.predict([{"Size": 4}])


def test_wrong_types_count_as_missing(row_predictor):
    plain = {"color": "red", "noise": 4, "sold_at": "2024-03-01"}

    answers = row_predictor.predict([{**plain, "size": value} for value in (None, "tall", [1], "NaN", float("inf"))])

    assert len({answer["value"] for answer in answers}) == 1


def test_unknown_categories_get_their_own_code():
    feature = {"name": "c", "kind": "category", "categories": ["x", "y"], "other_code": 2, "missing_code": 3}

    codes = encode_rows([{"c": "y"}, {"c": "zebra"}, {"c": None}, {}, {"c": " x "}], [feature])

    assert codes[:, 0].tolist() == [1, 2, 3, 3, 0]


def test_values_read_alike_from_json_and_csv():
    assert parse_category(1.0) == parse_category(1) == parse_category("1") == "1"
    assert parse_number("1e3") == parse_number(1000) == 1000
    assert math.isnan(parse_number("1_000"))
    assert parse_number(10**400) != parse_number(10**400)
    assert parse_date("2024-05-01T10:00:00+02:00", "iso") == parse_date("2024-05-01T08:00:00Z", "iso")
    assert parse_date("31.02.2024", "%d.%m.%Y") is None


def test_tensors_of_other_names_types_and_shapes_are_refused(image_predictor):
    good = image_predictor.prepare([to_png(GRADIENT)])
    image = good["image"]

    for bad in (
        {},
        {"picture": image},
        {"image": image.astype(np.float64)},
        {"image": image[0]},
        {"image": image[:, :, :5]},
        {"image": image[:0]},
    ):
        with pytest.raises(BadInput, match=r"^[A-Z].*\.$"):
            image_predictor.infer(bad)
    assert image_predictor.infer(good)["probabilities"].shape == (1, 2)


def test_ids_outside_the_vocabulary_are_refused(text_predictor):
    with pytest.raises(BadInput):
        text_predictor.infer({"input_ids": np.full((1, 4), 10**9, dtype=np.int64)})


def change_manifest(folder: Path, **changes) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "model.onnx").unlink(),
        lambda folder: (folder / "model.onnx").write_bytes(b"no graph"),
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: change_manifest(folder, format=99),
        lambda folder: change_manifest(folder, files=["model.onnx", "../../etc/passwd"]),
        lambda folder: change_manifest(folder, files=["model.onnx"]),
        lambda folder: change_manifest(folder, preprocess=[{"op": "run_code"}]),
        lambda folder: change_manifest(folder, inputs=[{"name": "x", "datatype": "INT64", "shape": [-1, -1]}]),
    ],
)
def test_a_damaged_artifact_is_refused(trained, tmp_path, spoil):
    folder = tmp_path / "artifact"
    shutil.copytree(trained("text_fast", "text_classification")[0].artifact_dir, folder)
    spoil(folder)

    with pytest.raises(BadArtifact):
        Predictor.load(folder)


@given(st.lists(st.floats(-1e6, 1e6) | st.none(), max_size=80))
@example([-1e6, np.nextafter(-1e6, 0)])
def test_a_histogram_counts_every_number(values):
    built = build_histogram(values)

    assert sum(built["counts"]) + built["missing"] == len(values)
    assert built["edges"] == sorted(set(built["edges"])) and len(built["edges"]) == len(built["counts"]) + 1
    assert count_like(built, values)["counts"] == built["counts"]
    assert sum(count_like(built, [1e9, -1e9, None])["counts"]) == 2


def test_a_category_histogram_counts_what_it_does_not_know():
    built = build_histogram(["a", "b", "a", None])

    assert count_like(built, ["a", "c", None]) == {
        "kind": "category",
        "categories": ["a", "b"],
        "counts": [1, 0],
        "missing": 1,
        "other": 1,
    }
