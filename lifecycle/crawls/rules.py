"""Which settings of a crawl make sense, when an earlier crawl saves work, how its history is kept. No Django."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from parsel.csstranslator import HTMLTranslator

from lifecycle.common.errors import DomainError
from lifecycle.contracts.crawl import FIELD_ROLES, SCOPES, TAKES, CrawlSpec, FieldRule
from lifecycle.contracts.ingest import COLUMN_KINDS
from lifecycle.contracts.sources import ColumnRule, Contract

NUMBERS = {  # name: (least, most)
    "max_depth": (0, 1_000),
    "max_pages": (1, 5_000_000),
    "max_items": (0, 100_000_000),
    "min_bytes": (0, 1_000_000_000),
    "max_bytes": (1_000, 1_000_000_000),
    "min_chars": (0, 1_000_000),
    "min_width": (0, 100_000),
    "min_height": (0, 100_000),
    "requests_per_second": (0, 1_000),
    "concurrency_per_host": (1, 64),
    "concurrency": (1, 256),
    "timeout_seconds": (1, 600),
    "max_attempts": (1, 10),
    "retry_seconds": (0.01, 300),
}
SWITCHES = ("uses_robots_sitemaps", "is_adaptive", "obeys_robots")
TEXTS = {"each": 500, "user_agent": 300, "robots_reason": 500}
LISTS = ("start_urls", "sitemaps", "allow", "deny", "types", "languages")
MAX_ENTRIES = 1_000
MAX_FIELDS = 200
LINK_SETTINGS = ("start_urls", "sitemaps", "uses_robots_sitemaps", "scope", "allow", "deny", "max_depth")
ITEM_SETTINGS = (
    "item_kind", "take", "fields", "each", "min_bytes", "types", "languages", "min_chars", "min_width", "min_height",
    "contract", "mapping",
)  # fmt: skip
OF_THE_SOURCE = ("contract", "mapping")  # a crawl takes them from there when it begins
HISTORY_POINTS = 240
Pairs = tuple[tuple[str, str], ...]
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
FORBIDDEN_HEADERS = frozenset(("host", "content-length", "transfer-encoding", "connection", "cookie"))


def check_config(raw: Mapping[str, Any], *, item_kind: str) -> dict[str, Any]:
    """The settings of a crawl as they are stored. Raises DomainError naming the field that makes no sense."""
    clean: dict[str, Any] = {"item_kind": item_kind}
    for name in LISTS:
        clean[name] = _check_list(name, raw.get(name) or ())
    for name, limits in NUMBERS.items():
        if raw.get(name) not in (None, ""):
            clean[name] = _check_number(name, raw[name], limits)
    for name in SWITCHES:
        if raw.get(name) is not None:
            clean[name] = bool(raw[name])
    for name, most in TEXTS.items():
        clean[name] = _check_text(name, raw.get(name) or "", most)
    clean["user_agent"] = clean["user_agent"] or CrawlSpec.user_agent
    clean["scope"] = _check_choice("scope", raw.get("scope") or "host", SCOPES)
    clean["take"] = _check_choice("take", raw.get("take") or TAKES[item_kind][0], TAKES[item_kind])
    clean["fields"] = [_check_field(number, rule) for number, rule in enumerate(raw.get("fields") or (), start=1)]
    _check_together(clean)
    known = {name: value for name, value in CrawlSpec.from_json(clean).to_json().items() if name not in OF_THE_SOURCE}
    return {**known, **clean}


def build_mapping(config: Mapping[str, Any]) -> dict[str, str]:
    """Which column of a row plays which part, where the crawl's settings say so; of tables the contract's page does."""
    if config["take"] == "text":
        return {"text": "text"}
    if config["take"] != "fields":
        return {}
    return {rule["role"]: rule["name"] for rule in config["fields"] if rule["role"] != "feature"}


def change_types(contract: Contract, before: Mapping[str, Any], now: Mapping[str, Any]) -> Contract:
    """The contract with the types of those fields whose kind somebody just changed."""
    old = {rule["name"]: rule["kind"] for rule in before.get("fields") or ()}
    changed = {
        rule["name"]: rule["kind"] for rule in now["fields"] if old.get(rule["name"]) not in (None, rule["kind"])
    }
    columns = tuple(
        ColumnRule(rule.name, changed[rule.name], rule.required) if changed.get(rule.name, rule.kind) != rule.kind
        else rule for rule in contract.columns
    )  # fmt: skip
    return replace(contract, columns=columns)


def _check_together(clean: dict[str, Any]) -> None:
    if not clean["start_urls"] and not clean["sitemaps"]:
        raise _wrong("start_urls", "Give at least one address to start from, or a sitemap.")
    for name in ("start_urls", "sitemaps"):
        for url in clean[name]:
            _check_url(name, url)
    for name in ("allow", "deny"):
        for pattern in clean[name]:
            _check_pattern(name, pattern)
    if not clean.get("obeys_robots", True) and len(clean["robots_reason"]) < 10:
        raise _wrong("robots_reason", "Say why robots.txt may be ignored here, in a sentence: it is kept on record.")
    if clean["each"]:
        _check_selector("each", clean["each"], "css")
    if clean["take"] == "fields":
        _check_fields(clean["fields"], clean["item_kind"])
    clean["types"] = [word.lower() for word in clean["types"]]
    _check_languages(clean)


def _check_languages(clean: dict[str, Any]) -> None:
    clean["languages"] = [word.lower() for word in clean["languages"]]
    if clean["languages"] and clean["item_kind"] != "text":
        raise _wrong("languages", "The language is known of texts only; this project has none. Leave it empty.")
    if any(not re.fullmatch("[a-z]{2}", word) for word in clean["languages"]):
        raise _wrong("languages", "Languages are written with two letters: en, de, fr.")


def _check_fields(fields: Sequence[Mapping[str, Any]], item_kind: str) -> None:
    if not fields:
        raise _wrong("fields", "Name at least one field and where it stands in a page.")
    if len(fields) > MAX_FIELDS:
        raise _wrong("fields", f"At most {MAX_FIELDS} fields are possible.")
    names = [field["name"] for field in fields]
    if len(names) != len(set(names)):
        raise _wrong("fields", "Two fields have the same name.")
    for role in ("text", "label", "group", "time"):
        if sum(field["role"] == role for field in fields) > 1:
            raise _wrong("fields", f"Two fields are the {role}; one is possible.")
    roles = {field["role"] for field in fields}
    if item_kind == "text" and "text" not in roles:
        raise _wrong("fields", "One of the fields has to be the text.")
    if item_kind == "row" and "feature" not in roles:
        raise _wrong("fields", "At least one field has to be a column.")


def _check_field(number: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise _wrong("fields", "A field is an object with name, selector, language, role and kind.")
    name = _check_text("fields", raw.get("name") or "", 100)
    selector = _check_text("fields", raw.get("selector") or "", 500)
    if not name or not selector:
        raise _wrong("fields", f"Field {number} needs a name and a selector.")
    language = _check_choice("fields", raw.get("language") or "css", ("css", "xpath"))
    _check_selector("fields", selector, language)
    role = _check_choice("fields", raw.get("role") or "feature", FIELD_ROLES)
    kind = _check_choice("fields", raw.get("kind") or "text", COLUMN_KINDS)
    return vars(FieldRule(name, selector, language, role, kind)).copy()


def _check_selector(name: str, selector: str, language: str) -> None:
    try:
        etree.XPath(selector if language == "xpath" else HTMLTranslator().css_to_xpath(selector))
    except (etree.XPathError, SyntaxError, ValueError) as error:
        raise _wrong(name, f"“{selector}” is no {language.upper()} selector: {error}.") from None


def _check_list(name: str, raw: Any) -> list[str]:
    lines = raw.splitlines() if isinstance(raw, str) else raw
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise _wrong(name, "Give one a line.")
    clean = [_check_text(name, line, 2_000) for line in lines if line.strip()]
    if len(clean) > MAX_ENTRIES:
        raise _wrong(name, f"At most {MAX_ENTRIES:,} are possible; a sitemap can name more.")
    return list(dict.fromkeys(clean))


def _check_number(name: str, raw: Any, limits: tuple[float, float]) -> float | int:
    try:
        number = float(raw)
    except (TypeError, ValueError):
        raise _wrong(name, f"{raw!r} is not a number.") from None
    if not limits[0] <= number <= limits[1]:
        raise _wrong(name, f"Between {limits[0]:,g} and {limits[1]:,g}.")
    return int(number) if number.is_integer() else number


def _check_text(name: str, raw: Any, most: int) -> str:
    text = str(raw).strip()
    if len(text) > most or "\0" in text:
        raise _wrong(name, f"At most {most:,} characters.")
    if name == "user_agent" and ("\n" in text or not text.isascii()):
        raise _wrong(name, "One line of plain ASCII characters.")
    return text


def _check_choice(name: str, raw: Any, choices: Sequence[str]) -> str:
    if raw not in choices:
        raise _wrong(name, f"“{raw}” is not possible here; choose one of {', '.join(choices)}.")
    return raw


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise _wrong(name, f"“{url}” is no address.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise _wrong(name, f"“{url}” is no address of a site; it starts with http:// or https://.")
    if parts.username or parts.password:
        raise _wrong(name, "An address carries no password; put a login into the headers or cookies.")


def _check_pattern(name: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise _wrong(name, f"“{pattern}” is no regular expression: {error}.") from None


def _wrong(name: str, message: str) -> DomainError:
    return DomainError(message, fields={name: message})


def check_secrets(headers: Mapping[str, str | None], cookies: Mapping[str, str | None]) -> dict[str, str | None]:
    """Headers and cookies as a source's secrets: {"header:Name": value}. An empty value removes one."""
    secrets: dict[str, str | None] = {}
    for kind, given in (("header", headers), ("cookie", cookies)):
        for name, value in given.items():
            if not HEADER_NAME.fullmatch(name):
                raise _wrong(f"{kind}s", f"“{name}” is no name of a {kind}.")
            if kind == "header" and name.lower() in FORBIDDEN_HEADERS:
                raise _wrong("headers", f"The header {name} is set by the crawler itself.")
            if value and any(c in value for c in "\r\n\0"):
                raise _wrong(f"{kind}s", f"The value of {name} is more than one line.")
            secrets[f"{kind}:{name}"] = value
    return secrets


def split_secrets(secrets: Mapping[str, str]) -> tuple[Pairs, Pairs]:
    """The stored secrets as `headers` and `cookies` of a CrawlSpec."""
    return _pick_pairs(secrets, "header"), _pick_pairs(secrets, "cookie")


def _pick_pairs(secrets: Mapping[str, str], kind: str) -> Pairs:
    return tuple((name.partition(":")[2], value) for name, value in secrets.items() if name.startswith(f"{kind}:"))


def knows_links(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Does a crawl follow the same links as the one before, so that unchanged pages need not be read for them?"""
    return all(_same(before, now, name) for name in LINK_SETTINGS)


def knows_items(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Would a page that did not change give the same items as before?"""
    return knows_links(before, now) and all(_same(before, now, name) for name in ITEM_SETTINGS)


def _same(before: Mapping[str, Any], now: Mapping[str, Any], name: str) -> bool:
    return (_thaw(before.get(name)) or None) == (_thaw(now.get(name)) or None)  # older crawls know fewer settings


def _thaw(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thaw(part) for key, part in value.items() if part != ""}
    return [_thaw(part) for part in value] if isinstance(value, list | tuple) else value


def extend_history(history: list[list[float]], point: Sequence[float]) -> list[list[float]]:
    """One more point; when there are too many, every second one goes."""
    spacing = (history[-1][0] - history[0][0]) / len(history) if len(history) > 1 else 0.0
    if history and point[0] - history[-1][0] < max(1.0, 0.9 * spacing * (len(history) > HISTORY_POINTS // 2)):
        return history
    longer = [*history, [round(value, 1) for value in point]]
    return longer[::2] if len(longer) > HISTORY_POINTS else longer


def add_counts(counts: Mapping[str, int], more: Mapping[str, int], *, most: int = 60) -> dict[str, int]:
    """Counts by kind with `more` added; past `most` kinds the new ones are counted together."""
    total = dict(counts)
    for kind, count in more.items():
        kind = kind if kind in total or len(total) < most else "others"
        total[kind] = total.get(kind, 0) + count
    return total
