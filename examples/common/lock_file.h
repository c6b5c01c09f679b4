/* lock_file.h - an empty file that says who is at work: one program at a time holds it, and its end, however it comes, lets go. */
#ifndef EXAMPLES_LOCK_FILE_H
#define EXAMPLES_LOCK_FILE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lock_file {
    int file;        /* open where path is not "" */
    char path[4096];
} lock_file;

/* Makes the file where there is none and takes its lock. NULL, or why not, in words that follow the path: `held` where another
 * program has it. What has something in it is no lock, and stays as it is. */
const char *lock_file_take(lock_file *lock, const char *path, const char *held);
/* Removes the file. Nothing for a lock that was not taken, all zeros. */
void lock_file_release(lock_file *lock);

#endif
