"""CSV as the world writes it: odd encodings, mixed line ends, broken quotes. A bad line costs that line only."""

from __future__ import annotations

import codecs
import csv
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from workers.engines.ingest.encodings import guess_encoding
from workers.engines.ingest.errors import Refused

SAMPLE_BYTES = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MAX_REPARSED_CHARS = 200_000_000
TOO_LONG = "the line is too long"


class BadLine(Exception):
    """One record cannot be read; the reader can go on after it."""

    def __init__(self, line: int, reason: str):
        super().__init__(reason)
        self.line = line
        self.reason = reason


def detect_encoding(path: str | Path) -> str:
    """By byte-order mark, else UTF-8 when the start of the file is, else the best guess."""
    with open(path, "rb") as source:
        sample = source.read(SAMPLE_BYTES)
    for mark, encoding in BOMS:
        if sample.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(sample) < SAMPLE_BYTES)
        return "utf-8"
    except UnicodeDecodeError:
        return _guess_encoding(sample)


def _guess_encoding(sample: bytes) -> str:
    valid = sample.decode("utf-8", errors="ignore").encode()
    if len(sample) - len(valid) <= len(sample) // 1000:
        return "utf-8"  # a few bad bytes: the rows that hold them are set aside
    return guess_encoding(sample[:65536]) or "cp1252"


def detect_delimiter(lines: list[str]) -> str:
    """The separator that cuts the first lines into the same number of cells most often, and into the most cells."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells]
        if not widths:
            return (0, 0)
        width, times = Counter(widths).most_common(1)[0]
        return (times / len(widths) if width > 1 else 0, width)

    return max(DELIMITERS, key=score)


class CsvRecords:
    """Iterates (first line number, cells); raises BadLine for one record and goes on when iterated again."""

    def __init__(self, path: str | Path, *, encoding: str, delimiter: str = "", max_chars: int):
        self._stream = open(path, encoding=encoding, errors="surrogateescape", newline="")  # noqa: SIM115  closed by close()
        self._max_chars = max_chars
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self._taken_chars = 0
        self._reparsed_chars = 0
        self.line = 1
        csv.field_size_limit(max_chars)
        if not delimiter:
            delimiter = self._sniff()
        self.delimiter = delimiter
        self._reader = csv.reader(_Feed(self), delimiter=delimiter, strict=True)

    def close(self) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        self._taken, self._taken_chars = [], 0
        try:
            cells = next(self._reader)
        except csv.Error as error:
            raise self._set_first_line_aside(str(error)) from None
        line, self.line = self.line, self.line + len(self._taken)
        return line, cells

    def take_line(self) -> str | None:
        """The next line for the csv reader; None at the end. Raises csv.Error when the record grows without end."""
        line = self._back.popleft() if self._back else self._stream.readline(self._max_chars + 1)
        if not line:
            return None
        self._taken.append(line)
        self._taken_chars += len(line)
        if self._taken_chars > self._max_chars:
            raise csv.Error(TOO_LONG)
        return line

    def _set_first_line_aside(self, reason: str) -> BadLine:
        """Give back all lines but the first of a record that went wrong, so that they are read anew."""
        line, rest = self.line, self._taken[1:]
        self.line += 1
        if len(self._taken) == 1 and not self._taken[0].endswith(("\n", "\r")):
            self._skip_to_line_end()
        self._back.extendleft(reversed(rest))
        self._reparsed_chars += self._taken_chars
        if self._reparsed_chars > MAX_REPARSED_CHARS:
            raise Refused(f"the quotes from line {line} on are broken; the rest of the file was left out")
        return BadLine(line, _explain(reason))

    def _skip_to_line_end(self) -> None:
        while (piece := self._stream.readline(self._max_chars)) and not piece.endswith(("\n", "\r")):
            pass

    def _sniff(self) -> str:
        lines: list[str] = []
        while len(lines) < 50 and (line := self._stream.readline(self._max_chars + 1)):
            lines.append(line)
        self._back.extend(lines)
        return detect_delimiter([line for line in lines if len(line) < 100_000])


class _Feed:
    """The csv reader's view of the lines; unlike a generator it survives an error."""

    def __init__(self, records: CsvRecords):
        self._records = records

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._records.take_line()
        if line is None:
            raise StopIteration
        return line


def _explain(reason: str) -> str:
    if reason == TOO_LONG or "field larger" in reason:
        return "the line is too long, or a quote is opened and never closed"
    if "unexpected end of data" in reason:
        return "a quote is opened and never closed"
    if "expected after" in reason:
        return "a quote inside a quoted cell is not doubled"
    return reason
