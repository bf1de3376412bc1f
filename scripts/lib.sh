# Shared by the other scripts: source this, do not run it.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that source this use the variables

cw_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cw_build=${CW_BUILD:-$cw_root/build}
case $cw_build in /*) ;; *) cw_build=$PWD/$cw_build ;; esac
# Where to install the built program to try it: inside the build folder.
cw_prefix=$cw_build/prefix
cw_jobs=${CW_JOBS:-$(nproc 2>/dev/null || echo 2)}
# Debian's interpreter finds Debian's Python packages; another one in PATH may not.
cw_python=/usr/bin/python3

cw_build_packages=(autoconf automake libtool libltdl-dev make gcc libc6-dev pkg-config
	libssl-dev libcurl4-openssl-dev libjson-c-dev libidn2-dev libldns-dev libpcre2-dev libseccomp-dev
	libmicrohttpd-dev libcmocka-dev)
cw_server_packages=(pebble python3 python3-cryptography openssl ca-certificates util-linux)
cw_check_packages=(jq python3-pytest python3-pytest-xdist python3-jsonschema python3-django
	python3-djangorestframework python3-jwt python3-setuptools python3-wheel
	certbot python3-certbot-nginx python3-certbot-apache python3-certbot-dns-rfc2136 uacme lego
	dehydrated default-jre-headless nginx apache2 libnginx-mod-http-lua bind9 bind9-dnsutils
	valgrind strace groff-base curl iproute2 procps xz-utils shellcheck cppcheck
	clang-tidy clang libclang-rt-dev g++ rustc abigail-tools haproxy postfix dovecot-core
	dovecot-imapd icecast2 varnish systemd systemd-container bash bash-completion zsh fish ccache
	dpkg-dev fakeroot lintian mandoc man-db rpm chromium chromium-driver prometheus
	python3-prometheus-client)
# From npm, for the tests of the status page.
cw_npm_packages=(axe-core@4.14.1)
# Only those that this Debian release has.
cw_optional_packages=(clang-format-14 lexicon acmetool python3-certbot-dns-cloudflare
	python3-certbot-dns-digitalocean python3-certbot-dns-gandi python3-certbot-dns-ovh
	python3-certbot-dns-route53 python3-certbot-dns-standalone)

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif ! command -v sudo >/dev/null; then
		die "need root or sudo to run: $*"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
	local package
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$package"
	done
}

# Runs apt-get as root without questions and without starting the services that it installs: the
# tests start their own on free ports.
apt_get() {
	# shellcheck disable=SC2016 # the inner shell expands these
	as_root env DEBIAN_FRONTEND=noninteractive sh -c '
		policy=/usr/sbin/policy-rc.d
		if [ ! -e "$policy" ]; then
			trap "exit 1" HUP INT TERM
			trap "rm -f $policy" EXIT
			printf "#!/bin/sh\nexit 101\n" >"$policy" && chmod 755 "$policy"
		fi
		apt-get -q -o DPkg::Lock::Timeout=300 -o APT::Get::Assume-Yes=true "$@"
	' sh "$@" </dev/null
}

# install_missing PACKAGE...: installs those that are missing.
install_missing() {
	local missing
	if ! command -v apt-get >/dev/null; then
		say "This is not a Debian system; install the equivalents of: $*"
		return 0
	fi
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	say "Installing ${missing[*]}"
	apt_get update && apt_get install --no-install-recommends "${missing[@]}"
}

# Makes ./configure if it is missing or older than its sources.
make_configure() {
	local sources newer
	mapfile -t sources < <(find "$cw_root/configure.ac" "$cw_root/Makefile.am" "$cw_root/core" \
		"$cw_root/library" "$cw_root/manuale" "$cw_root/plugins" "$cw_root/tests" "$cw_root/docs" "$cw_root/packaging" \
		\( -name '*.ac' -o -name '*.am' -o -name '*.mk' \) -print 2>/dev/null)
	if [ -x "$cw_root/configure" ] && [ -f "$cw_root/Makefile.in" ]; then
		newer=$(find "${sources[@]}" -newer "$cw_root/Makefile.in" -print)
		[ -n "$newer" ] || return 0
	fi
	(cd "$cw_root" && autoreconf -fi)
}

# configure_from SOURCE FOLDER [ARGUMENT...]: configures out of tree, again only if configure is newer.
configure_from() {
	local source=$1 folder=$2
	shift 2
	mkdir -p "$folder"
	if [ -f "$folder/Makefile" ] && [ "$folder/config.status" -nt "$source/configure" ]; then
		return 0
	fi
	if [ -f "$source/config.status" ]; then
		die "the source folder is configured; run \"make distclean\" there first"
	fi
	(cd "$folder" && "$source/configure" "$@")
}

configure_in() {
	configure_from "$cw_root" "$@"
}

# The build that quickstart and check share, installed under $cw_prefix.
build_certwright() {
	make_configure &&
		configure_in "$cw_build" --prefix="$cw_prefix" --enable-werror &&
		make -C "$cw_build" -j"$cw_jobs"
}

install_certwright() {
	make -C "$cw_build" install
}

seconds_now() {
	local now=$EPOCHREALTIME
	printf '%s' "${now/,/.}"
}

# seconds_since START: prints seconds with one decimal.
seconds_since() {
	awk -v a="$1" -v b="$(seconds_now)" 'BEGIN { printf "%.1f", b - a }'
}
