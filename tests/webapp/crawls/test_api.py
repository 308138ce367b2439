"""Sites and crawls over REST."""

from __future__ import annotations

from lifecycle.crawls.models import Crawl
from lifecycle.sources.models import Source

JSON = "application/json"


def base(project):
    return f"/api/v1/projects/{project.slug}"


def test_a_site_goes_all_the_way_over_rest(browse, project, owner):
    config = {"start_urls": ["https://mills.example/"], "take": "fields", "fields": [
        {"name": "words", "selector": "p", "role": "text"}]}  # fmt: skip
    made = browse.post(
        f"{base(project)}/sites/", {"title": "Mills", "config": config, "cookies": {"s": "s3cret"}}, content_type=JSON
    )
    site = made.json()["id"]
    changed = browse.patch(
        f"{base(project)}/sites/{site}/", {"config": {"max_pages": 5}, "cookies": {"s": None}}, content_type=JSON
    )
    trial = browse.post(f"{base(project)}/sites/{site}/try/", {}, content_type=JSON)
    started = browse.post(f"{base(project)}/crawls/", {"site": site}, content_type=JSON)
    crawl = started.json()["id"]
    paused = browse.post(f"{base(project)}/crawls/{crawl}/pause/")

    assert made.status_code == 201 and made.json()["secret_names"] == ["cookie:s"]
    assert "s3cret" not in made.content.decode()
    assert (changed.json()["config"]["max_pages"], changed.json()["secret_names"]) == (5, [])
    assert changed.json()["config"]["fields"][0]["name"] == "words"
    assert (trial.status_code, trial.json()["state"]) == (202, "queued")
    assert browse.get(f"{base(project)}/trials/{trial.json()['id']}/").json()["url"] == "https://mills.example/"
    assert (started.status_code, started.json()["job_state"]) == (202, "queued")
    assert paused.json()["wanted"] == "pause"
    assert Crawl.objects.get(pk=crawl).spec["max_pages"] == 5


def test_settings_that_make_no_sense_are_refused_with_the_field(browse, project):
    answer = browse.post(
        f"{base(project)}/sites/", {"config": {"start_urls": ["file:///etc/passwd"]}}, content_type=JSON
    )

    assert answer.status_code == 400
    assert "no address of a site" in answer.content.decode()
    assert not Source.objects.exists()


def test_addresses_are_listed_and_filtered(browse, project, crawl):
    answer = browse.get(f"{base(project)}/crawls/{crawl.pk}/addresses/?state=failed").json()
    counts = browse.get(f"{base(project)}/crawls/{crawl.pk}/").json()

    assert [row["error_kind"] for row in answer["results"]] == ["HTTP 404"] * 2
    assert (counts["waiting"], counts["errors"]) == (4, {"HTTP 404": 2})
    assert (counts["pages_per_second"], counts["items_per_second"]) == (1.2, 1.2)


def test_what_is_gone_is_counted_and_excluded_over_rest(browse, client, project, crawl, member):
    gone = f"{base(project)}/sites/{crawl.source_id}/gone/"

    counts = browse.get(gone).json()
    changed = browse.post(gone, {"is_excluded": True}, content_type=JSON)
    client.force_login(member("viewer"))

    assert counts == changed.json() == {"pages": 0, "standing": 0, "excluded": 0}
    assert client.post(gone, {"is_excluded": True}, content_type=JSON).status_code == 403


def test_viewers_look_and_engineers_act(client, project, crawl, member):
    client.force_login(member("viewer"))

    assert client.get(f"{base(project)}/crawls/").status_code == 200
    assert client.post(f"{base(project)}/crawls/{crawl.pk}/stop/").status_code == 403
