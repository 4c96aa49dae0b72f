# The Debian 12 packages godwit needs, and how they get onto the machine. Sourced by try and check.

GW_PACKAGES_BUILD="gcc libc6-dev cmake ninja-build pkg-config ccache
    libuv1-dev libssl-dev liblmdb-dev libsqlite3-dev libxxhash-dev"
GW_PACKAGES_TEST="clang libclang-rt-dev llvm clang-format clang-tidy libcmocka-dev
    sqlite3 curl jq openssl node-llhttp"

# need_packages build|test: after it the packages of that list (test: of both) are installed, or it has failed.
need_packages()
{
    wanted=$GW_PACKAGES_BUILD
    [ "$1" = build ] || wanted="$wanted $GW_PACKAGES_TEST"
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "not a Debian system: please install the likes of:" $wanted >&2
        return 0
    fi
    missing=
    for package in $wanted; do
        state=$(dpkg-query -W -f='${db:Status-Status} ' "$package" 2>/dev/null) || state=
        case $state in
        *"installed "*) ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0

    install="apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends$missing"
    echo "packages to install:$missing" >&2
    if [ "$(id -u)" = 0 ]; then
        as_root="env DEBIAN_FRONTEND=noninteractive"
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n env DEBIAN_FRONTEND=noninteractive"
    else
        printf 'they need root. Run this line, then try again:\n  sudo apt-get update && sudo %s\n' "$install" >&2
        return 1
    fi
    $as_root apt-get -o DPkg::Lock::Timeout=300 -q update </dev/null >&2 && $as_root $install -q </dev/null >&2
}
