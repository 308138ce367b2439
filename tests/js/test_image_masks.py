"""Masks painted in the browser and Label Studio's converter read each other's bytes."""

from __future__ import annotations

import json
import subprocess

import numpy as np
from label_studio_sdk.converter import brush

from lifecycle.contracts.settings import ROOT
from tests.js.test_modules import find_node

SCRIPT = """
import { readFileSync } from "node:fs";
import { decodeMask, encodeMask } from "./static/js/annotator/surfaces/image/rle.js";
const { rle, width, height } = JSON.parse(readFileSync(0, "utf8"));
const mask = decodeMask(rle, width, height);
console.log(JSON.stringify({ mask: [...mask], rle: encodeMask(mask) }));
"""


def test_a_mask_goes_to_the_browser_and_back_without_a_changed_pixel():
    mask = np.zeros((120, 90), dtype=np.uint8)
    mask[10:60, 20:70] = 255
    mask[np.random.default_rng(0).random(mask.shape) < 0.05] = 255
    sent = json.dumps({"rle": brush.mask2rle(mask), "width": 90, "height": 120})

    command = [find_node(), "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, cwd=ROOT, check=True)

    came = json.loads(done.stdout)
    assert came["mask"] == (mask.ravel() > 0).astype(int).tolist()
    back = brush.decode_rle(came["rle"]).reshape(120, 90, 4)
    assert all((back[:, :, channel] == mask).all() for channel in range(4))
