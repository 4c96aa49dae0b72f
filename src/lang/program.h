/**
 * A checked and compiled program: everything the ledger, the engine and the stores need to know of a `.gw` text.
 * Immutable; lives in one arena of its own; shared between threads by reference.
 *
 * Invariant: every name has an id of its own within its kind (gw_name_id); indices into the arrays below are
 * positions of this program version only and are never stored, ids are.
 */
#ifndef GW_LANG_PROGRAM_H
#define GW_LANG_PROGRAM_H

#include "record/classify.h"
#include "record/entity.h"
#include "record/home.h"

enum { GW_HOMES_MAX = 8, GW_STORES_MAX = 16, GW_ENTITIES_MAX = 256, GW_KEY_DEPTH_MAX = 4 };

struct gw_code; /* lang/code.h */
struct gw_fn;

/* clang-format off */
#define GW_STORE_KINDS(X)                                    \
    X(POSTGRES, "postgres") X(MYSQL, "mysql") X(REDIS, "redis") \
    X(SQLITE, "sqlite") X(MEMORY, "memory")
/* clang-format on */
enum gw_store_kind {
#define X(name, text) GW_STORE_##name,
    GW_STORE_KINDS(X)
#undef X
};

struct gw_store_option {
    struct gw_text name, value; /* value as written, strings unquoted */
};

struct gw_store_decl {
    struct gw_text name;
    uint32_t id;
    enum gw_store_kind kind;
    struct gw_text url; /* as written: may begin with "env:" or "file:" */
    const struct gw_store_option *options;
    uint32_t option_count;
    uint32_t batch; /* rows a push carries at most; option `batch`, default 256 */
};

/** How the columns of a home come from fields, and back. One group per `map` of the declaration. */
struct gw_home_map {
    const struct gw_fn *forward, *inverse; /* NULL: the column is the field */
    uint32_t field;                        /* the one field of this map */
    uint32_t first_column, column_count;   /* columns of this map: more than one only with `via` */
};

struct gw_program_entity;

struct gw_program_home {
    struct gw_home home;
    const struct gw_program_entity *owner;
    const struct gw_home_map *maps;
    uint32_t map_count;
    const struct gw_fn *where; /* NULL: every row; otherwise (key fields) -> bool */
    uint32_t position;         /* in owner->homes */
};

struct gw_index_decl {
    struct gw_text name;
    uint32_t id;
    const struct gw_program_entity *owner;
    const uint32_t *fields;
    uint32_t field_count;
    bool unique;
};

struct gw_counter_decl {
    struct gw_text name;
    uint32_t id;
    const struct gw_program_entity *owner;
    const struct gw_type *type;    /* of the counter */
    const struct gw_type *by_type; /* NULL: a single number; an opt field counts only `some` */
    uint32_t by_field;
    bool is_sum;
    uint32_t sum_field;        /* with is_sum */
    const struct gw_fn *where; /* NULL, or (all fields) -> bool */
};

/** What decides a first read of a key. */
struct gw_onboard {
    const struct gw_fn *rule;   /* lang/vm.h gw_vm_onboard(); NULL: `prefer` or none */
    const uint32_t *prefer;     /* home positions in order of preference */
    uint32_t prefer_count;      /* 0 and no rule: the copies that exist must be the same */
    const uint32_t *rule_homes; /* home position of each parameter of the rule */
    uint32_t rule_count;        /* parameters of the rule */
};

struct gw_program_entity {
    struct gw_entity entity;
    const struct gw_program_home *const *homes;
    uint32_t home_count;
    struct gw_onboard onboard;
    const struct gw_index_decl *const *indexes; /* over this entity */
    uint32_t index_count;
    const struct gw_counter_decl *const *counters;
    uint32_t counter_count;
    bool field_without_home; /* some field is in no home: never evicted */
    uint32_t position;       /* in program->entities */
};

struct gw_table_decl {
    struct gw_text name;
    uint32_t id;
    const struct gw_field *fields; /* key fields first */
    uint32_t field_count, key_count;
};

enum gw_fn_kind {
    GW_FN_PURE,
    GW_FN_TXN,
    GW_FN_VIEW,
    GW_FN_DAEMON,
    GW_FN_ONBOARD,
    GW_FN_WHERE,
    GW_FN_MIGRATE
};

/** A key a function touches, as `engine check --explain` prints it. */
struct gw_key_use {
    const struct gw_program_entity *entity; /* NULL: a table row */
    const struct gw_table_decl *table;
    struct gw_text text; /* "Account[src]" */
    uint32_t depth;      /* 0 direct, 1..4 dependent */
    uint32_t times;      /* > 1 inside a loop */
    bool written, created, fresh;
};

/** Static cost (engine spec 2.4): all are upper bounds. */
struct gw_cost {
    uint32_t units;
    uint32_t keys_read, keys_written;
    uint32_t args_result_bytes;
    uint32_t indexes, counters;
    uint16_t stores;     /* bit i: a home in store i may become dirty */
    struct gw_text path; /* "touch 2×63 + patch 2×203 …": the path of cost */
};

struct gw_fn {
    struct gw_text name;
    uint32_t id;
    enum gw_fn_kind kind;
    const struct gw_field *params;
    uint32_t param_count;
    const struct gw_type *result;       /* NULL: nothing */
    const struct gw_type *const *fails; /* further result types: what `fail` may carry */
    uint32_t fail_count;
    bool atomic_push;
    bool low_priority;      /* daemons */
    uint32_t slice_units;   /* daemons */
    struct gw_text follows; /* daemons, "" if none */
    bool uses_collections;  /* table, index or counter: no as_of */
    struct gw_cost cost;
    const struct gw_key_use *keys;
    uint32_t key_count;
    const struct gw_code *code;
    const struct gw_code
        *direct_keys; /* evaluates the direct keys from the arguments; NULL if none */
};

struct gw_migrate {
    const struct gw_program_entity *entity;
    uint32_t from_version, to_version;
    const struct gw_fn *forward, *inverse;
};

struct gw_program {
    struct gw_text name;
    uint32_t version;
    struct gw_bytes source; /* with includes joined */
    struct gw_sha256 hash;  /* of source */
    const struct gw_store_decl *stores;
    uint32_t store_count;
    const struct gw_program_entity *const *entities;
    uint32_t entity_count;
    const struct gw_program_home *const *homes; /* of all entities, in declaration order */
    uint32_t home_count;
    const struct gw_table_decl *const *tables;
    uint32_t table_count;
    const struct gw_index_decl *const *indexes;
    uint32_t index_count;
    const struct gw_counter_decl *const *counters;
    uint32_t counter_count;
    const struct gw_fn *const *fns; /* txn, view, daemon and fn that have names */
    uint32_t fn_count;
    const struct gw_migrate *migrates;
    uint32_t migrate_count;
    struct gw_text *events; /* names used by emit */
    uint32_t event_count;
};

const struct gw_fn *gw_program_fn(const struct gw_program *program, struct gw_text name);
const struct gw_fn *gw_program_fn_id(const struct gw_program *program, uint32_t id);
const struct gw_program_entity *gw_program_entity(const struct gw_program *program,
                                                  struct gw_text name);
const struct gw_program_entity *gw_program_entity_id(const struct gw_program *program, uint32_t id);
const struct gw_program_home *gw_program_home_id(const struct gw_program *program, uint32_t id);
const struct gw_program_home *gw_program_home(const struct gw_program *program,
                                              struct gw_text name); /* "pg.accounts" */
const struct gw_table_decl *gw_program_table_id(const struct gw_program *program, uint32_t id);
const struct gw_index_decl *gw_program_index_id(const struct gw_program *program, uint32_t id);
const struct gw_counter_decl *gw_program_counter_id(const struct gw_program *program, uint32_t id);

#endif
