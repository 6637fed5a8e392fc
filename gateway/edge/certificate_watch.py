"""The certificate in use: that of the files as they were when they were last valid."""

import ssl
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.edge.certificate import Certificate, CertificateError, load_certificate
from gateway.file_version import file_version
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.errors import Unavailable
from shared.settings.config import ConfigError
from shared.waiting.daemon_threads import OneAtATime, WorkHangs

log = structlog.get_logger()

CHECK_INTERVAL_S = 1.0
"""Seconds between two checks whether the files have changed."""
READ_TIMEOUT_S = 5.0
"""Of files in a folder of the network, whose server may be away."""
EXPIRY_NOTICE_S = 14 * 86400.0
EXPIRY_NOTICE_SHARE = 0.2
"""A certificate that ends within so many seconds, or has less than this share of its life left, is logged."""
NOTICE_INTERVAL_S = 86400.0
"""Seconds between two such lines."""


class CertificateWatch(TaskOwner):
    """Takes up a changed certificate for new connections, if it is valid; if not, the last valid one stays.

    Raises `ConfigError` when it is created and the files are invalid. Certificate and key are replaced one after
    the other: what does not fit is only reported when it is still so at the next check. An expired certificate
    never takes the place of one that is not.
    """

    def __init__(self, certificate_file: Path, key_file: Path, registry: CollectorRegistry, clock: Clock) -> None:
        self._files = certificate_file, key_file
        self._clock = clock
        self._version = self._read_version()
        """Of the files when the certificate in use was read."""
        self._failed_version: tuple[tuple[int, ...], ...] | None = None
        """Of the files when they were last found invalid."""
        self._error = ""
        self._thread = OneAtATime(READ_TIMEOUT_S)
        self._noticed_at = -NOTICE_INTERVAL_S
        self._certificate = load_or_refuse(certificate_file, key_file)
        self.tasks = (PeriodicTask("tls_certificate", self.check_files, interval=CHECK_INTERVAL_S),)
        self._loads = Counter(
            "gateway_tls_certificate_loads_total",
            "Readings of a changed certificate.",
            ("outcome",),
            registry=registry,
        )
        self._valid = Gauge(
            "gateway_tls_certificate_valid",
            "1 when the certificate in use has not expired, and is that of the files as they are now.",
            registry=registry,
        )
        self._valid.set_function(lambda: not self.fault)
        not_after = Gauge(
            "gateway_tls_certificate_not_after_seconds",
            "When the certificate in use expires, in seconds since the epoch.",
            registry=registry,
        )
        not_after.set_function(lambda: self._certificate.not_after)
        self._warn_of_exposed_key()

    def context(self) -> ssl.SSLContext:
        """For a connection that begins now."""
        return self._certificate.context

    @property
    def fault(self) -> str:
        """What is wrong with the certificate or its files; empty when nothing is."""
        if not self._certificate.usable(self._clock.now()):
            return "the certificate in use has expired, or is not valid yet"
        return (
            f"the certificate's files are invalid, an earlier one is in use: {self._error}" if self._error else ""
        )

    async def check(self) -> None:
        """For health: raises `Unavailable` with the fault, if there is one."""
        if self.fault:
            raise Unavailable(self.fault)

    async def check_files(self) -> None:
        """Take up the files if they have changed; log that the end is near."""
        try:
            version = await self._thread.run(self._read_version)
            if version != self._version or self._error:
                await self._take_up(version)
        except WorkHangs as hangs:
            self._report(str(hangs))
        self._notice_expiry()

    async def _take_up(self, version: tuple[tuple[int, ...], ...]) -> None:
        try:
            certificate = await self._thread.run(load_certificate, *self._files)
            self._require_usable(certificate)
        except CertificateError as error:
            if version == self._failed_version:
                self._report(str(error))
            self._failed_version = version
            return
        self._certificate, self._version = certificate, version
        self._error, self._failed_version = "", None
        self._noticed_at = -NOTICE_INTERVAL_S
        self._loads.labels("valid").inc()
        log.info("tls_certificate.loaded", expires_in_s=round(certificate.not_after - self._clock.now()))
        self._warn_of_exposed_key()

    def _report(self, error: str) -> None:
        """Once for as long as nothing else is wrong."""
        if error != self._error:
            self._error = error
            self._loads.labels("invalid").inc()
            log.error("tls_certificate.invalid", reason=error)

    def _require_usable(self, certificate: Certificate) -> None:
        now = self._clock.now()
        if not certificate.usable(now) and self._certificate.usable(now):
            raise CertificateError(f"{self._files[0]} has expired, or is not valid yet")

    def _notice_expiry(self) -> None:
        certificate, now = self._certificate, self._clock.now()
        life = certificate.not_after - certificate.not_before
        left = certificate.not_after - now
        if left > min(EXPIRY_NOTICE_S, life * EXPIRY_NOTICE_SHARE):
            return
        monotonic = self._clock.monotonic()
        if monotonic - self._noticed_at >= NOTICE_INTERVAL_S:
            self._noticed_at = monotonic
            log.warning("tls_certificate.expires_soon", expires_in_s=round(left))

    def _warn_of_exposed_key(self) -> None:
        if self._certificate.key_is_exposed:
            log.warning("tls_key_file.exposed", file=str(self._files[1]))

    def _read_version(self) -> tuple[tuple[int, ...], ...]:
        return tuple(map(file_version, self._files))


def load_or_refuse(certificate_file: Path, key_file: Path) -> Certificate:
    """At the start of a process: raises `ConfigError` naming the settings when the files are invalid."""
    try:
        return load_certificate(certificate_file, key_file)
    except CertificateError as error:
        raise ConfigError(f"PASSGATE_TLS_CERTIFICATE_FILE, PASSGATE_TLS_KEY_FILE: {error}") from None
