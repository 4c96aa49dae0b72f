/** GW7xxx: server, command line, configuration. GW9xxx: bugs. */
#ifndef GW_BASE_CODES_SERVER_H
#define GW_BASE_CODES_SERVER_H

/* clang-format off */
#define GW_CODES_SERVER(X)                                                                                                       \
    X(7101, "not JSON",                                                                                                          \
      "The text breaks the rules of RFC 8259 at the line and column shown. godwit reads strictly, so that no two programs\n"     \
      "can understand one text differently. Texts and names stand in double quotes; there is no NaN, no +1, no .5, no 01;\n"     \
      "control characters and halves of surrogate pairs are refused. Comments and trailing commas are for configuration\n"       \
      "files only. Put right what stands at the place shown.")                                                                   \
    X(7102, "a name stands twice in one JSON object",                                                                            \
      "Programs differ in which of the two they believe, so neither is taken. Names are compared after escapes are\n"            \
      "resolved: \"a\" and \"\\u0061\" are the same. Remove one of them.")                                                       \
    X(7103, "JSON is nested too deeply",                                                                                         \
      "Arrays and objects inside each other have a bound, 64 unless said otherwise. Send a flatter document.")                   \
    X(7111, "unknown configuration key",                                                                                         \
      "The key at the place shown is not one that godwit knows here. Nothing is ignored silently, since a misspelt limit\n"      \
      "would not be a limit. If a known key is spelt almost the same, the hint names it.")                                       \
    X(7112, "a configuration value is of the wrong kind",                                                                        \
      "The message says what the key takes. Durations are texts such as \"300ms\" or \"1h30m\"; sizes are numbers of bytes or\n" \
      "texts such as \"64KiB\", \"2MiB\", \"1GiB\".")                                                                            \
    X(7113, "a configuration value is out of its range",                                                                         \
      "The message names the smallest and the largest value that the key takes. Choose one between them.")                       \
    X(7114, "a configuration key is missing",                                                                                    \
      "The key has no default, so it must be given in the file, the environment or on the command line.")                        \
    X(7201, "unknown command", \
      "The word is not a command, or not a verb of that machine. `godwit --help` and `godwit MACHINE --help` list them.") \
    X(7202, "unknown flag", \
      "The command does not take this flag. Nothing was done. `godwit COMMAND --help` lists the flags it takes.") \
    X(7203, "arguments are missing, or too many", \
      "The command was called with other arguments than it takes. Nothing was done. `godwit COMMAND --help` shows examples.") \
    X(7204, "not a number", \
      "The flag takes a whole number without unit or sign.") \
    X(7205, "output could not be written", \
      "stdout refused what the command had to say: its disk is full, or its reader has gone. What the command did to the\n" \
      "engine or to a store is done; only its report is lost.") \
    X(7206, "no such name", \
      "The error code, function or other name on the command line is not known. The hint names the nearest one.") \
    X(7207, "a file could not be read", \
      "The file named on the command line is absent, not readable, or larger than the limit for its kind.") \
    X(7208, "no engine answers", \
      "The command asks a running engine, and nobody answers at the address shown. Start one with\n" \
      "`godwit engine run FILE --state DIR`, or name the right one with --state DIR or --server ADDR.") \
    X(7209, "the engine's answer was not understood", \
      "Something else than an engine of this version answers at that address, or the connection broke in mid-answer. Look\n" \
      "at what listens there; compare `godwit version` on both sides.") \
    X(7210, "this store is not built in", \
      "The program names a kind of store whose connector is not part of this binary. `godwit version --features` lists\n" \
      "what is; `godwit doctor` prints the line that installs the missing library before godwit is built again.") \
    X(7211, "the demo does not balance", \
      "The table shows in which row. Run it again with the same --seed and --keep, and report the folder that it names:\n" \
      "acknowledged payments, journal and databases are all in it.") \
    X(7301, "a frame of the wire protocol is malformed", \
      "A frame holds one canonical CBOR array of five items, as docs/formats.md#wire has it. The message names the byte.\n" \
      "The server answers and closes the connection, because it cannot know where the next frame begins. Calls that were\n" \
      "sent before are decided; repeat those without an answer under the same client and seq.") \
    X(7302, "a frame of the wire protocol is too large", \
      "The length in front of a frame is 0 or above the bound: a request 1 MiB, an answer 8 MiB. Most likely the other side\n" \
      "speaks another protocol on this socket.") \
    X(7303, "the request does not fit", \
      "A member, argument or key is missing, unknown or of another type; the message names it. Numbers may be given as JSON\n" \
      "numbers or texts; arguments as an object by name or an array in order. Nothing was done.") \
    X(7304, "the connection did not begin with a hello that this server knows", \
      "The first frame of a wire connection is HELLO with the version of the protocol. Client and server must be of versions\n" \
      "that speak the same one.") \
    X(7305, "nothing is at this path, or not for this method", \
      "The paths of the HTTP interface are listed in src/api/README.md. Reads are GET, everything else is POST.") \
    X(7306, "the identity of a call is malformed", \
      "A repeatable call carries either an Idempotency-Key, or the client of POST /v1/sessions and a seq. The same identity\n" \
      "with the same body is never done twice; `Prefer: respond-async` needs an Idempotency-Key.") \
    X(7307, "no result waits under this key", \
      "Results of respond-async are found by the server that took the call, for its last 1024. Repeat the call with the same\n" \
      "Idempotency-Key and body: when it was decided, its result comes back, and it is not done twice.") \
    X(7308, "the journal holds no batch with this index", \
      "It is newer than the newest, or it was removed with an old segment.") \
    X(7309, "a stale plan", \
      "Another program came into force since the plan was made, or the server was started again. Plan again, look, deploy.") \
    X(7310, "a token is needed", \
      "The server has a tokens file. Send `Authorization: Bearer TOKEN` (HTTP), or the token in HELLO (wire). Only the\n" \
      "SHA-256 sums of tokens are known here.") \
    X(7311, "the tokens file is refused", \
      "It is {\"tokens\": [{\"name\", \"role\", \"sha256\" or \"token\": \"env:NAME\" or \"file:PATH\", \"calls\": […]}]}; roles are\n" \
      "view, data, operate. Nothing was started, so that no right is given by mistake.") \
    X(7312, "the role does not suffice", \
      "Roles are view < data < operate. Calls need operate, or the function's name in the token's `calls`.") \
    X(7313, "listening beyond this machine needs tokens", \
      "Without a tokens file everybody who reaches the server may operate; so only loopback and unix sockets are listened on.") \
    X(7314, "the path of the socket is too long", \
      "The kernel takes 107 bytes. Choose another path for the socket, or a shorter state folder.") \
    X(7315, "too many listeners", \
      "64 clients listen to server-sent events already. One connection may carry all topics.") \
    X(9001, "a bug in godwit",                                                                                                   \
      "An assertion failed, and the process stopped before a wrong state could be stored. What was acknowledged\n"               \
      "is in the journal. Please report the line that was printed, with the journal index if one was named.")
/* clang-format on */

#endif
