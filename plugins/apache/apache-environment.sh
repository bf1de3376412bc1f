#!/bin/sh
# Runs a command as Apache's service does, for the plugin apache:
#
#     apache-environment.sh script|data FILE FOLDER OPTIONS PROGRAM OTHER [WORD...]
#
# It gets the environment that FILE sets and, if that is data, the drop-ins of a systemd unit in
# FOLDER. PROGRAM is run with the options in the variable OPTIONS and the words or, if it is not
# there, OTHER with the words alone. FILE, FOLDER and OPTIONS may be "".
#
# A script, because the command that reloads Apache after a crash is kept in words, and what is
# secret in an environment must not be among these.

# As systemd reads them: nothing in these files is run. Variables with secrets are in no list of
# processes.
read_as_data() {
	awk '
	function set(name, value) {
		if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/ &&
		    name !~ /^(E?UID|PPID|IFS|OPTIND|BASHOPTS|SHELLOPTS|BASH_VERSINFO)$/)
			values[name] = value
	}

	# systemd.exec(5), "EnvironmentFile=".
	function read_file(path,  line, text, i, c, state, name, value, size) {
		while ((getline line < path) > 0)
			text = text line "\n"
		close(path)
		for (i = 1; i <= length(text); i++) {
			c = substr(text, i, 1)
			if (state == "" && c !~ /[ \t\r\n]/) {
				state = c ~ /[#;]/ ? "comment" : "name"
				name = c
			} else if (state == "comment") {
				if (c == "\\")
					i++
				else if (c == "\n")
					state = ""
			} else if (state == "name") {
				if (c == "=") {
					state = "before"
					value = ""
					size = 0
				} else if (c == "\n") {
					state = ""
				} else {
					name = name c
				}
			} else if (state == "before" || state == "value") {
				if (c == "\n") {
					sub(/[ \t\r]+$/, "", name)
					set(name, substr(value, 1, size))
					state = ""
					continue
				}
				if (state == "before" && c ~ /[ \t\r]/)
					continue
				if (state == "before" && c ~ /[\047"]/) {
					state = c
					continue
				}
				state = "value"
				if (c == "\\" && (c = substr(text, ++i, 1)) == "\n")
					continue
				value = value c
				if (c !~ /[ \t\r]/)
					size = length(value)
			} else if (c == state) {
				state = "before"
				size = length(value)
			} else if (state != "") {
				if (c == "\\" && state == "\"") {
					c = substr(text, ++i, 1)
					if (c == "\n")
						continue
					if (c !~ /["`$\\]/)
						c = "\\" c
				}
				value = value c
			}
		}
	}

	# systemd.exec(5), "Environment=", and systemd.syntax(7).
	function read_words(text,  i, c, quote, word) {
		for (i = 1; i <= length(text) + 1; i++) {
			c = substr(text, i, 1)
			if (c == "\\") {
				c = substr(text, ++i, 1)
				word = word (c == "n" ? "\n" : c == "t" ? "\t" : c == "s" ? " " : c)
			} else if (quote == "" && (c == "" || c ~ /[ \t]/)) {
				gsub(/%%/, "%", word)
				c = index(word, "=")
				set(substr(word, 1, c - 1), substr(word, c + 1))
				word = ""
			} else if (c == quote) {
				quote = ""
			} else if (quote == "" && c ~ /[\047"]/) {
				quote = c
			} else {
				word = word c
			}
		}
	}

	function read_unit(path,  line, text, service) {
		while ((getline line < path) > 0) {
			sub(/\r$/, "", line)
			if (line ~ /^[ \t]*[#;]/)
				continue
			if (line ~ /\\$/) {
				text = text substr(line, 1, length(line) - 1) " "
				continue
			}
			line = text line
			text = ""
			gsub(/^[ \t]+|[ \t]+$/, "", line)
			if (line ~ /^\[/) {
				service = line == "[Service]"
			} else if (service && sub(/^Environment[ \t]*=[ \t]*/, "", line)) {
				if (line == "")
					split("", values)
				else
					read_words(line)
			} else if (service && sub(/^EnvironmentFile[ \t]*=[ \t]*-?/, "", line)) {
				if (line == "")
					count = 0
				else
					files[++count] = line
			}
		}
		close(path)
	}

	BEGIN {
		files[count = 1] = ARGV[1]
		for (i = 2; i < ARGC; i++)
			read_unit(ARGV[i])
		for (i = 1; i <= count; i++)
			read_file(files[i])
		for (name in values)
			printf "%s=%s\001", name, values[name]
	}' "$1" "${2:-/nonexistent}"/*.conf | tr -d '\000'
}

# Names that no environment has.
if [ "$1" = script ]; then
	set -a
	# shellcheck source=/dev/null
	[ ! -f "$2" ] || . "$2" >/dev/null
	set +a
else
	IFS=$(printf '\001')
	certwright_variables=$(read_as_data "$2" "$3")
	set -f
	for certwright_variable in $certwright_variables; do
		export "${certwright_variable?}"
	done
	unset IFS
fi

set -f
certwright_program=$6 certwright_options=
if command -v "$5" >/dev/null; then
	certwright_program=$5
	[ -z "$4" ] || eval "certwright_options=\${$4-}"
fi
shift 6
# The options are words.
# shellcheck disable=SC2086
exec "$certwright_program" $certwright_options "$@"
