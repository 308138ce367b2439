"""A contract of files: written by the first run over pictures or texts, kept beside that of tables that come later."""

from __future__ import annotations

import pytest

from lifecycle.contracts.sources import FILE_COLUMNS, CollectSpec, Contract, Surroundings
from tests.workers.engines.collect.conftest import read_items, read_rejects
from tests.workers.engines.collect.test_files import picture
from workers.engines.collect import preview as collect

TABLE = b"text,label\nthe third one,cat\nthe fourth one,dog\n"
OF_FILES = {"columns": [{"name": name, "type": kind} for name, kind in FILE_COLUMNS]}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "set"
    path.mkdir()
    return path


@pytest.fixture
def read(collected, folder, tmp_path):
    """Reads the whole folder, each time under the contract that the run before left."""
    runs: list = []

    def run(item_kind, contract=None):
        contract = contract or (runs[-1].contract.to_json() if runs else None)
        work = tmp_path / f"work-{len(runs)}"
        runs.append(collected("folder", {"path": str(folder)}, item_kind=item_kind, contract=contract, workdir=work))
        return runs[-1]

    return run


def write(folder, files: dict[str, bytes]):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("item_kind", "files", "names"),
    [
        ("image", {"cat/a.png": picture("red"), "dog/b.png": picture("blue", (16, 8))}, [n for n, _ in FILE_COLUMNS]),
        ("text", {"cat/a.txt": b"the first one", "dog/b.txt": b"the second one"}, ["file", "label", "bytes"]),
    ],
)
def test_the_first_run_writes_what_files_are_and_what_was_seen(folder, read, item_kind, files, names):
    write(folder, files)

    first, again = read(item_kind), read(item_kind)

    assert [rule.name for rule in first.contract.columns] == names
    assert (len(read_items(first)), read_rejects(first)) == (2, [])
    assert first.observed["label"].values == ("cat", "dog")
    sizes = sorted(map(len, files.values()))
    assert [first.observed["bytes"].minimum, first.observed["bytes"].maximum] == sizes
    assert (again.contract, again.observed) == (first.contract, first.observed)


def test_a_run_that_brings_nothing_writes_no_contract(read):
    assert read("image").contract == Contract()


def test_a_table_that_comes_to_a_folder_of_texts_is_read_and_the_files_are_checked_as_before(folder, read):
    write(folder, {"cat/a.txt": b"the first one", "dog/b.txt": b"the second one"})
    rules = [*OF_FILES["columns"][:2], {"name": "bytes", "type": "integer", "maximum": 40}]
    read("text", {"columns": rules})

    write(folder, {"more.csv": TABLE, "dog/c.txt": b"a long text " * 5})
    runs = read("text"), read("text")

    for run in runs:
        assert sorted((item["text"], item["label"]) for item in read_items(run)) == [
            ("the first one", "cat"), ("the fourth one", "dog"), ("the second one", "dog"), ("the third one", "cat"),
        ]  # fmt: skip
        assert [(r["source"], r["reason"]) for r in read_rejects(run)] == [
            ("dog/c.txt", "column bytes: '60' is more than 40")
        ]
        assert [rule.name for rule in run.contract.columns] == ["file", "label", "bytes", "text"]
        assert not any("missing" in note for note in run.notes)


def test_a_table_of_files_keeps_its_own_contract(folder, read):
    """A table may have columns named like a file's: what it lacks is missing, as it was said."""
    write(folder, {"a.csv": b"file,label,text\nx,cat,the first one\n"})
    contract = {"columns": [{"name": "file", "type": "text", "required": True}, {"name": "label", "type": "category"},
                            {"name": "text", "type": "text"}]}  # fmt: skip
    assert len(read_items(read("text", contract))) == 1

    write(folder, {"a.csv": b"label,text\ncat,the first one\n"})
    run = read("text")

    assert read_items(run) == [] and "the column 'file'" in read_rejects(run)[0]["reason"]


def test_a_table_is_set_aside_where_columns_that_are_not_there_are_refused(folder, read):
    write(folder, {"cat/a.txt": b"the first one", "more.csv": TABLE})

    run = read("text", OF_FILES | {"new_columns": "refuse"})

    assert [item["text"] for item in read_items(run)] == ["the first one"]
    assert [(r["source"], r["reason"]) for r in read_rejects(run)] == [
        ("more.csv", "the column 'text' is not in the contract")
    ]


def test_a_first_run_over_tables_and_texts_writes_what_both_are(folder, read):
    """Also where the labels of the table look like truths, which the folders' names are not."""
    table = TABLE.replace(b"cat", b"yes").replace(b"dog", b"no")
    write(folder, {"cat/a.txt": b"the first one", "dog/b.txt": b"the second one", "more.csv": table})

    first, again = read("text"), read("text")

    assert [rule.name for rule in first.contract.columns] == ["file", "bytes", "text", "label"]
    assert first.contract.find("label").type == "category"
    assert first.observed["label"].values == ("cat", "dog", "no", "yes")
    assert len(read_items(again)) == 4 and again.contract == first.contract


def test_rows_are_not_offered_a_contract_of_files(folder, tmp_path, report):
    """Of a folder that is empty, or has no table yet."""
    spec = CollectSpec(
        "folder", {"path": str(folder)}, "row", "class", surroundings=Surroundings(folders=(str(tmp_path),))
    )
    write(folder, {"notes.txt": b"none"})

    looked = collect.preview(spec, workdir=tmp_path, report=report, should_stop=lambda: False)

    assert looked.contract == Contract()
