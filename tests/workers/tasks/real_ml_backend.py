"""A model on the real `label-studio-ml` package, run by a Python that has it: `real_ml_backend.py <port> <folder>`."""

from __future__ import annotations

import sys

from label_studio_ml.api import init_app
from label_studio_ml.model import LabelStudioMLBase

WORDS = ("cat", "dog")


class Words(LabelStudioMLBase):
    """Finds the class by a word of the text; says in its score whether it was shown what is drawn."""

    def predict(self, tasks, context=None, **options):
        [name] = self.parsed_label_config
        target = self.parsed_label_config[name]["to_name"][0]
        predictions = []
        for task in tasks:
            said = [word for word in WORDS if word in task["data"]["text"]]
            region = {"from_name": name, "to_name": target, "type": "choices", "value": {"choices": said}}
            score = 1.0 if context else 0.5
            predictions.append({"result": [region] if said else [], "score": score})
        return predictions

    def fit(self, tasks, workdir=None, **options):
        return {"trained": True}


if __name__ == "__main__":
    app = init_app(model_class=Words, model_dir=sys.argv[2])
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
