"""REST of jobs: list, look, read the log, cancel, start again."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from lifecycle.jobs import selectors, services
from webapp.api.base import ApiView, ProjectView
from webapp.api.jobs.serializers import (
    JobDetailSerializer,
    JobFilterSerializer,
    JobSerializer,
    LogFilterSerializer,
    LogLineSerializer,
    QueueSerializer,
)


class JobList(ProjectView):
    @extend_schema(operation_id="jobs_list", parameters=[JobFilterSerializer], responses=JobSerializer(many=True))
    def get(self, request, slug):
        """A project's jobs, newest first."""
        filters = self.parse(JobFilterSerializer, data=request.query_params)
        return self.respond_page(selectors.list_jobs(self.project, **filters), JobSerializer)


class JobDetail(ProjectView):
    @extend_schema(operation_id="jobs_get", responses=JobDetailSerializer)
    def get(self, request, slug, job_id):
        """One job with its progress, attempts and result."""
        return Response(JobDetailSerializer(selectors.get_job(self.project, job_id)).data)


class JobLogLines(ProjectView):
    @extend_schema(operation_id="jobs_log", parameters=[LogFilterSerializer], responses=LogLineSerializer(many=True))
    def get(self, request, slug, job_id):
        """The log: the newest lines, or those after `after` (a line's id)."""
        wanted = self.parse(LogFilterSerializer, data=request.query_params)
        lines = selectors.list_log(selectors.get_job(self.project, job_id), **wanted)
        return Response(LogLineSerializer(lines, many=True).data)


class JobCancel(ProjectView):
    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobSerializer)
    def post(self, request, slug, job_id):
        """Stop a job: at once while it waits, within seconds while it runs."""
        return Response(JobSerializer(services.cancel(job=selectors.get_job(self.project, job_id))).data)


class JobRetry(ProjectView):
    @extend_schema(operation_id="jobs_retry", request=None, responses=JobSerializer)
    def post(self, request, slug, job_id):
        """Queue a failed or canceled job again."""
        return Response(JobSerializer(services.retry(job=selectors.get_job(self.project, job_id))).data)


class Queues(ApiView):
    @extend_schema(operation_id="queues_list", responses=QueueSerializer(many=True))
    def get(self, request):
        """Depth, age and listening workers of every queue."""
        return Response(QueueSerializer(selectors.summarize_queues(), many=True).data)
