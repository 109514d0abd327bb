# Runs a PostgreSQL server until standard input ends, then removes it:
#   PASSWORD=... server.sh BIN DIR PORT
# Prints "ready" once it accepts connections; all else is in DIR/log.
bin=$1 dir=$2 port=$3
exec 2>"$dir/log"

stop() {
	"$bin/pg_ctl" stop -D "$dir/data" -m immediate >&2
	rm -rf "$dir"
}

# A collation unlike SQLite's, where this version can, so that a query whose
# order depends on it shows.
create() {
	(umask 077 && printf '%s\n' "$PASSWORD" >"$dir/password")
	"$bin/initdb" -D "$dir/data" -U postgres --pwfile="$dir/password" \
		--auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync "$@" >&2
}
create --locale-provider=icu --icu-locale=en-US || create || exit 1

cat >>"$dir/data/postgresql.conf" <<EOF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
max_connections = 200
fsync = on
EOF

"$bin/pg_ctl" start -D "$dir/data" -l "$dir/log" -w >&2 || exit 1
echo ready
read -r _
stop
