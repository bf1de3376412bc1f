#!/bin/sh
# Calls a function of one of acme.sh's DNS scripts, for the plugin dns-exec:
#
#     dns-exec-acme.sh FOLDER/dns_NAME.sh add|rm RECORD VALUE
#
# The scripts use functions of acme.sh, which is in the same folder or in the one above it. All of
# this runs in the shell that acme.sh is installed for.

dns_exec_script=$1 dns_exec_action=$2 dns_exec_record=$3 dns_exec_value=$4

dns_exec_home=$(dirname "$dns_exec_script")
test -f "$dns_exec_home/acme.sh" || dns_exec_home=$(cd "$dns_exec_home/.." && pwd)

read -r dns_exec_shell <"$dns_exec_home/acme.sh"
case $dns_exec_shell in
*bash*) test -n "${BASH_VERSION-}" || exec bash "$0" "$@" ;;
esac

# What acme.sh creates has secrets, and another run must not write account.conf at the same time.
umask 077
exec 9<"$dns_exec_home" && flock 9 || exit 1

LE_WORKING_DIR=$dns_exec_home
export LE_WORKING_DIR

# acme.sh runs its arguments as a command. Here it only has to define its functions.
set -- :
# shellcheck source=/dev/null
. "$dns_exec_home/acme.sh"
_initpath || exit 1
# shellcheck source=/dev/null
. "$dns_exec_script" || exit 1

dns_exec_function=$(basename "$dns_exec_script" .sh)_$dns_exec_action
if ! command -v "$dns_exec_function" >/dev/null; then
	echo "it does not define the function $dns_exec_function" >&2
	exit 1
fi
"$dns_exec_function" "$dns_exec_record" "$dns_exec_value"
