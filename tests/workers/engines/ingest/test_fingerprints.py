"""Near-duplicates are close, other things are far, and the quick search finds exactly what the slow one does."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from workers.engines.ingest import fingerprints as fp


def draw(seed: int, size: int = 160) -> Image.Image:
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (size, size), tuple(int(c) for c in rng.integers(0, 255, 3)))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, w, h = (int(v) for v in rng.integers(5, size, 4))
        pen.ellipse([x, y, x + w // 2, y + h // 2], fill=tuple(int(c) for c in rng.integers(0, 255, 3)))
    return image


def distance(a: int, b: int) -> int:
    return int(np.bitwise_count(fp.as_prints([a]) ^ fp.as_prints([b]))[0])


def recompress(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=35)
    return Image.open(io.BytesIO(out.getvalue()))


def crop(image: Image.Image, share: float, seed: int = 0) -> Image.Image:
    """A part of that share of both sides, somewhere in the picture."""
    rng, width, height = np.random.default_rng(seed), round(image.width * share), round(image.height * share)
    x, y = (int(rng.integers(0, most + 1)) for most in (image.width - width, image.height - height))
    return image.crop((x, y, x + width, y + height))


@pytest.mark.parametrize(
    "change",
    [
        recompress,
        lambda image: image.resize((90, 90)),
        lambda image: image.resize((400, 400)),
        lambda image: crop(image, 0.97),
        lambda image: recompress(crop(image, 0.98).resize((120, 120))),
    ],
    ids=["recompressed", "smaller", "larger", "cropped", "all of it"],
)
def test_a_changed_copy_of_a_picture_is_close(change):
    for seed in range(20):
        image = draw(seed)
        assert distance(fp.compute_picture(image), fp.compute_picture(change(image))) <= fp.NEAR_BITS


@pytest.mark.parametrize("bits", [16, 12])
def test_a_deep_picture_is_close_to_its_copy_in_eight_bits(bits):
    for seed in range(5):
        gray = draw(seed).convert("L")
        deep = Image.fromarray((np.asarray(gray).astype(np.uint16) << (bits - 8)).astype(np.uint16))

        assert deep.mode == "I;16"
        assert distance(fp.compute_picture(gray), fp.compute_picture(deep)) <= 4


def test_crops_are_close_as_long_as_they_are_small():
    """What an import keeps on one side (decision 014): larger crops are found by the search for faults."""
    found = {
        share: sum(
            distance(fp.compute_picture(draw(seed)), fp.compute_picture(crop(draw(seed), share, seed))) <= fp.NEAR_BITS
            for seed in range(40)
        )
        for share in (0.98, 0.96, 0.95, 0.8)
    }

    assert found[0.98] == found[0.96] == 40 and found[0.95] >= 30 and found[0.8] < 20


def test_different_pictures_are_far():
    prints = [fp.compute_picture(draw(seed)) for seed in range(60)]

    pairs = [(i, j) for i in range(60) for j in range(i) if distance(prints[i], prints[j]) <= fp.NEAR_BITS]

    assert not pairs


@pytest.mark.parametrize("image", [Image.new("L", (200, 200), 255)], ids=["blank"])
def test_a_picture_that_shows_nothing_has_no_fingerprint(image):
    assert fp.compute_picture(image) is None


def test_an_edited_text_is_close_and_another_one_is_far():
    text = (
        "The committee met on Tuesday to discuss the new harbor wall, and agreed to ask for three more offers by May."
    )
    edited = text.replace("Tuesday", "Thursday").replace("three", "two")
    other = "A harbor wall of this kind needs a committee that meets often, said the mayor, who was asked about it."

    assert fp.compute_similarity(text, edited) > 0.7 > 0.3 > fp.compute_similarity(text, other)
    assert distance(fp.compute_text(text), fp.compute_text(edited)) < distance(
        fp.compute_text(text), fp.compute_text(other)
    )


def test_short_texts_are_near_only_where_letters_and_digits_are_the_same():
    texts = ["yes, thank you", "Yes, thank you!", "YES thank-you", "yes, thank you 3", "no", "No.", "Straße", "STRASSE"]
    prints = [fp.compute_text(text) for text in texts]

    assert fp.find_near(prints, []) == [None, 0, 0, None, None, 4, None, 6]
    assert fp.compute_text(" … !") is None and fp.compute_texts(texts) == prints


def test_of_small_pictures_only_those_with_the_same_pixels_are_near():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (12, 28, 28), np.uint8)
    found = [fp.compute_picture(Image.fromarray(one)) for one in pixels]

    assert fp.find_near(found, []) == [None] * 12
    assert fp.compute_picture(Image.fromarray(pixels[3]).convert("RGB")) == found[3]
    assert fp.compute_picture(Image.new("L", (16, 16), 3)) != fp.compute_picture(Image.new("L", (16, 16), 4))


TEXTS = st.one_of(
    st.text(max_size=60),
    st.text("ab \U0001f600", max_size=90),
    st.builds(lambda word, times: word * times, st.text(min_size=1, max_size=9), st.integers(1, 700)),
    st.builds(lambda words: " ".join(words), st.lists(st.sampled_from(["mill", "river", "wheel", "grain", "stone"]))),
)


@given(st.lists(TEXTS, max_size=12), st.sampled_from([1, 200, 40_000]))
@settings(max_examples=60, deadline=None)
def test_many_texts_at_once_have_the_same_fingerprints_as_each_alone(texts, at_once):
    texts = [text.encode("utf-8", "replace").decode() for text in texts]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fp, "CHARS_AT_ONCE", at_once)
        together = fp.compute_texts(texts)

    assert together == [fp.compute_text(text) for text in texts]


def test_the_fingerprint_of_a_text_is_what_databases_hold():
    assert fp.compute_text("The mill by the river ground corn for the whole valley.") == 5016958280228407173


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_looking_up_finds_what_comparing_all_finds(seed):
    rng = np.random.default_rng(seed)
    left = rng.integers(0, 1 << 63, 60, np.uint64)
    flips = np.array([sum(1 << int(b) for b in rng.choice(63, rng.integers(0, 14), False)) for _ in left], np.uint64)
    right = np.concatenate([left ^ flips, rng.integers(0, 1 << 63, 40, np.uint64)])

    def collect(search):
        best = np.full(len(left), fp.BITS << fp.PLACE_BITS, np.int64)
        search(np.concatenate([right, left]), len(right), best)
        return best

    looked_up, compared = collect(fp._look_up_earlier), collect(fp._compare_earlier)
    assert (looked_up == compared).all()  # each has at most one that is near: bits and place


def test_the_nearest_earlier_one_is_found_and_never_a_later_one():
    base = 0x0F0F_1234_5678_9ABC
    new = [base ^ 1, None, base ^ 1, 77 << 40, base ^ 3]

    assert fp.find_near(new, [base]) == [0, None, 1, None, 1]
    assert fp.find_near(new, []) == [None, None, 0, None, 0]


def scatter(seed: int, count: int) -> np.ndarray:
    """Fingerprints in loose bunches: every other one is an earlier one with up to 14 bits changed."""
    rng = np.random.default_rng(seed)
    prints = rng.integers(-(1 << 63), 1 << 63, count, np.int64)
    for at in range(1, count, 2):
        flips = rng.choice(64, rng.integers(0, 14), replace=False).astype(np.uint64)
        changed = np.bitwise_xor.reduce(np.uint64(1) << flips, initial=np.uint64(0))
        prints[at] = (fp.as_prints(prints[rng.integers(at)]) ^ changed).view(np.int64)
    return prints


@given(st.integers(0, 2**32), st.integers(0, 80))
@settings(max_examples=20, deadline=None)
def test_looking_up_finds_the_same_near_one_as_comparing_all(seed, known):
    prints = scatter(seed, 80)

    with pytest.MonkeyPatch.context() as patch:
        compared = fp.find_near(prints[known:].tolist(), prints[:known])
        patch.setattr(fp, "BRUTE_PAIRS", 0)
        found = fp.find_near(prints[known:].tolist(), prints[:known])
        patch.setattr(fp, "WIDE_SEARCH", 0)
        narrow = fp.find_near(prints[known:].tolist(), prints[:known])

    for place, (one, other, third) in enumerate(zip(compared, found, narrow, strict=True)):
        mine, before = int(prints[known + place]), [int(p) for p in prints[: known + place]]
        bits = [distance(mine, theirs) for theirs in before]
        assert (one is None) == (not bits or min(bits) > fp.NEAR_BITS)
        assert one is None or bits[one] == min(bits)
        assert (other is None) == (one is None)
        assert (third is None) == (not bits or min(bits) > 7)
        if other is not None:
            assert bits[other] == min(bits) or 7 < bits[other] <= fp.NEAR_BITS
        if third is not None:
            assert bits[third] == min(bits)


def test_a_crowd_that_is_all_alike_is_searched_in_bounded_time():
    rng = np.random.default_rng(0)
    flips = rng.integers(0, 64, (60_000, 4))
    prints = np.bitwise_xor.reduce(np.uint64(1) << flips.astype(np.uint64), axis=1).view(np.int64)

    found = fp.find_near(prints[40_000:].tolist(), prints[:40_000])

    assert all(place is not None for place in found)
