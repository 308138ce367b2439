"""The v1 door: what a person's program sends and gets."""

from __future__ import annotations

import uuid

import pytest

from lifecycle.deployments.models import Prediction

pytestmark = pytest.mark.django_db(transaction=True)
ROW = {"x0": 0.1, "x1": 0.2, "x2": 0.3, "x3": 0.4}


def test_a_row_is_answered_logged_and_described(serving, deployment):
    answer = serving.post("/v1/cells/predict", {"row": ROW})

    assert answer.status == 200
    assert answer.json["model_version"] == "cells v1"
    assert answer.json["prediction"]["label"] == "cat"
    assert answer.headers["x-request-id"] == answer.json["request_id"]
    assert "dur=" in answer.headers["server-timing"]
    serving.wait_for_log(deployment, 1)
    logged = Prediction.objects.get(deployment=deployment)
    assert str(logged.request_id) == answer.json["request_id"]
    assert logged.input == {"row": ROW}
    assert logged.features == ROW
    assert logged.output == answer.json["prediction"]
    assert (logged.door, logged.status, logged.deployment_id) == ("v1", 200, deployment.pk)


def test_a_request_id_that_is_a_uuid_is_kept(serving):
    wanted = str(uuid.uuid4())

    kept = serving.post("/v1/cells/predict", {"row": ROW}, **{"X-Request-Id": wanted})
    replaced = serving.post("/v1/cells/predict", {"row": ROW}, **{"X-Request-Id": "my id"})

    assert kept.json["request_id"] == wanted
    assert uuid.UUID(replaced.json["request_id"])


def test_several_rows_get_an_id_each(serving, deployment):
    answer = serving.post("/v1/cells/predict", {"instances": [{"row": ROW}, ROW, {**ROW, "x0": None}]})

    assert answer.status == 200
    ids = [prediction["request_id"] for prediction in answer.json["predictions"]]
    assert len(set(ids)) == 3
    serving.wait_for_log(deployment, 3)
    logged = Prediction.objects.filter(deployment=deployment)
    assert {str(p.request_id) for p in logged} == set(ids)
    assert logged.filter(features__x0=None).count() == 1


def test_metadata_says_what_to_send(serving):
    answer = serving.get("/v1/cells")

    assert answer.json["item_kind"] == "row"
    assert answer.json["columns"][0] == {"name": "x0", "kind": "number"}
