"""Verbs of the projects room on real rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.pipelines.onboarding import create_project
from lifecycle.projects import selectors, services
from lifecycle.projects.models import AuditEvent, Membership, Project
from tests import factories

pytestmark = pytest.mark.django_db
CHARTER = {"problem_statement": "Sort pictures.", "target_threshold": 0.9}


def make(user, **options):
    given = {"name": "My Pictures", "problem_type": "image_classification", "charter": CHARTER}
    return create_project(user=user, **(given | options))


def test_a_new_project_has_an_owner_a_charter_a_dataset_and_classes(owner):
    project = make(owner, classes=["cat", "dog"])

    assert project.slug == "my-pictures"
    assert selectors.find_role(owner, project) == "owner"
    assert selectors.get_charter(project).target_metric == "accuracy"
    assert project.datasets.get().item_kind == "image"
    assert project.label_schemas.get().classes == ["cat", "dog"]
    assert AuditEvent.objects.filter(project=project, verb="project.created").count() == 1


def test_a_site_admin_is_an_owner_without_a_look_at_the_members(project, stranger, django_assert_num_queries):
    stranger.is_superuser = True

    with django_assert_num_queries(0):
        assert selectors.find_role(stranger, project) == "owner"


def test_nothing_is_left_when_one_part_is_refused(owner):
    with pytest.raises(DomainError):
        make(owner, problem_type="tabular_regression", classes=["a", "b"])

    assert not Project.objects.exists()


def test_two_projects_of_one_name_get_two_addresses(owner):
    assert [make(owner).slug for _ in range(3)] == ["my-pictures", "my-pictures-2", "my-pictures-3"]


@pytest.mark.parametrize(("name", "slug"), [("New", "new-2"), ("数据", "project"), ("x" * 120, "x" * 54)])
def test_every_name_gets_an_address(owner, name, slug):
    assert make(owner, name=name).slug == slug


def test_a_taken_or_reserved_address_is_refused(owner):
    make(owner, slug="mine")

    with pytest.raises(Conflict):
        make(owner, slug="mine")
    with pytest.raises(DomainError):
        make(owner, slug="new")


def test_a_changed_charter_is_a_new_version_and_the_old_one_stays(project, owner):
    charter = services.update_charter(project=project, user=owner, changes={"target_threshold": 0.95}, based_on=1)

    assert charter.version == 2
    assert charter.problem_statement == "Sort pictures into classes."
    assert [c.target_threshold for c in selectors.list_charters(project)] == [0.95, 0.9]


def test_a_charter_that_says_the_same_is_not_written_again(project, owner):
    assert services.update_charter(project=project, user=owner, changes={"target_threshold": 0.9}).version == 1


def test_two_people_do_not_overwrite_each_others_charter(project, owner):
    services.update_charter(project=project, user=owner, changes={"target_threshold": 0.95}, based_on=1)

    with pytest.raises(Conflict):
        services.update_charter(project=project, user=owner, changes={"target_threshold": 0.8}, based_on=1)


def test_the_last_owner_stays(project, owner):
    membership = selectors.get_member(project, owner.pk)

    with pytest.raises(Conflict):
        services.remove_member(membership=membership, actor=owner)
    with pytest.raises(Conflict):
        services.change_role(membership=membership, actor=owner, role="viewer")


def test_an_owner_may_go_once_there_is_another(project, owner, member):
    services.change_role(membership=selectors.get_member(project, member("viewer").pk), actor=owner, role="owner")

    services.remove_member(membership=selectors.get_member(project, owner.pk), actor=owner)

    assert Membership.objects.filter(project=project, role="owner").count() == 1


def test_nobody_is_a_member_twice(project, owner, member):
    with pytest.raises(Conflict):
        services.add_member(project=project, actor=owner, user=member("viewer"), role="engineer")


def test_an_account_is_found_by_name_or_mail(stranger):
    assert selectors.get_account("stranger") == stranger
    assert selectors.get_account("Stranger@Example.org") == stranger
    with pytest.raises(NotFound):
        selectors.get_account("nobody")


def test_a_milestone_is_done_once_and_can_be_reopened(project, owner):
    milestone = services.add_milestone(project=project, user=owner, title="First model", stage="train")

    services.complete_milestone(milestone=milestone, user=owner)
    with pytest.raises(Conflict):
        services.complete_milestone(milestone=milestone, user=owner)
    services.reopen_milestone(milestone=milestone, user=owner)

    assert milestone.done_at is None


def test_open_milestones_come_first_by_date(project, owner):
    today = timezone.localdate()
    plan = {"project": project, "user": owner, "stage": "train"}
    late = services.add_milestone(title="late", due_on=today + timedelta(9), **plan)
    soon = services.add_milestone(title="soon", due_on=today, **plan)
    done = services.add_milestone(title="done", due_on=today - timedelta(9), **plan)
    services.complete_milestone(milestone=done, user=owner)

    assert [m.title for m in selectors.list_milestones(project)] == ["soon", "late", "done"]
    assert [soon, late] == list(selectors.list_milestones(project, is_done=False))


def test_a_decision_is_discussed(project, owner, member):
    decision = services.record_decision(project=project, user=owner, title="No blur", body="Unreadable")
    services.add_comment(decision=decision, user=member("annotator"), body="Agreed")

    found = selectors.get_decision(project, decision.pk)

    assert [c.body for c in found.comments.all()] == ["Agreed"]
    assert selectors.list_decisions(project, search="unread").get().comment_count == 1


def test_an_archived_project_can_be_read_and_restored_only(project, owner):
    services.archive(project=project, user=owner)

    assert selectors.get_project(owner, project.slug).archived_at is not None
    with pytest.raises(Conflict):
        selectors.get_project(owner, project.slug, role="engineer")
    assert list(selectors.list_member_projects(owner)) == []

    services.restore(project=project, user=owner)

    assert selectors.get_project(owner, project.slug, role="engineer") == project


def test_a_removed_persons_deeds_stay_in_the_feed(project):
    leaver = factories.UserFactory(username="leaver")
    services.record_event(project=project, actor=leaver, verb="run.started", summary="leaver started run 1")
    leaver.delete()

    assert selectors.list_activity(project, actor="leaver", topic="run").get().actor is None
