"""Projects over REST."""

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
NEW = {
    "name": "Diamonds",
    "problem_type": "tabular_regression",
    "charter": {"problem_statement": "Say the price.", "target_metric": "r2", "target_threshold": 0.975},
}


@pytest.fixture
def rest():
    def login(user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    return login


def test_a_script_makes_a_project_and_reads_its_loop(rest, stranger):
    client = rest(stranger)

    made = client.post("/api/v1/projects/", NEW, format="json")
    loop = client.get("/api/v1/projects/diamonds/loop/").json()

    assert made.status_code == 201
    assert made.json()["stage"] == "collect" and made.json()["role"] == "owner"
    assert loop["next"] == "collect" and len(loop["stages"]) == 10
    assert [row["slug"] for row in client.get("/api/v1/projects/?type=tabular_regression").json()["results"]] == [
        "diamonds"
    ]


def test_a_wrong_charter_is_a_problem_by_field(rest, stranger):
    wrong = NEW | {"charter": NEW["charter"] | {"target_metric": "accuracy"}}

    answer = rest(stranger).post("/api/v1/projects/", wrong, format="json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "target_metric"


def test_the_charter_is_patched_into_a_new_version(rest, project, owner):
    client, address = rest(owner), f"/api/v1/projects/{project.slug}/charter/"

    changed = client.patch(address, {"max_latency_ms": 20, "change_note": "faster", "based_on": 1}, format="json")
    stale = client.patch(address, {"max_latency_ms": 30, "based_on": 1}, format="json")

    assert changed.json()["version"] == 2 and changed.json()["problem_statement"]
    assert stale.status_code == 409
    assert client.get(f"{address}versions/").json()["count"] == 2


def test_the_plan_the_log_the_people_and_the_feed(rest, project, owner, stranger):
    client, base = rest(owner), f"/api/v1/projects/{project.slug}"

    milestone = client.post(f"{base}/milestones/", {"title": "First", "stage": "train"}, format="json").json()
    done = client.patch(f"{base}/milestones/{milestone['id']}/", {"is_done": True}, format="json").json()
    decision = client.post(f"{base}/decisions/", {"title": "No blur"}, format="json").json()
    client.post(f"{base}/decisions/{decision['id']}/comments/", {"body": "Yes"}, format="json")
    person = client.post(f"{base}/members/", {"username": "stranger", "role": "viewer"}, format="json").json()

    assert done["done_at"]
    assert client.get(f"{base}/decisions/{decision['id']}/").json()["comments"][0]["body"] == "Yes"
    assert client.patch(f"{base}/members/{person['user_id']}/", {"role": "engineer"}, format="json").status_code == 200
    assert client.delete(f"{base}/members/{person['user_id']}/").status_code == 204
    assert client.delete(f"{base}/milestones/{milestone['id']}/").status_code == 204
    verbs = [row["verb"] for row in client.get(f"{base}/activity/").json()["results"]]
    assert verbs[0] == "milestone.deleted" and "decision.commented" in verbs


def test_an_archived_project_is_restored_by_patch_only(rest, project, owner):
    client, address = rest(owner), f"/api/v1/projects/{project.slug}/"

    assert client.patch(address, {"is_archived": True}, format="json").json()["is_archived"] is True
    assert client.patch(address, {"name": "New"}, format="json").status_code == 409
    assert client.patch(f"{address}charter/", {"target_threshold": 0.5}, format="json").status_code == 409
    assert client.patch(address, {"is_archived": False, "name": "New"}, format="json").json()["name"] == "New"


def test_a_stranger_gets_404_and_a_viewer_403(rest, project, stranger, member):
    address = f"/api/v1/projects/{project.slug}/"

    assert rest(stranger).get(address).status_code == 404
    assert rest(member("viewer")).patch(address, {"name": "x"}, format="json").status_code == 403
