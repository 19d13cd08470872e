# Fuzzing of rules/ and base/, for build.sh, which has step and usage_error.
#
#     build/fuzz/corpus    what was found so far; a run goes on from there
#     build/fuzz/crashes   inputs that something is wrong with
#
# shellcheck shell=bash disable=SC2154

cmd_fuzz()
{
    local minutes=1

    while [ $# -gt 0 ]; do
        case $1 in
            --minutes)
                minutes=${2:-}
                [[ $minutes =~ ^[1-9][0-9]*$ ]] \
                    || usage_error "--minutes needs a number"
                shift
                ;;
            *)
                usage_error "fuzz knows no $1"
                ;;
        esac
        shift
    done

    need "${packages_fuzz[@]}"
    step fuzz make -j"$(nproc)" -C "$top/tests/fuzz" "BUILD=$build/fuzz"

    PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$top/tests/fuzz/run.py" \
        "$build/fuzz" --minutes "$minutes"
}
