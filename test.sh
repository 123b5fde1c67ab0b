#!/usr/bin/env bash
# Everything the tests need, then the tests. See --help.
set -euo pipefail

usage() {
  cat <<'END'
usage: ./test.sh [RUNG...] [--long] [--preset dev|asan|tsan] [--seeds N | --seed N]
                 [--seconds N] [PYTEST_OPTION...]

  unit   GoogleTest, no network                           C++, build/PRESET
  sim    the reactive engine under a seeded world         C++, build/PRESET
  fuzz   hostile input for every parser, libFuzzer        C++, build/fuzz
  mock   librdkafka's in-process mock cluster             C++, build/PRESET
  real   the whole process against Apache Kafka 4.3.1     pytest, build/release
  fault  the same with faults under load, and the ledger  pytest, build/release
  long   faults that take minutes, over half an hour      pytest, build/release

Without a rung: all but long. --long means the rungs fault and long: every fault, one ledger line for each.
For fuzz, --seconds N is the time of each target: 60 when the rung is named, otherwise 10.
For sim, --seeds N plays N fresh worlds (200 otherwise) and --seed N plays one world again.
--preset asan (or tsan) builds and runs the C++ rungs with that sanitizer; without a rung it means the C++ rungs only.
What follows a pytest rung, such as -k NAME, is handed to pytest.
Exit code 1 when a test failed or was skipped, or when a rung ran no test.
END
}

rungs=()
preset=dev
pytest_options=()
seconds=
worlds=() # How the simulation is told which worlds to play.
while (($#)); do
  case $1 in
    unit | sim | fuzz | mock | real | fault | long)
      if ((${#pytest_options[@]})); then pytest_options+=("$1"); else rungs+=("$1"); fi
      ;;
    --preset)
      preset=${2:?--preset needs a name}
      shift
      ;;
    --preset=*) preset=${1#*=} ;;
    --long) rungs+=(fault long) ;;
    --seeds | --seed)
      [[ ${2-} =~ ^[1-9][0-9]*$ ]] || {
        echo "test.sh: $1 needs a number above 0, not '${2-}'" >&2
        exit 2
      }
      if [[ $1 == --seeds ]]; then worlds=(SIDECAR_SIM_SEEDS="$2"); else worlds=(SIDECAR_SIM_SEED="$2"); fi
      shift
      ;;
    --seconds)
      [[ ${2-} =~ ^[1-9][0-9]*$ ]] || {
        echo "test.sh: $1 needs a number above 0, not '${2-}'" >&2
        exit 2
      }
      seconds=$2
      shift
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) pytest_options+=("$1") ;;
  esac
  shift
done
case $preset in dev | asan | tsan) ;; *)
  echo "test.sh: --preset is dev, asan or tsan, not $preset" >&2
  exit 2
  ;;
esac
if ((${#rungs[@]} == 0)); then
  rungs=(unit sim mock)
  [[ $preset == dev ]] && rungs+=(fuzz real fault)
  seconds=${seconds:-10}
fi
cxx=() fuzz=() whole=()
for rung in "${rungs[@]}"; do
  case $rung in real | fault | long) whole+=("$rung") ;; fuzz) fuzz+=("$rung") ;; *) cxx+=("$rung") ;; esac
done
if ((${#pytest_options[@]} && ${#whole[@]} == 0)); then
  echo "test.sh: ${pytest_options[*]}: options for pytest, but no rung that runs it" >&2
  exit 2
fi
if ((${#worlds[@]})) && [[ " ${rungs[*]} " != *" sim "* ]]; then
  echo "test.sh: --seeds and --seed are for the rung sim" >&2
  exit 2
fi

if [[ -n $seconds && ${#fuzz[@]} == 0 && $preset == dev ]]; then
  echo "test.sh: --seconds is for the rung fuzz" >&2
  exit 2
fi

program=test
steps=$((3 + (${#cxx[@]} > 0) + (${#fuzz[@]} > 0) + 4 * (${#whole[@]} > 0) + ${#rungs[@]}))
# shellcheck source=tools/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools/setup.sh"
cd "$root"

results=$root/build/results
rm -rf "$results"
mkdir -p "$results"

# A rung's output is for the reader, so it goes to the terminal too. A failing rung does not stop the ones after it: the
# report at the end decides, and a rung that left no result counts as failed there.
rung() {
  local name=$1
  shift
  step_number=$((step_number + 1))
  local began=$SECONDS
  say "[$step_number/$steps] rung $name"
  set +e
  ("$@") </dev/null 2>&1 | tee -a "$log"
  local rc=${PIPESTATUS[0]}
  set -e
  echo "$rc" >"$results/$name.exit"
  say "    rung $name ended with exit code $rc after $(elapsed $((SECONDS - began)))"
}

ctest_rung() {
  # Every program writes its own GoogleTest report, because what counts is test cases, not programs.
  mkdir -p "$results/$1"
  # A simulation that passes still has figures to tell.
  local output=--output-on-failure
  [[ $1 == sim ]] && output=--verbose
  env "${worlds[@]}" GTEST_OUTPUT="xml:$results/$1/" ctest --test-dir "$root/build/$preset" --label-regex "^$1\$" "$output" \
    --no-tests=error --parallel "$(nproc)" --output-junit "$results/$1.xml"
}

pytest_rung() {
  local where=(tests/real)
  case $1 in
    # Most of these wait most of the time, so two at a time, each half with a broker of its own. Short faults measure
    # recovery, so one at a time.
    real) where+=(--ignore=tests/real/fault --ignore=tests/real/long --numprocesses 2 --dist worksteal) ;;
    fault) where=(tests/real/fault) ;;
    long) where=(tests/real/long --numprocesses 2 --dist loadscope) ;;
  esac
  KAFKA_SIDECAR_KAFKA=$(kafka_folder)/lib KAFKA_SIDECAR_REGISTRY=$(registry_folder) "$(python_folder)/bin/python" -m pytest "${where[@]}" \
    --rootdir="$root/tests/real" --confcutdir="$root/tests/real" -o cache_dir="$root/build/pytest-cache" \
    --junitxml="$results/$1.xml" "${pytest_options[@]}"
}

step "Debian packages to build" build_packages
step "Debian packages to test" test_packages
step "librdkafka 2.15.1 (about a minute the first time)" librdkafka
((${#cxx[@]} == 0)) || step "build, preset $preset" build "$preset"
((${#fuzz[@]} == 0)) || step "build, preset fuzz" build fuzz fuzz_targets
if ((${#whole[@]})); then
  step "build, preset release" build release kafka-sidecar
  step "Kafka's jars" kafka_jars
  step "schema registry" registry_app
  step "Python environment" python_environment
fi
for name in "${rungs[@]}"; do
  case $name in
    real | fault | long) rung "$name" pytest_rung "$name" ;;
    fuzz) rung fuzz "$root/tools/run_fuzzers" "$root/build/fuzz" "${seconds:-60}" "$results" ;;
    *) rung "$name" ctest_rung "$name" ;;
  esac
done

say ""
say "took $(elapsed $((SECONDS - started))); the whole log is $log"
rc=0
python3 "$root/tools/count_tests" "$results" "${rungs[@]}" | tee -a "$log" || rc=1
exit "$rc"
