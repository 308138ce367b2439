from django.apps import AppConfig


class SourcesConfig(AppConfig):
    name = "lifecycle.sources"
    label = "sources"
