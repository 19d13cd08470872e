/*
 * `tls` of a backend: how its https servers are spoken to.
 *
 *     {verify, name, ca, cert, key}
 *
 * Paths are relative to the rules file.  Whether the files can be used is not
 * known here: whoever has a TLS library finds out.
 */

#include "fig_decode.h"


enum {
    FIG_TLS_VERIFY = 0,
    FIG_TLS_NAME,
    FIG_TLS_CA,
    FIG_TLS_CERT,
    FIG_TLS_KEY,
    FIG_TLS_KEYS
};


static const fig_key_t  fig_tls_keys[FIG_TLS_KEYS] = {
    { "verify", FIG_KEY_KNOWN, NULL },
    { "name", FIG_KEY_KNOWN, NULL },
    { "ca", FIG_KEY_KNOWN, NULL },
    { "cert", FIG_KEY_KNOWN, NULL },
    { "key", FIG_KEY_KNOWN, NULL },
};


/* The path with the directory of the file that names it; NUL-terminated. */

static void
fig_decode_tls_path(fig_load_t *load, const fig_pair_t *pair, const char *key,
    fig_str_t *path, fig_pos_t *pos)
{
    char       *out;
    size_t      dir;
    fig_str_t   text, file;

    if (pair == NULL || !fig_load_text(load, pair->value, key, &text)) {
        return;
    }

    if (memchr(text.data, '\0', text.len) != NULL) {
        fig_load_error(load, pair->value->pos, NULL,
                       "\"%s\" has a NUL byte", key);
        return;
    }

    *pos = pair->value->pos;

    file = fig_files_name(load->files, pos->file);
    dir = file.len;

    while (dir != 0 && file.data[dir - 1] != '/') {
        dir--;
    }

    if (text.data[0] == '/') {
        dir = 0;
    }

    out = fig_load_array(load, dir + text.len + 1, 1);
    if (out == NULL) {
        return;
    }

    memcpy(out, file.data, dir);
    memcpy(out + dir, text.data, text.len);

    *path = fig_str(out, dir + text.len);
}


static bool
fig_decode_tls_is_used(const fig_backend_t *backend)
{
    uint32_t  i;

    for (i = 0; i < backend->nservers; i++) {
        if (backend->servers[i].https) {
            return true;
        }
    }

    return false;
}


void
fig_decode_tls(fig_load_t *load, const fig_pair_t *pair,
    fig_backend_t *backend)
{
    uint64_t           errors;
    fig_tls_t         *tls;
    const fig_pair_t  *given[FIG_TLS_KEYS];

    tls = &backend->tls;
    errors = load->errors;

    if (!fig_load_is_map(load, pair->value, "tls",
                         "write {ca: ca.pem}, or {verify: false}")
        || !fig_load_keys(load, pair->value, "\"tls\"", fig_tls_keys,
                          FIG_TLS_KEYS, given))
    {
        return;
    }

    if (given[FIG_TLS_VERIFY] != NULL) {
        fig_load_bool(load, given[FIG_TLS_VERIFY]->value, "verify",
                      &tls->verify);
    }

    if (given[FIG_TLS_NAME] != NULL) {
        fig_load_host(load, given[FIG_TLS_NAME]->value, "name", false,
                      &tls->name);
    }

    fig_decode_tls_path(load, given[FIG_TLS_CA], "ca", &tls->ca, &tls->ca_pos);
    fig_decode_tls_path(load, given[FIG_TLS_CERT], "cert", &tls->cert,
                        &tls->cert_pos);
    fig_decode_tls_path(load, given[FIG_TLS_KEY], "key", &tls->key,
                        &tls->key_pos);

    /* a key that is only misspelt is not missing as well */

    if (load->errors != errors) {
        return;
    }

    if ((given[FIG_TLS_CERT] == NULL) != (given[FIG_TLS_KEY] == NULL)) {
        fig_load_error(load, pair->key->pos,
                       "a client certificate needs both, in PEM",
                       "\"tls\" has only one of \"cert\" and \"key\"");
    }

    if (backend->nservers != 0 && !fig_decode_tls_is_used(backend)) {
        fig_load_error(load, pair->key->pos,
                       "write https://, or leave \"tls\" out",
                       "\"tls\" without a server that is https");
    }
}
