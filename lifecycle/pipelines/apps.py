from django.apps import AppConfig


class PipelinesConfig(AppConfig):
    name = "lifecycle.pipelines"
    label = "pipelines"
