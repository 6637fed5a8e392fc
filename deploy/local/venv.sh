#!/usr/bin/env bash
# Makes .venv hold what a lock file names: `deploy/local/venv.sh local`, or `test`, `fuzz`, `browser`, `clients`.
# Nothing is done when the lock is the one that was installed last. PYTHON names the interpreter, of which .venv is created.
set -euo pipefail
cd "$(dirname "$0")/../.."
lock=deploy/requirements/$1.txt
stamp=.venv/.installed-$1

say() { printf '%s\n' "$*" >&2; }

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# A command may exist and not run (a pyenv shim without that version), so each one is tried.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        if command -v "$candidate" >/dev/null && suits "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "Passgate needs Python 3.11 or newer, and none of these is: ${PYTHON:-python3.13 python3.12 python3.11 python3}"
    command -v python3 >/dev/null && say "  python3 here is $(python3 --version 2>&1 | head -n 1)"
    say "Install one, or name it: make up PYTHON=/path/to/python3.12"
    exit 1
}

make_venv() {
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "$python cannot create virtual environments: install its venv module (on Debian: apt install python3-venv)"
        exit 1
    fi
    say "Creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

with_pip() {
    local lock=$1
    shift
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes "$@" -r "$lock" \
        | progress "$(packages_of "$lock")"
}

# Of what pip prints: the name of the package that it has come to.
progress() {
    awk -v total="$1" -v terminal="$terminal" '
        /^Collecting / {
            split($2, name, "=")
            n++
            if (terminal) printf "\r\033[K  %d of %d: %s", n, total, name[1]
        }
        /^Installing collected packages/ { printf (terminal ? "\r\033[K" : "") "  installing\n" }
        { fflush() }
    ' >&2
}

# uv takes a fifth of pip's time. Of pip's configuration it knows nothing: where that names an index, pip installs.
with_uv() {
    ! .venv/bin/python -m pip config list 2>/dev/null | grep -qE '\.(index-url|no-index)=' || return 1
    [ -x .venv/bin/uv ] || with_pip deploy/requirements/uv.txt --only-binary :all: 2>/dev/null || return 1
    local quiet=--quiet
    [ "$terminal" = 0 ] || quiet=
    .venv/bin/uv pip install $quiet --python .venv/bin/python --compile-bytecode --require-hashes -r "$1" && return 0
    say "uv could not install them: pip tries"
    return 1
}

packages_of() { grep -c '==' "$1"; }

# Whether PYTHON names another interpreter than the one of .venv, which is then created again.
other_python() {
    [ -n "${PYTHON:-}" ] && suits .venv/bin/python || return 1
    local named which='import sys; print(sys.version.split()[0], sys.base_prefix)'
    named=$(find_python) || exit 1
    [ "$("$named" -c "$which")" != "$(.venv/bin/python -c "$which")" ] || return 1
    say ".venv holds $(.venv/bin/python --version), and PYTHON=$PYTHON is $("$named" --version): .venv is created again"
}

if ! suits .venv/bin/python || other_python; then make_venv; fi
ln -sfn ../../deploy/cli/passgate .venv/bin/passgate
wanted=$(.venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$lock")
[ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0
say "Installing $(packages_of "$lock") packages from $lock, by hash (up to a minute, once)"
terminal=0
[ -t 2 ] && terminal=1
if ! with_uv "$lock" && ! with_pip "$lock"; then
    say "The packages could not be installed; pip says why above."
    exit 1
fi
printf '%s\n' "$wanted" >"$stamp"
