"""What is asked and reported when a company is erased or exported at the command line."""

from collections.abc import Callable

from services.key_registry.privacy.erasure import Erased

REMAINS = """\
What remains, and why:
  the audit trail's lines   who (an id), what, when, request id, and their hashes: the chain must verify. Their
                            details are gone, and none of the ids leads to the company any more
  ids of what was stopped   for 31 days: a token that is still out must not be accepted again
  responses to creates      of operators' own admin tokens, sealed, for 24 hours
  session tokens            encrypted, in Valkey, until their own end (at most the longest life of an access key)
  logs                      until they are rotated; events that were still under way: run the command again tomorrow
  backups, checkpoints      backups until you delete them; checkpoints hold no data of a company"""


def confirmed(prefix: str, answer: Callable[[str], str]) -> bool:
    """Whether somebody types the company's prefix, as only who means it does."""
    try:
        return answer(f"Everything of {prefix} will be erased for ever. Type its client_prefix: ").strip() == prefix
    except EOFError:
        return False


def report(erased: Erased) -> str:
    return (
        f"erased: {erased.objects} objects, the details of {erased.lines} audit lines,"
        f" {erased.files} files of old months written anew\n{REMAINS}"
    )
