# Sourced by demo, test and bench: prepares the machine, and leaves nothing behind, also when interrupted. The
# namespaces of a run have a prefix of their own, its files a directory of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup "${SETUP:-all}"
export PATH="$PATH:/usr/sbin:/sbin"
export IP_MASQ_LAB="ipmasq-$$"
TMPDIR=$(mktemp -d)
export TMPDIR

sweep() {
  local name
  for name in $(ip netns list | awk '{ print $1 }' | grep "^$IP_MASQ_LAB-" || true); do
    ip netns pids "$name" | xargs -r kill -9 2>/dev/null || true
    ip netns delete "$name" || true
  done
  # A runtime ring that was interrupted: containerd, its shims and what they mounted.
  pkill -KILL -f "$TMPDIR/ip-masq-containerd-" || true
  awk -v prefix="$TMPDIR/" 'index($2, prefix) == 1 { print $2 }' /proc/mounts | xargs -r umount -l || true
  rm -rf "$TMPDIR"
}
trap sweep EXIT
trap 'exit 130' INT TERM
