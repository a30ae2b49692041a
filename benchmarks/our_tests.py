"""Import this before anything of `tests`: packages of that name may be installed, and ours is meant."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

_TESTS = ModuleType("tests")
_TESTS.__path__ = [str(Path(__file__).parents[1] / "tests")]
sys.modules["tests"] = _TESTS
