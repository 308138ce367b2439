"""The page of one job, and the part of it that refreshes itself."""

from __future__ import annotations

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


def test_once_a_job_has_ended_its_buttons_change_without_a_reload(client):
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner)
    job = factories.JobFactory(project=project, state="running")
    address = f"/projects/{project.slug}/jobs/{job.pk}"
    client.force_login(owner)

    page, going = (client.get(place).content.decode() for place in (address, f"{address}/live"))
    type(job).objects.filter(pk=job.pk).update(state="failed")
    ended = client.get(f"{address}/live").content.decode()
    reloaded = client.get(address).content.decode()

    assert f"{address}/cancel" in page and 'id="job-actions"' in page
    assert "job-actions" not in going  # nothing above changes while it runs
    assert 'id="job-actions" hx-swap-oob="true"' in ended
    assert f"{address}/retry" in ended and f"{address}/cancel" not in ended
    assert f"{address}/retry" in reloaded and "hx-swap-oob" not in reloaded
