"""Items out of what was fetched: a text, rows, fields or a picture; and what a page asks of robots."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from lxml import etree
from parsel.csstranslator import HTMLTranslator

from lifecycle.contracts.crawl import PICTURE_COLUMNS, TEXT_COLUMNS, CrawlSpec, FieldRule, SetAside
from lifecycle.contracts.ingest import ROLES, ColumnMapping, IngestLimits, IngestSpec
from workers.engines.crawl import published
from workers.engines.crawl.contract import Keeper, Said
from workers.engines.crawl.encoding import find_unreadable
from workers.engines.crawl.tables import find_tables
from workers.engines.ingest import exif
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.event_times import EventTimes
from workers.engines.ingest.fingerprints import compute_text
from workers.engines.ingest.identity import compute_hash
from workers.engines.ingest.images import check_image
from workers.engines.ingest.records import Record
from workers.engines.ingest.rows import RowBuilder, check_text

TEXT_HTML_BYTES = 8_000_000  # larger pages take the text finder minutes
MAX_ROWS = 50_000  # from one page
WISH_CHARS = 300
_SPACE = re.compile(r"[ \t\r\f\v]+")
_OWN = "./descendant-or-self::"


class Harvest(NamedTuple):
    """What one response gave: records (a picture's bytes beside), refusals, columns as (name, kind), and what it says
    about the contract."""

    items: list[tuple[Record, bytes | None]]
    set_aside: list[SetAside]
    columns: dict[str, str]
    said: Said = Said()


class Extractor:
    """Made once per crawl, called once per response."""

    def __init__(self, spec: CrawlSpec):
        self.spec = spec
        self.limits = IngestLimits(file_bytes=spec.max_bytes)
        self.spreads = dict(spec.known_spreads)
        self.keeper = Keeper(spec, self.limits)
        self._ingest = IngestSpec(item_kind=spec.item_kind, paths=(), label_kind=spec.label_kind, limits=self.limits)
        self._fields = [(rule, compile_selector(rule)) for rule in spec.fields]
        self._mapping = spec.mapping if spec.take == "tables" else map_fields(spec.fields)
        self._each = etree.XPath(_css_to_xpath(spec.each)) if spec.each else None

    def read_picture(self, url: str, content: bytes, last_modified: str = "") -> Harvest:
        """A picture as one item, with the moment that its camera says, else its server."""
        harvest = Harvest([], [], {})
        row: dict[str, Any] = {"url": url, "bytes": len(content)}
        try:
            facts = check_image(content, self.limits)
            row |= {"format": facts.mime.rpartition("/")[2], "width": facts.width, "height": facts.height}
            self._check_one(url, row, PICTURE_COLUMNS)
            self._check_picture(facts.mime, facts.width, facts.height, len(content))
        except Refused as refused:
            row = {name: row.get(name) for name, _ in PICTURE_COLUMNS}
            harvest.set_aside.append(SetAside(url, str(refused), None, row))
            return self._finish(harvest)
        digest = compute_hash(content)
        record = Record(digest, blob=digest, source_uri=url, mime=facts.mime, width=facts.width, height=facts.height)
        record = record._replace(byte_size=len(content), fingerprint=facts.fingerprint, picture_print=facts.print)
        if facts.taken_at:
            record = record._replace(event_time=facts.taken_at, event_time_origin=exif.ORIGIN)
        else:
            record = record._replace(**published.read_last_modified(last_modified))
        harvest.items.append((record, content))
        return self._finish(harvest)

    def read_page(self, url: str, tree: Any, byte_size: int, title: str = "") -> Harvest:
        """The items of a page. The tree may be changed by this."""
        harvest = Harvest([], [], {})
        dated = published.find_published(tree)  # finding the text may take the head away
        if self.spec.take == "text":
            self._read_text(harvest, url, tree, byte_size, title)
        elif self.spec.take == "tables":
            self._read_tables(harvest, url, tree)
        else:
            self._read_fields(harvest, url, tree)
        if self._is_one_a_page():
            harvest.items[:] = [(one if one.event_time else one._replace(**dated), blob) for one, blob in harvest.items]
        return self._finish(harvest)

    def _finish(self, harvest: Harvest) -> Harvest:
        return harvest._replace(said=self.keeper.finish())

    def _check_one(self, url: str, row: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> None:
        names = [name for name, _ in columns]
        (reason,) = self.keeper.check(url, names, [[row[name] for name in names]], dict(columns))
        if reason:
            raise Refused(reason)

    def _read_text(self, harvest: Harvest, url: str, tree: Any, byte_size: int, title: str) -> None:
        row: dict[str, Any] = {}
        try:
            if byte_size > TEXT_HTML_BYTES:
                raise Refused(f"the page is larger than {TEXT_HTML_BYTES // 1_000_000} MB of HTML")
            text = find_main_text(tree)
            row = {"url": url, "title": title, "text": text}
            self._check_one(url, row, TEXT_COLUMNS)
            content = check_text(text, self.limits.text_chars)
            record = Record(compute_hash(content), text=text, source_uri=url, mime="text/plain", byte_size=len(content))
            self._check_words(record)
            harvest.items.append((record._replace(fingerprint=compute_text(text)), None))
        except Refused as refused:
            harvest.set_aside.append(SetAside(url, str(refused), None, clean_row(row) if row else None))

    def _read_tables(self, harvest: Harvest, url: str, tree: Any) -> None:
        for number, table in enumerate(find_tables(tree), start=1):
            self._take_rows(harvest, f"{url}#table{number}", table.columns, list(enumerate(table.rows, start=1)), {})

    def _read_fields(self, harvest: Harvest, url: str, tree: Any) -> None:
        rules = self.spec.fields
        scopes = self._each(tree) if self._each is not None else [tree]
        rows = []
        for line, scope in enumerate(scopes[: MAX_ROWS + 1], start=1):
            cells = [read_field(rule, find, scope) for rule, find in self._fields]
            if any(cells):
                rows.append((line, cells))
            else:
                harvest.set_aside.append(SetAside(url, "no field was found", self._number(line)))
        declared = {rule.name: rule.kind for rule in rules}
        self._take_rows(harvest, url, [rule.name for rule in rules], rows, declared)

    def _number(self, line: int) -> int | None:
        """Which row of the page it is, where a page has several."""
        return None if self._is_one_a_page() else line

    def _is_one_a_page(self) -> bool:
        """Whether what the page says of itself is said of its item."""
        return self._each is None and self.spec.take != "tables"

    def _take_rows(
        self, harvest: Harvest, uri: str, columns: list[str], rows: list[tuple[int, list[str | None]]],
        declared: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Rows with the same columns, through the contract into items."""
        room = MAX_ROWS - len(harvest.items)
        if len(rows) > room:
            harvest.set_aside.append(SetAside(uri, f"the page has more than {MAX_ROWS:,} rows; the rest is left out"))
            rows = rows[:room]
        if not rows:
            return
        reasons = self.keeper.check(uri, columns, [cells for _, cells in rows], declared)
        kept = [place for place, name in enumerate(columns) if self.keeper.contract.find(name)]
        shown = [[cells[place] for place in kept] for _, cells in rows]
        builder = self._make_builder(uri, [columns[place] for place in kept], shown)
        if builder is None:
            reasons = [reason or "the column of the text is not in the contract" for reason in reasons]
        else:
            harvest.columns.update(builder.features if self.spec.item_kind == "row" else ())
        seen = {record.content_hash for record, _ in harvest.items}
        for (line, cells), reason in zip(rows, reasons, strict=True):
            try:
                record = self._build(builder, reason, line, [cells[place] for place in kept])
            except Refused as refused:
                row = clean_row(dict(zip(columns, cells, strict=True)))
                harvest.set_aside.append(SetAside(uri, str(refused), self._number(line), row))
                continue
            if record.content_hash not in seen:
                seen.add(record.content_hash)
                harvest.items.append((record, None))

    def _make_builder(self, uri: str, columns: list[str], rows: Sequence[Sequence[str | None]]) -> RowBuilder | None:
        """For the columns that the contract has, with these rows; None where the text is none of them."""
        kinds = {rule.name: rule.kind for rule in self.keeper.contract.columns}
        roles = {role: name for role in ROLES if (name := getattr(self._mapping, role)) in columns and role != "split"}
        if self.spec.item_kind == "text" and "text" not in roles:
            return None
        chosen = tuple(name for name in self._mapping.features if name in columns)
        mapping = ColumnMapping(**roles, features=chosen)
        place = columns.index(mapping.time) if mapping.time else -1
        times = EventTimes.of_sample(mapping.time, (cells[place] for cells in rows)) if mapping.time else None
        return RowBuilder(self._ingest, mapping, columns, kinds, uri, spreads=self.spreads, times=times)

    def _build(self, builder: RowBuilder | None, reason: str, line: int, cells: list[str | None]) -> Record:
        if reason or builder is None:
            raise Refused(reason)
        record = builder.build(line, cells)
        self._check_words(record)
        return record if self._number(line) else record._replace(source_uri=record.source_uri.rpartition("#")[0])

    def _check_words(self, record: Record) -> None:
        spec, text = self.spec, record.text
        if record.byte_size < spec.min_bytes:
            raise Refused(f"smaller than {spec.min_bytes:,} bytes")
        if reason := find_unreadable(text or record.row or ""):
            raise Refused(reason)
        if text is None:
            return
        if len(text) < spec.min_chars:
            raise Refused(f"shorter than {spec.min_chars:,} characters")
        if spec.languages and (language := find_language(text)) not in spec.languages:
            raise Refused(f"the language is {language}")

    def _check_picture(self, mime: str, width: int, height: int, byte_size: int) -> None:
        spec = self.spec
        if spec.types and mime not in spec.types:
            raise Refused(f"the type is {mime}")
        if byte_size < spec.min_bytes:
            raise Refused(f"smaller than {spec.min_bytes:,} bytes")
        if width < spec.min_width or height < spec.min_height:
            raise Refused(f"smaller than {spec.min_width} × {spec.min_height} pixels")


def compile_selector(rule: FieldRule) -> Callable[[Any], Any]:
    """The rule as a function of an element. ValueError with the reason for what is no selector."""
    try:
        path = rule.selector if rule.language == "xpath" else _css_to_xpath(rule.selector)
        return etree.XPath(path)
    except (etree.XPathError, SyntaxError, ValueError) as error:
        raise ValueError(f"“{rule.selector}” is no {rule.language.upper()} selector: {error}") from None


def _css_to_xpath(selector: str) -> str:
    return HTMLTranslator().css_to_xpath(selector, prefix=_OWN)


def read_field(rule: FieldRule, find: Callable[[Any], Any], scope: Any) -> str | None:
    """What the rule finds, several finds joined; None for nothing."""
    found = find(scope)
    parts = found if isinstance(found, list) else [found]
    texts = [_SPACE.sub(" ", part if isinstance(part, str) else _text_of(part)).strip() for part in parts]
    text = ("\n" if rule.role == "text" else " ").join(t for t in texts if t)
    return text.replace("\0", "\ufffd") or None


def _text_of(part: Any) -> str:
    return " ".join(part.itertext()) if hasattr(part, "itertext") else str(part)


def find_main_text(tree: Any) -> str:
    """The article of a page without its menus, as plain text."""
    import trafilatura  # 0.5 s to import, and only where texts are taken

    text = trafilatura.extract(tree, include_comments=False, fast=True, with_metadata=False) or ""
    return text.replace("\0", "\ufffd").strip()


@cache
def _load_languages() -> Any:
    import py3langid

    return py3langid


def find_language(text: str) -> str:
    """Two letters."""
    return _load_languages().classify(text[:5_000])[0]


def find_meta_robots(tree: Any) -> str:
    """What the page asks of robots in its own head."""
    wishes = [
        (element.get("content") or "").strip().lower()
        for element in tree.iter("meta")
        if (element.get("name") or "").lower() == "robots"
    ]
    return ", ".join(wish for wish in wishes if wish)[:WISH_CHARS]


def find_title(tree: Any) -> str:
    for element in tree.iter("title"):
        return " ".join("".join(element.itertext()).split()).replace("\0", "")[:200]
    return ""


def map_fields(rules: Sequence[FieldRule]) -> ColumnMapping:
    """Which field is text, label, group or time."""
    names = {rule.role: rule.name for rule in rules}
    text, label, group, time = (names.get(role, "") for role in ("text", "label", "group", "time"))
    return ColumnMapping(text=text, label=label, group=group, time=time)


def clean_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Cells that any store takes."""
    return {name: cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else cell
            for name, cell in row.items()}  # fmt: skip
