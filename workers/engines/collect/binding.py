"""Back from an import's parts to the source: whose row each item is, where it stood, and whether its file may stay."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.sources import ColumnRule, Observed
from workers.engines.collect.checks import ColumnCheck
from workers.engines.collect.files import hash_path
from workers.engines.collect.quarantine import Quarantine
from workers.engines.collect.screening import KEY, KEY_HASH, LINE, MAX_KEY_CHARS, PICTURE
from workers.engines.collect.sightings import Places, Sightings

KEY_SCHEMA = pa.schema([(name, pa.string()) for name in ("content_hash", "key_hash", "key", "path_hash")])


@dataclass
class Bound:
    """Parts as the store takes them, with a file of keys beside each."""

    parts: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    accepted: int = 0


class Binder:
    """`tables` maps a chunk to what its table is called, `places` says where a file lies; `chunks` is the folder of the
    chunks. What does not come out of them is checked against `file_rules`. What was wrong with one of the `companions`,
    unchanged files, an earlier run has said. With `binds_all` rows without a key are known by their content, so that it
    can be told when they are gone."""

    def __init__(
        self, chunks: Path, tables: Mapping[str, str], places: Places, file_rules: Sequence[ColumnRule],
        quarantine: Quarantine, sightings: Sightings, companions: Collection[str] = (), *, binds_all: bool = False,
    ):  # fmt: skip
        self._chunks, self._tables, self._places = chunks, tables, places
        self._quarantine, self._sightings, self._binds_all = quarantine, sightings, binds_all
        self._companions = frozenset(companions)
        self._opened: tuple[str, tuple[list, list, list]] = ("", ([], [], []))
        self._path_hash = ""  # of the file whose rows are open
        self._whole: tuple[str, pa.Table] = ("", pa.table({}))
        # of each table: lines from, to, in which chunk
        self._ranges: dict[str, list[tuple[int, int, str]]] | None = None
        self._checks = {rule.name: ColumnCheck(rule) for rule in file_rules}

    def bind(self, parts: Sequence[str], rejects_path: str, folder: Path) -> Bound:
        """Rewrite the parts into `folder`: lines as in the source, rows whose key says two things set aside."""
        folder.mkdir(parents=True, exist_ok=True)
        self._take_rejects(rejects_path)
        bound = Bound()
        for number, part in enumerate(parts):
            target, keys = folder / f"part-{number:05}.parquet", folder / f"keys-{number:05}.parquet"
            self._bind_part(part, target, keys)
            bound.parts.append(str(target))
            bound.keys.append(str(keys))
        self._settle_conflicts(bound)
        bound.accepted = sum(pq.read_metadata(part).num_rows for part in bound.parts)
        return bound

    def observe(self) -> dict[str, Observed]:
        """What was seen of files, by column; empty where there were none."""
        return {name: found for name, check in self._checks.items() if (found := check.observe()).seen or found.missing}

    def _bind_part(self, part: str, target: Path, keys: Path) -> None:
        table = pq.read_table(part)
        if self._checks:
            table = self._check_files(table)
        hashes = table["content_hash"].to_pylist()
        found = [self._locate(*row) for row in zip(table["source_uri"].to_pylist(), hashes, strict=True)]
        uris, *keyed = map(list, zip(*found, strict=True)) if found else ([], [], [], [])
        table = table.set_column(table.schema.get_field_index("source_uri"), "source_uri", pa.array(uris, pa.string()))
        pq.write_table(table, target, use_dictionary=False)  # read once, and soon
        arrays = [pa.array(column, pa.string()) for column in (hashes, *keyed)]
        pq.write_table(pa.Table.from_arrays(arrays, schema=KEY_SCHEMA), keys, use_dictionary=False)

    def _locate(self, uri: str, content_hash: str) -> tuple[str, str | None, str | None, str]:
        """Where an item stood, the hash of its key, the key as a person reads it, and the hash of its file's place."""
        name, _, number = uri.rpartition("#")
        if name in self._tables and number.isdigit():
            lines, key_hashes, keys = self._open(name)
            row = int(number) - 1
            key_hash = key_hashes[row]
            if key_hash is None and self._binds_all:
                key_hash = hash_path(f"row\0{self._path_hash}\0{content_hash}")
            return f"{self._tables[name]}#{lines[row]}", key_hash, keys[row], self._path_hash
        return uri, self._hash_file(uri), f"file={uri}"[:MAX_KEY_CHARS], self._places.hash(uri)

    def _hash_file(self, uri: str) -> str:
        """The key of a file, or of a member of an archive."""
        found = self._places.find(uri)
        return hash_path("file\0" + (found[1] + uri[len(found[0]) :] if found else uri))

    def _open(self, chunk: str) -> tuple[list, list, list]:
        """Lines, hashes of keys and keys of a chunk's rows; they come in their order."""
        if self._opened[0] != chunk:
            found = pq.read_table(self._chunks / chunk, columns=[LINE, KEY_HASH, KEY])
            lines, key_hashes, keys = (found[name].to_pylist() for name in (LINE, KEY_HASH, KEY))
            self._opened, self._path_hash = (chunk, (lines, key_hashes, keys)), self._places.hash(self._tables[chunk])
        return self._opened[1]

    def _check_files(self, table: pa.Table) -> pa.Table:
        """Pictures and texts against the contract's columns for files."""
        uris = table["source_uri"].to_pylist()
        places = [place for place, uri in enumerate(uris) if uri.rpartition("#")[0] not in self._tables]
        if not places:
            return table
        facts = describe_files(table.take(places))
        bad: dict[int, str] = {}
        for name, check in self._checks.items():
            check.run(facts[name], bad)
        for place, reason in sorted(bad.items()):
            uri = facts["file"][place]
            self._quarantine.add(uri, None, reason, {name: cells[place] for name, cells in facts.items()})
            self._sightings.see(self._hash_file(uri), uri)
        refused = {places[place] for place in bad}
        keep = pa.array([place not in refused for place in range(table.num_rows)], pa.bool_())
        return table.filter(keep)

    def _take_rejects(self, path: str) -> None:
        """What the import itself set aside, under the names and lines of the source."""
        with open(path, encoding="utf-8") as lines:
            for text in lines:
                entry = json.loads(text)
                name, line = self._find_row(entry["source"], entry["line"])
                self._note(name, line)
                if name in self._companions:
                    continue
                if name in self._tables and line:
                    row = self._read_cells(name, line - 1)
                    self._quarantine.add(self._tables[name], row.pop(LINE), entry["reason"], row)
                else:
                    self._quarantine.add(self._tables.get(name, name), line, entry["reason"])

    def _find_row(self, name: str, line: int | None) -> tuple[str, int | None]:
        """A picture that lies in a chunk is named after its row there."""
        chunk, _, number = name.rpartition("#")
        return (chunk, int(number)) if chunk in self._tables and number.isdigit() and not line else (name, line)

    def _note(self, name: str, line: int | None) -> None:
        """What the import set aside stands there all the same: a row by its key, a member of an archive by its name. Of
        other files it is not known which of their items they were."""
        if name in self._tables:
            key_hash = self._open(name)[1][line - 1] if line else None
            self._sightings.see(key_hash or "", self._tables[name])
        elif "!" in name and not line:
            self._sightings.see(self._hash_file(name), name)
        else:
            self._sightings.lose(name)

    def _read_cells(self, chunk: str, place: int) -> dict:
        if self._whole[0] != chunk:
            self._whole = (chunk, _read_plain(self._chunks / chunk))
        return self._whole[1].slice(place, 1).to_pylist()[0]

    def _find_cells(self, source: str, line: int | None) -> dict | None:
        """The cells of a row as its source has them, to be corrected."""
        if self._ranges is None:
            self._ranges = {}
            for chunk, name in self._tables.items():
                lines = pq.read_table(self._chunks / chunk, columns=[LINE])[LINE]
                if len(lines):
                    self._ranges.setdefault(name, []).append((lines[0].as_py(), lines[-1].as_py(), chunk))
        for first, last, chunk in self._ranges.get(source, ()):
            if line is not None and first <= line <= last:
                row = self._read_cells(chunk, bisect_left(self._open(chunk)[0], line))
                del row[LINE]
                return row
        return None

    def _settle_conflicts(self, bound: Bound) -> None:
        """A key that stands twice with different content: the first counts, the others are set aside."""
        twice = _find_conflicts(bound.keys) if bound.keys else set()
        first: dict[str, tuple[str, str]] = {}
        for part, keys in zip(bound.parts, bound.keys, strict=True) if twice else ():
            table, found = pq.read_table(part), pq.read_table(keys)
            keep = []
            columns = (found[name].to_pylist() for name in KEY_SCHEMA.names)
            for content, key_hash, key, _, uri in zip(*columns, table["source_uri"].to_pylist(), strict=True):
                before = first.setdefault(key_hash, (content, uri)) if key_hash in twice else (content, uri)
                keep.append(before[0] == content)
                if not keep[-1]:
                    source, _, line = uri.rpartition("#")
                    reason = f"the key {key} already stands at {before[1]} with other values"
                    number = int(line) if line.isdigit() else None
                    self._quarantine.add(source or uri, number, reason, self._find_cells(source, number))
            mask = pa.array(keep, pa.bool_())
            pq.write_table(table.filter(mask), part)
            pq.write_table(found.filter(mask), keys)


def _read_plain(chunk: Path) -> pa.Table:
    """The rows of a chunk with their lines, without keys and pictures."""
    names = [name for name in pq.read_schema(chunk).names if name not in (KEY, KEY_HASH, PICTURE)]
    return pq.read_table(chunk, columns=names)


def describe_files(table: pa.Table) -> dict[str, list]:
    """The columns that a contract of files can speak of, FILE_COLUMNS, of one part."""
    formats = [mime.rpartition("/")[2] if mime else None for mime in table["mime"].to_pylist()]
    return {
        "file": table["source_uri"].to_pylist(),
        "label": table["label"].to_pylist(),
        "format": formats,
        "width": table["width"].to_pylist(),
        "height": table["height"].to_pylist(),
        "bytes": table["byte_size"].to_pylist(),
    }


def _find_conflicts(keys: Sequence[str]) -> set[str]:
    with duckdb.connect() as base:
        base.execute("SET enable_progress_bar = false; SET memory_limit = '150MB'; SET threads = 2")
        base.execute("SET temp_directory = '" + str(Path(keys[0]).parent).replace("'", "") + "'")
        found = base.execute(
            """SELECT key_hash FROM read_parquet(?) WHERE key_hash IS NOT NULL
               GROUP BY key_hash HAVING min(content_hash) <> max(content_hash)""",
            [list(keys)],
        )
        return {row[0] for row in found.fetchall()}
