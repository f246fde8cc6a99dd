#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2154
# Four ranks under one mpirun, on two hosts.
source "$(dirname "$0")/common.sh"
command -v mpirun > /dev/null || skip "no mpirun on this machine (apt install openmpi-bin)"
make_two_hosts

# In the place of ssh: the host, then what it is to run.
cat > agent << END
#!/usr/bin/env bash
exec nsenter -t ${anchors[1]} --net --uts bash -c "\${*:2}"
END
chmod +x agent
sed 's/^topology:.*/topology: {kind: cluster, machines: 2, devices_per_machine: 2}/
  s/a: .*, start/a: [0.1, 0.7, 0.2, 0.5], b: [0.3, 2, -1, 4], start/' train.yaml > four.yaml
"$program" keys --out keys --quiet
start() {
  on_host 0 mpirun --allow-run-as-root --host 10.77.0.1:2,10.77.0.2:2 --mca plm_rsh_agent "$work/agent" \
    --mca oob_tcp_if_include cable -x MASTER_ADDR=10.77.0.1 -x MASTER_PORT="$port" "$program" worker "$@" --keys keys/run.keys
}

start four.yaml --out trained 2> said || fail "mpirun on two hosts: $(cat said)"
expect_text said "rank 3 of 4 (local rank 1), rank 0 at 10.77.0.1:$port, as Open MPI has it"
"$program" run four.yaml --set mode=virtual --out expected --quiet
[ "$(weights trained)" = "$(weights expected)" ] || fail "other weights than in virtual time"
[ "$(grep -c '"node":3.*cpu_utilization' trained/metrics.jsonl)" = 1 ] || fail "no records of rank 3"
exit 0
