/* lib/base/file_operations.h - the file hook's operations, repeated where a signal interrupted
 * them. For lib/base only. */
#ifndef ALC_LIB_FILE_OPERATIONS_H
#define ALC_LIB_FILE_OPERATIONS_H

#include "lib/base/context_private.h"

/* "cannot OPERATION PATH: the system's reason", ALC_IO_ERROR. */
alc_status alc_fail_operation(alc_context *context, const char *operation, const char *path,
                              int64_t negative_errno);
/* A file descriptor, or -errno. `mode`: the permissions of a file that is created. */
int alc_open_file(alc_context *context, const char *path, int flags, int mode);
int alc_sync_file(alc_context *context, int file);
/* 0, or -errno. A device that takes nothing without saying why counts as full. */
int64_t alc_write_all(alc_context *context, int file, const void *data, size_t bytes);
void alc_close_quietly(alc_context *context, int file);

#endif
