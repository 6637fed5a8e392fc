"""Whether a file has changed, without reading it."""

from pathlib import Path


def file_version(path: Path) -> tuple[int, ...]:
    """Differs whenever the file may be another, or hold something else; empty when there is none. Blocks.

    A file is another one also when it is replaced, or when a symbolic link on its way leads elsewhere.
    """
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev
