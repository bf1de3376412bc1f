# Completions of certwright for fish.

function __certwright_complete
    set -l words (commandline -opc)[2..]
    set -l token (commandline -ct)
    # An open quote cannot be unescaped.
    set -l start (string unescape -- $token; or string trim --left -c '"\'' -- $token)
    test -n "$start"; or set start ''
    # Of "--option=value", the value is completed, and fish wants all of it.
    set -l joined (string match -r -- '^--[^=]*=' $start)
    set -l value (string replace -r -- '^--[^=]*=' '' $start)
    set -l lines (command certwright --complete $words $start 2>/dev/null)
    switch "$lines[1]"
        case files
            printf "$joined%s\n" (__fish_complete_path $value '')
        case folders
            printf "$joined%s\n" (__fish_complete_directories $value '')
        case words
            set -q lines[2]; and printf '%s\n' "$joined"$lines[2..]
    end
end

complete -c certwright -f -a '(__certwright_complete)'
