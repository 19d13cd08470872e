/*
 * A journal of any bytes: what is read of it is a prefix that stays, and the
 * rest is torn or told.
 *
 *     bytes -> lines (an 'S' in front: with right checksums) -> replay
 *
 * A line that is damaged behind good ones takes nothing from them.
 */

#define _GNU_SOURCE

#include "fuzz.h"

#include "fig_apply.h"
#include "fig_line.h"


#define FUZZ_IMAGE  1024               /* slots: more than an input has */


/* Gives every line the checksum that it should have. */

static void
set_sums(char *text, size_t len)
{
    char    sum[9];
    char   *line, *end;
    size_t  left;

    static const char  mark[] = ",\"sum\":\"";

    for (line = text; line < text + len; line = end + 1) {
        left = (size_t) (text + len - line);
        end = memchr(line, '\n', left);
        end = (end == NULL) ? text + len : end;

        if (end - line > 19
            && memcmp(end - 18, mark, sizeof(mark) - 1) == 0)
        {
            (void) snprintf(sum, sizeof(sum), "%08x",
                            fig_entry_sum(line, (size_t) (end - 18 - line)));
            memcpy(end - 10, sum, 8);
        }
    }
}


static void
replay(fig_apply_t *apply, fig_str_t text, fig_state_t *state)
{
    fig_journal_t  journal;

    memset(&journal, 0, sizeof(fig_journal_t));
    journal.data = (char *) text.data;
    journal.size = text.len;

    fuzz_check(fig_apply_init(apply, state, true), "memory", text);
    (void) fig_apply_journal(apply, &journal);

    fuzz_check(!apply->nomem, "memory", text);
    fuzz_check(apply->good + apply->torn <= text.len, "places", text);
    fuzz_check(apply->damage[0] != '\0' || apply->good + apply->torn
               == text.len, "all of it is good or torn", text);
}


/* The good part alone is good, and the same. */

static void
check_prefix(const fig_apply_t *apply, fig_str_t text, fig_state_t *state)
{
    fig_apply_t  again;

    replay(&again, fig_str(text.data, apply->good), state);

    fuzz_check(again.damage[0] == '\0' && again.torn == 0
               && again.good == apply->good
               && again.unfinished == apply->unfinished, "prefix", text);

    if (apply->damage[0] == '\0') {
        fuzz_check(again.seq == apply->seq && again.nslots == apply->nslots
                   && again.nleases == apply->nleases
                   && memcmp(again.slots, apply->slots, again.nslots
                             * sizeof(fig_slot_t)) == 0, "the same", text);
    }

    fig_apply_release(&again);
}


/* What is written of an entry that was read is the same entry. */

static void
check_line(fig_str_t line)
{
    const char      *why;
    fig_arena_t     *arena;
    fig_entry_t      entry, again;
    fig_json_out_t   out, second;

    arena = fig_arena_create();
    fuzz_check(arena != NULL, "memory", line);
    fig_json_out_init(&out);
    fig_json_out_init(&second);

    if (fig_entry_decode(line, arena, &entry, &why) == FIG_OK) {
        fig_entry_encode(&entry, &out);
        fuzz_check(!out.nomem && fig_entry_decode(fig_str(out.data,
                                                          out.len - 1),
                                                  arena, &again, &why)
                   == FIG_OK, "written", fig_str(out.data, out.len));

        fig_entry_encode(&again, &second);
        fuzz_check(fig_str_eq(fig_json_out_text(&out),
                              fig_json_out_text(&second)), "written twice",
                   fig_json_out_text(&out));
        fuzz_check(fig_line_seq(fig_str(out.data, out.len)) == entry.seq,
                   "number", fig_json_out_text(&out));

        fig_entry_show(&entry, &second);
    }

    fig_json_out_release(&out);
    fig_json_out_release(&second);
    fig_arena_destroy(arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void         *image;
    fig_str_t     text, rest;
    fig_apply_t   apply;
    fig_state_t   state;
    fuzz_heap_t   heap;

    heap.n = 0;
    text = fig_str((const char *) data, size);

    if (size != 0 && data[0] == 'S') {
        text = fuzz_copy(&heap, fig_str(text.data + 1, size - 1));
        set_sums((char *) text.data, text.len);

    } else {
        text = fuzz_copy(&heap, text);
    }

    image = fuzz_room(&heap, fig_state_size(FUZZ_IMAGE));
    memset(image, 0, fig_state_size(FUZZ_IMAGE));
    fig_state_view(&state, image);
    fig_state_format(&state);

    replay(&apply, text, &state);
    check_prefix(&apply, text, &state);
    fig_apply_release(&apply);

    for (rest = text; rest.len != 0; /* void */) {
        check_line(fuzz_cut(&rest, '\n'));
    }

    fuzz_release(&heap);

    return 0;
}
