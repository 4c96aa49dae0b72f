/** GW2xxx: the engine. GW20xx journal, ledger · GW21xx homes, onboarding, round trip · GW22xx fetch · GW24xx limits · GW25xx cluster · GW26xx halts · GW27xx damaged files. */
#ifndef GW_BASE_CODES_ENGINE_H
#define GW_BASE_CODES_ENGINE_H

/* clang-format off */
#define GW_CODES_ENGINE(X)                                                                                                  \
    X(2003, "the journal holds a record that this software does not know",                                                  \
      "A newer godwit wrote this journal. Records are never skipped, because each one may change the state.\n"              \
      "Start the version that wrote it, or a newer one.")                                                                   \
    X(2106, "a row did not come back as it was written",                                                                    \
      "The round-trip gate reads the first row of every shape back inside the store's transaction. What came back\n"        \
      "differs from what was sent, so the write was rolled back: the column loses something (precision, length, case,\n"    \
      "trailing blanks, time zone). The message names the field, what was sent and what was read. Change the column or\n"   \
      "the mapping; the row waits and is tried again with `godwit engine retry`.")                                          \
    X(2107, "a value in a store is not what its column type says",                                                          \
      "A row could not be read as the home declares it: the message names row, column and value. Only this key stops.\n"    \
      "Correct the row in the store, or give the key's image in a file to `godwit engine resolve`.")                        \
    X(2108, "a mapping function did not give a value",                                                                      \
      "A `via` or `where` function ended with an abort (overflow, range) for this row. Test it with the values shown:\n"    \
      "forward and inverse must hold for every value that the column and the field can have.")                              \
    X(2109, "an image rebuilt from its homes has another hash",                                                             \
      "Every home shows what was acknowledged, yet the fields read back from them give another image. A `via` whose\n"      \
      "inverse is not exact, or damage. Nothing was changed. Check the mapping of this entity.")                            \
    X(2110, "arguments do not fit the function",                                                                            \
      "Number or types of the arguments are not the parameters'. `godwit engine check` prints every function's parameters.")\
    X(2111, "a store's address is not set",                                                                                 \
      "The program names the address as env:NAME and the environment has no NAME. Export it, or write file:PATH.")          \
    X(2112, "stores changed their order or their address",                                                                  \
      "A program that replaces another may add stores behind the existing ones, not remove, reorder or move them while\n"   \
      "the engine runs: what was written to one place is not in another. Stop it, move the data, and start again.")         \
    X(2114, "no such phase",                                                                                                \
      "The phases are observe, own, backfill, verified, flip, drain and release.")                                          \
    X(2115, "a phase's conditions are not met",                                                                             \
      "Every move has conditions, each shown with its number: keys not onboarded yet, rows not written yet, no clean audit\n"\
      "since. Nothing was changed; the move is taken as soon as they hold. Exit code 4.")                                   \
    X(2116, "atomic_push is not built yet",                                                                                 \
      "The program asks that the rows of one txn reach a store in one transaction of that store. This version writes\n"     \
      "rows of several txns together and newer versions in place of older ones, so it cannot promise that. Take\n"          \
      "`atomic_push` out; what the ledger holds is atomic in any case.")                                                    \
    X(2201, "a row could not be read from its store",                                                                       \
      "The call, or view, needs a row that is not resident, and its home did not give it: unreachable, timeout, denied,\n"  \
      "malformed, type_mismatch, too_large. The call had no effect. Repeat it when the store answers: `godwit engine status`.")\
    X(2202, "no such function",                                                                                             \
      "The program in force has no txn (for calls) or view (for views) of this name. `godwit engine check FILE` lists them.")\
    X(2203, "a store is parked",                                                                                            \
      "The store failed for longer than the limit, or a person parked it. Rows wait in the ledger, nothing is dropped;\n"   \
      "calls that need rows from it fail, others go on. It is unparked when it answers, or by `godwit engine unpark`.")     \
    X(2204, "this index is not durable yet",                                                                                \
      "The view asked for a state at least as new as an index that has not been reached. Ask again.")                       \
    X(2205, "no history for collections",                                                                                   \
      "`as_of` walks rows back by their recent patches. Tables, indexes and counters keep none: ask without `as_of`.")      \
    X(2206, "no such entity",                                                                                               \
      "The program in force declares no entity of this name.")                                                              \
    X(2207, "no such store",                                                                                                \
      "The program in force declares no store of this name.")                                                               \
    X(2208, "no such daemon",                                                                                               \
      "The program in force declares no daemon of this name.")                                                              \
    X(2209, "no program is in force",                                                                                       \
      "Deploy one: `godwit engine run FILE`.")                                                                              \
    X(2410, "no such index or counter",                                                                                     \
      "The program in force declares none of this name.")                                                                   \
    X(2411, "an index cannot be unique",                                                                                    \
      "Two rows have the same value. The build stops there; the message names the row. Correct one of them.")               \
    X(2412, "a counter overflows",                                                                                          \
      "The sum over the rows does not fit the counter's type. Declare a wider one.")                                        \
    X(2413, "this slice was built already",                                                                                 \
      "Two builders asked for the same slice; one of them was enough.")                                                     \
    X(2414, "an index waits until every row is known",                                                                      \
      "A unique index or a counter would lie while rows are not onboarded. It goes on when the entity reached `verified`.") \
    X(2429, "a limit is reached, slow down",                                                                                \
      "Rows wait to be written to a store, or calls wait to be decided, up to the configured limit. Nothing of this request\n"\
      "happened. Wait as long as Retry-After says and repeat it. `godwit engine status` shows which store is slow.")        \
    X(2430, "too many Idempotency-Keys are kept",                                                                           \
      "Keys are kept for 24 hours and never forgotten early, because a forgotten key could run twice. Raise the limit\n"    \
      "idem_max, use sessions, or wait.")                                                                                   \
    X(2431, "no such session",                                                                                              \
      "The session expired (unused for 24 hours of journal time) or was never opened. Open a new one; the outcome of calls\n"\
      "under the old one that were never answered is unknown: read before repeating.")                                      \
    X(2432, "an Idempotency-Key was used with another body",                                                                \
      "The key stands for another function or other arguments. Use a new key for a new request.")                           \
    X(2433, "too many sessions are open",                                                                                   \
      "Close or reuse sessions; idle ones expire.")                                                                         \
    X(2434, "the outcome of this call is unknown",                                                                          \
      "The session kept newer results and forgot this one. It is not run again. Read the data before deciding what to do.") \
    X(2435, "no such limit",                                                                                                \
      "`godwit engine status --json` lists the limits.")                                                                    \
    X(2436, "too large for the journal",                                                                                    \
      "One request is one record, and a record lies in one batch of 1 MiB. Nothing happened. Send less at a time; a\n"      \
      "program's text must fit as well.")                                                                                   \
    X(2437, "a limit out of its bounds",                                                                                    \
      "ring is 1 to 16, halt_scope 0 to 2, and session_ns and idem_ns at most ten years. No limit was changed.")            \
    X(2440, "no such daemon in the program",                                                                                \
      "The daemon's name, or its id, is not one of the program in force.")                                                  \
    X(2441, "too many daemons",                                                                                             \
      "At most 1,024 run at a time. Stop or finish some.")                                                                  \
    X(2442, "the daemon is not in a state for this",                                                                        \
      "Pause needs a running daemon, resume a paused or parked one. `godwit engine status` shows each.")                    \
    X(2443, "the daemon belongs to another program",                                                                        \
      "It was started under a program that is no longer in force. Start the new one with `follows`, or stop it.")           \
    X(2444, "the daemon waits",                                                                                             \
      "It has nothing to do until what it waits for has happened.")                                                         \
    X(2445, "no daemon waits for this page",                                                                                \
      "The page was read for a daemon that moved on meanwhile. It is read again.")                                          \
    X(2450, "no older versions of collections",                                                                             \
      "Tables, indexes and counters keep no history: ask without `as_of`.")                                                 \
    X(2504, "the clock jumped",                                                                                             \
      "The wall clock moved more than a minute further than time passed. Calls go on; timers wait 10 seconds so that a\n"   \
      "person can stop what they would start. A clock set back freezes journal time until it has caught up.")               \
    X(2506, "the store belongs to another installation",                                                                    \
      "The fence in the store carries the id of another godwit. Two installations must not write to one store. If the\n"    \
      "other one is gone for good, start with --take-over and its id.")                                                     \
    X(2507, "the store is fenced by a newer epoch",                                                                         \
      "Another run of this installation has taken the lead since. This one must not write and ends.")                       \
    X(2601, "halted on a foreign change",                                                                                   \
      "Somebody else wrote to a row that godwit owns, or it is not as it was acknowledged. Nothing was overwritten.\n"      \
      "`godwit engine halt` shows expected and actual field by field; `godwit engine resolve` decides; `--resume` goes on.")\
    X(2602, "no such open halt",                                                                                            \
      "The number is not on the halt list, or the finding is resolved already.")                                            \
    X(2603, "the halt is about another key",                                                                                \
      "Number and key do not belong together: look at `godwit engine halt show`.")                                          \
    X(2604, "the row that was shown is not the one found",                                                                  \
      "The finding is about another image than the one named. Look again before deciding.")                                 \
    X(2605, "a newer version waits to be written",                                                                          \
      "Taking the actual row gives up a version that was decided and not written yet. Say --drop-pending if that is meant.")\
    X(2606, "the key's value is not resident",                                                                              \
      "Warm the key first: `godwit engine warm`.")                                                                          \
    X(2607, "onboarding could not decide this key",                                                                         \
      "The copies differ and the entity's rule rejected them. Give the image in a file: --take FILE.")                      \
    X(2608, "this image does not fit",                                                                                      \
      "A type, a unique index or a counter refuses the image.")                                                             \
    X(2609, "halts are open",                                                                                               \
      "Resolve every finding on the list before resuming.")                                                                 \
    X(2610, "no such move between phases",                                                                                  \
      "Phases move one step forward or back. `godwit engine phase` shows where each entity is.")                            \
    X(2611, "this phase is not built yet",                                                                                  \
      "This version reaches `flip` and back; drain and release come with the next.")                                        \
    X(2612, "the entity has left the phase that was shown",                                                                 \
      "Somebody else moved it. Look again.")                                                                                \
    X(2613, "a phase's condition does not hold",                                                                            \
      "The numbers changed between the question and the record. Look again.")                                               \
    X(2615, "a store went back",                                                                                            \
      "The fence in the store is older than the one that was set: an older state was restored, or a lagging replica answers.\n"\
      "Everything stops; nothing is written. Find out which state is right; unpark the store to fence it again, then audit.")\
    X(2620, "the audit stands at another row",                                                                              \
      "Two auditors asked for the same page; one of them was enough.")                                                      \
    X(2621, "this page does not fit its home",                                                                              \
      "A page came back in another order than the home's keys. Check the collation of the key columns.")                    \
    X(2701, "a segment of a log is damaged",                                                                                \
      "Bytes of a journal, capture stream or audit trail do not read as they were written, and they are not the\n"          \
      "unfinished end that a crash leaves behind: data that was acknowledged may have changed. The message names\n"         \
      "the segment file, the byte range and what does not fit. Nothing was changed.\n"                                      \
      "Check the disk, keep a copy of the folder, and put back the segment from a backup or from another node:\n"           \
      "the hash chain proves that it is the right one. Never delete a segment to get past this message.")                   \
    X(2702, "a segment belongs to another cluster or to another kind of log",                                               \
      "The head of the segment names another cluster, or another kind of log, than this state folder's.\n"                  \
      "Most likely a folder was copied or mounted in the wrong place. Nothing was changed. Point --state to the\n"          \
      "right folder, or put the right segments back.")                                                                      \
    X(2703, "the journal's disk is full",                                                                                   \
      "No room for another segment. Calls answer BUSY, views go on, nothing is damaged. It resumes when space returns.")    \
    X(2704, "a journal record has no effect on replay",                                                                     \
      "The record changed the state when it was written and does not now: the state it is applied to, or this software,\n"  \
      "differs from what was. Nothing was changed. Start from an older checkpoint, or the version that wrote it.")          \
    X(2705, "a checkpoint is damaged",                                                                                      \
      "Its manifest or its data do not have the hash that was written. It is passed over; an older one and the journal\n"   \
      "serve. Check the disk.")                                                                                             \
    X(2706, "no checkpoint could be written",                                                                               \
      "The message says why. The engine goes on; the journal is kept until a checkpoint succeeds.")                         \
    X(2707, "state and journal do not meet",                                                                                \
      "The newest state that can be trusted ends before the oldest batch that the journal still holds, or behind the\n"     \
      "newest: a checkpoint is damaged or gone, or a part of the journal is. Going on would lose what was acknowledged,\n"  \
      "so nothing was opened. Put the missing checkpoint or segments back from a copy of the state folder.")
/* clang-format on */

#endif
