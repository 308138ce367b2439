"""The scores every classification problem type reports."""

from lifecycle.contracts.problems import MetricDefinition

CLASSIFICATION_METRICS = (
    MetricDefinition("accuracy", "Accuracy", True, "Share of items whose predicted class is the true class."),
    MetricDefinition("macro_f1", "Macro F1", True, "Mean over classes of the harmonic mean of precision and recall."),
    MetricDefinition("balanced_accuracy", "Balanced accuracy", True, "Mean recall over classes."),
    MetricDefinition("roc_auc", "ROC AUC", True, "Area under the ROC curve, one-vs-rest mean over classes."),
    MetricDefinition("log_loss", "Log loss", False, "Mean negative log-probability of the true class, in nats."),
    MetricDefinition(
        "expected_calibration_error",
        "Calibration error",
        False,
        "Mean gap between confidence and accuracy over 15 equal-width bins (Guo et al. 2017, section 2).",
    ),
)
