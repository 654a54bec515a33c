# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# bash completion of dfuse. It reads what `dfuse help` prints, so it knows every verb and option that
# the command knows. `make install` puts it where bash finds it; elsewhere: `source` this file.

# _dfuse_words KIND [VERB]: what can stand there, a word a line.
_dfuse_words() {
    case $1 in
    verbs) "$dfuse" help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' ;;
    parts) "$dfuse" help parts | sed -n 's/^  \([a-z0-9]*\) .*/\1/p' ;;
    options)
        "$dfuse" help "$2" | sed -n 's/^  \(-.*\)/\1/p' | sed 's/  .*//; s/,* /\n/g' | grep '^-'
        echo --help
        ;;
    esac 2>/dev/null
}

# _dfuse_value VERB OPTION: what the help text calls its value; nothing: it takes none.
_dfuse_value() {
    "$dfuse" help "$1" 2>/dev/null |
        awk -v option="$2" '/^  -/ {
            sub(/^  /, ""); sub(/  .*/, "")
            words = split($0, word, /,? /)
            for (i = 1; i <= words; i++)
                if (word[i] == option && word[words] !~ /^-/)
                    print word[words]
        }'
}

_dfuse_offer() { mapfile -t COMPREPLY < <(compgen "$@" -- "$current"); }

_dfuse_files() {
    compopt -o filenames 2>/dev/null # refused where no completion runs
    _dfuse_offer -f
}

# _dfuse_offer_value VALUE: words in small letters are offered as they are.
_dfuse_offer_value() {
    case $1 in
    PART) _dfuse_offer -W "$(_dfuse_words parts)" ;;
    *FILE* | *OUT* | *SOCKET* | *DIR*) _dfuse_files ;;
    *'|'*) _dfuse_offer -W "$(tr '|' '\n' <<<"$1" | grep '^[a-z]')" ;;
    esac
}

# _dfuse_command FIRST: the words from FIRST on are a command of its own.
_dfuse_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif [ "$COMP_CWORD" -eq "$1" ]; then
        _dfuse_offer -c
    else
        _dfuse_files
    fi
}

_dfuse() {
    local dfuse=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]}
    local verb=${COMP_WORDS[1]} before=${COMP_WORDS[COMP_CWORD - 1]} value i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        _dfuse_offer -W "$(_dfuse_words verbs) --help --version"
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            _dfuse_command $((i + 1))
            return
        fi
    done
    if [ "$verb" = help ]; then
        _dfuse_offer -W "$(_dfuse_words verbs) parts"
        return
    fi
    # bash takes --rom=v4.0 for three words; at the second one `before` is the option already.
    [ "$current" != = ] || current=
    [ "$before" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]}
    value=$(_dfuse_value "$verb" "$before")
    if [ -n "$value" ]; then
        _dfuse_offer_value "$value"
    elif [[ $current == -* ]]; then
        _dfuse_offer -W "$(_dfuse_words options "$verb")"
    else
        _dfuse_files
    fi
}
complete -F _dfuse dfuse
