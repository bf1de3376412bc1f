/*
 * Beginnings of shell scripts that put the environment of Apache's service into their own. $1 is
 * its environment file, and $2 the folder with drop-ins of its systemd unit; either may be "". A
 * script, because the command that reloads Apache after a crash is kept in words, and what is
 * secret in an environment must not be among these.
 */
#ifndef APACHE_ENVIRONMENT_H
#define APACHE_ENVIRONMENT_H

/* clang-format off */

/* $1 is a shell script: it is run. */
#define ENVIRONMENT_OF_SCRIPT "set -a; [ ! -f \"$1\" ] || . \"$1\" >/dev/null; set +a\n"

/* systemd.exec(5), "EnvironmentFile=": the variables that a file sets. */
#define READ_FILE \
	"function set(name, value) {\n" \
	"	if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/ && name !~ " \
	"/^(E?UID|PPID|IFS|OPTIND|BASHOPTS|SHELLOPTS|BASH_VERSINFO)$/) values[name] = value\n" \
	"}\n" \
	"function read_file(path,  line, text, i, c, state, name, value, size) {\n" \
	"	while ((getline line < path) > 0) text = text line \"\\n\"\n" \
	"	for (i = 1; i <= length(text); i++) {\n" \
	"		c = substr(text, i, 1)\n" \
	"		if (state == \"\" && c !~ /[ \\t\\r\\n]/) {\n" \
	"			state = c ~ /[#;]/ ? \"comment\" : \"name\"; name = c\n" \
	"		} else if (state == \"comment\") {\n" \
	"			if (c == \"\\\\\") i++; else if (c == \"\\n\") state = \"\"\n" \
	"		} else if (state == \"name\") {\n" \
	"			if (c == \"=\") { state = \"before\"; value = \"\"; size = 0 }\n" \
	"			else if (c == \"\\n\") state = \"\"; else name = name c\n" \
	"		} else if (state == \"before\" || state == \"value\") {\n" \
	"			if (c == \"\\n\") {\n" \
	"				sub(/[ \\t\\r]+$/, \"\", name); set(name, substr(value, 1, size)); state = \"\"\n" \
	"				continue\n" \
	"			}\n" \
	"			if (state == \"before\" && c ~ /[ \\t\\r]/) continue\n" \
	"			if (state == \"before\" && c ~ /[\\047\"]/) { state = c; continue }\n" \
	"			state = \"value\"\n" \
	"			if (c == \"\\\\\" && (c = substr(text, ++i, 1)) == \"\\n\") continue\n" \
	"			value = value c; if (c !~ /[ \\t\\r]/) size = length(value)\n" \
	"		} else if (c == state) {\n" \
	"			state = \"before\"; size = length(value)\n" \
	"		} else if (state != \"\") {\n" \
	"			if (c == \"\\\\\" && state == \"\\\"\") {\n" \
	"				c = substr(text, ++i, 1); if (c == \"\\n\") continue\n" \
	"				if (c !~ /[\"`$\\\\]/) c = \"\\\\\" c\n" \
	"			}\n" \
	"			value = value c\n" \
	"		}\n" \
	"	}\n" \
	"	close(path)\n" \
	"}\n"

/* systemd.exec(5), "Environment=", and systemd.syntax(7): what a drop-in sets. */
#define READ_UNIT \
	"function read_words(text,  i, c, quote, word) {\n" \
	"	for (i = 1; i <= length(text) + 1; i++) {\n" \
	"		c = substr(text, i, 1)\n" \
	"		if (c == \"\\\\\") {\n" \
	"			c = substr(text, ++i, 1)\n" \
	"			word = word (c == \"n\" ? \"\\n\" : c == \"t\" ? \"\\t\" : c == \"s\" ? \" \" : c)\n" \
	"		} else if (quote == \"\" && (c == \"\" || c ~ /[ \\t]/)) {\n" \
	"			gsub(/%%/, \"%\", word)\n" \
	"			c = index(word, \"=\"); set(substr(word, 1, c - 1), substr(word, c + 1)); word = \"\"\n" \
	"		} else if (c == quote) quote = \"\"\n" \
	"		else if (quote == \"\" && c ~ /[\\047\"]/) quote = c\n" \
	"		else word = word c\n" \
	"	}\n" \
	"}\n" \
	"function read_unit(path,  line, text, service) {\n" \
	"	while ((getline line < path) > 0) {\n" \
	"		sub(/\\r$/, \"\", line)\n" \
	"		if (line ~ /^[ \\t]*[#;]/) continue\n" \
	"		if (line ~ /\\\\$/) { text = text substr(line, 1, length(line) - 1) \" \"; continue }\n" \
	"		line = text line; text = \"\"\n" \
	"		gsub(/^[ \\t]+|[ \\t]+$/, \"\", line)\n" \
	"		if (line ~ /^\\[/) service = line == \"[Service]\"\n" \
	"		else if (service && sub(/^Environment[ \\t]*=[ \\t]*/, \"\", line)) {\n" \
	"			if (line == \"\") split(\"\", values); else read_words(line)\n" \
	"		} else if (service && sub(/^EnvironmentFile[ \\t]*=[ \\t]*-?/, \"\", line)) {\n" \
	"			if (line == \"\") count = 0; else files[++count] = line\n" \
	"		}\n" \
	"	}\n" \
	"	close(path)\n" \
	"}\n"

/* Takes the environment file $1 and the drop-ins in the folder $2 as systemd does. They are data:
 * no part of them is run. Variables with secrets are in no list of processes. */
#define ENVIRONMENT_OF_DATA \
	"IFS=$(printf '\\001'); set -f\n" \
	"for variable in $(set +f; awk '" READ_FILE READ_UNIT "BEGIN {\n" \
	"	files[count = 1] = ARGV[1]\n" \
	"	for (i = 2; i < ARGC; i++) read_unit(ARGV[i])\n" \
	"	for (i = 1; i <= count; i++) read_file(files[i])\n" \
	"	for (name in values) printf \"%s=%s\\001\", name, values[name]\n" \
	"}' \"$1\" \"${2:-/nonexistent}\"/*.conf | tr -d '\\000'); do\n" \
	"	export \"$variable\"\n" \
	"done\n" \
	"unset IFS; set +f\n"

/* clang-format on */

#endif
