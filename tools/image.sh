#!/usr/bin/env bash
# Build the connector's image, test it, or update its pinned versions.
#
#   tools/image.sh build          build the image from the Dockerfile
#   tools/image.sh test           build it, then run integration_tests/test_image.py against it
#   tools/image.sh suite          build it, then run Airbyte's standard test suite, its image tests included
#   tools/image.sh run ARGS…      run the connector in the image: ARGS are the connector's (docker options in RUN_OPTIONS)
#   tools/image.sh pin            resolve setup.py's dependencies again and write constraints.txt (Python 3.11)
#
# Docker is used if its daemon answers, otherwise podman. Podman uses the base image that the Dockerfile names. If no
# container registry can be reached, root on Debian gets a substitute made of Debian packages, with the same minor
# version of Python and without Airbyte's extras. All files of podman are in STATE, outside the repository.
#
#   IMAGE    name of the image            (airbyte/source-snow-atlas:dev)
#   ENGINE   docker or podman             (detected)
#   STATE    podman's images and settings (~/.cache/source-snow-atlas/image)
#   PYTHON   Python that runs the test    (.venv/bin/python, else python3)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
IMAGE=${IMAGE:-airbyte/source-snow-atlas:dev}
STATE=${STATE:-${XDG_CACHE_HOME:-$HOME/.cache}/source-snow-atlas/image}
STAND_IN=localhost/source-snow-atlas/stand-in-base:bookworm
BASE=$(sed -n 's/^FROM \([^ ]*\) AS base$/\1/p' Dockerfile)
if [ -z "${PYTHON:-}" ]; then
  PYTHON=python3
  if [ -x .venv/bin/python ]; then PYTHON=.venv/bin/python; fi
fi

say() { echo "image: $*" >&2; }
die() { say "$*"; exit 1; }

find_engine() {
  if [ -n "${ENGINE:-}" ]; then return; fi
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    ENGINE=docker
  else
    ENGINE=podman
  fi
  say "using $ENGINE"
}

# Install missing Debian packages; needs root and apt-get.
install_packages() {
  local missing=() package
  for package in "$@"; do
    command -v "$package" >/dev/null || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "needs ${missing[*]}: install them, or start a Docker daemon"
  fi
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Configure podman so that it also runs as root inside another container: runc, because Debian's crun rejects hybrid
# cgroups; the host's network, because no bridge can be created there; limits below the hard ones; overlay only if the
# kernel allows it. Podman of an unprivileged user keeps its own settings.
prepare_podman() {
  install_packages podman
  if [ "$(id -u)" -ne 0 ]; then return; fi
  install_packages runc
  mkdir -p "$STATE"
  local driver=vfs probe=$STATE/probe
  mkdir -p "$probe"/{lower,upper,work,merged}
  if mount -t overlay probe -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" "$probe/merged" 2>/dev/null; then
    umount "$probe/merged"
    driver=overlay
  fi
  rm -rf "$probe"
  cat > "$STATE/storage.conf" <<CONF
[storage]
driver = "$driver"
graphroot = "$STATE/graph"
runroot = "$STATE/run"
CONF
  # Behind a proxy with its own certificate authority, pip needs the machine's CA bundle during the build. A mount is
  # not part of the image.
  local bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} mount=""
  if [ -e "$bundle" ]; then
    cp -L "$bundle" "$STATE/ca.crt"
    mount="volumes = [\"$STATE/ca.crt:/etc/ssl/certs/ca-certificates.crt:ro\"]"
  fi
  local purpose
  for purpose in build run; do
    cat > "$STATE/containers-$purpose.conf" <<CONF
[containers]
netns = "host"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
$(if [ "$purpose" = build ]; then echo "$mount"; fi)
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  done
  export CONTAINERS_STORAGE_CONF=$STATE/storage.conf
  export CONTAINERS_CONF=$STATE/containers-run.conf
}

# Print the name of the base image for podman: the real one, or the substitute.
podman_base() {
  if podman image exists "$BASE"; then echo "$BASE"; return; fi
  if podman image exists "$STAND_IN"; then echo "$STAND_IN"; return; fi
  say "pulling $BASE"
  if timeout 120 podman pull --quiet "$BASE" >/dev/null 2>&1; then echo "$BASE"; return; fi
  say "no container registry can be reached; making a substitute for the base image from Debian packages"
  if [ "$(id -u)" -ne 0 ]; then die "only root can make the substitute for the base image"; fi
  install_packages mmdebstrap
  # shellcheck disable=SC2016  # "$1" is mmdebstrap's
  mmdebstrap --quiet --variant=minbase --mode=root \
    --aptopt='APT::Install-Recommends "false"' \
    --include=ca-certificates,python3,python3-venv,tzdata \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --customize-hook='ln -s /usr/bin/python3 "$1"/usr/local/bin/python' \
    --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname' \
    bookworm "$STATE/base.tar" >&2
  podman import --quiet --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' "$STATE/base.tar" "$STAND_IN" >/dev/null
  rm -f "$STATE/base.tar"
  echo "$STAND_IN"
}

build() {
  if [ "$ENGINE" = docker ]; then
    docker build --tag "$IMAGE" .
  else
    local base conf=${CONTAINERS_CONF:-}
    base=$(podman_base)
    if [ -n "$conf" ]; then conf=$STATE/containers-build.conf; fi
    # --from replaces the Dockerfile's first FROM, which both stages use. The docker format keeps labels and settings as
    # Docker writes them.
    CONTAINERS_CONF=$conf podman build --pull=never --format docker --from "$base" --tag "$IMAGE" .
    say "$IMAGE is $(megabytes "$IMAGE") MB, $(($(megabytes "$IMAGE") - $(megabytes "$base"))) MB of them on top of $base"
  fi
}

megabytes() { echo $(($(podman image inspect --format '{{.Size}}' "$1") / 1000000)); }

run_tests() {
  build >/dev/null
  # The sandbox listens on the loopback host, so the container shares the machine's network.
  SNOW_ATLAS_IMAGE=$IMAGE SNOW_ATLAS_IMAGE_ENGINE=$ENGINE \
    "$PYTHON" -m pytest integration_tests/test_image.py "$@"
}

# Airbyte's suite calls `docker`, and its containers have to reach the sandbox on the loopback host. While the suite
# runs, `docker` is therefore a script that runs the engine in use on the machine's network.
run_suite() {
  build >/dev/null
  local engine
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  engine=$(command -v "$ENGINE")
  cat > "$scratch/docker" <<SHIM
#!/bin/sh
if [ "\$1" = run ]; then
  shift
  exec "$engine" run --network host "\$@"
fi
exec "$engine" "\$@"
SHIM
  chmod +x "$scratch/docker"
  PATH=$scratch:$PATH "$PYTHON" -m integration_tests.acceptance \
    --connector-image "$IMAGE" --read-from-streams=suggested "$@"
}

run() {
  # shellcheck disable=SC2086  # RUN_OPTIONS is a list of words
  "$ENGINE" run --rm ${RUN_OPTIONS:-} "$IMAGE" "$@"
}

pin() {
  local file
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  # Build in a copy, because a build leaves files in its folder.
  mkdir "$scratch/source"
  for file in setup.py pyproject.toml MANIFEST.in README.md LICENSE source_snow_atlas; do
    if [ -e "$file" ]; then cp -R "$file" "$scratch/source/"; fi
  done
  python3.11 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install --quiet "$scratch/source"
  {
    sed -n '/^#/p' constraints.txt
    "$scratch/venv/bin/pip" freeze --all --exclude pip --exclude airbyte-source-snow-atlas
  } > "$scratch/constraints.txt"
  cp "$scratch/constraints.txt" constraints.txt
}

command=${1:-}
shift || true
case $command in
  build | test | suite | run)
    find_engine
    if [ "$ENGINE" = podman ]; then prepare_podman; fi
    ;;
esac
case $command in
  build) build ;;
  test) run_tests "$@" ;;
  suite) run_suite "$@" ;;
  run) run "$@" ;;
  pin) pin ;;
  *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac
