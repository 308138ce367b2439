"""Quality over REST: verdicts and what waits for one, agreement, consensus, people."""

from __future__ import annotations

from dataclasses import fields

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.annotations import final_selectors, people_selectors, review_selectors
from lifecycle.annotations.models import ConsensusRun, Review
from lifecycle.annotations.services import agreement, consensus, quality, review_undo, reviews
from lifecycle.common.errors import NotFound
from lifecycle.projects.rules import is_allowed
from webapp.api.annotations import quality_serializers as shapes
from webapp.api.annotations.serializers import AnnotationBody
from webapp.api.base import ProjectView


class ReviewsView(ProjectView):
    """Verdicts, newest first: all for reviewers, below that those on one's own answers."""

    @extend_schema(parameters=[shapes.ReviewQuery], responses=shapes.ReviewBody(many=True))
    def get(self, request, slug):
        given = self.parse(shapes.ReviewQuery, data=request.query_params)
        found = review_selectors.list_reviews(
            self.project,
            request.user,
            role=self.project.role,
            person_id=given.get("user"),
            verdict=given.get("verdict", ""),
            annotation_id=given.get("annotation"),
        )
        return self.respond_page(found, shapes.ReviewBody)

    @extend_schema(request=shapes.NewReview, responses={201: shapes.ReviewBody})
    def post(self, request, slug):
        """Accept an answer, write a better one in its place, or send it back."""
        given = self.parse(shapes.NewReview)
        common = {"project": self.project, "reviewer": request.user, "annotation_id": given["annotation"]}
        if given["verdict"] == Review.Verdict.ACCEPTED:
            review = reviews.accept(**common, reason=given["reason"])
        elif given["verdict"] == Review.Verdict.REJECTED:
            review = reviews.reject(**common, reason=given["reason"], return_to=given.get("return_to"))
        else:
            review = reviews.fix(
                **common,
                result=given["result"],
                reason=given["reason"],
                lead_time_ms=given.get("lead_time_ms"),
                idempotency_key=given.get("idempotency_key"),
            )
        return Response(shapes.ReviewBody(review).data, status=status.HTTP_201_CREATED)


class ReviewView(ProjectView):
    """One verdict."""

    @extend_schema(responses={204: None})
    def delete(self, request, slug, review_id):
        """Take it back: what it did is undone, and the answer waits for a verdict again. 409 where somebody answered or
        judged since.
        """
        review_undo.withdraw(project=self.project, user=request.user, review_id=review_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PendingView(ProjectView):
    """Answers that wait for a verdict, oldest first."""

    @extend_schema(parameters=[shapes.PendingQuery], responses=AnnotationBody(many=True))
    def get(self, request, slug):
        given = self.parse(shapes.PendingQuery, data=request.query_params)
        share = quality.find_settings(self.project).review_share
        wanted = review_selectors.Wanted(given.get("user"), given["value"], given["sample"], share)
        return self.respond_page(review_selectors.list_pending(self.project, request.user, wanted), AnnotationBody)


class QualitySettingsView(ProjectView):
    """How the project looks after its labels."""

    @extend_schema(responses=shapes.QualitySettingsBody)
    def get(self, request, slug):
        return Response(shapes.QualitySettingsBody(quality.find_settings(self.project)).data)

    @extend_schema(request=shapes.QualitySettingsBody, responses=shapes.QualitySettingsBody)
    def put(self, request, slug):
        """Fields that are not sent stay as they are."""
        changes = self.parse(shapes.QualitySettingsBody)
        settings = quality.change_settings(project=self.project, actor=request.user, **changes)
        return Response(shapes.QualitySettingsBody(settings).data)


class AgreementView(ProjectView):
    """The newest comparison of answers."""

    @extend_schema(responses=shapes.Agreement)
    def get(self, request, slug):
        report = people_selectors.find_report(self.project)
        if report is None:
            raise NotFound("Answers were not compared yet. POST here to have it done.")
        return Response(shapes.Agreement(report).data)

    @extend_schema(request=None, responses={202: shapes.Started})
    def post(self, request, slug):
        """Have a worker compare all answers anew."""
        job = agreement.start(project=self.project, user=request.user)
        return Response({"job": job.pk}, status=status.HTTP_202_ACCEPTED)


class ConsensusView(ProjectView):
    """Final labels, newest run first."""

    @extend_schema(responses=shapes.Consensus(many=True))
    def get(self, request, slug):
        return self.respond_page(ConsensusRun.objects.filter(project=self.project), shapes.Consensus)

    @extend_schema(request=shapes.ConsensusRequest, responses={202: shapes.Consensus})
    def post(self, request, slug):
        """Have a worker settle the labels of all items with several answers."""
        run = consensus.start(project=self.project, user=request.user, **self.parse(shapes.ConsensusRequest))
        return Response(shapes.Consensus(run).data, status=status.HTTP_202_ACCEPTED)


class FinalLabelsView(ProjectView):
    """The final labels of the newest run with what they say in full and the answers they come from."""

    @extend_schema(parameters=[shapes.FinalLabelQuery], responses=shapes.FinalLabelBody(many=True))
    def get(self, request, slug):
        given = self.parse(shapes.FinalLabelQuery, data=request.query_params)
        found = final_selectors.list_final_labels(
            self.project, is_doubtful=given.get("is_doubtful"), item_id=given.get("item")
        )
        return self.respond_page(found, shapes.FinalLabelBody)


class PeopleView(ProjectView):
    """Everybody who labeled, those whose answers need a look first; oneself only, below a reviewer."""

    @extend_schema(responses=shapes.People)
    def get(self, request, slug):
        people = people_selectors.list_people(self.project)
        if not is_allowed(self.project.role, "reviewer"):
            people = [person for person in people if person.user_id == request.user.pk]
        return Response(shapes.People({"people": people}).data)


class PersonView(ProjectView):
    """One person's work: speed by hour and week, agreement and gold by week, with whom and on what they differ."""

    @extend_schema(responses=shapes.PersonDetail)
    def get(self, request, slug, user_id):
        """Anybody's for reviewers; oneself only, below that."""
        sees_all = is_allowed(self.project.role, "reviewer")
        if not sees_all and user_id != request.user.pk:
            raise NotFound("This is for reviewers, and for the person it is about.")
        person = people_selectors.get_person(self.project, user_id)
        mixed_up = people_selectors.count_disagreements(self.project, user_id) if sees_all else []
        found = {field.name: getattr(person, field.name) for field in fields(person)} | {
            "is_suspect": person.is_suspect,
            "hours": people_selectors.list_pace_by_hour(self.project, user_id),
            "paces": people_selectors.list_pace_by_week(self.project, user_id),
            "weeks": people_selectors.list_weeks(self.project, person),
            "partners": people_selectors.list_partners(self.project, user_id) if sees_all else [],
            "mixed_up": [{"said": mine, "others": theirs, "count": count} for mine, theirs, count in mixed_up],
        }
        return Response(shapes.PersonDetail(found).data)
