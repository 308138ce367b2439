"""The Open Inference Protocol, spoken by the real tritonclient."""

from __future__ import annotations

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from lifecycle.deployments.models import Prediction

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "cells"


@pytest.fixture
def client(serving):
    client = triton.InferenceServerClient(f"127.0.0.1:{serving.port}")
    yield client
    client.close()


@pytest.fixture
def headers(serving):
    return {"Authorization": f"Bearer {serving.token}"}


def build_input(array, binary: bool = True, name: str = "features", datatype: str = "FP32"):
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def test_health_and_metadata_are_as_the_protocol_says(client, headers):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(NAME, headers=headers)
    assert client.is_model_ready(NAME, "1", headers=headers)
    assert not client.is_model_ready(NAME, "9", headers=headers)
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata(NAME, headers=headers)
    assert metadata["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}]
    assert metadata["versions"] == ["1"]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False, None])
def test_binary_and_json_tensors_give_the_same_answer(client, headers, binary_in, binary_out):
    rows = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    outputs = None if binary_out is None else [triton.InferRequestedOutput("probabilities", binary_data=binary_out)]

    answer = client.infer(NAME, [build_input(rows, binary_in)], outputs=outputs, headers=headers, request_id="r1")

    table = answer.as_numpy("probabilities")
    assert table.shape == (2, 3)
    assert np.allclose(table.sum(axis=1), 1, atol=1e-5)
    assert answer.get_response()["id"] == "r1"
    assert answer.get_response()["model_version"] == "1"
    single = client.infer(NAME, [build_input(rows[:1])], headers=headers).as_numpy("probabilities")
    assert np.allclose(single, table[:1], atol=1e-6)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests_are_understood(client, headers, algorithm):
    rows = np.zeros((1, 4), np.float32)

    answer = client.infer(NAME, [build_input(rows)], headers=headers, request_compression_algorithm=algorithm)

    assert answer.as_numpy("probabilities").shape == (1, 3)


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (build_input(np.zeros((1, 5), np.float32)), "must have the shape"),
        (build_input(np.zeros((1, 4), np.float64), datatype="FP64"), "must have the datatype FP32"),
        (build_input(np.zeros((1, 4), np.float32), name="pixels"), "has no input 'pixels'"),
        (build_input(np.zeros((0, 4), np.float32)), "at least 1"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_with_a_sentence(client, headers, tensor, sentence):
    with pytest.raises(InferenceServerException, match=sentence):
        client.infer(NAME, [tensor], headers=headers)


def test_calls_are_logged_with_their_answer(serving, deployment, client, headers):
    rows = np.zeros((2, 4), np.float32)

    client.infer(NAME, [build_input(rows[:1], binary=False)], headers=headers)
    client.infer(NAME, [build_input(rows)], headers=headers)

    serving.wait_for_log(deployment, 3)
    logged = Prediction.objects.filter(door="v2", deployment=deployment)
    assert logged.count() == 3
    assert {p.output["label"] for p in logged} == {"cat"}
    assert logged.exclude(input=None).get().input["tensors"][0]["name"] == "features"


def test_an_unknown_model_is_not_found(client, headers):
    with pytest.raises(InferenceServerException, match="no such deployment"):
        client.get_model_metadata("nobody", headers=headers)
