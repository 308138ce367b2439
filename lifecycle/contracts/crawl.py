"""What a crawl is given, what the frontier promises, and what comes of each address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple, Protocol

from lifecycle.contracts.ingest import ColumnMapping
from lifecycle.contracts.sources import Contract, Observed

TAKES = {"image": ("images",), "text": ("text", "fields"), "row": ("tables", "fields")}  # by kind of item
SCOPES = ("host", "domain", "any")  # which pages are followed: the hosts of the start, their domains, all
ROLES = ("page", "image", "sitemap")
FIELD_ROLES = ("feature", "text", "label", "group", "time")
# what a contract can ask of a page's text, and of a picture: all that is known of one
TEXT_COLUMNS = (("url", "text"), ("title", "text"), ("text", "text"))
PICTURE_COLUMNS = (
    ("url", "text"), ("format", "category"), ("width", "integer"), ("height", "integer"), ("bytes", "integer"),
)  # fmt: skip
# kinds of trouble that are the network's or the moment's, not the address's; so are HTTP 408, 429 and 5xx
PASSING_TROUBLES = (
    "timeout", "no such host", "refused", "cut off", "connection", "crawler lost", "host busy", "robots.txt unknown",
    "damaged",
)  # fmt: skip
FORBIDDEN = "robots.txt"  # the kind of trouble of an address that it forbids
PRODUCT_AGENT = "Gristmill/1.0 (+research crawler; obeys robots.txt)"


@dataclass(frozen=True)
class FieldRule:
    """One column: the text that a CSS selector or an XPath finds in a page."""

    name: str
    selector: str
    language: str = "css"  # css | xpath
    role: str = "feature"  # of FIELD_ROLES
    kind: str = "text"  # of contracts.ingest.COLUMN_KINDS


@dataclass(frozen=True)
class CrawlSpec:
    """All that decides how a crawl goes. `headers` and `cookies` are secret: they are filled in for a run only."""

    start_urls: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    uses_robots_sitemaps: bool = False
    scope: str = "host"
    allow: tuple[str, ...] = ()  # regular expressions searched in a page's URL; empty allows all
    deny: tuple[str, ...] = ()
    max_depth: int = 10
    max_pages: int = 10_000
    max_items: int = 0  # 0: as many as there are

    item_kind: str = "text"
    take: str = "text"
    fields: tuple[FieldRule, ...] = ()
    each: str = ""  # CSS selector of the element that repeats, one item each; empty: one item a page
    label_kind: str = "class"
    known_columns: tuple[tuple[str, str], ...] = ()
    known_spreads: tuple[tuple[str, float], ...] = ()
    contract: Contract = field(default_factory=Contract)  # of the source; empty: inferred from the first rows
    mapping: ColumnMapping = field(default_factory=ColumnMapping)  # of tables: which column is label or group

    min_bytes: int = 0  # of an item: a picture's file, a text, a row
    max_bytes: int = 20_000_000  # of a response, unpacked
    types: tuple[str, ...] = ()  # of pictures: image/jpeg …; empty: whatever can be read
    languages: tuple[str, ...] = ()  # of texts: en, de …; empty: all
    min_chars: int = 0
    min_width: int = 0
    min_height: int = 0

    user_agent: str = PRODUCT_AGENT
    requests_per_second: float = 2.0  # for each host; 0: as fast as it answers
    concurrency_per_host: int = 4
    concurrency: int = 32
    is_adaptive: bool = True  # slow down where a host answers slowly
    obeys_robots: bool = True
    robots_reason: str = ""  # why it does not
    timeout_seconds: float = 60.0
    max_attempts: int = 4
    retry_seconds: float = 2.0  # before the second attempt; doubles

    private_addresses: str = ""  # the operator's setting, as contracts.addresses.AddressRule reads it
    headers: tuple[tuple[str, str], ...] = ()  # sent to the hosts of the start only
    cookies: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> CrawlSpec:
        """A spec stored as JSON; unknown keys are ignored."""
        names = {f.name for f in fields(cls)}
        values = {key: _freeze(value) for key, value in raw.items() if key in names and value is not None}
        rules = raw.get("fields") or ()
        known = {f.name for f in fields(FieldRule)}
        values["fields"] = tuple(FieldRule(**{k: v for k, v in rule.items() if k in known}) for rule in rules)
        values["contract"] = Contract.from_json(raw.get("contract") or {})
        values["mapping"] = ColumnMapping.from_json(raw.get("mapping") or {})
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """For storing: without the secrets."""
        contract = self.contract.to_json() if self.contract.columns else {}
        mapping = asdict(self.mapping) if self.mapping != ColumnMapping() else {}
        return {**asdict(self), "contract": contract, "mapping": mapping, "headers": (), "cookies": ()}


def _freeze(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_freeze(part) for part in value)
    return value


@dataclass(frozen=True)
class Target:
    """One address to fetch. With `etag`, `last_modified` or `body_hash` of an earlier crawl, only if it changed."""

    id: int
    url: str
    role: str = "page"
    depth: int = 0
    attempts: int = 0  # made before this one
    hops: int = 0  # redirects that led here
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""


@dataclass(frozen=True)
class FoundLink:
    """An address to come. `depth` counts links from the start; `fingerprint` is 32 hex digits of the canonical URL;
    `alt` and `caption` are what the page that shows a picture says of it."""

    url: str
    fingerprint: str
    host: str
    role: str
    depth: int
    hops: int = 0
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True)
class FoundItem:
    """One item; what it says is what contracts.ingest.IngestResult says of its columns."""

    content_hash: str
    blob: str | None = None
    text: str | None = None
    row: str | None = None
    label: str | None = None
    group: str | None = None
    source_uri: str = ""
    mime: str = ""
    width: int | None = None
    height: int | None = None
    byte_size: int = 0
    fingerprint: int | None = None  # near-duplicates have close ones
    near_prints: str | None = None  # as hexadecimal digits
    event_time: str | None = None
    event_time_origin: str | None = None
    picture_print: str | None = None  # as hexadecimal digits; empty where the picture can have none


class SetAside(NamedTuple):
    """What the contract or a filter refused. `row` has its cells by column; None where there was nothing to read."""

    source: str  # the page, or the table on it
    reason: str
    line: int | None = None  # which row of the page it is, where a page has several
    row: dict[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one address.

    `state`: done, unchanged (304 or the same bytes), redirected, failed, skipped, or again: to be fetched once more
    after `wait_seconds`. `counts_as_attempt` is False where the address itself was not tried.
    """

    id: int
    state: str
    role: str = "page"
    status: int = 0
    error_kind: str = ""
    error: str = ""
    wait_seconds: float = 0.0
    counts_as_attempt: bool = True
    mime: str = ""
    byte_size: int = 0
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    robots: str = ""  # X-Robots-Tag and meta robots as they were
    license: str = ""
    title: str = ""
    links: tuple[FoundLink, ...] = ()
    items: tuple[FoundItem, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    contract: Contract | None = None  # as it is from here on, where this page began it or added a column
    observed: tuple[tuple[str, Observed], ...] = ()  # by column, of the rows that kept the contract
    notes: tuple[str, ...] = ()  # about columns, each said once
    columns: tuple[tuple[str, str], ...] = ()  # (name, kind) of the columns of rows
    dropped: tuple[tuple[str, int], ...] = ()  # links that are not followed: (why, how many)
    moved_to: str = ""  # fingerprint of where it redirects to for good
    warning: str = ""
    latency_seconds: float = 0.0


@dataclass(frozen=True)
class CrawlResult:
    """How a crawl ended: done, paused or stopped."""

    ended: str


class Frontier(Protocol):
    """Where the addresses of a crawl are kept. The engine asks and tells; it never sees the store behind it."""

    def claim(self, count: int, *, avoid_hosts: Sequence[str] = ()) -> list[Target]:
        """Take up to `count` addresses that are due, nearest to the start first; none of `avoid_hosts`."""

    def record(self, outcomes: Sequence[Outcome]) -> str:
        """Keep outcomes, their items and their links, all or nothing; answers what `check` answers."""

    def check(self) -> str:
        """What people want now: run, pause or stop."""

    def next_due(self) -> float | None:
        """Seconds until something is due, 0 when it is; None when nothing is left to fetch."""
