/*
 * What writing and reading a line of the journal have in common; private to
 * control/.
 *
 *     {"v":1, ... ,"sum":"1c291ca3"} LF
 */

#ifndef FIG_LINE_H
#define FIG_LINE_H

#include "fig_entry.h"


#define FIG_ENTRY_VERSION  1

#define FIG_ENTRY_KINDS    8
#define FIG_FIELDS         4
#define FIG_SLOT_KINDS     5


/* Words by kind of entry, by field, and by kind of slot. */

extern const char *const  fig_entry_kinds[FIG_ENTRY_KINDS];
extern const char *const  fig_fields[FIG_FIELDS];
extern const char *const  fig_slot_kinds[FIG_SLOT_KINDS];


/* CRC-32 as in gzip (RFC 1952). */
uint32_t fig_entry_sum(const char *data, size_t len);


#endif /* FIG_LINE_H */
