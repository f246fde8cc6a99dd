#!/usr/bin/env bash
# The front door's words and exit codes. A copy of the script runs in a small tree of its own, whose
# PATH holds stand-ins for the package manager, the build tools and the program.
set -euo pipefail

source_root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree="$work/a tree"
failures=0

# --- the stand-ins --------------------------------------------------------------------------------

# $1: name; stdin: the body of a script. In it, $STATE is a folder that the case may look into.
stand_in() {
  { printf '#!/bin/bash\nSTATE="%s"\n' "$work/state" && cat; } >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

make_system() {
  # Tools that are not under test are the system's own.
  rm -rf "${work:?}/bin" "$work/state" "$tree"
  mkdir -p "$work/bin" "$work/state" "$tree/cmake"
  local tool
  for tool in awk bash cat chmod dirname env find flock grep head id mkdir mv nproc printf readlink \
    rm sed sort tail tee touch tr; do
    ln -s "$(type -P "$tool")" "$work/bin/$tool"
  done
  cp "$source_root/understudy" "$tree/understudy"
  cp "$source_root/CMakePresets.json" "$tree/"
  printf '%s\n' '[build]' 'tool-a' '[libraries]' 'library-b  # why' '[tests]' 'checker-c' '[slow]' \
    'browser-d' >"$tree/cmake/packages.txt"
  : >"$work/state/installed"

  stand_in dpkg-query <<'S'
for name in "${@:3}"; do
  if grep -qx "$name" "$STATE/installed"; then echo "installed $name"
  else echo "dpkg-query: no packages found matching $name" >&2; fi
done
[[ ! -s $STATE/missing ]]
S
  # Knows the packages named in $STATE/mirror once it has been updated.
  stand_in apt-get <<'S'
words=()
for word in "$@"; do [[ $word == -* || $word == *::* ]] || words+=("$word"); done
echo "apt-get $*" >>"$STATE/calls"
case ${words[0]} in
  update)
    [[ ! -f $STATE/no_network ]] || { echo 'W: Failed to fetch lists  Could not resolve host'; exit 0; }
    cp "$STATE/mirror" "$STATE/known" ;;
  install)
    for name in "${words[@]:1}"; do
      grep -qx "$name" "$STATE/known" 2>/dev/null ||
        { echo "E: Unable to locate package $name" >&2; exit 100; }
    done
    if [[ " $* " == *" --assume-no "* ]]; then
      echo 'Need to get 3 MB of archives.'
      echo 'After this operation, 9 MB of additional disk space will be used.'
      exit 1
    fi
    printf '%s\n' "${words[@]:1}" >>"$STATE/installed" ;;
esac
S
  printf '%s\n' tool-a library-b checker-c browser-d >"$work/state/mirror"
  ln -s "$(type -P cp)" "$work/bin/cp"

  stand_in cmake <<'S'
echo "cmake $*" >>"$STATE/calls"
while (($#)); do [[ $1 != -S ]] || root=$2; shift; done
mkdir -p "$root/build/release/bin"; : >"$root/build/release/build.ninja"
S
  stand_in ninja <<'S'
echo "ninja $*" >>"$STATE/calls"
if [[ -f $STATE/broken ]]; then
  echo '[1/2] Building CXX object a.cpp.o'
  printf '%s\n' 'FAILED: a.cpp.o' 'a.cpp:1: error: expected a semicolon'
  exit 1
fi
printf '#!/bin/bash\necho "program: $*"\nexit 7\n' >"$2/bin/understudy"
chmod +x "$2/bin/understudy"
S
  stand_in ctest <<'S'
echo "ctest $*" >>"$STATE/calls"
while (($#)); do [[ $1 != --output-junit ]] || junit=$2; shift; done
cat "$STATE/junit" >"$junit"
echo '50% tests passed, 1 tests failed out of 2'
echo 'Total Test time (real) =   1.00 sec'
exit 8
S
}

# Runs the front door as root would see it, without a terminal; sets `output` and `status`.
front_door() {
  status=0
  output=$(cd / && PATH="$work/bin" "$tree/understudy" "$@" 2>&1 </dev/null) || status=$?
}

# --- expectations ---------------------------------------------------------------------------------

fail() {
  printf 'FAILED in "%s": %s\n--- output, exit %s:\n%s\n---\n' "$case_name" "$1" "$status" "$output"
  failures=$((failures + 1))
}
expect_status() { [[ $status == "$1" ]] || fail "exit $1 expected"; }
expect_says() { [[ $output == *"$1"* ]] || fail "\"$1\" expected"; }
expect_silent_about() { [[ $output != *"$1"* ]] || fail "\"$1\" not expected"; }
expect_called() { grep -q -- "$1" "$work/state/calls" || fail "a call like \"$1\" expected"; }
expect_not_called() { ! grep -qs -- "$1" "$work/state/calls" || fail "no call like \"$1\" expected"; }
install_all() { printf '%s\n' tool-a library-b checker-c browser-d >"$work/state/installed"; }
begin() { case_name=$1 && make_system; }

# --- cases ----------------------------------------------------------------------------------------

# Whoever runs this test, the stand-in for apt-get needs no rights.
add_sudo() {
  stand_in sudo <<'S'
[[ $1 != -n ]] || shift
exec "$@"
S
}

begin 'names what is missing and how much it is, installs it, builds, becomes the program'
add_sudo
printf 'tool-a\n' >"$work/state/installed"
front_door run 'my scenario.yaml'
expect_says 'missing packages: library-b'
expect_says '3 MB to download, 9 MB on disk'
expect_says 'program: run my scenario.yaml'
expect_status 7
expect_called 'apt-get .*update'
expect_called 'install -y .*library-b'
expect_silent_about 'checker-c'
expect_called 'UNDERSTUDY_TESTS=OFF'
expect_called 'ninja .* understudy understudy-node'

begin 'does nothing the second time, and works through a link'
install_all
front_door list
rm "$work/state/calls"
ln -s "$tree/understudy" "$work/link"
status=0
output=$(cd "$work" && PATH="$work/bin" ./link list 2>&1 </dev/null) || status=$?
[[ $output == 'program: list' ]] || fail 'only the program speaks'
[[ ! -f $work/state/calls ]] || fail 'no tool is called'

begin 'builds again when a source is newer, and when one has gone'
install_all
mkdir "$tree/cli"
touch -d '2020-01-01' "$tree/cli/a.cpp" "$tree/cli/b.cpp" "$tree/cli"
front_door list
rm "$work/state/calls"
touch -d '2100-01-01' "$tree/cli/a.cpp"
front_door list
expect_called '^ninja'
touch -d '2020-01-01' "$tree/cli/a.cpp"
rm -f "$work/state/calls" "$tree/cli/b.cpp"
front_door list
expect_called '^ninja'

begin 'a copy of a built checkout is built anew'
install_all
front_door list
rm "$work/state/calls"
mv "$tree" "$work/moved" && tree=$work/moved
front_door list
expect_called 'cmake .*--fresh'
tree="$work/a tree"

begin 'says when the network is away'
add_sudo
touch "$work/state/no_network"
front_door run x
expect_status 1
expect_says 'the package lists cannot be fetched (Failed to fetch lists'

begin 'says when a package is unknown'
add_sudo
printf 'tool-a\n' >"$work/state/mirror"
front_door -y run x
expect_status 1
expect_says 'Unable to locate package library-b'

begin 'says when there is no apt'
rm "$work/bin/apt-get" "$work/bin/dpkg-query"
front_door run x
expect_status 1
expect_says 'this system has no apt-get'
expect_says 'library-b'

begin 'shows the end of a failing build and keeps no stamp'
install_all
touch "$work/state/broken"
front_door list
expect_status 1
expect_says 'a.cpp:1: error: expected a semicolon'
expect_says 'the build failed'
rm "$work/state/broken"
front_door list
expect_says 'program: list'

begin 'help installs nothing'
front_door help
expect_status 0
expect_says 'Usage: ./understudy'
expect_not_called 'apt-get'

begin 'setup configures and builds nothing'
install_all
front_door setup
expect_status 0
expect_called '^cmake --preset release'
expect_not_called '^ninja'

begin 'test installs for tests, keeps the exit code of ctest, tells what was skipped and why'
add_sudo
cat >"$work/state/junit" <<'S'
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="x" tests="2">
	<testcase name="data_test" classname="data_test" time="0.1" status="run">
		<system-out>[ RUN      ] Data.First
[       OK ] Data.First (0 ms)
[ RUN      ] Data.Whole
/a/data_test.cpp:7: Skipped
the full &quot;MNIST&quot; is not here

[  SKIPPED ] Data.Whole (0 ms)
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Data.Whole
</system-out>
	</testcase>
	<testcase name="boot" classname="boot" time="0.1" status="notrun">
		<skipped message="SKIP_RETURN_CODE=77"/>
		<system-out>debootstrap is not installed
</system-out>
	</testcase>
</testsuite>
S
front_door test -R data
expect_status 8
expect_says 'missing packages: tool-a library-b checker-c'
expect_silent_about 'browser-d'
expect_called 'ctest .*-LE slow -R data'
expect_says 'Cases: 1 passed, 0 failed, 2 skipped'
expect_says 'skipped Data.Whole: the full "MNIST" is not here'
expect_says 'skipped boot: debootstrap is not installed'
[[ ${output##*$'\n'} == '50% tests passed'* ]] || fail 'the last line is the summary'
front_door test --slow
expect_says 'missing packages: browser-d'
expect_called 'ctest .*-L slow$'

if ((EUID == 0)); then
  begin 'without root and without sudo it says what to run'
  chmod -R a+rwX "$work" && chmod a+rx "$work"
  status=0
  output=$(cd / && PATH="$work/bin" "$(type -P setpriv)" --reuid 65534 --clear-groups \
    "$tree/understudy" run x 2>&1 </dev/null) || status=$?
  expect_status 1
  expect_says 'there is no sudo'

  begin 'a checkout that cannot be written'
  install_all
  chmod -R a+rX "$work" && chmod a+rx "$work"
  status=0
  output=$(cd / && PATH="$work/bin" "$(type -P setpriv)" --reuid 65534 --clear-groups \
    "$tree/understudy" run x 2>&1 </dev/null) || status=$?
  expect_status 1
  expect_says 'the build needs to write to'
fi

((failures == 0)) || exit 1
echo 'every case passed'
