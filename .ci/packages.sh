# Debian packages, for build.sh, which has say, die and step: what is needed
# for what, and how it gets there.
#
# shellcheck shell=bash disable=SC2034

packages_module=(gcc make libc6-dev libyaml-dev libpcre2-dev zlib1g-dev)
packages_nginx=(nginx nginx-dev)
packages_stub=(gcc make libc6-dev pkg-config libmicrohttpd-dev libsqlite3-dev
    libjansson-dev libssl-dev)
packages_cli=(gcc make libc6-dev pkg-config libyaml-dev libpcre2-dev
    libcurl4-openssl-dev libjansson-dev zlib1g-dev)
packages_run=(curl)
packages_test=(libcmocka-dev libjansson-dev openssl python3 python3-pytest
    mandoc prometheus python3-prometheus-client)
packages_fuzz=(clang libclang-rt-14-dev make libc6-dev libyaml-dev libpcre2-dev
    zlib1g-dev libcmocka-dev python3)
packages_api=(nodejs npm)
packages_bench=(valgrind python3 libcmocka-dev)
packages_palloc=(zlib1g-dev libssl-dev)


root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}


# is_root_possible: without asking for a password where nobody can answer

is_root_possible()
{
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null \
        || { [ -t 0 ] && sudo -v; }
}


# missing PACKAGE...: those that are not installed, one a line

missing()
{
    local installed package

    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" \
                2>/dev/null || true)

    for package in "$@"; do
        if ! grep -qx "installed $package" <<<"$installed"; then
            printf '%s\n' "$package"
        fi
    done | sort -u
}


# need PACKAGE...: installs those that are missing

need()
{
    local packages version

    # elsewhere the compiler and nginx's configure say what is missing

    if ! command -v dpkg-query >/dev/null; then
        return 0
    fi

    mapfile -t packages < <(missing "$@")

    if [ ${#packages[@]} -eq 0 ]; then
        return 0
    fi

    # nginx-dev fits one version of nginx: that which is there, never another

    version=$(dpkg-query -W -f '${Version}' nginx 2>/dev/null || true)

    if [ -n "$version" ]; then
        packages=("${packages[@]/%nginx-dev/nginx-dev=$version}")
    fi

    if ! is_root_possible; then
        die 2 "packages are missing; as root, please:" \
            "apt-get install ${packages[*]}"
    fi

    say "installing ${packages[*]}"
    step apt-update root apt-get -q update
    step apt-install apt_install "${packages[@]}"

    if [ -z "$version" ] && [ -z "$(missing nginx)" ]; then
        say "nginx is installed, but neither started nor enabled at boot"
    fi
}


# Debian starts a service that it installs.  We want the programs of nginx and
# Prometheus, not servers: a policy forbids it for the time of the installation.

apt_install()
{
    local policy=/usr/sbin/policy-rc.d service services

    mapfile -t services < <(missing nginx prometheus)

    if [ ! -e "$policy" ]; then
        trap 'root rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' | root tee "$policy"
        root chmod 755 "$policy"
    fi

    root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        --no-install-recommends --no-remove install "$@"

    for service in "${services[@]}"; do
        if [ -n "$(missing "$service")" ]; then
            continue
        fi

        root update-rc.d "$service" disable || true

        if root service "$service" status; then
            root service "$service" stop
        fi
    done
}
