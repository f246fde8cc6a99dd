#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2154,SC2317
# Two ranks under a Slurm of one node, which this test starts as root and takes down again.
source "$(dirname "$0")/common.sh"
[ "$(id -u)" = 0 ] || skip "Slurm's daemons need root"
for daemon in slurmctld slurmd munged srun; do
  PATH=$PATH:/usr/sbin command -v $daemon > /dev/null || skip "no $daemon on this machine (apt install slurmctld slurmd slurm-client munge)"
done
export PATH=$PATH:/usr/sbin
host=$(hostname -s)
mkdir slurm munge
chmod 755 "$work" slurm
chmod 711 munge  # munge's clients ask that its socket's folder be open to all
head -c 128 /dev/urandom > munge/key
chmod 400 munge/key
export SLURM_CONF=$work/slurm.conf
cat > slurm.conf << END
ClusterName=understudy
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$((port + 1))
SlurmdPort=$((port + 2))
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
StateSaveLocation=$work/slurm/state
SlurmdSpoolDir=$work/slurm/spool
SlurmctldPidFile=$work/slurm/slurmctld.pid
SlurmdPidFile=$work/slurm/slurmd.pid
SlurmctldLogFile=$work/slurm/slurmctld.log
SlurmdLogFile=$work/slurm/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
END
daemons=()
# Daemons, and what they started for a step, end by themselves soon, or are made to.
slurm_processes() { grep -lzsx "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ | cut -d/ -f3; }
clean_up() {
  for pid in "${daemons[@]}"; do kill "$pid" 2> /dev/null; done
  for _ in $(seq 50); do
    jobs -r | grep -q . || return
    sleep 0.1
  done
  for pid in $(slurm_processes) "${daemons[@]}"; do [ "$pid" = $$ ] || kill -9 "$pid" 2> /dev/null; done
}
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" \
  --pid-file="$work/munge/pid" --seed-file="$work/munge/seed" --log-file="$work/munge/log" --num-threads=2 > munge/out 2>&1 &
daemons+=($!)
for _ in $(seq 50); do [ -S munge/socket ] && break; sleep 0.1; done
[ -S munge/socket ] || skip "munged does not start here: $(tail -3 munge/out)"
slurmctld -D > slurm/out 2>&1 &
daemons+=($!)
slurmd -D -N "$host" >> slurm/out 2>&1 &
daemons+=($!)
for _ in $(seq 300); do sinfo -h -o %t 2> /dev/null | grep -qx idle && break; sleep 0.1; done
sinfo -h -o %t 2> /dev/null | grep -qx idle || skip "Slurm does not start here: $(tail -3 slurm/out slurm/*.log)"

start() { srun --mpi=none -n 2 --cpus-per-task=1 "$program" worker "$@"; }
start train.yaml --out trained > trained_out 2>&1 || fail "srun: $(cat trained_out)"
check_trained trained
expect_text trained_out "rank 1 of 2 (local rank 1), rank 0 at 127.0.0.1:"
expect_text trained_out ", as Slurm has it"

start train.yaml --out by_gloo --set strategy.collective=gloo --quiet > gloo_out 2>&1 || fail "srun, gloo: $(cat gloo_out)"
check_trained by_gloo  # two terms have one sum

start endless.yaml --out killed --quiet > killed_out 2>&1 &
wait_for_start killed
kill -9 "$(rank_process SLURM_PROCID=1)"
wait $! && fail "srun ended well without a rank"
expect_text killed_out "rank 1 (machine 1, process"
exit 0
