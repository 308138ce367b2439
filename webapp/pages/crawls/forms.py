"""The form of a site: posted texts to the settings of a crawl, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.common.errors import DomainError
from lifecycle.contracts.crawl import FIELD_ROLES, TAKES, CrawlSpec
from lifecycle.contracts.ingest import COLUMN_KINDS

LINES = ("start_urls", "sitemaps", "allow", "deny")
WORDS = ("types", "languages")
NUMBERS = (
    "max_depth", "max_pages", "max_items", "min_bytes", "max_bytes", "min_chars", "min_width", "min_height",
    "requests_per_second", "concurrency_per_host", "concurrency", "timeout_seconds", "max_attempts",
)  # fmt: skip
TEXTS = ("scope", "take", "each", "user_agent", "robots_reason")
SWITCHES = ("uses_robots_sitemaps", "is_adaptive", "obeys_robots")
EMPTY_ROWS = 2
TAKE_WORDS = {
    "images": ("Pictures", "Every picture of every page, checked and measured.", "photo"),
    "text": ("Main text", "The article of each page, without menus and footers.", "file-text"),
    "tables": ("Tables", "Each row of each table that has a head.", "table"),
    "fields": ("Fields", "What CSS selectors or XPaths find: one item a page, or one for each repeated part.", "code"),
}
SCOPE_WORDS = (
    ("host", "the same hosts"),
    ("domain", "the same domains, with subdomains"),
    ("any", "any site"),
)
INTERVALS = ((0, "Never"), (60, "Every hour"), (1_440, "Every day"), (10_080, "Every week"), (43_200, "Every 30 days"))


@dataclass(frozen=True)
class Choice:
    value: str
    title: str
    text: str
    icon: str


def list_takes(item_kind: str) -> list[Choice]:
    """What a project of this kind can take from a page."""
    return [Choice(take, *TAKE_WORDS[take]) for take in TAKES[item_kind]]


def read_config(posted: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as `crawls.services` wants them."""
    config: dict[str, Any] = {name: posted.get(name, "").splitlines() for name in LINES}
    config |= {name: posted.get(name, "").replace(",", " ").split() for name in WORDS}
    config |= {name: posted[name].strip() for name in (*NUMBERS, *TEXTS) if posted.get(name, "").strip()}
    config |= {name: "" for name in ("each", "robots_reason") if name not in config}
    config |= {name: posted.get(name) == "on" for name in SWITCHES}
    config["fields"] = _read_fields(posted)
    return config


def _read_fields(posted: Any) -> list[dict[str, str]]:
    columns = [posted.getlist(f"field_{name}") for name in ("name", "selector", "language", "role", "kind")]
    rows = zip(*columns, strict=False)
    keys = ("name", "selector", "language", "role", "kind")
    return [dict(zip(keys, row, strict=True)) for row in rows if row[0].strip() or row[1].strip()]


def read_pairs(text: str, separator: str, what: str) -> dict[str, str]:
    """``Name: value`` lines as a dict. Raises DomainError for a line that is none."""
    pairs = {}
    for line in filter(str.strip, text.splitlines()):
        name, found, value = line.partition(separator)
        if not found:
            raise DomainError(f"Write each of the {what} as “name{separator} value”.", fields={what: "One a line."})
        pairs[name.strip()] = value.strip()
    return pairs


def read_secrets(posted: Mapping[str, Any], secret_names: list[str]) -> dict[str, dict[str, str | None]]:
    """Headers and cookies that were entered, and those that are to go (None)."""
    secrets: dict[str, dict[str, str | None]] = {
        "headers": {**read_pairs(posted.get("headers", ""), ":", "headers")},
        "cookies": {**read_pairs(posted.get("cookies", ""), "=", "cookies")},
    }
    for name in secret_names:
        kind, _, bare = name.partition(":")
        if posted.get(f"forget {name}") == "on":
            secrets[f"{kind}s"].setdefault(bare, None)
    return secrets


def describe_form(config: Mapping[str, Any], item_kind: str) -> dict[str, Any]:
    """What the template shows: texts, choices and rows of fields."""
    defaults = CrawlSpec(item_kind=item_kind, take=TAKES[item_kind][0]).to_json()
    values = {**defaults, **config}
    rows = [dict(row) for row in values["fields"]]
    empty = {"name": "", "selector": "", "language": "css", "role": "feature", "kind": "text"}
    return {
        "values": values,
        "lines": {name: "\n".join(values[name]) for name in LINES},
        "words": {name: ", ".join(values[name]) for name in WORDS},
        "rows": rows + [empty] * (EMPTY_ROWS if rows else EMPTY_ROWS + 1),
        "takes": list_takes(item_kind),
        "scopes": SCOPE_WORDS,
        "field_roles": [role for role in FIELD_ROLES if item_kind == "text" or role != "text"],
        "kinds": COLUMN_KINDS,
    }
