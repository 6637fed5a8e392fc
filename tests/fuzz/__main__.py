"""Fuzzes for some minutes.

    python -m tests.fuzz [--minutes 10] [--keep]

What breaks an invariant ends it: the input is shown and left in var/fuzz, and the exit status is 1.
"""

import argparse
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.fuzz import inputs
from tests.support.http1.near_valid import TOKENS
from tests.support.http1.websockets import PARTS

FAULTS = Path("var/fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--keep", action="store_true", help="write what it reached to tests/fuzz/corpus.txt")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), seconds=round(options.minutes * 60), keep=options.keep)


def run(folder: Path, *, seconds: int, keep: bool) -> int:
    target, words, corpus, reached = (folder / name for name in ("target", "words", "corpus", "reached"))
    target.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz.target "$0" "$@"\n')
    target.chmod(0o700)
    words.write_text("".join(word(token) for token in (*TOKENS, *PARTS)))
    for directory in (corpus, reached):
        directory.mkdir()
    for data in (*inputs.seeds(), *inputs.kept()):
        (corpus / sha256(data).hexdigest()).write_bytes(data)
    FAULTS.mkdir(parents=True, exist_ok=True)
    command = (str(target), f"-max_len={inputs.MAX_INPUT_BYTES}", "-timeout=10", f"-artifact_prefix={FAULTS}/")
    options = (f"-max_total_time={seconds}", f"-dict={words}", "-print_final_stats=1", str(corpus))
    failed = subprocess.run((*command, *options), check=False).returncode != 0
    if failed:
        for path in sorted(FAULTS.iterdir()):
            sys.stdout.write(f"{path}: {path.read_bytes()!r}\n")
    elif keep:
        subprocess.run((*command, "-merge=1", str(reached), str(corpus)), check=True, capture_output=True)
        inputs.keep([path.read_bytes() for path in reached.iterdir()])
    return int(failed)


def word(token: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n'


if __name__ == "__main__":
    sys.exit(main())
