"""What nobody should upload is refused with a reason, and everything around it still goes in."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from lifecycle.contracts.ingest import IngestLimits


def picture(form="PNG", size=(8, 8), shade=7, **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(out, form, **options)
    return out.getvalue()


def zipped(entries, compression=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def bomb_png(side: int) -> bytes:
    """A few bytes that claim to be a picture of side × side pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


GOOD = picture()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bomb.png", bomb_png(60_000), "million pixels allowed"),
        ("large.png", bomb_png(10_000), "million are allowed"),
        ("cut.png", GOOD[:-30], "damaged"),
        ("words.png", b"this is no picture", "not a picture"),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        ("vector.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "not a picture"),
        ("nothing.jpg", b"\xff\xd8\xff", "picture"),
    ],
    ids=["bomb", "too-large", "cut", "words", "svg", "eps", "nothing"],
)
def test_a_bad_picture_is_set_aside_and_the_next_goes_in(take_in, name, content, reason):
    outcome = take_in("image", {name: content, "good.png": GOOD})

    assert [row["source_uri"] for row in outcome.rows] == ["good.png"]
    assert len(outcome.rejects) == 1 and reason in outcome.reasons


def test_a_lying_extension_is_read_by_its_content(take_in):
    outcome = take_in("image", {"photo.jpg": GOOD, "real.gif": picture("GIF"), "w.webp": picture("WEBP", shade=9)})

    assert [row["mime"] for row in outcome.rows] == ["image/png", "image/gif", "image/webp"]


def test_a_sideways_photograph_is_measured_upright(take_in):
    exif = Image.Exif()
    exif[0x0112] = 6
    outcome = take_in("image", {"p.jpg": picture("JPEG", size=(20, 10), exif=exif)})

    assert (outcome.rows[0]["width"], outcome.rows[0]["height"]) == (10, 20)


def test_paths_that_leave_the_archive_are_refused_one_by_one(take_in):
    archive = zipped([("../../etc/passwd.png", GOOD), ("/root/a.png", GOOD), ("C:/a.png", GOOD), ("ok/a.png", GOOD)])

    outcome = take_in("image", {"a.zip": archive})

    assert len(outcome.rows) == 1 and outcome.rows[0]["source_uri"] == "a.zip!ok/a.png"
    assert outcome.reasons.count("leaves the archive") == 3


def test_links_and_passwords_and_nested_archives_are_refused(take_in):
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    archive = bytearray(zipped([(link, "/etc/passwd"), ("inner.zip", zipped([("a.png", GOOD)])), ("good.png", GOOD)]))

    outcome = take_in("image", {"a.zip": bytes(archive)})

    assert len(outcome.rows) == 1
    assert "links are not followed" in outcome.reasons and "inside an archive" in outcome.reasons


def test_an_encrypted_member_is_named(take_in):
    archive = bytearray(zipped([("secret.png", GOOD), ("good.png", picture(shade=3))], zipfile.ZIP_STORED))
    place = archive.index(b"PK\x01\x02")
    archive[place + 8] |= 1  # the flag in the directory

    outcome = take_in("image", {"a.zip": bytes(archive)})

    assert len(outcome.rows) == 1 and "password" in outcome.reasons


def test_a_decompression_bomb_costs_nothing(take_in):
    archive = zipped([("zeros.csv", b"\0" * 30_000_000), ("good.csv", b"a,b\n1,2\n3,4\n")])

    outcome = take_in("row", {"a.zip": archive})

    assert len(outcome.rows) == 2 and "bomb" in outcome.reasons


def test_an_archive_that_unpacks_to_too_much_is_refused_as_a_whole(take_in):
    archive = zipped([(f"{i}.csv", b"a,b\n" + b"1,2\n" * 1000) for i in range(5)])

    outcome = take_in("row", {"a.zip": archive}, limits=IngestLimits(archive_bytes=10_000))

    assert not outcome.rows and "unpacks to more" in outcome.reasons


def test_too_many_members_are_refused(take_in):
    outcome = take_in(
        "image", {"a.zip": zipped([(f"{i}.png", GOOD) for i in range(9)])}, limits=IngestLimits(members=5)
    )

    assert not outcome.rows and "more than 5 files" in outcome.reasons


def test_members_that_share_their_bytes_are_refused(take_in):
    raw = bytearray(zipped([("a.png", GOOD), ("b.png", GOOD)], zipfile.ZIP_STORED))
    first = raw.index(b"PK\x01\x02")
    second = raw.index(b"PK\x01\x02", first + 4)
    raw[second + 42 : second + 46] = struct.pack("<I", 0)  # b.png starts where a.png does

    outcome = take_in("image", {"a.zip": bytes(raw)})

    assert not outcome.rows and "overlap" in outcome.reasons


@pytest.mark.parametrize("cut", [0.2, 0.6, 0.95])
def test_a_cut_archive_is_said_to_be_damaged(take_in, cut):
    archive = zipped([(f"{i}.png", picture(shade=i)) for i in range(9)])

    outcome = take_in("image", {"a.zip": archive[: int(len(archive) * cut)], "good.png": GOOD})

    assert [row["source_uri"] for row in outcome.rows] == ["good.png"] and "damaged or incomplete" in outcome.reasons


def test_a_damaged_member_costs_only_itself(take_in):
    raw = bytearray(zipped([("bad.png", picture(shade=1)), ("good.png", GOOD)], zipfile.ZIP_STORED))
    raw[raw.index(b"IDAT") + 6] ^= 0xFF

    outcome = take_in("image", {"a.zip": bytes(raw)})

    assert [row["source_uri"] for row in outcome.rows] == ["a.zip!good.png"] and "damaged" in outcome.reasons


def test_litter_of_operating_systems_is_passed_over_in_silence(take_in):
    archive = zipped([("__MACOSX/._a.png", b"x"), (".DS_Store", b"x"), ("a/Thumbs.db", b"x"), ("a/1.png", GOOD)])

    outcome = take_in("image", {"a.zip": archive})

    assert len(outcome.rows) == 1 and not outcome.rejects


def test_folders_give_classes_and_splits(take_in):
    files = [(f"set/{split}/{name}/{i}.png", picture(shade=i + 10 * (name == "cat") + 30 * (split == "test")))
             for split in ("train", "test") for name in ("cat", "dog") for i in range(3)]  # fmt: skip

    outcome = take_in("image", {"a.zip": zipped(files)})

    assert {(r["label"], r["split"]) for r in outcome.rows} == {
        ("cat", "train"), ("dog", "train"), ("cat", "test"), ("dog", "test")
    }  # fmt: skip


def test_one_folder_around_everything_is_no_class(take_in):
    outcome = take_in("image", {"a.zip": zipped([(f"photos/{i}.png", picture(shade=i)) for i in range(3)])})

    assert {row["label"] for row in outcome.rows} == {None}
