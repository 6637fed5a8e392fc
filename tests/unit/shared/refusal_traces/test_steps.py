"""What a trace shows is bounded, and holds nothing of a secret."""

from shared.refusal_traces.steps import shown
from tests.support.cases import each_case

API_TOKEN = "pgat_" + "a1" * 24 + "b"
SESSION_TOKEN = "8b11af5a-f95f-4609-b386-864451e86c37"


@each_case("length", range(300, 420))
def test_nothing_is_left_of_a_session_token_however_long_the_text_before_it_is_and_whatever_is_redacted(
    length: int,
) -> None:
    text = shown(("/".join([API_TOKEN] * 6) + "/").ljust(length, "z") + "/" + SESSION_TOKEN)
    assert len(text) <= 200
    assert SESSION_TOKEN[:8] not in text
    assert "a1a1" not in text
