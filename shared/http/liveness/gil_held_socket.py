"""Reading and writing of a socket that never waits, without releasing the GIL.

`socket` releases it in each call, and has to get it back from a thread that is busy: that takes a millisecond, and
much more where the machine has others to run as well. A response is four such calls.
"""

import ctypes
import errno
import socket

_c = ctypes.PyDLL(None, use_errno=True)
for _function in (_c.recv, _c.send):
    _function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
    _function.restype = ctypes.c_ssize_t


def recv(connection: socket.socket, size: int, flags: int = 0) -> bytes | None:
    """At most `size` bytes, none at the end or after a fault; None when nothing has come yet."""
    buffer = ctypes.create_string_buffer(size)
    received = _c.recv(connection.fileno(), buffer, size, flags)
    if received >= 0:
        return buffer.raw[:received]
    return None if ctypes.get_errno() in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR) else b""


def send(connection: socket.socket, data: bytes) -> int:
    """How many bytes were taken, at once; negative after a fault."""
    sent: int = _c.send(connection.fileno(), data, len(data), 0)
    return sent
