#!/bin/sh
# A public database that nobody here designed is split into two while it goes on selling; then every row is compared
# with its source by plain SQL, and every sale that was acknowledged is found once.
G=$1 SOURCE=$2
. "$SOURCE/tests/cli/kit.sh"
file=$SOURCE/../shared/data/chinook/chinook.sqlite
[ -f "$file" ] || { echo "skipped: no $file (the public Chinook database)"; exit 77; }
cp "$file" old.db
cp "$file" pristine.db
chmod u+w old.db
for name in old catalogue sales; do # readers beside a writer; godwit keeps the mode it finds
    sqlite3 $name.db 'PRAGMA journal_mode=WAL' >/dev/null
done
sqlite3 catalogue.db <<'SQL'
CREATE TABLE artists (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE genres (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE media (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE albums (id INTEGER PRIMARY KEY, title TEXT NOT NULL, artist_id INTEGER NOT NULL);
CREATE TABLE tracks (id INTEGER PRIMARY KEY, title TEXT NOT NULL, album_id INTEGER, medium_id INTEGER NOT NULL,
  genre_id INTEGER, written_by TEXT, length_ms INTEGER NOT NULL, bytes INTEGER, price TEXT NOT NULL);
CREATE TABLE playlists (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE playlist_entries (playlist_id INTEGER NOT NULL, track_id INTEGER NOT NULL, PRIMARY KEY (playlist_id, track_id));
SQL
sqlite3 sales.db <<'SQL'
CREATE TABLE staff (id INTEGER PRIMARY KEY, family_name TEXT NOT NULL, given_name TEXT NOT NULL, title TEXT,
  reports_to INTEGER, born INTEGER, hired INTEGER, email TEXT);
CREATE TABLE customers (id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, company TEXT, street TEXT, city TEXT, region TEXT,
  country TEXT, postcode TEXT, phone TEXT, email TEXT NOT NULL, cared_for_by INTEGER);
CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, issued INTEGER NOT NULL, street TEXT, city TEXT,
  region TEXT, country TEXT, postcode TEXT, total TEXT NOT NULL);
CREATE TABLE invoice_lines (id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL, track_id INTEGER NOT NULL,
  price TEXT NOT NULL, quantity INTEGER NOT NULL);
SQL
CHINOOK_OLD=$WORK/old.db CHINOOK_CATALOGUE=$WORK/catalogue.db CHINOOK_SALES=$WORK/sales.db
GODWIT_ENGINE_AUDIT_ROWS_PER_S=200000
export CHINOOK_OLD CHINOOK_CATALOGUE CHINOOK_SALES GODWIT_ENGINE_AUDIT_ROWS_PER_S
program=$SOURCE/examples/chinook.gw
expect 0 engine prepare "$program"
engine "$program"
expect 0 engine daemon start split

# sell WORD...: as a client does it, trying again while the answer says that this may help.
sell()
{
    tries=0
    while :; do
        "$G" engine call buy "$@" >out 2>err </dev/null
        code=$?
        [ $code -eq 7 ] && [ $tries -lt 10 ] || break
        tries=$((tries + 1))
    done
    [ $code -eq 0 ] && sold=$((sold + 1)) || fail "godwit engine call buy $*: exit $code"
}

# Sales go on while the daemon moves the rows; one kill -9 falls among them.
sold=0
i=0
while [ $i -lt 60 ]; do
    sell invoice=$((1000 + i)) line=$((10000 + 2 * i)) customer=$((i % 59 + 1)) one=$((i * 37 % 3503 + 1)) two=$((i * 91 % 3503 + 1))
    i=$((i + 1))
    if [ $i -eq 30 ]; then
        kill -KILL "$ENGINE"
        wait "$ENGINE" 2>/dev/null
        engine "$program"
    fi
done
[ $sold -eq 60 ] || fail "only $sold of 60 sales were acknowledged"
expect 1 engine call buy invoice=5000 line=50000 customer=99 one=1 two=2
has_out "fail NO_CUSTOMER"
expect 0 engine daemon wait split
settled() { "$G" engine status --json | jq -e '([.stores[].dirty] | add == 0) and (.halted | not)'; }
wait_until 60 settled || fail "the stores do not settle"
expect 0 engine status
expect 0 engine view turnover_of_all --json
counted=$(jq -r .value out)
kill -TERM "$ENGINE"
wait "$ENGINE"
[ $? -eq 143 ] || fail "the engine did not stop cleanly"
ENGINE=

# same NAME OLD NEW: both queries give the same rows, in every column.
same()
{
    got=$(sqlite3 :memory: "ATTACH 'old.db' AS o; ATTACH 'catalogue.db' AS c; ATTACH 'sales.db' AS s; ATTACH 'pristine.db' AS p;
      SELECT (SELECT count(*) FROM ($2)) || ' ' || (SELECT count(*) FROM ($3)) || ' ' ||
             (SELECT count(*) FROM ($2 EXCEPT $3)) || ' ' || (SELECT count(*) FROM ($3 EXCEPT $2))" 2>&1)
    # shellcheck disable=SC2086
    set -- "$1" $got
    if [ $# -ne 5 ] || [ "$2" != "$3" ] || [ "$4 $5" != "0 0" ]; then
        fail "$1: rows old, new, only old, only new: $got"
    else
        printf '%-14s %6d rows in both, every column equal\n' "$1" "$2"
    fi
}
same artists "SELECT ArtistId, Name FROM o.Artist" "SELECT id, name FROM c.artists"
same genres "SELECT GenreId, Name FROM o.Genre" "SELECT id, name FROM c.genres"
same media "SELECT MediaTypeId, Name FROM o.MediaType" "SELECT id, name FROM c.media"
same albums "SELECT AlbumId, Title, ArtistId FROM o.Album" "SELECT id, title, artist_id FROM c.albums"
same tracks "SELECT TrackId, Name, AlbumId, MediaTypeId, GenreId, Composer, Milliseconds, Bytes, printf('%.2f', UnitPrice) FROM o.Track" \
    "SELECT id, title, album_id, medium_id, genre_id, written_by, length_ms, bytes, price FROM c.tracks"
same playlists "SELECT PlaylistId, Name FROM o.Playlist" "SELECT id, name FROM c.playlists"
same entries "SELECT PlaylistId, TrackId FROM o.PlaylistTrack" "SELECT playlist_id, track_id FROM c.playlist_entries"
same staff "SELECT EmployeeId, LastName, FirstName, Title, ReportsTo, strftime('%s', BirthDate) + 0, strftime('%s', HireDate) + 0, Email FROM o.Employee" \
    "SELECT id, family_name, given_name, title, reports_to, born, hired, email FROM s.staff"
same customers "SELECT CustomerId, FirstName || ' ' || LastName, Company, Address, City, State, Country, PostalCode, Phone, Email, SupportRepId FROM o.Customer" \
    "SELECT id, full_name, company, street, city, region, country, postcode, phone, email, cared_for_by FROM s.customers"
same invoices "SELECT InvoiceId, CustomerId, strftime('%s', InvoiceDate) + 0, BillingAddress, BillingCity, BillingState, BillingCountry, BillingPostalCode, printf('%.2f', Total) FROM o.Invoice" \
    "SELECT id, customer_id, issued, street, city, region, country, postcode, total FROM s.invoices"
same lines "SELECT InvoiceLineId, InvoiceId, TrackId, printf('%.2f', UnitPrice), Quantity FROM o.InvoiceLine" \
    "SELECT id, invoice_id, track_id, price, quantity FROM s.invoice_lines"

# What was there before the move is untouched in the old database, and nothing but the sales has come.
for table in Artist Genre MediaType Album Track Playlist PlaylistTrack Employee Customer; do
    columns=$(sqlite3 pristine.db "SELECT group_concat('[' || name || ']') FROM pragma_table_info('$table')")
    same "old $table" "SELECT $columns FROM p.$table" "SELECT $columns FROM o.$table"
done
same "old invoices" "SELECT InvoiceId, Total FROM p.Invoice" "SELECT InvoiceId, Total FROM o.Invoice WHERE InvoiceId < 1000"
new=$(sqlite3 sales.db "SELECT count(*) FROM invoices WHERE id BETWEEN 1000 AND 1059")
[ "$new" = 60 ] || fail "$new of 60 sales are in the new store"
sum=$(sqlite3 sales.db "SELECT printf('%.2f', sum(round(total * 100)) / 100) FROM invoices")
[ "$sum" = "$counted" ] || fail "the counter says $counted, the rows say $sum"
integrity=$(sqlite3 old.db 'PRAGMA foreign_key_check; PRAGMA integrity_check')
[ "$integrity" = ok ] || fail "the old database: $integrity"
done_testing
