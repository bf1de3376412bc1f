#!/bin/sh
# Sets TXT records at an acme-dns server, for certwright's plugin dns-exec.
#
#     acme-dns.sh register NAME URL    once for each name: registers it at the server URL, and prints
#                                      the alias (CNAME) that the DNS of NAME needs
#     acme-dns.sh present|cleanup RECORD VALUE    as dns-exec calls it
#
# The accounts are kept in acmedns.json, in the format of lego's ACME_DNS_STORAGE_PATH. It needs curl
# and jq.

accounts=${ACME_DNS_ACCOUNTS:-/etc/letsencrypt/acmedns.json}

fail() {
	echo "$1" >&2
	exit 1
}

# The JSON answer of the server to the JSON text $2. Headers with secrets are on stdin, where the
# list of processes does not show them.
ask() {
	curl --silent --show-error --max-time 60 --config - --header 'Content-Type: application/json' \
		--data "$2" "$1" || fail "$1 cannot be reached"
}

check_accounts() {
	jq -e 'type == "object"' "$accounts" >/dev/null 2>&1 ||
		fail "$accounts is not there, or it is damaged: restore it from a backup"
}

register() {
	name=$1 url=${2%/}
	test -n "$url" || fail "usage: acme-dns.sh register NAME URL"
	umask 077
	# Two at once would lose an account.
	exec 9<"$(dirname "$accounts")" && flock 9 || exit 1
	test -s "$accounts" || echo '{}' >"$accounts" || exit 1
	check_accounts
	jq -e --arg name "$name" '.[$name] | not' "$accounts" >/dev/null ||
		fail "$accounts already has an account for $name"
	answer=$(ask "$url/register" '{}' </dev/null) || exit 1
	printf '%s' "$answer" | jq -e .fulldomain >/dev/null 2>&1 ||
		fail "$url does not register: $answer"
	printf '%s' "$answer" | jq --arg name "$name" --arg url "$url" --slurpfile all "$accounts" \
		'$all[0] + {($name): (. + {server_url: $url})}' >"$accounts.new" || exit 1
	mv "$accounts.new" "$accounts" || exit 1
	printf '%s' "$answer" | jq -r --arg name "$name" '"_acme-challenge.\($name). IN CNAME \(.fulldomain)."'
}

present() {
	record=${1%.} value=$2
	check_accounts
	account=$(jq -c --arg record "$record" \
		'[.[] | select(.fulldomain | ascii_downcase == $record)][0]' "$accounts") || exit 1
	test "$account" != null || fail "$accounts has no account for the record $record"
	url=$(printf '%s' "$account" | jq -r .server_url)/update
	body=$(printf '%s' "$account" | jq -c --arg value "$value" '{subdomain, txt: $value}')
	answer=$(printf '%s' "$account" |
		jq -r '"header = \("X-Api-User: " + .username | @json)",
			"header = \("X-Api-Key: " + .password | @json)"' | ask "$url" "$body") || exit 1
	test "$(printf '%s' "$answer" | jq -r .txt 2>/dev/null)" = "$value" ||
		fail "$url does not set the record: $answer"
}

for program in curl jq; do
	command -v "$program" >/dev/null || fail "acme-dns.sh needs the program $program"
done
case $1 in
register) register "$2" "$3" ;;
present) present "$2" "$3" ;;
cleanup) ;; # the server keeps the last two values of a record, and no more
*) fail "usage: acme-dns.sh register|present|cleanup ..." ;;
esac
