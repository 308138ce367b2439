"""How a distribution is written down so that a later one can be compared with it.

A reference is ``{"inputs": {feature: Histogram}, "outputs": {name: Histogram}}`` as plain JSON. A Histogram is
``{"kind": "number", "edges": [k+1 floats], "counts": [k ints], "missing": int}`` or
``{"kind": "category", "categories": [...], "counts": [...], "missing": int, "other": int}``.
Image inputs are described by the numbers width, height, brightness, contrast; texts by length and words.
Outputs: "label" (category) and "confidence" (number), or "value" (number).
"""
