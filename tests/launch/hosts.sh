#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2154
# Four ranks on two hosts.
source "$(dirname "$0")/common.sh"

make_two_hosts
"$program" keys --out keys --quiet
cat > four.yaml << END
name: four
mode: real
topology: {kind: cluster, machines: 2, devices_per_machine: 2, intra: {bandwidth: 10GB/s, latency: 5us},
           inter: {bandwidth: 1Gbit/s, latency: 100us}}
workload: {kind: quadratic, a: [0.1, 0.7, 0.2, 0.5], b: [0.3, 2, -1, 4], start: 5, updates: 40,
           optimizer: {kind: sgd, lr: 0.1}}
strategy: {kind: allreduce, collective: ring}
emulation: {timeout: 3s}
END
sed 's/^workload:.*/workload: {kind: collective, bytes: 10kB, iterations: 1000000}/; /optimizer:/d' four.yaml > endless.yaml

# A rank, on the host of its number in the list of hosts; with that host's names, where it has some.
hosts=(0 0 1 1)
with_names() {  # host, command
  [ -n "$names" ] || exec "${@:2}"
  # shellcheck disable=SC2016
  exec unshare --mount bash -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$work/$names-$1" "${@:2}"
}
names=
rank() {  # number, arguments
  local host=${hosts[$1]} before=0
  for ((other = 0; other < $1; ++other)); do [ "${hosts[other]}" = "$host" ] && before=$((before + 1)); done
  RANK=$1 LOCAL_RANK=$before WORLD_SIZE=4 MASTER_ADDR=${master:-10.77.0.1} MASTER_PORT=$port \
    with_names "$host" nsenter -t "${anchors[host]}" --net --uts "$program" worker --wait 30 --quiet "${@:2}"
}
# All four of a file's run into a folder; what each says in said-N. Sets code, rank 0's, and pids.
start() {  # file, folder, arguments
  pids=()
  for number in 0 1 2 3; do
    (rank $number "$1" --keys keys/run.keys --out "$2" "${@:3}") 2> "said-$number" &
    pids+=($!)
  done
}
finish() {
  wait "${pids[0]}"
  code=$?
  for number in 1 2 3; do wait "${pids[number]}"; done
}
train() {  # folder, whose weights in virtual time are expected, arguments
  start four.yaml "$1" "${@:3}"
  finish
  [ $code = 0 ] || fail "$1: ended with $code: $(cat said-*)"
  [ "$(weights "$1")" = "$(weights "$2")" ] || fail "$1: other weights than in virtual time"
}
for collective in ring hierarchical; do
  "$program" run four.yaml --set mode=virtual --set strategy.collective=$collective --out virtual_$collective --quiet
done

train ring virtual_ring
train tcp virtual_ring --set emulation.transport=tcp
hierarchical=(--set strategy.collective=hierarchical)
train hierarchical virtual_hierarchical "${hierarchical[@]}"
# Two terms a machine have one sum, whoever adds them.
train inside virtual_hierarchical "${hierarchical[@]}" --set strategy.inside=gloo
for metric in cpu_utilization memory_peak_bytes; do
  [ "$(grep -c "\"name\":\"$metric\"" ring/metrics.jsonl)" = 4 ] || fail "not every rank has a $metric"
done

# Vectors of several pieces, which are under way at a time.
sed 's/bytes: 10kB, iterations: 1000000/bytes: 9MB, iterations: 5/' endless.yaml > pieces.yaml
start pieces.yaml pieces "${hierarchical[@]}" --set strategy.inside=gloo
finish
[ $code = 0 ] || fail "pieces inside of machines ended with $code: $(cat said-*)"

# Rank 0's host by its name: known to the other host only once ranks wait for it, and what Debian calls a host in
# its own /etc/hosts.
if unshare --mount true 2> /dev/null; then
  names=hosts_file
  for host in 0 1; do echo "127.0.0.1 localhost" > "hosts_file-$host"; done
  (sleep 2; echo "10.77.0.1 stage" | tee -a hosts_file-0 >> hosts_file-1) &
  master=stage
  train late_name virtual_ring
  echo "127.0.1.1 stage" > hosts_file-0
  train interface virtual_ring --interface cable
  (RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=stage MASTER_PORT=$port with_names 0 nsenter -t "${anchors[0]}" --net --uts \
    "$program" worker train.yaml --wait 1 --quiet) 2> loopback && fail "rank 0 is alone and goes on"
  expect_text loopback "stage is 127.0.1.1 on rank 0's host, where no other host reaches it: --interface"
  names=
  unset master
else
  echo "left out, as this process may not mount: hosts by their names"
fi

# Without the network's being trusted, a library stays inside of hosts.
start four.yaml untrusted --set strategy.collective=gloo
finish
expect_text said-0 "gloo would talk at 10.77.0.1 without keys or encryption"
start four.yaml trusted --set strategy.collective=gloo --trusted-network
finish
[ $code = 0 ] || fail "gloo between hosts ended with $code: $(cat said-*)"
awk -v a="$(value_of trusted x)" -v b="$(value_of ring x)" \
    'BEGIN {exit !(a != "" && b != "" && (a - b)^2 <= (1e-6 * b)^2)}' || fail "gloo between hosts ends elsewhere"

# A machine of the topology whose ranks are on two hosts.
hosts=(0 1 0 1)
start four.yaml apart "${hierarchical[@]}" --set strategy.inside=gloo
finish
[ $code = 2 ] || fail "ranks of a machine on two hosts ended with $code"
expect_text said-0 "strategy.inside: gloo adds between ranks of one host, but ranks"
hosts=(0 0 1 1)

# A rank of the other host is killed: it is known by its silence, or because its neighbour can't reach it.
start endless.yaml killed --pin
wait_for_start killed
third=$(rank_process RANK=3)
[ -n "$third" ] || { kill -9 "${pids[@]}"; exit 1; }
if [ "$(env -u OMP_NUM_THREADS nproc)" -gt 1 ]; then
  grep -qE '^Cpus_allowed_list:\s*[0-9]+$' /proc/"$third"/task/*/status || fail "no thread of rank 3 has a core of its own"
fi
kill -9 "$third"
finish
[ $code = 3 ] || fail "rank 0 has not ended with 3 when rank 3 was killed"
expect_text said-0 "rank 3 (machine 1, process"
expect_text said-0 "on wings)"
exit 0
