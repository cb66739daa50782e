# Sourced by demo, test, bench and others: prepares the machine, and leaves nothing behind, however the script ends. The network
# namespaces of a run have a prefix of their own, its files a directory of their own.
#
# The script runs once more in a session of its own while this one waits: bash runs a trap once the command before it has ended, but
# ends a `wait` for it, so SIGTERM to the script alone ends the run at once.
set -euo pipefail
script=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"

lab() {
  scripts/setup "${SETUP:-all}"
  TMPDIR=$(mktemp -d)
  # Tests run programs as other users, who have to get to them.
  chmod 755 "$TMPDIR"
  export TMPDIR IP_MASQ_LAB="ipmasq-$$"
  trap sweep EXIT
  trap 'exit 130' INT TERM
  IP_MASQ_IN_LAB=yes setsid bash "$script" "$@" <&0 &
  session=$!
  wait "$session"
}

sweep() {
  local name
  # Otherwise bash reports that we killed it.
  disown "$session" 2>/dev/null || true
  # Processes of the session. Those that have left it are in one of our network namespaces, or have a file of ours as an argument, as
  # containerd and its shims do. More than once, for what a process starts meanwhile.
  for _ in 1 2 3; do
    pkill -KILL -s "$session" || true
    for name in $(ip netns list | awk '{ print $1 }' | grep "^$IP_MASQ_LAB-" || true); do
      ip netns pids "$name" | xargs -r kill -9 2>/dev/null || true
      ip netns delete "$name" || true
    done
    pkill -KILL -f "$TMPDIR/" || break
    sleep 0.1
  done
  awk -v prefix="$TMPDIR/" 'index($2, prefix) == 1 { print $2 }' /proc/mounts | xargs -r umount -l || true
  rm -rf "$TMPDIR"
}

[ -n "${IP_MASQ_IN_LAB:-}" ] || { lab "$@"; exit; }
