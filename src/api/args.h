/**
 * JSON to what the engine takes, by the program's types: arguments, keys, images; and results back to JSON.
 * Everything lives in the arena given. Errors name the parameter, key or field at fault.
 */
#ifndef GW_API_ARGS_H
#define GW_API_ARGS_H

#include "codec/json.h"
#include "ledger/ledger.h"

/** Canonical array of arguments. @node  an object by parameter name, or an array in order; NULL: none */
GW_NODISCARD gw_rc gw_args_from_json(const struct gw_fn *fn, const struct gw_json *node,
                                     struct gw_arena *arena, struct gw_bytes *ret,
                                     struct gw_err *err);

/** Key bytes. @node  the value of the one key field; an array, or an object by name, when there are several */
GW_NODISCARD gw_rc gw_key_from_json(const struct gw_entity *entity, const struct gw_json *node,
                                    struct gw_arena *arena, struct gw_bytes *ret,
                                    struct gw_err *err);

/** As people write it in a path or on a command line: "4711", several parts with commas between: "7,x". */
GW_NODISCARD gw_rc gw_key_from_text(const struct gw_entity *entity, struct gw_text text,
                                    struct gw_arena *arena, struct gw_bytes *ret,
                                    struct gw_err *err);

/** An image from an object with every field. */
GW_NODISCARD gw_rc gw_image_from_json(const struct gw_entity *entity, const struct gw_json *node,
                                      struct gw_arena *arena, struct gw_bytes *ret,
                                      struct gw_err *err);

/**
 * The decided answer of a call, or of a view, as one JSON object: {"ok":…}, {"fail":…} or {"abort":…,"detail":…}.
 * @fn, @bytes  as the engine answered (request->out)
 */
GW_NODISCARD gw_rc gw_result_to_json(const struct gw_fn *fn, struct gw_bytes bytes,
                                     struct gw_arena *arena, struct gw_text *ret,
                                     struct gw_err *err);

#endif
