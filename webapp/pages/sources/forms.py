"""What the forms of sources post, read into what the services take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifecycle.common.errors import DomainError
from lifecycle.contracts.ingest import ROLES

MAX_COLUMNS = 2_000
# per kind: (name, label, kind of field, help)
FIELDS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "sql": (
        ("url", "Address of the database", "text", "postgresql://user@host:5432/name, mysql://user@host/name, "
         "sqlite:////folder/file.db, duckdb:////folder/file.duckdb. The password goes into its own field."),
        ("table", "Table or view", "text", "Read whole. Leave it empty to write a query."),
        ("query", "Query", "area", "One SELECT. It is run read-only, inside a subquery."),
        ("cursor_column", "Cursor column", "text", "Optional: a growing number or time, such as updated_at. "
         "Each run then reads only rows from the last value on."),
        ("overlap", "Overlap", "number", "How far before the last value each run begins: seconds for times, units for "
         "numbers. For rows that are committed late."),
        ("picture_column", "Column of the pictures", "text", "A BLOB or bytea column with a PNG, JPEG or WebP in "
         "each row. Empty: the first column that holds some."),
        ("timeout_seconds", "Time limit in seconds", "number", "A query that takes longer is stopped."),
    ),
    "folder": (
        ("path", "Folder on the server", "text", "In one of the folders that the operator allows "
         "(GRISTMILL_SOURCE_FOLDERS)."),
        ("patterns", "Only files like", "text", "Optional, divided by spaces: *.jpg *.png"),
    ),
    "bucket": (
        ("bucket", "Bucket", "text", ""),
        ("prefix", "Prefix", "text", "Optional: only keys that begin so, such as photos/2026/."),
        ("endpoint_url", "Endpoint", "text", "Empty for AWS; the address of MinIO, Ceph, R2 … otherwise."),
        ("region", "Region", "text", "Optional."),
        ("patterns", "Only keys like", "text", "Optional, divided by spaces: *.parquet"),
    ),
    "upload": (),
}  # fmt: skip
SECRETS = {
    "sql": (("password", "Password"), ("ca_certificate", "CA certificate of the server, PEM")),
    "bucket": (
        ("access_key_id", "Access key"),
        ("secret_access_key", "Secret key"),
        ("session_token", "Session token"),
    ),
}
DEFAULTS = {"overlap": 0, "timeout_seconds": 300}


def read_config(posted, kind: str) -> dict[str, Any]:
    """The settings of a kind, as typed."""
    return {name: posted.get(name, "") for name, *_ in FIELDS[kind]}


def read_secrets(posted, kind: str) -> dict[str, str]:
    """Secrets that were typed, and those to remove. An empty field leaves what is there."""
    found = {}
    for name, _ in SECRETS.get(kind, ()):
        if posted.get(f"remove_{name}"):
            found[name] = ""
        elif posted.get(f"secret_{name}"):
            found[name] = posted[f"secret_{name}"]
    return found


def describe_fields(kind: str, values: dict[str, Any], item_kind: str) -> list[dict[str, Any]]:
    """The fields of a form with what stands in them."""
    fields = []
    for name, label, sort, hint in FIELDS[kind]:
        if name == "picture_column" and item_kind != "image":
            continue
        value = values.get(name, DEFAULTS.get(name, ""))
        shown = " ".join(value) if isinstance(value, (list, tuple)) else value
        fields.append({"name": name, "label": label, "sort": sort, "hint": hint, "value": shown})
    return fields


def read_contract(posted) -> tuple[dict[str, Any], dict[str, Any]]:
    """(contract, mapping) out of the table of columns."""
    places = _list_places(posted)
    if places is None:
        raise DomainError("The form did not arrive whole; load the page again.")
    columns, key, mapping = [], [], {"features": []}  # type: ignore[var-annotated]
    for i in places:
        name = _read_name(posted, i)
        if posted.get(f"kept_{i}") != "yes" or not name:
            continue
        columns.append(_read_rule(posted, i, name))
        if posted.get(f"key_{i}") == "yes":
            key.append(name)
        _add_role(mapping, posted.get(f"role_{i}", ""), name)
    contract = {"columns": columns, "key": key, "new_columns": posted.get("new_columns", "ignore")}
    return contract, mapping


def _read_name(posted, i: int) -> str:
    """As the source spells it; one that was typed without the blanks around it, and empty where none was."""
    name = posted.get(f"name_{i}", "")
    return name.strip() if posted.get(f"new_{i}") == "yes" else name


def _read_rule(posted, i: int, name: str) -> dict[str, Any]:
    kind = posted.get(f"type_{i}", "text")
    low, high = (posted.get(f"{bound}_{i}", "").strip() or None for bound in ("minimum", "maximum"))
    return {
        "name": name,
        "type": kind,
        "required": posted.get(f"required_{i}") == "yes",
        "minimum": _read_number(low, kind),
        "maximum": _read_number(high, kind),
        "allowed": [line.strip() for line in posted.get(f"allowed_{i}", "").splitlines() if line.strip()],
        "pattern": posted.get(f"pattern_{i}", "").strip(),
    }


def _read_number(text: str | None, kind: str) -> float | str | None:
    """Numbers as numbers, so that 5 and 5.0 are one contract; the service says what is wrong with the rest."""
    if text is None or kind not in ("number", "integer"):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _add_role(mapping: dict[str, Any], role: str, name: str) -> None:
    if role == "feature":
        mapping["features"].append(name)
    elif role in ROLES:
        if mapping.get(role):
            raise DomainError(f"Two columns are chosen as {role}; one is possible.", fields={role: "Chosen twice."})
        mapping[role] = name
        mapping["features"] += [name] if role == "time" else []  # a date is one of rows too


def describe_posted(posted, observed: dict) -> list[dict[str, Any]]:
    """The rows of the table of columns as they were sent, for a form that is refused."""
    return [
        {
            "name": posted.get(f"name_{i}", ""),
            "type": posted.get(f"type_{i}", "text"),
            "role": posted.get(f"role_{i}", ""),
            "minimum": posted.get(f"minimum_{i}", ""),
            "maximum": posted.get(f"maximum_{i}", ""),
            "pattern": posted.get(f"pattern_{i}", ""),
            "allowed_text": posted.get(f"allowed_{i}", ""),
            "is_key": posted.get(f"key_{i}") == "yes",
            "required": posted.get(f"required_{i}") == "yes",
            "is_left_out": posted.get(f"kept_{i}") != "yes",
            "is_new": posted.get(f"new_{i}") == "yes",
            "seen": _show_seen(observed.get(posted.get(f"name_{i}", ""))),
        }
        for i in _list_places(posted) or ()
    ]


def describe_new(rows: list[dict[str, Any]], role: str) -> dict[str, Any] | None:
    """An empty row for a column that is not there yet, to play this part; None where one stands empty already."""
    if any(row.get("is_new") and not row["name"].strip() for row in rows) or len(rows) >= MAX_COLUMNS:
        return None
    return {"name": "", "type": "text", "role": role, "is_new": True}


def _show_seen(seen: dict[str, Any] | None) -> dict[str, Any]:
    """What was seen in a column; days without the midnight that they are kept with."""
    shown = dict(seen or {})
    for bound in ("minimum", "maximum"):
        if isinstance(shown.get(bound), str):
            shown[bound] = shown[bound].removesuffix("T00:00:00")
    return shown


def _list_places(posted) -> range | None:
    """The numbers of the table's rows; None where the form says none that can be."""
    count = posted.get("columns", "0")
    is_number = count.isascii() and count.isdigit() and len(count) < 5
    return range(int(count)) if is_number and int(count) <= MAX_COLUMNS else None


def describe_columns(contract: dict, mapping: dict, observed: dict, kept_out: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the table of columns: rule, part and what was seen."""
    roles = {mapping.get(role): role for role in reversed(ROLES) if mapping.get(role)}
    chosen = set(mapping.get("features") or ())
    key = contract.get("key") or []
    rows = []
    for rule in contract.get("columns") or ():
        name = rule["name"]
        is_feature = name in chosen if chosen else name not in key and name not in kept_out
        role = roles.get(name) or ("feature" if is_feature else "ignore")
        rows.append({**rule, "is_key": name in key, "role": role, "seen": _show_seen(observed.get(name)),
                     "allowed_text": "\n".join(rule.get("allowed") or ())})  # fmt: skip
    return rows
