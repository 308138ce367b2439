from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "lifecycle.projects"
    label = "projects"
