"""The TLS of one upstream, read again when its files change."""

import asyncio
import ssl
from collections.abc import Callable
from functools import lru_cache

import structlog

from gateway.file_version import file_version
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.routing.table import Upstream
from gateway.upstreams.client_tls import TlsFileError, client_context
from gateway.upstreams.settings import UpstreamTls
from shared.waiting.daemon_threads import OneAtATime, WorkHangs, in_daemon_thread

log = structlog.get_logger()

FILE_CHECK_INTERVAL_S = 10.0
READ_TIMEOUT_S = 5.0
"""Of files in a folder of the network, whose server may be away."""


class TlsWatch:
    """`due_jobs.Job`. Files that cannot be used change nothing: what was read last stays, and the log says so.

    `changed` is called when other files are in use: what was opened with those of before is not to be used again.
    """

    interval = FILE_CHECK_INTERVAL_S

    def __init__(self, upstream: Upstream, changed: Callable[[], None]) -> None:
        self.due_at = 0.0
        self._upstream = upstream.name
        self._tls = upstream.tls
        self._changed = changed
        self._context: ssl.SSLContext | None = None
        self._version: tuple[tuple[int, ...], ...] = ()
        """Of the files that are in use."""
        self._failed_version: tuple[tuple[int, ...], ...] | None = None
        """Of files that could not be used when they were looked at last."""
        self._thread = OneAtATime(READ_TIMEOUT_S)
        self._first = asyncio.Lock()
        """Held by who reads the files for the first time: all calls of the upstream wait for it."""
        self.error = ""
        """Why the files as they are now are not in use; "" when they are."""

    def name_of(self, endpoint: Endpoint) -> str:
        """What its certificate must be for."""
        return self._tls.server_name or endpoint.address.host.rstrip(".")

    async def context(self) -> ssl.SSLContext:
        """Raises `TlsFileError`, if the files could not be used at all yet."""
        if self._context is not None:
            return self._context
        async with self._first:
            if self._context is not None:
                return self._context
            self._version, context = await in_daemon_thread(_read, self._tls)
            self._context = context
            return context

    async def run(self) -> None:
        """Take up the files if they have changed since they were read."""
        if self._context is None:
            return
        try:
            found = await self._thread.run(_version, self._tls)
            if found == self._version:
                self._failed_version, self.error = None, ""
                return
            version, context = await self._thread.run(_read, self._tls)
        except WorkHangs as hangs:
            self._report(str(hangs))
            return
        except TlsFileError as error:
            if found == self._failed_version:  # and not in the middle of being replaced, one after the other
                self._report(str(error), error.member)
            self._failed_version = found
            return
        self._version, self._context, self._failed_version, self.error = version, context, None, ""
        log.info("upstream_tls.loaded", upstream=self._upstream)
        self._changed()

    def _report(self, reason: str, member: str = "tls") -> None:
        """Once for as long as nothing else is wrong."""
        text = f"{member} {reason}"
        if text != self.error:
            log.error("upstream_tls.invalid", upstream=self._upstream, member=member, reason=reason)
        self.error = text


def _read(tls: UpstreamTls) -> tuple[tuple[tuple[int, ...], ...], ssl.SSLContext]:
    """Raises `TlsFileError`. What changes while it is read is read again the next time."""
    version = _version(tls)
    return version, client_context(tls) if version else _system_context()


@lru_cache(maxsize=1)
def _system_context() -> ssl.SSLContext:
    """One for all upstreams that name no file: each holds all authorities of the system."""
    return client_context(UpstreamTls())


def _version(tls: UpstreamTls) -> tuple[tuple[int, ...], ...]:
    return tuple(map(file_version, tls.files))
