# A Debian of another release in a folder, for scripts/check --in: source it, do not run it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh, which the script has read before, sets cw_root and others

# The mirror of Debian that apt uses here, and the keyring that it is trusted by.
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
	[ -n "$mirror" ] || die "apt's configuration names no mirror of Debian"
	say "Making a Debian $suite in $root"
	rm -rf "$root"
	debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
		tail -n 20 "$root.log" >&2
		die "debootstrap failed (all of it: $root.log)"
	}
	# How apt gets to the mirror, from here as from there.
	apt-config dump Acquire | grep -v '::IndexTargets' >"$root/etc/apt/apt.conf.d/90outside"
	touch "$root/.made"
}

# The files of this project, as they are now, in place of those of the last time.
copy_source() {
	local root=$1
	rm -rf "$root/source"
	mkdir -p "$root/source"
	(cd "$cw_root" && git ls-files -z --cached --others --exclude-standard |
		xargs -0 -r ls -d -- 2>/dev/null | tar -c -T -) | tar -x -C "$root/source"
}

# check_in_chroot SUITE [STEP...] -- [PYTEST ARGUMENT...]
check_in_chroot() {
	local suite=$1 root=${CW_CHROOT:-$cw_build/chroot-$1}
	shift
	[ "$(id -u)" -eq 0 ] || die "must be root for --in"
	mkdir -p "$(dirname "$root")"
	make_chroot "$suite" "$root"
	copy_source "$root"
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	# What is mounted goes with the process that sees it.
	# shellcheck disable=SC2016 # the inner shell expands these
	unshare --mount --pid --fork --kill-child sh -c '
		root=$1 jobs=$2
		shift 2
		mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
			mount --rbind /dev "$root/dev" &&
			exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
				LANG=C.UTF-8 CW_BUILD=/build CW_JOBS="$jobs" /source/scripts/check "$@"
	' sh "$root" "$cw_jobs" "$@"
}
