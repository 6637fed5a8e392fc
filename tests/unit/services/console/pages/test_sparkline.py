"""The calls of seven days of one credential, as small as a word."""

from services.console.pages.sparkline import sparklines_of

NONE = {"accepted": 0, "refused": 0, "failed": 0}


def test_each_credential_has_its_days_in_words_and_as_one_path_for_each_outcome() -> None:
    days = [{**NONE, "accepted": 1000, "refused": 1}, *[NONE] * 5, {**NONE, "accepted": 10}]
    line = sparklines_of([{"credential_id": "1", "days": days}, {"credential_id": "2", "days": [NONE] * 7}])["1"]
    assert line.total == 1011
    assert line.words == "Calls by day, the oldest first: 1,001, 0, 0, 0, 0, 0, 10"
    assert set(line.paths) == {"accepted", "refused"}
    assert line.paths["accepted"].count("M") == 2
    assert line.drawing.width == 54


def test_without_a_call_there_is_nothing_to_draw() -> None:
    line = sparklines_of([{"credential_id": "2", "days": [NONE] * 7}])["2"]
    assert (line.total, line.paths) == (0, {})
