"""The process that atheris drives: `python -m tests.fuzz.target NAME [libFuzzer's options] FOLDER...`.

NAME is the command by which libFuzzer starts itself again, when it merges.
"""

import sys

import atheris

if __name__ == "__main__":
    with atheris.instrument_imports(include=["gateway.http1"]):
        from tests.fuzz.inputs import check
    atheris.Setup(sys.argv[1:], check)
    atheris.Fuzz()
