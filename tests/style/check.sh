#!/usr/bin/env bash
#
# House style, dependencies and man pages, as far as a script can see them.
# Prints `file:line: what` for each finding; exit status 1 if there is one.
#
#     check.sh [DIRECTORY]      this repository, if none is given

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=${1:-$(cd "$here/../.." && pwd)}
found=0

/usr/bin/python3 "$here/check.py" "$top" || found=1

if command -v shellcheck >/dev/null; then
    mapfile -t scripts < <(find "$top" -name build -prune -o -name '.?*' \
        ! -name .ci -prune -o -type f \
        \( -name '*.sh' -o -name '*.bash' -o -path '*/.ci/*' \) -print)

    if [ ${#scripts[@]} -gt 0 ]; then
        shellcheck -f gcc "${scripts[@]}" || found=1
    fi
fi

if command -v mandoc >/dev/null; then
    mapfile -t pages < <(find "$top" -name build -prune -o -name '.?*' \
        -prune -o -type f -name '*.[1-9]' -print)

    if [ ${#pages[@]} -gt 0 ]; then
        mandoc -T lint -W warning "${pages[@]}" || found=1
    fi
fi

exit "$found"
