"""Whatever one file of a folder has become, the others come in, and the next run says the same of all."""

from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workers.engines.collect.conftest import read_items, read_keys, read_rejects
from tests.workers.engines.collect.test_companions import coco, write
from tests.workers.engines.collect.test_files import marks_of, picture
from tests.workers.engines.ingest.test_label_formats import CARD, VOC, tar_of, zip_of

ROWS = [(f"the story number {n} is told", "cat" if n % 2 else "dog") for n in range(8)]
CSV = "\n".join(["text,label", *(f'"{text}",{label}' for text, label in ROWS)]).encode()


def parquet() -> bytes:
    out = io.BytesIO()
    texts, labels = zip(*ROWS, strict=True)
    pq.write_table(pa.table({"text": texts, "label": labels}), out)
    return out.getvalue()


TABLES = {
    "a.csv": CSV, "b.csv.gz": gzip.compress(CSV, mtime=0), "c.parquet": parquet(),
    "d.jsonl": b'{"text": "one more story", "label": "cat"}\n{"text": "and the last story", "label": "dog"}\n',
    "f.zip": zip_of({"in/g.csv": CSV}), "h.tar.gz": tar_of({"in/i.csv": CSV}),
}  # fmt: skip
FILES = {
    "row": TABLES,
    "text": {**TABLES, "README.md": CARD.encode(), "j.conll": b"Ada B-cat\nwrote O\n", "cat/k.txt": b"a cat",
             "dog/l.txt": b"a dog",
             "m.json": b'[{"data": {"text": "once"}, "annotations": [{"result": []}]}]'},
    "image": {"a.png": picture("red", (100, 100)), "b.jpg": picture("blue", (20, 20), "JPEG"),
              "coco.json": coco(("a", 10)).encode(), "data.yaml": b"names: [cat, dog]\n", "c.txt": b"0 .5 .5 .2 .2\n",
              "c.png": picture("green"), "Annotations/b.xml": VOC.replace("a.png", "b.jpg").encode(),
              "d.zip": zip_of({"in/e.png": picture("white")}), "f.webp": picture("black", (9, 9), "WEBP")},
}  # fmt: skip
# by name the first of all: the contract is inferred from it
SOUND = {"row": ("0.csv", CSV), "text": ("0.csv", CSV), "image": ("0.png", picture("yellow", (30, 30)))}


@st.composite
def damages(draw, item_kind: str) -> dict[str, bytes]:
    """The files of a folder, one of which was cut, overwritten, stretched, or is another one by its content."""
    files = FILES[item_kind]
    name = draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    start = draw(st.integers(0, len(content)))
    how = draw(st.sampled_from(["cut", "overwritten", "stretched", "another"]))
    if how == "cut":
        del content[start:]
    elif how == "another":
        content = bytearray(files[draw(st.sampled_from(sorted(files)))])
    else:
        end = start if how == "stretched" else start + draw(st.integers(1, 40))
        content[start:end] = draw(st.binary(min_size=1, max_size=40))
    return {**files, name: bytes(content)}


@pytest.mark.parametrize("item_kind", FILES)
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_one_damaged_file_takes_no_other_with_it(item_kind, data, collected, tmp_path):
    files = data.draw(damages(item_kind))
    label_kind = "regions" if item_kind == "image" else "class"
    with tempfile.TemporaryDirectory(dir=tmp_path) as home:
        root, number = Path(home), 0
        write(root / "set", {**files, SOUND[item_kind][0]: SOUND[item_kind][1]})

        def read(**more):
            nonlocal number
            number += 1
            return collected("folder", {"path": str(root / "set")}, item_kind=item_kind, label_kind=label_kind,
                             workdir=root / f"work-{number}", **more)  # fmt: skip

        first = read()
        again = read(contract=first.contract.to_json(), mapping=first.mapping)
        rest = read(contract=first.contract.to_json(), mapping=first.mapping, marks=marks_of(first, root))

        items = read_items(first)
        assert first.accepted == len(items) == len(read_keys(first))
        assert all(reject["reason"] and reject["source"] for reject in read_rejects(first))
        assert any(item["source_uri"].startswith(SOUND[item_kind][0]) for item in items)
        assert said(again) == said(first) and again.contract == first.contract
        assert read_items(rest) == []


def said(result):
    return sorted((item["source_uri"], item["content_hash"]) for item in read_items(result))
