"""HAProxy with jwt_verify: signature, algorithm, issuer and expiry are checked at each request."""

import re
import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.local.command import Command
from shared.jose.keys import load_public_key
from tests.bench.load import HOST
from tests.bench.peers.envoy import Tokens

CONFIGURATION = """\
global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 75s
  timeout server 75s
frontend gateway
  bind {host}:{port} backlog 1024
  http-request deny deny_status 401 unless {{ req.hdr(authorization) -m found }}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
  http-request set-var(txn.now) date()
  http-request set-var(txn.left) var(txn.bearer),jwt_payload_query('$.exp','int'),sub(txn.now)
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str {algorithm} }}
  http-request deny deny_status 401 unless {{ var(txn.iss) -m str {issuer} }}
  http-request deny deny_status 401 unless {{ var(txn.left) -m int gt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{key}") -m int 1 }}
  default_backend resource
backend resource
  http-reuse always
  server upstream {host}:{upstream}
"""


def binary() -> str | None:
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


def version() -> str:
    """As in `2.6.12`; empty when it is not installed."""
    program = binary()
    if program is None:
        return ""
    shown = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10)
    found = re.search(r"version (\d+\.\d+\.\d+)", shown.stdout)
    return found.group(1) if found else "unknown"


def command(directory: Path, port: int, upstream_port: int, tokens: Tokens) -> Command | None:
    """One thread; no access log."""
    program = binary()
    if program is None:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    key, configuration = directory / "haproxy-key.pem", directory / "haproxy.cfg"
    public = load_public_key(tokens.key, kid="benchmark")
    key.write_bytes(public.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    configuration.write_text(
        CONFIGURATION.format(
            host=HOST,
            port=port,
            upstream=upstream_port,
            algorithm=tokens.key["alg"],
            issuer=tokens.issuer,
            key=key,
        )
    )
    return Command("haproxy", (program, "-db", "-q", "-f", str(configuration)), directory=directory)
