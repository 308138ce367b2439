"""Round the whole loop by a script, over REST alone: texts and a table."""

from __future__ import annotations

import uuid

import pytest
import requests

from tests.journeys import material

TEXT = {
    "name": "Reviews by script",
    "problem_type": "text_classification",
    "charter": {"problem_statement": "Fresh or rotten?", "target_metric": "accuracy", "target_threshold": 0.6},
    "classes": ["fresh", "rotten"],
    "file": ("reviews.csv", lambda: material.reviews(1500)),
    "mapping": {"text": "text", "label": "verdict"},
    "recipe": "text_fast",
    "instance": {"text": "A moving, beautifully acted and very funny film."},
    "truth": "fresh",
}
TABLE = {
    "name": "Diamonds by script",
    "problem_type": "tabular_regression",
    "charter": {"problem_statement": "Price a diamond.", "target_metric": "r2", "target_threshold": 0.9},
    "classes": [],
    "file": ("diamonds.csv", lambda: material.diamonds(5000)),
    "mapping": {"label": "price"},
    "recipe": "tabular_lightgbm",
    "instance": {
        "row": {
            "carat": 0.7, "cut": "Ideal", "color": "E", "clarity": "VS1",
            "depth": 61.5, "table": 55, "x": 5.7, "y": 5.72, "z": 3.5,
        }
    },
    "truth": "3000",
}  # fmt: skip


@pytest.mark.parametrize("plan", [TEXT, pytest.param(TABLE, marks=pytest.mark.long)], ids=["text", "table"])
def test_a_script_goes_round_the_loop(product, plan):
    slug = _create_and_import(product, plan)
    version = _commit(product, slug)
    evaluation = _train(product, slug, version, plan)
    deployment = _deploy(product, slug, evaluation)

    request_id = _predict(product, slug, deployment, plan)
    _give_feedback(product, slug, deployment, request_id, plan)
    pipeline = _retrain(product, slug)

    assert [s["state"] for s in pipeline["steps"]].count("failed") == 0, pipeline
    assert pipeline["state"] == "succeeded"


def _create_and_import(product, plan) -> str:
    project = product.call(
        "POST", "/projects/", json={k: plan[k] for k in ("name", "problem_type", "charter", "classes")}
    )
    slug = project["slug"]
    name, read = plan["file"]
    upload = product.upload(slug, name, read())
    collection = product.call(
        "POST", f"/projects/{slug}/collections/", json={"uploads": [upload], "mapping": plan["mapping"], "start": True}
    )
    done = product.wait_for(
        f"/projects/{slug}/collections/{collection['id']}/", lambda c: c["finished_at"], "the end of the import"
    )
    assert done["accepted"] > 1400
    assert done["rejected"] < 10
    return slug


def _commit(product, slug: str) -> int:
    job = product.call("POST", f"/projects/{slug}/versions/", json={"message": "By script"})
    done = product.wait_for_job(slug, job["job"])
    return done["result"]["version"]


def _train(product, slug: str, version: int, plan) -> dict:
    run = product.call(
        "POST", f"/projects/{slug}/runs/", json={"recipe": plan["recipe"], "dataset_version": version, "seed": 1}
    )
    path = f"/projects/{slug}/runs/{run['number']}/"
    done = product.wait_for(path, lambda r: r["state"] in ("succeeded", "failed"), "the end of the training")
    assert done["state"] == "succeeded", done
    found = product.wait_for(
        f"/projects/{slug}/evaluations/?run={run['number']}",
        lambda page: page["results"] and page["results"][0]["finished_at"],
        "the evaluation",
    )
    return {**found["results"][0], "run_number": run["number"]}


def _deploy(product, slug: str, evaluation: dict) -> str:
    version = product.call("POST", f"/projects/{slug}/model-versions/", json={"run": evaluation["run_number"]})
    name, number = version["model"], version["number"]
    product.call("PUT", f"/projects/{slug}/models/{name}/versions/{number}/aliases/champion/")
    deployment = product.call("POST", f"/projects/{slug}/deployments/", json={"model": name, "version": number})
    return deployment["slug"]


def _predict(product, slug: str, deployment: str, plan) -> str:
    product.wait_for(
        f"/projects/{slug}/deployments/{deployment}/",
        lambda d: d["current_release"]["loaded_at"],
        "the inference server taking the release over",
    )
    request_id = str(uuid.uuid4())
    answer = requests.post(
        f"{product.serving_url}/v1/{deployment}/predict",
        json=plan["instance"],
        headers={"Authorization": f"Bearer {product.token}", "X-Request-Id": request_id},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["request_id"] == request_id
    return request_id


def _give_feedback(product, slug: str, deployment: str, request_id: str, plan) -> None:
    path = f"/projects/{slug}/deployments/{deployment}/predictions/"
    product.wait_for(
        path, lambda page: any(p["request_id"] == request_id for p in page["results"]), "the prediction's log line"
    )
    row = {"request_id": request_id, "truth": plan["truth"]}
    product.call("POST", f"/projects/{slug}/feedback/", json={"rows": [row]})


def _retrain(product, slug: str) -> dict:
    started = product.call("POST", f"/projects/{slug}/pipelines/", json={"message": "After feedback"})
    return product.wait_for(
        f"/projects/{slug}/pipelines/{started['number']}/",
        lambda p: p["state"] != "running",
        "the end of the retraining",
    )
