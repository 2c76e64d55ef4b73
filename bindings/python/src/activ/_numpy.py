"""NumPy, or what stands for it where it is missing.

The package imports without it, for catalogue, tensors and DLPack; arrays need it.
"""
from __future__ import annotations

from typing import Any

try:
    import numpy as np
except ImportError:

    class _Missing:
        def __getattr__(self, name: str) -> Any:
            raise ImportError(
                "activ needs NumPy for arrays: apt-get install python3-numpy, or " "pip install numpy",
                name="numpy",
            )

    np = _Missing()  # type: ignore[assignment]

__all__ = ["np"]
