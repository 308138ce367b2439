"""What every REST view gets for nothing: tokens, scopes, pages, problems, one effect per idempotency key."""

from __future__ import annotations

import threading
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.http import Http404
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.test import APIClient

from lifecycle.accounts.models import ApiToken, IdempotentReply
from lifecycle.accounts.services import tokens
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.models import Milestone
from tests import factories
from webapp import access
from webapp.api.base import ApiView, ProjectView
from webapp.api.pagination import CursorPagination


class MilestoneSerializer(serializers.ModelSerializer):
    class Meta:
        model = Milestone
        fields = ["id", "title"]


class MilestoneView(ProjectView):
    def get(self, request, slug):
        return self.respond_page(self.project.milestones.order_by("id"), MilestoneSerializer)

    def post(self, request, slug):
        values = self.parse(MilestoneSerializer)
        made = Milestone.objects.create(project=self.project, stage="train", created_by=request.user, **values)
        if made.title == "refuse":
            raise Conflict("Not in this state.")
        return Response({"id": made.pk, "title": made.title}, status=201)


class StreamView(MilestoneView):
    class pagination_class(CursorPagination):
        page_size = 2


class FailingView(ApiView):
    def get(self, request):
        kind = request.query_params["kind"]
        if kind == "domain":
            raise DomainError("The name is taken.", fields={"name": "Choose another."})
        if kind == "missing":
            raise Http404
        if kind == "data":
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s::int", [2**40])
        raise RuntimeError("nobody expected this")


urlpatterns = [
    path("api/v1/projects/<slug:slug>/milestones/", MilestoneView.as_view(), name="milestones"),
    path("api/v1/projects/<slug:slug>/stream/", StreamView.as_view(), name="stream"),
    path("api/v1/failing/", FailingView.as_view(), name="failing"),
]
ACCESS = {
    "milestones": {"GET": "viewer", "POST": "engineer"},
    "stream": {"GET": "viewer"},
    "failing": {"GET": "user"},
}


@pytest.fixture(autouse=True)
def routes(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    monkeypatch.setattr(access, "load_roles", lambda: ACCESS)


def client_of(user, scope="write", scheme="Bearer", **options) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {tokens.issue(user=user, name='t', scope=scope)[1]}", **options)
    return client


def milestones_url(project) -> str:
    return f"/api/v1/projects/{project.slug}/milestones/"


def test_anonymous_gets_401_with_a_problem_and_a_challenge(project):
    answer = APIClient().get(milestones_url(project))

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer"])
def test_a_token_works_under_both_schemes(project, owner, scheme):
    assert client_of(owner, scheme=scheme).get(milestones_url(project)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"token_hash": "0" * 64},
    ],
)
def test_a_dead_token_gets_401(project, owner, change):
    client = client_of(owner)
    ApiToken.objects.update(**change)

    answer = client.get(milestones_url(project))

    assert answer.status_code == 401
    assert answer.json()["code"] == "authentication_failed"


def test_the_token_of_an_inactive_person_gets_401(project, owner):
    client = client_of(owner)
    owner.is_active = False
    owner.save()

    assert client.get(milestones_url(project)).status_code == 401


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(project, owner, django_assert_num_queries):
    client = client_of(owner)
    client.get(milestones_url(project))
    noted = ApiToken.objects.get().last_used_at

    client.get(milestones_url(project))

    assert noted is not None
    assert ApiToken.objects.get().last_used_at == noted


def test_a_read_token_reads_and_changes_nothing(project, owner):
    client = client_of(owner, scope="read")

    assert client.get(milestones_url(project)).status_code == 200
    answer = client.post(milestones_url(project), {"title": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert not Milestone.objects.exists()


def test_a_predict_token_opens_nothing_here(project, owner):
    assert client_of(owner, scope="predict").get(milestones_url(project)).status_code == 403


def test_a_generated_password_opens_nothing_before_it_is_changed(project, owner):
    owner.must_change_password = True
    owner.save()
    client = APIClient()
    client.force_login(owner)

    answer = client.get(milestones_url(project))

    assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required")


def test_a_session_writes_only_with_the_csrf_token(project, owner):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)

    assert client.get(milestones_url(project)).status_code == 200
    assert client.post(milestones_url(project), {"title": "x"}, format="json").status_code == 403


def test_strangers_get_404_and_viewers_403(project, stranger, member):
    write = {"data": {"title": "x"}, "format": "json"}

    assert client_of(stranger).get(milestones_url(project)).status_code == 404
    assert client_of(member("viewer")).get(milestones_url(project)).status_code == 200
    assert client_of(member("annotator")).post(milestones_url(project), **write).status_code == 403
    assert client_of(member("engineer")).post(milestones_url(project), **write).status_code == 201


def test_a_method_the_url_does_not_know_gets_405(project, owner):
    answer = client_of(owner).delete(milestones_url(project))

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_url_missing_in_the_table_is_closed(project, owner, monkeypatch):
    monkeypatch.setattr(access, "load_roles", dict)

    assert client_of(owner).get(milestones_url(project)).status_code == 500


def test_pages_have_one_envelope(project, owner):
    for number in range(3):
        Milestone.objects.create(project=project, stage="train", title=str(number), created_by=owner)

    first = client_of(owner).get(milestones_url(project), {"page_size": 2}).json()
    second = client_of(owner).get(first["next"]).json()

    assert list(first) == ["count", "next", "previous", "results"]
    assert first["count"] == 3
    assert [row["title"] for row in first["results"]] == ["0", "1"]
    assert [row["title"] for row in second["results"]] == ["2"]
    assert second["next"] is None


def test_a_long_list_is_not_counted_to_its_end(project, owner, monkeypatch):
    monkeypatch.setattr("webapp.api.pagination.COUNT_LIMIT", 2)
    for number in range(5):
        Milestone.objects.create(project=project, stage="train", title=str(number), created_by=owner)

    body = client_of(owner).get(milestones_url(project), {"page_size": 1}).json()

    assert body["count"] is None
    assert body["next"]


@pytest.mark.parametrize("page", ["0", "x", "99", "9" * 30])
def test_a_page_that_is_not_there_gets_404(project, owner, page):
    assert client_of(owner).get(milestones_url(project), {"page": page}).status_code == 404


def test_a_cursor_walks_the_whole_list(project, owner):
    for number in range(5):
        Milestone.objects.create(project=project, stage="train", title=str(number), created_by=owner)
    client, url, titles = client_of(owner), milestones_url(project).replace("milestones", "stream"), []

    while url:
        body = client.get(url).json()
        titles += [row["title"] for row in body["results"]]
        url = body["next"]

    assert titles == ["4", "3", "2", "1", "0"]


def test_a_list_without_numbered_pages_says_so_instead_of_giving_the_first_one_again(project, owner):
    client, url = client_of(owner), milestones_url(project).replace("milestones", "stream")

    refused = client.get(url, {"page": 2})

    assert refused.status_code == 400 and "follow `next`" in refused.json()["detail"]
    assert client.get(url, {"page": 1}).status_code == 200


def test_errors_by_field_are_flat(project, owner):
    answer = client_of(owner).post(milestones_url(project), {"title": "x" * 300}, format="json").json()

    assert answer["status"] == 400
    assert answer["errors"][0]["field"] == "title"
    assert "200" in answer["errors"][0]["detail"]


@pytest.mark.parametrize(
    "body", [b"{", b"NaN", b'{"title": "\\ud800"}', b"[1, 2]", b'"text"', b"null", b'{"title": "a\\u0000b"}', b"\xff"]
)
def test_a_body_that_makes_no_sense_gets_400(project, owner, body):
    answer = client_of(owner).post(milestones_url(project), body, content_type="application/json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_of_another_type_gets_415(project, owner):
    answer = client_of(owner).post(milestones_url(project), b"<a/>", content_type="application/xml")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_too_large_gets_413(project, owner, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    answer = client_of(owner).post(milestones_url(project), {"title": "x" * 200}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_domain_error_keeps_its_sentence_code_and_fields(owner):
    answer = client_of(owner).get("/api/v1/failing/", {"kind": "domain"})

    assert answer.status_code == 400
    assert answer.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The name is taken.",
        "code": "invalid",
        "errors": [{"field": "name", "detail": "Choose another."}],
    }


@pytest.mark.django_db(transaction=True)
def test_a_value_that_the_database_refuses_gets_400(owner):
    assert client_of(owner).get("/api/v1/failing/", {"kind": "data"}).status_code == 400


def test_a_repeat_with_the_same_key_has_one_effect_and_the_same_answer(project, owner):
    client = client_of(owner, HTTP_IDEMPOTENCY_KEY="k1")

    first = client.post(milestones_url(project), {"title": "once"}, format="json")
    second = client.post(milestones_url(project), {"title": "once"}, format="json")

    assert Milestone.objects.count() == 1
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first


def test_the_same_key_with_another_body_is_a_conflict(project, owner):
    client = client_of(owner, HTTP_IDEMPOTENCY_KEY="k1")
    client.post(milestones_url(project), {"title": "once"}, format="json")

    answer = client.post(milestones_url(project), {"title": "other"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Milestone.objects.count() == 1


def test_a_key_belongs_to_one_person(project, owner, member):
    for user in (owner, member("engineer")):
        client = client_of(user, HTTP_IDEMPOTENCY_KEY="k1")
        assert client.post(milestones_url(project), {"title": "x"}, format="json").status_code == 201

    assert Milestone.objects.count() == 2


def test_a_failed_write_leaves_neither_effect_nor_record(project, owner):
    client = client_of(owner, HTTP_IDEMPOTENCY_KEY="k1")

    answer = client.post(milestones_url(project), {"title": "refuse"}, format="json")

    assert answer.status_code == 409
    assert not Milestone.objects.exists()
    assert not IdempotentReply.objects.exists()


def test_a_key_may_be_used_again_after_a_day(project, owner):
    client = client_of(owner, HTTP_IDEMPOTENCY_KEY="k1")
    client.post(milestones_url(project), {"title": "once"}, format="json")
    IdempotentReply.objects.update(created_at=timezone.now() - timedelta(hours=25))

    answer = client.post(milestones_url(project), {"title": "other"}, format="json")

    assert answer.status_code == 201
    assert Milestone.objects.count() == 2


def test_a_stranger_with_a_key_learns_nothing(project, stranger):
    client = client_of(stranger, HTTP_IDEMPOTENCY_KEY="k1")

    assert client.post(milestones_url(project), {"title": "x"}, format="json").status_code == 404
    assert not IdempotentReply.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_repeats_at_the_same_moment_have_one_effect():
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner)
    header = client_of(owner)._credentials["HTTP_AUTHORIZATION"]
    start, answers = threading.Barrier(8), []

    def send():
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=header, HTTP_IDEMPOTENCY_KEY="k1")
        start.wait()
        answers.append(client.post(milestones_url(project), {"title": "once"}, format="json"))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Milestone.objects.count() == 1
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert orjson.loads(answers[0].content)["title"] == "once"
