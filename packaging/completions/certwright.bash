# Completions of certwright for bash.
# shellcheck shell=bash

# Sets the variable words to the words of the line up to the cursor's, without their quotes. Bash
# also splits words at "=" and ":"; parts with nothing between them are one word.
_certwright_words() {
	local rest=$COMP_LINE part gap i
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		part=${COMP_WORDS[i]}
		gap=${rest%%"$part"*}
		[[ -n $part ]] || gap=' '
		rest=${rest#*"$part"}
		part=${part//[\\\"\']/}
		if [[ -z $gap ]] && ((i > 0)); then
			words[${#words[@]} - 1]+=$part
		else
			words+=("$part")
		fi
	done
}

# Sets COMPREPLY to the CANDIDATES, quoted for a word of which the user typed TYPED. Those that
# cannot be written behind the quote that the user began with are left out. PREFIX is what bash
# keeps of the line in front of TYPED.
_certwright_reply() {
	local typed=$1 prefix=$2 candidate
	shift 2
	for candidate in "$@"; do
		candidate=${candidate%%$'\t'*}
		candidate=${candidate#"$prefix"}
		case $typed in
		\"*) [[ $candidate != *[\"\\\$\`\!]* ]] || continue ;;
		\'*) [[ $candidate != *\'* ]] || continue ;;
		*) printf -v candidate %q "$candidate" ;;
		esac
		COMPREPLY+=("$candidate")
	done
}

_certwright() {
	local words=() lines=() typed=${COMP_WORDS[COMP_CWORD]} word prefix
	COMPREPLY=()
	_certwright_words
	mapfile -t lines < <(command certwright --complete "${words[@]:1}" 2>/dev/null)
	[[ $typed != +([:=]) ]] || typed=
	word=${words[-1]}
	[[ $word != --*=* ]] || word=${word#*=}
	case ${lines[0]-} in
	files)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		;;
	folders)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		;;
	words)
		prefix=${word%"${typed//[\\\"\']/}"}
		_certwright_reply "$typed" "$prefix" "${lines[@]:1}"
		;;
	esac
}

complete -F _certwright certwright
