#!/bin/sh
# For the agent's --notify-hook: sends what has happened to a web hook, as the JSON object that it is.
#
#     certwright agent --notify-hook "/usr/local/lib/notify-webhook.sh https://hooks.example.org/certificates"
#
# A secret that belongs to the address is better kept in a file: WEBHOOK_FILE names it.
set -eu

url=${1:-$(cat "${WEBHOOK_FILE:?give the address of the web hook, or a file with it}")}

# The address is not an argument of curl, as others can see those.
exec curl --silent --show-error --fail --max-time 30 \
	--header 'Content-Type: application/json' --data-binary @- --config /dev/fd/3 3<<CONFIG
url = "$url"
CONFIG
