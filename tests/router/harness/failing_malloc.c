/*
 * A malloc() without memory for requests of some sizes, to be preloaded:
 *
 *     FAILING_SIZES=6000-7000   which of them fail
 *     FAILING_FLAG=/path        as long as this file exists
 *
 * Each failure is a byte added to that file, so that a test sees that there
 * was one.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


extern void *__libc_malloc(size_t size);


static size_t  failing_first = 1;
static size_t  failing_last;
static char    failing_flag[256];


static void failing_init(void) __attribute__((constructor));


static void
failing_init(void)
{
    const char  *sizes, *flag;

    sizes = getenv("FAILING_SIZES");
    flag = getenv("FAILING_FLAG");

    if (sizes == NULL || flag == NULL) {
        return;
    }

    /* nginx clears its environment */

    if (strlen(flag) >= sizeof(failing_flag)
        || sscanf(sizes, "%zu-%zu", &failing_first, &failing_last) != 2)
    {
        abort();
    }

    strcpy(failing_flag, flag);
}


void *
malloc(size_t size)
{
    int  fd;

    if (size < failing_first || size > failing_last) {
        return __libc_malloc(size);
    }

    fd = open(failing_flag, O_WRONLY|O_APPEND);

    if (fd == -1) {
        return __libc_malloc(size);
    }

    if (write(fd, "x", 1) != 1) {
        abort();
    }

    close(fd);
    errno = ENOMEM;

    return NULL;
}
