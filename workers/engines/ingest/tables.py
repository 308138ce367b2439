"""Opens a table whatever its format, and yields its rows one by one with their line numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest import arrow_tables
from workers.engines.ingest.arrow_tables import flatten
from workers.engines.ingest.csv_rows import BadLine, CsvRecords, detect_encoding
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.kinds import (
    has_decimal_commas,
    has_grouped_digits,
    infer_kind,
    is_missing,
    is_number,
    write_plain,
    write_point,
)
from workers.engines.ingest.mapping import is_own

PARQUET_MAGIC = b"PAR1"
STREAM_MARK = b"\xff\xff\xff\xff"
ARROW_SUFFIXES = (".arrow", ".feather", ".ipc")
SAMPLE_ROWS = 2_000
MOST_NULS = 0.01  # of the first bytes of a text
MAX_JSON_ARRAY_BYTES = 64_000_000
MAX_NAME_CHARS = 200

DISARMED = re.compile(r"'+[\s\0]*[=+\-@\t\r]")  # by our exports, so that a spreadsheet does not run the cell
Rewrite = Callable[[str], str]
Row = tuple[int, Sequence[object]]  # line (or row) number, one cell per column


@dataclass
class Table:
    """`read()` starts at the first row each time; bad lines come as BadLine values among the rows."""

    path: Path
    format: str  # csv | jsonl | json | parquet | arrow
    limits: IngestLimits
    columns: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)  # as the first rows suggest
    sample: list[Row] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    has_header: bool = True
    commas: Mapping[int, Rewrite] = field(default_factory=dict)  # columns of a CSV whose numbers are written with some

    def read(self) -> Iterator[Row | BadLine]:
        yield from READERS[self.format](self)


def detect_format(path: str | Path, name: str) -> str:
    """csv, jsonl, json, parquet or arrow by content, "" when it is none of them."""
    with open(path, "rb") as source:
        head = source.read(4096)
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    if head.startswith(arrow_tables.ARROW_MAGIC) or (
        head.startswith(STREAM_MARK) and name.lower().endswith(ARROW_SUFFIXES)
    ):
        return "arrow"
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        return ""
    if head.count(b"\0") > len(head) * MOST_NULS and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ""  # one in a cell costs that row
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if first == b"{":
        return "jsonl"
    if first == b"[" and name.lower().endswith((".json", ".jsonl")):
        return "json"
    return "csv"


def open_table(path: str | Path, name: str, limits: IngestLimits) -> Table:
    """Find out format, columns and kinds from the first rows. Raises Refused."""
    kind = detect_format(path, name)
    if not kind:
        raise Refused("this is neither a table (CSV, Parquet, Arrow, JSON lines) nor readable text")
    table = Table(Path(path), kind, limits)
    if kind == "csv":
        _study_csv(table)
    elif kind in ("parquet", "arrow"):
        _study_arrow(table)
    else:
        _study_json(table)
    if not table.columns:
        raise Refused("the file has no columns")
    if len(table.columns) > limits.columns:
        raise Refused(f"the table has more than {limits.columns:,} columns")
    table.sample = _take_sample(table)
    if kind == "csv":
        table.commas = _find_commas(table)
        table.sample = _take_sample(table) if table.commas else table.sample
    if kind not in ("parquet", "arrow"):
        table.kinds = {c: infer_kind([r[1][i] for r in table.sample]) for i, c in enumerate(table.columns)}
    return table


def _find_commas(table: Table) -> dict[int, Rewrite]:
    """Columns with numbers as 1.234,5 or 1,234.5, and what makes numbers of them. Where commas part the cells they
    part thousands in a quoted number."""
    found: dict[int, Rewrite] = {}
    for place, column in enumerate(zip(*(row for _, row in table.sample), strict=True)):
        if table.delimiter != "," and has_decimal_commas(column):
            found[place] = write_point
        elif has_grouped_digits(column):
            found[place] = write_plain
    return found


def _take_sample(table: Table) -> list[Row]:
    return [row for row in islice(table.read(), SAMPLE_ROWS) if not isinstance(row, BadLine)]


def name_columns(header: Sequence[str]) -> list[str]:
    """Column names without blanks at the ends, empty ones numbered, repeated ones made different."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for number, cell in enumerate(header, start=1):
        name = _clean_name(cell) or f"column_{number}"
        while name in seen:
            seen[name] += 1
            name = f"{name}.{seen[name]}"
        seen[name] = 1
        names.append(name)
    return names


def _clean_name(cell: str) -> str:
    text = cell.replace("\0", "").encode("utf-8", "replace").decode().strip()
    return text[:MAX_NAME_CHARS]


# CSV


def _open_csv(table: Table) -> CsvRecords:
    return CsvRecords(table.path, encoding=table.encoding, delimiter=table.delimiter, max_chars=table.limits.row_bytes)


def _study_csv(table: Table) -> None:
    table.encoding = detect_encoding(table.path)
    records = _open_csv(table)
    table.delimiter = records.delimiter
    try:
        header = next((cells for _, cells in records if any(c.strip() for c in cells)), [])
    except BadLine as error:
        raise Refused(f"the header (line {error.line}) cannot be read: {error.reason}") from None
    finally:
        records.close()
    table.has_header = not all(is_number(cell) for cell in header)
    table.columns = name_columns(header if table.has_header else [""] * len(header))


def _read_csv(table: Table) -> Iterator[Row | BadLine]:
    records = _open_csv(table)
    width, is_header_next = len(table.columns), table.has_header
    is_disarmed = is_own(table.columns)
    try:
        while True:
            try:
                line, cells = next(records)
            except StopIteration:
                return
            except BadLine as error:
                yield error
                continue
            if len(cells) < 2 and not "".join(cells).strip() and (width > 1 or not cells):
                continue  # a blank line
            if is_header_next:
                is_header_next = False
            elif len(cells) != width:
                yield BadLine(line, f"the row has {len(cells)} cells, the header has {width}")
            else:
                if is_disarmed:
                    cells = [cell[1:] if DISARMED.match(cell) else cell for cell in cells]
                for place, rewrite in table.commas.items():
                    cells[place] = rewrite(cells[place])
                yield line, cells
    finally:
        records.close()


# JSON


def _study_json(table: Table) -> None:
    table.encoding = detect_encoding(table.path)
    names: dict[str, None] = {}
    for item in islice(_parse_json(table), SAMPLE_ROWS):
        if not isinstance(item, BadLine):
            names.update(dict.fromkeys(item[1]))
    table.columns = [name for name in names if _clean_name(name)]


def _read_json(table: Table) -> Iterator[Row | BadLine]:
    known = set(table.columns)
    for item in _parse_json(table):
        if isinstance(item, BadLine):
            yield item
        elif unknown := item[1].keys() - known:
            yield BadLine(item[0], f"the key {min(unknown)[:60]!r} does not occur in the first rows")
        else:
            yield item[0], [flatten(item[1].get(name)) for name in table.columns]


def _parse_json(table: Table) -> Iterator[tuple[int, dict] | BadLine]:
    yield from _parse_array(table) if table.format == "json" else _parse_lines(table)


def _parse_array(table: Table) -> Iterator[tuple[int, dict] | BadLine]:
    if table.path.stat().st_size > MAX_JSON_ARRAY_BYTES:
        raise Refused("a JSON list this long must come as JSON lines (one object a line)")
    try:
        found = orjson.loads(table.path.read_text(encoding=table.encoding, errors="replace"))
    except orjson.JSONDecodeError as error:
        raise Refused(f"the JSON is broken: {error}") from None
    for number, value in enumerate(found if isinstance(found, list) else [found], start=1):
        yield (number, value) if isinstance(value, dict) else BadLine(number, "this entry is no JSON object")


def _parse_lines(table: Table) -> Iterator[tuple[int, dict] | BadLine]:
    limit = table.limits.row_bytes
    with open(table.path, encoding=table.encoding, errors="surrogateescape") as source:
        number = 0
        while line := source.readline(limit + 1):
            number += 1
            if len(line) > limit:
                while (piece := source.readline(limit)) and not piece.endswith("\n"):
                    pass
                yield BadLine(number, "the line is too long")
            elif line.strip():
                yield _parse_line(number, line)


def _parse_line(number: int, line: str) -> tuple[int, dict] | BadLine:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return BadLine(number, f"not valid JSON: {error}"[:200])
    return (number, value) if isinstance(value, dict) else BadLine(number, "not a JSON object")


# Parquet and Arrow


def _study_arrow(table: Table) -> None:
    schema = arrow_tables.read_schema(table.path, table.format)
    table.columns = name_columns([f.name for f in schema])
    kinds = arrow_tables.list_kinds(schema)
    table.kinds = dict(zip(table.columns, kinds, strict=True))
    if "" in kinds:
        sample = [r[1] for r in islice(_read_arrow(table), SAMPLE_ROWS) if not isinstance(r, BadLine)]
        for i, name in enumerate(table.columns):
            table.kinds[name] = table.kinds[name] or infer_kind([cells[i] for cells in sample])


def _read_arrow(table: Table) -> Iterator[Row | BadLine]:
    yield from arrow_tables.read_rows(table.path, table.format)


READERS = {
    "csv": _read_csv, "jsonl": _read_json, "json": _read_json, "parquet": _read_arrow, "arrow": _read_arrow,
}  # fmt: skip

__all__ = ["Row", "Table", "detect_format", "is_missing", "name_columns", "open_table"]
