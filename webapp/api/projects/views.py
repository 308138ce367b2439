"""REST of projects: the list, the loop, charter, members, milestones, decisions, activity."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.response import Response

from lifecycle.pipelines import loop
from lifecycle.pipelines.onboarding import create_project
from lifecycle.pipelines.portfolio import PortfolioFilters, describe_project, list_portfolio
from lifecycle.projects import selectors, services
from webapp.api.base import ApiView, ProjectView
from webapp.api.projects import serializers as shapes
from webapp.pages.projects.loop import keep_allowed


class ProjectList(ApiView):
    @extend_schema(parameters=[shapes.ProjectQuery], responses=shapes.ProjectOut(many=True))
    def get(self, request):
        """The caller's projects; every project for site admins."""
        asked = dict(self.parse(shapes.ProjectQuery, data=request.query_params))
        filters = PortfolioFilters(search=asked.pop("q"), problem_type=asked.pop("type"), **asked)
        return self.respond_page(list_portfolio(request.user, filters), shapes.ProjectOut)

    @extend_schema(request=shapes.ProjectIn, responses={201: shapes.ProjectOut})
    def post(self, request):
        """A new project with its charter, its dataset and, with `classes`, its label schema; the caller owns it."""
        project = create_project(user=request.user, **self.parse(shapes.ProjectIn))
        card = describe_project(request.user, project)
        return Response(shapes.ProjectOut(card).data, status=status.HTTP_201_CREATED)


class ProjectDetail(ProjectView):
    def authorize(self, request, **kwargs) -> None:
        """As elsewhere, but an archived project can be restored here."""
        if not request.user.is_authenticated:
            raise NotAuthenticated()
        role = self.find_role() or "viewer"
        self.project = selectors.get_project(request.user, kwargs["slug"], role=role, is_archive_open=True)

    @extend_schema(responses=shapes.ProjectOut)
    def get(self, request, slug):
        """One project with where it stands."""
        return Response(shapes.ProjectOut(describe_project(request.user, self.project)).data)

    @extend_schema(request=shapes.ProjectChange, responses=shapes.ProjectOut)
    def patch(self, request, slug):
        """Rename, archive, restore."""
        change = self.parse(shapes.ProjectChange)
        wanted = change.get("is_archived")
        if wanted is False and self.project.archived_at is not None:
            services.restore(project=self.project, user=request.user)
        if "name" in change:
            project = selectors.get_project(request.user, slug, role="owner")
            services.rename(project=project, user=request.user, name=change["name"])
        if wanted is True and self.project.archived_at is None:
            services.archive(project=self.project, user=request.user)
        return Response(shapes.ProjectOut(describe_project(request.user, self.project)).data)


class LoopView(ProjectView):
    @extend_schema(responses=shapes.LoopOut)
    def get(self, request, slug):
        """The stages with their live numbers, and the next action for the caller."""
        frame, *ring = [keep_allowed(self.project, summary) for summary in loop.summarize_all(self.project)]
        chosen, standing = loop.choose_next(ring), loop.describe_standing(self.project)
        answer = {
            "stages": [frame, *ring],
            "next": chosen.stage if chosen else None,
            "champion": str(standing.champion) if standing.champion else None,
            "gates": standing.gates,
        }
        return Response(shapes.LoopOut(answer).data)


class CharterView(ProjectView):
    @extend_schema(responses=shapes.CharterOut)
    def get(self, request, slug):
        """The newest version."""
        return Response(shapes.CharterOut(selectors.get_charter(self.project)).data)

    @extend_schema(request=shapes.CharterChange, responses=shapes.CharterOut)
    def patch(self, request, slug):
        """Make the next version; nothing happens when it would say the same."""
        change = self.parse(shapes.CharterChange)
        note, based_on = change.pop("change_note"), change.pop("based_on")
        charter = services.update_charter(
            project=self.project, user=request.user, changes=change, change_note=note, based_on=based_on
        )
        return Response(shapes.CharterOut(charter).data)


class CharterVersions(ProjectView):
    @extend_schema(responses=shapes.CharterOut(many=True))
    def get(self, request, slug):
        """Every version of the charter, the newest first."""
        return self.respond_page(selectors.list_charters(self.project), shapes.CharterOut)


class MemberList(ProjectView):
    @extend_schema(responses=shapes.MemberOut(many=True))
    def get(self, request, slug):
        """Members by role, then name."""
        return self.respond_page(selectors.list_members(self.project), shapes.MemberOut)

    @extend_schema(request=shapes.MemberIn, responses={201: shapes.MemberOut})
    def post(self, request, slug):
        """Add somebody who has an account."""
        given = self.parse(shapes.MemberIn)
        user = selectors.get_account(given["username"])
        member = services.add_member(project=self.project, actor=request.user, user=user, role=given["role"])
        return Response(shapes.MemberOut(member).data, status=status.HTTP_201_CREATED)


class MemberDetail(ProjectView):
    @extend_schema(responses=shapes.MemberOut)
    def get(self, request, slug, user_id):
        """One member."""
        return Response(shapes.MemberOut(selectors.get_member(self.project, user_id)).data)

    @extend_schema(request=shapes.MemberChange, responses=shapes.MemberOut)
    def patch(self, request, slug, user_id):
        """Another role."""
        member = selectors.get_member(self.project, user_id)
        role = self.parse(shapes.MemberChange)["role"]
        return Response(shapes.MemberOut(services.change_role(membership=member, actor=request.user, role=role)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, user_id):
        """End a membership."""
        services.remove_member(membership=selectors.get_member(self.project, user_id), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MilestoneList(ProjectView):
    @extend_schema(parameters=[shapes.MilestoneQuery], responses=shapes.MilestoneOut(many=True))
    def get(self, request, slug):
        """Open ones first, by date."""
        asked = self.parse(shapes.MilestoneQuery, data=request.query_params)
        return self.respond_page(selectors.list_milestones(self.project, **asked), shapes.MilestoneOut)

    @extend_schema(request=shapes.MilestoneIn, responses={201: shapes.MilestoneOut})
    def post(self, request, slug):
        """Plan a milestone."""
        given = self.parse(shapes.MilestoneIn)
        milestone = services.add_milestone(project=self.project, user=request.user, **given)
        return Response(shapes.MilestoneOut(milestone).data, status=status.HTTP_201_CREATED)


class MilestoneDetail(ProjectView):
    @extend_schema(responses=shapes.MilestoneOut)
    def get(self, request, slug, milestone_id):
        """One milestone."""
        return Response(shapes.MilestoneOut(selectors.get_milestone(self.project, milestone_id)).data)

    @extend_schema(request=shapes.MilestoneChange, responses=shapes.MilestoneOut)
    def patch(self, request, slug, milestone_id):
        """Change it, finish it, open it again."""
        change = dict(self.parse(shapes.MilestoneChange))
        milestone = selectors.get_milestone(self.project, milestone_id)
        wanted, is_done = change.pop("is_done", None), milestone.done_at is not None
        if change:
            kept = {"title": milestone.title, "stage": milestone.stage, "due_on": milestone.due_on}
            services.change_milestone(milestone=milestone, user=request.user, **{**kept, **change})
        if wanted is not None and wanted != is_done:
            verb = services.complete_milestone if wanted else services.reopen_milestone
            verb(milestone=milestone, user=request.user)
        return Response(shapes.MilestoneOut(milestone).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, milestone_id):
        """Take it off the plan."""
        services.delete_milestone(milestone=selectors.get_milestone(self.project, milestone_id), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DecisionList(ProjectView):
    @extend_schema(parameters=[shapes.DecisionQuery], responses=shapes.DecisionOut(many=True))
    def get(self, request, slug):
        """The newest first."""
        search = self.parse(shapes.DecisionQuery, data=request.query_params)["q"]
        return self.respond_page(selectors.list_decisions(self.project, search=search), shapes.DecisionOut)

    @extend_schema(request=shapes.DecisionIn, responses={201: shapes.DecisionDetail})
    def post(self, request, slug):
        """Record a decision."""
        decision = services.record_decision(project=self.project, user=request.user, **self.parse(shapes.DecisionIn))
        return Response(shapes.DecisionDetail(decision).data, status=status.HTTP_201_CREATED)


class DecisionView(ProjectView):
    @extend_schema(responses=shapes.DecisionDetail)
    def get(self, request, slug, decision_id):
        """One decision with its comments."""
        return Response(shapes.DecisionDetail(selectors.get_decision(self.project, decision_id)).data)


class CommentList(ProjectView):
    @extend_schema(responses=shapes.CommentOut(many=True))
    def get(self, request, slug, decision_id):
        """What was said to a decision, in order."""
        decision = selectors.get_decision(self.project, decision_id)
        return self.respond_page(list(decision.comments.all()), shapes.CommentOut)

    @extend_schema(request=shapes.CommentIn, responses={201: shapes.CommentOut})
    def post(self, request, slug, decision_id):
        """Say something to it."""
        decision = selectors.get_decision(self.project, decision_id)
        body = self.parse(shapes.CommentIn)["body"]
        comment = services.add_comment(decision=decision, user=request.user, body=body)
        return Response(shapes.CommentOut(comment).data, status=status.HTTP_201_CREATED)


class ActivityList(ProjectView):
    @extend_schema(parameters=[shapes.EventQuery], responses=shapes.EventOut(many=True))
    def get(self, request, slug):
        """What happened, the newest first."""
        asked = self.parse(shapes.EventQuery, data=request.query_params)
        events = selectors.list_activity(self.project, actor=asked["actor"], topic=asked["topic"], search=asked["q"])
        return self.respond_page(events, shapes.EventOut)
