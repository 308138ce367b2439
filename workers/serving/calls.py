"""One question to a model on its way through the server, and how a batch of them is answered."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from workers.engines.artifact import BadInput
from workers.serving.models import LoadedModel
from workers.serving.problems import Problem
from workers.serving.spool import InputKind

if TYPE_CHECKING:
    from workers.serving.endpoints import Endpoint
    from workers.serving.http import Request

logger = logging.getLogger(__name__)
_ID_POOL_BYTES = 16 * 256


class Call:
    """`items` (the v1 door) or `tensors` (the v2 door) in; `answers` or `outputs`, or a `problem`, out."""

    __slots__ = (
        "request",
        "endpoint",
        "release_id",
        "model",
        "id",
        "door",
        "items",
        "tensors",
        "size",
        "is_list",
        "options",
        "log_kind",
        "log_content",
        "answers",
        "outputs",
        "features",
        "problem",
    )

    def __init__(self, request: Request, endpoint: Endpoint, release_id: int, model: LoadedModel, id: bytes, door: int):
        self.request = request
        self.endpoint = endpoint
        self.release_id = release_id
        self.model = model
        self.id = id
        self.door = door
        self.items: Sequence[Any] | None = None
        self.tensors: dict[str, np.ndarray] = {}
        self.size = 1
        self.is_list = False
        self.options: Any = None
        self.log_kind = InputKind.NONE
        self.log_content = b""
        self.answers: list[dict[str, Any]] = []
        self.outputs: dict[str, np.ndarray] = {}
        self.features = b""
        self.problem: Problem | None = None


class IdSource:
    """Random request ids, 256 per system call."""

    def __init__(self) -> None:
        self._pool = b""

    def take(self) -> bytes:
        """16 bytes of a version 4 UUID."""
        if not self._pool:
            self._pool = os.urandom(_ID_POOL_BYTES)
        raw, self._pool = self._pool[:16], self._pool[16:]
        return raw[:6] + bytes((raw[6] & 0x0F | 0x40, raw[7], raw[8] & 0x3F | 0x80)) + raw[9:]


def format_id(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def derive_id(raw: bytes, position: int) -> uuid.UUID:
    """The id of one of several predictions in a request, the same whenever it is asked for."""
    return uuid.uuid5(uuid.UUID(bytes=raw), str(position))


def answer_calls(model: LoadedModel, calls: Sequence[Call]) -> None:
    """Fill in each call's answers, outputs or problem. One bad call never spoils the others. Safe in any thread."""
    by_items = [call for call in calls if call.items is not None]
    if by_items:
        _answer_items(model, by_items)
    groups: dict[tuple[Any, ...], list[Call]] = {}
    for call in calls:
        if call.items is None:
            shape = tuple((name, array.shape[1:]) for name, array in sorted(call.tensors.items()))
            groups.setdefault(shape if model.can_batch else (id(call),), []).append(call)
    for group in groups.values():
        _guard(_answer_tensors, model, group)


def _answer_items(model: LoadedModel, calls: list[Call]) -> None:
    decoded: list[Any] = []
    good = []
    for call in calls:
        try:
            mine = model.predictor.decode(call.items or ())
            if model.manifest.item_kind == "image" or not call.endpoint.logs_inputs:
                call.features = orjson.dumps([model.predictor.describe_decoded(d) for d in mine])
        except BadInput as error:
            call.problem = Problem(422, str(error))
            continue
        except Exception:  # a decoder met bytes its author did not foresee: that client's trouble alone
            logger.exception("decoding for %s failed", model.target.label)
            call.problem = Problem(422, "The input cannot be read by this model.")
            continue
        decoded += mine
        good.append((call, mine))
    if good:
        _guard(_answer_decoded, model, good, decoded)


def _answer_decoded(model: LoadedModel, good: list[tuple[Call, list[Any]]], decoded: list[Any]) -> None:
    answers = model.predictor.predict_decoded(decoded)
    start = 0
    for call, mine in good:
        call.answers = answers[start : start + len(mine)]
        start += len(mine)


def _answer_tensors(model: LoadedModel, calls: list[Call]) -> None:
    if len(calls) == 1:
        calls[0].outputs = model.predictor.infer(calls[0].tensors)
        return
    joined = {name: np.concatenate([call.tensors[name] for call in calls]) for name in calls[0].tensors}
    outputs = model.predictor.infer(joined)
    start = 0
    for call in calls:
        call.outputs = {name: array[start : start + call.size] for name, array in outputs.items()}
        start += call.size


def _guard(run: Any, model: LoadedModel, calls: list[Any], *rest: Any) -> None:
    """Run a batch; when it fails, each call alone, so that only those that fail on their own are refused."""
    try:
        run(model, calls, *rest)
    except Exception as error:  # noqa: BLE001 - whatever a graph does to one input must not end the process
        if len(calls) == 1:
            call = calls[0][0] if isinstance(calls[0], tuple) else calls[0]
            call.problem = _describe_failure(error, model)
            return
        for one in calls:
            alone = (one[1],) if isinstance(one, tuple) else ()
            _guard(run, model, [one], *alone)


def _describe_failure(error: Exception, model: LoadedModel) -> Problem:
    if isinstance(error, BadInput):
        return Problem(422, str(error))
    logger.error("%s failed", model.target.label, exc_info=error)
    return Problem(500, "The model failed on this input. The reason is in the server's log.")
