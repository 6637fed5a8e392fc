#!/bin/sh
# Runs the image's deployable. The public URL, unless set, is that of the published port: the first of a range,
# without an address in front of it.
set -eu
port=${PASSGATE_PUBLISHED_PORT:-8080}
port=${port##*:}
[ -n "${PASSGATE_ISSUER:-}" ] || export PASSGATE_ISSUER="http://127.0.0.1:${port%%-*}"
exec python -m "$(cat /app/module)" "$@"
