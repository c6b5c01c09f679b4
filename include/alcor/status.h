/* alcor/status.h - what every function of the library returns.
 *
 * The library never prints, exits or aborts. A function that can fail returns an alc_status; one sentence that names
 * the layer, shapes, file or row is kept in the context: alc_error_message() in alcor/context.h.
 */
#ifndef ALCOR_STATUS_H
#define ALCOR_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, text): the one list that the enum and alc_status_text() are made from. */
#define ALC_STATUS_LIST(X)                                                                         \
    X(ALC_OK, "success")                                                                           \
    X(ALC_END, "the end of an epoch or of a sequence was reached")                                 \
    X(ALC_INTERRUPTED, "the caller asked to stop")                                                 \
    X(ALC_OUT_OF_MEMORY, "an allocation failed")                                                   \
    X(ALC_INVALID_ARGUMENT, "an argument is outside its documented range")                         \
    X(ALC_SHAPE_MISMATCH, "shapes do not fit together")                                            \
    X(ALC_NOT_FOUND, "a name, column or key is not there")                                         \
    X(ALC_IO_ERROR, "the operating system refused a file operation")                               \
    X(ALC_BAD_FILE, "a file does not follow its format")                                           \
    X(ALC_CORRUPT, "a file's checksum does not match its contents")                                \
    X(ALC_MISMATCH, "two things that must agree do not: model, classes, split, run")               \
    X(ALC_UNSUPPORTED, "this machine or build cannot do what was asked for")                       \
    X(ALC_NOT_FINITE, "a value became infinite or not a number")

#define ALC_STATUS_ENUM(name, text) name,
typedef enum alc_status { ALC_STATUS_LIST(ALC_STATUS_ENUM) ALC_STATUS_COUNT } alc_status;
#undef ALC_STATUS_ENUM

/* The name of a status ("ALC_IO_ERROR") and its meaning in a few words; never NULL, static storage. */
const char *alc_status_name(alc_status status);
const char *alc_status_text(alc_status status);

#ifdef __cplusplus
}
#endif
#endif
