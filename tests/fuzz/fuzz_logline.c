/*
 * Lines of access logs: any bytes, without a break.
 *
 * What is taken from a line is a piece of it, or of the room that it was given,
 * and a line that is cut there is taken as well.
 */

#include "fuzz.h"

#include "logline.h"


static bool
is_within(fig_str_t part, fig_str_t whole)
{
    return part.data >= whole.data
           && part.data + part.len <= whole.data + whole.len;
}


static void
check_field(fig_str_t field, fig_str_t line, fig_str_t room)
{
    fuzz_check(field.len == 0 || is_within(field, line)
               || is_within(field, room), "a field from elsewhere", line);
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          i;
    fig_str_t       line, room;
    fuzz_heap_t     heap;
    cli_logline_t   out;

    heap.n = 0;
    line = fuzz_copy(&heap, fig_str((const char *) data, size));
    room = fig_str(fuzz_room(&heap, size), size);

    if (cli_logline_parse(line, (char *) room.data, &out)) {
        check_field(out.client, line, room);
        check_field(out.method, line, room);
        check_field(out.target, line, room);
        check_field(out.referer, line, room);
        check_field(out.agent, line, room);

        fuzz_check(out.client.len != 0 && out.method.len != 0
                   && out.target.len != 0, "an empty part", line);

        for (i = 0; i < out.method.len; i++) {
            fuzz_check(out.method.data[i] > ' ' && out.method.data[i] < 0x7f,
                       "a method", line);
        }
    }

    fuzz_release(&heap);

    return 0;
}
