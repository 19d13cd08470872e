# The module, and an nginx, with the sanitizers, for build.sh, which has step,
# say, die and configure_make.  What is made:
#
#     build/nginx/asan     the module alone, for Debian's nginx
#     build/nginx/palloc   nginx from Debian's source package and the module:
#                          its pools give every piece a malloc() of its own,
#                          so that writing past one is seen
#
# shellcheck shell=bash disable=SC2154

sanitize="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined"
sanitize+=" -fno-sanitize-recover=undefined"


cmd_asan()
{
    local debian=(--with-compat --with-threads --with-http_ssl_module)
    local source=/usr/share/nginx/src asan=(asan-unit asan-module)

    need "${packages_test[@]}" "${packages_module[@]}" "${packages_nginx[@]}"

    if [ ! -e "$source/conf_flags" ]; then
        die 2 "the sanitizers need Debian's nginx and nginx-dev"
    fi

    # shellcheck source=/dev/null
    . "$source/conf_flags"
    debian=("${NGX_CONF_FLAGS[@]}")

    cmd_cli
    step asan-module configure_make asan "$source" modules "${debian[@]}" \
        --with-cc-opt="$sanitize" --with-ld-opt="$sanitize"

    if find_source; then
        need "${packages_palloc[@]}"
        step asan-nginx make_palloc "$build/asan/source" "${debian[@]}"
        asan+=(asan-nginx)
    fi

    # no exec: what follows is for people who did not see the beginning

    "$BASH" "$top/tests/run.sh" "$build" "${asan[@]}" || exit

    if [ ${#asan[@]} -lt 3 ]; then
        say "without asan-nginx: $missing_source"
    fi
}


# What nginx itself does is not ours to judge: there it computes with null
# pointers and reads words at odd addresses, as x86 allows.

make_palloc()
{
    local source=$1 flags="$sanitize -DNGX_DEBUG_PALLOC=1" goal

    shift

    # nginx-dev does not name all of the modules that Debian's nginx has in it

    # shellcheck disable=SC2046
    set -- "$@" $(nginx -V 2>&1 | grep -oE -- '--with-http_[a-z0-9_]+_module\b' \
                  | grep -vE '_(image_filter|xslt|geoip|perl)_' | sort -u)

    flags+=" -fno-sanitize=alignment,nonnull-attribute,pointer-overflow,shift"

    for goal in binary modules; do
        (configure_make palloc "$source" "$goal" "$@" \
            --with-cc-opt="$flags" --with-ld-opt="$sanitize")
    done
}


# find_source: the orig tarball of the nginx that is installed, unpacked in
# build/asan/source; where it cannot be had, missing_source says why

find_source()
{
    local version apt=$build/asan/apt log=$build/log/asan-source.log

    version=$(dpkg-query -W -f '${source:Version}' nginx 2>/dev/null || true)

    if [ "$version" = "$(cat "$build/asan/version" 2>/dev/null)" ]; then
        return 0
    fi

    mkdir -p "$apt/parts" "$apt/lists/partial" "$build/log"
    rm -rf "$build/asan/source" "$build/asan/version"
    missing_source="apt has no source package of nginx $version, see $log"

    (fetch_source "$version" "$apt") >"$log" 2>&1 </dev/null || return

    printf '%s\n' "$version" >"$build/asan/version"
}


# In a list of sources of our own: those that nginx's packages are from.

fetch_source()
{
    local version=$1 apt=$2 options tarball

    apt-cache policy nginx | sed -n \
        's|^ *[0-9]* \(http[^ ]*\) \([^ /]*\)/\([^ /]*\) .*|Types: deb-src\
URIs: \1\
Suites: \2\
Components: \3\
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\
|p' >"$apt/parts/nginx.sources"

    options=(-q -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=/dev/null
        -o "Dir::Etc::sourceparts=$apt/parts" -o "Dir::State::lists=$apt/lists"
        -o "Dir::Cache::srcpkgcache=" -o "Dir::Cache::pkgcache=")

    cd "$apt" || return
    rm -f ./*.tar.*

    timeout 300 apt-get "${options[@]}" update \
        && timeout 300 apt-get "${options[@]}" source --download-only \
            --tar-only "nginx=$version" \
        || return

    for tarball in *.orig.tar.*; do
        mkdir -p "$build/asan/source" \
            && tar -xf "$tarball" -C "$build/asan/source" --strip-components=1
    done

    [ -e "$build/asan/source/src/core/nginx.h" ]
}
