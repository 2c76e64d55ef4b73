# bash completion for activ(1): commands, options, and the functions that this activ has; those of its zoo behind an @.
_activ()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} tool=${COMP_WORDS[0]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='list show eval plot accuracy bench file tier version help'
    else
        case ${COMP_WORDS[1]}:$before in
        *:@) words=zoo ;; # bash takes the @ of @NAME for a word, and yet replaces both
        accuracy:--tier) words="all $("$tool" tier 2> /dev/null | sed 's/ .*//')" ;;
        bench:--tier) words=$("$tool" tier 2> /dev/null | sed 's/ .*//') ;;
        accuracy:--jobs | bench:-n) return ;;
        list:*) words='--markdown --zoo' ;;
        plot:-o)
            compopt -o filenames 2> /dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        plot:--from | plot:--to) return ;;
        plot:*)
            words=functions
            case $word in -*) words='-o --from --to --script' ;; esac
            ;;
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
            case $word in -*) words='-n --tier --inputs --types --json' ;; esac
            ;;
        esac
        case $words:$word in
        zoo:*) words=$("$tool" list --zoo 2> /dev/null | sed 's/^/@/; s/ .*//') word=@$word ;;
        functions:@*) words=$("$tool" list --zoo 2> /dev/null | sed 's/^/@/; s/ .*//') ;;
        functions:*) words=$("$tool" list 2> /dev/null | sed 's/[( ].*//') ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _activ activ
