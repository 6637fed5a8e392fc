"""What the fuzzer has reached still holds: each input that is kept is tried again, without a fuzzer."""

from tests.fuzz import inputs


def test_every_kept_input_still_holds() -> None:
    kept = inputs.kept()
    assert len(kept) > 50
    for data in (*inputs.seeds(), *kept):
        inputs.check(data)


def test_what_is_kept_is_read_as_it_was_written() -> None:
    text = inputs.CORPUS.read_text(encoding="ascii")
    assert inputs.lines(inputs.kept()) == text
