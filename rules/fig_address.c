/*
 * The parsers of fig_address.h.  Strict, because what two programs read in two
 * ways is how requests get lost: no leading zeros, no hexadecimal or short
 * IPv4 addresses, no zones, no empty labels.
 */

#include "fig_address.h"

#include <arpa/inet.h>
#include <stdio.h>


#define FIG_HOST_MAX   253
#define FIG_LABEL_MAX  63


static bool
fig_is_digits(fig_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }

    return text.len > 0;
}


/* inet_pton() for counted text. */

static bool
fig_inet_pton(int family, fig_str_t text, void *addr)
{
    char  buf[INET6_ADDRSTRLEN];

    if (text.len >= sizeof(buf) || memchr(text.data, '\0', text.len) != NULL) {
        return false;
    }

    memcpy(buf, text.data, text.len);
    buf[text.len] = '\0';

    return inet_pton(family, buf, addr) == 1;
}


static void
fig_lower_copy(char *out, fig_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        out[i] = (char) fig_lower((unsigned char) text.data[i]);
    }
}


static bool
fig_host_check_label(fig_str_t label, size_t offset, fig_fault_t *fault)
{
    size_t         i;
    unsigned char  c;

    if (label.len == 0) {
        return fig_fault(fault, "has no valid host name: a part is empty",
                         NULL);
    }

    if (label.len > FIG_LABEL_MAX) {
        return fig_fault_at(fault, offset, label.len,
                            "has a host name with a part of more than 63 "
                            "characters", NULL);
    }

    for (i = 0; i < label.len; i++) {
        c = fig_lower((unsigned char) label.data[i]);

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
            || (c == '-' && i > 0 && i + 1 < label.len))
        {
            continue;
        }

        if (c == '*') {
            return fig_fault_at(fault, offset + i, 1,
                                "has \"*\" where it cannot stand",
                                "say *.example.com, and only in a match");
        }

        return fig_fault_at(fault, offset + i, 1, "has no valid host name",
                            c >= 0x80 ? "write an international name in its "
                                        "ASCII form (xn--...)" : NULL);
    }

    return true;
}


/* A host name, or an IPv4 address where it looks like one. */

static bool
fig_host_check(fig_str_t host, fig_addr_kind_t *kind, fig_fault_t *fault)
{
    size_t          i, from;
    fig_str_t       label;
    unsigned char   addr[4];

    if (host.len == 0) {
        return fig_fault(fault, "has no host", NULL);
    }

    if (host.len > FIG_HOST_MAX) {
        return fig_fault(fault, "has a host name of more than 253 characters",
                         NULL);
    }

    label = host;

    for (from = 0, i = 0; i <= host.len; i++) {
        if (i < host.len && host.data[i] != '.') {
            continue;
        }

        label = fig_str(host.data + from, i - from);

        if (!fig_host_check_label(label, from, fault)) {
            return false;
        }

        from = i + 1;
    }

    *kind = FIG_ADDR_NAME;

    if (fig_is_digits(label)
        || (label.len >= 2 && label.data[0] == '0'
            && fig_lower((unsigned char) label.data[1]) == 'x'))
    {
        *kind = FIG_ADDR_IPV4;

        if (!fig_inet_pton(AF_INET, host, addr)) {
            return fig_fault(fault, "has no valid IPv4 address", NULL);
        }
    }

    return true;
}


static fig_str_t
fig_host_trim_dot(fig_str_t host)
{
    if (host.len > 1 && host.data[host.len - 1] == '.') {
        host.len--;
    }

    return host;
}


static bool
fig_host_is_url(fig_str_t host)
{
    size_t  i;

    for (i = 0; i + 2 < host.len; i++) {
        if (memcmp(host.data + i, "://", 3) == 0) {
            return true;
        }
    }

    return false;
}


static bool
fig_port_parse(fig_str_t text, uint16_t *port, fig_fault_t *fault)
{
    int64_t  value;

    if (!fig_scalar_int(text, 1, 65535, &value, fault)) {
        return fig_fault(fault, "has no valid port",
                         "a port is a number from 1 to 65535");
    }

    *port = (uint16_t) value;

    return true;
}


/* "[addr]" at the beginning of text: *len is its length with the brackets. */

static bool
fig_brackets_parse(fig_str_t text, fig_str_t *host, size_t *len,
    fig_fault_t *fault)
{
    const char     *end;
    unsigned char   addr[16];

    end = memchr(text.data, ']', text.len);
    if (end == NULL) {
        return fig_fault(fault, "has a \"[\" without \"]\"", NULL);
    }

    *len = (size_t) (end - text.data) + 1;
    *host = fig_str(text.data + 1, *len - 2);

    if (!fig_inet_pton(AF_INET6, *host, addr)) {
        return fig_fault(fault, "has no valid IPv6 address in its brackets",
                         NULL);
    }

    return true;
}


bool
fig_authority_parse(fig_str_t text, char *out, fig_authority_t *authority,
    fig_fault_t *fault)
{
    size_t       len;
    fig_str_t    host;
    const char  *colon;

    memset(authority, 0, sizeof(fig_authority_t));

    if (fig_host_is_url(text)) {
        return fig_fault(fault, "must be a host, not a URL",
                         "leave http:// out");
    }

    if (text.len > 0 && text.data[0] == '[') {
        if (!fig_brackets_parse(text, &host, &len, fault)) {
            return false;
        }

        authority->kind = FIG_ADDR_IPV6;

        if (len < text.len && text.data[len] != ':') {
            return fig_fault(fault, "has something between \"]\" and \":\"",
                             NULL);
        }

    } else {
        colon = (text.len > 0) ? memchr(text.data, ':', text.len) : NULL;
        len = (colon != NULL) ? (size_t) (colon - text.data) : text.len;
        host = fig_host_trim_dot(fig_str(text.data, len));

        if (colon != NULL
            && memchr(colon + 1, ':', text.len - len - 1) != NULL)
        {
            return fig_fault(fault, "has more than one \":\"",
                             "an IPv6 address stands in brackets: [::1]");
        }

        if (!fig_host_check(host, &authority->kind, fault)) {
            return false;
        }
    }

    if (len < text.len) {
        authority->has_port = true;

        if (!fig_port_parse(fig_str(text.data + len + 1, text.len - len - 1),
                            &authority->port, fault))
        {
            return false;
        }
    }

    fig_lower_copy(out, host);
    authority->host = fig_str(out, host.len);

    return true;
}


static bool
fig_server_parse_unix(fig_str_t path, char *out, fig_server_t *server,
    fig_fault_t *fault)
{
    /* nginx ends the path with a colon where a URI may follow */

    if (path.len > 0 && path.data[path.len - 1] == ':') {
        path.len--;
    }

    if (path.len < 2 || path.data[0] != '/') {
        return fig_fault(fault, "has no absolute socket path",
                         "write http://unix:/run/orders.sock");
    }

    if (path.len > FIG_UNIX_PATH_MAX) {
        return fig_fault(fault, "has a socket path of more than 107 bytes",
                         NULL);
    }

    if (!fig_scalar_field(path, fault)) {
        return false;
    }

    memcpy(out, path.data, path.len);
    server->kind = FIG_ADDR_UNIX;
    server->host = fig_str(out, path.len);
    server->port = 0;

    return true;
}


static bool
fig_server_check_rest(fig_str_t rest, fig_fault_t *fault)
{
    size_t  i;

    /* told first, and without any of it: it may hold the other signs too */

    if (rest.len > 0 && memchr(rest.data, '@', rest.len) != NULL) {
        return fig_fault(fault, "must not hold credentials",
                         "set an Authorization header with \"headers\" of "
                         "the route");
    }

    for (i = 0; i < rest.len; i++) {
        if (rest.data[i] == '/') {
            return fig_fault(fault, "must not have a path",
                             rest.len == i + 1
                             ? "leave out the slash at the end"
                             : "a route changes paths with \"rewrite\"");
        }

        if (rest.data[i] == '?' || rest.data[i] == '#') {
            return fig_fault(fault, "must not have a query or fragment", NULL);
        }
    }

    return true;
}


bool
fig_server_parse(fig_str_t text, char *out, fig_server_t *server,
    fig_fault_t *fault)
{
    fig_str_t        rest;
    fig_authority_t  authority;

    if (text.len >= 7 && memcmp(text.data, "http://", 7) == 0) {
        server->https = false;
        rest = fig_str(text.data + 7, text.len - 7);

    } else if (text.len >= 8 && memcmp(text.data, "https://", 8) == 0) {
        server->https = true;
        rest = fig_str(text.data + 8, text.len - 8);

    } else {
        return fig_fault(fault, "must begin with http:// or https://",
                         "write http://127.0.0.1:9001");
    }

    if (rest.len >= 5 && memcmp(rest.data, "unix:", 5) == 0) {
        return fig_server_parse_unix(fig_str(rest.data + 5, rest.len - 5), out,
                                     server, fault);
    }

    if (!fig_server_check_rest(rest, fault)
        || !fig_authority_parse(rest, out, &authority, fault))
    {
        fault->len = 0;
        return false;
    }

    server->host = authority.host;
    server->kind = authority.kind;
    server->port = authority.has_port ? authority.port
                                      : (server->https ? 443 : 80);

    return true;
}


bool
fig_hostname_parse(fig_str_t text, char *out, fig_hostname_t *hostname,
    fig_fault_t *fault)
{
    size_t           len;
    fig_str_t        host, name;
    fig_addr_kind_t  kind;

    host = fig_host_trim_dot(text);
    hostname->wildcard = false;

    if (host.len == 1 && host.data[0] == '*') {
        return fig_fault(fault, "must name a host",
                         "leave \"host\" out to match every host");
    }

    if (fig_host_is_url(host)) {
        return fig_fault(fault, "must be a host, not a URL",
                         "leave http:// out");
    }

    if (host.len > 0 && host.data[0] == '[') {
        if (!fig_brackets_parse(host, &name, &len, fault)) {
            return false;
        }

        if (len != host.len) {
            return fig_fault(fault, "must not have a port",
                             "ports are ignored when hosts are matched");
        }

    } else {
        if (host.len > 0 && memchr(host.data, ':', host.len) != NULL) {
            return fig_fault(fault, "must not have a port",
                             "ports are ignored when hosts are matched");
        }

        name = host;

        if (host.len > 2 && host.data[0] == '*' && host.data[1] == '.') {
            hostname->wildcard = true;
            name = fig_str(host.data + 2, host.len - 2);
        }

        if (!fig_host_check(name, &kind, fault)) {
            if (fault->len > 0) {
                fault->offset += hostname->wildcard ? 2 : 0;
            }

            return false;
        }

        if (hostname->wildcard && kind != FIG_ADDR_NAME) {
            return fig_fault(fault, "has no valid host name", NULL);
        }
    }

    fig_lower_copy(out, host);
    hostname->source = fig_str(out, host.len);
    hostname->text = hostname->source;

    if (hostname->wildcard) {
        hostname->text = fig_str(out + 1, host.len - 1);
    }

    return true;
}


bool
fig_addr_parse(fig_str_t text, fig_addr_t *addr, fig_fault_t *fault)
{
    static const unsigned char  mapped[12] = { 0, 0, 0, 0, 0, 0,
                                               0, 0, 0, 0, 0xff, 0xff };

    memset(addr, 0, sizeof(fig_addr_t));

    if (fig_inet_pton(AF_INET, text, addr->addr)) {
        addr->family = 4;
        return true;
    }

    if (!fig_inet_pton(AF_INET6, text, addr->addr)) {
        return fig_fault(fault, "is no IP address", NULL);
    }

    addr->family = 6;

    if (memcmp(addr->addr, mapped, sizeof(mapped)) == 0) {
        addr->family = 4;
        memmove(addr->addr, addr->addr + 12, 4);
        memset(addr->addr + 4, 0, 12);
    }

    return true;
}


/* Clears what is beyond the prefix; false when there was something. */

static bool
fig_cidr_mask(fig_cidr_t *cidr)
{
    bool     clean;
    size_t   i, n, keep;
    uint8_t  mask;

    clean = true;
    n = (cidr->net.family == 4) ? 4 : 16;

    for (i = 0; i < n; i++) {
        keep = (cidr->bits > i * 8) ? cidr->bits - i * 8 : 0;
        mask = (keep >= 8) ? 0xff : (uint8_t) (0xff00u >> keep);

        if (cidr->net.addr[i] & (uint8_t) ~mask) {
            clean = false;
            cidr->net.addr[i] &= mask;
        }
    }

    return clean;
}


bool
fig_cidr_parse(fig_str_t text, fig_cidr_t *cidr, fig_fault_t *fault)
{
    bool         mapped;
    char         hint[FIG_FAULT_TEXT], net[INET6_ADDRSTRLEN];
    int64_t      bits, max;
    fig_str_t    addr;
    const char  *slash;

    slash = (text.len > 0) ? memchr(text.data, '/', text.len) : NULL;
    addr = fig_str(text.data,
                   slash != NULL ? (size_t) (slash - text.data) : text.len);

    if (!fig_addr_parse(addr, &cidr->net, fault)) {
        return fig_fault(fault, "is no network",
                         "write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32");
    }

    mapped = cidr->net.family == 4 && memchr(addr.data, ':', addr.len) != NULL;
    max = (cidr->net.family == 6 || mapped) ? 128 : 32;
    bits = max;

    if (slash != NULL
        && !fig_scalar_int(fig_str(slash + 1, text.len - addr.len - 1),
                           mapped ? 96 : 0, max, &bits, fault))
    {
        return fig_fault(fault, "has no valid prefix length",
                         "a number of bits: up to 32, for IPv6 up to 128");
    }

    cidr->bits = (uint8_t) (mapped ? bits - 96 : bits);

    if (!fig_cidr_mask(cidr)) {
        inet_ntop(cidr->net.family == 4 ? AF_INET : AF_INET6, cidr->net.addr,
                  net, sizeof(net));
        snprintf(hint, sizeof(hint), "write %s/%u", net, cidr->bits);

        return fig_fault(fault, "has bits beyond its prefix length", hint);
    }

    return true;
}
