from django.apps import AppConfig


class ExplorationConfig(AppConfig):
    name = "lifecycle.exploration"
    label = "exploration"
