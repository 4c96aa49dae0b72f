/**
 * Bytecode: what the compiler makes of a function and the virtual machine runs.
 *
 * An instruction is 8 bytes: operation, a small number `x`, and three 16-bit operands. Registers are an array of
 * `union gw_value`; a call gives the callee the registers behind the caller's. Types are settled at compile time,
 * so registers carry none; only resume points (fibers) and the debugger's listing name them.
 *
 * Register conventions beside those of record/value.h:
 *   a row reference   .list.items points to the struct gw_vm_row, NULL when the row is absent
 *   a row as a value  .list (all fields in order), like a tuple; one that may be absent is an opt of it
 *   a copy in an onboarding rule: three registers: fields (.list), present (bool), version (opt)
 * Source: register machines as in Lua 5 (Ierusalimschy, de Figueiredo, Celes: The Implementation of Lua 5.0, 2005).
 */
#ifndef GW_LANG_CODE_H
#define GW_LANG_CODE_H

#include "lang/vm.h"

struct gw_insn {
    uint8_t op, x;
    uint16_t a, b, c;
};
_Static_assert(sizeof(struct gw_insn) == 8, "one instruction, one load");

/* name, C type that holds it, member of union gw_value */
/* clang-format off */
#define GW_VMOP_INTS(X)                                                                  \
    X(U8, uint8_t, u) X(U16, uint16_t, u) X(U32, uint32_t, u) X(U64, uint64_t, u) X(U128, gw_u128, u) \
    X(I8, int8_t, i)  X(I16, int16_t, i)  X(I32, int32_t, i)  X(I64, int64_t, i)  X(I128, gw_i128, i)

#define GW_VMOPS_OF_INT(X, K) X(ADD_##K, "a=b+c") X(SUB_##K, "a=b-c") X(MUL_##K, "a=b*c") \
                            X(DIV_##K, "a=b/c") X(MOD_##K, "a=b%c")

/* Comparisons that jump, in 64 bits: name, operator. Three forms: two registers, a register and a small constant,
 * a row's field and a register. */
#define GW_VMOP_JUMPS(X) \
    X(JEQ, ==) X(JNE, !=) X(JGE, >=) X(JGT, >) X(JLT, <) X(JLE, <=)
#define GW_VMOPS_OF_JUMP(X, J, op) \
    X(J##_64, "a " #op " b @") X(J##_K, "a " #op " #b @") X(J##_F, "a.x " #op " b @")

/* Kinds of numbers that change in place in a row: `row.field += by` is one instruction. */
#define GW_VMOP_FIELD_INTS(X) \
    X(U32, uint32_t, u) X(U64, uint64_t, u) X(I32, int32_t, i) X(I64, int64_t, i)

/* name, how the listing shows it: a b c registers, x the small number, #b #c a number, .b .c .x number of a field,
 * @ a jump target in c, K T F E … tables */
#define GW_VMOPS(X)                                                                                        \
    X(EXT, "data")            X(MOVE, "a=b")            X(LOADK, "a=Kb")          X(LOADI, "a=#b")         \
    X(NONE, "a=none")         X(JMP, "@")               X(JF, "!a @")             X(JT, "a @")             \
    X(NOT, "a=b")             X(MOVES, "a..=b.. x")                                                        \
    GW_VMOPS_OF_INT(X, U8)  GW_VMOPS_OF_INT(X, U16)  GW_VMOPS_OF_INT(X, U32)  GW_VMOPS_OF_INT(X, U64)                \
    GW_VMOPS_OF_INT(X, U128)                                                                                 \
    GW_VMOPS_OF_INT(X, I8)  GW_VMOPS_OF_INT(X, I16)  GW_VMOPS_OF_INT(X, I32)  GW_VMOPS_OF_INT(X, I64)                \
    GW_VMOPS_OF_INT(X, I128)                                                                                 \
    X(ADD_D64, "a=b+c x")     X(SUB_D64, "a=b-c x")     X(MUL_D64, "a=b*c x")                              \
    X(ADD_D128, "a=b+c x")    X(SUB_D128, "a=b-c x")    X(MUL_D128, "a=b*c x")                             \
    X(DEC_DIV, "a=b/c ..")    X(DEC_ROUND, "a=b ..")    X(DEC_FIT, "a=b x")       X(DEC_OF, "a=b Tc")        \
    X(ABS, "a=b Tc")          X(CONV, "a=b Tc x")       X(STR_OF, "a=b Tc")                                \
    X(TIME_ADD, "a=b+c x")    X(TIME_SUB, "a=b-c x")    X(TIME_DIFF, "a=b-c x")                            \
    X(EQ_64, "a=b==c")        X(LT_I64, "a=b<c")        X(LE_I64, "a=b<=c")       X(LT_U64, "a=b<c")         \
    X(LE_U64, "a=b<=c")       X(EQ_128, "a=b==c")       X(LT_I128, "a=b<c")       X(LE_I128, "a=b<=c")       \
    X(LT_U128, "a=b<c")       X(LE_U128, "a=b<=c")      X(EQ_B, "a=b==c")         X(LT_B, "a=b<c")           \
    X(LE_B, "a=b<=c")         X(EQ_V, "a=b==c ..")      X(LT_V, "a=b<c ..")       X(LE_V, "a=b<=c ..")       \
    GW_VMOPS_OF_JUMP(X, JEQ, ==) GW_VMOPS_OF_JUMP(X, JNE, !=) GW_VMOPS_OF_JUMP(X, JGE, >=)                 \
    GW_VMOPS_OF_JUMP(X, JGT, >)  GW_VMOPS_OF_JUMP(X, JLT, <)  GW_VMOPS_OF_JUMP(X, JLE, <=)                 \
    X(JTF, "a.b @")           X(JFF, "!a.b @")                                                             \
    X(ADDF_U32, "a.b+=c")     X(SUBF_U32, "a.b-=c")     X(ADDF_U64, "a.b+=c")     X(SUBF_U64, "a.b-=c")      \
    X(ADDF_I32, "a.b+=c")     X(SUBF_I32, "a.b-=c")     X(ADDF_I64, "a.b+=c")     X(SUBF_I64, "a.b-=c")      \
    X(ADDF_D64, "a.b+=c x")   X(SUBF_D64, "a.b-=c x")                                                      \
    X(LEN, "a=b x")           X(CONCAT, "a=b.. x #c")    X(CONTAINS, "a=b c")      X(STARTS, "a=b c")         \
    X(SLICE, "a=b c c+1")     X(LOWER, "a=b")           X(SPLIT, "a=b c")         X(CHKLEN, "a #c")           \
    X(TUPLE, "a=b.. #c")      X(ITEM, "a=b.c")          X(LIST, "a=[]")           X(PUSH, "a b #c")           \
    X(INDEX, "a=b[c]")        X(LISTHAS, "a=b c ..")    X(SETITEM, "a[b]=c")                               \
    X(SOME, "a=b")            X(ISSOME, "a=b")          X(UNWRAP, "a=b")          X(UNWRAPX, "a=b")          \
    X(ROW, "a=Ec[b..]")       X(ROWX, "a=Ec[b..]!")     X(EXISTS, "a=Ec[b..]")    X(ISROW, "a=b")           \
    X(JROW, "a @")            X(ROWJ, "a=Ex[b..] @")                                                         \
    X(ROWMUST, "a=b")         X(GETF, "a=b.c")          X(SETF, "a.b=c")          X(CREATE, "a=Ec{b..} x")   \
    X(DELROW, "a x")          X(DELKEY, "Ec[b..] x")                                                       \
    X(TGET, "a=Tc[b..]")      X(TPUT, "Tc{b..}")        X(TDROP, "Tc[b..]")       X(LOOKUP, "a=Ic[b..]")     \
    X(COUNTER, "a=Cc[b] x")   X(RANGE, "a=Rc b..")      X(EMIT, "c b..")                                   \
    X(FORNUM, "a=#b ..")      X(NEXTNUM, "a @ ..")      X(FORLIST, "a=b")         X(NEXT, "a=b @")           \
    X(CALL, "a=Fc(b..)")      X(RETURN, "a x Tc")       X(RETF, "a.x Tc")                X(FAIL, "a x Tc")         X(ABORT, "x")              \
    X(NOW, "a #c")             X(NEW_ID, "a")            X(RAND, "a")                                       \
    X(KEY, "Ec[b..]")         X(TRY, "@")                                                                  \
    X(SAME, "a=b c ..")       X(TAKE, "a x")              X(REJECT, "Kb")            \
    X(WAIT, "Wc")
/* clang-format on */

enum gw_vm_op {
#define X(name, shape) GW_VMOP_##name,
    GW_VMOPS(X)
#undef X
        GW_VMOP_COUNT
};
_Static_assert(GW_VMOP_COUNT <= 256, "an operation is one byte");

/** As in `round(x, S, MODE)`. */
enum gw_code_round { GW_CODE_HALF_EVEN, GW_CODE_HALF_UP, GW_CODE_DOWN, GW_CODE_UP };

enum { GW_REGS_MAX = 60000, GW_INSNS_MAX = 65000, GW_CALL_DEPTH_MAX = 64 };

/** A local as a fiber stores it and `follows` finds it. */
struct gw_code_local {
    struct gw_text name; /* "" for one the compiler made */
    const struct gw_type *type;
    uint32_t reg;
};

/** Where a fiber goes on after a wait. Row references do not live across it: they are touched again. */
struct gw_code_resume {
    uint32_t insn;
    uint32_t line;
    const struct gw_code_local *locals;
    uint32_t local_count;
};

/** One wait of a daemon: what WAIT asks, and where the reply goes. */
struct gw_code_wait {
    enum gw_vm_wait_kind kind;
    uint32_t resume; /* number of the resume point, from 1 */
    uint32_t line;
    uint32_t ns_reg; /* SLEEP, AWAIT_*: register of a dur; GW_NO_REG: none */
    const struct gw_program_home *home;
    uint32_t site, page_rows;
    const struct gw_program_entity *entity;
    uint32_t store;
    uint32_t key_reg; /* AWAIT_PUSHED: first key field, or a page */
    bool key_is_page;
    const uint32_t *key_items; /* with key_is_page: which columns of a row are the key */
    const struct gw_fn *fn;
    uint32_t arg_reg;
    struct gw_text text;
    uint32_t reply_reg;    /* AWAIT: timed out; PAGE: rows, end; CALL: status, value, abort code */
    bool ends_unless_done; /* CALL without a match: a fail or abort ends the daemon */
};
#define GW_NO_REG UINT32_MAX

struct gw_code_range {
    const struct gw_table_decl *table;
    const struct gw_index_decl *index;
    enum gw_vm_range_kind kind;
    uint32_t count, limit;
    bool reverse;
    uint32_t row_fields;
    uint32_t row_bytes; /* worst case of one row */
};

struct gw_code_emit {
    struct gw_text event;
    const struct gw_field *fields;
    uint32_t count;
    uint32_t bytes_max;
};

struct gw_code_set {
    const uint32_t *items;
    uint32_t count;
};

struct gw_code {
    const struct gw_insn *insns;
    const uint32_t *lines;
    uint32_t insn_count;
    uint32_t reg_count;  /* of this function alone */
    uint32_t regs_total; /* with the deepest chain of callees */
    uint32_t depth;      /* of that chain */
    const union gw_value *consts;
    const struct gw_type *const *const_types;
    uint32_t const_count;
    const struct gw_type *const *types;
    uint32_t type_count;
    const struct gw_fn *const *callees;
    uint32_t callee_count;
    const struct gw_code_range *ranges;
    uint32_t range_count;
    const struct gw_code_emit *emits;
    uint32_t emit_count;
    const struct gw_code_set *sets;
    uint32_t set_count;
    const struct gw_code_wait *waits;
    uint32_t wait_count;
    const struct gw_code_resume *resumes; /* [0] is resume point 1 */
    uint32_t resume_count;
    uint32_t
        key_max; /* direct keys: number of KEY instructions; onboarding rules: fields of the entity */
};

const char *gw_vm_op_name(enum gw_vm_op op);

#endif
