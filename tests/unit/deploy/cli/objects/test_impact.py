from typing import Any

from deploy.cli.objects.impact import impact_in_words


def test_what_depends_on_it_is_called_as_everywhere_else() -> None:
    kinds = ("booking", "api_token", "access_key", "api_client", "key_pair")
    window: dict[str, Any] = {"calls": 0, "addresses": 0}
    impact = {
        "live_jwts": 0, "live_session_tokens": 0, "last_used_at": None, "hour": window, "day": window,
        "week": window, "dependents": [{"kind": kind, "active": 2, "suspended": 0} for kind in kinds],
    }  # fmt: skip
    assert impact_in_words(impact).startswith(
        "2 bookings, 2 API tokens, 2 access keys, 2 API clients, 2 key pairs;"
    )
