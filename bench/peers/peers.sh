# Private instances of the programs we measure against. Sourced by bench/run, which sets $work (a folder on the same
# filesystem as our journal) and calls peers_stop at the end. Unix sockets only, no system service is touched.

pg_pid=
redis_pid=
pg_bin=
for dir in /usr/lib/postgresql/*/bin; do
    [ -x "$dir/postgres" ] && pg_bin=$dir
done

# PostgreSQL refuses to run as root; then its own user, or nobody, does it.
as_pg()
{
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif id postgres >/dev/null 2>&1; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    fi
}

pg_start()
{
    [ -n "$pg_bin" ] && command -v pgbench >/dev/null || return 1
    mkdir -p "$work/pg"
    if [ "$(id -u)" = 0 ]; then
        chown "$(id -u postgres 2>/dev/null || id -u nobody)" "$work/pg"
    fi
    (
        cd "$work/pg" || exit 1
        as_pg "$pg_bin/initdb" -D "$work/pg/data" -U bench -A trust --no-instructions -E UTF8 --locale=C >"$work/pg.log" 2>&1
    ) || return 1
    # As durable as we are, and tuned as one would for this load: the defaults of memory are those of a toy.
    cat >>"$work/pg/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$work/pg'
fsync = on
synchronous_commit = on
max_connections = 100
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 30min
CONF
    cd "$work/pg" || return 1
    as_pg "$pg_bin/postgres" -D "$work/pg/data" >>"$work/pg.log" 2>&1 &
    cd "$root" || return 1
    for _ in $(seq 100); do
        psql -h "$work/pg" -U bench -d postgres -qtc 'SELECT 1' >/dev/null 2>&1 && break
        sleep 0.1
    done
    pg_pid=$(head -n 1 "$work/pg/data/postmaster.pid") || return 1
    psql -h "$work/pg" -U bench -d postgres -q -v ON_ERROR_STOP=1 -f "$bench/peers/pay.sql" >/dev/null || return 1
    pg_version=$("$pg_bin/postgres" --version | awk '{ print $3 }')
}

# pg_load SECONDS: sets pg_calls, pg_ns, pg_cpu_ns of the server
pg_load()
{
    before=$(tree_cpu_ns "$pg_pid")
    begun=$(now_ns)
    pgbench -h "$work/pg" -U bench -n -c 64 -j 2 -M prepared -T "$1" -f "$bench/peers/pay.pgbench" postgres >"$work/pgbench.out" 2>&1 ||
        { cat "$work/pgbench.out" >&2; return 1; }
    pg_ns=$(($(now_ns) - begun))
    pg_cpu_ns=$(($(tree_cpu_ns "$pg_pid") - before))
    pg_calls=$(awk '/number of transactions actually processed/ { print $NF + 0 }' "$work/pgbench.out")
    # without the time it takes to connect
    pg_ns=$(awk -v calls="$pg_calls" '/^tps = / { printf "%.0f", calls / $3 * 1e9 }' "$work/pgbench.out")
}

redis_start()
{
    command -v redis-server >/dev/null && command -v redis-benchmark >/dev/null || return 1
    mkdir -p "$work/redis"
    redis-server --port 0 --unixsocket "$work/redis/sock" --dir "$work/redis" --save '' --appendonly yes \
        --appendfsync always --daemonize no --logfile "$work/redis.log" >/dev/null &
    redis_pid=$!
    for _ in $(seq 100); do
        [ "$(redis-cli -s "$work/redis/sock" ping 2>/dev/null)" = PONG ] && break
        sleep 0.1
    done
    awk 'BEGIN { for (i = 0; i < 10000; i++) printf "HSET acct:%012d owner %d bal 1000000000 frozen 0\n", i, i }' |
        redis-cli -s "$work/redis/sock" --pipe >/dev/null || return 1
    redis_sha=$(redis-cli -s "$work/redis/sock" SCRIPT LOAD "$(cat "$bench/peers/pay.lua")")
    redis_version=$(redis-server --version | sed 's/.*v=\([0-9.]*\).*/\1/')
    redis_rate=2000
}

# redis_run SECONDS COMMAND…: as many as fit at the last rate; sets redis_calls, redis_ns, redis_cpu_ns
redis_run()
{
    seconds=$1
    shift
    redis_calls=$((redis_rate * seconds))
    before=$(tree_cpu_ns "$redis_pid")
    redis-benchmark -s "$work/redis/sock" -c 64 -n "$redis_calls" -r 10000 --csv "$@" >"$work/redis.out" 2>&1 || return 1
    redis_cpu_ns=$(($(tree_cpu_ns "$redis_pid") - before))
    # "test","rps",…: rps is the second field of the last line
    redis_rate=$(tail -n 1 "$work/redis.out" | awk -F'","' '{ printf "%.0f", $2 }')
    [ "${redis_rate:-0}" -gt 0 ] || { cat "$work/redis.out" >&2; return 1; }
    redis_ns=$(awk -v calls="$redis_calls" -v rate="$redis_rate" 'BEGIN { printf "%.0f", calls / rate * 1e9 }')
}

redis_load()
{
    redis_run "$1" EVALSHA "$redis_sha" 2 acct:__rand_int__ acct:__rand_int__ 1
}

peers_stop()
{
    [ -z "$pg_pid" ] || kill -INT "$pg_pid" 2>/dev/null
    [ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null
    wait # for both: they are our jobs
    pg_pid=
    redis_pid=
}

now_ns()
{
    date +%s%N
}

# Processor time of a process, of its living children, and of those it has waited for.
tree_cpu_ns()
{
    hz=$(getconf CLK_TCK)
    {
        cat "/proc/$1/stat"
        for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null || pgrep -P "$1"); do
            cat "/proc/$child/stat" 2>/dev/null
        done
    } | awk -v hz="$hz" '{ sub(/^.*\) /, ""); ticks += $12 + $13 + (NR == 1 ? $14 + $15 : 0) }
        END { printf "%.0f\n", ticks / hz * 1e9 }'
}
