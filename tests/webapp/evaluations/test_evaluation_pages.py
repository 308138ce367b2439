"""Pages of evaluations as their people see them."""

import pytest
from django.urls import reverse

from lifecycle.evaluations.models import EvaluationDecision, ItemResult
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def evaluation(project):
    return make_evaluation(project, accuracy=0.93)


@pytest.fixture
def owner_client(client, owner):
    client.force_login(owner)
    return client


def make_evaluation(project, *, accuracy: float, **run):
    artifact = factories.ArtifactFactory(run=factories.RunFactory(project=project, **run))
    return factories.EvaluationFactory(artifact=artifact, metrics={"accuracy": accuracy})


def add_results(evaluation, items, predictions):
    """One result an item; the truth is the item's label."""
    ItemResult.objects.bulk_create(
        ItemResult(
            evaluation=evaluation,
            item_id=item.pk,
            truth=item.label,
            predicted=predicted,
            confidence=0.9,
            loss=1.0,
            is_correct=item.label == predicted,
        )
        for item, predicted in zip(items, predictions, strict=True)
    )


@pytest.fixture
def items(project):
    dataset = project.datasets.first()
    return [factories.ItemFactory(dataset=dataset, label=label) for label in ("cat", "dog", "cat")]


def open_page(client, name, project, *args, **query):
    return client.get(reverse(f"evaluations:{name}", args=[project.slug, *args]), query)


def test_the_page_opens_with_a_verdict_and_links_every_cell_to_its_items(owner_client, project, evaluation, items):
    make_evaluation(project, accuracy=0.5, is_baseline=True)
    add_results(evaluation, items, ["dog", "dog", "cat"])

    page = open_page(owner_client, "detail", project, evaluation.pk).content.decode()

    assert "Meets the charter and beats the baseline." in page
    assert f"/evaluations/{evaluation.pk}/items?truth=cat" in page
    assert items[0].text in page


def test_a_missed_charter_is_said_first(owner_client, project):
    weak = make_evaluation(project, accuracy=0.4)

    assert "Misses the charter" in open_page(owner_client, "detail", project, weak.pk).content.decode()


def test_a_cell_opens_its_items_only(owner_client, project, evaluation, items):
    add_results(evaluation, items, ["dog", "dog", "cat"])

    page = open_page(owner_client, "items", project, evaluation.pk, truth="cat", predicted="dog").content.decode()

    assert items[0].text in page and items[1].text not in page and items[2].text not in page


def test_classes_sort_by_url(owner_client, project, evaluation):
    page = open_page(owner_client, "detail", project, evaluation.pk, classes="-recall")

    assert [row["class"] for row in page.context["per_class"]] == ["cat", "dog"]


def test_many_classes_show_the_top_confusions(owner_client, project, evaluation):
    classes = [f"class {n}" for n in range(40)]
    matrix = [[5 if i == j else int((i, j) == (3, 7)) * 4 for j in range(40)] for i in range(40)]
    evaluation.details = {**evaluation.details, "confusion": {"classes": classes, "matrix": matrix}}
    evaluation.save()

    page = open_page(owner_client, "detail", project, evaluation.pk)

    assert page.context["confusion"]["data"][0]["y"] == ["class 3 → class 7"]


def test_a_regression_shows_errors_and_points_that_open_items(client):
    project = factories.ProjectFactory(problem_type="tabular_regression")
    project.charters.update(target_metric="r2")
    evaluation = make_evaluation(project, accuracy=0)
    evaluation.metrics = {"r2": 0.95, "mae": 1.5}
    evaluation.details = {
        "residuals": {"edges": [-1, 0, 1], "counts": [3, 4]},
        "scatter": {"true": [1, 2], "predicted": [1.1, 2.2], "item_id": [7, 8]},
        "error_by_quantile": [{"low": 1, "high": 2, "mae": 0.1, "bias": 0.1, "count": 2}],
    }
    evaluation.save()
    client.force_login(project.created_by)

    page = open_page(client, "detail", project, evaluation.pk)

    assert page.context["scatter"]["data"][1]["customdata"][0] == reverse("datasets:item", args=[project.slug, 7])


def test_an_evaluation_that_still_runs_shows_its_progress(owner_client, project, evaluation):
    evaluation.finished_at = None
    evaluation.job.state = "running"
    evaluation.job.save()
    evaluation.save()

    page = open_page(owner_client, "detail", project, evaluation.pk).content.decode()

    assert "evaluation-live" in page and "every 2s" in page


def test_two_evaluations_show_who_broke_what(owner_client, project, evaluation, items):
    other = make_evaluation(project, accuracy=0.7)
    add_results(evaluation, items, ["cat", "dog", "dog"])
    add_results(other, items, ["dog", "dog", "cat"])

    page = open_page(owner_client, "compare", project, first=evaluation.pk, second=other.pk)

    text = page.content.decode()
    assert page.context["outcome"] == "broke"
    assert items[0].text in text and items[2].text not in text


def test_a_reviewer_approves_with_a_reason(client, project, evaluation, member):
    client.force_login(member("reviewer"))

    assert f"/evaluations/{evaluation.pk}" in open_page(client, "review", project).content.decode()
    client.post(
        reverse("evaluations:decide", args=[project.slug, evaluation.pk]),
        {"verdict": "approved", "reason": "Fewer mistakes.", "next": "https://evil.example/"},
    )

    assert EvaluationDecision.objects.get().verdict == "approved"
    assert "Nothing awaits a decision" in open_page(client, "review", project).content.decode()


def test_a_decision_goes_back_only_to_this_site(client, project, evaluation, member):
    client.force_login(member("reviewer"))

    for place in ("https://evil.example/", "//evil.example/"):
        answer = client.post(
            reverse("evaluations:decide", args=[project.slug, evaluation.pk]),
            {"verdict": "approved", "reason": "Fine.", "next": place},
        )
        assert answer.url.startswith("/projects/")


def test_an_annotator_may_neither_review_nor_decide(client, project, evaluation, member):
    client.force_login(member("annotator"))

    assert open_page(client, "review", project).status_code == 403
    assert client.post(reverse("evaluations:decide", args=[project.slug, evaluation.pk])).status_code == 403


def test_a_stranger_learns_nothing(client, project, evaluation, stranger):
    client.force_login(stranger)

    for name in ("detail", "items"):
        assert open_page(client, name, project, evaluation.pk).status_code == 404


def test_the_list_takes_few_queries(owner_client, project, django_assert_max_num_queries):
    for _ in range(15):
        make_evaluation(project, accuracy=0.8)

    with django_assert_max_num_queries(16):
        page = open_page(owner_client, "list", project)

    assert page.status_code == 200
