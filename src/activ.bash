# bash completion for activ(1): commands, options, and the functions that this activ has.
_activ()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} tool=${COMP_WORDS[0]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='list show eval accuracy bench file tier version help'
    else
        case ${COMP_WORDS[1]}:$before in
        accuracy:--tier) words="all $("$tool" tier 2> /dev/null | sed 's/ .*//')" ;;
        bench:--tier) words=$("$tool" tier 2> /dev/null | sed 's/ .*//') ;;
        accuracy:--jobs | bench:-n) return ;;
        list:*) words=--markdown ;;
        file:*)
            compopt -o filenames 2> /dev/null
            [ "$COMP_CWORD" -ne 2 ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        show:* | eval:*) [ "$COMP_CWORD" -ne 2 ] || words=functions ;;
        accuracy:*)
            words=functions
            case $word in -*) words='--exhaustive --no-series --tier --jobs --json' ;; esac
            ;;
        bench:*)
            words=functions
            case $word in -*) words='-n --tier --inputs --json' ;; esac
            ;;
        esac
        [ "$words" != functions ] || words=$("$tool" list 2> /dev/null | sed 's/[( ].*//')
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _activ activ
