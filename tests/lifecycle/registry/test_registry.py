"""Registering, promoting, going back."""

from __future__ import annotations

import pytest

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.evaluations import services as evaluations
from lifecycle.projects.models import AuditEvent, Charter
from lifecycle.registry import rules, selectors, services
from lifecycle.registry.models import Alias
from tests.factories import ArtifactFactory, EvaluationFactory, ProjectFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def build(project, owner):
    """build() registers the artifact of a new run that was evaluated."""

    def make(**metrics):
        artifact = ArtifactFactory(run=RunFactory(project=project))
        EvaluationFactory(artifact=artifact, **({"metrics": metrics} if metrics else {}))
        return services.register(project=project, user=owner, artifact=artifact)

    return make


def test_versions_count_up_and_the_same_artifact_is_one_version(project, owner, build):
    first, second = build(), build()

    again = services.register(project=project, user=owner, artifact=first.artifact)

    assert (first.number, second.number) == (1, 2)
    assert again == first
    assert first.model.name == project.slug
    assert AuditEvent.objects.filter(verb="model.registered").count() == 2


def test_the_card_says_what_it_is_from_and_how_good(build):
    card = build().card

    assert "Sort pictures into classes." in card
    assert "Dataset version v1 (100 items" in card
    assert "| Accuracy | 0.93 |" in card
    assert "cat, dog" in card


def test_a_card_shows_text_of_people_as_it_is():
    assert rules.escape("<b>[x](y)\n# no") == r"\<b\>\[x\](y) \# no"


def test_another_projects_artifact_cannot_be_registered(project, owner):
    strange = ArtifactFactory(run=RunFactory(project=ProjectFactory()))

    with pytest.raises(NotFound):
        services.register(project=project, user=owner, artifact=strange)


def test_a_candidate_that_becomes_champion_is_no_candidate_any_more(owner, build):
    version = build()
    services.promote(version=version, user=owner, alias="candidate")

    services.promote(version=version, user=owner)

    assert list(Alias.objects.values_list("name", flat=True)) == ["champion"]
    assert selectors.find_champion(version.model.project) == version


@pytest.mark.parametrize("alias", ["", "7", "Champion", "a b", "x" * 31])
def test_an_alias_needs_a_plain_name(owner, build, alias):
    with pytest.raises(DomainError):
        services.promote(version=build(), user=owner, alias=alias)


def test_rolling_back_makes_the_champion_before_champion(owner, build):
    first, second = build(), build()
    services.promote(version=first, user=owner)
    services.promote(version=second, user=owner)

    services.rollback(model=first.model, user=owner)

    assert selectors.find_champion(first.model.project) == first
    with pytest.raises(Conflict):
        services.rollback(model=first.model, user=owner)


def test_a_charter_may_demand_approval_before_promotion(project, owner, build):
    Charter.objects.filter(project=project).update(requires_approval=True)
    version = build()

    with pytest.raises(services.ApprovalNeeded):
        services.promote(version=version, user=owner)
    services.promote(version=version, user=owner, alias="candidate")
    evaluations.decide(evaluation=version.evaluation, user=owner, verdict="approved", reason="Good on owls.")
    services.promote(version=version, user=owner)
    evaluations.decide(evaluation=version.evaluation, user=owner, verdict="rejected", reason="Not on cats.")

    assert selectors.find_champion(project) == version
    services.remove_alias(version=version, user=owner, alias="champion")
    with pytest.raises(services.ApprovalNeeded, match="Not on cats"):
        services.promote(version=version, user=owner)


def test_scores_stand_beside_the_champions_on_the_same_items(owner, build):
    champion, other = build(accuracy=0.9), build(accuracy=0.95)
    services.promote(version=champion, user=owner)

    standing = selectors.compare_with_champion(other)

    assert standing.champion == champion
    assert round(standing.rows[0].gain, 4) == 0.05


def test_the_list_costs_few_queries(project, build, django_assert_max_num_queries):
    for _ in range(6):
        build()

    with django_assert_max_num_queries(5):
        for model in selectors.list_models(project):
            [str(v) + v.artifact.run.recipe + str(list(v.aliases.all())) for v in model.versions.all()]


def test_the_loop_hears_of_candidates_and_champions(project, owner, build):
    assert selectors.summarize_optimize(project).state == "empty"
    version = build()
    assert selectors.summarize_optimize(project).state == "ready"
    services.promote(version=version, user=owner)
    assert selectors.summarize_optimize(project).state == "done"
