"""A version on this machine: its items as Arrow, pandas, dicts, arrays, PyTorch datasets and streams."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from . import targets
from .ahead import CHUNK, ROW, Ahead, Places
from .cache import ContentFolder
from .chunks import Chunks
from .errors import CorruptedData, LoaderError
from .fetching import Fetcher, Wanted, list_wanted
from .rows import check_split

if TYPE_CHECKING:
    import pandas

    from .batches import Batches
    from .stream import Stream
    from .torch_data import TorchItems

EVENT_TIME = "event_time"
CONTENT = {"row": "row", "image": "blob", "text": "text"}  # a row may have a file too: its sound


@dataclass(frozen=True)
class Facts:
    """What the server says about the version besides its items."""

    project: str = ""
    dataset: str = "main"
    number: int = 0
    content_hash: str = ""
    item_kind: str = ""
    problem_type: str = ""
    label_kind: str = ""
    classes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)  # of a table, in the order of its file

    @classmethod
    def names(cls) -> list[str]:
        return [f.name for f in fields(cls)]


class LoadedVersion:
    """An immutable set of items with labels and splits. `splits` left out means all of them."""

    def __init__(
        self,
        chunks: Chunks,
        content: ContentFolder,
        facts: Facts,
        *,
        fetcher: Fetcher | None = None,
        scratch: Path | None = None,
    ):
        self.chunks, self.content, self.facts = chunks, content, facts
        self.scratch = scratch
        self._fetcher = fetcher
        self.is_whole = fetcher is None  # every file was here once: nothing needs to be looked for ahead of its turn

    def __len__(self) -> int:
        return sum(self.chunks.count(None))

    def __repr__(self) -> str:
        return f"<{self.facts.project}/{self.facts.dataset}@{self.facts.number}: {len(self):,} items>"

    @property
    def paths(self) -> list[Path]:
        """Every piece of the manifest on this machine, fetched if it is not there yet."""
        return self.chunks.locate_all()

    @property
    def classes(self) -> list[str]:
        """In the label schema's order; empty for numbers."""
        return list(self.facts.classes)

    @cached_property
    def item_kind(self) -> str:
        """image, text or row."""
        if self.facts.item_kind:
            return self.facts.item_kind
        table = self.arrow(columns=list(CONTENT.values()))
        return next((kind for kind, name in CONTENT.items() if table[name].null_count < len(table)), "row")

    def arrow(self, split: str | None = None, columns: Sequence[str] | None = None) -> pa.Table:
        """Manifest rows (item_id, content_hash, split, label, blob, text, row, group, …), of one split or all. The
        moment that an item is of is `event_time`, in UTC; a version from before there were any has no such column."""
        table = self._read_table(split, columns)
        return _zone_times(table.drop_columns([CHUNK, ROW])) if len(table.column_names) else table

    def _read_table(self, split: str | None, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows with CHUNK and ROW: where each of them stands."""
        names = list(columns) if columns is not None else None
        reading = None if names is None else list(dict.fromkeys([*names, "split"]))
        tables = [_note_places(pq.read_table(path, columns=reading), n) for n, path in enumerate(self.paths)]
        table = pa.concat_tables(tables, promote_options="default") if tables else pa.table({})
        if split is not None and len(table):
            table = table.filter(pc.equal(table["split"], check_split(split)))
        return table if names is None else table.select([*names, CHUNK, ROW])

    def pandas(self, split: str | None = None) -> pandas.DataFrame:
        """One row an item. Of a table, its columns in the order of its file, and `label`. Numbers as numbers: a label
        too where one is to be predicted."""
        import pandas as pd

        table = self.arrow(split)
        frame = table.drop_columns(["row"]).to_pandas() if "row" in table.column_names else table.to_pandas()
        if self.facts.label_kind == "number":
            frame["label"] = pd.to_numeric(frame["label"])
        if self.item_kind != "row":
            return frame
        rows = [json.loads(text) if text else {} for text in table["row"].to_pylist()]
        kept = frame[["item_id", "split", "label", "group", *([EVENT_TIME] if EVENT_TIME in frame.columns else [])]]
        found = pd.DataFrame(rows, index=pd.RangeIndex(len(rows)))
        gone = {name for name in self.facts.columns if name not in found.columns}
        gone -= self._find_cells(gone) if split is not None else set()
        known = [name for name in self.facts.columns if name not in gone]  # the same for every split
        cells = found.reindex(columns=[*known, *(name for name in found.columns if name not in known)])
        return pd.concat([cells, kept.set_index(pd.RangeIndex(len(kept)))], axis=1)

    def _find_cells(self, names: set[str]) -> set[str]:
        """Those of these columns of a table that any item has."""
        found: set[str] = set()
        for text in self.arrow(columns=["row"])["row"].to_pylist() if names else ():
            found |= names & json.loads(text).keys() if text else set()
            if found == names:
                break
        return found

    def items(self, split: str | None = None) -> Iterator[dict[str, Any]]:
        """Every item as a dict: item_id, split, label, event_time and regions where it has them, and image (bytes),
        text, or row with its sound (bytes) where it has one."""
        from .stream import Stream

        yield from Stream(self, split).read_all()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.items()

    def _describe(self, row: dict[str, Any]) -> dict[str, Any]:
        item = {name: row[name] for name in ("item_id", "content_hash", "split", "label", "group")}
        if row.get(EVENT_TIME):
            item[EVENT_TIME] = row[EVENT_TIME].replace(tzinfo=UTC)
        if row.get("result"):
            item["regions"] = json.loads(row["result"])
        if row["row"] and row["blob"]:
            item |= {"row": json.loads(row["row"]), "sound": self._read_of(row)}
        elif row["blob"]:
            item["image"] = self._read_of(row)
        elif row["text"] is not None:
            item["text"] = row["text"]
        else:
            item["row"] = json.loads(row["row"]) if row["row"] else {}
        return item

    def locate(self, blob: str) -> Path:
        """Where a file is, or would be."""
        return self.content.locate(blob)

    def read(self, blob: str) -> bytes:
        """A file's content, checked the first time; a missing or damaged one is fetched (again) from the server."""
        return self._read_or_fetch(blob, self._find_wanted)

    def _read_of(self, row: dict[str, Any]) -> bytes:
        """The file of a row that says where it stands: no other chunk has to be looked through for it."""
        wanted = Wanted(self._name_chunk(row[CHUNK]), row[ROW], row["blob"], row.get("byte_size"))
        return self._read_or_fetch(row["blob"], lambda blob: wanted)

    def _read_or_fetch(self, blob: str, find: Callable[[str], Wanted]) -> bytes:
        try:
            return self.content.read(blob)
        except (FileNotFoundError, CorruptedData):
            if self._fetcher is None:
                raise
        self.content.drop(blob)
        self._fetcher.fetch_pack([find(blob)])
        return self.content.read(blob)

    def _name_chunk(self, number: int) -> str:
        return self.chunks.digests[number] if self.chunks.digests else ""

    def locate_files(self, table: pa.Table) -> Places | None:
        """Which file of the server each of these rows has; None where there is nothing to fetch, or no server."""
        if self._fetcher is None or CHUNK not in table.column_names or table["blob"].null_count == len(table):
            return None
        return Places(table, self.chunks.digests)

    def look_ahead(self, find: Callable[[int], Wanted | None], order: np.ndarray, **options: Any) -> Ahead:
        """Fetch the files of rows in this order while they are used; see `Ahead`."""
        assert self._fetcher is not None
        return Ahead(self._fetcher, find, order, **options)

    def fetch(self, places: Places, wanted: Sequence[int] | np.ndarray) -> int:
        """Fetch the files of these rows that are not here yet, in as few requests as it takes; how many came."""
        assert self._fetcher is not None
        found = (places.find(int(place)) for place in wanted)
        return self._fetcher.fetch_blobs([one for one in found if one is not None])

    def _find_wanted(self, blob: str) -> Wanted:
        found = self._wanted_by_blob.get(blob)
        if found is None:
            raise LoaderError(f"No item of this version is the file {blob[:12]}….")
        return found

    @cached_property
    def _wanted_by_blob(self) -> dict[str, Wanted]:
        pairs = zip(self.paths, self.chunks.digests, strict=True)
        return {item.blob: item for path, digest in pairs for item in list_wanted(path, digest)}

    def download(self) -> int:
        """Fetch every file that is not here yet; returns how many came."""
        came = self._fetcher.fetch_blobs(list(self._wanted_by_blob.values())) if self._fetcher else 0
        self.is_whole = True
        return came

    def fetch_files(self, blobs: Sequence[str]) -> int:
        """Fetch those of these files that are not here yet; returns how many came."""
        if self._fetcher is None or all(self.content.has(blob) for blob in blobs):
            return 0
        return self._fetcher.fetch_blobs([self._find_wanted(blob) for blob in blobs])

    def check(self) -> list[str]:
        """Hash every file again; returns the names of those that are missing or damaged, and removes them."""
        blobs = [name for name in self.arrow(columns=["blob"])["blob"].unique().to_pylist() if name]
        bad = [blob for blob in blobs if not self.content.is_sound(blob)]
        for blob in bad:
            self.content.drop(blob)
        self.is_whole = self._fetcher is None or not bad
        return bad

    def labeled(self, split: str | None = None) -> tuple[pa.Table, np.ndarray]:
        """(rows that have a label, their targets): class indices int64 (n,), or float64 where there are no classes."""
        table, found = self.read_targets(split, targets.CLASS if self.list_class_names() else targets.NUMBER)
        assert isinstance(found, np.ndarray)
        return table.drop_columns([CHUNK, ROW]), found

    def read_targets(self, split: str | None, kind: str) -> tuple[pa.Table, np.ndarray | list[str] | None]:
        """(rows that have a label, with CHUNK and ROW, their targets of this kind); None where regions say it."""
        table = self._read_table(split)
        table = table.filter(table["label"].is_valid())
        labels, names = table["label"].to_pylist(), self.list_class_names()
        if kind == targets.CLASS:
            places = pc.index_in(table["label"], pa.array(names, pa.string()))
            return table.filter(places.is_valid()), places.drop_null().to_numpy().astype(np.int64)
        if kind == targets.NUMBER:
            return table, np.array([float(text) for text in labels], dtype=np.float64)
        if kind == targets.MULTI_HOT:
            return table, targets.read_multi_hot(labels, targets.list_results(table), names)
        return table, labels if kind == targets.TEXT else None

    @cached_property
    def target_kind(self) -> str:
        """What `torch(split)` gives as targets, one of targets.KINDS: the same for every split."""
        labels = self.arrow(columns=["label"])["label"].unique().drop_null().to_pylist()
        return targets.choose_kind(self.facts.label_kind, labels, self.list_class_names())

    def list_class_names(self) -> list[str]:
        """The classes, or where nobody named them the labels that occur; empty for numbers."""
        return self.classes or self._label_names

    @cached_property
    def _label_names(self) -> list[str]:
        if self.facts.label_kind == "number":
            return []
        found = sorted(name for name in self.arrow(columns=["label"])["label"].unique().to_pylist() if name is not None)
        return [] if not self.facts.label_kind and all(_is_number(name) for name in found) else found

    def arrays(self, split: str | None = None, *, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """(images uint8 (n, height, width, 3), targets (n,)) of the labeled pictures: decoded once, mapped."""
        from .arrays import open_arrays

        table, targets = self.labeled(split)
        return open_arrays(self, table["blob"].to_pylist(), size), targets

    def torch(
        self,
        split: str | None = None,
        *,
        size: tuple[int, int] | None = None,
        transform: Callable | None = None,
        target: str | None = None,
    ) -> TorchItems:
        """Map-style dataset of the labeled items: (input, target). With a `size` pictures are uint8 tensors
        (3, height, width), otherwise PIL images; texts stay texts, rows dicts, and a row with a sound is
        {"row": dict, "sound": bytes of its file}. `transform` gets the input. `target`: see `TorchItems`."""
        _need_torch()
        from .torch_data import TorchItems

        return TorchItems(self, split, size=size, transform=transform, target=target)

    def batches(self, split: str | None, batch_size: int, **options: Any) -> Batches:
        """Batches of `torch(split)`, with a state that resumes mid-epoch; see `Batches` for the options."""
        _need_torch()
        from .batches import Batches

        made = {name: options.pop(name) for name in ("size", "transform", "target") if name in options}
        return Batches(self.torch(split, **made), batch_size, **options)

    def stream(self, split: str | None = None, **options: Any) -> Stream:
        """Items as dicts in a shuffled order with a state; an IterableDataset where torch is there. See `Stream`."""
        from .stream import make_stream

        return make_stream(self, split, **options)


def _need_torch() -> None:
    if find_spec("torch") is None:
        raise LoaderError("This needs torch, which is not installed: pip install torch.")


def _note_places(table: pa.Table, number: int) -> pa.Table:
    rows = np.arange(len(table), dtype=np.int32)
    return table.append_column(CHUNK, pa.array(np.full(len(table), number, np.int32))).append_column(
        ROW, pa.array(rows)
    )


def _zone_times(table: pa.Table) -> pa.Table:
    """Manifests write times without a zone: they are in UTC."""
    if EVENT_TIME not in table.column_names:
        return table
    place = table.column_names.index(EVENT_TIME)
    return table.set_column(place, EVENT_TIME, table[EVENT_TIME].cast(pa.timestamp("us", "UTC")))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
