#!/usr/bin/env bash
# From a fresh Debian 12 to a running demo. See --help.
set -euo pipefail

usage() {
  cat <<'END'
usage: ./quickstart.sh [--check | --build] [-- DEMO_OPTION...]

Installs what is missing, builds librdkafka (once, cached) and build/release/kafka-sidecar, then runs its demo:
an in-process mock Kafka of three brokers, the sidecar, and a sample backend that rejects some records.

  (nothing)   run the demo; it stays up until Ctrl-C
  --check     run the demo unattended and end; exit code 1 if any step of it is missing
  --build     build only
  --help      this text

Needs root or sudo only when a Debian package is missing. Caches and logs are in ${KAFKA_SIDECAR_CACHE},
by default ${XDG_CACHE_HOME:-~/.cache}/kafka-sidecar.
END
}

mode=demo
demo_options=()
while (($#)); do
  case $1 in
    --check) mode=check ;;
    --build) mode=build ;;
    --help | -h)
      usage
      exit 0
      ;;
    --)
      shift
      demo_options=("$@")
      break
      ;;
    *)
      echo "quickstart.sh: unknown option $1" >&2
      usage >&2
      exit 2
      ;;
  esac
  shift
done

program=quickstart
steps=3
# shellcheck source=tools/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools/setup.sh"
cd "$root"

step "Debian packages" build_packages
step "librdkafka 2.15.1 (about a minute the first time)" librdkafka
step "kafka-sidecar, release build (some minutes the first time)" build release kafka-sidecar
echo "ready after $(elapsed $((SECONDS - started))): build/release/kafka-sidecar (log: $log)"

case $mode in
  build) exit 0 ;;
  check) demo_options=(--check "${demo_options[@]}") ;;
esac
echo
rc=0
if [[ $mode == demo ]]; then
  # Ctrl-C belongs to the demo: exec, so that no shell stands between the terminal and its clean stop.
  exec build/release/kafka-sidecar demo "${demo_options[@]}"
fi
build/release/kafka-sidecar demo "${demo_options[@]}" 2> >(tee -a "$log" >&2) | tee -a "$log" || rc=$?
((rc == 0)) || die "demo --check ended with exit code $rc"
echo "demo --check passed after $(elapsed $((SECONDS - started)))"
