#!/usr/bin/env bash
# Builds librdkafka once and prints the prefix it was installed to.
#
# The source comes inside the npm package of Confluent's JavaScript client, which carries the release tree unchanged;
# the tarball is checked against a pinned digest. The result is cached outside the work tree, keyed by version and by
# the build flavour, so that a second run costs nothing.
#
#   tools/build_librdkafka.sh            prints PREFIX on standard output, progress on standard error
set -euo pipefail

version=2.15.1
package=@confluentinc/kafka-javascript@1.10.1
sha256=ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66

cache=${KAFKA_SIDECAR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kafka-sidecar}
prefix=$cache/librdkafka-$version
if [[ -f $prefix/lib/librdkafka.a && -f $prefix/.complete ]]; then
  echo "$prefix"
  exit 0
fi

mkdir -p "$cache"
# One builder at a time: two checkouts may be set up side by side.
exec 9>"$cache/librdkafka.lock"
flock 9
if [[ -f $prefix/.complete ]]; then
  echo "$prefix"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$cache/librdkafka-build.log
: >"$log"
fail() {
  echo "librdkafka $version: $1; the log is $log" >&2
  tail -n 15 "$log" >&2
  exit 1
}

echo "librdkafka $version: fetching the source" >&2
(cd "$work" && npm pack --silent "$package") >>"$log" 2>&1 || fail "cannot fetch $package with npm"
tarball=$(ls "$work"/*.tgz)
echo "$sha256  $tarball" | sha256sum --check --quiet >>"$log" 2>&1 || fail "the tarball does not have the pinned sha256"
tar -xzf "$tarball" -C "$work" package/deps/librdkafka >>"$log" 2>&1 || fail "cannot unpack the source"

echo "librdkafka $version: building (about a minute)" >&2
rm -rf "$prefix"
cd "$work/package/deps/librdkafka"
{
  bash ./configure --prefix="$prefix" --CFLAGS="-O2 -fPIC -fstack-protector-strong -D_FORTIFY_SOURCE=2" \
    --disable-debug-symbols &&
    make -j"$(nproc)" libs &&
    make -C src install
} >>"$log" 2>&1 || fail "the build failed"
touch "$prefix/.complete"
echo "$prefix"
