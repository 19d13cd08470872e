/*
 * The loop over lines, and the bar that shows how far it is.
 *
 * The request's headers and address are put together only if a rule asks for
 * them.
 */

#include <math.h>
#include <time.h>
#include <unistd.h>

#include "fig_ask.h"
#include "fig_path.h"
#include "logline.h"
#include "number.h"
#include "replay.h"
#include "request.h"


#define CLI_BAR          30
#define CLI_BAR_SECONDS  1.0           /* before it is shown, and between */


/* A request that is looked at, and the line that it is from. */

typedef struct {
    fig_request_t    view;
    cli_logline_t    line;
    fig_header_t     headers[2];
    char             host[256];
} cli_logged_t;


bool
cli_replay_init(cli_replay_t *replay, const fig_ruleset_t *after,
    const fig_ruleset_t *before, const char *host, uint32_t max_samples)
{
    memset(replay, 0, sizeof(cli_replay_t));

    if (host != NULL) {
        if (host[0] == '\0' || strlen(host) >= sizeof(replay->host_room)) {
            return false;
        }

        replay->host_len = (uint32_t) fig_host_normalize(fig_str_from(host),
                                                         replay->host_room);
    }

    cli_judge_init(&replay->after, after, &replay->places);

    if (before != NULL) {
        replay->compares = true;
        cli_judge_init(&replay->before, before, &replay->places);
    }

    cli_tally_init(&replay->tally, max_samples);

    return true;
}


void
cli_replay_release(cli_replay_t *replay)
{
    cli_judge_release(&replay->after);

    if (replay->compares) {
        cli_judge_release(&replay->before);
    }

    cli_tally_release(&replay->tally);
    cli_places_release(&replay->places);
    free(replay->room);
    free(replay->path);
}


/* IPv4 as it is nearly always written; all else the system reads. */

static void
cli_logged_client(fig_str_t text, fig_addr_t *addr)
{
    size_t    i, part;
    unsigned  n, digits;

    part = 0;
    n = 0;
    digits = 0;

    for (i = 0; i <= text.len && part < 4; i++) {
        if (i == text.len || text.data[i] == '.') {
            addr->addr[part++] = (uint8_t) n;

            if (digits == 0 || n > 255) {
                break;
            }

            n = 0;
            digits = 0;
            continue;
        }

        if (text.data[i] < '0' || text.data[i] > '9' || ++digits > 3) {
            break;
        }

        n = 10 * n + (unsigned) (text.data[i] - '0');
    }

    if (part == 4 && i == text.len + 1) {
        addr->family = 4;
        return;
    }

    (void) fig_ask_addr(text, addr);
}


static void
cli_logged_fill(fig_request_t *view)
{
    size_t         n;
    cli_logged_t  *logged;

    logged = view->data;
    n = 0;

    if (logged->line.referer.len != 0) {
        logged->headers[n].name = fig_str("Referer", 7);
        logged->headers[n++].value = logged->line.referer;
    }

    if (logged->line.agent.len != 0) {
        logged->headers[n].name = fig_str("User-Agent", 10);
        logged->headers[n++].value = logged->line.agent;
    }

    view->headers = logged->headers;
    view->nheaders = n;
    cli_logged_client(logged->line.client, &view->client);
}


/* The whole URL of a request to a proxy names the host; false: it is none. */

static bool
cli_logged_absolute(cli_logged_t *logged, fig_str_t *target)
{
    fig_str_t  host, rest;

    if (!fig_url_split(*target, &host, &rest)
        || host.len > sizeof(logged->host))
    {
        return false;
    }

    *target = rest;
    logged->view.host = fig_str(logged->host,
                                fig_host_normalize(host, logged->host));

    return true;
}


/* False: nginx answers 400 before it asks the rules. */

static bool
cli_logged_target(cli_logged_t *logged, char *room)
{
    bool       resolved;
    size_t     len;
    fig_str_t  target;

    target = logged->line.target;

    if (target.data[0] != '/' && !cli_logged_absolute(logged, &target)) {
        return false;
    }

    target = fig_target_split(target, &logged->view.query);

    if (fig_path_normalize(target, room, &len, &resolved) != FIG_OK) {
        return false;
    }

    logged->view.path = fig_str(room, len);

    return true;
}


static cli_verdict_t
cli_replay_judge(cli_judge_t *judge, cli_logged_t *logged, bool good)
{
    cli_verdict_t  refused = { 0, judge->refused };

    return good ? cli_judge_request(judge, &logged->view) : refused;
}


static void
cli_replay_line(cli_replay_t *replay, fig_str_t text, cli_logged_t *logged)
{
    bool           good;
    cli_verdict_t  after, before;

    replay->lines++;

    if (!cli_logline_parse(text, replay->room, &logged->line)) {
        replay->malformed++;
        return;
    }

    replay->requests++;

    logged->view.method = logged->line.method;
    logged->view.host = fig_str(replay->host_room, replay->host_len);
    logged->view.fill = cli_logged_fill;
    logged->view.data = logged;
    logged->view.nheaders = 0;
    logged->view.client.family = 0;

    good = cli_logged_target(logged, replay->path);

    after = cli_replay_judge(&replay->after, logged, good);
    before = after;

    if (replay->compares) {
        before = cli_replay_judge(&replay->before, logged, good);
    }

    cli_tally_add(&replay->tally, before, after, logged->line.method,
                  logged->line.target);
}


static double
cli_clock(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}


static void
cli_replay_bar(const cli_replay_t *replay, const cli_logfile_t *file)
{
    int     done;
    char    lines[CLI_NUMBER_SIZE];
    double  progress;

    static const char  bar[] = "##############################";

    cli_count_text((double) replay->lines, lines);
    progress = cli_logfile_progress(file);

    if (progress < 0) {
        fprintf(stderr, "\r%s lines \033[K", lines);
        return;
    }

    done = (int) fmin(progress * CLI_BAR, CLI_BAR);
    fprintf(stderr, "\r[%-*.*s] %3.0f%%  %s lines \033[K", CLI_BAR, done, bar,
            fmin(progress * 100, 100), lines);
}


cli_exit_t
cli_replay_file(cli_replay_t *replay, const char *path)
{
    bool            terminal, shown;
    double          next;
    unsigned        blocks;
    fig_str_t       text;
    cli_exit_t      code;
    cli_logged_t    logged;
    cli_logfile_t  *file;

    file = cli_logfile_open(path);

    if (file == NULL) {
        return CLI_FAILED;
    }

    memset(&logged, 0, sizeof(cli_logged_t));
    terminal = isatty(STDERR_FILENO);
    shown = false;
    next = cli_clock() + CLI_BAR_SECONDS;
    blocks = 0;

    while (cli_logfile_line(file, &text)) {

        if (text.len > replay->room_size) {
            free(replay->room);
            free(replay->path);
            replay->room_size = 2 * text.len;
            replay->room = cli_alloc(replay->room_size, 1);
            replay->path = cli_alloc(replay->room_size, 1);
        }

        cli_replay_line(replay, text, &logged);

        if (terminal && cli_logfile_blocks(file) != blocks) {
            blocks = cli_logfile_blocks(file);

            if (cli_clock() > next) {
                cli_replay_bar(replay, file);
                shown = true;
                next = cli_clock() + CLI_BAR_SECONDS;
            }
        }
    }

    if (shown) {
        fputs("\r\033[K", stderr);
    }

    code = cli_logfile_failed(file) ? CLI_FAILED : CLI_OK;
    cli_logfile_close(file);

    return code;
}
