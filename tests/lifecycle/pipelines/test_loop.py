"""Which one thing the loop page sends people to, and the list of projects."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lifecycle.contracts.loop import StageState, StageSummary
from lifecycle.pipelines import loop
from lifecycle.pipelines.portfolio import PortfolioFilters, list_portfolio
from lifecycle.projects import services
from tests import factories

E, R, W, A, D = StageState.EMPTY, StageState.READY, StageState.WORKING, StageState.ATTENTION, StageState.DONE


def ring(*states):
    return [StageSummary(str(n), state, "", (), "go", "Go") for n, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        ((R, E, E, E), "0"),  # a newcomer starts at the beginning
        ((D, R, R, E), "1"),  # the first ready stage after what is done
        ((D, R, D, R), "3"),  # nobody is sent back before the first round is complete
        ((D, R, D, D), "1"),  # then the round starts again
        ((D, D, W, R), "2"),  # what is at work is looked at
        ((A, W, D, A), "3"),  # trouble near the users comes first
        ((D, D, D, D), "0"),  # all is done: more data
    ],
)
def test_exactly_one_stage_is_next(states, chosen):
    assert loop.choose_next(ring(*states)).stage == chosen


def test_a_stage_that_offers_nothing_is_never_next():
    stages = [StageSummary("collect", R, "")]

    assert loop.choose_next(stages) is None


@pytest.mark.django_db
def test_a_new_project_starts_by_collecting(project):
    stages = loop.summarize_stages(project)

    assert loop.choose_next(stages).stage == "collect"
    assert [stage.stage for stage in stages] == [
        "collect",
        "explore",
        "label",
        "version",
        "train",
        "evaluate",
        "optimize",
        "deploy",
        "monitor",
    ]


@pytest.mark.django_db
def test_the_standing_holds_the_champion_against_the_charter(project, owner):
    assert loop.describe_standing(project).champion is None


@pytest.mark.django_db
def test_the_list_of_projects_costs_the_same_for_any_number(owner):
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            cards = list_portfolio(owner, PortfolioFilters())
        assert len(cards) == owner.memberships.count()
        return len(queries)

    for number in range(3):
        project = factories.ProjectFactory(owner=owner)
        services.add_milestone(project=project, user=owner, title=f"m{number}", stage="train")
    few = count()
    for _ in range(6):
        factories.ProjectFactory(owner=owner)

    assert count() == few <= 6


@pytest.mark.django_db
def test_a_stranger_sees_no_card(project, stranger):
    assert list_portfolio(stranger, PortfolioFilters()) == []


@pytest.mark.django_db
def test_cards_are_filtered_by_stage_and_health(owner):
    project = factories.ProjectFactory(owner=owner)
    factories.JobFactory(project=project, state="failed", finished_at="2999-01-01T00:00Z")

    assert [c.project for c in list_portfolio(owner, PortfolioFilters(stage="collect", health="attention"))] == [
        project
    ]
    assert list_portfolio(owner, PortfolioFilters(stage="train")) == []
