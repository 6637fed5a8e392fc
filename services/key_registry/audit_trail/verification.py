"""Whether the trail is what was written, also compared with checkpoints that somebody has kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from services.key_registry.audit_trail.chain import BrokenTrail
from services.key_registry.audit_trail.checkpoints import (
    Checkpoint,
    InvalidCheckpoint,
    checkpoints_in,
    published_keys,
    read_checkpoint,
)
from services.key_registry.audit_trail.ports import Checkpoints
from shared.jose.keys import PublicKey

PAGE = 500


class Known(NamedTuple):
    """Heads that the trail is known to have had, by the number of lines."""

    heads: Mapping[int, bytes]
    kept: int
    """How many of them the registry itself has kept."""


def keys_of(own: Mapping[str, PublicKey] | None, path: Path | None) -> Mapping[str, PublicKey] | None:
    """The keys to verify checkpoints with: those in `path`, else our own. Raises `InvalidCheckpoint`, `OSError`."""
    return own if path is None else published_keys(path)


async def known_heads(store: Checkpoints, keys: Mapping[str, PublicKey] | None, files: Sequence[Path]) -> Known:
    """Of the checkpoints in `files` and of those that the registry has kept, as far as one of `keys` signed them.

    Raises `InvalidCheckpoint` for a file without a valid one, `BrokenTrail` for one of another history than the
    trail's or where two differ, `OSError` and `Unavailable`.
    """
    kept = [] if keys is None else await _kept(store, keys)
    given = [checkpoint for path in files for checkpoint in checkpoints_in(path, _required(keys))]
    epoch = await store.epoch() if given else ""
    heads: dict[int, bytes] = {}
    for checkpoint in (*given, *kept):
        if checkpoint in given and checkpoint.epoch != epoch:
            raise BrokenTrail(1, f"is of the history {epoch}, and the checkpoint is of {checkpoint.epoch}")
        if heads.setdefault(checkpoint.count, checkpoint.head) != checkpoint.head:
            raise BrokenTrail(checkpoint.count, "has had two hashes: checkpoints differ, it was made anew")
    return Known(heads, len(kept))


async def _kept(store: Checkpoints, keys: Mapping[str, PublicKey]) -> list[Checkpoint]:
    """What was signed by a key that is no longer known is left out: it proves nothing."""
    found: list[Checkpoint] = []
    before = None
    while page := await store.newest(before, PAGE):
        before = page[-1].number
        for kept in page:
            try:
                found.append(read_checkpoint(kept.jws, keys))
            except InvalidCheckpoint:
                continue
    return found


def _required(keys: Mapping[str, PublicKey] | None) -> Mapping[str, PublicKey]:
    if keys is None:
        raise InvalidCheckpoint("no key to verify checkpoints with: give --key, or set PASSGATE_AUDIT_KEY_FILE")
    return keys
