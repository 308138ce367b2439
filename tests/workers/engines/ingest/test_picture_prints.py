"""What pictures are known by when they were cropped: packed, unpacked, compared."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image

from tests.workers.engines.exploration.sets import draw_scene
from workers.engines.ingest import picture_prints as pp
from workers.engines.ingest.picture_likeness import compare_thumbnails


def read_views(packed: bytes) -> pp.Views:
    return np.frombuffer(packed[: pp.VIEWS * 8], "<u8").astype(np.uint64)


def crop(image: Image.Image, share: float, rng: random.Random) -> Image.Image:
    w, h = round(image.width * share), round(image.height * share)
    x, y = rng.randint(0, image.width - w), rng.randint(0, image.height - h)
    return image.crop((x, y, x + w, y + h))


def test_what_is_packed_is_unpacked():
    image = draw_scene(1)

    packed = pp.pack_print(image)
    found = pp.compute_print(image.convert("L"))

    assert len(read_views(packed)) == pp.VIEWS == 80
    assert (read_views(packed) == found.views).all()
    assert (pp.unpack_thumbnail(packed[pp.VIEWS * 8 :]) == found.thumbnail).all()
    assert found.thumbnail.shape == (48, 64)


@pytest.mark.parametrize("image", [Image.new("RGB", (300, 200), "teal"), draw_scene(1, 60, 45), draw_scene(1, 200, 4)])
def test_what_shows_nothing_has_none(image):
    assert pp.pack_print(image) == b""


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "I;16"])
def test_every_kind_of_picture_has_one_that_is_near_that_of_its_grays(mode):
    gray = draw_scene(2).convert("L")
    image = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257) if mode == "I;16" else gray.convert(mode)

    views = read_views(pp.pack_print(image))

    assert np.bitwise_count(views ^ read_views(pp.pack_print(gray))).max() <= 8


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_is_taken_as_a_viewer_shows_it(orientation):
    stored, exif = draw_scene(3), Image.Exif()
    exif[pp.ORIENTATION_TAG] = orientation
    out = io.BytesIO()
    stored.save(out, "PNG", exif=exif)
    with Image.open(out) as image:
        image.load()
        packed = pp.pack_print(image)
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Image.Transpose by orientation

    assert packed == pp.pack_print(stored.transpose(Image.Transpose(back[orientation])))


def test_candidates_are_all_pairs_with_a_near_view():
    rng = np.random.default_rng(0)
    new, known = (rng.integers(0, 1 << 63, (count, pp.VIEWS), np.uint64) for count in (70, 150))
    known[20, 5] = new[3, 0] ^ np.uint64(0b111)
    new[66, 79] = known[149, 0] ^ np.uint64((1 << 14) - 1)
    new[66, 78] = known[148, 0] ^ np.uint64((1 << 15) - 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pp, "KNOWN_AT_ONCE", 64)
        rows, places, bits = pp.find_candidates(new, known)

    far = np.minimum(
        np.bitwise_count(new[:, :1, None] ^ known.T[None]).min(axis=1),
        np.bitwise_count(new[:, :, None] ^ known.T[None, :1]).min(axis=1),
    )
    true = {(int(a), int(b), int(far[a, b])) for a, b in zip(*np.nonzero(far <= pp.MAX_DISTANCE), strict=True)}
    assert set(zip(rows.tolist(), places.tolist(), bits.tolist(), strict=True)) == true
    assert {(3, 20, 3), (66, 149, 14)} <= true and (66, 148) not in {(a, b) for a, b, _ in true}


def test_crops_are_candidates_that_lie_over_their_original_and_others_are_not():
    rng = random.Random(4)
    scenes = [draw_scene(seed) for seed in range(60)]
    originals = [pp.pack_print(scene) for scene in scenes]
    crops = [pp.pack_print(crop(scene, rng.uniform(0.7, 0.95), rng)) for scene in scenes]

    rows, places, _ = pp.find_candidates(*(np.array([read_views(one) for one in set_]) for set_ in (crops, originals)))
    pairs = [
        (row, place)
        for row, place in zip(rows.tolist(), places.tolist(), strict=True)
        if compare_thumbnails(originals[place][pp.VIEWS * 8 :], crops[row][pp.VIEWS * 8 :]) > 0
    ]

    assert sum(row == place for row, place in pairs) >= 0.95 * len(scenes)
    assert all(row == place for row, place in pairs)
