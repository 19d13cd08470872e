# Completion of the strangler command for bash: source it, or install it as
# /usr/share/bash-completion/completions/strangler.
#
# Commands and options are those that --help names.  Routes and backends are
# asked for where STRANGLER_API, or --api on the line, says whom to ask.
#
# shellcheck shell=bash

_strangler_words()
{
    local word

    COMPREPLY=()

    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen -W "$1" -- "$2")
}


# _strangler_names COMMAND ARGUMENT...: "name" members of what it lists

_strangler_names()
{
    "${COMP_WORDS[0]}" "$@" --json --timeout 1s 2>/dev/null \
        | sed -n 's/^      "name": "\([A-Za-z0-9_.-]*\)",*$/\1/p'
}


_strangler()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]-} api=() i

    if [ "$COMP_CWORD" -eq 1 ]; then
        _strangler_words "$("$program" --help 2>/dev/null \
            | sed -n 's/^  \([a-z]\{1,\}\)  *[^ ].*/\1/p' | grep -vx strangler)
            --help --version" "$current"
        return
    fi

    for ((i = 2; i < COMP_CWORD - 1; i++)); do
        case ${COMP_WORDS[i]} in
            --api | --unix-socket | --user)
                api+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
                ;;
        esac
    done

    case $previous in
        --api | --user | --reason | --lease | --timeout | --interval | --host \
            | --client | --if-seq | --limit | --samples | -H | --header \
            | --owner | --capability | --group | --map-host | --repeat \
            | --shadow | --for | --until | --steps | --every | --abort-if \
            | --min-requests | --wait)
            return
            ;;
        --stage)
            _strangler_words "legacy shadow ramp live done" "$current"
            return
            ;;
        --backend)
            _strangler_words "$(_strangler_names backends "${api[@]}")" \
                "$current"
            return
            ;;
        --route)
            _strangler_words "$(_strangler_names routes "${api[@]}")" \
                "$current"
            return
            ;;
        --against | --options | --cacert | --cert | --key | --unix-socket)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
    esac

    if [[ $current == -* ]]; then
        _strangler_words "$("$program" "$command" --help 2>/dev/null \
            | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+')" \
            "$current"
        return
    fi

    case $command in
        check | replay | compare | explain)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        flip)
            _strangler_words "$(_strangler_names routes "${api[@]}")
                legacy shadow ramp live done" "$current"
            ;;
        reset | release | ready | advance)
            _strangler_words "$(_strangler_names routes "${api[@]}")" \
                "$current"
            ;;
        drain)
            _strangler_words "$(_strangler_names backends "${api[@]}")" \
                "$current"
            ;;
    esac
}


complete -o filenames -F _strangler strangler
