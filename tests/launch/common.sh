#!/usr/bin/env bash
# shellcheck disable=SC2013,SC2034
# For the tests of runs that somebody else's launcher starts: sourced with the project's root and the
# program as arguments.
set -uo pipefail
program=$2
work=$(mktemp -d)
mkdir "$work/sockets"
export XDG_RUNTIME_DIR=$work/sockets
export OMP_NUM_THREADS=1
unset RANK LOCAL_RANK WORLD_SIZE MASTER_ADDR MASTER_PORT UNDERSTUDY_KEYS
cd "$work" || exit 1
trap 'at_end' EXIT

failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
skip() {
  echo "skipped: $*"
  exit 77
}
at_end() {
  code=$?
  if declare -F clean_up > /dev/null; then clean_up; fi
  [ "${#anchors[@]}" = 0 ] || kill "${anchors[@]}"
  for pid in $(processes); do
    fail "process $pid is left: $(tr '\0' ' ' < "/proc/$pid/cmdline")"
    kill -9 "$pid"
  done
  [ -z "$(ls -A "$work/sockets")" ] || fail "sockets are left: $(ls -A "$work/sockets")"
  rm -rf "$work"
  if [ "$code" = 0 ] && [ "$failures" -gt 0 ]; then exit 1; fi
  exit "$code"
}
# Of this test's, known by their environment.
processes() {
  for environ in $(grep -lzsx "XDG_RUNTIME_DIR=$work/sockets" /proc/[0-9]*/environ); do
    program_of=$(readlink "${environ%/environ}/exe")
    if [[ $program_of == */understudy* ]]; then basename "${environ%/environ}"; fi
  done
}

# The one of them that the launcher has told so: rank_process RANK=1.
rank_process() {
  for pid in $(processes); do
    tr '\0' '\n' < "/proc/$pid/environ" | grep -qx "$1" && echo "$pid"
  done | tail -1
}

# Hosts 0 and 1, called stage and wings, at 10.77.0.1 and 10.77.0.2: network namespaces with a cable between them, which
# have names and loopbacks of their own and share neither sockets nor ports. `on_host 0 command...` is there.
anchors=()  # processes that hold them
make_two_hosts() {
  for tool in ip nsenter unshare; do command -v $tool > /dev/null || skip "no $tool on this machine"; done
  unshare --net --uts true 2> unshare_said || skip "no network namespaces here: $(cat unshare_said)"
  for name in stage wings; do
    unshare --net --uts sleep 400 > /dev/null 2>&1 &
    anchors+=($!)
    # Until then it is in this test's own.
    for _ in $(seq 200); do
      is_apart $! net && is_apart $! uts && break
      sleep 0.05
    done
    { is_apart $! net && is_apart $! uts; } || skip "a host's namespaces were not made in time"
    nsenter -t $! --net --uts bash -c "hostname $name && ip link set lo up"
  done
  nsenter -t "${anchors[0]}" --net ip link add cable type veth peer name cable netns "${anchors[1]}" 2> cable_said ||
    skip "no virtual cables here: $(cat cable_said)"
  for host in 0 1; do
    on_host $host ip address add "10.77.0.$((host + 1))/24" dev cable
    on_host $host ip link set cable up
  done
}
is_apart() { [ "$(readlink "/proc/$1/ns/$2")" != "$(readlink "/proc/self/ns/$2")" ]; }
on_host() { nsenter -t "${anchors[$1]}" --net --uts "${@:2}"; }

port=$((20000 + $$ % 10000))
cat > train.yaml << END
name: train
mode: real
topology: {kind: mesh, nodes: 2, bandwidth: 1Gbit/s, latency: 100us}
workload: {kind: quadratic, a: [0.1, 0.7], b: [0.3, 2], start: 5, updates: 40, optimizer: {kind: sgd, lr: 0.1}}
strategy: {kind: allreduce, collective: ring}
emulation: {timeout: 3s}
END
cat > endless.yaml << END
name: endless
mode: real
topology: {kind: mesh, nodes: 2, bandwidth: 1Gbit/s, latency: 100us}
workload: {kind: collective, bytes: 10kB, iterations: 1000000}
emulation: {timeout: 3s}
END

weights() { grep -o '"weights_hash": "[^"]*"' "$1/summary.json"; }
value_of() { grep -o "\"$2\": [-0-9.e]*" "$1/summary.json" | head -1 | cut -d' ' -f2; }
expected_weights() {
  [ -d in_virtual_time ] || "$program" run train.yaml --set mode=virtual --out in_virtual_time --quiet
  weights in_virtual_time
}
# What the launcher has started ended well, with the weights of virtual time.
check_trained() {
  [ "$(weights "$1")" = "$(expected_weights)" ] || fail "$1: other weights than in virtual time"
}
expect_text() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2' but: $(cat "$1")"; }
# Waits until the run in the folder has set out.
wait_for_start() {
  local latest=$((SECONDS + 60))
  while [ $SECONDS -lt $latest ] && [ -n "$(jobs -rp)" ]; do
    if [ -e "$1/scenario.yaml" ] && [ "$(processes | wc -l)" -ge 3 ] && ls "$1"/logs/*/rank-0.log > /dev/null 2>&1
    then
      sleep 1
      return
    fi
    sleep 0.1
  done
  fail "$1 has not set out: $(cat first other ./*said* ./*_out 2> /dev/null | tail -5)"
}
