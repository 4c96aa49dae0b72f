/**
 * The key space of the state: first byte = table, then ids and order-preserving key bytes (engine spec 3.2).
 * Numbers are big-endian, so that memcmp order is numeric order. docs/formats.md#state has the values byte by byte.
 */
#ifndef GW_LEDGER_KEYS_H
#define GW_LEDGER_KEYS_H

#include "base/buf.h"
#include "base/kv.h"

/* clang-format off */
#define GW_STATE_TABLES(X)                                                             \
    X(ENTITY,  'E', "entity id, key → meta, value while resident, ring")               \
    X(COPY,    'B', "entity id, key → copies of an UNKNOWN key while it is onboarded") \
    X(QUEUE,   'O', "store id, first-dirty index, home id, key → (empty)")             \
    X(INTENT,  'I', "store id, home id, key → the open intent")                        \
    X(REFUSED, 'N', "store id, home id, key → class, text, tries")                     \
    X(ROWS,    'T', "table id, key → fields")                                          \
    X(INDEX,   'X', "index id, fields, entity key → (empty)")                          \
    X(COUNTER, 'C', "counter id, group → number")                                      \
    X(BUILD,   'A', "index or counter id → state, cursor")                             \
    X(SESSION, 'S', "client → opened, last used")                                      \
    X(RESULT,  'R', "client, seq mod 1024 → seq, position, result")                    \
    X(IDEM,    'K', "key hash → body hash, position, result, expiry")                  \
    X(IDEMDUE, 'k', "expiry, key hash → (empty)")                                      \
    X(FIBER,   'F', "daemon id → fiber")                                               \
    X(TIMER,   'M', "due, kind, id → (empty)")                                         \
    X(GATE,    'g', "home id, shape → (empty)")                                        \
    X(HALT,    'H', "n → halt")                                                        \
    X(AUDIT,   'U', "home id → pass, cursor")                                          \
    X(PHASE,   'p', "entity id → phase and its evidence")                              \
    X(EVENT,   'e', "index, record, n → an emitted event")                             \
    X(PROGRAM, 'P', "→ source")                                                        \
    X(SMALL,   'Z', "→ limits, totals, store states")
/* clang-format on */

enum gw_state_table {
#define X(name, byte, text) GW_TABLE_##name = (byte),
    GW_STATE_TABLES(X)
#undef X
};

/** A key being built. A full one is an assertion: all parts are bounded by the language. */
struct gw_state_key {
    uint8_t bytes[GW_KV_KEY_MAX];
    size_t len;
};

static inline void gw_key_start(struct gw_state_key *key, enum gw_state_table table)
{
    key->bytes[0] = (uint8_t)table;
    key->len = 1;
}

static inline void gw_key_u32(struct gw_state_key *key, uint32_t number)
{
    uint32_t big = __builtin_bswap32(number);
    GW_ASSERT(key->len + sizeof(big) <= sizeof(key->bytes));
    memcpy(key->bytes + key->len, &big, sizeof(big));
    key->len += sizeof(big);
}

static inline void gw_key_u64(struct gw_state_key *key, uint64_t number)
{
    uint64_t big = __builtin_bswap64(number);
    GW_ASSERT(key->len + sizeof(big) <= sizeof(key->bytes));
    memcpy(key->bytes + key->len, &big, sizeof(big));
    key->len += sizeof(big);
}

static inline void gw_key_bytes(struct gw_state_key *key, struct gw_bytes bytes)
{
    GW_ASSERT(bytes.len <= sizeof(key->bytes) - key->len);
    if (bytes.len)
        memcpy(key->bytes + key->len, bytes.data, bytes.len);
    key->len += bytes.len;
}

static inline struct gw_bytes gw_key_view(const struct gw_state_key *key)
{
    return (struct gw_bytes){key->bytes, key->len};
}

/** table, id, key bytes: the commonest shape. */
static inline void gw_key_of(struct gw_state_key *key, enum gw_state_table table, uint32_t id,
                             struct gw_bytes bytes)
{
    gw_key_start(key, table);
    gw_key_u32(key, id);
    gw_key_bytes(key, bytes);
}

#endif
