"""Pages of quality: the review queue, agreement, consensus, people, the guide's versions, the quiz."""

from django.urls import path

from webapp.pages.annotations import guide_versions, people, quality, quiz, review

P = "projects/<slug:slug>/label"

urlpatterns = [
    path(P + "/review", review.review, name="review"),
    path(P + "/review/verdicts", review.verdicts, name="verdicts"),
    path(P + "/review/verdicts/<int:review_id>/undo", review.take_back, name="review-undo"),
    path(P + "/review/<int:annotation_id>", review.judge, name="review-answer"),
    path(P + "/quality", quality.overview, name="quality"),
    path(P + "/quality/settings", quality.settings, name="quality-settings"),
    path(P + "/quality/items", quality.items, name="quality-items"),
    path(P + "/quality/consensus", quality.consensus, name="consensus"),
    path(P + "/people", people.people, name="people"),
    path(P + "/people/<int:user_id>", people.person, name="person"),
    path(P + "/guide/versions/<int:version>", guide_versions.guide_version, name="guide-version"),
    path(P + "/quiz", quiz.quiz, name="quiz"),
]

ACCESS = {
    "review": {"GET": "reviewer"},
    "verdicts": {"GET": "annotator"},
    "review-undo": {"POST": "reviewer"},
    "review-answer": {"POST": "reviewer"},
    "quality": {"GET": "reviewer", "POST": "reviewer"},
    "quality-settings": {"POST": "engineer"},
    "quality-items": {"GET": "reviewer"},
    "consensus": {"POST": "engineer"},
    "people": {"GET": "reviewer"},
    "person": {"GET": "annotator"},
    "guide-version": {"GET": "member"},
    "quiz": {"GET": "annotator", "POST": "annotator"},
}
