"""Pure rules of the Label Studio door: how a task's data become an item and back, and what its results say.

A configuration is read by `contracts.label_interface`, like everywhere. Results are stored with the project's own
names (control `label` on object `item`) and served with the configuration's: `swap_names` trades them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from lifecycle.contracts.label_interface import NOTHING, Interface, ObjectTag, guess_problem_type
from lifecycle.contracts.label_interface.questions import find_item_kind
from lifecycle.contracts.problems import ItemKind
from lifecycle.contracts.sounds import build_reference, find_reference, identify, put_references, replace_references

__all__ = ["NOTHING", "Interface", "guess_problem_type"]  # of the contract; asked for here too

NESTED_TAGS = {"Table", "TimeSeries", "Paragraphs"}  # show an object or a list: kept as JSON in a cell
FETCHED_TAGS = {"TimeSeries", "Image"}  # of a row: what they show stands in the row itself
FAR_ADDRESS = re.compile(r"\s*https?://\S+\s*$", re.IGNORECASE)
OWN_FILES = "/label-studio/data/"
OWN_FILE = re.compile(re.escape(OWN_FILES) + r"[-\w]+/([0-9a-f]{64})(?:/[^/]*)?$", re.ASCII)
MAX_TEXT_CHARS = 1_000_000
MAX_ROW_BYTES = 1_000_000


@dataclass(frozen=True)
class Content:
    """What makes a task's item: exactly one of text, row and address. A row may have a sound of this installation."""

    digest: str
    text: str = ""
    row: str | None = None  # JSON
    address: str = ""  # of a picture
    byte_size: int = 0
    sound: str = ""  # the address that stands for the row's references to it


def get_item_kind(interface: Interface) -> ItemKind | None:
    """What an item of this configuration is; None while it asks nothing."""
    main = interface.main_control
    return find_item_kind(main, interface) if main else None


def get_variable(interface: Interface) -> str:
    """The key of a task's data that the main object shows."""
    return interface.main_object.field if interface.main_object else ""


def find_sound_field(interface: Interface) -> str:
    """The field of a row that an <Audio> shows; empty where none does."""
    return next((one.field for one in interface.objects if one.tag == "Audio" and one.field), "")


def list_fields_to_fetch(interface: Interface) -> dict[str, str]:
    """{field: tag} of what a row shows and holds itself, so that what lies at another address is fetched into it."""
    if get_item_kind(interface) != ItemKind.ROW or shows_whole_row(interface):
        return {}
    return {one.field: one.tag for one in interface.objects if one.tag in FETCHED_TAGS and one.field}


def put_cells(data: Any, cells: Mapping[tuple[str, str], str]) -> Any:
    """A task's data with what was fetched, {(field, address): cell}, in place of the addresses."""
    if not cells or not isinstance(data, Mapping):
        return data
    return {name: cells.get((name, value), value) if isinstance(value, str) else value for name, value in data.items()}


def list_cells(interface: Interface, data: Mapping[str, Any], row: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """What was fetched into a row, {(field, address): cell}, by the addresses that its task's data kept."""
    fields = list_fields_to_fetch(interface)
    return {(name, data[name]): row[name] for name in fields if is_far(data.get(name)) and name in row}


def is_far(value: Any) -> bool:
    """Whether a cell names a file of another server, or of this one by its whole address."""
    return isinstance(value, str) and FAR_ADDRESS.match(value) is not None


def is_own(address: str) -> bool:
    """Whether the file at an address is one of this door's."""
    return bool(_read_digest(address))


def shows_whole_row(interface: Interface) -> bool:
    """Whether the items' rows are what one <Table> shows, rather than a field for every object."""
    shown = [one for one in interface.objects if one.field]
    return len(shown) == 1 and shown[0].tag == "Table"


def swap_names(interface: Interface, result: Iterable[Any]) -> list[Any]:
    """From the configuration's names to the project's, and from those back: it is its own inverse."""
    return interface.swap_names(list(result))


def read_result(interface: Interface, result: Any) -> tuple[list[dict[str, Any]], str | None]:
    """(result in the project's names, its value) of what a client sent; ValueError says what is wrong with it.

    The value is None where the result says nothing of the project's question: Label Studio takes such answers too.
    """
    if not isinstance(result, list):
        raise ValueError("The result must be a list of regions.")
    own = interface.check_result(interface.swap_names(result))
    said = any(entry.get("from_name") == interface.main for entry in own)
    value = interface.read_value(own)
    return own, value if said or (value == NOTHING and _may_find_nothing(interface)) else None


def _may_find_nothing(interface: Interface) -> bool:
    main = interface.main_control
    return main is not None and main in interface.find_region_controls()


def read_content(interface: Interface, data: Any) -> Content:
    """What of a task's data is the item. ValueError, with a sentence, where it has none."""
    if not isinstance(data, Mapping) or not data:
        raise ValueError("Task is missing or empty data: it must be an object such as {“text”: …}.")
    if _has_nul(data):
        raise ValueError("The data hold a NUL character.")
    kind = get_item_kind(interface)
    if kind == ItemKind.ROW:
        return _read_row(interface, data)
    variable = get_variable(interface)
    value = data.get(variable)
    if value is None:
        raise ValueError(f"“{variable}” key is expected in task data.")
    if isinstance(value, list) and any(one.tag == "Paragraphs" and one.field == variable for one in interface.objects):
        value = _fold(value)  # a dialogue
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"“{variable}” in task data must be a text that is not empty.")
    if kind == ItemKind.IMAGE:
        return Content("", address=value)
    if len(value) > MAX_TEXT_CHARS:
        raise ValueError(f"“{variable}” has more than {MAX_TEXT_CHARS:,} characters.")
    encoded = _encode(value)
    return Content(hashlib.sha256(encoded).hexdigest(), text=value, byte_size=len(encoded))


def _read_row(interface: Interface, data: Mapping[str, Any]) -> Content:
    picked = _pick_row(interface, data)
    sound = _find_own_sound(interface, picked)
    row = _read_cells(put_references(picked, sound, _read_digest(sound)) if sound else picked)
    if not row:
        raise ValueError("The row has no cell with a value.")
    try:
        content = orjson.dumps(row)  # in the order of its columns
        digest = identify(row) or hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except TypeError as error:
        raise ValueError(f"The row cannot be stored: {error}.") from None
    if len(content) > MAX_ROW_BYTES:
        raise ValueError(f"A row has at most {MAX_ROW_BYTES:,} bytes.")
    return Content(digest, row=content.decode(), byte_size=len(content), sound=sound)


def _find_own_sound(interface: Interface, row: Mapping[str, Any]) -> str:
    """The one address of this installation that the row's sounds have; empty where there is none, or several."""
    is_whole = shows_whole_row(interface)
    fields = set(row) if is_whole else {one.field for one in interface.objects if one.tag == "Audio"}
    found = {str(row[name]) for name in fields if _read_digest(row.get(name))}
    return found.pop() if len(found) == 1 else ""


def _read_digest(value: Any) -> str:
    match = OWN_FILE.search(value) if isinstance(value, str) else None
    return str(match[1]) if match else ""


def refer_to_sound(data: Mapping[str, Any], sound: str) -> dict[str, Any]:
    """A task's data as they are kept: a reference in place of the address, which is another for every project."""
    return put_references(data, sound, _read_digest(sound)) if sound else dict(data)


def _pick_row(interface: Interface, data: Mapping[str, Any]) -> Mapping[str, Any]:
    variable = get_variable(interface)
    if shows_whole_row(interface):
        source = data.get(variable)
        if not isinstance(source, Mapping):
            raise ValueError(f"“{variable}” key is expected in task data, and must be an object.")
        return source
    missing = [one.field for one in interface.objects if one.field and data.get(one.field) in (None, "")]
    if len(missing) == sum(bool(one.field) for one in interface.objects):
        raise ValueError(f"“{missing[0]}” key is expected in task data.")
    for one in interface.objects:
        _check_address(one, data.get(one.field))
    nested = {one.field for one in interface.objects if one.tag in NESTED_TAGS}
    return {name: _fold(value) if name in nested else value for name, value in data.items()}


def _check_address(one: ObjectTag, value: Any) -> None:
    """What a row shows comes along with it, or lies in this installation: nothing else would load."""
    if one.tag == "TimeSeries" and is_far(value):
        raise ValueError(
            f"Gristmill does not fetch “{str(value)[:120]}” here. Import the task, or send what “{one.field}” shows as "
            "columns, records or CSV in its data."
        )
    kind = {"Audio": "audio", "Image": "image"}.get(one.tag)
    if kind is None or value in (None, ""):
        return
    along = ", or import the tasks" + (" in a zip with the sounds" if kind == "audio" else "")
    if not isinstance(value, str) or not (value.startswith(f"data:{kind}/") or OWN_FILES in value):
        raise ValueError(
            f"Gristmill does not fetch “{str(value)[:120]}” here. Send what “{one.field}” shows as "
            f"data:{kind}/…;base64,… in the task's data{along}."
        )


def _fold(value: Any) -> Any:
    if not isinstance(value, Mapping | list):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise ValueError(f"The data cannot be stored: {error}.") from None


def _read_cells(source: Mapping[str, Any]) -> dict[str, Any]:
    row = {str(k): v for k, v in source.items() if v is not None and v != "" and isinstance(v, str | int | float)}
    return {name: _clean_cell(value) for name, value in row.items()}


def _clean_cell(value: Any) -> Any:
    """A cell as an import from a file would have it: no booleans, 1 for 1.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def build_data(interface: Interface, *, text: str, row: Any, address: str) -> dict[str, Any]:
    """A task's data from its item, for a task that brought none of its own."""
    kind = get_item_kind(interface)
    if kind != ItemKind.ROW:
        return {get_variable(interface): address if kind == ItemKind.IMAGE else text}
    if digest := find_reference(row):
        row = _show_sound(interface, row, address or build_reference(digest))
    if shows_whole_row(interface):
        return {get_variable(interface): row}
    nested = {one.field for one in interface.objects if one.tag in NESTED_TAGS}
    return {name: unfold(value) if name in nested else value for name, value in (row or {}).items()}


def _show_sound(interface: Interface, row: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The row with the address of its sound, also where the configuration calls the sound differently."""
    shown = replace_references(row, address)
    if shows_whole_row(interface):
        return shown
    return {one.field: address for one in interface.objects if one.tag == "Audio" and one.field} | shown


def unfold(value: Any) -> Any:
    """A cell that holds an object or a list as JSON, as that; anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def pick_fields(interface: Interface, *, text: str, row: Any, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """{field: what to show} of every object but pictures of the item itself, from the item and what came beside it."""
    found: dict[str, Any] = {}
    for one in interface.objects:
        if one.field:
            found[one.field] = _pick(interface, one, text, row, extra or {})
    return {name: value for name, value in found.items() if value is not None}


def _pick(interface: Interface, one: ObjectTag, text: str, row: Any, extra: Mapping[str, Any]) -> Any:
    kind, is_main = get_item_kind(interface), one is interface.main_object
    if kind == ItemKind.TEXT and is_main:
        return text
    if kind == ItemKind.ROW and isinstance(row, Mapping):
        if shows_whole_row(interface):
            return row
        if one.tag == "Table" and one.field not in row:
            return row  # a table beside other objects shows the other columns too
        value = row.get(one.field)
        return unfold(value) if one.tag in NESTED_TAGS else value
    if kind == ItemKind.IMAGE and one.field == get_variable(interface):
        return None  # the item's own picture, not what may lie at the address that it came with
    return extra.get(one.field)


def describe_columns(rows: Iterable[str | None]) -> tuple[tuple[str, str], ...]:
    """(name, kind) of the columns of rows in JSON, in their order: number where every cell is one."""
    is_number: dict[str, bool] = {}
    for row in rows:
        for name, value in orjson.loads(row).items() if row else ():
            is_number[name] = is_number.get(name, True) and isinstance(value, int | float)
    return tuple((name, "number" if yes else "category") for name, yes in is_number.items())


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("A text holds characters that cannot be stored.") from None


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(key) or _has_nul(inner) for key, inner in value.items())
    return isinstance(value, list | tuple) and any(_has_nul(inner) for inner in value)
