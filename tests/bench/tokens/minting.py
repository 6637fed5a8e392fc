"""Access tokens in number: the issuer would take minutes over them, and each is to be one that nobody has seen."""

import asyncio
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import orjson

from deploy.local.stack import Stack
from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.storage.postgres import SCHEMA
from shared.jose import base64url
from shared.jose.keys import load_private_key
from shared.jose.signer import Signer

Claims = dict[str, object]


async def issuers_signer(stack: Stack, kid: str) -> Signer:
    """A signer with the issuer's own key, which it opens as the issuer does."""
    database = await asyncpg.connect(stack.store_dsn("postgres"), timeout=10)
    try:
        query = f"SELECT algorithm, sealed FROM {SCHEMA.name}.signing_key WHERE kid = $1"
        record = await database.fetchrow(query, kid, timeout=10)
    finally:
        await database.close(timeout=10)
    pem = MasterKey.from_file(stack.secrets / "master_key").open(kid, record["sealed"])
    return Signer(kid, record["algorithm"], load_private_key(pem))


async def minted(template: str, signer: Signer, count: int) -> list[str]:
    """So many tokens like `template`, each with an id of its own. Uses all cores: a signature releases the GIL."""
    claims = _claims(template)
    return await _in_threads(count, lambda: signer.sign(_renamed(claims)))


def forged(template: str, count: int) -> list[str]:
    """So many tokens like `template`, each with an id and a signature of its own that is of the right size.

    Of an RSA signature the first byte is 0: it is below any modulus, and no verifier is spared the arithmetic.
    """
    head, _, rest = template.partition(".")
    claims, size = _claims(template), len(base64url.decode(rest.partition(".")[2].encode()))
    return [
        ".".join((head, *(base64url.encode(part).decode() for part in (orjson.dumps(_renamed(claims)), signature))))
        for signature in (b"\0" + secrets.token_bytes(size - 1) for _ in range(count))
    ]


def _claims(token: str) -> Claims:
    claims: Claims = orjson.loads(base64url.decode(token.split(".")[1].encode()))
    return claims


def _renamed(claims: Claims) -> Claims:
    return {**claims, "jti": secrets.token_urlsafe(len(str(claims["jti"])) * 3 // 4)}


async def _in_threads(count: int, one: Callable[[], str]) -> list[str]:
    workers = os.cpu_count() or 1
    shares = [len(range(number, count, workers)) for number in range(workers)]
    loop = asyncio.get_running_loop()

    def created(share: int) -> list[str]:
        return [one() for _ in range(share)]

    with ThreadPoolExecutor(workers) as pool:
        done = await asyncio.gather(*(loop.run_in_executor(pool, created, share) for share in shares))
    return [token for tokens in done for token in tokens]
