/*
 * Memory that goes out: the n-th malloc, calloc, realloc or mmap fails, in
 * whatever library it is.
 *
 *     malloc() and its kin are defined here, over those of glibc
 *
 * For one file of a program, whose first line defines _GNU_SOURCE.
 */

#ifndef FAILING_H
#define FAILING_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);


static size_t  fail_at;                /* 0: none fails */
static size_t  least;                  /* size of those that count */
static size_t  allocations;            /* while counting */
static long    balance;                /* blocks that are not freed */
static bool    counting;


static bool
is_to_fail(size_t size)
{
    if (!counting || size < least) {
        return false;
    }

    if (++allocations == fail_at) {
        errno = ENOMEM;
        return true;
    }

    return false;
}


static void *
counted(void *p)
{
    if (counting && p != NULL) {
        balance++;
    }

    return p;
}


void *
malloc(size_t size)
{
    return is_to_fail(size) ? NULL : counted(__libc_malloc(size));
}


void *
calloc(size_t n, size_t size)
{
    return is_to_fail(n * size) ? NULL : counted(__libc_calloc(n, size));
}


void *
realloc(void *p, size_t size)
{
    void  *grown;

    if (is_to_fail(size)) {
        return NULL;
    }

    grown = __libc_realloc(p, size);

    return (p == NULL) ? counted(grown) : grown;
}


void
free(void *p)
{
    if (counting && p != NULL) {
        balance--;
    }

    __libc_free(p);
}


void *
mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    long  p;

    if (is_to_fail(size)) {
        return MAP_FAILED;
    }

    p = syscall(SYS_mmap, addr, size, prot, flags, fd, offset);

    return (p == -1) ? MAP_FAILED : counted((void *) p);
}


int
munmap(void *addr, size_t size)
{
    if (counting) {
        balance--;
    }

    return (int) syscall(SYS_munmap, addr, size);
}


/* From now on the n-th fails; 0: none. */

static inline void
failing_begin(size_t n)
{
    allocations = 0;
    balance = 0;
    fail_at = n;
    counting = true;
}


/* Returns whether there were fewer than n, so that none has failed. */

static inline bool
failing_end(void)
{
    counting = false;

    return allocations < fail_at;
}


#endif /* FAILING_H */
