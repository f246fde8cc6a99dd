#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2094,SC2154
# Two ranks whose environment is set by hand.
source "$(dirname "$0")/common.sh"

wait=30
rank() {  # number, file, arguments
  RANK=$1 LOCAL_RANK=$1 WORLD_SIZE=2 MASTER_ADDR=${master:-127.0.0.1} MASTER_PORT=$port \
    exec "$program" worker --wait "$wait" "${@:2}"
}

# Both ranks of a file's run into a folder: sets first and other, once it has set out.
start() {
  (rank 1 "$1" --quiet) 2> other &
  other=$!
  (rank 0 "$1" --out "$2" --quiet) 2> first &
  first=$!
  wait_for_start "$2"
}

for transport in shared_memory ipc tcp; do
  (rank 1 train.yaml --set emulation.transport=$transport --quiet) &
  (rank 0 train.yaml --set emulation.transport=$transport --out "by_$transport" --quiet) || fail "$transport: rank 0"
  wait $! || fail "$transport: rank 1"
  check_trained "by_$transport"
done

# Several runs, one after the other, by the same processes.
(rank 1 train.yaml --set 'sweep={seed: [1, 2, 3]}' --quiet) &
(rank 0 train.yaml --set 'sweep={seed: [1, 2, 3]}' --out sweep --quiet) || fail "a sweep"
wait $! || fail "a sweep: rank 1"
[ "$(weights sweep | wc -l)" = 3 ] || fail "a sweep has not three runs"

# Beyond loopback, with keys and without.
address=$(hostname -I | cut -d' ' -f1)
if [ -z "$address" ]; then
  echo "left out, as this host has no address but loopback: runs with keys"
else
  "$program" keys --out keys --quiet
  master=$address
  (rank 1 train.yaml --keys keys/run.keys --quiet) &
  (rank 0 train.yaml --keys keys/run.keys --out with_keys --quiet) || fail "with keys: rank 0"
  wait $! || fail "with keys: rank 1"
  check_trained with_keys
  (rank 1 train.yaml --quiet) 2> without && fail "went on without keys"
  expect_text without "so the run needs keys"
  "$program" keys --out strangers --quiet
  (wait=3 && rank 1 train.yaml --keys strangers/run.keys --quiet) 2> other_keys &
  (wait=3 && rank 0 train.yaml --keys keys/run.keys --out no --quiet) 2> no_keys && fail "other keys are taken"
  wait $!
  expect_text no_keys "rank 1 did not come to $address:$port within 3s, or has other keys; 1 of 2 ranks are here"
  expect_text other_keys "rank 0 was not found at $address:$port within 3s, or it has other keys"
  unset master
fi

# A rank that is killed, while nothing is left of it but its number.
start endless.yaml killed
kill -9 $other
wait $first
[ $? = 3 ] || fail "rank 0 has not ended with 3 when rank 1 was killed"
expect_text first "rank 1 (machine 1, process $other on $(hostname)) has ended"
wait $other 2> /dev/null

# Rank 0's process is killed: the other ends by itself, and so does rank 0's node.
start endless.yaml abandoned
kill -9 $first
wait $other
[ $? = 3 ] || fail "rank 1 has not ended with 3 when rank 0 was killed"
expect_text other "the coordinator of the run is gone"

# So do those who had just met it, and still load.
(rank 1 endless.yaml --quiet) 2> other &
other=$!
(rank 0 endless.yaml --out early --quiet) 2> first &
first=$!
for _ in $(seq 300); do [ "$(processes | wc -l)" -ge 3 ] && break; sleep 0.02; done
kill -9 $first
begin=$SECONDS
wait $other
[ $? = 3 ] || fail "rank 1 has not ended with 3 when rank 0 was killed early: $(cat other)"
[ $((SECONDS - begin)) -le 40 ] || fail "rank 1 has ended only $((SECONDS - begin)) s after rank 0"

# Who cannot take part says so, and what it is, before it is missed.
(rank 1 nowhere.yaml --quiet) 2> other &
(rank 0 train.yaml --out lacks --quiet) 2> first
[ $? = 2 ] || fail "a rank without a scenario: $(cat first)"
wait $!
[ $? = 2 ] || fail "no scenario on rank 1: $(cat other)"
expect_text other "nowhere.yaml: "
expect_text first "rank 1 (process"
expect_text first "nowhere.yaml: "
(rank 1 endless.yaml --quiet) 2> other &
(rank 0 endless.yaml --set topology.nodes=3 --out three --quiet) 2> first && fail "three nodes of two ranks"
wait $!
[ $? = 2 ] || fail "rank 1 has not heard of rank 0's three nodes: $(cat other)"
expect_text other "the topology has 3 nodes, but torchrun has started 2 ranks"
# What has failed so has left nothing to lose.
(rank 1 train.yaml --quiet) 2> other &
(rank 0 train.yaml --out lacks --quiet) 2> first || fail "the same command again: $(cat first)"
wait $!
check_trained lacks

# A launcher that asks any rank to end, and a run that goes on after that.
sed 's/updates: 40/updates: 5000/' train.yaml > longer.yaml
"$program" run longer.yaml --set mode=virtual --out longer_expected --quiet
start longer.yaml longer
kill -TERM $other
wait $first
code=$?
wait $other
if [ $code = 130 ]; then
  (rank 1 longer.yaml --quiet) &
  (rank 0 longer.yaml --out longer --resume --quiet) || fail "it did not go on"
  wait $!
elif [ $code != 0 ]; then
  fail "a run that is asked to end ended with $code"
fi
[ "$(weights longer)" = "$(weights longer_expected)" ] || fail "a run that went on has other weights"

# A name that nobody knows is asked for again until the wait is over.
(master=no-such-host.invalid && wait=1 && rank 1 train.yaml --quiet) 2> nowhere
[ $? = 3 ] || fail "a master that is nowhere: $(cat nowhere)"
expect_text nowhere "no IPv4 address is known of 'no-such-host.invalid', where rank 0 is to be met"

# Ranks that differ, that do not come, that come twice, and where nobody can listen.
(rank 1 train.yaml --set seed=2 --quiet) 2> other &
(rank 0 train.yaml --out differs --quiet) 2> first && fail "another scenario is taken"
wait $! && fail "another scenario is taken by rank 1"
for side in first other; do
  expect_text $side "has another scenario than rank 0 (process"
  expect_text $side "the first difference is 'seed: 2' there and 'seed: 1' here"
done
(wait=1 && rank 0 train.yaml --out no_others --quiet) 2> alone && fail "went on alone"
expect_text alone "rank 1 did not come to 127.0.0.1:$port within 1s; 1 of 2 ranks are here"
(wait=1 && rank 1 train.yaml --quiet) 2> alone && fail "went on without rank 0"
expect_text alone "rank 0 was not found at 127.0.0.1:$port within 1s"
(wait=3 && rank 0 train.yaml --out once --quiet) 2> /dev/null &
sleep 1.5
(wait=1 && rank 0 train.yaml --out twice --quiet) 2> twice && fail "two are rank 0"
expect_text twice "rank 0 can't meet the others at 127.0.0.1:$port"
wait $!
RANK=0 WORLD_SIZE=3 MASTER_ADDR=127.0.0.1 "$program" worker train.yaml --quiet 2> three && fail "three ranks for two nodes"
expect_text three "train: the topology has 2 nodes, but torchrun has started 3 ranks, and each is one"
RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 "$program" worker train.yaml --set mode=virtual --quiet 2> mode && fail "another mode"
expect_text mode "what a launcher starts runs in the mode real"
"$program" run train.yaml --out no_launcher 2> no_launcher_said && fail "no launcher"
expect_text no_launcher_said "'mpirun -n 2 understudy worker FILE'"
[ -e no_launcher ] && fail "a folder is left"
"$program" worker train.yaml 2> nobody && fail "nobody said which rank"
expect_text nobody "nobody says which rank this is"
exit 0
