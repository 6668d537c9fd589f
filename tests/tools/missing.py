"""Where a machine lacks something, a developer's run skips and says what; CI fails, since there nothing is optional."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def skip_or_fail(lacking: str) -> NoReturn:
    """Skip the test with this line, or fail it if ``CI`` is ``true``."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{lacking} (with CI=true nothing may be skipped)", pytrace=False)
    pytest.skip(lacking)
