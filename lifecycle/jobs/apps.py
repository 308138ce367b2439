from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "lifecycle.jobs"
    label = "jobs"
