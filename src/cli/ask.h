/**
 * Questions to a running engine: HTTP with JSON, over STATE/godwit.http (a unix socket that `engine run` serves) or
 * the address that --server names. The same requests anybody can make; docs: engine spec, section 10.
 */
#ifndef GW_CLI_ASK_H
#define GW_CLI_ASK_H

#include "cli/cli.h"

struct gw_cli_answer {
    uint16_t status;
    struct gw_json_doc doc; /* root NULL: no JSON */
    struct gw_text body;
};

/**
 * @method  "GET", "POST"   @path  origin form   @body  JSON or empty
 * @return  GW_OK also for an answer that refuses (see gw_cli_answer_check()); GW_UNREACHABLE GW7208; GW_INVALID GW7209
 */
GW_NODISCARD gw_rc gw_cli_ask_raw(struct gw_cli *cli, const char *method, const char *path,
                                  struct gw_text body, struct gw_cli_answer *ret,
                                  struct gw_err *err);
/** The problem that an answer of 400 and above holds, as an error; GW_OK for others. */
gw_rc gw_cli_answer_check(const struct gw_cli_answer *answer, struct gw_err *err);
/** Both: an answer of 400 and above is a failure. */
GW_NODISCARD gw_rc gw_cli_ask(struct gw_cli *cli, const char *method, const char *path,
                              struct gw_text body, struct gw_cli_answer *ret, struct gw_err *err);
/** One answer as it is, as the JSON output of the command: its members behind "format". */
void gw_cli_answer_json(struct gw_cli *cli, const struct gw_cli_answer *answer);
/** As text for a cell: numbers and texts as they are, "" for absent. In cli->arena. */
struct gw_text gw_cli_cell(struct gw_cli *cli, const struct gw_json *object, const char *name);
struct gw_text gw_cli_node_text(struct gw_cli *cli, const struct gw_json *node);
/** Percent-encoded for a path. */
struct gw_text gw_cli_url(struct gw_cli *cli, const char *text);
/** Arguments of the command line from `first` on as JSON: one object or array as written, or k=v pairs. */
GW_NODISCARD gw_rc gw_cli_args_json(struct gw_cli *cli, uint32_t first, struct gw_text *ret,
                                    struct gw_err *err);
/** {"reason": …} and further members given as name, value pairs; ends with NULL. Values are texts. */
struct gw_text gw_cli_object(struct gw_cli *cli, const char *const *pairs);

#endif
