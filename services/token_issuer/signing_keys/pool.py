"""Signing without holding up the event loop."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from shared.errors import Unavailable
from shared.jose.signer import Signer

THREADS = 2
MAX_TOGETHER = 4
"""Signatures that a thread does at a time, when so many wait: handing over each by itself costs a tenth of it."""
MAX_WAITING = 1000
"""Signatures that may wait, half a second's worth; one more is refused at once."""


@dataclass(eq=False, slots=True)
class _Job:
    signer: Signer
    claims: Mapping[str, Any]
    typ: str
    signed: asyncio.Future[str]

    def run(self) -> str | Exception:
        """In a thread."""
        try:
            return self.signer.sign(self.claims, self.typ)
        except Exception as error:
            return error


class SigningPool:
    """RSA, which takes a millisecond and releases the GIL, signs in threads; ES256 and EdDSA at once."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "signing")
        self._idle = THREADS
        self._waiting: deque[_Job] = deque()
        self._stopped = False

    async def start(self) -> None:
        """Threads start with the first work."""

    async def stop(self) -> None:
        self._stopped = True
        for job in self._waiting:
            if not job.signed.done():
                job.signed.set_exception(Unavailable("the process ends"))
        self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def sign(self, signer: Signer, claims: Mapping[str, Any], typ: str) -> str:
        """Raises `Unavailable` when too many tokens wait for their signature."""
        if not signer.blocks:
            return signer.sign(claims, typ)
        if self._stopped or len(self._waiting) >= MAX_WAITING:
            raise Unavailable("too much is under way; try again later", retry_after=5)
        loop = asyncio.get_running_loop()
        job = _Job(signer, claims, typ, loop.create_future())
        if not self._waiting:  # the threads share out what this turn of the loop brings
            loop.call_soon(self._hand_over)
        self._waiting.append(job)
        return await job.signed

    def _hand_over(self) -> None:
        """Give each idle thread its share of what waits."""
        loop = asyncio.get_running_loop()
        while self._waiting and self._idle and not self._stopped:
            share = min(MAX_TOGETHER, -(-len(self._waiting) // self._idle))
            jobs = [job for job in (self._waiting.popleft() for _ in range(share)) if not job.signed.done()]
            if jobs:
                self._idle -= 1
                self._threads.submit(self._work, loop, jobs)

    def _work(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[_Job]) -> None:
        """In a thread."""
        results = [job.run() for job in jobs]
        loop.call_soon_threadsafe(self._take_back, jobs, results)

    def _take_back(self, jobs: Sequence[_Job], results: Sequence[str | Exception]) -> None:
        self._idle += 1
        for job, result in zip(jobs, results, strict=True):
            if job.signed.done():
                continue
            if isinstance(result, Exception):
                job.signed.set_exception(result)
            else:
                job.signed.set_result(result)
        self._hand_over()
