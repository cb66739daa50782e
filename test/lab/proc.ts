/**
 * Shell lines for a call's `before`: in its mount namespace, /proc and /proc/net become directories that can be written to. What is
 * in them leads to the real files, which are below $real.
 */
export const WRITABLE_PROC = `real=/mnt; mount --bind /proc $real; mount -t tmpfs none /proc
for entry in $real/*; do ln -s $entry /proc/; done
rm /proc/net; mkdir /proc/net
for name in $(ls $real/self/net); do ln -s $real/self/net/$name /proc/net/; done`
