# Shared by what runs in the bare Debian: source this, do not run it.
# shellcheck shell=bash

set -eu -o pipefail
cd /source

install() {
	apt-get -q -y -o APT::Sandbox::User=root install --no-install-recommends "$@" >/install.log 2>&1 || {
		tail -n 20 /install.log
		return 1
	}
}

libraries=(libcmocka-dev libcurl4-openssl-dev libidn2-dev libjson-c-dev libldns-dev libltdl-dev
	libpcre2-dev libseccomp-dev libssl-dev)
tools=(autoconf automake libtool make pkg-config ca-certificates)

# build_for TRIPLET [ARGUMENT...]: configures and builds all, with the unit tests.
build_for() {
	local triplet=$1
	shift
	autoreconf -fi
	mkdir /build
	cd /build
	[ -z "$triplet" ] ||
		export PKG_CONFIG_LIBDIR="/usr/lib/${triplet/i686/i386}/pkgconfig:/usr/share/pkgconfig"
	/source/configure --enable-werror --prefix=/usr ${triplet:+--host="$triplet"} "$@"
	make -j"$CW_JOBS"
	make -j"$CW_JOBS" check TESTS=
}

# foreign ARCHITECTURE: the cross compiler and the libraries.
foreign() {
	dpkg --add-architecture "$1"
	apt-get -q update
	install "${tools[@]}" "crossbuild-essential-$1" "${libraries[@]/%/:$1}"
}
