"""The queue over REST: settings, budget, skips, assignments and gold items."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.annotations import budget_selectors, queue_selectors, selectors, services
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services import assignment, gold_items, skips
from lifecycle.annotations.services.ordering import request_ranking
from lifecycle.annotations.services.stranded import settle_stranded
from webapp.api.annotations import queue_serializers as serializers
from webapp.api.base import ProjectView


class SettingsView(ProjectView):
    """How the queue behaves."""

    @extend_schema(responses=serializers.QueueSettingsBody)
    def get(self, request, slug):
        return Response(serializers.QueueSettingsBody(find_settings(self.project)).data)

    @extend_schema(request=serializers.QueueSettingsBody, responses=serializers.QueueSettingsBody)
    def patch(self, request, slug):
        """Change some of the settings; a new order is worked out by a job."""
        changes = self.parse(serializers.QueueSettingsBody)
        settings = services.change_settings(project=self.project, actor=request.user, **changes)
        budget_selectors.forget_budget(self.project)
        return Response(serializers.QueueSettingsBody(settings).data)


class RankView(ProjectView):
    """The order of the queue."""

    @extend_schema(request=None, responses={202: serializers.QueueSettingsBody})
    def post(self, request, slug):
        """Work it out once more, from the suggestions, vectors and items of now: by the job in `rank_job`. It follows
        new ones by itself, too, within about ten minutes."""
        request_ranking(project=self.project, actor=request.user)
        body = serializers.QueueSettingsBody(find_settings(self.project)).data
        return Response(body, status=status.HTTP_202_ACCEPTED)


class BudgetView(ProjectView):
    """Seconds per label, what is left, when it is done and what it costs, with 95 % intervals."""

    @extend_schema(responses=serializers.Budget)
    def get(self, request, slug):
        return Response(serializers.Budget(budget_selectors.measure_budget(self.project)).data)


class SkippedView(ProjectView):
    """What people could not label, by the reason they gave."""

    @extend_schema(responses=serializers.SkipReason(many=True))
    def get(self, request, slug):
        found = queue_selectors.count_skip_reasons(self.project)
        return Response([{"reason": reason, "tasks": count} for reason, count in found])

    @extend_schema(request=serializers.SkipReasons, responses=serializers.SkipsReopened)
    def post(self, request, slug):
        """Send what was skipped for these reasons back to the queue, up to a thousand tasks in one call."""
        wanted = self.parse(serializers.SkipReasons)
        count, has_more = skips.reopen_skipped(project=self.project, actor=request.user, reasons=wanted["reasons"])
        return Response({"reopened": count, "has_more": has_more})


class SettleView(ProjectView):
    """Open tasks that nobody is left for: everybody here answered or skipped them."""

    @extend_schema(request=None, responses=serializers.Settled)
    def post(self, request, slug):
        """End them with the answers they have, up to a thousand in one call; those without any leave as skipped."""
        settled = settle_stranded(project=self.project, actor=request.user)
        budget_selectors.forget_budget(self.project)
        return Response(serializers.Settled(settled).data)


class AssignmentsView(ProjectView):
    """Who shall answer what."""

    @extend_schema(responses=serializers.Workload(many=True))
    def get(self, request, slug):
        """How much each person has before them."""
        return Response(serializers.Workload(queue_selectors.list_workloads(self.project), many=True).data)

    @extend_schema(request=serializers.NewAssignments, responses={201: serializers.Counted})
    def post(self, request, slug):
        """Give each of these tasks to each of these people."""
        wanted = self.parse(serializers.NewAssignments)
        made = assignment.assign(
            project=self.project, actor=request.user, task_ids=wanted["tasks"], user_ids=wanted["users"]
        )
        return Response({"count": made}, status=status.HTTP_201_CREATED)

    @extend_schema(request=serializers.OldAssignments, responses=serializers.Counted)
    def delete(self, request, slug):
        """Take back what a person has not answered: all of it, or these tasks."""
        wanted = self.parse(serializers.OldAssignments)
        removed = assignment.unassign(
            project=self.project, actor=request.user, user_id=wanted["user"], task_ids=wanted.get("tasks")
        )
        return Response({"count": removed})


class RulesView(ProjectView):
    """Rules that share tasks out."""

    @extend_schema(responses=serializers.AssignmentRuleBody(many=True))
    def get(self, request, slug):
        return self.respond_page(queue_selectors.list_rules(self.project), serializers.AssignmentRuleBody)

    @extend_schema(request=serializers.AssignmentRuleBody, responses={201: serializers.AssignmentRuleBody})
    def post(self, request, slug):
        """A rule is applied at once, by the job in the answer."""
        wanted = self.parse(serializers.AssignmentRuleBody)
        rule = assignment.create_rule(project=self.project, actor=request.user, **wanted)
        return Response(serializers.AssignmentRuleBody(rule).data, status=status.HTTP_201_CREATED)


class RuleView(ProjectView):
    """One rule."""

    @extend_schema(responses=serializers.AssignmentRuleBody)
    def get(self, request, slug, rule_id):
        return Response(serializers.AssignmentRuleBody(queue_selectors.get_rule(self.project, rule_id)).data)

    @extend_schema(request=None, responses=serializers.AssignmentRuleBody)
    def post(self, request, slug, rule_id):
        """Apply it to what is open now."""
        rule = queue_selectors.get_rule(self.project, rule_id)
        assignment.apply_rule(rule=rule, actor=request.user)
        return Response(serializers.AssignmentRuleBody(rule).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, rule_id):
        """Forget it; what it assigned stays assigned."""
        assignment.delete_rule(rule=queue_selectors.get_rule(self.project, rule_id), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class GoldView(ProjectView):
    """Items whose right answer is known."""

    @extend_schema(responses=serializers.GoldBody(many=True))
    def get(self, request, slug):
        return self.respond_page(queue_selectors.list_gold(self.project), serializers.GoldBody)

    @extend_schema(request=serializers.GoldMark, responses={201: serializers.GoldBody})
    def post(self, request, slug):
        """Make an answer the right one of its item."""
        wanted = self.parse(serializers.GoldMark)
        answer = selectors.get_annotation(
            self.project, request.user, wanted["annotation"], role=self.project.role
        )  # fmt: skip
        found = gold_items.mark(
            project=self.project, actor=request.user, annotation=answer, explanation=wanted["explanation"]
        )
        return Response(serializers.GoldBody(found).data, status=status.HTTP_201_CREATED)


class GoldManyView(ProjectView):
    """Many gold items at once."""

    @extend_schema(request=serializers.GoldTasks, responses=serializers.GoldMade)
    def post(self, request, slug):
        """What the labels of these tasks' items say is right for sure, or of the tasks that a filter of the list of
        tasks finds: state, selection, reason, arm. `tasks` in the answer takes it back over DELETE."""
        wanted = self.parse(serializers.GoldTasks)
        ids = wanted.get("tasks")
        if ids is None:
            filters = queue_selectors.TaskFilters.from_query(wanted["filter"])
            ids = queue_selectors.list_matching_ids(self.project, filters)[: gold_items.MAX_AT_ONCE]
        made, left_out = gold_items.mark_many(
            project=self.project, actor=request.user, task_ids=ids, explanation=wanted["explanation"]
        )
        return Response({"tasks": made, "left_out": left_out})

    @extend_schema(request=serializers.GoldTaskIds, responses=serializers.Counted)
    def delete(self, request, slug):
        """Take gold items out of the queue; scores they gave stay."""
        ids = self.parse(serializers.GoldTaskIds)["tasks"]
        return Response({"count": gold_items.retire_many(project=self.project, actor=request.user, task_ids=ids)})


class TaskGoldView(ProjectView):
    """The gold answer of one task."""

    @extend_schema(responses={204: None})
    def delete(self, request, slug, task_id):
        """Take it out of the queue; scores it gave stay."""
        found = queue_selectors.get_gold(self.project, task_id)
        gold_items.retire(project=self.project, actor=request.user, gold=found)
        return Response(status=status.HTTP_204_NO_CONTENT)


class GoldAccuracyView(ProjectView):
    """How everybody does on gold items, the worst first."""

    @extend_schema(responses=serializers.GoldAccuracy(many=True))
    def get(self, request, slug):
        return Response(serializers.GoldAccuracy(queue_selectors.measure_gold_accuracy(self.project), many=True).data)
