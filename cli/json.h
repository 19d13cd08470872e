/*
 * JSON for people and programs, with jansson behind it.
 *
 * What is missing or of another kind reads as nothing: "", 0, false.
 */

#ifndef JSON_H
#define JSON_H

#include <jansson.h>

#include "cli.h"


/* A new string; bytes that are no UTF-8 are shown as \xNN. */
json_t *cli_json_str(fig_str_t text);

/* A new string, or null where there is no text. */
json_t *cli_json_str_or_null(fig_str_t text);

/* Hundredths of a percent as a number: 12.5, 25. */
json_t *cli_json_percent(int32_t percent);

/* Prints a document on stdout, members in order, and releases it. */
void cli_json_print(json_t *document);

/* The same on one line: for streams of them. */
void cli_json_print_line(json_t *document);

/* Members, by name. */
const char *cli_json_text(const json_t *object, const char *name);
int64_t cli_json_int(const json_t *object, const char *name);
double cli_json_real(const json_t *object, const char *name);
bool cli_json_bool(const json_t *object, const char *name);


#endif /* JSON_H */
