"""Many clients over HTTP against the real web process, some of which vanish, while it is killed and started again:
every task ends with exactly two answers of two people, none lost, none twice."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.db.models import Count

from lifecycle.accounts.services import tokens
from lifecycle.annotations import rules, services
from lifecycle.annotations.models import Annotation, QueueSettings, Task
from lifecycle.annotations.services.ordering import put_first
from lifecycle.contracts.settings import load_settings
from lifecycle.datasets.models import Dataset, Item
from tests import factories
from workers.supervisor.plan import web_command

ROOT = Path(__file__).resolve().parents[3]
CLASSES = ["cat", "dog", "owl"]
PATIENCE_SECONDS = 120
SLACK_SECONDS = 10  # what was abandoned comes back within its lease and this


class Server:
    """The web process as `make run` starts it, on the test database; killed like a machine loses power."""

    def __init__(self, monkeypatch, log: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        monkeypatch.setenv("GRISTMILL_PORT", str(self.port))
        self.command = web_command(load_settings(ROOT))
        parts = urlsplit(os.environ["DATABASE_URL"])
        url = urlunsplit(parts._replace(path="/" + str(connection.settings_dict["NAME"])))
        self.environment = {**os.environ, "DATABASE_URL": url, "GRISTMILL_DATABASE_POOL": "on"}
        self.log = log

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"the web process did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def answers(self) -> bool:
        """Whether a request is answered: the port is open some seconds before that."""
        try:
            asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            asked.request("GET", "/account/login")
            return asked.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait(20)


@dataclass
class Record:
    """What all clients did, under one lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    saved: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # key -> (annotation, task, user)
    refused: int = 0
    abandoned: dict[int, float] = field(default_factory=dict)  # task -> when
    vanished: dict[int, int] = field(default_factory=dict)  # task -> who had it
    handed: dict[int, dict[int, float]] = field(default_factory=dict)  # task -> {user: when it was first given to them}
    outages: list[tuple[float, float]] = field(default_factory=list)  # nobody was there to hand anything out
    failures: list[BaseException] = field(default_factory=list)

    def count_saved(self) -> int:
        with self.lock:
            return len(self.saved)


class Client(threading.Thread):
    """One annotator with a token: takes tasks, answers them, repeats what got no answer; may vanish in mid-task."""

    def __init__(self, server: Server, project, user, record: Record, *, seed: int, vanishes_after: int | None):
        super().__init__(daemon=True)
        self.server, self.user, self.record = server, user, record
        self.base = f"/api/v1/projects/{project.slug}/"
        _, secret = tokens.issue(user=user, name="client")
        self.headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self.dice = random.Random(seed)
        self.vanishes_after = vanishes_after
        self.stop = threading.Event()
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        try:
            answered = 0
            while not self.stop.is_set():
                taken = self.post("queue/next/", {"count": self.dice.randint(1, 4), "resume": True})["tasks"]
                if not taken:
                    self.stop.wait(0.2)
                    continue
                with self.record.lock:
                    for task in taken:
                        self.record.handed.setdefault(task["id"], {}).setdefault(self.user.pk, time.monotonic())
                if self.vanishes_after is not None and answered >= self.vanishes_after:
                    with self.record.lock:
                        self.record.abandoned |= {task["id"]: time.monotonic() for task in taken}
                        self.record.vanished |= {task["id"]: self.user.pk for task in taken}
                    return
                self.answer([task["id"] for task in taken])
                answered += len(taken)
        except BaseException as error:  # noqa: BLE001 — a thread's failure is the test's failure
            self.record.failures.append(error)

    def answer(self, tasks: list[int]) -> None:
        operations = [
            {
                "key": uuid.UUID(int=self.dice.getrandbits(128)).hex,
                "kind": "answer",
                "task": task,
                "result": rules.build_result("class", self.dice.choice(CLASSES)),
                "lead_time_ms": 900,
            }
            for task in tasks
        ]
        outcomes = self.post("annotations/batch/", {"as_user": self.user.pk, "operations": operations})["outcomes"]
        with self.record.lock:
            for operation, outcome in zip(operations, outcomes, strict=True):
                if outcome["status"] == "saved":
                    assert operation["key"] not in self.record.saved
                    self.record.saved[operation["key"]] = (outcome["annotation"], operation["task"], self.user.pk)
                else:
                    self.record.refused += 1

    def post(self, path: str, body: dict) -> dict:
        """The answer; asked again, with the same keys, while nobody is there to give one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not self.stop.is_set():
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
                self.connection.request("POST", self.base + path, json.dumps(body), self.headers)
                response = self.connection.getresponse()
                content = response.read()
                if response.status < 300:
                    return json.loads(content)
                if response.status < 500:
                    raise AssertionError(f"{response.status}: {content[:300]!r}")
            except (OSError, http.client.HTTPException):
                pass  # killed under us: that is what is tested
            self.connection = None
            self.stop.wait(0.1)
        if self.stop.is_set():
            return {"tasks": [], "outcomes": []}
        raise AssertionError("no answer from the web process")


def make_project(tasks: int, lease_seconds: int):
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    services.create_schema(project=project, classes=CLASSES, created_by=owner)
    services.change_settings(project=project, actor=owner, overlap=2)
    QueueSettings.objects.filter(project=project).update(lease_seconds=lease_seconds)
    dataset = Dataset.objects.get(project=project)
    collection = factories.CollectionFactory(dataset=dataset)
    Item.objects.bulk_create(
        Item(dataset=dataset, collection=collection, content_hash=f"{number:064x}", text=f"text {number}")
        for number in range(tasks)
    )
    services.open_tasks(collection=collection)
    return project


def label_all(monkeypatch, log: Path, *, crowd: int, tasks: int, lease_seconds: int, restarts: int) -> Record:
    """Run the whole crowd until every task is done; the web process is killed at even parts of the way."""
    project, record = make_project(tasks, lease_seconds), Record()
    people = [factories.UserFactory(email=f"client{number}@example.org") for number in range(crowd)]
    for person in people:
        factories.MembershipFactory(project=project, user=person, role="annotator")
    server = Server(monkeypatch, log)
    server.start()
    urged: set[int] = set()

    def urge() -> None:
        """What was abandoned is wanted before all else: so it is seen when it is to be had again."""
        with record.lock:
            fresh = set(record.abandoned) - urged
        if fresh:
            urged.update(fresh)
            put_first(project=project, task_ids=sorted(fresh))

    lost = max(1, crowd // 10)
    share = 2 * tasks // crowd
    clients = [
        Client(server, project, person, record, seed=number, vanishes_after=share // 2 if number < lost else None)
        for number, person in enumerate(people)
    ]
    try:
        for client in clients:
            client.start()
        for part in range(1, restarts + 1):
            wait_until(lambda part=part: urge() or record.count_saved() >= 2 * tasks * part // (restarts + 1), record)
            killed_at = time.monotonic()
            server.kill()
            server.start()
            wait_until(server.answers, record)
            record.outages.append((killed_at, time.monotonic()))
        open_tasks = Task.objects.filter(dataset__project=project, state=Task.State.OPEN)
        wait_until(
            lambda: urge() or record.abandoned and not open_tasks.exclude(pk__in=record.abandoned).exists(), record
        )
        due = max(time.monotonic(), max(record.abandoned.values()) + lease_seconds) + SLACK_SECONDS
        wait_until(lambda: not open_tasks.exists(), record, until=due)
    finally:
        for client in clients:
            client.stop.set()
        for client in clients:
            client.join(30)
        server.kill()
    return record


def wait_until(is_true, record: Record, until: float | None = None) -> None:
    deadline = until or time.monotonic() + 1_500
    while not is_true():
        if record.failures:
            raise record.failures[0]
        assert time.monotonic() < deadline, "the crowd did not come to an end"
        time.sleep(0.1)


def check_came_back(record: Record, lease_seconds: int) -> None:
    """Each abandoned task was handed to the second of two others within its lease and the slack, outages not counted:
    while the lease of who vanished lives, there is room for one of them only.
    """
    assert record.abandoned
    late = {}
    for task, abandoned_at in record.abandoned.items():
        others = sorted(at for user, at in record.handed[task].items() if user != record.vanished[task])
        due = abandoned_at + lease_seconds + SLACK_SECONDS
        for start, end in record.outages:
            due += max(0.0, min(end, due) - max(start, abandoned_at))
        if len(others) < 2 or others[1] > due:
            late[task] = [round(at - abandoned_at, 1) for at in others]
    assert late == {}, f"seconds after which these came back: {late}"


def check(record: Record, tasks: int) -> None:
    """Exactly two answers of two people on each task; all that was acknowledged is there, once."""
    assert record.failures == []
    current = Annotation.objects.filter(is_current=True, kind="answer", origin="human")
    people = current.values("task").annotate(answers=Count("pk"), people=Count("user", distinct=True))
    assert [row for row in people if (row["answers"], row["people"]) != (2, 2)] == []
    assert Task.objects.filter(state=Task.State.DONE, answers=2).count() == tasks
    assert Annotation.objects.count() == 2 * tasks
    stored = set(current.values_list("pk", "task_id", "user_id"))
    assert set(record.saved.values()) == stored
    assert record.abandoned and Item.objects.filter(label__isnull=False).count() == tasks


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(240)
def test_a_few_clients_and_a_killed_web_process_lose_and_double_nothing(monkeypatch, tmp_path):
    record = label_all(monkeypatch, tmp_path / "web.log", crowd=6, tasks=40, lease_seconds=2, restarts=1)

    check(record, 40)
    check_came_back(record, 2)


@pytest.mark.long
@pytest.mark.serial
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(2_400)
def test_fifty_clients_five_thousand_tasks_and_two_kills_lose_and_double_nothing(monkeypatch, tmp_path):
    crowd, tasks = int(os.environ.get("LONG_CLIENTS", 50)), int(os.environ.get("LONG_TASKS", 5_000))

    record = label_all(monkeypatch, tmp_path / "web.log", crowd=crowd, tasks=tasks, lease_seconds=15, restarts=2)

    check(record, tasks)
    check_came_back(record, 15)
