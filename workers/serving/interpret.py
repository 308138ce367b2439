"""From a spooled record to rows of the prediction table: what was asked, its features, what was answered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from lifecycle.common.blobs import BlobStore
from lifecycle.contracts.manifest import Manifest
from workers.engines.artifact import BadArtifact, BadInput
from workers.engines.artifact.operations import compile_answers, compile_decoder
from workers.engines.artifact.predictor import DTYPES
from workers.serving.calls import derive_id
from workers.serving.models import read_manifest
from workers.serving.problems import Problem
from workers.serving.spool import DOORS, InputKind, Record
from workers.serving.v1 import decode_base64

MAX_KEPT_IMAGE_BYTES = 8 * 2**20
Row = tuple[Any, ...]


class Interpreter:
    """Knows the manifests of the model versions that were loaded here, and keeps image inputs as blobs."""

    def __init__(self, cache: Path, blobs: BlobStore):
        self._cache = cache
        self._blobs = blobs
        self._describers = lru_cache(maxsize=64)(self._build_describers)

    def build_rows(self, record: Record) -> list[Row]:
        """One row a prediction; one for a refused request."""
        if record.status >= 400:
            return [_build_row(record, uuid.UUID(bytes=record.request_id), None, {}, orjson.loads(record.output))]
        answers = self._read_answers(record)
        inputs, features = self._read_inputs(record, len(answers))
        is_single = len(answers) == 1 and not _is_list(record)
        rows = []
        for position, answer in enumerate(answers):
            id = uuid.UUID(bytes=record.request_id) if is_single else derive_id(record.request_id, position)
            rows.append(_build_row(record, id, inputs[position], features[position], answer))
        return rows

    def _read_answers(self, record: Record) -> list[dict[str, Any]]:
        sent = orjson.loads(record.output)
        if DOORS[record.door] == "v1":
            found = sent["predictions"] if "predictions" in sent else [sent["prediction"]]
            return [{key: value for key, value in answer.items() if key != "request_id"} for answer in found]
        answer = self._describers(record.model_version_id)[1]
        tensors = sent.get("outputs", ())
        if answer is None or not tensors:
            return [{}]
        arrays = {
            tensor["name"]: np.array(tensor["data"], DTYPES[tensor["datatype"]]).reshape(tensor["shape"])
            for tensor in tensors
            if None not in tensor["data"]
        }
        return answer(arrays) if len(arrays) == len(tensors) else [{}]

    def _read_inputs(self, record: Record, count: int) -> tuple[Sequence[Any], Sequence[dict[str, Any]]]:
        """(what was sent, as it is kept; features), one each an answer."""
        items = _read_items(record)
        known = orjson.loads(record.features) if record.features else None
        if len(items) != count:
            items = [None] * count
        kept = [self._keep(item) for item in items]
        return kept, known or [self._describe(record.model_version_id, item) for item in items]

    def _keep(self, item: dict[str, Any] | None) -> dict[str, Any] | None:
        if item is None or not isinstance(item.get("image"), bytes):
            return item
        if len(item["image"]) > MAX_KEPT_IMAGE_BYTES:
            return None
        return {"image": self._blobs.put(item["image"])}

    def _describe(self, model_version_id: int, item: dict[str, Any] | None) -> dict[str, Any]:
        describe = self._describers(model_version_id)[0]
        if item is None or describe is None or "tensors" in item:
            return {}
        return describe(next(iter(item.values())))

    def _build_describers(self, model_version_id: int) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
        found = read_manifest(self._cache, model_version_id)
        if found is None:
            return None, None
        try:
            return _compile_describe(found[0]), compile_answers(found[0])
        except BadArtifact:
            return None, None


def _compile_describe(manifest: Manifest) -> Callable[[Any], dict[str, Any]]:
    decode, describe = compile_decoder(manifest)

    def run(item: Any) -> dict[str, Any]:
        try:
            return describe(decode(item))
        except BadInput:
            return {}

    return run


def _is_list(record: Record) -> bool:
    return DOORS[record.door] == "v1" and b'"predictions":' in record.output[:400]


def _read_items(record: Record) -> list[dict[str, Any] | None]:
    """The items as sent: ``{"text": …}``, ``{"row": …}``, ``{"image": bytes}`` or ``{"tensors": […]}``."""
    if record.kind == InputKind.IMAGE:
        return [{"image": record.input}]
    if record.kind == InputKind.TENSORS:
        return [{"tensors": orjson.loads(record.input)["inputs"]}]
    if record.kind != InputKind.JSON:
        return []
    sent = orjson.loads(record.input)
    if "instances" not in sent:
        return [sent]
    return [_read_instance(instance) for instance in sent["instances"]]


def _read_instance(instance: Any) -> dict[str, Any]:
    """What `v1` took for one of several: ``{"text": …}`` or bare; images arrive as base64."""
    if isinstance(instance, dict) and len(instance) == 1:
        key, value = next(iter(instance.items()))
        if key == "image" and isinstance(value, str):
            return {"image": _decode(value)}
        if (key == "text" and isinstance(value, str)) or (key == "row" and isinstance(value, dict)):
            return instance
    return {"row": instance} if isinstance(instance, dict) else {"text": instance}


def _decode(value: str) -> bytes | None:
    try:
        return decode_base64(value)
    except Problem:
        return None


def _build_row(record: Record, id: uuid.UUID, kept: Any, features: Mapping[str, Any], output: Any) -> Row:
    return (
        str(id),
        record.deployment_id,
        record.release_id,
        record.model_version_id,
        datetime.fromtimestamp(record.at, UTC),
        DOORS[record.door],
        record.status,
        record.latency_ms,
        None if kept is None else render_json(kept),
        render_json(features),
        render_json(output),
    )


def render_json(value: Any) -> str:
    """JSON that Postgres takes: its jsonb knows no NUL character."""
    text = orjson.dumps(value)
    if b"\\u0000" in text:
        text = orjson.dumps(_replace_nul(value))
    return text.decode()


def _replace_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, Mapping):
        return {_replace_nul(key): _replace_nul(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace_nul(entry) for entry in value]
    return value
