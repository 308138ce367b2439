"""REST of monitoring."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from lifecycle.deployments.selectors import get_deployment
from lifecycle.monitoring import selectors, services
from webapp.api.base import ProjectView
from webapp.api.monitoring.serializers import (
    AlertFilterSerializer,
    AlertSerializer,
    DriftReportSerializer,
    WindowFilterSerializer,
    WindowSerializer,
)


class LiveWindow(ProjectView):
    @extend_schema(operation_id="monitor_window", parameters=[WindowFilterSerializer], responses=WindowSerializer)
    def get(self, request, slug, deployment):
        """The newest predictions beside the reference stored with the model: PSI and KS per input and output."""
        wanted = self.parse(WindowFilterSerializer, data=request.query_params)
        window = selectors.compare_window(get_deployment(self.project, deployment), size=wanted["size"])
        return Response(WindowSerializer(window).data)


class DriftReports(ProjectView):
    @extend_schema(operation_id="drift_reports_list", responses=DriftReportSerializer(many=True))
    def get(self, request, slug, deployment):
        """Stored drift reports, newest first."""
        found = selectors.list_reports(get_deployment(self.project, deployment))
        return self.respond_page(found, DriftReportSerializer)


class Alerts(ProjectView):
    @extend_schema(operation_id="alerts_list", parameters=[AlertFilterSerializer], responses=AlertSerializer(many=True))
    def get(self, request, slug):
        """Alerts of every deployment of the project, newest first."""
        wanted = self.parse(AlertFilterSerializer, data=request.query_params)
        return self.respond_page(selectors.list_alerts(self.project, **wanted), AlertSerializer)


class AlertResolve(ProjectView):
    @extend_schema(operation_id="alerts_resolve", request=None, responses=AlertSerializer)
    def post(self, request, slug, alert_id):
        """Mark an alert as dealt with."""
        alert = services.resolve(alert=selectors.get_alert(self.project, alert_id), user=request.user)
        return Response(AlertSerializer(alert).data)
