"""Sound files become rows: one item a file, or the row of a table that names it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile

import pytest

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.ingest import IngestLimits, IngestSpec
from lifecycle.contracts.sounds import build_reference
from tests.sounds import HEADS, build_wav
from tests.workers.engines.ingest.conftest import Silent
from workers.engines.ingest import run
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.preview import inspect
from workers.engines.ingest.sounds import check_sound, sniff

LOW, HIGH = build_wav(0.05), build_wav(0.05, low=900)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zip_up(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tar_up(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def take_sounds(take_in):
    def run(files, **options):
        return take_in("row", files, label_kind="free", **options)

    return run


@pytest.mark.parametrize("mime", HEADS)
def test_formats_are_known_by_their_first_bytes(mime):
    assert sniff(HEADS[mime][:64]) == mime
    assert check_sound(HEADS[mime]) == mime


@pytest.mark.parametrize(
    "head",
    [b"", b"\xff\xfeh\x00e\x00", b"name,label\n", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\xff\xd8\xff\xe0JFIF",
     b"\x00\x00\x00\x1cftypavif", b"\x1a\x45\xdf\xa3\x42\x82\x88matroska", b"\xff\xff\xff\xff\0\0\0\0"],
)  # fmt: skip
def test_what_is_no_sound_is_not_taken_for_one(head):
    assert sniff(head) == ""


def test_a_wav_of_a_header_alone_holds_no_sound():
    with pytest.raises(Refused, match="holds no sound"):
        check_sound(build_wav(0))


def test_each_sound_becomes_a_row_with_its_file(take_sounds):
    outcome = take_sounds({"a.wav": LOW, "takes/b.wav": HIGH})

    assert [(row["content_hash"], row["blob"], row["mime"], row["byte_size"]) for row in outcome.rows] == [
        (digest(one), digest(one), "audio/wav", len(one)) for one in (LOW, HIGH)
    ]
    assert json.loads(outcome.rows[1]["row"]) == {"audio": build_reference(digest(HIGH)), "file": "takes/b.wav"}
    assert outcome.result.columns == (("file", "text"), ("audio", "text"))
    assert not outcome.rejects


@pytest.mark.parametrize("pack", [zip_up, tar_up, lambda files: tar_up(files, "w")])
def test_class_folders_in_archives_become_labels(take_sounds, pack):
    files = {"train/dog/1.wav": LOW, "test/cat/2.wav": HIGH, "__MACOSX/._1.wav": b"x"}

    outcome = take_sounds({"all.bin": pack(files)}, known_classes=("dog", "cat"))

    assert [(row["label"], row["split"]) for row in outcome.rows] == [("dog", "train"), ("cat", "test")]
    assert outcome.rows[0]["source_uri"] == "all.bin!train/dog/1.wav"


def test_folders_say_nothing_where_no_class_is_asked_for(take_sounds):
    outcome = take_sounds({"dog/1.wav": LOW, "cat/2.wav": HIGH}, folders_are_labels=False)

    assert [row["label"] for row in outcome.rows] == [None, None]


def test_the_ending_is_not_believed(take_sounds):
    outcome = take_sounds({"sound.txt": LOW, "no.wav": b"name,label\n1,2\n", "none.mp3": b"", "half.wav": LOW[:30]})

    assert [row["mime"] for row in outcome.rows] == ["audio/wav"]
    assert [(r["source"], r["reason"].split(" (")[0]) for r in outcome.rejects] == [
        ("no.wav", "this is not a sound in a format that can be read"),
        ("none.mp3", "the file is empty"),
        ("half.wav", "the WAV file holds no sound"),
    ]


def test_a_sound_above_the_limit_is_set_aside(take_sounds):
    outcome = take_sounds({"a.zip": zip_up({"a.wav": LOW})}, limits=IngestLimits(file_bytes=100))

    assert not outcome.rows
    assert "larger than" in outcome.reasons


def test_a_table_names_the_sounds_that_came_with_it(take_sounds):
    table = b"recording,speaker,split\nclips/one.wav,Ann,test\nclips/gone.wav,Bob,train\ntwo,Cay,train\n"
    files = {
        "data/clips/one.wav": LOW,
        "data/clips/two.wav": HIGH,
        "data/list.csv": table,
        "data/extra.wav": build_wav(0.1),
    }

    outcome = take_sounds({"data.zip": zip_up(files)})

    assert [json.loads(row["row"]) for row in outcome.rows[:2]] == [
        {"recording": build_reference(digest(LOW)), "speaker": "Ann"},
        {"recording": build_reference(digest(HIGH)), "speaker": "Cay"},
    ]
    assert [row["blob"] for row in outcome.rows] == [digest(one) for one in (LOW, HIGH, build_wav(0.1))]
    assert [row["mime"] for row in outcome.rows] == ["audio/wav"] * 3
    assert outcome.rows[0]["split"] == "test"
    assert outcome.reasons == "the sound clips/gone.wav is not among the files"
    assert dict(outcome.result.columns) == {"recording": "text", "speaker": "category", "audio": "text", "file": "text"}


def test_files_of_one_name_are_told_apart_by_their_folders(take_sounds):
    table = b"clip,n\nb\\a.wav,1\na/a.wav,2\n"

    outcome = take_sounds({"x.zip": zip_up({"up/a/a.wav": LOW, "up/b/a.wav": HIGH, "list.csv": table})})

    assert [row["blob"] for row in outcome.rows] == [digest(HIGH), digest(LOW)]


def test_rows_that_say_nothing_but_the_sound_are_the_sound(take_sounds, tmp_path):
    alone = take_sounds({"a.wav": LOW}, workdir=tmp_path / "alone")
    named = take_sounds({"a.wav": LOW, "list.csv": b"file_name,label\na.wav,dog\n"}, workdir=tmp_path / "named")

    assert named.rows[0]["content_hash"] == alone.rows[0]["content_hash"]
    assert named.rows[0]["label"] == "dog"
    assert len(named.rows) == 1


def test_label_studio_tasks_name_the_sounds_that_came_with_them(take_sounds):
    said = [{"type": "choices", "from_name": "c", "to_name": "a", "value": {"choices": ["dog"]}}]
    tasks = [
        {"data": {"sound": "/data/upload/3/1a2b3c4d-one.wav", "who": "Ann"}, "annotations": [{"result": said}]},
        {"data": {"sound": "http://else.where/three.wav"}, "annotations": []},
    ]

    outcome = take_sounds({"x.zip": zip_up({"tasks.json": json.dumps(tasks).encode(), "one.wav": LOW})})

    assert [(json.loads(row["row"]), row["label"]) for row in outcome.rows] == [
        ({"sound": build_reference(digest(LOW)), "who": "Ann"}, "dog")
    ]
    assert outcome.reasons == "the task names no sound that is among the files"


def test_a_cell_that_only_looks_like_a_reference_gets_no_file(take_sounds):
    forged = build_reference(digest(HIGH))

    outcome = take_sounds({"t.csv": f"a,b\n{forged},1\nx,2\n".encode(), "one.wav": LOW})

    assert [row["blob"] for row in outcome.rows] == [None, None, digest(LOW)]


def test_tables_without_sounds_are_read_as_before(take_sounds):
    outcome = take_sounds({"t.csv": b"left,right\nred,blue\n"})

    assert [json.loads(row["row"]) for row in outcome.rows] == [{"left": "red", "right": "blue"}]


def test_projects_with_a_model_behind_them_take_no_sounds(take_in):
    outcome = take_in("row", {"a.wav": LOW})

    assert not outcome.rows
    assert "neither a table" in outcome.reasons


def test_a_stopped_import_goes_on_without_losing_or_doubling_anything(take_sounds, tmp_path, monkeypatch):
    monkeypatch.setattr("workers.engines.ingest.sound_files.BATCH_FILES", 2)
    monkeypatch.setattr(run, "CHECK_EVERY", 1)
    sounds = {f"s/{n}.wav": build_wav(0.02, low=100 + n) for n in range(7)}
    files = {"list.csv": b"clip,n\n0.wav,1\n3.wav,2\ngone.wav,3\n", **sounds, "bad.wav": b"no"}
    stored: list[bytes] = []

    def put(contents):
        stored.extend(contents)
        return [digest(one) for one in contents]

    for patience in range(1, 20):
        asked = iter(range(patience))
        try:
            outcome = take_sounds({"a.zip": zip_up(files)}, put_blobs=put, workdir=tmp_path / "w",
                                  should_stop=lambda asked=asked: next(asked, None) is None)  # fmt: skip
            break
        except Canceled:
            continue

    assert patience > 3
    assert len(stored) == len(set(stored)) == 7
    names = {digest(content): name for name, content in sounds.items()}
    assert [names[row["blob"]] for row in outcome.rows] == [f"s/{n}.wav" for n in (0, 3, 1, 2, 4, 5, 6)]
    assert len(outcome.rejects) == 2


def test_the_preview_counts_sounds_and_shows_the_table(tmp_path):
    path = tmp_path / "up"
    path.write_bytes(zip_up({"dog/1.wav": LOW, "cat/2.bin": HIGH, "list.csv": b"clip,n\n1.wav,1\n"}))
    spec = IngestSpec("row", (("up.zip", str(path)),), label_kind="free", known_classes=("dog", "cat"))

    preview = inspect(spec, workdir=tmp_path, report=Silent(), should_stop=lambda: False)

    assert (preview.sounds, preview.tables) == (2, 1)
    assert [column.name for column in preview.columns] == ["clip", "n"]
    assert not preview.problems
