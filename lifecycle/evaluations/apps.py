from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    name = "lifecycle.evaluations"
    label = "evaluations"
