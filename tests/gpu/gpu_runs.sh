#!/usr/bin/env bash
# Whole runs on a machine's GPUs, by a build with CUDA; skips without a GPU. By hand, or by gpu_build.sh.
# Usage: tests/gpu/gpu_runs.sh FOLDER, the one with the programs.
set -uo pipefail
program=$(realpath "$1")/understudy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset RANK LOCAL_RANK WORLD_SIZE MASTER_ADDR MASTER_PORT

failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
value_of() { grep -o "\"$2\": [-0-9.e]*" "$1/summary.json" | head -1 | cut -d' ' -f2; }

if ! "$program" calibrate --device cuda:0 --quiet > profile 2> no_gpu; then
  echo "skipped: $(cat no_gpu)"
  exit 77
fi
gpus=1
while "$program" calibrate --device cuda:$gpus --quiet > /dev/null 2>&1; do gpus=$((gpus + 1)); done
echo "$gpus GPUs; the first as a profile:"
cat profile

cat > train.yaml << END
name: train
mode: emulated
topology: {kind: mesh, nodes: 2, device: cuda, bandwidth: 100Mbit/s, latency: 1ms}
workload: {kind: image_classifier, dataset: fashion_mnist, model: cnn, batch: 64, epochs: 1, train_limit: 2048,
           test_limit: 1000, optimizer: {kind: sgd, lr: 0.05}}
strategy: {kind: allreduce, collective: ring}
END
run() { "$program" run train.yaml --quiet --out "$@" || fail "$1 ended with $?"; }
# Two ranks by hand, with a folder; LOCAL_RANK is the rank.
real() {  # folder, arguments
  local each=(--set mode=real --quiet)
  (RANK=1 LOCAL_RANK=1 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29777 \
    exec "$program" worker train.yaml "${each[@]}" "${@:2}") &
  (RANK=0 LOCAL_RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29777 \
    exec "$program" worker train.yaml "${each[@]}" --out "$@") || fail "$1 ended with $?"
  wait $! || fail "$1: rank 1"
}
close() {  # folder
  awk -v a="$(value_of "$1" test_accuracy)" -v b="$(value_of on_processors test_accuracy)" \
    'BEGIN {exit !(a != "" && b != "" && (a - b)^2 <= 0.03^2)}' ||
    fail "$1 has an accuracy of $(value_of "$1" test_accuracy), processors of $(value_of on_processors test_accuracy)"
}

"$program" run train.yaml --set mode=virtual --set topology.device=cpu --quiet --out on_processors || fail "on processors"
run emulated   # both nodes on one GPU where there is but one
run again
close emulated
[ "$(grep weights_hash emulated/summary.json)" = "$(grep weights_hash again/summary.json)" ] || fail "other bits the second time"
for metric in gpu_utilization gpu_memory_peak_bytes; do
  [ "$(grep -c "\"name\":\"$metric\"" emulated/metrics.jsonl)" = 2 ] || fail "not every node has a $metric"
done
run fast --set devices.deterministic=false
close fast

# What the links cost.
real shared --set topology.device=cuda:0
close shared
"$program" compare shared emulated || fail "they can't be compared"

"$program" run train.yaml --set topology.device=cuda:63 --quiet --out beyond 2> said && fail "cuda:63 is taken"
grep -q "cuda:63 is not there" said || fail "cuda:63 says: $(cat said)"
[ ! -e beyond ] || fail "a folder is left"
if [ "$gpus" = 1 ]; then
  echo "left out, as there is one GPU: NCCL between two, and a GPU for each local rank"
  "$program" run train.yaml --quiet --out refused --set 'strategy={kind: allreduce, collective: hierarchical, inside: nccl}' \
    --set 'topology={kind: cluster, machines: 1, devices_per_machine: 2, device: cuda}' 2> said && fail "NCCL shares a GPU"
  grep -q "ranks 0 and 1 share cuda:0; gloo needs none" said || fail "NCCL on one GPU says: $(cat said)"
else
  real own
  close own
  real nccl --set strategy.collective=nccl
  close nccl
  run inside --set 'strategy={kind: allreduce, collective: hierarchical, inside: nccl}' \
    --set 'topology={kind: cluster, machines: 1, devices_per_machine: 2, device: cuda}'
  close inside
  run links --set strategy.collective=nccl --set emulation.links=kernel
  close links
fi
[ $failures = 0 ] && echo "all runs on $gpus GPUs are as they should be"
exit $((failures > 0))
