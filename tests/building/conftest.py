"""The tests of the calculus hold derivations against the forward pass; what is built is held the same way."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "calculus"))
