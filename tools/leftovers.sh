# SPDX-License-Identifier: Apache-2.0
# Sourced by tools/check: what earlier runs of the system tests, killed before their end, have left on this machine.

# clear_leftovers_of USER...: ends the processes of users that belong to tools/check alone.
clear_leftovers_of() {
  local name
  for name in "$@"; do
    id "$name" >/dev/null 2>&1 && pkill -KILL -u "$name" && say "ended processes that '$name' had left"
  done
  return 0
}

# clear_leftover_runs: ends processes, mounts, control groups and networks of root's runs that are over, and deletes
# their files.
clear_leftover_runs() {
  local run
  for run in /tmp/bats-run-*; do
    [ -d "$run" ] && is_over "$run" || continue
    say "clearing away $run, which an earlier run has left"
    end_processes_of "$run"
    sed -n "s|^[^ ]* \($run[^ ]*\) .*|\1|p" /proc/mounts | tac | while read -r place; do umount -l "$place"; done
    rm -rf --one-file-system "$run"
  done
  end_containers
  end_groups
  end_networks
}

# is_over RUN
is_over() { ! pgrep -f "bats-exec-.*$1" >/dev/null; }

end_processes_of() {
  local entry
  for entry in /proc/[0-9]*; do
    grep -qzF "=$1" "$entry/environ" 2>/dev/null && kill -KILL "${entry#/proc/}" 2>/dev/null
  done
  return 0
}

# end_containers: those of an OCI runtime have an environment of their own, and what their root file system was may be
# deleted. Their mounts tell whose they are.
end_containers() {
  local process run place pids=()
  for process in /proc/[0-9]*; do
    [ ! "$process/ns/mnt" -ef /proc/self/ns/mnt ] || continue
    # A copy of our own table has the name where something is mounted, a container in what is mounted.
    run=$(awk '$5 !~ /\/bats-run-/ && match($0, /\/bats-run-[A-Za-z0-9]*/) {print substr($0, RSTART, RLENGTH); exit}' \
      "$process/mountinfo" 2>/dev/null)
    [ -n "$run" ] && is_over "$run" || continue
    pids+=("${process#/proc/}")
    kill -KILL "${process#/proc/}" 2>/dev/null
    # What is frozen does not die of it.
    sed 's/^[^:]*:[^:]*://' "$process/cgroup" 2>/dev/null | sort -u | while read -r place; do
      [ "$place" != / ] || continue
      echo THAWED >"/sys/fs/cgroup/freezer$place/freezer.state"
      echo 0 | tee "/sys/fs/cgroup/unified$place/cgroup.freeze" "/sys/fs/cgroup$place/cgroup.freeze"
    done >/dev/null 2>&1
  done
  [ ${#pids[@]} -eq 0 ] || say "ended ${#pids[@]} processes of containers that earlier runs have left"
  for process in "${pids[@]}"; do timeout 5 tail -f --pid="$process" /dev/null; done
}

# end_groups: those that tests make, and that nobody is in. One in the making has nobody either.
end_groups() {
  pgrep -f bats-exec >/dev/null || pgrep -r D,R,S -x 'coracle.*' >/dev/null && return
  find /sys/fs/cgroup -depth -mindepth 1 -type d -path '*/coracle*' -exec rmdir {} + 2>/dev/null
  return 0
}

# end_networks: those of stores whose keeper is gone. It would have taken them along.
end_networks() {
  local interface family table
  pgrep -r D,R,S -x coracle:network >/dev/null && return
  ip -o link show | sed -n 's/^[0-9]*: \([^:@]*\).*alias coracle .*/\1/p' \
    | while read -r interface; do ip link delete "$interface" 2>/dev/null; done
  nft list tables 2>/dev/null | grep -F ' coracle_' \
    | while read -r _ family table; do nft delete table "$family" "$table"; done
}
