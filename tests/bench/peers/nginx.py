"""nginx: the upstream of every gateway, and the floor, a proxy that checks nothing."""

import shutil
import subprocess
from pathlib import Path

from deploy.local.command import Command
from tests.bench.load import HOST

RESPONSE = '{"site":"' + "a" * 189 + '"}'
"""200 bytes of JSON."""
LARGE, LARGE_BYTES = "/large", 4_000_000
"""A path, and the size of what it leads to: more than fits into the buffers on the way."""

_TEMPORARY_PATHS = """\
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;"""

CONFIGURATION = """\
daemon off;
worker_processes {workers};
pid {directory}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  server_tokens off;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
{temporary_paths}
{servers}}}
"""
UPSTREAM = """\
  server {{
    listen {host}:{port} backlog=1024;
    location = {large} {{ default_type application/octet-stream; alias {directory}/large; }}
    location / {{ default_type application/json; return 200 '{response}'; }}
  }}
"""
PROXY = """\
  upstream resource {{
    server {host}:{upstream};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen {host}:{port} backlog=1024{shared};
    location / {{
      proxy_pass http://resource;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
"""


def binary() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def version() -> str:
    """As in `1.22.1`; empty when it is not installed."""
    program = binary()
    if program is None:
        return ""
    shown = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10)
    return shown.stderr.strip().rpartition("/")[2]


def temporary_paths(directory: Path) -> str:
    """The lines of the block `http` that make nginx write its temporary files below `directory`."""
    return _TEMPORARY_PATHS.format(directory=directory)


def upstream(directory: Path, port: int) -> Command | None:
    """Responds to every request with `RESPONSE`, but to `LARGE` with `LARGE_BYTES`."""
    (directory / "large").write_bytes(b"a" * LARGE_BYTES)
    server = UPSTREAM.format(host=HOST, port=port, response=RESPONSE, large=LARGE, directory=directory)
    return _command("upstream", directory, server)


def proxy(directory: Path, port: int, upstream_port: int, *, workers: int = 1) -> Command | None:
    """Forwards every request to the upstream, on connections that it keeps."""
    shared = " reuseport" if workers > 1 else ""
    servers = PROXY.format(host=HOST, port=port, upstream=upstream_port, shared=shared)
    return _command("nginx" if workers == 1 else f"nginx-{workers}", directory, servers, workers)


def _command(name: str, directory: Path, servers: str, workers: int = 1) -> Command | None:
    program = binary()
    if program is None:
        return None
    own = directory / name
    own.mkdir(parents=True, exist_ok=True)
    configuration = own / "nginx.conf"
    paths = temporary_paths(own)
    configuration.write_text(
        CONFIGURATION.format(directory=own, servers=servers, workers=workers, temporary_paths=paths)
    )
    argv = (program, "-p", str(own), "-e", "stderr", "-c", str(configuration))
    return Command(name, argv, directory=own)
