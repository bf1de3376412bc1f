"""A folder as acme.sh has it, made after the developer's guide of its DNS scripts: acme.sh with the
functions that the guide names, dnsapi/dns_here.sh that uses them, and a DNS provider for that script,
which puts what it is told into a BIND. acme.sh itself is in no Debian package.
"""

import http.server
import threading

MAIN = r"""#!/usr/bin/env SHELL
# Stands for acme.sh: its functions, and its last line, which runs the arguments as a command.

_info() { printf '[%s] %s\n' "$(date)" "$*"; }
_err() { printf '[%s] %s\n' "$(date)" "$*" >&2; return 1; }
_debug() { test -z "$DEBUG" || printf '%s\n' "$*" >&2; }
_contains() { case $1 in *"$2"*) return 0 ;; esac; return 1; }

_initpath() {
    : "${LE_WORKING_DIR:=$HOME/.acme.sh}"
    : "${LE_CONFIG_HOME:=$LE_WORKING_DIR}"
    : "${ACCOUNT_CONF_PATH:=$LE_CONFIG_HOME/account.conf}"
    test ! -f "$ACCOUNT_CONF_PATH" || . "$ACCOUNT_CONF_PATH"
    HTTP_HEADER="$LE_CONFIG_HOME/http.header"
}

# Reads the whole file, and then writes it anew: two at once would lose lines.
_set() {
    lines=$(grep -v "^$1=" "$ACCOUNT_CONF_PATH" 2>/dev/null)
    sleep "${SLOW_SAVE:-0}"
    printf '%s\n' "$lines" "$1='$2'" | sed '/^$/d' >"$ACCOUNT_CONF_PATH"
}
_saveaccountconf_mutable() {
    value=$2
    test -z "$3" || value="__ACME_BASE64__START_$(printf %s "$2" | openssl base64 -A)__ACME_BASE64__END_"
    _set "SAVED_$1" "$value"
}
_readaccountconf_mutable() {
    value=$(sed -n "s/^SAVED_$1='\(.*\)'$/\1/p" "$ACCOUNT_CONF_PATH" 2>/dev/null)
    case $value in
    __ACME_BASE64__START_*)
        value=${value#__ACME_BASE64__START_}
        printf %s "${value%__ACME_BASE64__END_}" | openssl base64 -d -A ;;
    *) printf '%s\n' "$value" ;;
    esac
}

_get() { curl -s -D "$HTTP_HEADER" -H "$_H1" -H "$_H2" "$1"; }
_post() { curl -s -D "$HTTP_HEADER" -X "${4:-POST}" -H "$_H1" -H "$_H2" --data "$1" "$2"; }

showhelp() { echo "Usage: acme.sh <command>"; }
issue() { echo "must not run"; exit 9; }
main() {
    if test -z "$1"; then showhelp; return; fi
    case $1 in -*) issue "$@" ;; *) "$@" ;; esac
}

main "$@"
"""

SCRIPT = r"""#!/usr/bin/env SHELL
dns_here_info='A provider for tests
Options:
 HERE_Token API token
'
HERE_Api="URL"

dns_here_add() {
    fulldomain=$1
    txtvalue=$2
    _here_token || return 1
    _info "Adding record with $HERE_Token"
    response=$(_post "$txtvalue" "$HERE_Api/$fulldomain")
    _contains "$response" added || _err "the provider says: $response"
}

dns_here_rm() {
    fulldomain=$1
    txtvalue=$2
    _here_token || return 1
    response=$(_post "$txtvalue" "$HERE_Api/$fulldomain" "" DELETE)
    _contains "$response" removed || _err "the provider says: $response"
}

_here_token() {
    HERE_Token="${HERE_Token:-$(_readaccountconf_mutable HERE_Token)}"
    if test -z "$HERE_Token"; then
        _err "You didn't specify HERE_Token yet."
        return 1
    fi
    _saveaccountconf_mutable HERE_Token "$HERE_Token" "$HERE_ENCODE"
    _H1="Authorization: Bearer $HERE_Token"
}
"""


class AcmeSh:
    """home: the folder; script: the DNS script's path; token: what the provider wants to see.
    shell: what the scripts are for."""

    def __init__(self, folder, bind, token, shell="sh"):
        self.home, self.token, self.bind = folder, token, bind
        self.refusal = None
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        (folder / "dnsapi").mkdir(parents=True)
        (folder / "acme.sh").write_text(MAIN.replace("SHELL", shell))
        self.script = folder / "dnsapi" / "dns_here.sh"
        self.script.write_text(SCRIPT.replace("SHELL", shell).replace("URL", url))
        self.account = folder / "account.conf"

    def answer(self, method, name, value, authorization):
        if self.refusal or authorization != f"Bearer {self.token}":
            return self.refusal or "bad token"
        self.bind.update(f'add {name}. 60 TXT "{value}"' if method == "POST"
                         else f'delete {name}. TXT "{value}"')
        return "added" if method == "POST" else "removed"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def _handler(provider):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def _serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            text = provider.answer(self.command, self.path[1:], body,
                                   self.headers.get("Authorization")).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_DELETE = _serve

    return Handler
