"""What is reported to whoever typed the command."""


class StackError(Exception):
    """Something is in the way; the message says what it is and what to do about it."""
