# Makes chroots of Debian releases and runs programs there: source this, do not run it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh, which the script has read before, sets cw_root and others

# The Debian mirror that apt uses on this machine.
# shellcheck disable=SC2016 # apt-get expands it
debian_mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
		head -n 1
}

make_chroot() {
	local suite=$1 root=$2 mirror
	[ ! -e "$root/.made" ] || return 0
	command -v debootstrap >/dev/null || install_missing debootstrap || return 1
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "apt's configuration has no Debian mirror"
	say "Making a Debian $suite in $root"
	rm -rf "$root"
	debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
		tail -n 20 "$root.log" >&2
		die "debootstrap failed; its output is in $root.log"
	}
	# Use the same way to the mirror, such as a proxy.
	apt-config dump Acquire | grep -v '::IndexTargets' >"$root/etc/apt/apt.conf.d/90outside"
	touch "$root/.made"
}

# own_mounts COMMAND...: goes on as COMMAND where all mounts end with the process, in this script itself
# once that is so. Sets cw_layers, a folder in memory for the layers.
own_mounts() {
	if [ -z "${CW_OWN_MOUNTS-}" ]; then
		exec env CW_OWN_MOUNTS=1 unshare --mount "$@"
	fi
	unset CW_OWN_MOUNTS
	cw_layers=$(mktemp -d "${TMPDIR:-/tmp}/certwright-layers.XXXXXX")
	mount -t tmpfs tmpfs "$cw_layers"
	trap 'umount -l "$cw_layers" && rmdir "$cw_layers"' EXIT
}

# layer NAME LOWER: $cw_layers/NAME is as the folder LOWER is, and can be changed.
layer() {
	local of=$cw_layers/of-$1
	mkdir -p "$cw_layers/$1" "$of/upper" "$of/work"
	mount -t overlay overlay -o "lowerdir=$2,upperdir=$of/upper,workdir=$of/work" "$cw_layers/$1"
}

# Replaces the source of the last time by the present files of this project.
copy_source() {
	local root=$1
	rm -rf "$root/source"
	mkdir -p "$root/source"
	(cd "$cw_root" && git ls-files -z --cached --others --exclude-standard |
		{ xargs -0 -r ls -d -- 2>/dev/null || true; } | tar -c -T -) | tar -x -C "$root/source"
}

# inside ROOT COMMAND...: runs COMMAND there as root, with nothing of the environment. The mounts end
# with it.
inside() {
	local root=$1
	shift
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	# shellcheck disable=SC2016 # the inner shell expands these
	unshare --mount --pid --fork --kill-child sh -c '
		root=$1
		shift
		# The root has to be a mount point for tests that use unshare --mount.
		mount --bind "$root" "$root" && mount -t proc proc "$root/proc" &&
			mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" &&
			exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
				LANG=C.UTF-8 "$@"
	' sh "$root" "$@"
}

# check_in_chroot SUITE [STEP...] -- [PYTEST ARGUMENT...]
check_in_chroot() {
	local suite=$1 root=${CW_CHROOT:-$cw_build/chroot-$1}
	shift
	[ "$(id -u)" -eq 0 ] || die "--in needs root"
	mkdir -p "$(dirname "$root")"
	make_chroot "$suite" "$root"
	copy_source "$root"
	inside "$root" CW_BUILD=/build CW_JOBS="$cw_jobs" /source/scripts/check "$@"
}
