"""Starting a run."""

import pytest

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.experiments import services
from lifecycle.experiments.models import Run
from lifecycle.jobs.models import Job
from lifecycle.projects.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(project):
    return factories.DatasetVersionFactory(dataset=project.datasets.first())


def start(project, owner, version, **changes):
    given = {"recipe": "image_cnn", "parameters": {}, "seed": 0, "dataset_version": version, **changes}
    return services.start_run(project=project, user=owner, **given)


def test_a_run_gets_a_job_numbers_and_every_parameter(project, owner, version):
    run = start(project, owner, version, parameters={"epochs": "3"})

    assert run.number == 1
    assert run.job.kind == "train" and run.job.spec == {"run_id": run.pk}
    assert run.parameters["epochs"] == 3 and "learning_rate" in run.parameters
    assert AuditEvent.objects.filter(project=project, verb="run.started").count() == 2


def test_a_baseline_is_started_once_per_version(project, owner, version):
    start(project, owner, version)
    start(project, owner, version)

    assert list(Run.objects.filter(is_baseline=True).values_list("recipe", flat=True)) == ["baseline"]
    assert Run.objects.count() == 3


def test_a_failed_baseline_is_replaced(project, owner, version):
    start(project, owner, version)
    Job.objects.filter(pk=Run.objects.get(is_baseline=True).job_id).update(state=Job.State.FAILED)

    start(project, owner, version)

    assert Run.objects.filter(is_baseline=True).count() == 2


def test_wrong_parameters_are_named_field_by_field(project, owner, version):
    with pytest.raises(DomainError) as caught:
        start(project, owner, version, parameters={"epochs": "-1", "learning_rate": "fast", "nonsense": 1})

    assert set(caught.value.fields) == {"epochs", "learning_rate", "nonsense"}
    assert not Run.objects.exists()


def test_a_version_without_labels_is_refused_with_a_sentence(project, owner):
    bare = factories.DatasetVersionFactory(dataset=project.datasets.first(), labeled_count=0)

    with pytest.raises(DomainError, match="no labels"):
        start(project, owner, bare)


def test_a_version_of_one_class_is_refused(project, owner):
    one = factories.DatasetVersionFactory(dataset=project.datasets.first(), summary={"balance": {"train": {"cat": 9}}})

    with pytest.raises(DomainError, match="at least two classes"):
        start(project, owner, one)


def test_a_version_of_another_project_is_not_found(project, owner):
    other = factories.ProjectFactory()

    with pytest.raises(NotFound):
        start(project, owner, factories.DatasetVersionFactory(dataset=other.datasets.first()))


def test_a_recipe_for_another_problem_type_is_refused(project, owner, version):
    with pytest.raises(DomainError, match="image_cnn"):
        start(project, owner, version, recipe="text_fast")


def test_a_queued_run_can_be_canceled_and_continued(project, owner, version):
    run = start(project, owner, version)

    services.cancel_run(run=run, user=owner)
    assert Job.objects.get(pk=run.job_id).state == Job.State.CANCELED

    services.resume_run(run=run, user=owner)
    assert Job.objects.get(pk=run.job_id).state == Job.State.QUEUED
