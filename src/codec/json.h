/**
 * A JSON value as a tree, for request bodies and configuration; what it accepts is told in codec/json_read.h.
 *
 * Nodes live in the arena of the parse; texts live there or borrow the input, which must stay.
 * Lookups walk the members: meant for objects that people write. Getters take NULL for an absent node and are false
 * for it, so `gw_json_get_u64(gw_json_member(body, "rows"), &rows)` needs no check in between.
 */
#ifndef GW_CODEC_JSON_H
#define GW_CODEC_JSON_H

#include "codec/json_read.h"

enum gw_json_kind {
    GW_JSON_NULL,
    GW_JSON_BOOL,
    GW_JSON_NUMBER,
    GW_JSON_STRING,
    GW_JSON_ARRAY,
    GW_JSON_OBJECT,
};

struct gw_json {
    enum gw_json_kind kind;
    bool truth;          /* of a BOOL */
    uint32_t count;      /* items or members */
    struct gw_text text; /* STRING: unescaped; NUMBER: as written */
    struct gw_text name; /* of a member of an object; data == NULL otherwise */
    struct gw_json *first, *last, *next, *parent;
    size_t name_at, at; /* byte offsets in the input */
};

struct gw_json_doc {
    const struct gw_json *root;
    struct gw_text input;
    struct gw_text name; /* of the input: its opts.name */
};

/**
 * Reads all of `input`. @opts  NULL for the defaults
 * @return as gw_json_next(); *ret is written only on success
 */
GW_NODISCARD gw_rc gw_json_parse(struct gw_text input, const struct gw_json_opts *opts,
                                 struct gw_arena *arena, struct gw_json_doc *ret,
                                 struct gw_err *err);

/** The member called `name`; of duplicates the last. NULL when absent or when `object` is NULL or no object. */
const struct gw_json *gw_json_member(const struct gw_json *object, const char *name);
const struct gw_json *gw_json_member_text(const struct gw_json *object, struct gw_text name);

/** The getters: false, with *ret untouched, for NULL, another kind, or a number that does not fit exactly. */
bool gw_json_get_bool(const struct gw_json *node, bool *ret);
bool gw_json_get_text(const struct gw_json *node, struct gw_text *ret);
/** Numbers also from strings ("9007199254740993"), as clients without big numbers send them. 1e3 and 5.0 are whole. */
bool gw_json_get_u64(const struct gw_json *node, uint64_t *ret);
bool gw_json_get_i64(const struct gw_json *node, int64_t *ret);
bool gw_json_get_u128(const struct gw_json *node, gw_u128 *ret);
bool gw_json_get_i128(const struct gw_json *node, gw_i128 *ret);
/** The value times 10^scale; more digits than `scale` only if they are zeros. */
bool gw_json_get_dec(const struct gw_json *node, unsigned scale, gw_i128 *ret);

/** "an object", "a number", …; "nothing" for NULL. For messages. */
const char *gw_json_kind_text(const struct gw_json *node);
/** Puts name, line and column of `node` into a filled error. */
void gw_json_err_place(const struct gw_json_doc *doc, const struct gw_json *node,
                       struct gw_err *err);

#endif
