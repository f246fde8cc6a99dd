#!/usr/bin/env bash
# On a bare Debian 12, `./understudy setup` installs what the build needs and configures it. The bare
# system is made by debootstrap from the mirror that this system's apt uses.
set -euo pipefail

source_root=$1
((EUID == 0)) || { echo 'only root can make a bare system' && exit 77; }
type -P debootstrap >/dev/null || { echo 'debootstrap is not installed' && exit 77; }

# In mount and process namespaces of its own, so that nothing mounted or started here survives.
if [[ ${2:-} != inside ]]; then
  unshare --mount --pid --fork true 2>/dev/null || { echo 'no namespaces here' && exit 77; }
  exec unshare --mount --pid --fork --kill-child bash "$0" "$source_root" inside
fi

# shellcheck disable=SC2016  # apt-get expands it
mirror=$(apt-get indextargets --format '$(SITE)' \
  'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -n 1)
[[ $mirror ]] || { echo "this system's apt has no source for Debian 12" && exit 77; }

work=$(mktemp -d)
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  umount "$work/root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
root=$work/root
checkout="$root/srv/a checkout"

debootstrap --variant=minbase bookworm "$root" "$mirror" >"$work/log" 2>&1 ||
  { tail -n 20 "$work/log" && echo 'debootstrap failed' && exit 1; }
mount -t proc proc "$root/proc"

# How this system reaches its mirror holds for the bare one too; what it has installed does not.
apt-config dump Acquire | grep -v '^Acquire::IndexTargets' >"$root/etc/apt/apt.conf.d/90acquire"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true

mkdir -p "$checkout"
(cd "$source_root" && git ls-files -z --cached --others --exclude-standard |
  xargs -0 cp --parents --target-directory="$checkout")

in_root() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    chroot "$root" "$@"
}

! in_root sh -c 'command -v g++ || command -v cmake' || { echo 'the system is not bare' && exit 1; }
in_root '/srv/a checkout/understudy' setup </dev/null
[[ -f $checkout/build/release/build.ninja ]] || { echo 'nothing was configured' && exit 1; }

# Configured for real: a library builds with it, the one that all others stand on.
in_root ninja -C '/srv/a checkout/build/release' understudy_base

# A second set-up finds nothing to do.
again=$(in_root '/srv/a checkout/understudy' setup 2>&1 </dev/null)
[[ ! $again ]] || { echo "the second set-up says: $again" && exit 1; }
echo 'a bare system is set up'
