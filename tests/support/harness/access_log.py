"""The access lines that an application in this process writes."""

from collections.abc import Mapping
from typing import Any

import pytest

from shared import logging
from shared.http import middleware


def recorded_access_lines(monkeypatch: pytest.MonkeyPatch) -> dict[str, Mapping[str, Any]]:
    """The fields of each line written from now on, by the id of the request."""
    lines: dict[str, Mapping[str, Any]] = {}

    def record(fields: Mapping[str, Any], *_: object, **__: object) -> None:
        lines[logging.request_id.get()] = fields

    monkeypatch.setattr(middleware, "access", record)
    return lines
