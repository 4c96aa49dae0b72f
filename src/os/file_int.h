/** Shared by the files of this room that hold descriptors; not for other rooms. */
#ifndef GW_OS_FILE_INT_H
#define GW_OS_FILE_INT_H

#include <sys/stat.h>

#include "os/file.h"

/** open() with O_CLOEXEC and mode 0600, repeated on EINTR. @return -1 with errno */
int gw_fd_open(const char *path, int flags);
void gw_info_of_stat(const struct stat *st, struct gw_file_info *ret);

#endif
