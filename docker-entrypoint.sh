#!/bin/sh
# Starts the connector in the image. With `exec` it becomes process 1, which gets the SIGTERM of `docker stop`.
set -eu

# The connector needs a few kilobytes for temporary files. If /tmp is read-only, they go into shared memory.
if [ -z "${TMPDIR:-}" ] && [ ! -w /tmp ]; then
  export TMPDIR=/dev/shm
fi

exec source-snow-atlas "$@"
