"""Folders and buckets, friendly and hostile: only what changed is read, nothing leaves its place."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image

from lifecycle.contracts.sources import CollectSpec, Surroundings
from tests.workers.engines.collect.conftest import read_items, read_keys, read_rejects
from workers.engines.collect import preview as collect
from workers.engines.collect.errors import SourceError
from workers.engines.collect.files import Found, hash_path, write_marks

CSV = b"id,age,label\n1,20,yes\n2,30,no\n3,40,no\n"
KEYS = {"access_key_id": "test", "secret_access_key": "test-secret"}


def picture(color, size=(8, 8), kind="PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return out.getvalue()


def marks_of(result, folder):
    """The marks of a run as the store hands them back."""
    path = folder / "known.tsv"
    lines = Path(result.marks_path).read_text(encoding="utf-8").splitlines()
    path.write_text("".join("\t".join(line.split("\t")[:2]) + "\n" for line in lines))
    return str(path)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    for name, color in (("cat/1.png", "red"), ("cat/2.png", "green"), ("dog/3.png", "blue")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(color))
    return folder


def test_a_folder_is_read_with_its_labels_and_only_changes_afterwards(pictures, collected, tmp_path):
    config = {"path": str(pictures), "patterns": ["*.png"]}
    (pictures / "notes.txt").write_text("not a picture")
    first = collected("folder", config, item_kind="image")
    assert [(item["source_uri"], item["label"]) for item in read_items(first)] == [
        ("cat/1.png", "cat"), ("cat/2.png", "cat"), ("dog/3.png", "dog"),
    ]  # fmt: skip

    (pictures / "cat/2.png").write_bytes(picture("black"))
    second = collected("folder", config, item_kind="image", marks=marks_of(first, tmp_path), workdir=tmp_path / "w2")

    assert [item["source_uri"] for item in read_items(second)] == ["cat/2.png"]
    keys = {row["key"]: row["key_hash"] for row in read_keys(first)}
    assert read_keys(second)[0]["key_hash"] == keys["file=cat/2.png"]


def test_links_and_hidden_files_are_left_out(pictures, collected, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(picture("white"))
    (pictures / "link.png").symlink_to(outside / "secret.png")
    (pictures / "linked").symlink_to(outside)
    (pictures / ".hidden.png").write_bytes(picture("white"))

    result = collected("folder", {"path": str(pictures), "patterns": []}, item_kind="image")

    assert len(read_items(result)) == 3
    assert "2 links were not followed." in result.notes


@pytest.mark.parametrize("path", ["/", "/etc", "{root}/../..", "{root}/elsewhere"])
def test_a_folder_outside_the_allowed_ones_is_refused(path, tmp_path, collected):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "elsewhere").symlink_to("/etc")
    allowed = Surroundings(folders=(str(inside),))

    with pytest.raises(SourceError, match="not in a folder that the operator allows"):
        collected("folder", {"path": path.format(root=inside)}, surroundings=allowed)
    with pytest.raises(SourceError, match="GRISTMILL_SOURCE_FOLDERS"):
        collected("folder", {"path": str(inside)}, surroundings=Surroundings())


def test_a_contract_of_files_sets_pictures_aside_that_are_too_small(pictures, collected):
    (pictures / "cat/tiny.png").write_bytes(picture("red", (2, 2)))
    contract = {"columns": [{"name": "width", "type": "integer", "minimum": 4},
                            {"name": "label", "type": "category", "allowed": ["cat"]}]}  # fmt: skip

    result = collected("folder", {"path": str(pictures)}, item_kind="image", contract=contract)

    assert len(read_items(result)) == 2
    assert [(r["source"], r["reason"]) for r in read_rejects(result)] == [
        ("cat/tiny.png", "column width: '2' is less than 4"),
        ("dog/3.png", "column label: 'dog' is none of the allowed values"),
    ]


def test_a_schema_that_changes_between_files_is_named(tmp_path, collected):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "a.csv").write_bytes(CSV)
    (folder / "b.csv").write_bytes(b"id,age,label,city\n4,50,yes,Delft\n")
    (folder / "c.csv").write_bytes(b"id,label\n5,yes\n")
    contract = {"columns": [{"name": "id", "type": "integer"}, {"name": "age", "type": "integer", "required": True},
                            {"name": "label", "type": "category"}], "key": ["id"]}  # fmt: skip

    ignoring = collected("folder", {"path": str(folder)}, contract=contract)
    refusing = collected(
        "folder", {"path": str(folder)}, contract=contract | {"new_columns": "refuse"}, workdir=tmp_path / "w2"
    )
    keeping = collected(
        "folder", {"path": str(folder)}, contract=contract | {"new_columns": "keep"}, workdir=tmp_path / "w3"
    )

    assert len(read_items(ignoring)) == 4
    assert "b.csv: the column 'city' is not in the contract; it is left out." in ignoring.notes
    assert [(r["source"], "'age'" in r["reason"]) for r in read_rejects(ignoring)] == [("c.csv", True)]
    assert "'city'" in read_rejects(refusing)[0]["reason"] and len(read_items(refusing)) == 3
    assert keeping.contract.find("city") and '"city":"Delft"' in read_items(keeping)[3]["row"]


def test_lines_of_broken_rows_are_those_of_the_file(tmp_path, collected):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b'id,age,label\n1,20,yes\n\n2,thirty,no\n3,"4\n0",no\n4,50,no,too many\n5,6.5,no\n')
    contract = {"columns": [{"name": "id", "type": "integer"}, {"name": "age", "type": "integer"},
                            {"name": "label", "type": "category"}]}  # fmt: skip

    result = collected("folder", {"path": str(folder)}, contract=contract)

    assert [item["source_uri"] for item in read_items(result)] == ["a.csv#2"]
    rejects = read_rejects(result)
    assert sorted(reject["line"] for reject in rejects) == [4, 5, 7, 8]
    assert next(r["row"] for r in rejects if r["line"] == 4) == {"id": "2", "age": "thirty", "label": "no"}


def test_a_key_that_says_two_things_is_set_aside_and_a_repeated_row_is_not(tmp_path, collected):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"id,age\n1,20\n1,20\n1,21\n2,30\n")
    contract = {"columns": [{"name": "id", "type": "integer"}, {"name": "age", "type": "integer"}], "key": ["id"]}

    result = collected("folder", {"path": str(folder)}, contract=contract)

    assert [item["row"] for item in read_items(result)] == ['{"age":20}', '{"age":20}', '{"age":30}']
    assert [(r["line"], r["reason"]) for r in read_rejects(result)] == [
        (4, "the key id=1 already stands at a.csv#2 with other values")
    ]
    assert [r["row"] for r in read_rejects(result)] == [{"id": "1", "age": "21"}]  # to be corrected


def test_patterns_are_read_in_linear_time(tmp_path, collected):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "a.csv").write_text("name\n" + "a" * 60 + "!\n" + "aaa\n")
    contract = {"columns": [{"name": "name", "type": "text", "pattern": "(a+)+"}]}

    result = collected("folder", {"path": str(folder)}, contract=contract)

    assert len(read_items(result)) == 1
    assert "does not match the pattern" in read_rejects(result)[0]["reason"]


def test_the_same_folder_stopped_and_started_again_gives_the_same(tmp_path, collected, pictures):
    from lifecycle.contracts.engine import Canceled

    folder = tmp_path / "tables"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.csv").write_text("id,age\n" + "".join(f"{number}{n:04},{n % 90}\n" for n in range(3000)))
    asked = []
    with pytest.raises(Canceled):
        collected("folder", {"path": str(folder)}, should_stop=lambda: asked.append(1) or len(asked) > 7)

    again = collected("folder", {"path": str(folder)})
    whole = collected("folder", {"path": str(folder)}, workdir=tmp_path / "other")

    assert read_keys(again) == read_keys(whole) and again.read == whole.read == 18_000
    assert [i["source_uri"] for i in read_items(again)] == [i["source_uri"] for i in read_items(whole)]


# Buckets


@pytest.fixture(scope="module")
def moto_url():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(moto_url, request):
    client = boto3.client(
        "s3", endpoint_url=moto_url, region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test-secret",
    )  # fmt: skip
    name = f"b{abs(hash(request.node.name)) % 10**9}"
    client.create_bucket(Bucket=name)
    config = {"bucket": name, "prefix": "", "endpoint_url": moto_url, "region": "", "patterns": []}
    return client, config


def test_a_bucket_is_read_by_prefix_and_only_changed_objects_afterwards(bucket, collected, tmp_path):
    client, config = bucket
    config["prefix"] = "shop/"
    for key, body in (("shop/a.csv", CSV), ("shop/b.csv", b"id,age,label\n4,50,yes\n"), ("other/c.csv", CSV)):
        client.put_object(Bucket=config["bucket"], Key=key, Body=body)
    first = collected("bucket", config, secrets=KEYS)
    assert [item["source_uri"] for item in read_items(first)] == ["a.csv#2", "a.csv#3", "a.csv#4", "b.csv#2"]

    client.put_object(Bucket=config["bucket"], Key="shop/b.csv", Body=b"id,age,label\n4,51,yes\n")
    contract = first.contract.to_json()
    second = collected(
        "bucket", config, contract=contract, secrets=KEYS, marks=marks_of(first, tmp_path), workdir=tmp_path / "w2"
    )

    assert [item["row"] for item in read_items(second)] == ['{"age":51}']


@pytest.mark.parametrize("key", ["../../etc/passwd.csv", "a/../b.csv", "/root.csv", "tab\there.csv"])
def test_no_key_becomes_a_path(bucket, collected, tmp_path, key):
    client, config = bucket
    client.put_object(Bucket=config["bucket"], Key=key, Body=CSV)
    before = {path for path, _, _ in os.walk(tmp_path.parent)}

    result = collected("bucket", config, secrets=KEYS)

    assert len(read_items(result)) == 3
    uri = read_items(result)[0]["source_uri"]
    assert ".." not in uri and "\n" not in uri and not uri.startswith("/")
    new = {path for path, _, _ in os.walk(tmp_path.parent)} - before
    assert all(path.startswith(str(tmp_path / "work")) for path in new)
    line = Path(result.marks_path).read_text(encoding="utf-8")
    assert line.count("\n") == 1 and line.startswith(hash_path(key))


def test_a_key_with_line_breaks_is_one_line_of_the_marks(tmp_path):
    write_marks([Found("x.csv", "line\nbreak\tand\\more\r.csv", 1, "etag")], tmp_path / "marks.tsv")

    assert (tmp_path / "marks.tsv").read_text().split("\t") == [
        hash_path("line\nbreak\tand\\more\r.csv"), "etag", "line\\nbreak\\tand\\\\more\\r.csv\n",
    ]  # fmt: skip


def test_keys_that_look_alike_stay_apart(bucket, collected):
    client, config = bucket
    for key, color in (("a/x.png", "red"), ("a//x.png", "blue"), ("../a/x.png", "green")):
        client.put_object(Bucket=config["bucket"], Key=key, Body=picture(color))

    result = collected("bucket", config, secrets=KEYS, item_kind="image")

    assert len(read_items(result)) == 3
    assert len({row["key_hash"] for row in read_keys(result)}) == 3


def test_a_bucket_is_previewed(bucket, tmp_path, report):
    client, config = bucket
    client.put_object(Bucket=config["bucket"], Key="big.csv", Body=CSV + b"9,99,yes\n" * 700_000)
    spec = CollectSpec(
        kind="bucket", config=config, item_kind="row", label_kind="class", secrets=KEYS,
        surroundings=Surroundings(private_addresses="true"),
    )  # fmt: skip

    found = collect.preview(spec, workdir=tmp_path, report=report, should_stop=lambda: False)

    assert found.file_count == 1 and len(found.rows) == 50
    assert [(rule.name, rule.type) for rule in found.contract.columns] == [
        ("id", "integer"), ("age", "integer"), ("label", "boolean"),
    ]  # fmt: skip


def test_a_bucket_in_a_private_network_needs_the_operator(bucket, collected):
    _, config = bucket

    with pytest.raises(SourceError, match="GRISTMILL_SOURCE_ADDRESSES"):
        collected("bucket", config, secrets=KEYS, surroundings=Surroundings())


def test_a_bucket_whose_name_leads_inside_after_it_was_checked_is_refused(bucket, collected, monkeypatch):
    _, config = bucket
    port = urlsplit(config["endpoint_url"]).port
    answers = iter(["93.184.216.34"])  # what the name resolves to when the source is opened; inside from then on

    def resolve(host, *_arguments, **_options):
        address = next(answers, "127.0.0.1") if host == "bucket.example" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    with pytest.raises(SourceError, match=r"bucket\.example \(127\.0\.0\.1\) is a private address"):
        collected(
            "bucket", config | {"endpoint_url": f"http://bucket.example:{port}"}, secrets=KEYS,
            surroundings=Surroundings(),
        )  # fmt: skip


def test_a_bucket_that_is_not_there_says_so(bucket, collected):
    _, config = bucket

    with pytest.raises(SourceError, match="bucket refused"):
        collected("bucket", config | {"bucket": "not-there-at-all"}, secrets=KEYS)
