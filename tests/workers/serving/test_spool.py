"""The spool keeps whole records only, and what is in it can be read by anyone later."""

from __future__ import annotations

import os
import uuid

import pytest

from workers.serving import spool
from workers.serving.calls import IdSource, derive_id, format_id
from workers.serving.interpret import render_json
from workers.serving.spool import SpoolWriter, encode_record, is_abandoned, read_records


def build(n: int) -> bytes:
    return encode_record(uuid.uuid4().bytes, 1, 2, 3, 1.5, 200, 0, 1, b'{"row": {}}', b"{}" * n)


def test_records_are_read_back_in_order(tmp_path):
    writer = SpoolWriter(tmp_path, "w")
    for n in range(5):
        writer.append(build(n))
    writer.flush()
    path = next(tmp_path.glob("*.open"))

    records = list(read_records(path))
    rest = list(read_records(path, records[2][1]))

    assert [len(record.output) for record, _ in records] == [0, 2, 4, 6, 8]
    assert [record.output for record, _ in rest] == [record.output for record, _ in records[3:]]


@pytest.mark.parametrize("cut", [1, 7, 9, 60])
def test_a_torn_end_is_left_alone(tmp_path, cut):
    path = tmp_path / "w.open"
    path.write_bytes(build(1) + build(2)[:-cut])

    assert [len(record.output) for record, _ in read_records(path)] == [2]


def test_a_damaged_record_is_not_believed(tmp_path):
    content = bytearray(build(4))
    content[-1] ^= 1
    path = tmp_path / "w.open"
    path.write_bytes(content)

    assert list(read_records(path)) == []


def test_an_open_file_is_abandoned_once_its_writer_is_gone(tmp_path):
    writer = SpoolWriter(tmp_path, "w")
    writer.append(build(1))
    writer.flush()
    path = next(tmp_path.glob("*.open"))

    before = is_abandoned(path)
    os.close(writer._file)

    assert (before, is_abandoned(path)) == (False, True)


def test_segments_are_closed_by_size(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "SEGMENT_BYTES", 100)
    writer = SpoolWriter(tmp_path, "w")
    for _ in range(3):
        writer.append(build(100))
        writer.flush()

    assert len(list(tmp_path.glob("*.closed"))) == 3


def test_a_full_spool_counts_what_it_drops(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "SEGMENT_BYTES", 10)
    monkeypatch.setattr(spool, "MAX_SPOOL_BYTES", 10)
    writer = SpoolWriter(tmp_path, "w")
    writer.append(build(1))
    writer.flush()
    writer.tick()
    writer.append(build(1))
    writer.flush()

    assert writer.take_dropped() == 1
    assert writer.take_dropped() == 0


def test_request_ids_are_valid_and_differ():
    source = IdSource()

    ids = {format_id(source.take()) for _ in range(1000)}

    assert len(ids) == 1000
    assert all(uuid.UUID(text).version == 4 for text in ids)
    assert derive_id(b"0" * 16, 1) == derive_id(b"0" * 16, 1) != derive_id(b"0" * 16, 2)


@pytest.mark.parametrize("value", [{"a": "x\x00y"}, {"a\x00": ["\x00", {"b": "\\u0000"}]}])
def test_json_for_postgres_has_no_nul(value):
    text = render_json(value)

    assert "\\u0000" not in text.replace("\\\\u0000", "")
