#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2094,SC2154
# Ranks that exchange by Gloo, and what is said of libraries and devices that are not here.
source "$(dirname "$0")/common.sh"

wait=30
rank() {  # number, ranks, file, arguments
  RANK=$1 LOCAL_RANK=$1 WORLD_SIZE=$2 MASTER_ADDR=${master:-127.0.0.1} MASTER_PORT=$port \
    exec "$program" worker --wait "$wait" "${@:3}"
}
# Trains a file's world of so many ranks over Gloo into a folder.
train() {  # ranks, file, folder
  for ((other = 1; other < $1; ++other)); do
    (rank $other "$1" "$2" --set strategy.collective=gloo --quiet) 2> "other-$other" &
  done
  (rank 0 "$1" "$2" --set strategy.collective=gloo --out "$3" --quiet) 2> first || fail "$3: $(cat first)"
  for job in $(jobs -p); do wait "$job" || fail "$3: $(cat other-*)"; done
}

# Two terms have the same sum in whatever order they are added, so the weights are the same to the bit.
train 2 train.yaml two
check_trained two

cat > images.yaml << END
name: images
mode: real
topology: {kind: mesh, nodes: 2, bandwidth: 1Gbit/s, latency: 100us}
workload: {kind: image_classifier, dataset: fashion_mnist, model: lenet, batch: 32, epochs: 1, train_limit: 512,
           test_limit: 200, optimizer: {kind: sgd, lr: 0.05}}
strategy: {kind: allreduce, collective: ring, bucket: 20KiB}
emulation: {timeout: 3s}
END
train 2 images.yaml images
"$program" run images.yaml --set mode=virtual --out images_expected --quiet
[ "$(weights images)" = "$(weights images_expected)" ] || fail "images: other weights than in virtual time"
[ "$(value_of images test_accuracy)" = "$(value_of images_expected test_accuracy)" ] || fail "images: another accuracy"

"$program" validate images.yaml --set strategy.collective=gloo > /dev/null || fail "such a run is not valid"

# Four have not: within a millionth.
sed 's/nodes: 2/nodes: 4/; s/a: \[0.1, 0.7\]/a: [0.1, 0.7, 0.2, 0.5]/; s/b: \[0.3, 2\]/b: [0.3, 2, -1, 4]/' train.yaml > four.yaml
train 4 four.yaml four
"$program" run four.yaml --set mode=virtual --out four_expected --quiet
found=$(value_of four x) expected=$(value_of four_expected x)
awk -v a="$found" -v b="$expected" 'BEGIN {exit !(a != "" && b != "" && (a - b)^2 <= (1e-6 * b)^2)}' ||
  fail "four ranks end at $found, in virtual time at $expected"

# Gloo inside of emulated machines: two terms a machine have one sum, whoever adds them.
sed 's/mode: real/mode: emulated/; s/collective: ring, bucket: 20KiB/collective: hierarchical, bucket: 4KiB/
  s/^topology:.*/topology: {kind: cluster, machines: 2, devices_per_machine: 2, intra: {bandwidth: 10GB\/s, latency: 5us}, inter: {bandwidth: 100Mbit\/s, latency: 1ms}}/
  ' images.yaml > inside.yaml
"$program" run inside.yaml --set strategy.inside=gloo --out inside --quiet || fail "gloo inside of machines"
"$program" run inside.yaml --set mode=virtual --out inside_expected --quiet
[ "$(weights inside)" = "$(weights inside_expected)" ] || fail "inside: other weights than in virtual time"

sed 's/nodes: 2/nodes: 4/' endless.yaml > endless_four.yaml
sed 's/nodes: 2/nodes: 64/' endless.yaml > many.yaml

# A rank that is killed amid all-reduces, and one that is stopped: both named, both end all.
start() {  # folder
  (rank 1 2 endless.yaml --set strategy.collective=gloo --quiet) 2> other &
  other=$!
  (rank 0 2 endless.yaml --set strategy.collective=gloo --out "$1" --quiet) 2> first &
  first=$!
  wait_for_start "$1"
}
start killed
kill -9 $other
wait $first
[ $? = 3 ] || fail "rank 0 has not ended with 3 when rank 1 was killed"
expect_text first "rank 1 (machine 1, process $other on $(hostname)) has ended"
wait $other 2> /dev/null
start stopped
kill -STOP $other
wait $first
[ $? = 3 ] || fail "rank 0 has not ended with 3 when rank 1 was stopped"
expect_text first "rank 1 (machine 1, process $other on $(hostname)) has not answered for 3s"
kill -CONT $other
wait $other && fail "rank 1 ended well"

# The others' libraries still wait for one that is stopped, and yet they end.
for number in 1 2 3; do
  (rank $number 4 endless_four.yaml --set strategy.collective=gloo --quiet) 2> "other-$number" &
  others[number]=$!
done
(rank 0 4 endless_four.yaml --set strategy.collective=gloo --out silent --quiet) 2> first &
first=$!
wait_for_start silent
kill -STOP "${others[2]}"
for pid in $first "${others[1]}" "${others[3]}"; do
  (sleep 25 && kill -9 "$pid" 2> /dev/null) &
  wait "$pid"
  [ $? = 3 ] || fail "process $pid has not ended with 3 when rank 2 was stopped"
done
expect_text other-1 "rank 2 (machine 2, process ${others[2]} on $(hostname)) has not answered for 3s"
kill -CONT "${others[2]}"

# Beyond loopback only where the network is trusted.
address=$(hostname -I | cut -d' ' -f1)
if [ -z "$address" ]; then
  echo "left out, as this host has no address but loopback: runs beyond it"
else
  "$program" keys --out keys --quiet
  master=$address
  for number in 0 1; do
    (rank $number 2 train.yaml --set strategy.collective=gloo --keys keys/run.keys --out "no-$number" --quiet) 2> refused &&
      fail "rank $number talks without keys"
    expect_text refused "gloo would talk at $address without keys or encryption"
  done
  (rank 1 2 train.yaml --set strategy.collective=gloo --keys keys/run.keys --trusted-network --quiet) &
  (rank 0 2 train.yaml --set strategy.collective=gloo --keys keys/run.keys --trusted-network --out trusted --quiet) ||
    fail "a trusted network"
  wait $! || fail "a trusted network: rank 1"
  check_trained trusted
  unset master
fi

# What this build or this host lacks is known before a folder is made. 63 GPUs are nowhere; the sentences of a build
# with CUDA are others.
refused() {  # what it says, in which file, the command's code
  [ "$3" = 2 ] || fail "$2: ended with $3"
  grep -qE "$1" "$2" || fail "$2 does not say '$1' but: $(cat "$2")"
}
(RANK=0 WORLD_SIZE=64 MASTER_ADDR=127.0.0.1 "$program" worker many.yaml --set strategy.collective=nccl \
  --local-rank 63 --out no_nccl --quiet) 2> nccl
refused "this build has no NCCL; 'cmake --preset gpu'|nccl needs a GPU for each rank of a host, but there is no GPU 63" nccl $?
"$program" run inside.yaml --set strategy.inside=nccl --set topology.device=cuda:63 --out no_nccl_inside --quiet 2> nccl_inside
refused "topology.device: cuda:63" nccl_inside $?
"$program" run images.yaml --set mode=emulated --set topology.device=cuda:63 --out no_gpu --quiet 2> emulated_gpu
refused "topology.device: cuda:63" emulated_gpu $?
(rank 0 2 images.yaml --set topology.device=cuda:63 --out no_gpu --quiet) 2> gpu
refused "topology.device: cuda:63" gpu $?
(RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 "$program" worker images.yaml --set topology.device=cuda --out no_gpu --quiet) 2> no_local_rank
refused "by their local ranks, which torchrun has not given: --local-rank does" no_local_rank $?
for folder in no_*; do [ ! -d "$folder" ] || fail "a folder is left: $folder"; done
exit 0
