#!/bin/sh
# Renews due certificates under periodic(8) of FreeBSD: copy this to
# /usr/local/etc/periodic/daily/500.certwright, make it executable, and put
# daily_certwright_enable="YES" into /etc/periodic.conf.

# shellcheck source=/dev/null # only FreeBSD has it
if [ -r /etc/defaults/periodic.conf ]; then
	. /etc/defaults/periodic.conf
	source_periodic_confs
fi

case ${daily_certwright_enable:-NO} in
[Yy][Ee][Ss])
	echo
	echo "Renewing certificates:"
	# 3: something that the administrator should see.
	certwright renew --quiet || exit 3
	;;
esac
