from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "lifecycle.annotations"
    label = "annotations"
