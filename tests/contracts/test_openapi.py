"""The OpenAPI document is committed, complete, and true under fire: schemathesis finds no answer of status 5xx."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
import requests
import schemathesis
import yaml
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from lifecycle.accounts.services import tokens
from lifecycle.projects.models import Membership
from tests.contracts.world import World, build_world

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
# (examples per operation, which part of the operations): half a minute, and ten with the long tests
ROUNDS = [(2, 9), pytest.param(15, 1, marks=pytest.mark.long)]
ORIGIN = "http://testserver"
FIRE = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def document() -> str:
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def read_document(document) -> dict:
    """The document as data; libyaml reads its twenty thousand lines ten times as fast as Python does."""
    return yaml.load(document, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def test_the_document_is_the_committed_one(document):
    assert document == SNAPSHOT.read_text(), "run `make openapi` and commit docs/openapi.yaml"


def test_every_operation_says_what_it_answers(read_document):
    schema = read_document
    silent = [
        f"{method.upper()} {path}"
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if not set(operation["responses"]) - {"default"}
    ]

    assert schema["openapi"].startswith("3.1")
    assert not silent


@pytest.mark.timeout(1_800)
@pytest.mark.django_db
@pytest.mark.parametrize(("examples", "part"), ROUNDS)
def test_no_input_brings_a_5xx(read_document, tmp_path, examples, part):
    """Every operation with input that fits its schema and input that does not, by an owner who is an admin too."""
    world = build_world("mine", 3, tmp_path)
    world.owner.is_superuser = True
    world.owner.save()
    schema = schemathesis.openapi.from_dict(read_document)
    broken: dict[str, str] = {}
    answers: Counter[int] = Counter()

    for result in list(schema.get_all_operations())[::part]:
        fire(result.ok(), world, broken, answers, examples)

    assert answers[200] + answers[201] > sum(answers.values()) / 10, f"the requests miss their targets: {answers}"
    print("answers by status:", dict(answers))
    assert Membership.objects.filter(project=world.project).exists(), "every call was undone"
    assert not broken, "\n" + "\n".join(f"{label}: {told}" for label, told in broken.items())


def fire(operation, world: World, broken: dict[str, str], answers: Counter[int], examples: int) -> None:
    """Send generated requests at one operation; half of them at objects that exist."""
    _, secret = tokens.issue(user=world.owner, name="fuzz")
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})
    known = {name: value for name, value in world.arguments.items() if f"{{{name}}}" in operation.path}
    cases = st.one_of(
        operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known),
        operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=known),
        operation.as_strategy(GenerationMode.POSITIVE),
    )

    @settings(FIRE, max_examples=examples)
    @given(cases)
    def send_all(case):
        with transaction.atomic():
            answer = send(client, case)
            transaction.set_rollback(True)
        answers[answer.status_code] += 1
        if answer.status_code >= 500:
            broken.setdefault(operation.label, f"{answer.status_code} for {case.as_curl_command()[:300]}")

    send_all()


def send(client: Client, case):
    """The generated request in this process, with our token instead of a generated one."""
    request = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
    ours = ("content-length", "cookie", "authorization")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in ours}
    content_type = headers.pop("Content-Type", "application/octet-stream")
    path = request.url.removeprefix(ORIGIN)
    answer = client.generic(request.method, path, request.body or b"", content_type=content_type, headers=headers)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer
