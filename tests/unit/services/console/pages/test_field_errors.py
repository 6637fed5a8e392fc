"""What is wrong with a field is a sentence beside it, without the names that programs use."""

import pytest

from services.console.pages.field_errors import as_sentence, wrong_fields
from shared.errors import Conflict, FieldError, Unprocessable


@pytest.mark.parametrize(
    ("field", "message", "shown"),
    [
        ("client_prefix", "must be letters", "This must be letters."),
        ("name", "is missing", "This is missing."),
        ("audience", "must be a valid string", "This must be a valid string."),
        ("scopes.1", "is no scope", "Entry 2 is no scope."),
        ("limits.rate", "is too low.", "rate is too low."),
    ],
)
def test_a_message_is_a_sentence_at_its_field(field: str, message: str, shown: str) -> None:
    error = Unprocessable("some members are wrong", errors=[FieldError(field, message)])
    assert wrong_fields(error) == {field.split(".")[0]: shown}


def test_what_is_of_no_field_stays_as_it_is_and_of_two_messages_the_first_is_shown() -> None:
    assert wrong_fields(Conflict("there is one already")) == {"": "there is one already"}
    errors = [FieldError("name", "is empty"), FieldError("name", "is bad")]
    assert wrong_fields(Unprocessable("x", errors=errors)) == {"name": "This is empty."}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no such resource", "No such resource."),
        ("Is there one?", "Is there one?"),
        ("client_prefix is taken", "client_prefix is taken."),
        ("`at` is no time", "`at` is no time."),
        ("", ""),
    ],
)
def test_a_message_on_its_own_is_a_sentence_and_names_stay_as_they_are_written(message: str, shown: str) -> None:
    assert as_sentence(message) == shown
