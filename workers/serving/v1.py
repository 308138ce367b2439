"""The door for people's requests: an image, a text, a row or several of them in, predictions out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from workers.engines.artifact.rows import is_missing, parse_date, parse_number
from workers.serving.calls import Call, derive_id, format_id
from workers.serving.problems import Problem
from workers.serving.spool import InputKind

MAX_INSTANCES = 1000
KEYS = ("text", "row", "image")
HINTS = {
    "image": '{"image": "<base64 of the file>"}, a multipart upload, or the file itself as image/…',
    "text": '{"text": "…"}',
    "row": '{"row": {"column": value, …}}',
}


def read_input(call: Call, content_type: bytes, body: bytes) -> None:
    """Fill in the call's items and what of them is logged. Raises Problem."""
    kind = call.model.manifest.item_kind
    media = content_type.partition(b";")[0].strip().lower()
    if media in (b"application/json", b"") or media.endswith(b"+json"):
        _read_json(call, body, kind)
    elif media == b"multipart/form-data":
        _set_file(call, find_file(body, content_type), kind)
    elif media.startswith(b"image/") or media == b"application/octet-stream":
        _set_file(call, body, kind)
    else:
        raise Problem(415, f"Send JSON: {HINTS[kind]}.")
    if kind == "row":
        for item in call.items or ():
            check_row(item, call.model.manifest.features)


def _set_file(call: Call, content: bytes, kind: str) -> None:
    if kind != "image":
        raise Problem(422, f"This deployment takes no files. Send {HINTS[kind]}.")
    call.items = (content,)
    call.log_kind, call.log_content = InputKind.IMAGE, content


def _read_json(call: Call, body: bytes, kind: str) -> None:
    sent = parse_json(body)
    if not isinstance(sent, dict):
        raise Problem(400, f"Send a JSON object: {HINTS[kind]}.")
    unknown = sent.keys() - {*KEYS, "instances"}
    if unknown:
        raise Problem(
            400, f"Unknown key {sorted(unknown)[0][:40]!r}. Send {HINTS[kind]}, or several as {{“instances”: […]}}."
        )
    if len(sent) != 1:
        raise Problem(400, f"Send exactly one of the keys text, row, image or instances: {HINTS[kind]}.")
    call.log_kind, call.log_content = InputKind.JSON, body
    if "instances" in sent:
        call.items = [_read_instance(instance, kind) for instance in _check_instances(sent["instances"], kind)]
        call.is_list = True
        call.size = len(call.items)
        return
    if kind not in sent:
        raise Problem(422, f"This deployment takes {kind}s. Send {HINTS[kind]}.")
    item = _read_item(sent[kind], kind)
    call.items = (item,)
    if kind == "image":
        call.log_kind, call.log_content = InputKind.IMAGE, item


def parse_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, f"The body is not valid JSON: {error}. NaN and Infinity are not JSON.") from None


def _check_instances(instances: Any, kind: str) -> list[Any]:
    if not isinstance(instances, list) or not instances:
        raise Problem(400, f"“instances” must be a list of at least one of {HINTS[kind]}.")
    if len(instances) > MAX_INSTANCES:
        raise Problem(413, f"At most {MAX_INSTANCES:,} instances fit into one request.")
    return instances


def _read_instance(instance: Any, kind: str) -> Any:
    """``{"text": …}`` or the bare text; so for rows and images."""
    if isinstance(instance, dict) and len(instance) == 1 and kind in instance:
        return _read_item(instance[kind], kind)
    return _read_item(instance, kind)


def _read_item(value: Any, kind: str) -> Any:
    if kind == "image":
        return decode_base64(value)
    if kind == "text" and not isinstance(value, str):
        raise Problem(422, "A text must be sent as a string.")
    if kind == "row" and not isinstance(value, dict):
        raise Problem(422, "A row must be sent as an object of column names and values.")
    return value


def decode_base64(value: Any) -> bytes:
    """The bytes of a base64 string, with or without a ``data:`` prefix. Raises Problem."""
    if not isinstance(value, str):
        raise Problem(422, "An image must be sent as a base64 string of its file.")
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(422, "The image is not valid base64.") from None


def find_file(body: bytes, content_type: bytes) -> bytes:
    """The one file of a multipart form. Raises Problem."""
    _, found, rest = content_type.partition(b"boundary=")
    boundary = rest.partition(b";")[0].strip().strip(b'"')
    if not found or not boundary:
        raise Problem(400, "The multipart form names no boundary.")
    files = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1]:
        head, separator, content = part.partition(b"\r\n\r\n")
        if separator and b"filename=" in head.lower():
            files.append(content)
    if len(files) != 1:
        raise Problem(400, f"The multipart form must hold exactly one file; it holds {len(files)}.")
    return files[0]


def check_row(row: Mapping[str, Any], features: tuple[dict[str, Any], ...]) -> None:
    """Every column present, each value of its column's kind or null. Raises Problem."""
    absent = [feature["name"] for feature in features if feature["name"] not in row]
    if absent:
        names = ", ".join(absent[:8])
        raise Problem(422, f"The row lacks the column{'s' * (len(absent) > 1)} {names}. Send null for a missing value.")
    for feature in features:
        value = row[feature["name"]]
        if type(value) is not float and value is not None:
            _check_cell(value, feature)


def _check_cell(value: Any, feature: Mapping[str, Any]) -> None:
    kind, name = feature["kind"], feature["name"]
    if isinstance(value, (dict, list)):
        raise Problem(422, f"The column {name} must be a single value, not {type(value).__name__}.")
    if kind == "number":
        is_number = isinstance(value, int) or is_missing(value) or parse_number(value) == parse_number(value)
        if not is_number:
            raise Problem(422, f"The column {name} must be a number, not {str(value)[:40]!r}.")
    elif kind == "date" and not is_missing(value) and parse_date(value, feature["format"]) is None:
        wanted = "an ISO 8601 date" if feature["format"] == "iso" else f"a date like {feature['format']}"
        raise Problem(422, f"The column {name} must be {wanted}, not {str(value)[:40]!r}.")


def render_answer(call: Call) -> bytes:
    """The answer's JSON. Each of several predictions has an id of its own for feedback."""
    answer: dict[str, Any] = {"request_id": format_id(call.id), "model_version": call.model.target.label}
    if call.is_list:
        answer["predictions"] = [
            {"request_id": str(derive_id(call.id, position)), **prediction}
            for position, prediction in enumerate(call.answers)
        ]
    else:
        answer["prediction"] = call.answers[0]
    return orjson.dumps(answer)


def describe(slug: str, label: str, manifest: Any) -> dict[str, Any]:
    """What ``GET /v1/<slug>`` says."""
    return {
        "deployment": slug,
        "model_version": label,
        "problem_type": manifest.problem_type,
        "item_kind": manifest.item_kind,
        "classes": manifest.classes,
        "columns": [{"name": f["name"], "kind": f["kind"]} for f in manifest.features],
        "predict": f"/v1/{slug}/predict",
        "send": HINTS[manifest.item_kind],
    }
