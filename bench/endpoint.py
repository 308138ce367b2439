"""The inference server beside ONNX Runtime alone: requests a second and latency at 1, 16 and 64 connections.

A small network (64-128-64-3, softmax) and JSON in and out. The limit is what as many bare processes as the server has
workers can do in a loop, in this same run: parse the JSON, run the model, render the answer; no HTTP, no log, no
tokens. What the server does besides: HTTP, access, validation, batching, and one durable log line an answer.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

COLUMNS, LAYERS = 64, (128, 64)
WORKERS = 2
CONNECTIONS = (1, 16, 64)
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
LIMIT_SECONDS = 2.0
TARGET_RATIO, TARGET_P99_MS = 0.4, 30.0


def build_tensor_body() -> bytes:
    values = [round((n * 37 % 100) / 100, 4) for n in range(COLUMNS)]
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, COLUMNS], "data": values}
    return json.dumps({"inputs": [tensor]}).encode()


def build_row_body() -> bytes:
    return json.dumps({"row": {f"x{n}": round((n * 37 % 100) / 100, 4) for n in range(COLUMNS)}}).encode()


def loop_tensors(folder: str, seconds: float) -> float:
    """Runs a second of ONNX Runtime with JSON read and written, in this process."""
    import numpy as np
    import onnxruntime as ort
    import orjson

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    run = ort.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"]).run
    body, count, end = build_tensor_body(), 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        tensor = orjson.loads(body)["inputs"][0]
        array = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
        answer = run(None, {"features": array})[0]
        orjson.dumps({"outputs": [{"data": answer}]}, option=orjson.OPT_SERIALIZE_NUMPY)
        count += 1
    return count / seconds


def loop_rows(folder: str, seconds: float) -> float:
    """The same for a row as people send it: by column name, through the artifact's own code."""
    import orjson

    from workers.engines.artifact import Predictor

    predictor = Predictor.load(folder)
    body, count, end = build_row_body(), 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        orjson.dumps(predictor.predict([orjson.loads(body)["row"]]))
        count += 1
    return count / seconds


def measure_limit(loop: Any, folder: Path) -> float:
    """The best of three, summed over as many processes as the server has workers."""
    with ProcessPoolExecutor(WORKERS) as pool:
        totals = []
        for _ in range(3):
            runs = [pool.submit(loop, str(folder), LIMIT_SECONDS) for _ in range(WORKERS)]
            totals.append(sum(run.result() for run in runs))
    return max(totals)


def prepare(folder: Path) -> tuple[Any, Any, Path]:
    """A throw-away database with one deployment, and the server that answers for it."""
    import tests.servers  # noqa: F401 - starts Postgres and says where before Django reads its settings

    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from lifecycle.deployments import services
    from tests.artifacts import build_row_artifact
    from tests.factories import ProjectFactory
    from tests.workers.serving.conftest import Serving, make_token, make_version

    project = ProjectFactory(problem_type="tabular_classification")
    artifact = folder / "artifact"
    version = make_version(project, artifact, build_row_artifact, columns=COLUMNS, layers=LAYERS)
    deployment = services.create(
        project=project, user=project.created_by, version=version, slug="bench", max_queue=1024
    )
    home = folder / "home"
    home.mkdir()
    serving = Serving(home, workers=WORKERS, token=make_token(project.created_by))
    serving.start()
    serving.wait_for_release(deployment)
    return serving, deployment, artifact


def measure(serving: Any, path: str, body: bytes, limit: float, connections: int) -> dict[str, Any]:
    """One row of the table."""
    from bench._load import drive

    headers = {"Authorization": f"Bearer {serving.token}", "Content-Type": "application/json"}
    drive(serving.url + path, body, headers, connections=connections, seconds=1)
    load = drive(serving.url + path, body, headers, connections=connections, seconds=SECONDS)
    return {"connections": connections, **asdict(load), "limit": round(limit), "ratio": round(load.rps / limit, 4)}


def measure_all(serving: Any, folder: Path) -> list[dict[str, Any]]:
    """All rows: what people send, what protocol clients send, and HTTP with nothing behind it."""
    doors = (
        ("v2 JSON tensor", "/v2/models/bench/infer", build_tensor_body(), measure_limit(loop_tensors, folder)),
        ("v1 JSON row", "/v1/bench/predict", build_row_body(), measure_limit(loop_rows, folder)),
    )
    rows = []
    for name, path, body, limit in doors:
        rows += [{"what": name, **measure(serving, path, body, limit, n)} for n in CONNECTIONS]
    nothing = measure(serving, "/v2/health/live", b"", doors[0][3], CONNECTIONS[-1])
    return [*rows, {"what": "HTTP alone", **nothing}]


def render(rows: list[dict[str, Any]]) -> str:
    lines = ["| what | connections | requests/s | p50 ms | p99 ms | limit | ratio | errors |", "|" + "---|" * 8]
    for row in rows:
        lines.append(
            f"| {row['what']} | {row['connections']} | {row['rps']:,.0f} | {row['p50_ms']:.2f} | {row['p99_ms']:.2f} "
            f"| {row['limit']:,} | {row['ratio']:.3f} | {row['errors']} |"
        )
    return "\n".join(lines)


def count_unlogged(deployment: Any, serving: Any) -> int:
    """How many answers are not in the log two minutes after the last one; what was counted is what was answered."""
    from lifecycle.deployments.models import Prediction

    text = serving.get("/metrics").body.decode().splitlines()
    counted = sum(
        float(line.rpartition(" ")[2]) for line in text if line.startswith("gristmill_serving_requests_total")
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        logged = Prediction.objects.filter(deployment=deployment).count()
        if logged >= counted:
            break
        time.sleep(1)
    return int(counted - logged)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gm-bench-") as name:
        serving, deployment, artifact = prepare(Path(name))
        try:
            rows = measure_all(serving, artifact)
        finally:
            waiting = count_unlogged(deployment, serving)
            serving.stop()
    for row in rows:
        print(json.dumps(row))
    print(render(rows), file=sys.stderr)
    print(f"answers not in the log after two minutes: {waiting:,}", file=sys.stderr)


if __name__ == "__main__":
    main()
