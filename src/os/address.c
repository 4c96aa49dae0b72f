#include "os/address.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/int.h"

static gw_rc refuse(struct gw_text text, const char *why, struct gw_err *err)
{
    gw_rc rc = GW_FAIL(err, GW_INVALID, "address '%.*s': %s", (int)GW_MIN(text.len, (size_t)120),
                       text.data, why);
    gw_err_hint(err, "write tcp:HOST:PORT, tcp:[::1]:PORT or unix:/path/to/socket");
    return rc;
}

static bool strip(struct gw_text *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->data, prefix, len) != 0)
        return false;
    text->data += len;
    text->len -= len;
    return true;
}

static gw_rc parse_tcp(struct gw_text all, struct gw_text rest, struct gw_address *ret,
                       struct gw_err *err)
{
    const char *colon = rest.len ? memrchr(rest.data, ':', rest.len) : NULL;
    if (colon == NULL)
        return refuse(all, "the port is missing", err);
    struct gw_text host = {rest.data, (size_t)(colon - rest.data)};
    struct gw_text port = {colon + 1, rest.len - host.len - 1};
    bool bracketed = host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (bracketed) {
        host = (struct gw_text){host.data + 1, host.len - 2};
    } else if (memchr(host.data, ':', host.len)) {
        return refuse(all, "an IPv6 address stands in brackets", err);
    }
    gw_u128 number = 0;
    if (!gw_u128_parse(port, &number) || number > UINT16_MAX)
        return refuse(all, "the port is not a number from 0 to 65535", err);
    if (host.len == 0 || host.len >= GW_ADDRESS_HOST_MAX || memchr(host.data, 0, host.len))
        return refuse(all, "the host is empty or too long", err);
    struct gw_address address = {.kind = GW_ADDRESS_TCP, .port = (uint16_t)number};
    memcpy(address.host, host.data, host.len);
    *ret = address;
    return GW_OK;
}

gw_rc gw_address_parse(struct gw_text text, struct gw_address *ret, struct gw_err *err)
{
    struct gw_text rest = text;
    if (!strip(&rest, "unix:")) {
        (void)strip(&rest, "tcp:");
        return parse_tcp(text, rest, ret, err);
    }
    if (rest.len == 0 || rest.len > GW_ADDRESS_PATH_MAX || memchr(rest.data, 0, rest.len))
        return refuse(text, "the path of a socket has 1 to 107 bytes", err);
    struct gw_address address = {.kind = GW_ADDRESS_UNIX};
    memcpy(address.host, rest.data, rest.len);
    *ret = address;
    return GW_OK;
}

size_t gw_address_text(const struct gw_address *address, char *ret)
{
    bool six = strchr(address->host, ':') != NULL;
    int len = 0;
    switch (address->kind) {
    case GW_ADDRESS_NONE:
        len = snprintf(ret, GW_ADDRESS_TEXT_MAX, "none");
        break;
    case GW_ADDRESS_TCP:
        len = snprintf(ret, GW_ADDRESS_TEXT_MAX, six ? "tcp:[%s]:%u" : "tcp:%s:%u", address->host,
                       (unsigned)address->port);
        break;
    case GW_ADDRESS_UNIX:
        len = snprintf(ret, GW_ADDRESS_TEXT_MAX, "unix:%s", address->host);
        break;
    }
    return (size_t)len;
}

bool gw_address_is_local(const struct gw_address *address)
{
    struct in_addr four;
    struct in6_addr six;
    if (address->kind != GW_ADDRESS_TCP)
        return address->kind == GW_ADDRESS_UNIX;
    if (inet_pton(AF_INET, address->host, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, address->host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcmp(address->host, "localhost") == 0;
}
