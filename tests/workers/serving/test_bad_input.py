"""Whatever is sent, the answer is a clear 4xx and the server goes on."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import socket
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lifecycle.deployments import services
from lifecycle.deployments.models import Deployment, Prediction
from tests.artifacts import build_image_artifact
from tests.factories import ProjectFactory
from tests.workers.serving.conftest import make_token, make_version

pytestmark = pytest.mark.django_db(transaction=True)
ROW = {"x0": 0.1, "x1": 0.2, "x2": 0.3, "x3": 0.4}
JSON = {"Content-Type": "application/json"}

BODIES = [
    (b"", 400, "not valid JSON"),
    (b"{", 400, "not valid JSON"),
    (b'{"row": {"x0": NaN}}', 400, "NaN"),
    (b"[1]", 400, "JSON object"),
    (b"{}", 400, "exactly one"),
    (b'{"rows": {}}', 400, "Unknown key 'rows'"),
    (b'{"row": {}, "text": "a"}', 400, "exactly one"),
    (b'{"text": "a"}', 422, "takes rows"),
    (b'{"row": [1]}', 422, "object of column names"),
    (b'{"row": {"x0": 1}}', 422, "lacks the columns x1, x2, x3"),
    (json.dumps({"row": {**ROW, "x0": "big"}}).encode(), 422, "x0 must be a number"),
    (json.dumps({"row": {**ROW, "x0": [1]}}).encode(), 422, "single value"),
    (b'{"instances": []}', 400, "at least one"),
    (b'{"instances": 3}', 400, "at least one"),
    (json.dumps({"instances": [ROW] * 1001}).encode(), 413, "1,000 instances"),
    (json.dumps({"instances": [ROW, {"x0": 1}]}).encode(), 422, "lacks the column"),
    (b"[" * 100_000, 400, "not valid JSON"),
    (b'{"row": {"x0": "\\ud800"}}', 400, "not valid JSON"),
]


def test_a_body_that_makes_no_sense_is_refused_with_a_sentence(shared, subtests):
    for body, status, sentence in BODIES:
        with subtests.test(body=body[:60]):
            answer = shared.call("POST", "/v1/cells/predict", body, JSON)

            assert answer.status == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert sentence in answer.json["detail"]
            assert answer.json["status"] == status


V2 = {"name": "features", "datatype": "FP32", "shape": [1, 4], "data": [0, 0, 0, 0]}
TENSORS = [
    ({"inputs": []}, 422, "missing"),
    ({"inputs": {}}, 400, "list of objects"),
    ({"inputs": [V2, V2]}, 400, "twice"),
    ({"inputs": [{**V2, "datatype": "INT64"}]}, 422, "datatype FP32"),
    ({"inputs": [{**V2, "shape": [4]}]}, 422, "must have the shape [-1, 4]"),
    ({"inputs": [{**V2, "shape": [-1, 4]}]}, 400, "whole numbers"),
    ({"inputs": [{**V2, "shape": [True, 4]}]}, 400, "whole numbers"),
    ({"inputs": [{**V2, "shape": [2**40, 2**40]}]}, 422, "has 4 values"),
    ({"inputs": [{**V2, "data": [0, 0]}]}, 422, "has 2 values"),
    ({"inputs": [{**V2, "data": [[0, 0], [0]]}]}, 422, "ragged"),
    ({"inputs": [{**V2, "data": ["a", "b", "c", "d"]}]}, 422, "numbers only"),
    ({"inputs": [{**V2, "data": [None, 0, 0, 0]}]}, 422, "numbers only"),
    ({"inputs": [{**V2, "data": [1e300, 0, 0, 0]}]}, 422, "does not fit into FP32"),
    ({"inputs": [{**V2, "parameters": {"binary_data_size": 16}}]}, 400, "body ends"),
    ({"inputs": [{**V2, "parameters": {"binary_data_size": 17}}]}, 422, "16 bytes"),
    ({"inputs": [V2], "outputs": [{"name": "y"}]}, 422, "no output 'y'"),
    ({"inputs": [V2], "id": 7}, 400, "must be a string"),
    ({"inputs": [V2], "parameters": 7}, 400, "must be an object"),
]


def test_tensors_that_make_no_sense_are_refused_with_a_sentence(shared, subtests):
    for body, status, sentence in TENSORS:
        with subtests.test(body=body):
            answer = shared.post("/v2/models/cells/infer", body)

            assert (answer.status, sentence in answer.json["error"]) == (status, True), answer.json


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYED = st.dictionaries(st.sampled_from(["row", "text", "image", "instances", "inputs", "outputs"]), JSON_VALUES)
CELLS = st.dictionaries(st.sampled_from(["x0", "x1", "x2", "x3"]), JSON_VALUES)
TENSOR = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("features") | JSON_VALUES,
        "datatype": st.just("FP32") | JSON_VALUES,
        "shape": st.just([1, 4]) | JSON_VALUES,
        "data": st.just([0, 1, 2, 3]) | JSON_VALUES,
        "parameters": JSON_VALUES,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON_VALUES | KEYED | CELLS.map(lambda row: {"row": row}) | TENSOR.map(lambda t: {"inputs": [t]}))
def test_no_json_makes_the_server_fail(shared, value):
    for path in ("/v1/cells/predict", "/v2/models/cells/infer"):
        try:
            answer = shared.post(path, value)
        except UnicodeEncodeError:
            return  # lone surrogates cannot be sent as UTF-8

        assert answer.status in (200, 400, 413, 422), answer.body


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "image/png", "multipart/form-data", "x/y"])
)
def test_no_bytes_make_the_server_fail(shared, body, kind):
    answer = shared.call("POST", "/v1/cells/predict", body, {"Content-Type": kind})

    assert answer.status in (400, 415, 422), answer.body


def send_raw(serving, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", serving.port), timeout=10) as connection:
        found = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may answer before all is sent
            connection.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                found += chunk
        return found


def test_a_huge_body_is_refused_before_it_is_read(shared):
    head = f"POST /v1/cells/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {10**10}\r\n\r\n".encode()

    assert send_raw(shared, head).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_grows_without_end_is_cut_off(shared):
    head = b"POST /v1/cells/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"

    assert send_raw(shared, head + chunk * 34).startswith(b"HTTP/1.1 413 ")
    assert shared.get("/v2/health/live").status == 200


def test_headers_without_end_are_cut_off(shared):
    head = b"GET /v2 HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(64))

    assert send_raw(shared, head).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_not_http_is_refused(shared, data):
    assert b" 400 " in send_raw(shared, data + b"\r\n\r\n")[:40]


def test_a_compressed_bomb_is_refused(shared):
    bomb = gzip.compress(b" " * (40 * 2**20))

    answer = shared.call("POST", "/v1/cells/predict", bomb, {**JSON, "Content-Encoding": "gzip"})
    broken = shared.call("POST", "/v1/cells/predict", b"no", {**JSON, "Content-Encoding": "gzip"})
    unknown = shared.call("POST", "/v1/cells/predict", b"no", {**JSON, "Content-Encoding": "br"})
    good = zlib.compress(json.dumps({"row": ROW}).encode())

    assert (answer.status, broken.status, unknown.status) == (413, 400, 415)
    assert shared.call("POST", "/v1/cells/predict", good, {**JSON, "Content-Encoding": "deflate"}).status == 200


def test_pipelined_requests_are_answered_in_order(shared):
    body = json.dumps({"row": ROW}).encode()
    head = f"POST /v1/cells/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shared.token}\r\n"
    one = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n".encode()
    ids = [f"00000000-0000-4000-8000-{n:012d}" for n in range(80)]
    requests = [one + f"X-Request-Id: {id}\r\n".encode() for id in ids]

    found = send_raw(
        shared, b"".join(r + b"\r\n" + body for r in requests[:-1]) + requests[-1] + b"Connection: close\r\n\r\n" + body
    )

    assert found.count(b"HTTP/1.1 200 OK") == 80
    positions = [found.index(f'"request_id":"{id}"'.encode()) for id in ids]
    assert positions == sorted(positions)


def test_a_post_of_the_wrong_method_or_address_says_what_is_right(shared):
    assert shared.get("/v1/cells/predict").status == 405
    assert shared.get("/v1/cells/predict").headers["allow"] == "POST"
    assert shared.get("/nowhere").status == 404
    assert shared.call("HEAD", "/v2/health/live").body == b""


@pytest.fixture
def pictures(lasting_serving, transactional_db, tmp_path):
    project = ProjectFactory(slug="pictures")
    version = make_version(project, tmp_path / "images", build_image_artifact)
    deployment = services.create(project=project, user=project.created_by, version=version, slug="pictures")
    lasting_serving.token = make_token(project.created_by)
    lasting_serving.wait_for_release(deployment)
    return lasting_serving


def draw(size: int = 8, mode: str = "L", kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (size, size)).save(out, kind)
    return out.getvalue()


def test_a_picture_comes_in_four_ways_and_is_kept_once(pictures):
    picture = draw()
    text = base64.b64encode(picture).decode()
    form = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + picture + b"\r\n--b--\r\n"

    answers = [
        pictures.post("/v1/pictures/predict", {"image": text}),
        pictures.post("/v1/pictures/predict", {"instances": [{"image": "data:image/png;base64," + text}]}),
        pictures.call("POST", "/v1/pictures/predict", picture, {"Content-Type": "image/png"}),
        pictures.call("POST", "/v1/pictures/predict", form, {"Content-Type": "multipart/form-data; boundary=b"}),
    ]

    assert [answer.status for answer in answers] == [200] * 4
    deployment = Deployment.objects.get(slug="pictures")
    pictures.wait_for_log(deployment, 4)
    logged = Prediction.objects.filter(deployment=deployment)
    assert len({json.dumps(p.input) for p in logged}) == 1
    assert {p.features["width"] for p in logged} == {8.0}


def test_pictures_that_cannot_be_read_are_refused(pictures):
    bomb = draw(20_000, "1")
    bodies = [b"", b"no picture", draw()[:40], bomb, b"<svg/>"]

    answers = [pictures.call("POST", "/v1/pictures/predict", b, {"Content-Type": "image/png"}) for b in bodies]

    assert [answer.status for answer in answers] == [422] * len(bodies)
    assert "million pixels" in answers[3].json["detail"]
    assert pictures.post("/v1/pictures/predict", {"image": "%%%"}).status == 422
