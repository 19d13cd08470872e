/*
 * The matcher: bytes are the choices by which rule sets and requests are made
 * over small alphabets, and the indexed matcher is held against the plain one.
 */

#include "plain_winner.h"
#include "random_rules.h"

#include "fuzz.h"


#define REQUESTS    40
#define CANDIDATES  4096


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                    path[512];
    size_t                  i;
    random_t                r;
    fixture_t               f;
    const fig_candidate_t  *winner;

    static fig_candidate_t  candidates[CANDIDATES];

    r = random_from_bytes(data, size);
    fixture_init(&f, RANDOM_ROUTES);
    random_rules(&r, &f);

    for (i = 0; i < REQUESTS && (i == 0 || r.nbytes != 0); i++) {
        random_request(&r, &f, path);

        fig_match(&f.ruleset, &f.request, f.scratch, &f.match);
        winner = plain_winner(&f.ruleset, &f.request, f.scratch, candidates,
                              CANDIDATES);

        fuzz_check(is_winner(&f.match, winner), "another winner",
                   f.request.path);
    }

    fixture_release(&f);

    return 0;
}
