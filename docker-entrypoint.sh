#!/bin/sh
# Starts the connector in the image. `exec`: the connector itself is process 1 and gets the SIGTERM of `docker stop`.
set -eu

# The connector needs a few kilobytes of scratch space. With a read-only root file system and no tmpfs on /tmp,
# the shared memory that every container has serves.
if [ -z "${TMPDIR:-}" ] && [ ! -w /tmp ]; then
  export TMPDIR=/dev/shm
fi

exec source-snow-atlas "$@"
