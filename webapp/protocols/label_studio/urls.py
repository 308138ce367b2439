"""The Label Studio door: URL to view, written exactly as `label_studio_sdk` asks for them."""

from django.urls import path

from webapp.protocols.label_studio import exports, hooks, pictures, projects, site, tasks, views

P = "api/projects/<int:project_pk>/"

urlpatterns = [
    path("api/version/", site.VersionView.as_view(), name="version"),
    path("api/current-user/whoami", site.WhoAmIView.as_view(), name="whoami"),
    path("api/users/", site.UsersView.as_view(), name="users"),
    path("api/users/<int:user_pk>/", site.UserView.as_view(), name="user"),
    path("api/projects/", projects.ProjectsView.as_view(), name="projects"),
    path(P, projects.ProjectView.as_view(), name="project"),
    path(P + "validate/", projects.ValidateView.as_view(), name="validate"),
    path(P + "import", projects.ImportView.as_view(), name="import"),
    path(P + "imports/<int:import_pk>/", projects.ImportStatusView.as_view(), name="import-status"),
    path(P + "import/predictions", projects.ImportPredictionsView.as_view(), name="import-predictions"),
    path(P + "tasks/", tasks.ProjectTasksView.as_view(), name="project-tasks"),
    path(P + "export", exports.ExportView.as_view(), name="export"),
    path(P + "export/formats", exports.FormatsView.as_view(), name="export-formats"),
    path(P + "exports/", exports.ExportsView.as_view(), name="exports"),
    path(P + "exports/<int:export_pk>", exports.SnapshotView.as_view(), name="snapshot"),
    path(P + "exports/<int:export_pk>/convert", exports.ConvertView.as_view(), name="convert"),
    path(P + "exports/<int:export_pk>/download", exports.DownloadView.as_view(), name="download"),
    path("api/tasks/", tasks.TasksView.as_view(), name="tasks"),
    path("api/tasks/<int:task_pk>/", tasks.TaskView.as_view(), name="task"),
    path("api/tasks/<int:task_pk>/annotations/", tasks.TaskAnnotationsView.as_view(), name="task-annotations"),
    path("api/annotations/<int:annotation_pk>/", tasks.AnnotationView.as_view(), name="annotation"),
    path("api/predictions/", tasks.PredictionsView.as_view(), name="predictions"),
    path("api/predictions/<int:prediction_pk>/", tasks.PredictionView.as_view(), name="prediction"),
    path("api/dm/views/", views.ViewsView.as_view(), name="views"),
    path("api/dm/views/<int:view_pk>/", views.ViewView.as_view(), name="view"),
    path("api/webhooks/", hooks.WebhooksView.as_view(), name="webhooks"),
    path("api/webhooks/info/", hooks.WebhookInfoView.as_view(), name="webhook-info"),
    path("api/webhooks/<int:webhook_pk>/", hooks.WebhookView.as_view(), name="webhook"),
    path("data/<slug:slug>/<str:digest>", pictures.PictureView.as_view(), name="picture"),
]

ACCESS = {
    "version": {"GET": "user"},
    "whoami": {"GET": "user"},
    "users": {"GET": "user"},
    "user": {"GET": "user"},
    "projects": {"GET": "user", "POST": "user"},
    "project": {"GET": "member", "PATCH": "engineer", "DELETE": "owner"},
    "validate": {"POST": "member"},
    "import": {"POST": "engineer"},
    "import-status": {"GET": "reviewer"},
    "import-predictions": {"POST": "engineer"},
    "project-tasks": {"GET": "annotator", "DELETE": "engineer"},
    "export": {"GET": "reviewer"},
    "export-formats": {"GET": "viewer"},
    "exports": {"GET": "reviewer", "POST": "reviewer"},
    "snapshot": {"GET": "reviewer", "DELETE": "engineer"},
    "convert": {"POST": "reviewer"},
    "download": {"GET": "reviewer"},
    "tasks": {"GET": "user", "POST": "user"},  # the project is in the query or the body
    "task": {"GET": "annotator", "PATCH": "engineer", "DELETE": "engineer"},
    "task-annotations": {"GET": "annotator", "POST": "annotator"},
    "annotation": {"GET": "annotator", "PATCH": "annotator", "DELETE": "annotator"},
    "predictions": {"GET": "user", "POST": "user"},
    "prediction": {"GET": "reviewer", "PATCH": "engineer", "DELETE": "engineer"},
    "views": {"GET": "user", "POST": "user"},
    "view": {"GET": "user", "PATCH": "user", "DELETE": "user"},
    "webhooks": {"GET": "user", "POST": "user"},
    "webhook-info": {"GET": "user"},
    "webhook": {"GET": "engineer", "PATCH": "engineer", "DELETE": "engineer"},
    "picture": {"GET": "annotator"},
}
