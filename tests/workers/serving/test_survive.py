"""Releases that change under load, processes that are killed, a database that goes away."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter

import pytest

from lifecycle.deployments import services
from lifecycle.deployments.models import Prediction
from tests.workers.serving.conftest import database_url, make_token, make_version

pytestmark = pytest.mark.django_db(transaction=True)
BODY = json.dumps({"row": {"x0": 0, "x1": 0, "x2": 0, "x3": 0}}).encode()


class Crowd:
    """Clients that ask without a pause until stopped, each over connections of its own."""

    def __init__(self, serving, clients: int = 4):
        self.serving = serving
        self.acknowledged: dict[str, str] = {}  # {request id: model version}
        self.failures: Counter = Counter()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {self.serving.token}", "Content-Type": "application/json"}
        while not self._stopping.is_set():
            sent = {**headers, "X-Request-Id": str(uuid.uuid4())}
            request = urllib.request.Request(f"{self.serving.url}/v1/cells/predict", BODY, sent)
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    found = json.loads(answer.read())
                    self.acknowledged[found["request_id"]] = found["model_version"]
            except urllib.error.HTTPError as error:
                self.failures[error.code] += 1
            except OSError as error:
                self.failures[type(error).__name__] += 1

    def wait_for(self, count: int) -> None:
        target = len(self.acknowledged) + count
        self.serving.wait_for(lambda: len(self.acknowledged) >= target)


def assert_all_logged(serving, deployment, crowd: Crowd) -> None:
    serving.wait_for_log(deployment, len(crowd.acknowledged))
    logged = Prediction.objects.filter(deployment=deployment, status=200).values_list("request_id", flat=True)
    missing = set(crowd.acknowledged) - {str(request_id) for request_id in logged}
    assert not missing, f"{len(missing)} of {len(crowd.acknowledged)} acknowledged answers are not in the log"


@pytest.fixture
def pair(build_serving, deployment, tabular):
    """Two workers, as `make run` starts."""
    serving = build_serving(workers=2, token=make_token(tabular.created_by))
    serving.wait_for_release(deployment)
    return serving


def test_releases_change_under_load_without_a_failed_request(pair, deployment, tabular, tmp_path):
    better = make_version(tabular, tmp_path / "v2", winner=1)

    with Crowd(pair) as crowd:
        crowd.wait_for(50)
        first = deployment.current_release
        for _ in range(2):
            services.release(deployment=deployment, user=tabular.created_by, version=better)
            pair.wait_for_release(deployment)
            crowd.wait_for(30)
            services.rollback(deployment=deployment, user=tabular.created_by, release=first)
            pair.wait_for_release(deployment)
            crowd.wait_for(30)

    assert not crowd.failures
    assert set(crowd.acknowledged.values()) == {"cells v1", "cells v2"}
    assert_all_logged(pair, deployment, crowd)


def test_once_a_release_is_marked_as_loaded_every_process_answers_with_it(pair, deployment, tabular, tmp_path):
    better = make_version(tabular, tmp_path / "v2", winner=1)
    services.release(deployment=deployment, user=tabular.created_by, version=better)

    pair.wait_for_release(deployment)

    answers = [pair.post("/v1/cells/predict", json.loads(BODY)).json for _ in range(30)]
    assert {answer["model_version"] for answer in answers} == {"cells v2"}
    assert {answer["prediction"]["label"] for answer in answers} == {"dog"}


def test_a_release_that_cannot_be_loaded_leaves_the_old_one_answering(pair, deployment, tabular, tmp_path):
    broken = make_version(tabular, tmp_path / "v2", winner=1)
    broken.artifact.files = {**broken.artifact.files, "model.onnx": broken.artifact.files["manifest.json"]}
    broken.artifact.content_hash = "0" * 64
    broken.artifact.save()

    with Crowd(pair, clients=1) as crowd:
        release = services.release(deployment=deployment, user=tabular.created_by, version=broken)
        pair.wait_for(lambda: type(release).objects.get(pk=release.pk).load_error)
        crowd.wait_for(20)

    assert not crowd.failures
    assert set(crowd.acknowledged.values()) == {"cells v1"}
    release.refresh_from_db()
    assert "cannot be loaded" in release.load_error
    assert release.loaded_at is None
    assert pair.get("/healthz").json["status"] == "degraded"


def test_a_server_that_starts_on_a_release_that_cannot_be_loaded_answers_with_the_one_before(
    pair, build_serving, deployment, tabular, tmp_path
):
    broken = make_version(tabular, tmp_path / "v2", winner=1)
    broken.artifact.files = {**broken.artifact.files, "model.onnx": broken.artifact.files["manifest.json"]}
    broken.artifact.content_hash = "1" * 64
    broken.artifact.save()
    release = services.release(deployment=deployment, user=tabular.created_by, version=broken)
    pair.wait_for(lambda: type(release).objects.get(pk=release.pk).load_error)
    pair.stop()

    later = build_serving(workers=1, token=pair.token, name="later")

    answer = later.post("/v1/cells/predict", json.loads(BODY))
    assert (answer.status, answer.json["model_version"]) == (200, "cells v1")
    assert later.get("/healthz").json["status"] == "degraded"


def test_killed_processes_lose_no_acknowledged_answer(pair, deployment):
    with Crowd(pair) as crowd:
        for _ in range(3):
            crowd.wait_for(60)
            pair.kill_workers()
        crowd.wait_for(20)

    assert_all_logged(pair, deployment, crowd)
    assert set(crowd.failures) <= {"ConnectionResetError", "RemoteDisconnected", "URLError", "BadStatusLine"}


def test_what_a_killed_server_left_is_logged_by_the_next_one(pair, build_serving, deployment):
    with Crowd(pair) as crowd:
        crowd.wait_for(60)
        pids = pair.worker_pids()
        pair.process.kill()  # the children notice and leave
        pair.process.wait()
        pair.process = None
        pair.wait_for(lambda: not any(is_alive(pid) for pid in pids))

    pair.start()

    assert_all_logged(pair, deployment, crowd)


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_clean_stop_answers_what_is_under_way_and_logs_it(pair, deployment):
    with Crowd(pair) as crowd:
        crowd.wait_for(60)
        pair.stop()
        answered = len(crowd.acknowledged)

    assert answered
    logged = Prediction.objects.filter(deployment=deployment).count()
    assert logged == len(crowd.acknowledged)
    # 503: connected in the very moment of the stop, and told so
    assert set(crowd.failures) <= {503, "URLError", "ConnectionResetError", "RemoteDisconnected"}


def test_too_many_at_once_are_told_to_come_back(build_serving, deployment, tabular):
    services.configure(deployment=deployment, user=tabular.created_by, max_queue=1, logs_inputs=True)
    serving = build_serving(token=make_token(tabular.created_by))
    serving.wait_for_release(deployment)
    rows = json.dumps({"instances": [json.loads(BODY)["row"]] * 1000}).encode()
    answers: list = []

    def ask() -> None:
        answers.append(serving.call("POST", "/v1/cells/predict", rows, {"Content-Type": "application/json"}))

    for _ in range(10):
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(answer.status == 429 for answer in answers):
            break

    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} == {200, 429}
    assert refused[0].headers["retry-after"] == "1"
    assert serving.post("/v1/cells/predict", json.loads(BODY)).status == 200


def test_a_stopped_deployment_answers_no_more_until_it_is_started(serving, deployment, tabular):
    services.stop(deployment=deployment, user=tabular.created_by)
    serving.wait_for(lambda: serving.post("/v1/cells/predict", json.loads(BODY)).status == 404)
    services.start(deployment=deployment, user=tabular.created_by)
    serving.wait_for(lambda: serving.post("/v1/cells/predict", json.loads(BODY)).status == 200)


def test_inputs_are_not_kept_when_nobody_wants_them(serving, deployment, tabular):
    services.configure(deployment=deployment, user=tabular.created_by, max_queue=256, logs_inputs=False)
    time.sleep(1.5)

    serving.post("/v1/cells/predict", json.loads(BODY))

    serving.wait_for_log(deployment, 1)
    logged = Prediction.objects.get(deployment=deployment)
    assert logged.input is None
    assert logged.features["x0"] == 0


def test_metrics_are_summed_over_the_processes(pair, deployment):
    for _ in range(40):
        pair.post("/v1/cells/predict", json.loads(BODY))
    pair.post("/v1/cells/predict", {"row": {}})
    wanted = 'gristmill_serving_requests_total{deployment="cells",status="200"} 40.0'

    pair.wait_for(lambda: wanted in pair.get("/metrics").body.decode())

    text = pair.get("/metrics").body.decode()
    assert 'gristmill_serving_requests_total{deployment="cells",status="422"} 1.0' in text
    assert 'gristmill_serving_request_seconds_count{deployment="cells"} 41.0' in text
    assert 'gristmill_serving_model_loads_total{deployment="cells",outcome="loaded"} 2.0' in text
    assert 'gristmill_serving_queue_depth{deployment="cells"} 0.0' in text


def test_while_postgres_is_away_answers_go_on_and_the_log_catches_up(build_serving, deployment, tabular):
    gate = Gate(database_url())
    serving = build_serving(token=make_token(tabular.created_by), database=gate.url)
    serving.wait_for_release(deployment)
    serving.post("/v1/cells/predict", json.loads(BODY))

    gate.close()
    time.sleep(5)  # longer than a token is remembered
    answers = [serving.post("/v1/cells/predict", json.loads(BODY)) for _ in range(20)]
    unknown = serving.post("/v1/cells/predict", json.loads(BODY), Authorization="Bearer gm_new")
    health = serving.get("/healthz")
    gate.open()

    assert {answer.status for answer in answers} == {200}
    assert unknown.status == 503
    assert health.status == 200 and health.json["status"] == "degraded"
    serving.wait_for_log(deployment, 21)
    gate.stop()


class Gate:
    """A relay in front of Postgres that can be closed."""

    def __init__(self, url: str):
        query = url.partition("?host=")[2]
        self._target = f"{query}/.s.PGSQL.5432"
        self._connections: list[socket.socket] = []
        self._is_open = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = url.partition("?host=")[0].replace("@/", f"@127.0.0.1:{port}/")
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._is_open:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            self._connections += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._relay, args=(source, target), daemon=True).start()

    def _relay(self, source, target) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):  # wakes the other direction's thread too, which closing would not
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._is_open = False
        for connection in self._connections:
            with contextlib.suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def open(self) -> None:
        self._is_open = True

    def stop(self) -> None:
        self.close()
        self._listener.close()
