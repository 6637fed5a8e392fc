"""Links that open nothing any more, or never did."""

from shared.errors import NotFound


class LinkInvalid(NotFound):
    """Unknown, used, ended or expired: which of them (`cause`) is for the log alone."""

    def __init__(self, description: str, cause: str) -> None:
        super().__init__(description)
        self.cause = cause
