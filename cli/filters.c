/*
 * Filters of routes, as a query.
 *
 * What the options point to is here, as a command has one list of routes.
 */

#include "filters.h"
#include "http.h"


static struct {
    bool          drift;
    const char   *stage;
    const char   *group;
    const char   *capability;
    const char   *backend;
    const char   *owner;
} cli_filters;


const cli_option_t  cli_filter_options[] = {
    { "stage", 0, CLI_TEXT, "STAGE", "only routes in this stage",
      &cli_filters.stage },
    { "group", 0, CLI_TEXT, "NAME", "only those of a group",
      &cli_filters.group },
    { "capability", 0, CLI_TEXT, "NAME", "only those of a capability",
      &cli_filters.capability },
    { "backend", 0, CLI_TEXT, "NAME", "only those to a backend",
      &cli_filters.backend },
    { "owner", 0, CLI_TEXT, "NAME", "only those of an owner",
      &cli_filters.owner },
    { "drift", 0, CLI_FLAG, NULL, "only those that are not as the file says",
      &cli_filters.drift },
    { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
};


static char *
cli_filter_add(char *path, const char *name, const char *value)
{
    char  *escaped, *longer;

    if (value == NULL) {
        return path;
    }

    escaped = cli_http_escape(value);
    longer = cli_format("%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', name,
                        escaped);
    free(escaped);
    free(path);

    return longer;
}


char *
cli_filters_path(void)
{
    char  *path;

    path = cli_format("v1/routes");
    path = cli_filter_add(path, "stage", cli_filters.stage);
    path = cli_filter_add(path, "group", cli_filters.group);
    path = cli_filter_add(path, "capability", cli_filters.capability);
    path = cli_filter_add(path, "backend", cli_filters.backend);
    path = cli_filter_add(path, "owner", cli_filters.owner);
    path = cli_filter_add(path, "drift", cli_filters.drift ? "true" : NULL);

    return path;
}
