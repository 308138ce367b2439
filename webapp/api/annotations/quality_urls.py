"""REST endpoints of quality: URL to view."""

from django.urls import path

from webapp.api.annotations import quality_views as views
from webapp.api.annotations import quiz_views

P = "projects/<slug:slug>/"

urlpatterns = [
    path(P + "reviews/", views.ReviewsView.as_view(), name="reviews"),
    path(P + "reviews/<int:review_id>/", views.ReviewView.as_view(), name="review"),
    path(P + "reviews/pending/", views.PendingView.as_view(), name="reviews-pending"),
    path(P + "quality/settings/", views.QualitySettingsView.as_view(), name="quality-settings"),
    path(P + "quality/agreement/", views.AgreementView.as_view(), name="agreement"),
    path(P + "quality/consensus/", views.ConsensusView.as_view(), name="consensus"),
    path(P + "quality/consensus/labels/", views.FinalLabelsView.as_view(), name="final-labels"),
    path(P + "quality/people/", views.PeopleView.as_view(), name="people"),
    path(P + "quality/people/<int:user_id>/", views.PersonView.as_view(), name="person"),
    path(P + "quiz/", quiz_views.QuizView.as_view(), name="quiz"),
    path(P + "quiz/answers/", quiz_views.QuizAnswersView.as_view(), name="quiz-answers"),
]

ACCESS = {
    "reviews": {"GET": "annotator", "POST": "reviewer"},
    "review": {"DELETE": "reviewer"},
    "reviews-pending": {"GET": "reviewer"},
    "quality-settings": {"GET": "viewer", "PUT": "engineer"},
    "agreement": {"GET": "reviewer", "POST": "reviewer"},
    "consensus": {"GET": "reviewer", "POST": "engineer"},
    "final-labels": {"GET": "reviewer"},
    "people": {"GET": "annotator"},
    "person": {"GET": "annotator"},
    "quiz": {"GET": "annotator", "POST": "annotator"},
    "quiz-answers": {"POST": "annotator"},
}
