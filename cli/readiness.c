/*
 * Words for readiness.
 *
 * A route without any is one of a router that keeps no evidence, or that is
 * older than that: nothing is known, which is not ready.
 */

#include "readiness.h"
#include "view.h"


static const json_t *
cli_readiness(const json_t *route)
{
    const json_t  *readiness;

    readiness = json_object_get(route, "readiness");

    return json_is_object(readiness) ? readiness : NULL;
}


const char *
cli_readiness_verdict(const json_t *route)
{
    const char  *verdict;

    verdict = cli_json_text(cli_readiness(route), "verdict");

    return (verdict[0] != '\0') ? verdict : "unknown";
}


bool
cli_readiness_is_ready(const json_t *route)
{
    return strcmp(cli_readiness_verdict(route), "ready") == 0;
}


cli_style_t
cli_readiness_style(const json_t *route)
{
    const char  *verdict;

    verdict = cli_readiness_verdict(route);

    return (strcmp(verdict, "ready") == 0) ? CLI_GOOD
           : (strcmp(verdict, "not ready") == 0) ? CLI_BAD : CLI_MIND;
}


char *
cli_readiness_why(const json_t *route)
{
    char    *text;
    size_t   i;
    json_t  *reasons, *reason;

    text = cli_format("%s", "");
    reasons = json_object_get(cli_readiness(route), "reasons");

    if (reasons == NULL) {
        text = cli_view_join(text, "", "the router does not compare the "
                             "answers of its sides");
    }

    json_array_foreach(reasons, i, reason) {
        if (json_is_string(reason)) {
            text = cli_view_join(text, "; ", json_string_value(reason));
        }
    }

    return text;
}


char *
cli_route_path(const char *name)
{
    char  *path, *escaped;

    escaped = cli_http_escape(name);
    path = cli_format("v1/routes/%s", escaped);
    free(escaped);

    return path;
}
