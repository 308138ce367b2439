from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "lifecycle.experiments"
    label = "experiments"
