"""What a training ran on: library versions, hardware and thread counts, so that its numbers can be had again."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

LIBRARIES = (
    "torch",
    "lightning-fabric",
    "lightgbm",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxmltools",
    "onnxscript",
    "pillow",
    "safetensors",
    "scikit-learn",
    "tokenizers",
    "transformers",
)


def list_libraries() -> dict[str, str]:
    """Installed versions of the libraries that decide a training's numbers."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def describe_environment(device: str, parameters: dict[str, Any], seed: int) -> dict[str, Any]:
    """Plain JSON about this process and machine."""
    described: dict[str, Any] = {
        "libraries": list_libraries(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _read_processor(),
        "cpu_count": os.cpu_count() or 1,
        "memory_bytes": _read_memory(),
        "torch_threads": torch.get_num_threads(),
        "torch_interop_threads": torch.get_num_interop_threads(),
        "device": device,
        "deterministic": True,
        "parameters": parameters,
        "seed": seed,
    }
    if device.startswith("cuda"):
        described["accelerator"] = torch.cuda.get_device_name()
        described["cuda"] = torch.version.cuda
    return described


def _read_processor() -> str:
    cpu_file = Path("/proc/cpuinfo")
    if cpu_file.exists():
        for line in cpu_file.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _read_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0
