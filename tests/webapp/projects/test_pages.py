"""Pages of the projects room, as each role sees them."""

import pytest

pytestmark = pytest.mark.django_db
PAGES = ("", "loop", "charter", "decisions", "milestones", "activity", "members")


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_can_open_every_page(client, project, member, page):
    client.force_login(member("viewer"))

    response = client.get(f"/projects/{project.slug}/{page}")

    assert response.status_code == 200


@pytest.mark.parametrize("page", (*PAGES, "charter/edit", "settings"))
def test_an_owner_can_open_every_page(client, project, owner, page):
    client.force_login(owner)

    response = client.get(f"/projects/{project.slug}/{page}")

    assert response.status_code == 200


@pytest.mark.parametrize("page", (*PAGES, "charter/edit", "settings"))
def test_a_stranger_learns_nothing(client, project, stranger, page):
    client.force_login(stranger)

    response = client.get(f"/projects/{project.slug}/{page}")

    assert response.status_code == 404


@pytest.mark.parametrize("address", ["/", "/projects/new", "/help/", "/help/start", "/help/rest"])
def test_everybody_can_open_the_site_pages(client, stranger, address):
    client.force_login(stranger)

    assert client.get(address).status_code == 200
