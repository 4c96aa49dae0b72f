/**
 * Configuration: a table of keys describes a struct, and fills it from JSON that people write, or from single texts.
 *
 * Every key is either known or an error with its place and the nearest known key; a key that stands twice is refused
 * by the parse (`configuration` of codec/json_read.h). Precedence is the caller's order of calls: gw_config_defaults(),
 * then gw_config_read() for each file, then gw_config_set() for the environment and the command line.
 *
 *     struct net { uint32_t port; uint64_t body_bytes_max; int64_t idle_ns; };
 *     static const struct gw_config_field net_fields[] = {
 *         {"port", GW_CONFIG_U32, offsetof(struct net, port), .fallback = "7700", .min = 1, .max = 65535},
 *         {"body_bytes_max", GW_CONFIG_BYTES, offsetof(struct net, body_bytes_max), .fallback = "1MiB"},
 *         {"idle", GW_CONFIG_DURATION, offsetof(struct net, idle_ns), .fallback = "30s"},
 *     };
 */
#ifndef GW_CODEC_CONFIG_H
#define GW_CODEC_CONFIG_H

#include "codec/json.h"

enum { GW_CONFIG_DEPTH_MAX = 8 }; /* of sections; a deeper schema is a bug */

/* kind      what the struct holds                  what the key takes */
enum gw_config_kind {
    GW_CONFIG_BOOL, /* bool                     true or false */
    GW_CONFIG_U32,  /* uint32_t                 a whole number */
    GW_CONFIG_U64,  /* uint64_t                 a whole number */
    GW_CONFIG_I64,  /* int64_t                  a whole number */
    GW_CONFIG_BYTES, /* uint64_t                 a number, or a text: "64KiB", "2MiB", "1GiB", "1TiB" */
    GW_CONFIG_DURATION, /* int64_t, nanoseconds     a text: "300ms", "1h30m" */
    GW_CONFIG_TEXT,     /* struct gw_text           a text */
    GW_CONFIG_TEXTS, /* struct gw_config_texts   an array of texts; min and max bound their number */
    GW_CONFIG_CHOICE,  /* uint32_t, from 0         a text, one of `choices` */
    GW_CONFIG_SECTION, /* a struct of its own      an object, described by `section` */
    GW_CONFIG_ANY, /* const struct gw_json *   anything; NULL when absent; the caller reads it */
};

struct gw_config_texts {
    const struct gw_text *items;
    size_t count;
};

struct gw_config_schema;

struct gw_config_field {
    const char *name;
    enum gw_config_kind kind;
    size_t offset;        /* of the member in the struct */
    const char *fallback; /* as gw_config_set() takes it; NULL: the key is required.
                                               SECTION, TEXTS and ANY have none and are never required */
    int64_t min, max;     /* both 0: no bound; of a TEXT its length, of a DURATION nanoseconds */
    const char *const *choices;             /* CHOICE: ends with NULL */
    const struct gw_config_schema *section; /* SECTION */
};

struct gw_config_schema {
    const struct gw_config_field *fields;
    size_t count;
    size_t bytes; /* sizeof the struct */
};

/** Fills the struct at `ret` with the fallbacks, zeros where there is none. A fallback that does not fit is a bug. */
void gw_config_defaults(const struct gw_config_schema *schema, void *ret);

/**
 * Puts the keys of `object` (NULL: the root) into the struct; keys that are absent leave theirs as it is.
 * Texts are copied into `arena`; ANY borrows the tree.
 * @return GW_OK, or with the struct untouched:
 *         GW_INVALID GW7111 unknown key · GW7112 wrong kind · GW7113 out of range · GW7114 required and absent
 *         GW_NOMEM
 */
GW_NODISCARD gw_rc gw_config_read(const struct gw_config_schema *schema,
                                  const struct gw_json_doc *doc, const struct gw_json *object,
                                  struct gw_arena *arena, void *ret, struct gw_err *err);

/**
 * One key from text, for GODWIT_… and flags. @path  "net.port"; @origin  what the error names as place; @text  borrowed
 * @return as gw_config_read(); TEXTS, SECTION and ANY cannot be set so (GW7112)
 */
GW_NODISCARD gw_rc gw_config_set(const struct gw_config_schema *schema, struct gw_text path,
                                 struct gw_text text, struct gw_text origin, struct gw_arena *arena,
                                 void *ret, struct gw_err *err);

/** "64KiB" or "65536" to a number. @return false when malformed or above 64 bits */
bool gw_config_bytes_parse(struct gw_text text, uint64_t *ret);

#endif
