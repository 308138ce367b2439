"""The Open Inference Protocol v2 over HTTP, with its binary tensor extension: tensors in, tensors out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson

from workers.engines.artifact.predictor import DTYPES
from workers.serving.calls import Call, format_id
from workers.serving.models import LoadedModel
from workers.serving.problems import Problem
from workers.serving.spool import InputKind
from workers.serving.v1 import parse_json

SERVER = {"name": "gristmill", "version": "1", "extensions": ["binary_tensor_data"]}
MAX_LOGGED_BYTES = 64 * 1024
DATATYPES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
KINDS = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}  # of JSON data that each kind of tensor takes
LIMITS = {
    dtype: (float(np.finfo(dtype).min), float(np.finfo(dtype).max))
    if dtype.kind == "f"
    else (int(np.iinfo(dtype.name).min), int(np.iinfo(dtype.name).max))
    for dtype in DATATYPES
    if dtype.kind != "b"
}


class InferOptions:
    """What the client asked of the answer."""

    __slots__ = ("client_id", "outputs", "is_binary")

    def __init__(self, sent: dict[str, Any], known: tuple[str, ...]):
        self.client_id = sent.get("id", "")
        if not isinstance(self.client_id, str) or len(self.client_id) > 200:
            raise Problem(400, "“id” must be a string of at most 200 characters.")
        default = bool(_read_parameters(sent).get("binary_data_output", False))
        asked = sent.get("outputs")
        if not asked:
            self.outputs = [(name, default) for name in known]
        else:
            self.outputs = [_read_output(output, known, default) for output in _check_list(asked, "outputs")]
        self.is_binary = any(binary for _, binary in self.outputs)


def _read_parameters(sent: dict[str, Any]) -> dict[str, Any]:
    parameters = sent.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Problem(400, "“parameters” must be an object.")
    return parameters


def _check_list(value: Any, name: str) -> list[dict[str, Any]]:
    if isinstance(value, list):
        for entry in value:
            if not isinstance(entry, dict):
                break
        else:
            return value
    raise Problem(400, f"“{name}” must be a list of objects.")


def _read_output(output: dict[str, Any], known: tuple[str, ...], default: bool) -> tuple[str, bool]:
    parameters = _read_parameters(output)
    if output.get("name") not in known:
        raise Problem(422, f"The model has no output {output.get('name')!r}; it has {', '.join(known)}.")
    if parameters.get("classification"):
        raise Problem(422, "The classification extension is not supported: ask for the tensor itself.")
    return output["name"], bool(parameters.get("binary_data", default))


def read_input(call: Call, headers: dict[bytes, bytes], body: bytes) -> None:
    """Fill in the call's tensors and options. Raises Problem."""
    length = headers.get(b"inference-header-content-length")
    rest = b""
    if length is not None:
        if not length.isdigit() or int(length) > len(body):
            raise Problem(400, "Inference-Header-Content-Length is not the length of the JSON part.")
        body, rest = body[: int(length)], body[int(length) :]
    sent = parse_json(body)
    if not isinstance(sent, dict):
        raise Problem(400, "Send a JSON object with “inputs”.")
    specs = call.model.inputs
    call.options = InferOptions(sent, call.model.output_names)
    for raw in _check_list(sent.get("inputs"), "inputs"):
        name = raw.get("name")
        if not isinstance(name, str) or name not in specs:
            raise Problem(422, f"The model has no input {name!r}; it has {', '.join(specs)}.")
        if name in call.tensors:
            raise Problem(400, f"The input {name} is there twice.")
        call.tensors[name], rest = _read_tensor(raw, name, specs[name].datatype, rest)
    if rest:
        raise Problem(400, f"{len(rest)} bytes are left after the last binary tensor.")
    _check_tensors(call, specs)
    if length is None and len(body) <= MAX_LOGGED_BYTES:
        call.log_kind, call.log_content = InputKind.TENSORS, body


def _check_tensors(call: Call, specs: dict[str, Any]) -> None:
    absent = specs.keys() - call.tensors.keys()
    if absent:
        raise Problem(422, f"The input {sorted(absent)[0]} is missing.")
    for name, array in call.tensors.items():
        if not _fits(array.shape, specs[name].shape):
            want, given = list(specs[name].shape), list(array.shape)
            raise Problem(422, f"The input {name} must have the shape {want}, not {given}.")
    sizes = {array.shape[0] for array in call.tensors.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise Problem(422, "All inputs must have the same first dimension, at least 1.")
    call.size = sizes.pop()


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    if len(shape) != len(wanted):
        return False
    for have, want in zip(shape, wanted, strict=True):  # noqa: SIM110 - a generator costs as much as the rest
        if want not in (-1, have):
            return False
    return True


def _read_tensor(raw: dict[str, Any], name: str, datatype: str, rest: bytes) -> tuple[np.ndarray, bytes]:
    if raw.get("datatype") != datatype:
        raise Problem(422, f"The input {name} must have the datatype {datatype}, not {raw.get('datatype')!r}.")
    shape = raw.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape) or len(shape) > 16:
        raise Problem(400, f"The shape of {name} must be a list of whole numbers.")
    count = math.prod(shape)
    size = _read_parameters(raw).get("binary_data_size")
    if size is not None:
        return _read_binary(size, name, datatype, shape, rest)
    if "data" not in raw:
        raise Problem(400, f"The input {name} has no data.")
    array = _convert(raw["data"], name, np.dtype(DTYPES[datatype]))
    if array.size != count:
        raise Problem(422, f"The input {name} has {array.size} values; its shape {shape} holds {count}.")
    return array.reshape(shape), rest


def _read_binary(size: Any, name: str, datatype: str, shape: list[int], rest: bytes) -> tuple[np.ndarray, bytes]:
    dtype = np.dtype(DTYPES[datatype]).newbyteorder("<")
    wanted = math.prod(shape) * dtype.itemsize
    if type(size) is not int or size != wanted:
        raise Problem(422, f"The input {name} must have {wanted} bytes for its shape {shape}, not {size!r}.")
    if len(rest) < size:
        raise Problem(400, f"The body ends before the binary data of {name} does.")
    return np.frombuffer(rest, dtype, count=math.prod(shape)).reshape(shape), rest[size:]


def _convert(data: Any, name: str, dtype: np.dtype) -> np.ndarray:
    """JSON numbers as an array of the wanted type; no strings, no cut-off fractions, nothing out of range."""
    try:
        array = np.asarray(data)
    except ValueError:
        raise Problem(422, f"The data of {name} is ragged: its lists differ in length.") from None
    if array.size == 0:
        return array.astype(dtype)
    if array.dtype.kind not in KINDS[dtype.kind]:
        raise Problem(422, f"The data of {name} must be {'numbers' if dtype.kind != 'b' else 'true or false'} only.")
    if dtype.kind != "b":
        lowest, highest = LIMITS[dtype]
        flat = array.ravel()
        if np.minimum.reduce(flat) < lowest or np.maximum.reduce(flat) > highest:
            raise Problem(422, f"The data of {name} does not fit into {DATATYPES[dtype]}.")
    return array.astype(dtype)


def render_answer(call: Call) -> tuple[bytes, int | None]:
    """(body, length of its JSON part when tensors follow in binary)."""
    target = call.model.target
    outputs, binaries = [], []
    for name, is_binary in call.options.outputs:
        array = call.outputs[name]
        entry: dict[str, Any] = {"name": name, "datatype": DATATYPES[array.dtype], "shape": array.shape}
        if is_binary:
            content = array.tobytes()
            entry["parameters"] = {"binary_data_size": len(content)}
            binaries.append(content)
        else:
            entry["data"] = array.ravel()
        outputs.append(entry)
    answer = {
        "id": call.options.client_id or format_id(call.id),
        "model_name": call.endpoint.slug,
        "model_version": str(target.version),
        "outputs": outputs,
    }
    head = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    return (head + b"".join(binaries), len(head)) if binaries else (head, None)


def is_complete(call: Call) -> bool:
    """Whether the answer as sent holds all outputs as JSON, so that it can be logged as it is."""
    return not call.options.is_binary and len(call.options.outputs) == len(call.outputs)


def render_log(call: Call) -> bytes:
    """All outputs as JSON, however the client asked for them; empty for very large ones."""
    if sum(array.nbytes for array in call.outputs.values()) > MAX_LOGGED_BYTES:
        return b"{}"
    outputs = [
        {"name": name, "shape": array.shape, "datatype": DATATYPES[array.dtype], "data": array.ravel()}
        for name, array in call.outputs.items()
    ]
    return orjson.dumps({"outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)


def describe_model(slug: str, model: LoadedModel) -> dict[str, Any]:
    """Model metadata as the protocol spells it."""
    manifest = model.manifest
    return {
        "name": slug,
        "versions": [str(model.target.version)],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": s.name, "datatype": s.datatype, "shape": s.shape} for s in manifest.inputs],
        "outputs": [{"name": s.name, "datatype": s.datatype, "shape": s.shape} for s in manifest.outputs],
    }
