"""Tables as people have them: whatever is wrong with a line costs that line only, and names it."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.ingest import ColumnMapping
from workers.engines.ingest import parts
from workers.engines.ingest.csv_rows import BadLine, CsvRecords, detect_encoding

PRICE = ColumnMapping(label="price")
TEXT = ColumnMapping(text="text", label="label")


def lines_of(outcome) -> list[int]:
    return [reject["line"] for reject in outcome.rejects]


def rows_of(outcome) -> list[dict]:
    return [json.loads(row["row"]) for row in outcome.rows]


def test_a_byte_order_mark_mixed_line_ends_and_semicolons_are_understood(take_in):
    outcome = take_in("row", {"a.csv": "\ufeffcut;carat\r\nIdeal;0.2\rGood;0.3\nFair;0.4".encode()})

    assert rows_of(outcome) == [
        {"cut": "Ideal", "carat": 0.2}, {"cut": "Good", "carat": 0.3}, {"cut": "Fair", "carat": 0.4}
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252", "utf-32"])
def test_other_encodings_are_found_out(take_in, encoding):
    text = "text,label\n" + "".join(f"Müßiggänger Nummer {i} außer Fräulein Özgür,schön\n" for i in range(50))

    outcome = take_in("text", {"a.csv": text.encode(encoding)}, mapping=TEXT)

    assert len(outcome.rows) == 50 and outcome.rows[0]["label"] == "schön"


def test_a_few_bytes_of_another_encoding_cost_their_lines(take_in):
    good = "".join(f"Größe {i},a\n" for i in range(2000)).encode()

    outcome = take_in(
        "text", {"a.csv": b"text,label\n" + good + "schön,a\n".encode("latin-1") + b"last,a\n"}, mapping=TEXT
    )

    assert len(outcome.rows) == 2001 and lines_of(outcome) == [2002] and "encoding" in outcome.reasons


def test_an_unclosed_quote_costs_one_line(take_in):
    table = 'text,label\ngood,a\n"never closed,a\nfine,b\n"two\nlines",b\n'

    outcome = take_in("text", {"a.csv": table.encode()}, mapping=TEXT)

    assert [row["text"] for row in outcome.rows] == ["good", "fine", "two\nlines"]
    assert lines_of(outcome) == [3]


def test_rows_of_the_wrong_width_and_odd_numbers_are_set_aside(take_in):
    good = "".join(f"{i},Ideal,{i}\n" for i in range(1, 100))
    table = "carat,cut,price\n" + good + "1,2\nx,Good,3\ninf,Good,3\nNaN,Good,7\n5,Good,oops\n,,\n"

    outcome = take_in("row", {"a.csv": table.encode()}, mapping=PRICE, label_kind="number")

    assert lines_of(outcome) == [101, 102, 103, 105, 106]
    assert "2 cells" in outcome.reasons and "infinite" in outcome.reasons and "not a number" in outcome.reasons
    assert rows_of(outcome)[-1] == {"cut": "Good"}  # NaN is missing


def test_headers_that_repeat_or_are_empty_get_names(take_in):
    outcome = take_in("row", {"a.csv": b"a,a,,b\n1,2,3,x\n"})

    assert rows_of(outcome) == [{"a": 1, "a.2": 2, "column_3": 3, "b": "x"}]


def test_a_table_without_a_header_loses_no_row(take_in):
    outcome = take_in("row", {"a.csv": b"5.1,3.5,0\n4.9,3.0,1\n"})

    assert rows_of(outcome) == [
        {"column_1": 5.1, "column_2": 3.5, "column_3": 0}, {"column_1": 4.9, "column_2": 3, "column_3": 1}
    ]  # fmt: skip


def test_nul_characters_and_huge_cells_are_set_aside(take_in):
    table = b"text,label\nok,a\nbad\x00,a\n" + b"x" * 2_000_000 + b",a\nlast,b\n"

    outcome = take_in("text", {"a.csv": table.replace(b"bad\x00", b"good")}, mapping=TEXT)

    assert [row["text"] for row in outcome.rows] == ["ok", "good", "last"] and "too long" in outcome.reasons


def test_a_nul_character_costs_its_row(take_in):
    lines = b"".join(b"line %d,a\n" % n for n in range(20))

    outcome = take_in("text", {"a.csv": b"text,label\nbad\x00,a\n" + lines}, mapping=TEXT)

    assert len(outcome.rows) == 20 and lines_of(outcome) == [2] and "NUL" in outcome.reasons


def test_what_is_full_of_nul_characters_is_no_table(take_in):
    outcome = take_in("text", {"b.csv": bytes(range(256)) + b"\0" * 900}, mapping=TEXT)

    assert not outcome.rows and "neither a table" in outcome.reasons


def test_the_same_row_has_the_same_hash_from_csv_jsonl_and_parquet(take_in, tmp_path):
    sink = io.BytesIO()
    pq.write_table(pa.table({"n": [1.0, 2.5], "c": ["x", "y"]}), sink)
    files = {
        "a.csv": b"c,n\nx,1.0\ny,2.50\n",
        "b.jsonl": b'{"n":1,"c":"x"}\n{"c":"y","n":2.5}\n',
        "c.parquet": sink.getvalue(),
    }

    outcome = take_in("row", files)

    hashes = [row["content_hash"] for row in outcome.rows]
    assert hashes[:2] == hashes[2:4] == hashes[4:6] and hashes[0] != hashes[1]


def test_the_label_is_no_part_of_the_hash(take_in):
    outcome = take_in("text", {"a.csv": b"text,label\nsame,a\nsame,b\n"}, mapping=TEXT)

    assert len({row["content_hash"] for row in outcome.rows}) == 1


def test_broken_json_lines_are_named(take_in):
    outcome = take_in(
        "text", {"a.jsonl": b'{"text":"a","label":"x"}\n{oops\n[1]\n{"text":"","label":"x"}\n'}, mapping=TEXT
    )

    assert len(outcome.rows) == 1 and lines_of(outcome) == [2, 3, 4]


def test_a_cut_parquet_file_is_refused(take_in):
    sink = io.BytesIO()
    pq.write_table(pa.table({"n": list(range(1000))}), sink)

    outcome = take_in("row", {"a.parquet": sink.getvalue()[:-100]})

    assert not outcome.rows and "damaged" in outcome.reasons


def test_a_killed_import_goes_on_and_ends_with_the_same_items(take_in, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "ROWS_PER_PART", 100)
    table = "text,label\n" + "".join(
        f"row {i},{'a' if i % 2 else 'b'}\n" + ("broken\n" if i % 50 == 0 else "") for i in range(2000)
    )
    files = {"a.csv": table.encode(), "b.csv": b"text,label\nfrom another file,a\n"}
    whole = take_in("text", files, mapping=TEXT, workdir=tmp_path / "whole")
    asked = iter([False, True])

    with pytest.raises(Canceled):
        take_in("text", files, mapping=TEXT, should_stop=lambda: next(asked))
    resumed = take_in("text", files, mapping=TEXT)

    assert [r["text"] for r in resumed.rows] == [r["text"] for r in whole.rows]
    assert resumed.rejects == whole.rejects and resumed.result.rejected == 40


CELL = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_csv_writes_comes_back_unchanged(tmp_path, rows):
    path = tmp_path / "t.csv"
    with open(path, "w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)

    records = CsvRecords(path, encoding="utf-8", delimiter=",", max_chars=100_000)
    found = [cells for _, cells in records]
    records.close()

    assert found == rows


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.sampled_from('ab",\n\r'), max_size=120))
def test_no_text_stops_the_reader_and_every_line_is_accounted_for(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text, newline="", encoding="utf-8")
    records = CsvRecords(path, encoding="utf-8", delimiter=",", max_chars=10_000)

    seen = []
    for _ in range(1000):
        try:
            seen.append(next(records)[0])
        except BadLine as error:
            seen.append(error.line)
        except StopIteration:
            break
    records.close()

    assert seen == sorted(seen) and len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "José,Müller\n"),
        ("cp1252", "ein Fluß, schöne Grüße – „gut“\n"),
        ("cp1251", "text,label\nПривет как дела,good\n"),
        ("cp1251", "имя,цена\nИван,1\nПётр,2\n"),
        ("cp1250", "nazwa,cena\nzażółć gęślą,1\nŁódź,2\n"),
        ("cp1250", "čeština příliš žluťoučký kůň\n"),
        ("shift_jis", "名前,値段\n日本語のテキスト,1\n"),
        ("gb18030", "名字,价格\n中文文本示例,1\n"),
    ],
)
def test_short_texts_in_an_old_encoding_are_read_as_they_were_written(tmp_path, encoding, text):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))

    assert path.read_text(encoding=detect_encoding(path)) == text


def test_numbers_with_a_decimal_comma_are_numbers(take_in):
    text = "name;price;size;note;label\nAnna;1.234,5;1,5;1,5;x\nBob;2,25;;b;y\nCid;17;2;c;x\nDan;NA;-0,5;d;y\n"

    outcome = take_in("row", {"a.csv": text.encode()}, mapping=ColumnMapping(label="label"))

    rows = [json.loads(row["row"]) for row in outcome.rows]
    assert [row.get("price") for row in rows] == [1234.5, 2.25, 17, None]
    assert [row.get("size") for row in rows] == [1.5, None, 2, -0.5]
    assert rows[0]["note"] == "1,5"  # a column of words


def test_numbers_with_grouped_digits_are_numbers(take_in):
    text = 'price,pair,code,label\n"1,234.5","1,2",5,x\n"-12,345,678","3,4",6,y\n17,"5,6",7,x\nNA,"7,8",8,y\n'

    outcome = take_in("row", {"a.csv": text.encode()}, mapping=ColumnMapping(label="label"))

    rows = [json.loads(row["row"]) for row in outcome.rows]
    assert [row.get("price") for row in rows] == [1234.5, -12345678, 17, None]
    assert [row["pair"] for row in rows] == ["1,2", "3,4", "5,6", "7,8"]  # words: two numbers, or a comma of Europe


def test_a_target_with_a_few_words_is_the_target_still(take_in):
    lines = "".join(f"{place},{place * 2.5}\n" for place in range(40))

    outcome = take_in("row", {"a.csv": f"size,target\n{lines}7,broken\n8,?\n".encode()}, label_kind="number")

    assert [reject["line"] for reject in outcome.rejects] == [42]
    assert [row["label"] for row in outcome.rows][-2:] == ["97.5", None]
    assert json.loads(outcome.rows[0]["row"]) == {"size": 0}


def test_long_whole_numbers_keep_their_digits(take_in):
    outcome = take_in(
        "row",
        {"a.csv": b"id,n,label\n4611686018427387905,1e300,x\n-9007199254740993,99999999999999999999,y\n",
         "b.jsonl": b'{"id": 4611686018427387907, "n": 1, "label": "x"}\n'},
        mapping=ColumnMapping(label="label"),
    )  # fmt: skip

    assert [json.loads(row["row"])["id"] for row in outcome.rows] == [
        4611686018427387905, -9007199254740993, 4611686018427387907,
    ]  # fmt: skip
    assert [json.loads(row["row"])["n"] for row in outcome.rows] == [1e300, 1e20, 1]


def test_codes_keep_their_zeros(take_in):
    text = b"zip,hour,n,label\n01234,05,0.5,x\n50100,12,0,y\n00501,23,-0.25,x\n"

    outcome = take_in("row", {"a.csv": text}, mapping=ColumnMapping(label="label"))

    assert rows_of(outcome)[0] == {"zip": "01234", "hour": 5, "n": 0.5}
    assert [row["zip"] for row in rows_of(outcome)] == ["01234", "50100", "00501"]
