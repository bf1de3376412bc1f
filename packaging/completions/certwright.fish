# Completions of certwright for fish.

# The files, or with "folders" the folders, whose names begin with VALUE; each in place of its start.
function __certwright_paths -a kind value
    set -l start $value
    string match -q -- '~/*' $value; and set start $HOME(string sub -s 2 -- $value)
    for path in "$start"*
        set -l rest (string sub -s (math (string length -- $start) + 1) -- $path)
        if test -d $path
            echo $value$rest/
        else if test $kind = files
            echo $value$rest
        end
    end
end

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
        case files folders
            for path in (__certwright_paths $lines[1] $value)
                echo "$joined"$path
            end
        case words
            set -q lines[2]; and printf '%s\n' "$joined"$lines[2..]
    end
end

complete -c certwright -f -a '(__certwright_complete)'
