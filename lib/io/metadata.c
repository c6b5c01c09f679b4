/* lib/io/metadata.c - lists of strings by key. */
#include <string.h>

#include "alcor/safetensors.h"

const char *alc_metadata_find(alc_metadata metadata, const char *key)
{
    if (key == NULL)
        return NULL;
    for (int64_t i = 0; i < metadata.count; i++)
        if (strcmp(metadata.entries[i].key, key) == 0)
            return metadata.entries[i].value;
    return NULL;
}
