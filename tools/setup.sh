# Steps shared by quickstart.sh and test.sh. Sourced, not run: the caller sets `program` and `steps` (how many steps it
# will announce) first.
#
#   step TITLE COMMAND...   one numbered step: its output goes to the log, its title and time to the terminal
#   $cache                  everything that outlives the work tree: librdkafka, Kafka's jars, the Python environment, logs

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${KAFKA_SIDECAR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kafka-sidecar}
export KAFKA_SIDECAR_CACHE=$cache
mkdir -p "$cache/logs"
# One log per program and checkout, so that two checkouts do not write into each other's.
log=$cache/logs/$program-$(basename "$root")-$(printf '%s' "$root" | cksum | cut -d' ' -f1).log
: >"$log"

step_number=0
started=$SECONDS

elapsed() { printf '%d:%02d' $((($1) / 60)) $((($1) % 60)); }

say() { printf '%s\n' "$*" | tee -a "$log"; }

# Ends the program with the cause. What the failing command said last is usually the cause in its own words.
die() {
  {
    printf '\n%s: %s\n' "$program" "$1"
    printf '%s: the whole log is %s\n' "$program" "$log"
  } | tee -a "$log" >&2
  exit 1
}

step() {
  local title=$1
  shift
  step_number=$((step_number + 1))
  local began=$SECONDS
  printf '[%d/%d] %s ...' "$step_number" "$steps" "$title"
  printf '\n==== [%d/%d] %s\n' "$step_number" "$steps" "$title" >>"$log"
  local lines
  lines=$(wc -l <"$log")
  # Not `if "$@"`: that would switch `set -e` off inside the step.
  local rc=0
  set +e
  (
    set -e
    "$@"
  ) >>"$log" 2>&1
  rc=$?
  set -e
  if ((rc != 0)); then
    printf ' failed after %s\n' "$(elapsed $((SECONDS - began)))"
    tail -n +"$((lines + 1))" "$log" | tail -n 25 | sed 's/^/    /' >&2
    die "step $step_number ($title) failed with exit code $rc"
  fi
  printf ' %s\n' "$(elapsed $((SECONDS - began)))"
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "needs root or sudo to run: $*" >&2
    return 1
  fi
}

have() { command -v "$1" >/dev/null; }

# packages NAME...: installs the Debian packages that are missing, and asks the network nothing when none is.
packages() {
  if ! have dpkg-query || ! have apt-get; then
    echo "This is not Debian: install what these packages hold yourself: $*"
    have clang++-19 || { echo "clang++-19 is missing" && return 1; }
    return 0
  fi
  local missing=() name
  for name in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then
    echo "all there"
    return 0
  fi
  echo "missing: ${missing[*]}"
  # A second set-up on the machine may hold dpkg's lock: wait for it instead of failing.
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600)
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
}

build_packages() {
  local names=(ca-certificates clang-19 lld-19 llvm-19 ccache ninja-build cmake g++ make pkg-config python3 git
    libboost1.81-dev libyaml-cpp-dev libspdlog-dev libfmt-dev libcli11-dev
    libprotobuf-dev libprotoc-dev libssl-dev libsasl2-dev zlib1g-dev libzstd-dev liblz4-dev libcurl4-openssl-dev libre2-dev)
  # npm brings a great deal with it and is needed once, to fetch librdkafka's source.
  have npm || [[ -f $cache/librdkafka-2.15.1/.complete ]] || names+=(npm)
  packages "${names[@]}"
}

test_packages() {
  local names=(faketime libgtest-dev libgmock-dev libclang-rt-19-dev clang-tidy-19 clang-format-19)
  have java || names+=(openjdk-17-jdk-headless)
  have mvn || names+=(maven)
  python3 -c 'import venv, ensurepip' 2>/dev/null || names+=(python3-venv)
  packages "${names[@]}"
}

librdkafka() { "$root/tools/build_librdkafka.sh"; }

# build PRESET [TARGET]
build() {
  cd "$root"
  # Configuring again is cheap and picks up a changed set-up; a build tree that a moved checkout left behind is not usable.
  if [[ -f build/$1/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "build/$1/CMakeCache.txt"; then
    echo "build/$1 belongs to another folder: made anew"
    rm -rf "build/$1"
  fi
  cmake --preset "$1"
  cmake --build --preset "$1" ${2:+--target "$2"}
}

# Kafka's jars, keyed by the pom, outside the work tree. Sets nothing; the folder is $(kafka_folder).
kafka_folder() { echo "$cache/kafka-$(sha256sum "$root/tests/real/kafka/pom.xml" | cut -c1-16)"; }
kafka_jars() {
  local folder
  folder=$(kafka_folder)
  exec 8>"$cache/kafka.lock"
  flock 8
  if [[ ! -f $folder/.complete ]]; then
    rm -rf "$folder"
    mvn -q -B -f "$root/tests/real/kafka/pom.xml" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$folder/lib"
    touch "$folder/.complete"
  fi
  echo "$(find "$folder/lib" -name '*.jar' | wc -l) jars in $folder"
}

# The schema registry of the whole-process tests; the folder is $(registry_folder).
registry_version=3.3.3
registry_folder() { echo "$cache/registry-$registry_version"; }
registry_app() {
  local folder
  folder=$(registry_folder)
  exec 8>"$cache/registry.lock"
  flock 8
  if [[ ! -f $folder/.complete ]]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    mvn -q -B dependency:copy -Dartifact=io.apicurio:apicurio-registry-app:$registry_version:tar.gz:all -DoutputDirectory="$folder"
    tar -xzf "$folder"/*.tar.gz -C "$folder"
    rm "$folder"/*.tar.gz
    touch "$folder/.complete"
  fi
  echo "$folder"
}

# The Python environment of the whole-process tests, keyed by its requirements and the interpreter.
python_folder() {
  local key
  key=$({ python3 -c 'import sys; print(sys.version)' && cat "$root/tests/real/requirements.txt"; } | sha256sum | cut -c1-16)
  echo "$cache/python-$key"
}
python_environment() {
  local folder
  folder=$(python_folder)
  exec 8>"$cache/python.lock"
  flock 8
  if [[ ! -f $folder/.complete ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/real/requirements.txt"
    touch "$folder/.complete"
  fi
  echo "$folder"
}
