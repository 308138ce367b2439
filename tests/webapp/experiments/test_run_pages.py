"""Pages of runs as their people see them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from lifecycle.experiments import services
from lifecycle.experiments.models import Run
from lifecycle.jobs.models import Job
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(project):
    return factories.DatasetVersionFactory(dataset=project.datasets.first())


@pytest.fixture
def owner_client(client, owner):
    client.force_login(owner)
    return client


def open_page(client, name, project, *args, **query):
    return client.get(reverse(f"experiments:{name}", args=[project.slug, *args]), query)


def test_a_project_without_a_version_is_told_to_commit_one(owner_client, project):
    page = open_page(owner_client, "list", project)

    assert "Commit a version" in page.content.decode()


def test_the_form_shows_the_recipe_with_its_basic_and_advanced_parameters(owner_client, project, version):
    page = open_page(owner_client, "new", project).content.decode()

    assert "Small residual network" in page
    assert 'name="parameter-epochs"' in page and 'name="parameter-width"' in page
    assert "Advanced" in page and "v1" in page


def test_starting_leads_to_the_run(owner_client, project, version):
    form = {"recipe": "image_cnn", "version": "1", "seed": "3", "parameter-epochs": "2", "name": "First try"}

    answer = owner_client.post(reverse("experiments:new", args=[project.slug]), form, follow=True)

    run = Run.objects.get(number=1)
    assert answer.redirect_chain[-1][0] == reverse("experiments:detail", args=[project.slug, 1])
    assert (run.name, run.seed, run.parameters["epochs"]) == ("First try", 3, 2)
    assert "First try" in answer.content.decode()


def test_a_wrong_parameter_is_explained_beside_its_field_and_keeps_what_was_typed(owner_client, project, version):
    form = {"recipe": "image_cnn", "version": "1", "seed": "0", "parameter-epochs": "0", "parameter-width": "99999"}

    answer = owner_client.post(reverse("experiments:new", args=[project.slug]), form)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Must be at least 1." in page and "Must be at most 128." in page
    assert 'value="99999"' in page
    assert '<details class="mt-3" open>' in page


def test_duplicating_a_run_prefills_the_form(owner_client, project, version):
    run = factories.RunFactory(project=project, parameters={"epochs": 17}, seed=42)

    page = open_page(owner_client, "new", project, **{"from": run.number}).content.decode()

    assert 'value="17"' in page and 'value="42"' in page


def test_the_list_shows_score_and_gain_over_the_baseline_in_few_queries(
    owner_client, project, version, django_assert_max_num_queries
):
    factories.RunFactory(project=project, recipe="baseline", is_baseline=True, metrics={"accuracy": 0.5})
    factories.RunFactory.create_batch(20, project=project, metrics={"accuracy": 0.75})

    with django_assert_max_num_queries(18):
        page = open_page(owner_client, "list", project).content.decode()

    assert "0.7500" in page and "▲ 0.2500" in page


def test_the_list_filters_and_sorts_by_url(owner_client, project, version):
    factories.RunFactory(project=project, name="worse", metrics={"accuracy": 0.6})
    factories.RunFactory(project=project, name="better", metrics={"accuracy": 0.8})
    failed = factories.JobFactory(project=project, state=Job.State.FAILED)
    factories.RunFactory(project=project, name="broken", job=failed, metrics={})

    sorted_page = open_page(owner_client, "list", project, sort="-score").content.decode()
    failed_page = open_page(owner_client, "list", project, state="failed").content.decode()

    assert sorted_page.index("better") < sorted_page.index("worse") < sorted_page.index("broken")
    assert "broken" in failed_page and "better" not in failed_page


def test_a_finished_run_shows_parameters_environment_artifact_and_next_step(owner_client, project, version):
    run = factories.RunFactory(
        project=project,
        environment={"git_commit": "abcdef1234567890", "libraries": {"torch": "2.13.0"}, "device": "cpu"},
    )
    evaluation = factories.EvaluationFactory(artifact=factories.ArtifactFactory(run=run))

    page = open_page(owner_client, "detail", project, run.number).content.decode()

    assert "abcdef123456" in page and "2.13.0" in page and "model.onnx" in page
    assert reverse("evaluations:detail", args=[project.slug, evaluation.pk]) in page


def test_the_form_chooses_the_new_version_once_it_is_committed(owner_client, project, run_jobs):
    factories.ItemFactory(dataset=project.datasets.get(), label="a")
    owner_client.post(reverse("experiments:commit", args=[project.slug]))

    waiting = open_page(owner_client, "new-data", project).content.decode()
    (job,) = run_jobs()
    after = open_page(owner_client, "new-data", project).content.decode()

    assert job.state == "succeeded", job.error
    assert 'hx-trigger="every 1s"' in waiting and "is done" in waiting
    assert "hx-trigger" not in after and '<option value="1" selected>' in after


def test_the_live_part_tells_the_page_to_reload_once_the_run_has_ended(owner_client, project, version):
    run = factories.RunFactory(project=project)

    answer = open_page(owner_client, "live", project, run.number, was="active")

    assert answer.headers["HX-Refresh"] == "true"


def test_a_viewer_can_look_but_not_start_or_cancel(client, project, version, member):
    run = factories.RunFactory(project=project)
    client.force_login(member("viewer"))

    assert open_page(client, "detail", project, run.number).status_code == 200
    assert open_page(client, "new", project).status_code == 403
    assert client.post(reverse("experiments:cancel", args=[project.slug, run.number])).status_code == 403


def test_a_stranger_learns_nothing(client, project, version, stranger):
    run = factories.RunFactory(project=project)
    client.force_login(stranger)

    assert open_page(client, "detail", project, run.number).status_code == 404
    assert open_page(client, "curves", project, run=run.number).status_code == 404


def test_curves_are_figures_and_a_poll_brings_only_new_points(owner_client, project, version):
    run = factories.RunFactory(project=project)
    services.record_metrics(run=run, points=[("train/loss", 1, 0.5), ("validation/loss", 1, float("nan"))])

    first = open_page(owner_client, "curves", project, run=run.number).json()
    then = open_page(owner_client, "metrics", project, run=run.number, since=first["cursor"]).json()

    (figure,) = first["figures"]
    assert [trace["meta"]["key"] for trace in figure["figure"]["data"]] == ["train/loss", "validation/loss"]
    assert figure["figure"]["data"][1]["y"] == [None]
    assert then["series"][0]["run"] == run.number


def test_a_cursor_that_is_none_is_refused_with_a_sentence(owner_client, project, version):
    answer = open_page(owner_client, "metrics", project, run=1, since="yesterday")

    assert answer.status_code == 400


def test_two_runs_side_by_side_show_what_differs_and_who_is_best(owner_client, project, version):
    one = factories.RunFactory(project=project, parameters={"epochs": 3, "min_share": 8}, metrics={"accuracy": 0.7})
    two = factories.RunFactory(project=project, parameters={"epochs": 9, "min_share": 8}, metrics={"accuracy": 0.9})

    page = open_page(owner_client, "compare", project, run=[one.number, two.number]).content.decode()
    everything = open_page(owner_client, "compare", project, run=[one.number, two.number], show="all").content.decode()

    assert "epochs" in page and "min_share" not in page
    assert "min_share" in everything
    assert page.count('visually-hidden">best') == 1


def test_experiments_group_runs(owner_client, project, version):
    answer = owner_client.post(
        reverse("experiments:experiments", args=[project.slug]),
        {"name": "Augmentation", "description": "Worth it?"},
        follow=True,
    )
    again = owner_client.post(reverse("experiments:experiments", args=[project.slug]), {"name": "Augmentation"})

    assert "Worth it?" in answer.content.decode()
    assert again.status_code == 422 and "Taken." in again.content.decode()


def test_the_page_of_a_finished_run_goes_on_refreshing_until_it_is_evaluated(client, project):
    run = factories.RunFactory(project=project, job=factories.JobFactory(project=project))
    waiting = factories.JobFactory(project=project, kind="evaluate", state="running")
    artifact = factories.ArtifactFactory(run=run)
    evaluation = factories.EvaluationFactory(artifact=artifact, job=waiting, finished_at=None)
    client.force_login(project.created_by)
    address = reverse("experiments:live", args=[project.slug, run.number]) + "?was=active"

    during = client.get(address)
    waiting.state = "succeeded"
    waiting.save()
    evaluation.finished_at = timezone.now()
    evaluation.save()
    after = client.get(address)

    assert b"hx-trigger" in during.content and "HX-Refresh" not in during.headers
    assert b"hx-trigger" not in after.content and after.headers["HX-Refresh"] == "true"
