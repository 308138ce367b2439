"""Items out of what was fetched: a text, rows, fields or a picture; and what a page says about its use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from lxml import etree
from parsel.csstranslator import HTMLTranslator

from lifecycle.contracts.crawl import CrawlSpec, FieldRule
from lifecycle.contracts.ingest import ColumnMapping, IngestLimits, IngestSpec
from workers.engines.crawl.tables import Table, find_tables
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.fingerprints import compute_text
from workers.engines.ingest.identity import compute_hash
from workers.engines.ingest.images import check_image
from workers.engines.ingest.kinds import infer_kind
from workers.engines.ingest.records import Record
from workers.engines.ingest.rows import RowBuilder, check_text

TEXT_HTML_BYTES = 8_000_000  # larger pages take the text finder minutes
MAX_ROWS = 50_000  # from one page
LICENSE_CHARS = 300
_SPACE = re.compile(r"[ \t\r\f\v]+")
_OWN = "./descendant-or-self::"


class Harvest(NamedTuple):
    """What one response gave: records (a picture's bytes beside), refusals as (where, why), columns as (name, kind)."""

    items: list[tuple[Record, bytes | None]]
    set_aside: list[tuple[str, str]]
    columns: dict[str, str]


class Extractor:
    """Made once per crawl, called once per response."""

    def __init__(self, spec: CrawlSpec):
        self.spec = spec
        self.limits = IngestLimits(file_bytes=spec.max_bytes)
        self.kinds = dict(spec.known_columns)
        self.spreads = dict(spec.known_spreads)
        self._ingest = IngestSpec(item_kind=spec.item_kind, paths=(), label_kind=spec.label_kind, limits=self.limits)
        self._fields = [(rule, compile_selector(rule)) for rule in spec.fields]
        self._each = etree.XPath(_css_to_xpath(spec.each)) if spec.each else None

    def read_picture(self, url: str, content: bytes) -> Harvest:
        """A picture as one item."""
        harvest = Harvest([], [], {})
        try:
            facts = check_image(content, self.limits)
            self._check_picture(facts.mime, facts.width, facts.height, len(content))
        except Refused as refused:
            harvest.set_aside.append((url, str(refused)))
            return harvest
        digest = compute_hash(content)
        record = Record(digest, blob=digest, source_uri=url, mime=facts.mime, width=facts.width, height=facts.height)
        harvest.items.append((record._replace(byte_size=len(content), fingerprint=facts.fingerprint), content))
        return harvest

    def read_page(self, url: str, tree: Any, byte_size: int) -> Harvest:
        """The items of a page. The tree may be changed by this."""
        if self.spec.take == "text":
            return self._collect(url, self._read_text(url, tree, byte_size))
        if self.spec.take == "tables":
            return self._read_tables(url, tree)
        return self._read_fields(url, tree)

    def _read_text(self, url: str, tree: Any, byte_size: int) -> Iterator[Callable[[], Record]]:
        def build() -> Record:
            if byte_size > TEXT_HTML_BYTES:
                raise Refused(f"the page is larger than {TEXT_HTML_BYTES // 1_000_000} MB of HTML")
            text = find_main_text(tree)
            content = check_text(text, self.limits.text_chars)
            record = Record(compute_hash(content), text=text, source_uri=url, mime="text/plain", byte_size=len(content))
            return record._replace(fingerprint=compute_text(text))

        yield build

    def _read_tables(self, url: str, tree: Any) -> Harvest:
        builds: list[Callable[[], Record]] = []
        columns: dict[str, str] = {}
        for number, table in enumerate(find_tables(tree), start=1):
            kinds = self._choose_kinds(table)
            columns |= kinds
            uri = f"{url}#table{number}"
            builder = RowBuilder(self._ingest, ColumnMapping(), table.columns, kinds, uri, spreads=self.spreads)
            for line, cells in enumerate(table.rows, start=1):
                builds.append(partial(builder.build, line, cells))
        return self._collect(url, iter(builds))._replace(columns=columns)

    def _choose_kinds(self, table: Table) -> dict[str, str]:
        for place, name in enumerate(table.columns):
            if name not in self.kinds:
                self.kinds[name] = infer_kind([row[place] for row in table.rows[:1_000]])
        return {name: self.kinds[name] for name in table.columns}

    def _read_fields(self, url: str, tree: Any) -> Harvest:
        rules = self.spec.fields
        mapping = ColumnMapping(_name_of(rules, "text"), _name_of(rules, "label"), _name_of(rules, "group"))
        names = [rule.name for rule in rules]
        kinds = {rule.name: rule.kind for rule in rules}
        builder = RowBuilder(self._ingest, mapping, names, kinds, url, spreads=self.spreads)
        scopes = self._each(tree) if self._each is not None else [tree]

        def build(line: int, scope: Any) -> Record:
            cells = [read_field(rule, find, scope) for rule, find in self._fields]
            if not any(cells):
                raise Refused("no field was found")
            record = builder.build(line, cells)
            return record if self._each is not None else record._replace(source_uri=url)

        found = [partial(build, line, scope) for line, scope in enumerate(scopes, start=1)]
        features = {rule.name: rule.kind for rule in rules if rule.role == "feature"}
        return self._collect(url, iter(found))._replace(columns=features if self.spec.item_kind == "row" else {})

    def _collect(self, url: str, builds: Iterator[Callable[[], Record]]) -> Harvest:
        harvest = Harvest([], [], {})
        seen = set()
        for count, build in enumerate(builds):
            if count >= MAX_ROWS:
                harvest.set_aside.append((url, f"the page has more than {MAX_ROWS:,} rows; the rest is left out"))
                break
            try:
                record = build()
                self._check_words(record)
            except Refused as refused:
                harvest.set_aside.append((url, str(refused)))
                continue
            if record.content_hash not in seen:
                seen.add(record.content_hash)
                harvest.items.append((record, None))
        return harvest

    def _check_words(self, record: Record) -> None:
        spec, text = self.spec, record.text
        if record.byte_size < spec.min_bytes:
            raise Refused(f"smaller than {spec.min_bytes:,} bytes")
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


def find_license(tree: Any) -> str:
    """What the page says about its license: a link marked so, a Creative Commons link, or a rights statement."""
    for element in tree.iter("a", "link"):
        href = element.get("href") or ""
        if "license" in (element.get("rel") or "").lower().split() or "creativecommons.org/" in href:
            return href.strip()[:LICENSE_CHARS]
    for element in tree.iter("meta"):
        name = (element.get("name") or element.get("property") or "").lower()
        if name in ("dc.rights", "dcterms.rights", "dcterms.license", "license", "copyright", "rights"):
            return (element.get("content") or "").strip()[:LICENSE_CHARS]
    return ""


def find_meta_robots(tree: Any) -> str:
    """What the page asks of robots in its own head."""
    wishes = [
        (element.get("content") or "").strip().lower()
        for element in tree.iter("meta")
        if (element.get("name") or "").lower() == "robots"
    ]
    return ", ".join(wish for wish in wishes if wish)[:LICENSE_CHARS]


def find_title(tree: Any) -> str:
    for element in tree.iter("title"):
        return " ".join("".join(element.itertext()).split()).replace("\0", "")[:200]
    return ""


def _name_of(rules: Sequence[FieldRule], role: str) -> str:
    return next((rule.name for rule in rules if rule.role == role), "")
