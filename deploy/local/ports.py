"""Ports of the loopback addresses: whether one is free, and who has one that is taken."""

import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from deploy.errors import StackError


def require_free(ports: Mapping[str, int]) -> None:
    """`ports` by the variables that set them. Raises `StackError` with a line for each that is taken."""
    lines = []
    for variable, port in ports.items():
        if not is_free(port):
            who = listener(port)
            by = f" by {who}" if who else ""
            lines.append(f"port {port} is taken{by}: stop that, or set {variable} to another port")
    if lines:
        raise StackError("\n".join(lines))


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of each loopback address now. Lingering connections do not count."""
    return all(_can_bind(address, port) for address in loopback_addresses())


@cache
def loopback_addresses() -> tuple[str, ...]:
    """The loopback addresses that this machine has: 127.0.0.1, and ::1 where there is one."""
    return ("127.0.0.1", "::1") if _can_bind("::1", 0) else ("127.0.0.1",)


def _can_bind(address: str, port: int) -> bool:
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError:
        return False
    return True


def listener(port: int) -> str:
    """Who listens on `port`, as `name (pid 123)`; empty where the system does not show it."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(fd.readlink()) in sockets for fd in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # gone meanwhile, or another user's
    return ""


def _listening_inodes(port: int) -> set[str]:
    inodes: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            rows = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for columns in map(str.split, rows):
            local, state, inode = columns[1], columns[3], columns[9]
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                inodes.add(inode)
    return inodes
