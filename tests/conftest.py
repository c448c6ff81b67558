"""What every test may ask for. The real parts and the report about them are in `tests/real.py`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # `pytest` by itself, unlike `python -m pytest`, does not see the repository
    sys.path.insert(0, ROOT)

with warnings.catch_warnings():  # kafka-python reads its schemas, once at its import, in a deprecated way
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka.admin  # noqa: F401

pytest_plugins = ("tests.real", "tests.log_lines")
