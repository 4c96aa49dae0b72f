/**
 * The syntax tree of a program, and what the checker writes into it.
 *
 * Shape:    gw_ast -> declarations -> statements -> expressions; arrays of pointers, all in one arena.
 * Two ages: the parser fills the plain members; members under "checked:" are zero until gw_lang_check_types()
 *           returned GW_OK, and complete afterwards. A checked tree is immutable.
 * Depth:    no path of expressions is longer than GW_LANG_EXPR_DEPTH_MAX, no nesting of statements deeper than
 *           GW_LANG_BLOCK_DEPTH_MAX, no type deeper than GW_LANG_TYPE_DEPTH_MAX: recursion over the tree is bounded.
 */
#ifndef GW_LANG_AST_H
#define GW_LANG_AST_H

#include "lang/program.h"
#include "lang/source.h"

enum {
    GW_LANG_EXPR_DEPTH_MAX = 100,
    GW_LANG_BLOCK_DEPTH_MAX = 64,
    GW_LANG_TYPE_DEPTH_MAX = 16,
    GW_LANG_RESULTS_MAX = 8, /* ok type and fail types of one function */
};

struct gw_decl;
struct gw_expr;
struct gw_stmt;

/** A word and where it stands. Quoted names (tables, columns) hold the unquoted text. */
struct gw_name {
    struct gw_text text;
    struct gw_span span;
    bool is_quoted;
};

/* ---- types as written ---- */

enum gw_type_form {
    GW_TYPE_FORM_KIND,  /* bool u8.. dec<P,S> time<U> dur uuid real str<N> bytes<N> */
    GW_TYPE_FORM_NAME,  /* an enum */
    GW_TYPE_FORM_OPT,   /* items[0] */
    GW_TYPE_FORM_LIST,  /* items[0], max */
    GW_TYPE_FORM_TUPLE, /* items */
};

struct gw_type_expr {
    enum gw_type_form form;
    struct gw_span span;
    enum gw_type_kind kind; /* KIND */
    struct gw_text name;    /* NAME */
    bool has_args;          /* <…> was written */
    uint64_t args[2];       /* P, S · N of str, bytes, list */
    enum gw_time_unit unit; /* time<U> */
    struct gw_type_expr **items;
    uint32_t item_count;
    /* checked: */
    const struct gw_type *type;
};

/* ---- what an expression is ---- */

enum gw_shape {
    GW_SHAPE_UNKNOWN,     /* not checked, or in error */
    GW_SHAPE_VALUE,       /* `type` */
    GW_SHAPE_UNIT,        /* nothing: push, put, drop, a call of a txn without a result */
    GW_SHAPE_ROW_REF,     /* reference to a living row of entity `decl`; only locals hold it */
    GW_SHAPE_OPT_ROW_REF, /* E[k] and unique index[k]: perhaps absent */
    GW_SHAPE_ROW, /* a row by value: of a table or entity `decl` (prefix, from, T[k]!), or of `home` (page) */
    GW_SHAPE_OPT_ROW, /* T[k] of a table `decl` */
    GW_SHAPE_PAGE,    /* rows of `home`: only `for r in page` and pushed(page, store) */
    GW_SHAPE_COPY,    /* onboard argument: what one home of entity `decl` holds; perhaps absent */
    GW_SHAPE_DECL, /* the name of a declaration, left of `.`, `[` or as argument of pushed, audited, drained */
    /* under inference only; never in a checked tree */
    GW_SHAPE_BARE_INT,
    GW_SHAPE_BARE_DEC,
    GW_SHAPE_BARE_NONE,
    GW_SHAPE_BARE_LIST,
};

struct gw_ast_home;

struct gw_shaped {
    enum gw_shape shape;
    const struct gw_type *type;     /* VALUE */
    const struct gw_decl *decl;     /* ROW_REF OPT_ROW_REF ROW OPT_ROW COPY DECL */
    const struct gw_ast_home *home; /* PAGE, ROW of a page (fields are its columns), COPY */
    bool is_keys_only; /* ROW of index.prefix(): only the entity's key fields are there */
};

struct gw_local {
    struct gw_name name;
    struct gw_shaped is;
    uint32_t slot; /* dense, unique in its function; parameters first, in order */
    bool is_param;
    bool
        is_mutable; /* bound with := or call; loop variables, parameters and pattern names are not */
    bool is_used;
    struct gw_expr *first;          /* its first value, or NULL */
    const struct gw_type *inferred; /* while checking: the type that a use asked for */
};

/* ---- expressions ---- */

enum gw_expr_kind {
    GW_EXPR_INT,      /* literal: number (sign included when a literal was negated) */
    GW_EXPR_DECIMAL,  /* literal: number scaled by 10^scale */
    GW_EXPR_STRING,   /* literal: bytes, escapes resolved */
    GW_EXPR_BYTES,    /* literal x'00ff' */
    GW_EXPR_BOOL,     /* literal: number 0 or 1 */
    GW_EXPR_DURATION, /* literal: number of ns */
    GW_EXPR_NAME,     /* ref says of what */
    GW_EXPR_TUPLE,    /* items, at least 2 */
    GW_EXPR_LIST,     /* [] */
    GW_EXPR_NONE,
    GW_EXPR_SOME,    /* items[0] */
    GW_EXPR_CALL,    /* name(items): a fn (ref FN) or a built-in (ref BUILTIN) */
    GW_EXPR_CONVERT, /* type(items[0]): u64(x), dec<18,2>(x), time<s>(x), str(x), str<8>(x) */
    GW_EXPR_METHOD, /* object.name(items): ref BUILTIN (exists put drop push; prefix and from only in `for`) */
    GW_EXPR_CREATE, /* object.create { inits }: object is the entity's NAME */
    GW_EXPR_FIELD,  /* object.name: ref FIELD, COLUMN, MEMBER (Enum.X), ABSENT or VER */
    GW_EXPR_ITEM,   /* object.0: tuple item `number` */
    GW_EXPR_INDEX,  /* object[items]: entity, table, unique index, keyed counter, list */
    GW_EXPR_UNWRAP, /* object! */
    GW_EXPR_UNARY,  /* op, items[0] */
    GW_EXPR_BINARY, /* items[0] op items[1] */
};

/* clang-format off */
#define GW_AST_OPS(X)                    \
    X(OR, "or", 1)   X(AND, "and", 2)    \
    X(EQ, "==", 4)   X(NE, "!=", 4)      \
    X(LT, "<", 4)    X(LE, "<=", 4)      \
    X(GT, ">", 4)    X(GE, ">=", 4)      \
    X(ADD, "+", 5)   X(SUB, "-", 5)      \
    X(MUL, "*", 6)   X(DIV, "/", 6)      \
    X(MOD, "%", 6)                       \
    X(NOT, "not", 3) X(NEG, "-", 7)
/* clang-format on */

enum gw_ast_op {
#define X(name, text, strength) GW_AST_OP_##name,
    GW_AST_OPS(X)
#undef X
};

/* name in programs; functions, then methods, then conditions of await and rules */
/* clang-format off */
#define GW_BUILTIN_LIST(X)                                                       \
    X(NOW, "now") X(NEW_ID, "new_id") X(RAND_U64, "rand_u64")                    \
    X(LEN, "len") X(CONTAINS, "contains") X(STARTS_WITH, "starts_with")          \
    X(SLICE, "slice") X(LOWER_ASCII, "lower_ascii") X(CONCAT, "concat")          \
    X(SPLIT_ONCE, "split_once") X(MIN, "min") X(MAX, "max") X(ABS, "abs")        \
    X(ROUND, "round") X(DIV, "div") X(UNITS, "units") X(SAME, "same")            \
    X(PUSH, "push") X(EXISTS, "exists") X(PUT, "put") X(DROP, "drop")            \
    X(PREFIX, "prefix") X(FROM, "from")
/* clang-format on */

enum gw_builtin {
#define X(name, text) GW_BUILTIN_##name,
    GW_BUILTIN_LIST(X)
#undef X
};

/** MODE of round(x, S, MODE) and div(a, b, S, MODE): the argument's NAME has ref MODE, `index` is one of these, in the order of enum gw_round. */
/* clang-format off */
#define GW_AST_ROUNDS(X) X(HALF_EVEN, "half_even") X(HALF_UP, "half_up") X(DOWN, "down") X(UP, "up")
/* clang-format on */

enum gw_ast_round {
#define X(name, text) GW_AST_ROUND_##name,
    GW_AST_ROUNDS(X)
#undef X
};

enum gw_ref_kind {
    GW_REF_NONE,
    GW_REF_LOCAL, /* local */
    GW_REF_DECL, /* decl: entity, table, index, store, counter without key, keyed counter, fn, txn */
    GW_REF_CONST,   /* decl; the expression's `constant` holds the value */
    GW_REF_MEMBER,  /* enum member `index` of the expression's type */
    GW_REF_BUILTIN, /* builtin */
    GW_REF_FN,      /* decl */
    GW_REF_FIELD, /* field `index` of the entity or table: after `.`, or bare in `where` and counters */
    GW_REF_COLUMN, /* column `index` of the page's home */
    GW_REF_ABSENT, /* copy.absent */
    GW_REF_VER,    /* copy.ver: opt<u64>, none when the store has no version for the row */
    GW_REF_MODE,   /* enum gw_ast_round `index` */
};

struct gw_ref {
    enum gw_ref_kind kind;
    struct gw_local *local;
    const struct gw_decl *decl;
    enum gw_builtin builtin;
    uint32_t index;
};

/** `name: value`; value NULL is short for `name: name`, and then the checker fills it in. */
struct gw_init {
    struct gw_name name;
    struct gw_expr *value;
    bool is_short;
    /* checked: */
    uint32_t field; /* of the created entity; the position for emit */
};

struct gw_expr {
    enum gw_expr_kind kind;
    enum gw_ast_op op;
    struct gw_span span;
    struct gw_span op_span; /* of the operator, or of the `.name` part */
    uint16_t depth;         /* longest path below, 1 for a leaf */
    bool has_parens;        /* written in parentheses of its own: kept by the formatter */
    uint8_t scale;          /* DECIMAL: digits after the point */
    gw_i128 number;         /* INT DECIMAL BOOL DURATION ITEM */
    bool is_big;            /* INT above i128: number holds the bits of a gw_u128 */
    struct gw_bytes bytes;  /* STRING BYTES */
    struct gw_text source;  /* literals: as written */
    struct gw_name name;    /* NAME CALL METHOD FIELD */
    struct gw_expr *object; /* METHOD CREATE FIELD ITEM INDEX UNWRAP */
    struct gw_expr **items;
    uint32_t item_count;
    struct gw_init *inits; /* CREATE */
    uint32_t init_count;
    struct gw_type_expr *convert; /* CONVERT */
    /* checked: */
    struct gw_shaped is;
    struct gw_ref ref;
    bool is_constant; /* value known: literals, constants, enumerators and arithmetic on them */
    union gw_value constant; /* of is.type */
};

/* ---- statements ---- */

enum gw_stmt_kind {
    GW_STMT_LET, /* name := value [else fail other] : local; with other, value is opt and is unwrapped */
    GW_STMT_ASSIGN, /* target op value: field of a row reference, local, list item. op: EQ for `=`, ADD, SUB */
    GW_STMT_IF,    /* value, body, [other_body] */
    GW_STMT_MATCH, /* value (or, in a daemon, is_call: value is the GW_EXPR_CALL of a txn), arms */
    GW_STMT_FOR_RANGE,  /* local in low .. high (constants) */
    GW_STMT_FOR_LIST,   /* local in value: a list, or a page */
    GW_STMT_FOR_PREFIX, /* local in value (METHOD prefix|from of a table or index) limit [reverse] */
    GW_STMT_FOR_SCAN,   /* local in scan place by names pages of limit */
    GW_STMT_WHILE,      /* value, body */
    GW_STMT_REQUIRE,    /* value else fail other */
    GW_STMT_FAIL,       /* other */
    GW_STMT_RETURN,     /* [value] */
    GW_STMT_DELETE,     /* value: OPT_ROW_REF (absent: nothing) or ROW_REF */
    GW_STMT_EMIT,       /* name { inits } */
    GW_STMT_EXPR,       /* value: CALL of push/put/drop, CREATE */
    GW_STMT_YIELD,
    GW_STMT_SLEEP,   /* value: dur */
    GW_STMT_ONBOARD, /* value: OPT_ROW_REF E[k] */
    GW_STMT_AWAIT,   /* await, [timeout, other_body] */
    GW_STMT_PHASE,   /* phases */
    GW_STMT_CALL,    /* [name := | name =] call value: txn; local or NULL */
    GW_STMT_ALERT,   /* value: STRING */
    GW_STMT_RETRY,
    GW_STMT_TAKE,   /* onboard: value is a COPY */
    GW_STMT_REJECT, /* onboard: value is a STRING */
};

struct gw_block {
    struct gw_stmt **items;
    uint32_t count;
    struct gw_span span; /* braces included; of the one statement when there are none */
    bool has_braces;
};

enum gw_pattern_kind {
    GW_PATTERN_ANY,     /* _ */
    GW_PATTERN_LITERAL, /* literal */
    GW_PATTERN_NAME,    /* enumerator: member */
    GW_PATTERN_SOME,    /* some(bind) */
    GW_PATTERN_NONE,
    GW_PATTERN_OK,    /* of match call: ok(bind) or ok */
    GW_PATTERN_FAIL,  /* fail(bind) */
    GW_PATTERN_ABORT, /* abort(bind): the built-in enum of abort codes */
};

struct gw_arm {
    enum gw_pattern_kind pattern;
    struct gw_span span;     /* of the pattern */
    struct gw_expr *literal; /* LITERAL */
    struct gw_name name;     /* NAME */
    struct gw_name bind;     /* SOME OK FAIL ABORT; text.data NULL when none */
    struct gw_block body;
    /* checked: */
    struct gw_local *local; /* what `bind` names */
    uint32_t member;        /* NAME: index in the enum */
};

/** store.table · store.table(v1) · store "pattern {field}" */
struct gw_place_expr {
    struct gw_name store;
    struct gw_name place;
    struct gw_name label; /* v1; text.data NULL when none */
    bool is_pattern;
    struct gw_span span;
};

enum gw_await_kind {
    GW_AWAIT_PUSHED,  /* pushed(subject: PAGE or ROW_REF or OPT_ROW_REF, store) */
    GW_AWAIT_AUDITED, /* audited(entity) */
    GW_AWAIT_DRAINED, /* drained(store) */
    GW_AWAIT_TRUE,    /* subject: bool */
};

struct gw_phase_move {
    struct gw_name entity, phase;
    /* checked: */
    const struct gw_decl *decl;
    uint32_t index; /* enum gw_phase */
};

/* clang-format off */
#define GW_PHASE_LIST(X) \
    X(OBSERVE, "observe") X(OWN, "own") X(BACKFILL, "backfill") X(VERIFIED, "verified") \
    X(FLIP, "flip") X(DRAIN, "drain") X(RELEASE, "release")
/* clang-format on */

struct gw_stmt {
    enum gw_stmt_kind kind;
    enum gw_ast_op op; /* ASSIGN */
    struct gw_span span;
    struct gw_span keyword; /* its first word: where costs are shown */
    struct gw_name name;    /* LET FOR_* EMIT CALL */
    struct gw_expr *target; /* ASSIGN */
    struct gw_expr *value, *other;
    struct gw_block body, other_body;
    bool has_other_body;
    struct gw_arm *arms; /* MATCH */
    uint32_t arm_count;
    bool is_call;               /* MATCH on `call` */
    bool is_define;             /* CALL: `:=` */
    struct gw_expr *low, *high; /* FOR_RANGE */
    uint64_t limit;             /* FOR_PREFIX, FOR_SCAN */
    struct gw_span limit_span;
    bool is_reverse;
    struct gw_place_expr place; /* FOR_SCAN */
    struct gw_name *by;
    uint32_t by_count;
    enum gw_await_kind await;
    struct gw_expr *subject; /* AWAIT */
    struct gw_name await_of; /* PUSHED, DRAINED: store · AUDITED: entity */
    struct gw_expr *timeout;
    struct gw_init *inits; /* EMIT */
    uint32_t init_count;
    struct gw_phase_move *phases;
    uint32_t phase_count;
    /* checked: */
    struct gw_local *local;         /* LET FOR_* CALL (also for `=`) */
    const struct gw_decl *decl;     /* AWAIT: store or entity · CALL, MATCH call: the txn */
    const struct gw_ast_home *home; /* FOR_SCAN */
    uint32_t *by_columns;           /* FOR_SCAN: columns of home */
    uint32_t fail_index; /* LET else, REQUIRE, FAIL: index in the function's results, from 1 */
    int64_t low_number, high_number; /* FOR_RANGE */
    bool ends;                       /* control never passes its end */
};

/* ---- declarations ---- */

enum gw_decl_kind {
    GW_DECL_INCLUDE, /* text */
    GW_DECL_STORE,
    GW_DECL_ENUM,
    GW_DECL_ENTITY,
    GW_DECL_TABLE,
    GW_DECL_INDEX,
    GW_DECL_COUNTER,
    GW_DECL_CONST,
    GW_DECL_FN,
    GW_DECL_TXN,
    GW_DECL_VIEW,
    GW_DECL_DAEMON,
    GW_DECL_MIGRATE,
};

struct gw_ast_option {
    struct gw_name name;
    struct gw_expr *value; /* a literal */
};

struct gw_ast_store {
    struct gw_name kind_name;
    struct gw_expr *url; /* STRING */
    struct gw_ast_option *options;
    uint32_t option_count;
    bool has_options;
    /* checked: */
    enum gw_store_kind kind;
    uint16_t index; /* of the store in the program, in order of declaration */
};

struct gw_ast_member {
    struct gw_name name;
    bool has_number;
    struct gw_expr *number; /* INT */
};

struct gw_ast_enum {
    struct gw_type_expr *base;
    struct gw_ast_member *members;
    uint32_t member_count;
    /* checked: */
    const struct gw_type *type; /* of kind ENUM; its ->members is the gw_enum */
};

/** A field of an entity or table, or a parameter. */
struct gw_ast_field {
    struct gw_name name;
    struct gw_type_expr *type;
    struct gw_expr *initial; /* a literal, or NULL */
    bool is_key;
    struct gw_span span;
    /* checked: */
    struct gw_local *local; /* parameters */
};

/** One `fields -> columns` of a home. */
struct gw_ast_map {
    struct gw_span span;
    struct gw_name *fields, *columns;
    uint32_t field_count, column_count;
    bool is_via;                      /* `<->` … via forward, inverse */
    bool fields_tuple, columns_tuple; /* written in parentheses */
    struct gw_name forward, inverse;
    /* checked: */
    uint32_t *field_index, *column_index; /* into the entity's fields and the home's columns */
    const struct gw_decl *forward_fn, *inverse_fn;
};

struct gw_ast_home {
    struct gw_span span;
    struct gw_place_expr place;
    bool is_star;
    struct gw_ast_map *maps; /* after checking also for `*`, and for the key fields of a pattern */
    uint32_t map_count;
    uint32_t written_map_count; /* those of the source text come first */
    struct gw_expr *where;      /* over key fields, which are GW_REF_FIELD names; or NULL */
    bool has_versions;
    struct gw_name versions_name, role_name;
    /* checked: */
    const struct gw_decl *entity, *store;
    struct gw_home home; /* columns: pattern keys first, then in the order of the maps */
};

struct gw_ast_copy {
    struct gw_name name, of; /* a: my? */
    /* checked: */
    struct gw_local *local;
    const struct gw_ast_home *home;
};

enum gw_onboard_kind { GW_ONBOARD_NONE, GW_ONBOARD_PREFER, GW_ONBOARD_RULE };

struct gw_ast_onboard {
    enum gw_onboard_kind kind;
    struct gw_span span;
    struct gw_name *prefer;
    uint32_t prefer_count;
    struct gw_ast_copy *copies;
    uint32_t copy_count;
    struct gw_block body;
    /* checked: */
    const struct gw_ast_home **prefer_homes; /* prefer_count */
    struct gw_local **locals;
    uint32_t local_count;
};

struct gw_ast_entity {
    uint32_t version;
    struct gw_span version_span;
    struct gw_ast_field *fields; /* key fields first */
    uint32_t field_count, key_count;
    struct gw_ast_home *homes;
    uint32_t home_count;
    struct gw_ast_onboard onboard;
    /* checked: */
    struct gw_entity entity;
    bool is_old;    /* a newer version of the same name is declared; only `migrate` sees this one */
    uint16_t index; /* among entities that are not old, in order of declaration */
};

/** Its rows are tuples of all fields, key fields first; `as_entity` describes them (version 1, no homes). */
struct gw_ast_table {
    struct gw_ast_field *fields;
    uint32_t field_count, key_count;
    /* checked: */
    struct gw_entity as_entity;
};

struct gw_ast_index {
    struct gw_name on;
    struct gw_name *fields;
    uint32_t field_count;
    bool is_unique;
    /* checked: */
    const struct gw_decl *entity;
    uint32_t *field_index;
};

struct gw_ast_counter {
    struct gw_type_expr *key; /* NULL: one number */
    struct gw_type_expr *type;
    bool is_sum;
    struct gw_name of, field; /* sum(of.field), count(of) */
    struct gw_name by;        /* text.data NULL when none */
    struct gw_expr *where;    /* over the entity's fields, which are GW_REF_FIELD names; or NULL */
    /* checked: */
    const struct gw_decl *entity;
    uint32_t field_index, by_index;
};

struct gw_ast_const {
    struct gw_type_expr *type;
    struct gw_expr *value; /* checked: is_constant */
    uint8_t state;         /* 0 not checked, 1 being checked, 2 done */
};

/** fn, txn, view, daemon. */
struct gw_ast_function {
    struct gw_ast_field *params;
    uint32_t param_count;
    struct gw_type_expr *results[GW_LANG_RESULTS_MAX]; /* [0] ok, then fail types */
    uint32_t result_count;                             /* 0: no value */
    bool is_atomic_push;
    struct gw_block body;
    /* daemons */
    bool has_priority, is_normal; /* priority low | normal; default low */
    bool has_slice;
    uint64_t slice_units;
    struct gw_span slice_span;
    struct gw_name follows; /* text.data NULL when none */
    /* checked: */
    struct gw_local **locals; /* by slot */
    uint32_t local_count;
    uint32_t index; /* among functions of all kinds, in order of declaration */
};

/** forward reads the row `old` and sets fields of `new`; inverse reads `new` and sets `old`. Slot 0 is old, 1 is new. */
struct gw_ast_migrate {
    uint32_t from, to;
    struct gw_span from_span, to_span;
    struct gw_block forward, inverse;
    /* checked: */
    const struct gw_decl *old_entity, *new_entity;
    struct gw_local **forward_locals, **inverse_locals;
    uint32_t forward_local_count, inverse_local_count;
};

struct gw_decl {
    enum gw_decl_kind kind;
    struct gw_name name; /* MIGRATE: of the entity */
    struct gw_span span;
    struct gw_span keyword;
    union {
        struct gw_text include;
        struct gw_ast_store store;
        struct gw_ast_enum enumeration;
        struct gw_ast_entity entity;
        struct gw_ast_table table;
        struct gw_ast_index index;
        struct gw_ast_counter counter;
        struct gw_ast_const constant;
        struct gw_ast_function function;
        struct gw_ast_migrate migrate;
    } as;
};

struct gw_comment {
    struct gw_span span; /* from # to the end of the line */
};

struct gw_ast {
    bool has_header; /* a part that is only formatted has none */
    struct gw_name name;
    uint64_t version;
    struct gw_span header;
    struct gw_decl **decls; /* of all files, in the order of reading */
    uint32_t decl_count;
    struct gw_comment *comments; /* of the root file, in order */
    uint32_t comment_count;
    const struct gw_source *source;
};

const char *gw_ast_op_text(enum gw_ast_op op);
const char *gw_builtin_text(enum gw_builtin builtin);
/** "entity", "txn": the word that begins such a declaration. */
const char *gw_decl_kind_text(enum gw_decl_kind kind);
/** The type of `c` in the arm `abort(c)` of `match call`: an enum over u8, its members those of enum gw_abort but NONE. */
const struct gw_type *gw_lang_abort_type(void);
/** Binding strength; higher binds closer. */
unsigned gw_ast_op_strength(enum gw_ast_op op);

#endif
