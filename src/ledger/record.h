/**
 * Journal records: everything that ever reaches the ledger. One canonical CBOR array [kind, field, …] each.
 *
 * A record's shape is a table of fields (record.c), from which encoding, decoding and the JSON of
 * `godwit engine journal show` are made; a new kind is a struct, a table and a line in GW_RECORD_KINDS.
 * Decoded views borrow from the bytes given; lists lie in the arena.
 * Unknown kinds are refused with GW2003 and never skipped: newer software wrote them.
 */
#ifndef GW_LEDGER_RECORD_H
#define GW_LEDGER_RECORD_H

#include "codec/json_write.h"
#include "record/classify.h"

/* clang-format off */
#define GW_RECORD_KINDS(X)                                                              \
    X(CLAIM, claim, 1)     X(TXN, txn, 2)         X(STEP, step, 3)                      \
    X(DAEMON, daemon, 4)   X(FETCHED, fetched, 5) X(PAGE, page, 6)                      \
    X(INTENT, intent, 7)   X(PUSHED, pushed, 8)   X(STORE, store, 9)                    \
    X(WARM, warm, 10)      X(PROGRAM, program, 11) X(PHASE, phase, 12)                  \
    X(INDEX, index, 13)    X(HALT, halt, 14)      X(RESOLVE, resolve, 15)               \
    X(RESUME, resume, 16)  X(LIMITS, limits, 17)  X(SESSION, session, 18)               \
    X(TICK, tick, 19)      X(CHECK, check, 20)    X(AUDIT, audit, 21)
/* clang-format on */

enum gw_record_kind {
#define X(NAME, name, number) GW_RECORD_##NAME = (number),
    GW_RECORD_KINDS(X)
#undef X
};

/** Leadership from this index on; epoch = own index, the fence value. */
struct gw_rec_claim {
    uint64_t node;
    struct gw_text reason, software;
    uint32_t format;
};

/** A key that could not be read, as evidence inside the TXN that waited for it. */
struct gw_rec_failed {
    uint32_t store, entity;
    struct gw_bytes key;
    uint32_t cls; /* enum gw_fetch_class */
    struct gw_text text;
};

/** A call. `key_hash` (16 bytes) for HTTP callers with Idempotency-Key, else empty and (client, seq) counts; client 0: none. */
struct gw_rec_txn {
    uint64_t client, seq;
    struct gw_bytes key_hash;
    uint32_t fn;
    struct gw_bytes args; /* canonical array, embedded */
    struct gw_text actor;
    uint32_t try_count; /* 1..4 */
    struct gw_rec_failed *failed;
    uint32_t failed_count;
};

struct gw_rec_step {
    uint32_t daemon, slices;
};

enum gw_daemon_verb { GW_DAEMON_START, GW_DAEMON_STOP, GW_DAEMON_PAUSE, GW_DAEMON_RESUME };
struct gw_rec_daemon {
    uint32_t verb; /* enum gw_daemon_verb */
    uint32_t daemon, fn;
    struct gw_bytes args;
    struct gw_text actor;
};

/* clang-format off */
#define GW_FETCH_CLASSES(X) X(NONE, "") X(UNREACHABLE, "unreachable") X(TIMEOUT, "timeout") X(DENIED, "denied") \
    X(MALFORMED, "malformed") X(TYPE_MISMATCH, "type_mismatch") X(TOO_LARGE, "too_large") X(DEPENDENT, "dependent")
/* clang-format on */
enum gw_fetch_class {
#define X(name, text) GW_FETCH_##name,
    GW_FETCH_CLASSES(X)
#undef X
};
const char *gw_fetch_class_text(uint32_t cls);

enum gw_fetch_outcome { GW_FETCHED_VALUE, GW_FETCHED_ABSENT, GW_FETCHED_ERROR };

/** What a home said about one key. `asof`: applied index when the read began. */
struct gw_rec_fetched {
    uint32_t home;
    struct gw_bytes key;
    uint64_t asof;
    uint32_t outcome; /* enum gw_fetch_outcome */
    gw_version ver;
    struct gw_bytes image; /* projection image */
    uint32_t cls;
    struct gw_text text;
};

struct gw_rec_row {
    struct gw_bytes key;
    gw_version ver;
    struct gw_hash128 hash;
    struct gw_bytes image; /* scan: always; audit: of rows that differ, else empty */
    struct gw_text problem;
};
enum gw_page_purpose { GW_PAGE_SCAN, GW_PAGE_AUDIT, GW_PAGE_BACKFILL };
/** A page of a home in key order. Scans feed a daemon (`daemon`, `site`), audits compare by hash. */
struct gw_rec_page {
    uint32_t home, daemon, site;
    uint32_t purpose;
    struct gw_bytes cursor_from, cursor_to; /* key bytes; empty: the start; to = last row's key */
    bool end;
    uint64_t asof;
    struct gw_rec_row *rows;
    uint32_t row_count;
};

struct gw_rec_home_key {
    uint32_t home;
    struct gw_bytes key;
};
struct gw_rec_intent {
    uint32_t store;
    uint64_t epoch;
    struct gw_rec_home_key *keys;
    uint32_t key_count;
};

struct gw_rec_done {
    uint32_t home;
    struct gw_bytes key;
    gw_version ver;
    bool already;
};
enum gw_bad_kind { GW_BAD_CONFLICT, GW_BAD_REFUSED };
struct gw_rec_bad {
    uint32_t home;
    struct gw_bytes key;
    uint32_t kind;     /* enum gw_bad_kind */
    uint32_t conflict; /* enum gw_conflict */
    bool present;
    gw_version ver;
    struct gw_hash128 hash;
    struct gw_bytes image;
    uint32_t cls; /* enum gw_store_class, as number */
    struct gw_text text;
};
struct gw_rec_pushed {
    uint32_t store;
    uint64_t epoch;
    struct gw_rec_done *done;
    uint32_t done_count;
    struct gw_rec_bad *bad;
    uint32_t bad_count;
};

enum gw_store_event {
    GW_STORE_PARKED,
    GW_STORE_UNPARKED,
    GW_STORE_FENCED,
    GW_STORE_GATE_PASSED,
    GW_STORE_WENT_BACK,
    GW_STORE_RETRY
};
struct gw_rec_store {
    uint32_t store;
    uint32_t event; /* enum gw_store_event */
    uint64_t epoch; /* FENCED */
    uint32_t home;  /* GATE_PASSED; RETRY: 0 = all */
    uint64_t shape; /* GATE_PASSED */
    struct gw_text reason;
};

struct gw_rec_warm {
    uint32_t entity;
    struct gw_bytes key;
};

struct gw_rec_program {
    struct gw_bytes source;
    struct gw_bytes hash; /* SHA-256 of source */
    struct gw_text actor;
};

struct gw_rec_phase {
    uint32_t entity;
    uint32_t from, to; /* enum gw_phase */
    struct gw_text actor, reason;
    uint64_t unknown, total; /* the evidence: of the full scan */
    uint64_t audit_index;
};

enum gw_index_state { GW_INDEX_WRITE_ONLY, GW_INDEX_BACKFILL, GW_INDEX_PUBLIC };
struct gw_rec_index {
    uint32_t id;
    uint32_t state; /* enum gw_index_state */
    struct gw_bytes cursor;
};

struct gw_rec_halt {
    struct gw_text reason, actor;
};
enum gw_take { GW_TAKE_EXPECTED, GW_TAKE_ACTUAL, GW_TAKE_IMAGE };
struct gw_rec_resolve {
    uint64_t halt;
    uint32_t entity;
    struct gw_bytes key;
    uint32_t take;         /* enum gw_take */
    struct gw_bytes image; /* TAKE_IMAGE: of the entity */
    struct gw_hash128 seen;
    bool drop_pending;
    struct gw_text actor, reason;
};
struct gw_rec_resume {
    uint64_t halt;
    struct gw_text actor, reason;
};

struct gw_rec_limit {
    struct gw_text name;
    uint64_t value;
};
struct gw_rec_limits {
    struct gw_rec_limit *limits;
    uint32_t limit_count;
};

enum gw_session_verb { GW_SESSION_OPEN, GW_SESSION_EXPIRE };
struct gw_rec_session {
    uint32_t verb; /* enum gw_session_verb */
    uint64_t client;
};

struct gw_rec_tick {
    uint8_t nothing;
};

/** The ledger at `index` had this state sum. A node that differs stops (GW2702). */
struct gw_rec_check {
    uint64_t index;
    struct gw_hash128 sum;
};

struct gw_rec_audit {
    struct gw_text actor, action, reason;
    struct gw_bytes request_hash;
};

struct gw_record {
    enum gw_record_kind kind;
    union {
#define X(NAME, name, number) struct gw_rec_##name name;
        GW_RECORD_KINDS(X)
#undef X
    };
};

const char *gw_record_kind_name(enum gw_record_kind kind);
void gw_record_encode(const struct gw_record *record, struct gw_buf *ret);
/** @return GW_CORRUPT malformed; GW_UNSUPPORTED (GW2003) a kind of newer software; GW_NOMEM */
GW_NODISCARD gw_rc gw_record_decode(struct gw_bytes bytes, struct gw_arena *arena,
                                    struct gw_record *ret, struct gw_err *err);
/** An object with the fields by name; keys, hashes and images in hex. */
void gw_record_to_json(const struct gw_record *record, struct gw_json_writer *writer);

#endif
