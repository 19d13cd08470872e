/*
 * Random JSON text, always the same for a seed.
 *
 *     random_json_make()      a text that is right
 *     random_json_spoil()     one that most often is not any more
 */

#ifndef RANDOM_JSON_H
#define RANDOM_JSON_H

#include "fig_json_write.h"


typedef struct {
    uint64_t        state;
    fig_json_out_t  out;
} random_json_t;


static inline unsigned
random_json_below(random_json_t *random, unsigned n)
{
    random->state = random->state * UINT64_C(6364136223846793005)
                    + UINT64_C(1442695040888963407);

    return (unsigned) (random->state >> 33) % n;
}


static inline fig_str_t
random_json_pick(random_json_t *random, const char *const *texts, unsigned n)
{
    return fig_str_from(texts[random_json_below(random, n)]);
}


static inline void
random_json_scalar(random_json_t *random)
{
    static const char *const  scalars[] = {
        "null", "true", "false", "0", "-0", "1", "-1.5", "1e3", "2E-7", "0.10",
        "9007199254740993", "18446744073709551616", "123.456e+1", "\"\"",
        "\"text\"", "\"a longer text, without anything in it\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\uD83D\\uDE00x\"",
        "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"", "\"\\u0000\"",
        "\"long enough for words\\nwith an escape and more text\"",
    };

    fig_json_put_raw(&random->out, random_json_pick(random, scalars,
                                                    FIG_NELTS(scalars)));
}


static inline void
random_json_name(random_json_t *random)
{
    static const char *const  names[] = {
        "a", "b", "c", "id", "name", "\xc3\xbc", "with \"quotes\"", "", "x/y~z",
        "123", "price", "a rather long name of a member", "\n",
    };

    fig_json_put_key_str(&random->out, random_json_pick(random, names,
                                                        FIG_NELTS(names)));
}


static inline void
random_json_value(random_json_t *random, unsigned depth)
{
    bool      object;
    unsigned  n, kind;

    kind = random_json_below(random, 4);

    if (depth == 0 || kind < 2) {
        random_json_scalar(random);
        return;
    }

    object = (kind == 2);

    if (object) {
        fig_json_begin_object(&random->out);
    } else {
        fig_json_begin_array(&random->out);
    }

    for (n = random_json_below(random, 6); n > 0; n--) {
        if (object) {
            random_json_name(random);
        }

        random_json_value(random, depth - 1);
    }

    if (object) {
        fig_json_end_object(&random->out);
    } else {
        fig_json_end_array(&random->out);
    }
}


/* In random->out, until the next call. */

static inline fig_str_t
random_json_make(random_json_t *random)
{
    fig_json_out_reset(&random->out);
    random_json_value(random, 5);

    return fig_json_out_text(&random->out);
}


static inline fig_str_t
random_json_spoil(random_json_t *random)
{
    char      c, *data;
    size_t    at, len;
    unsigned  n;

    static const char  bytes[] = "{}[]:,\"\\ \n0123456789.-+eEunltf"
                                 "\x01\x80\xed";

    for (n = random_json_below(random, 3) + 1; n > 0; n--) {
        data = random->out.data;
        len = random->out.len;
        at = random_json_below(random, (unsigned) len);
        c = bytes[random_json_below(random, sizeof(bytes) - 1)];

        switch (random_json_below(random, 3)) {

        case 0:
            data[at] = c;
            break;

        case 1:
            if (len > 1) {
                memmove(data + at, data + at + 1, len - at - 1);
                random->out.len--;
            }

            break;

        default:
            if (len < random->out.size) {
                memmove(data + at + 1, data + at, len - at);
                data[at] = c;
                random->out.len++;
            }

            break;
        }
    }

    return fig_json_out_text(&random->out);
}


#endif /* RANDOM_JSON_H */
