#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2154
# Two ranks under Open MPI's mpirun.
source "$(dirname "$0")/common.sh"
command -v mpirun > /dev/null || skip "no mpirun on this machine (apt install openmpi-bin)"
start() { mpirun --allow-run-as-root --oversubscribe -n 2 "$program" worker "$@"; }

start train.yaml --out trained --quiet || fail "mpirun"
check_trained trained
start train.yaml --out said 2> said_out || fail "mpirun, with a word about each rank"
expect_text said_out "rank 1 of 2 (local rank 1), rank 0 at 127.0.0.1:29500, as Open MPI has it"

start train.yaml --out by_gloo --set strategy.collective=gloo --quiet || fail "mpirun, gloo"
check_trained by_gloo  # two terms have one sum

start endless.yaml --out killed --quiet 2> killed_out &
wait_for_start killed
kill -9 "$(rank_process OMPI_COMM_WORLD_RANK=1)"
wait $! && fail "mpirun ended well without a rank"
# mpirun ends all by itself when one is killed, and rank 0 may not come to say it.
grep -qE "rank 1 \(machine 1, process|signal 9" killed_out || fail "nobody names the killed rank: $(cat killed_out)"
# Nor do ranks go on whose launcher was killed.
sed 's/updates: 40/updates: 100000000/' train.yaml > long.yaml
start long.yaml --out orphans --quiet 2> orphans_out &
wait_for_start orphans
kill -9 "$(pgrep -P $! mpirun || echo $!)"
for _ in $(seq 300); do [ -z "$(processes)" ] && break; sleep 0.1; done
[ -z "$(processes)" ] || fail "ranks go on without their launcher"
exit 0
