"""What is looked at in turn: a fault of one is no fault of the others."""

from structlog.testing import capture_logs

from shared.waiting.sweep import sweep_each


def test_one_that_fails_is_logged_and_given_up_and_the_others_have_their_turn() -> None:
    done, given_up = list[int](), list[int]()

    def act(number: int) -> None:
        if number % 2:
            raise ValueError(number)
        done.append(number)

    def give_up(number: int) -> None:
        given_up.append(number)
        if number == 1:
            raise RuntimeError(number)

    with capture_logs() as logs:
        sweep_each("numbers", range(5), act, give_up)
    assert (done, given_up) == ([0, 2, 4], [1, 3])
    assert [(entry["event"], entry["sweep"]) for entry in logs] == [("sweep.failed", "numbers")] * 3
