"""Sources over REST: set up, describe, schedule, run, correct."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.datasets.selectors import get_dataset
from lifecycle.sources import exports, selectors, services
from lifecycle.sources.models import SourceRun
from webapp.api.base import ProjectView
from webapp.api.sources import serializers

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


class SourcesView(ProjectView):
    """Where this project's data comes from, newest first."""

    @extend_schema(responses=serializers.SourceOut(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_sources(self.project), serializers.SourceOut)

    @extend_schema(request=serializers.SourceStart, responses={201: serializers.SourceOut})
    def post(self, request, slug):
        """Add a database, server folder, bucket or place for uploads. Nothing is read before its first run."""
        wanted = self.parse(serializers.SourceStart)
        mapping, contract = wanted.pop("mapping", None), wanted.pop("contract", None)
        source = services.create_source(dataset=get_dataset(self.project), user=request.user, **wanted)
        if mapping or contract:
            source = services.activate_source(source=source, user=request.user, mapping=mapping, contract=contract)
        return Response(serializers.SourceOut(source).data, status=status.HTTP_201_CREATED)


class SourceView(ProjectView):
    @extend_schema(responses=serializers.SourceOut)
    def get(self, request, slug, source_id):
        return Response(serializers.SourceOut(selectors.get_source(self.project, source_id)).data)

    @extend_schema(request=serializers.SourceChange, responses=serializers.SourceOut)
    def patch(self, request, slug, source_id):
        """Change what is given. A changed query or cursor column begins from the start again."""
        source = selectors.get_source(self.project, source_id)
        change = self.parse(serializers.SourceChange)
        return Response(serializers.SourceOut(services.update_source(source=source, user=request.user, **change)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, source_id):
        """Forget the source with its contract and history; the items that came from it stay."""
        services.delete_source(source=selectors.get_source(self.project, source_id), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SecretsView(ProjectView):
    @extend_schema(request={"application/json": {"type": "object", "additionalProperties": {"type": "string"}}},
                   responses=serializers.SourceOut)  # fmt: skip
    def put(self, request, slug, source_id):
        """Set or replace secrets by name; an empty one is removed. They are never shown again."""
        source = selectors.get_source(self.project, source_id)
        body = request.data if isinstance(request.data, dict) else {}
        wanted = self.parse(serializers.SecretValues, data={"values": body})["values"]
        return Response(
            serializers.SourceOut(services.set_secrets(source=source, user=request.user, secrets=wanted)).data
        )


class SourcePreviewView(ProjectView):
    """What the source would give: its first rows, a contract and a mapping to start from."""

    @extend_schema(responses=serializers.SourcePreviewOut)
    def get(self, request, slug, source_id):
        return Response(_describe_preview(selectors.get_source(self.project, source_id)))

    @extend_schema(request=None, responses={202: serializers.SourcePreviewOut})
    def post(self, request, slug, source_id):
        """Have a worker look at the source."""
        source = services.preview_source(source=selectors.get_source(self.project, source_id), user=request.user)
        return Response(_describe_preview(source), status=status.HTTP_202_ACCEPTED)


class SourceRunsView(ProjectView):
    """Runs of a source, newest first."""

    @extend_schema(responses=serializers.SourceRunOut(many=True))
    def get(self, request, slug, source_id):
        source = selectors.get_source(self.project, source_id)
        return self.respond_page(selectors.list_runs(source), serializers.SourceRunOut)

    @extend_schema(request=serializers.RunStart, responses={202: serializers.SourceRunOut})
    def post(self, request, slug, source_id):
        """Read the source now, or read corrected files in its place."""
        source, wanted = selectors.get_source(self.project, source_id), self.parse(serializers.RunStart)
        is_fix = bool(wanted.get("uploads")) and source.kind != source.Kind.UPLOAD
        trigger = SourceRun.Trigger.FIX if is_fix else SourceRun.Trigger.PERSON
        run = services.run_source(source=source, user=request.user, trigger=trigger, **wanted)
        return Response(serializers.SourceRunOut(run).data, status=status.HTTP_202_ACCEPTED)


class ContractView(ProjectView):
    """What the rows of a source must look like."""

    @extend_schema(responses=serializers.Contract)
    def get(self, request, slug, source_id):
        return Response(selectors.get_source(self.project, source_id).contract)

    @extend_schema(request=serializers.Contract, responses=serializers.SourceOut)
    def put(self, request, slug, source_id):
        """A new version of the contract, for the runs to come."""
        source, contract = selectors.get_source(self.project, source_id), self.parse(serializers.Contract)
        source = services.save_contract(source=source, user=request.user, contract=contract)
        return Response(serializers.SourceOut(source).data)


class ContractVersionsView(ProjectView):
    """All versions of the contract, newest first."""

    @extend_schema(responses=serializers.ContractVersionOut(many=True))
    def get(self, request, slug, source_id):
        source = selectors.get_source(self.project, source_id)
        return self.respond_page(selectors.list_contract_versions(source), serializers.ContractVersionOut)


class ScheduleView(ProjectView):
    @extend_schema(request=serializers.Schedule, responses=serializers.SourceOut)
    def put(self, request, slug, source_id):
        """Run by a cron line or every so many minutes."""
        source, wanted = selectors.get_source(self.project, source_id), self.parse(serializers.Schedule)
        return Response(serializers.SourceOut(services.set_schedule(source=source, user=request.user, **wanted)).data)


class PauseView(ProjectView):
    @extend_schema(request=None, responses=serializers.SourceOut)
    def post(self, request, slug, source_id):
        """Keep the schedule and stop following it."""
        source = services.pause_source(source=selectors.get_source(self.project, source_id), user=request.user)
        return Response(serializers.SourceOut(source).data)


class ResumeView(ProjectView):
    @extend_schema(request=None, responses=serializers.SourceOut)
    def post(self, request, slug, source_id):
        source = services.resume_source(source=selectors.get_source(self.project, source_id), user=request.user)
        return Response(serializers.SourceOut(source).data)


class RowChangesView(ProjectView):
    """Rows of the source that got other content: the item before, the item now, and which run brought it."""

    @extend_schema(responses=serializers.RowChangeOut(many=True))
    def get(self, request, slug, source_id):
        source = selectors.get_source(self.project, source_id)
        return self.respond_page(selectors.list_changes(source), serializers.RowChangeOut)


class GoneView(ProjectView):
    """Rows and files that gave items and that a later run, which saw all there is, did not find."""

    @extend_schema(responses=serializers.SourceGoneOut)
    def get(self, request, slug, source_id):
        """How many there are, and what became of their items."""
        return Response(selectors.count_gone(selectors.get_source(self.project, source_id)))

    @extend_schema(request=serializers.SourceGoneChange, responses=serializers.SourceGoneOut)
    def post(self, request, slug, source_id):
        """Exclude their items from the versions to come, or take that back."""
        source = selectors.get_source(self.project, source_id)
        is_excluded = self.parse(serializers.SourceGoneChange)["is_excluded"]
        (services.exclude_gone if is_excluded else services.restore_gone)(source=source, user=request.user)
        return Response(selectors.count_gone(source))


class GoneItemsView(ProjectView):
    """The items of rows and files that are gone, the last found first."""

    @extend_schema(responses=serializers.GoneItemOut(many=True))
    def get(self, request, slug, source_id):
        source = selectors.get_source(self.project, source_id)
        return self.respond_page(selectors.list_gone(source), serializers.GoneItemOut)


class QuarantineView(ProjectView):
    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, "application/jsonl"): OpenApiTypes.BINARY})
    def get(self, request, slug, source_id, collection_id, kind):
        """What a run set aside, as csv or jsonl. Correct the csv, upload it, and start a run with that upload."""
        run = selectors.get_run(selectors.get_source(self.project, source_id), collection_id)
        content = exports.stream_quarantine(run.collection, kind)
        response = StreamingHttpResponse(content, content_type=CONTENT_TYPES[kind])
        response["Content-Disposition"] = f'attachment; filename="set-aside-{collection_id}.{kind}"'
        return response


def _describe_preview(source) -> dict:
    job = source.preview_job
    return {
        "is_ready": bool(source.preview),
        "preview": source.preview,
        "job": source.preview_job_id,
        "error": job.error if job else "",
    }
