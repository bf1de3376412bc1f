#!/bin/sh
# For the agent's --notify-hook: mails what has happened, through sendmail.
#
#     certwright agent --notify-hook "/usr/local/lib/notify-sendmail.sh admin@example.org"
#
# The hook gets one JSON object on its standard input. jq takes it apart.
set -eu

to=${1:?give the address to mail to}
event=$(cat)

field() {
	printf '%s\n' "$event" | jq -r "$1 // empty | tostring | gsub(\"[\\r\\n]\"; \" \")"
}

name=$(field .name)
{
	printf 'To: %s\n' "$to"
	printf 'Subject: certificate %s: %s\n' "$name" "$(field .event)"
	printf 'Content-Type: text/plain; charset=utf-8\n\n'
	printf 'Certificate: %s (%s)\n' "$name" "$(field '.domains | join(", ")')"
	printf 'Machine:     %s\n' "$(hostname)"
	printf 'Expires:     %s\n\n' "$(field .expiry)"
	printf '%s\n%s\n' "$(field .message)" "$(field .hint)"
} | "${SENDMAIL:-/usr/sbin/sendmail}" -t
