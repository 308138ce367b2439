"""When a source runs next, which settings make sense, what a contract may say: pure functions on plain values."""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from lifecycle.common.errors import DomainError
from lifecycle.contracts.sources import COLUMN_TYPES, NEW_COLUMN_RULES, BucketConfig, Contract, FolderConfig, SqlConfig

CRON_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
SHORTEST_INTERVAL_MINUTES = 5
LONGEST_TIMEOUT_SECONDS = 3_600
DAYS_AHEAD = 366 * 5  # a cron line that never comes true is refused
SECRET_WORDS = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.\-_]{1,62}")
MAX_PATTERNS = 50
MAX_SECRET_CHARS = 10_000


# Schedules


def compute_next(*, cron: str, interval_minutes: int | None, after: datetime) -> datetime | None:
    """The next moment a schedule comes due; None without a schedule. Raises ValueError with a sentence."""
    if cron:
        return find_cron_time(cron, after)
    if interval_minutes is None:
        return None
    if interval_minutes < SHORTEST_INTERVAL_MINUTES:
        raise ValueError(f"The shortest interval is {SHORTEST_INTERVAL_MINUTES} minutes.")
    return after + timedelta(minutes=interval_minutes)


def find_cron_time(cron: str, after: datetime) -> datetime:
    """The first minute after `after` that a five-field cron line names. Raises ValueError."""
    minutes, hours, days, months, weekdays = parse_cron(cron)
    either_day = not cron.split()[2].startswith("*") and not cron.split()[4].startswith("*")
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(DAYS_AHEAD):
        by_day, by_weekday = day.day in days, (day.isoweekday() % 7) in weekdays
        if day.month in months and ((by_day or by_weekday) if either_day else (by_day and by_weekday)):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    moment = day.replace(hour=hour, minute=minute)
                    if moment > after:
                        return moment
        day += timedelta(days=1)
    raise ValueError(f"“{cron}” never comes true.")


def parse_cron(cron: str) -> tuple[set[int], ...]:
    """The values each of the five fields allows; Sunday is 0. Raises ValueError naming the field."""
    parts = cron.split()
    if len(parts) != len(CRON_FIELDS):
        raise ValueError("A cron line has five fields: minute, hour, day, month, weekday; “0 6 * * 1” is Monday at 6.")
    fields = [_parse_field(part, *field) for part, field in zip(parts, CRON_FIELDS, strict=True)]
    fields[4] = {value % 7 for value in fields[4]}
    return tuple(fields)


def _parse_field(text: str, name: str, low: int, high: int) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", part)
        if match is None:
            raise ValueError(f"“{part}” is no {name}: use numbers, *, ranges (1-5), lists (1,3) and steps (*/15).")
        first, last, step = match.groups()
        start = int(first) if first else low
        end = int(last) if last else high if (step or not first) else start
        if not low <= start <= end <= high or step == "0":
            raise ValueError(f"The {name} goes from {low} to {high}; “{part}” does not fit.")
        values.update(range(start, end + 1, int(step or 1)))
    return values


# Settings per kind


def check_config(kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a source as they are stored. Raises DomainError naming the field that makes no sense.

    A crawl's settings are checked by the crawls room; uploads have none.
    """
    check = CHECKS.get(kind)
    return check(raw) if check else dict(raw) if kind == "crawl" else {}


def _check_sql(raw: Mapping[str, Any]) -> dict[str, Any]:
    query, table = _text(raw, "query", 50_000), _text(raw, "table", 200)
    if query and table:
        raise _wrong("query", "Give a query or a table, not both.")
    timeout, overlap = _number(raw, "timeout_seconds", 300), _number(raw, "overlap", 0)
    if not 1 <= timeout <= LONGEST_TIMEOUT_SECONDS:
        raise _wrong("timeout_seconds", f"The time limit goes from 1 to {LONGEST_TIMEOUT_SECONDS} seconds.")
    if overlap < 0:
        raise _wrong("overlap", "The overlap is 0 or more.")
    return asdict(
        SqlConfig(
            url=check_url(_text(raw, "url", 2_000)),
            query=query,
            table=table,
            cursor_column=_text(raw, "cursor_column", 200),
            overlap=overlap,
            timeout_seconds=int(timeout),
            picture_column=_text(raw, "picture_column", 200),
        )
    )


def check_url(url: str) -> str:
    """A database URL without its password. Raises DomainError when it is none, or has secrets in its options."""
    parts = urlsplit(url)
    if not parts.scheme or "://" not in url:
        raise _wrong("url", "A database URL looks like postgresql://user@host:5432/name or sqlite:////folder/file.db.")
    leaking = [name for name, value in parse_qsl(parts.query) if value and SECRET_WORDS.search(name)]
    if leaking:
        raise _wrong("url", f"The URL carries “{leaking[0]}”. Leave it out and use the password field.")
    return urlunsplit((parts.scheme, hide_password(parts.netloc), parts.path, urlencode(parse_qsl(parts.query)), "")) \
        if parts.netloc else url  # fmt: skip


def hide_password(netloc: str) -> str:
    """``user:password@host`` without the password."""
    person, at, host = netloc.rpartition("@")
    return person.partition(":")[0] + at + host


def find_password(url: str) -> str:
    """The password inside a database URL, "" when there is none."""
    person = urlsplit(url).netloc.rpartition("@")[0]
    return unquote(person.partition(":")[2])


def _check_folder(raw: Mapping[str, Any]) -> dict[str, Any]:
    path = _text(raw, "path", 1_000)
    if not path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise _wrong("path", "Give the folder's whole path on the server, starting with /.")
    return {**asdict(FolderConfig(path=path)), "patterns": _patterns(raw)}


def _check_bucket(raw: Mapping[str, Any]) -> dict[str, Any]:
    bucket, endpoint = _text(raw, "bucket", 63), _text(raw, "endpoint_url", 500)
    if not BUCKET_NAME.fullmatch(bucket):
        raise _wrong("bucket", "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens.")
    if endpoint and (urlsplit(endpoint).scheme not in ("http", "https") or "@" in urlsplit(endpoint).netloc):
        raise _wrong("endpoint_url", "An endpoint looks like https://minio.example.org:9000, without a password.")
    config = BucketConfig(
        bucket=bucket, prefix=_text(raw, "prefix", 1_000), endpoint_url=endpoint, region=_text(raw, "region", 60)
    )
    return {**asdict(config), "patterns": _patterns(raw)}


def _patterns(raw: Mapping[str, Any]) -> list[str]:
    found = raw.get("patterns") or []
    words = found.replace(",", " ").split() if isinstance(found, str) else [str(word).strip() for word in found]
    if len(words) > MAX_PATTERNS or any(len(word) > 200 for word in words):
        raise _wrong("patterns", f"At most {MAX_PATTERNS} patterns of 200 characters, like *.jpg.")
    return [word for word in words if word]


CHECKS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "sql": _check_sql,
    "folder": _check_folder,
    "bucket": _check_bucket,
}


# Contracts


def check_contract(raw: Mapping[str, Any]) -> Contract:
    """A contract that can be enforced. Raises DomainError naming the column that makes no sense."""
    try:
        contract = Contract.from_json(raw)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise DomainError("A contract is an object with columns, key and new_columns; a column needs a name.") from None
    names = [column.name for column in contract.columns]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise _wrong("columns", f"The column “{twice}” stands in the contract twice.")
    missing = next((name for name in contract.key if name not in names), "")
    if missing:
        raise _wrong("key", f"The key column “{missing}” is none of the contract's columns.")
    if contract.new_columns not in NEW_COLUMN_RULES:
        raise _wrong("new_columns", f"New columns can be handled by: {', '.join(NEW_COLUMN_RULES)}.")
    for column in contract.columns:
        _check_column(column)
    return contract


def _check_column(column) -> None:
    if column.type not in COLUMN_TYPES:
        raise _wrong("columns", f"{column.name}: “{column.type}” is no type; use one of {', '.join(COLUMN_TYPES)}.")
    low, high = (read_bound(bound, column) for bound in (column.minimum, column.maximum))
    if low is not None and high is not None and low > high:
        raise _wrong("columns", f"{column.name}: the smallest value allowed is larger than the largest.")
    if column.pattern:
        check_pattern(column.pattern, column.name)


def read_bound(bound: float | str | None, column) -> Any:
    """A bound in the form that its column's values are compared in. Raises DomainError."""
    if bound is None:
        return None
    if column.type in ("number", "integer"):
        try:
            number = float(bound)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise _wrong("columns", f"{column.name}: the range of numbers must be given in numbers.")
        return number
    if column.type == "date":
        try:
            return datetime.fromisoformat(str(bound)).replace(tzinfo=None).isoformat()
        except ValueError:
            raise _wrong("columns", f"{column.name}: give dates like 2026-01-31.") from None
    raise _wrong("columns", f"{column.name}: only numbers and dates have a range.")


def check_pattern(pattern: str, name: str) -> None:
    """Raises DomainError unless RE2, which answers in linear time whatever the text, can read the pattern."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), pattern=pattern)
    except pa.ArrowInvalid:
        raise _wrong("columns", f"{name}: the pattern “{pattern[:60]}” is no regular expression (RE2).") from None


def list_secret_names(kind: str) -> Sequence[str]:
    """The secrets that a kind of source may have; a crawl's are its own business."""
    return {
        "sql": ("password", "ca_certificate"),
        "bucket": ("access_key_id", "secret_access_key", "session_token"),
    }.get(kind, ())


def check_secret(name: str, value: str) -> None:
    """Raises DomainError when it cannot be what its name says."""
    if "\0" in value or len(value) > MAX_SECRET_CHARS:
        raise DomainError("A secret is too long or holds a NUL character.")
    if name == "ca_certificate":
        try:
            ssl.create_default_context(cadata=value)
        except (ssl.SSLError, TypeError, ValueError):
            raise _wrong(name, "A CA certificate is PEM text: -----BEGIN CERTIFICATE----- and so on.") from None


def _text(raw: Mapping[str, Any], name: str, longest: int) -> str:
    value = raw.get(name)
    text = "" if value is None else str(value).strip()
    if len(text) > longest:
        raise _wrong(name, f"At most {longest} characters.")
    if "\0" in text:
        raise _wrong(name, "A NUL character is not allowed here.")
    return text


def _number(raw: Mapping[str, Any], name: str, default: float) -> float:
    value = raw.get(name)
    try:
        number = default if value in (None, "") else float(value)
    except (TypeError, ValueError):
        raise _wrong(name, "Give a number.") from None
    if number != number or abs(number) == float("inf"):
        raise _wrong(name, "Give a finite number.")
    return number


def _wrong(name: str, message: str) -> DomainError:
    return DomainError(message, fields={name: message})
