"""What is measured of texts and pictures is what Python, ftfy, Pillow and numpy say of the same content."""

from __future__ import annotations

import io
import re
from collections import Counter

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from tests.workers.engines.exploration.sets import draw_scene, encode, write_set
from workers.engines.profile.pictures import measure_picture
from workers.engines.profile.texts import is_damaged

LANGUAGES = {
    "en": "The quick brown fox jumps over the lazy dog and then sleeps in the warm afternoon sun",
    "de": "Der schnelle braune Fuchs springt über den faulen Hund und schläft dann in der warmen Sonne",
    "fr": "Le renard brun et rapide saute par-dessus le chien paresseux puis dort au soleil de midi",
    "es": "El rápido zorro marrón salta sobre el perro perezoso y luego duerme bajo el sol caliente",
}


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(4)
    found = [
        f"{LANGUAGES[name]} {n}"
        for name, count in (("en", 30), ("de", 20), ("fr", 10), ("es", 5))
        for n in range(count)
    ]
    found += [
        "",
        " ",
        "ok",
        "two words",
        "just three words",
        "l’humanitÃ© des cafÃ©s Ã  Paris est rare",
        "lost � characters here too",
    ]
    return [found[n] for n in rng.permutation(len(found))]


@pytest.fixture(scope="module")
def profile(texts, tmp_path_factory):
    labels = ["dog" if "Hund" in text or "dog" in text else "other" for text in texts]
    return write_set(tmp_path_factory.mktemp("texts"), "text", texts, labels).profile()


def column(profile, name: str) -> dict:
    return next(one for one in profile["columns"] if one["name"] == name)


def test_lengths_and_words_are_counted(texts, profile):
    lengths, words = [len(text) for text in texts], [len(text.split()) for text in texts]

    for name, true in (("length", lengths), ("words", words)):
        numbers = column(profile, name)["numbers"]
        assert (numbers["min"], numbers["max"]) == (min(true), max(true))
        assert numbers["mean"] == pytest.approx(np.mean(true)) and numbers["deviation"] == pytest.approx(
            np.std(true, ddof=1)
        )
        assert sum(column(profile, name)["bins"]["counts"]) == len(texts)
    assert profile["texts"]["near_empty"] == sum(count < profile["texts"]["near_empty_words"] for count in words) == 4


def test_languages_are_told_apart_and_short_texts_are_not_guessed_at(texts, profile):
    found = dict(map(tuple, profile["texts"]["languages"]))

    assert {name: found[name] for name in LANGUAGES} == {"en": 31, "de": 20, "fr": 11, "es": 5}
    assert profile["texts"]["looked_up"] == sum(found.values()) == sum(len(text.strip()) >= 20 for text in texts)


def test_texts_read_in_a_wrong_encoding_are_counted_and_mended(profile):
    assert profile["texts"]["damaged"] == 2
    assert any("humanité des cafés à" in mended for _, _, mended in profile["texts"]["damaged_examples"])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(LANGUAGES.values())), st.sampled_from(["utf-8", "latin-1", "cp1252"]))
def test_only_what_was_decoded_wrongly_is_called_damaged(text, encoding):
    assert not is_damaged(text)
    assert not is_damaged(text.encode(encoding).decode(encoding))
    if not text.isascii():
        assert is_damaged(text.encode("utf-8").decode("latin-1"))
        assert is_damaged(text.encode("latin-1").decode("utf-8", errors="replace"))


def test_the_vocabulary_counts_each_word_once_a_text(texts, profile):
    token = re.compile(r"\b[^\W\d_][\w'’-]+\b")
    counts = Counter(word for text in texts for word in set(token.findall(text.lower())))
    common = {word: count for word, count in counts.items() if count >= 2}

    vocabulary = profile["texts"]["vocabulary"]
    assert (vocabulary["distinct"], vocabulary["texts"]) == (len(common), len(texts))
    assert all(common[word] == count for word, count in vocabulary["top"])
    assert [count for _, count in vocabulary["top"]] == sorted(common.values(), reverse=True)[:40]
    assert "zorro" not in [word for word, _ in vocabulary["by_class"]["dog"]]
    assert {"chien", "renard"} & {word for word, _ in vocabulary["by_class"]["other"]}


def test_a_vocabulary_of_many_words_is_counted_whole(tmp_path):
    """Not only as many as the model of the words would take."""
    texts = [f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(17_000)]
    lines = [" ".join(texts[n : n + 400]) for n in range(0, len(texts), 400)]
    more = [" ".join(f"{word}{word}" for word in texts[n : n + 400]) for n in range(0, len(texts), 400)]

    found = write_set(tmp_path, "text", (lines + more) * 2).profile()["texts"]["vocabulary"]

    assert found["distinct"] == 2 * len(texts)


def gray_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB").convert("L"), dtype=float) / 255


@pytest.mark.parametrize(
    ("mode", "kind", "channels"),
    [
        ("RGB", "PNG", 3), ("RGB", "JPEG", 3), ("L", "PNG", 1), ("RGBA", "PNG", 4), ("P", "PNG", 1),
        ("CMYK", "JPEG", 4), ("1", "PNG", 1), ("LA", "PNG", 2),
    ],
)  # fmt: skip
def test_brightness_contrast_and_channels_are_those_of_the_file(mode, kind, channels):
    content = encode(draw_scene(7).convert(mode), kind)

    facts = measure_picture(content)

    with Image.open(io.BytesIO(content)) as image:
        true = gray_of(image)
    assert facts.brightness == pytest.approx(true.mean(), abs=0.004)
    assert facts.contrast == pytest.approx(true.std(), abs=0.006)
    assert (facts.channels, facts.is_corrupt) == (channels, False)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_gray_are_as_bright_as_eight(kind):
    """They are not cut at 255, which would make nearly all of them white."""
    steps = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)

    deep = measure_picture(encode(Image.fromarray(steps.astype(np.uint16) * 257), kind))
    plain = measure_picture(encode(Image.fromarray(steps), kind))

    assert deep == plain and plain.brightness == pytest.approx(0.5, abs=0.01)


def test_sharpness_is_the_variance_of_the_laplacian_and_falls_with_blur():
    scenes = [draw_scene(9).filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2, 4)]

    found = [measure_picture(encode(scene)).sharpness for scene in scenes]

    gray = cv2.cvtColor(np.asarray(scenes[0]), cv2.COLOR_RGB2GRAY)
    assert found[0] == pytest.approx(cv2.Laplacian(gray, cv2.CV_64F).var())
    assert found == sorted(found, reverse=True) and found[0] > 10 * found[-1]


def test_what_is_transparent_counts_as_white():
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))

    assert measure_picture(encode(clear)).brightness == 1


def test_pictures_of_a_set_are_described_and_unreadable_ones_counted(tmp_path):
    sizes = [(60, 40), (40, 60), (80, 80), (100, 20)] * 5
    scenes = [draw_scene(n, *size) for n, size in enumerate(sizes)]
    contents = [encode(scene) for scene in scenes]
    whole = encode(draw_scene(99), "JPEG")
    contents += [whole[: len(whole) // 2], b"no picture at all", b""]

    profile = write_set(tmp_path, "image", contents).profile()

    assert profile["images"] == {"corrupt": 3, "measured": 20}
    for name, true in {
        "width": [w for w, _ in sizes] + [240],
        "height": [h for _, h in sizes] + [180],
        "aspect": [w / h for w, h in sizes] + [240 / 180],
        "brightness": [gray_of(scene).mean() for scene in scenes],
        "contrast": [gray_of(scene).std() for scene in scenes],
        "channels": [3] * 20,
    }.items():
        found = column(profile, name)
        assert found["numbers"]["mean"] == pytest.approx(np.mean(true), abs=0.002), name
        assert found["missing"] == len(contents) - len(true), name
        assert sum(found["bins"]["counts"]) == len(true), name
    brightest = max(range(20), key=lambda n: gray_of(scenes[n]).mean())
    assert column(profile, "brightness")["extremes"]["high"][0][0] == brightest + 1


def test_classes_are_balanced_by_split_source_and_time(tmp_path):
    rng = np.random.default_rng(8)
    labels = [
        str(name) if name != "none" else None
        for name in rng.choice(["a", "b", "c", "none"], 300, p=[0.5, 0.3, 0.1, 0.1])
    ]
    splits = [str(name) for name in rng.choice(["train", "test"], 300)]
    made = write_set(tmp_path, "text", [f"text {n}" for n in range(300)], labels, splits=splits)

    profile = made.profile()

    counts = Counter(filter(None, labels))
    assert profile["classes"]["balance"] == [list(pair) for pair in counts.most_common()]
    assert profile["splits"] == Counter(splits) and profile["labeled"] == sum(counts.values())
    for split in ("train", "test"):
        inside = [label for label, where in zip(labels, splits, strict=True) if where == split and label]
        assert profile["classes"]["by_split"][split] == Counter(inside)
    assert {source["collection"]: (source["items"], source["labels"]) for source in profile["sources"]} == {
        part + 1: (100, Counter(filter(None, labels[part * 100 : part * 100 + 100]))) for part in range(3)
    }
    assert profile["time"]["unit"] == "day" and sum(profile["time"]["counts"]) == 300
    days = [n * 100 // 300 // 24 for n in range(300)]  # a hundred hours, evenly: see `write_set`
    assert profile["time"]["counts"] == [days.count(day) for day in range(5)]
    assert profile["time"]["by"]["b"] == [
        sum(label == "b" for label, when in zip(labels, days, strict=True) if when == day) for day in range(5)
    ]
