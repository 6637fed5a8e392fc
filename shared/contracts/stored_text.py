"""Text that a process reports and the key registry stores."""

from typing import Annotated

from pydantic import AfterValidator


def _without_nul(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


StoredText = Annotated[str, AfterValidator(_without_nul)]
"""PostgreSQL stores no NUL; JSON may hold one."""
