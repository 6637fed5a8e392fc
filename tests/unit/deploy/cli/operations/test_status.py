"""The status of what is no process of Passgate is no error of the command."""

from typing import Any

import pytest

from deploy.cli.operations import status
from deploy.cli.outcome import Refused


@pytest.mark.parametrize("found", [[], ["ok"], "ok", None, {"status": "ok", "dependencies": []}])
def test_health_of_another_form_is_an_unknown_state_that_says_where(
    found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "health", lambda _: (200, found))
    [row] = status._rows("gateway", status._health("http://127.0.0.1:1"))
    assert (row["state"], "http://127.0.0.1:1/health" in row["reason"]) == ("unknown", True)


def test_health_that_is_no_json_is_the_state_of_one_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_json(_: str) -> Any:
        raise Refused("no JSON")

    monkeypatch.setattr(status, "health", no_json)
    assert status._health("http://127.0.0.1:1") == {"status": "unreachable", "reason": "no JSON"}
