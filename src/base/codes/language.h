/** GW1xxx: the language. GW10xx lexer, parser, names, types · GW11xx cost, key sets · GW12xx homes · GW13xx catalog · GW14xx evolution. */
#ifndef GW_BASE_CODES_LANGUAGE_H
#define GW_BASE_CODES_LANGUAGE_H

/* clang-format off */
#define GW_CODES_LANGUAGE(X)                                                                                       \
    X(1001, "a character that no token begins with",                                                               \
      "Programs are UTF-8 text of names, numbers, strings, operators and comments (# to the end of the line).")    \
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
    X(1109, "a function is too large to compile",                                                                  \
      "Its code passes what 16-bit operands can address. Split it into several.")                                  \
    X(1110, "a key depends on too many reads in a row",                                                            \
      "Each step needs the answer of the one before, so each may wait for a store. Four are allowed. Pass keys\n"  \
      "as arguments, or walk the chain in a daemon, one txn per step.")                                            \
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
