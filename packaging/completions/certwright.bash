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
# cannot be written behind the quote that the user began with are left out.
_certwright_reply() {
	local typed=$1 candidate
	shift
	for candidate in "$@"; do
		case $typed in
		\"*) [[ $candidate != *[\"\\\$\`\!]* ]] || continue ;;
		\'*) [[ $candidate != *\'* ]] || continue ;;
		*) printf -v candidate %q "$candidate" ;;
		esac
		COMPREPLY+=("$candidate")
	done
}

_certwright() {
	local words=() lines=() found=() typed=${COMP_WORDS[COMP_CWORD]} option='' word kept
	COMPREPLY=()
	_certwright_words
	mapfile -t lines < <(command certwright --complete "${words[@]:1}" 2>/dev/null)
	# Of "--option=value", the value is completed.
	word=${words[-1]}
	[[ $word != --*=* ]] || word=${word#*=}
	# What bash replaces: less than the word if it has split it, and more if it splits nothing at "=".
	[[ $typed != +([:=]) ]] || typed=
	if [[ $typed == --*=* ]]; then
		option=${typed%%=*}=
		typed=${typed#*=}
	fi
	kept=${word%"${typed//[\\\"\']/}"}
	case ${lines[0]-} in
	files) mapfile -t found < <(compgen -f -- "$word") ;;
	folders) mapfile -t found < <(compgen -d -- "$word") ;;
	words) found=("${lines[@]%%$'\t'*}") && found=("${found[@]:1}") ;;
	esac
	found=("${found[@]#"$kept"}")
	found=("${found[@]/#/$option}")
	if [[ ${lines[0]-} == words ]]; then
		_certwright_reply "$typed" "${found[@]}"
	else
		compopt -o filenames
		COMPREPLY=("${found[@]}")
	fi
}

complete -F _certwright certwright
