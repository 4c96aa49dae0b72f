/** GW1xxx: the language. GW10xx lexer, parser, names, types · GW11xx cost, key sets · GW12xx homes · GW13xx catalog · GW14xx evolution. */
#ifndef GW_BASE_CODES_LANGUAGE_H
#define GW_BASE_CODES_LANGUAGE_H

/* clang-format off */
#define GW_CODES_LANGUAGE(X)                                                                                       \
    X(1001, "a character that no token begins with",                                                               \
      "Programs are UTF-8 text of names, numbers, strings, operators and comments (# to the end of the line).")    \
    X(1002, "a string without an end",                                                                             \
      "A string ends on the line on which it begins. Write a line end inside it as \\n and a quote as \\\".")      \
    X(1003, "an unknown escape in a string",                                                                       \
      "There are \\n \\t \\r \\0 \\\\ \\\" and \\u{1F600} with up to six hexadecimal digits.")                     \
    X(1004, "a malformed number, duration, unit or version",                                                       \
      "Numbers: 42, 1_000, 0xff, 1.50. Durations: 30s, 5m, 24h, 1h30m. Units: 4000u. Versions: v1, v2, without a leading zero.")\
    X(1005, "text that is not UTF-8",                                                                              \
      "Programs, their strings and comments are UTF-8. Convert the file, for example with iconv -t UTF-8.\n"       \
      "Bytes that are no text are written x'00ff'.")                                                               \
    X(1006, "malformed bytes",                                                                                     \
      "Bytes are written x'00ff': pairs of hexadecimal digits between quotes.")                                    \
    X(1007, "a number that is too large to write",                                                                 \
      "Whole numbers go up to 2^128 - 1, decimal numbers have at most 38 digits.")                                 \
    X(1010, "something else was expected here",                                                                    \
      "The parser knows what may follow and found another thing. The caret shows the first word that does not fit;\n"\
      "the cause often stands just before it: a missing bracket, brace or comma.")                                 \
    X(1012, "a reserved word used as a name",                                                                      \
      "Words that begin statements or belong to expressions cannot name locals, parameters or declarations:\n"     \
      "and or not if else match for in while require fail return delete emit yield sleep await call retry true false none some.\n"\
      "Fields, columns and options may have any name.")                                                            \
    X(1013, "nested too deep",                                                                                     \
      "Expressions, blocks and types have a bounded depth (100, 64 and 16), so that checking a program is bounded too.\n"\
      "Name a part with := or move it into a fn.")                                                                 \
    X(1014, "a value that nobody uses",                                                                            \
      "A statement that is only an expression is a call made for its effect. Give the value a name, or leave it out.")\
    X(1015, "the program has no head",                                                                             \
      "The first line is: program NAME version NUMBER. Files that are only included have none.")                   \
    X(1016, "a file cannot be included",                                                                           \
      "include \"part.gw\" names a file relative to the one that includes it. The reason stands in the hint.")     \
    X(1017, "includes that are too deep, too large or circular",                                                   \
      "Includes nest 8 levels; 64 files and 4 MiB make one program; a file cannot include itself, not even through others.")\
    X(1018, "a statement that only daemons have",                                                                  \
      "while, yield, sleep, await, scan, onboard, phase, call, alert and retry need a fiber that can wait.\n"      \
      "A txn, view or fn runs at one position of the journal and is bounded before it starts.")                    \
    X(1019, "a statement in the wrong kind of rule",                                                               \
      "take and reject end an onboard rule; besides them a rule has only if and :=.")                              \
    X(1020, "an unknown name",                                                                                     \
      "Nothing of this name is visible here. Locals end with the block in which they were bound.\n"                \
      "The hint shows the nearest name.")                                                                          \
    X(1021, "a name declared twice",                                                                               \
      "Stores, enums, entities, tables, indexes, counters, constants and functions share one set of names;\n"      \
      "so do the fields of one row and the members of one enum.")                                                  \
    X(1022, "a name that hides another",                                                                           \
      "A local, parameter or pattern cannot have the name of a visible local, of a declaration, of a built-in function or of\n"\
      "a member of an enum: readers should never have to ask which one is meant. Assign with = or choose another name.")\
    X(1023, "a type that is not known",                                                                            \
      "Bare numbers, [] and none take the type of their place. A local bound to one of them gets its type from its first\n"\
      "typed use. Where there is none, write the type: u64(1), dec<18,2>(1).")                                     \
    X(1024, "a name that is never used",                                                                           \
      "Most unused names are mistakes. Remove it, or let it begin with _ to say that it is meant so.")             \
    X(1025, "code that is never reached",                                                                          \
      "What stands before it always leaves by return, fail, take, reject or retry.")                               \
    X(1026, "a function that can end without a result",                                                            \
      "Every path through a function with a result ends in return or fail.")                                       \
    X(1027, "an unknown type",                                                                                     \
      "Types: bool, u8 to u128, i8 to i128, dec<P,S>, time<U>, dur, str<N>, bytes<N>, uuid, real, opt<T>, list<T,N>, tuples, enums.\n"\
      "A row is no type: pass its key.")                                                                           \
    X(1028, "a type whose parameters are out of range",                                                            \
      "dec has 1 to 38 digits, str and bytes 1 to 65535 bytes, list 1 to 4096 items, a tuple 2 to 16 parts; opt of opt does not exist.")\
    X(1029, "two names with one id",                                                                               \
      "Names are known outside the program by a 32-bit hash, which must be unique. This is an accident: rename one of them.")\
    X(1030, "a value of another type than its place",                                                              \
      "Nothing is converted silently. Bounds may grow (str<48> fits str<96>, dec<9,2> fits dec<18,2>); everything else is written:\n"\
      "u64(x), dec<18,2>(x), some(x), round(x, 2, half_even).")                                                    \
    X(1031, "an operator that does not go with these types",                                                       \
      "Both sides have one type. dec adds and compares with as many digits after the point; times differ to a dur;\n"\
      "/ and % are for integers: div(a, b, digits, mode) divides dec.")                                            \
    X(1033, "a wrong number of values",                                                                            \
      "The hint shows what is expected.")                                                                          \
    X(1034, "an unknown function or method",                                                                       \
      "Functions are declared with fn; built in are now new_id rand_u64 len contains starts_with slice lower_ascii concat\n"\
      "split_once min max abs round div units same. Methods: push exists put drop prefix from.")                   \
    X(1035, "a conversion that does not exist",                                                                    \
      "Integers, enums, times and durations convert to integers; integers to dec, time, dur; everything with a text to str.\n"\
      "A conversion that does not fit at run time aborts ARITH or RANGE.")                                         \
    X(1036, "a literal or constant that its type does not hold",                                                   \
      "Too large, too small, too long, or more digits after the point than the type has.")                         \
    X(1037, "a value that is not constant",                                                                        \
      "Constants are made of literals, earlier constants, members of enums, arithmetic, some and tuples.")         \
    X(1038, "a function that calls itself",                                                                        \
      "There is no recursion, also not through others: the cost of every function is known before it runs. Use a bounded loop.")\
    X(1040, "a name of another kind than needed",                                                                  \
      "The name exists but means something else: a store where an entity is needed, a txn where a fn is called, and so on.")\
    X(1041, "an unknown or ambiguous member of an enum",                                                           \
      "A member is found by the type that the place wants, else when it is unique in the program. Otherwise write Enum.MEMBER.")\
    X(1042, "an unknown field",                                                                                    \
      "The row has no such field or column. The hint shows the nearest name and the fields there are.")            \
    X(1043, "something that cannot be assigned",                                                                   \
      "Assigned are locals bound with :=, fields of rows read through E[key], and items of lists. Keys never change;\n"\
      "parameters, loop variables and rows from prefix, scan or a table are values.")                              \
    X(1044, "not a value",                                                                                         \
      "A row reference stays in its function: pass its key or its fields. Declarations, pages and copies have no value either.")\
    X(1045, "a field of a row that may be absent",                                                                 \
      "E[k] may be absent. E[k]!.field aborts NOT_FOUND; r := E[k] else fail X fails; match tells both cases apart.")\
    X(1046, "unwrapping what is no opt",                                                                           \
      "! and else fail turn an opt into its value; this is a value already.")                                      \
    X(1047, "a match that leaves a case out",                                                                      \
      "Every member, true and false, some and none, ok, fail and abort need an arm; _ takes all others. Numbers and texts need _.")\
    X(1048, "a pattern that does not fit",                                                                         \
      "The pattern is of another type, stands there twice, or names a value that does not exist.")                 \
    X(1049, "a failure that the function does not declare",                                                        \
      "fail X needs a type behind | in the result: -> u64 | Err. fn, rules and daemons cannot fail.")              \
    X(1050, "a write in a view",                                                                                   \
      "Views read one snapshot. Changes belong to a txn.")                                                         \
    X(1051, "a pure place that looks outside",                                                                     \
      "fn, const, where, migrations and onboard rules see their arguments only, so they give the same answer at any time\n"\
      "and on every node. Pass rows' values, time and ids in.")                                                    \
    X(1052, "fields of create or emit",                                                                            \
      "Each field is given once; those without a default must be given.")                                          \
    X(1053, "delete or onboard of something else than a row",                                                      \
      "delete E[k] does nothing when the row is absent, delete E[k]! aborts. Rows of tables: T.drop(key).")        \
    X(1054, "a walk over a table or index that does not work so",                                                  \
      "for k in T.prefix(first key fields) limit N, or T.from(key) limit N; indexes have prefix. The limit is a number from 1.")\
    X(1055, "a loop over something that cannot be walked",                                                         \
      "for i in 0..10 with constants, for x in list, for r in page, for k in T.prefix(…) limit N.")                \
    X(1057, "a condition that cannot be awaited",                                                                  \
      "await pushed(page or row, store), audited(Entity), drained(store), or any bool. pushed needs a home in that store.")\
    X(1058, "retry outside of await",                                                                              \
      "retry goes back to the await whose time-out block it stands in.")                                           \
    X(1059, "an unknown phase",                                                                                    \
      "The phases are observe, own, backfill, verified, flip, drain, release.")                                    \
    X(1061, "an index used as if it gave whole rows or one row",                                                   \
      "Only a unique index answers index[values] with a row. Others are walked, and give keys: read the row by its key.")\
    X(1062, "a result that is missing or not declared",                                                            \
      "return VALUE needs -> TYPE after the parameters, and a function with a result returns one.")                \
    X(1063, "round or div with wrong digits or mode",                                                              \
      "round(x, digits, mode), div(a, b, digits, mode): digits is a constant from 0 to 38; modes: half_even half_up down up.")\
    X(1064, "push to something that cannot grow",                                                                  \
      "Only lists that this function made grow: x := [] and x.push(item).")                                        \
    X(1065, "an enum that cannot be numbered",                                                                     \
      "Members have different numbers within an integer type of up to 64 bits; without one a member is one more than the last.")\
    X(1066, "more than the limit",                                                                                 \
      "512 declarations, 16 stores, 256 entities, 8 homes per entity, 128 fields, 64 parameters, 1024 locals, 8 result types.")\
    X(1067, "an unknown store kind or option",                                                                     \
      "Kinds: postgres mysql redis sqlite memory. Options: batch, connections, timeout, accept_loss, dirty_bytes_max.")\
    X(1068, "a type that cannot be a key",                                                                         \
      "Keys need an order and equality of bytes: no real, no list, and no default.")                               \
    X(1069, "a counter that does not add up",                                                                      \
      "count is an integer; a sum has the digits of its field; [TYPE] and by belong together and have one type.")  \
    X(1070, "an index with a field twice",                                                                         \
      "Each field stands once, in the order in which prefixes are given.")                                         \
    X(1071, "a migration between versions that are not there",                                                     \
      "migrate E v1 -> v2 needs both versions of the entity declared, with the same key; the old one without homes.")\
    X(1072, "a scan that would lose its place",                                                                    \
      "The place is one that exactly one home names; by holds all its key columns, none of them optional; a page has 1 to 4096 rows.")\
    X(1101, "a function may cost more units than its limit",                                                       \
      "Every program is bounded before it runs: the checker adds up the dearest way through a function.\n"         \
      "The note behind the carets is the loop that costs most, the hint a number of turns with which every\n"      \
      "limit holds. For more, call a small txn from a daemon, page by page.")                                      \
    X(1102, "a function may read more keys than its limit",                                                        \
      "Keys are counted as they are written: two that may be equal count twice, a key in a loop counts once a\n"   \
      "turn, rows of tables count too. Read fewer in one call, or page through them from a daemon.")               \
    X(1103, "a transaction may write more keys than its limit",                                                    \
      "A txn is one atomic step for every reader, so it stays small. Write fewer rows in one call, or let a\n"     \
      "daemon call it once per page.")                                                                             \
    X(1104, "arguments and result of a function may be too large",                                                 \
      "They travel in one journal record. Shorten the text or list types of the parameters or of the result.")     \
    X(1105, "the locals of a daemon may be too large",                                                             \
      "What lives across a wait is stored in the ledger each time. Keep long values in a table or an entity.")     \
    X(1106, "a walk without a bound in one step",                                                                  \
      "A txn is bounded before it runs. Add limit N, which deletes or visits at most N rows and can be called again, or write a\n"\
      "daemon that calls such a txn until it answers 0: daemon d(g: u32) { n := call drop_some(g) while n > 0 { yield n = call drop_some(g) } }")\
    X(1109, "a function is too large to compile",                                                                  \
      "Its code passes what 16-bit operands can address. Split it into several.")                                  \
    X(1110, "a key depends on too many reads in a row",                                                            \
      "Each step needs the answer of the one before, so each may wait for a store. Four are allowed. Pass keys\n"  \
      "as arguments, or walk the chain in a daemon, one txn per step.")                                            \
    X(1202, "a place that the store does not have",                                                                \
      "SQL stores keep rows in tables: store.table. Redis keeps them under keys: store \"name:{key}\". Memory stores take both.")\
    X(1203, "a key pattern that does not name the key",                                                            \
      "The pattern holds every key field once in braces, and no other field: \"acct:{id}\".")                      \
    X(1204, "a column mapped twice",                                                                               \
      "One column holds one thing. Two fields in one column need functions: (a, b)<->(c) via forward, inverse.")   \
    X(1205, "a field mapped twice, or a key field not at all",                                                     \
      "Each field lies in one place of a home. Without its key a row cannot be found.")                            \
    X(1206, "functions that do not fit between fields and columns",                                                \
      "via names two fns: forward takes the fields and gives the columns (several as a tuple), inverse takes the columns and gives\n"\
      "the fields, with exactly these types. What does not survive both is stopped by the round-trip gate.")       \
    X(1207, "a key field that goes through functions",                                                             \
      "Rows are found by their key columns, so these hold the key fields unchanged.")                              \
    X(1208, "a `where` that uses more than the key",                                                               \
      "where decides in which homes a row lives. If it used other fields a change could move the row.")            \
    X(1209, "an onboard rule that names no home",                                                                  \
      "prefer and the copies of a rule name stores; where an entity has several homes in one store, the table.")   \
    X(1210, "a home named twice",                                                                                  \
      "Each home appears once in an onboard rule.")                                                                \
    X(1211, "a field that a copy does not hold",                                                                   \
      "The home does not map this field, so its copy has none. Compare fields that both hold.")                    \
    X(1212, "a field that no home holds",                                                                          \
      "A row read from its homes would have no value for it. Map it in a home, or declare a default.")             \
    X(1213, "an unknown role or version mode",                                                                     \
      "role source, target or mirror; ver inline (a column _gw_ver) or sidecar (the table _gw_side).")             \
    X(1214, "two homes at one place",                                                                              \
      "An entity lives in a table once. Two shards are two tables or two stores.")                                 \
    X(1215, "a row that may be too large",                                                                         \
      "The bounds of all fields together pass 64 KiB. Lower the bounds of texts and lists, or split the entity.")  \
    X(1301, "a home names a table that its store does not have",                                                   \
      "The table must exist before the engine starts: godwit moves data into tables, it does not design them.\n"   \
      "Compare the name with the store's catalog (the nearest one is in the hint), or create the table.")          \
    X(1302, "a home names a column that its table does not have",                                                  \
      "Either the mapping is misspelt (the nearest name is in the hint), or somebody dropped or renamed the column.\n"\
      "While the engine runs, such a change stops the pushes of that home until the program and the table agree again.")\
    X(1303, "a column's type cannot keep the values of its field",                                                 \
      "Reading back must give what was written, for every value of the type. This column would change some of them.\n"\
      "Choose another type for the field or for the column; the message says which values would suffer.")          \
    X(1304, "a column is too narrow for the numbers of its field",                                                 \
      "SQLite keeps numbers as 64-bit integers or doubles: a dec of more than 15 digits, a u64, a u128 or an i128 can lie\n"\
      "beyond both and would be rounded. Make the column TEXT or BLOB, or declare the field narrower (dec<15,2>, i64, u32).")\
    X(1305, "the field and its column disagree about NULL",                                                        \
      "An optional field needs a column that may be NULL. The other way round is only a warning: rows that do hold NULL\n"\
      "are reported one by one when they are read (GW2107).")                                                      \
    X(1306, "a column must be filled but no field is mapped to it",                                                \
      "It is NOT NULL and has no default, so every insert by the engine would be refused.\n"                       \
      "Map a field to it, or give it a default.")                                                                  \
    X(1307, "nothing makes the key of a home unique in its table",                                                 \
      "The engine finds a row by its key columns. Without a PRIMARY KEY or UNIQUE index over them, or over some of them,\n"\
      "two rows could have one key. Add such an index, after removing duplicates.")                                \
    X(1308, "a key column's order in the store differs from the engine's",                                         \
      "Scans and audits walk the rows in key order, page by page; in another order they would skip rows. Keys compare\n"\
      "bytewise: text needs a binary collation, numbers must be kept as numbers, and a key cannot be NULL.")       \
    X(1309, "a field is mapped to a generated column",                                                             \
      "The store computes it, so nobody can write it. Map the columns it is computed from.")                       \
    X(1310, "a home is not an ordinary table",                                                                     \
      "Views and virtual tables give no row locks and no promise that what was written is read back. Name the table behind.")\
    X(1311, "a home's table has triggers",                                                                         \
      "A warning. A trigger that changes the row being written makes that push refused (the row is read back before commit);\n"\
      "one that changes rows of another home looks like a foreign write and halts. Drop it for the time of the migration,\n"\
      "or move what it does into the transaction.")                                                                \
    X(1312, "a store is not prepared for the engine",                                                              \
      "Versions need the column _gw_ver or the table _gw_side, and the fence needs the table _gw_fence.\n"         \
      "godwit engine prepare --plan prints the statements, godwit engine prepare runs them.")                      \
    X(1314, "deleting a row of a home changes rows of other tables",                                               \
      "A warning. A foreign key with ON DELETE or ON UPDATE CASCADE (or SET NULL) lets the store change rows by itself.\n"\
      "If these are rows of a home, the engine takes that for a foreign write. Delete them in the transaction itself, first.")
/* clang-format on */

#endif
