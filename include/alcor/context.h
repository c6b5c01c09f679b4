/* alcor/context.h - everything that is ambient: memory, files, threads, instruction set, seed, log, last error.
 *
 * The library has no writable globals. A context is made first and outlives whatever is made with it. Calls on one
 * context may come from several threads as long as each model, plan, loader or optimizer is used by one at a time.
 */
#ifndef ALCOR_CONTEXT_H
#define ALCOR_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alcor/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The library's real number: float in libalcor, double in libalcor_double (compile with -DALCOR_DOUBLE). */
#ifdef ALCOR_DOUBLE
typedef double alc_real;
#else
typedef float alc_real;
#endif

typedef struct alc_context alc_context;

/* X(enumerator, name): the instruction sets; `name` is what the variable ALCOR_ISA and --isa accept. */
#define ALC_ISA_LIST(X)                                                                            \
    X(ALC_ISA_SCALAR, "scalar")                                                                    \
    X(ALC_ISA_AVX2, "avx2")                                                                        \
    X(ALC_ISA_AVX512, "avx512")                                                                    \
    X(ALC_ISA_NEON, "neon")

#define ALC_ISA_ENUM(enumerator, name) enumerator,
typedef enum alc_isa {
    ALC_ISA_AUTO, /* ALCOR_ISA where it is set, else the widest that this CPU has */
    ALC_ISA_LIST(ALC_ISA_ENUM) ALC_ISA_COUNT
} alc_isa;
#undef ALC_ISA_ENUM

/* Who multiplies matrices: those of dense layers and of alc_gemm, for convolutions have kernels of their own. ALC_GEMM_OPENBLAS
 * gives other bits than the default, and they depend on the CPU. */
typedef enum alc_gemm_backend { ALC_GEMM_ALCOR, ALC_GEMM_OPENBLAS } alc_gemm_backend;

/* How 3x3 convolutions are computed: by Winograd's algorithm where it is the faster one, or directly, with a smaller error. */
typedef enum alc_convolution_choice {
    ALC_CONVOLUTION_DEFAULT,
    ALC_CONVOLUTION_DIRECT
} alc_convolution_choice;

/* What matrix products and convolutions multiply: reals; or bfloat16 (bf16), floats without their lower half. With bf16, inputs,
 * weights and gradients are rounded to it for a product and summed in float, with the instruction VDPBF16PS where the CPU has it
 * and to the same bits, more slowly, where it has not; so speed is a reason only on CPUs with AVX512_BF16. Where Winograd's algorithm
 * is used its transformed values are rounded, which costs four to five times direct's error; ALC_CONVOLUTION_DIRECT avoids that.
 * What convolutions and additions put out is rounded too where only convolutions read it in the end, by way of batch norms, relu, relu6
 * and additions, and so is what a trained batch norm reads of a convolution: most of it is then stored as bf16, in half the memory.
 * Everything else stays in float: weights, depthwise convolutions, norms, activations, gradients, the optimizer. There is no bf16 in the
 * double build and none with ALC_GEMM_OPENBLAS. */
typedef enum alc_precision { ALC_PRECISION_DEFAULT, ALC_PRECISION_BF16 } alc_precision;

/* Memory hook. `allocate` returns memory aligned to `alignment` (a power of two) or NULL; `release` gets the same
 * size back. Every allocation of the library goes through it; those inside third-party libraries do not. Without a hook a context
 * holds no more than the machine, or the container, and its swap can: what is beyond fails with ALC_OUT_OF_MEMORY, where the
 * system would promise it and later kill the process. */
typedef struct alc_allocator {
    void *user;
    void *(*allocate)(void *user, size_t bytes, size_t alignment);
    void (*release)(void *user, void *memory, size_t bytes);
} alc_allocator;

/* File hook: POSIX semantics, but errors come back as -errno. `open` takes the flags of open(2). `read` and `write`
 * may transfer less than asked for; `sync` is fsync(2) and is also called on directories opened read-only. The operating system's
 * own, which is used where no hook is given, reads regular files only: for a pipe or a device `open` gives -ENODEV. */
typedef struct alc_file_system {
    void *user;
    int (*open)(void *user, const char *path, int flags, int mode);
    int (*close)(void *user, int file);
    int64_t (*read)(void *user, int file, void *buffer, size_t bytes);
    int64_t (*write)(void *user, int file, const void *buffer, size_t bytes);
    int64_t (*size)(void *user, int file);
    int (*sync)(void *user, int file);
    int (*rename)(void *user, const char *from, const char *to);
    int (*remove)(void *user, const char *path);
    int (*link)(void *user, const char *from, const char *to); /* link(2); -EPERM where there are no hard links */
    /* The first `bytes` (above 0) bytes of an open file as memory to be read, valid after the file is closed: 0 and *memory,
     * or -errno; and giving it back. Both or neither; where there is neither, or map fails, files are read instead. Nobody
     * may shorten a file in place while it is mapped; the library itself only replaces files and adds to them. */
    int (*map)(void *user, int file, size_t bytes, const void **memory);
    void (*unmap)(void *user, const void *memory, size_t bytes);
} alc_file_system;

/* Called with one line of text, without a newline, when the library has something to tell that is no error. */
typedef void (*alc_log_fn)(void *user, const char *line);

typedef struct alc_context_options {
    int threads;               /* 0: as many as there are processors available to the process; at most 256 */
    alc_isa isa;               /* ALC_ISA_AUTO; asking for one that the CPU lacks is ALC_UNSUPPORTED */
    uint64_t seed;             /* key of every random number; 0 is a seed like any other */
    alc_gemm_backend gemm;
    alc_convolution_choice convolution;
    alc_precision precision;
    const alc_allocator *allocator;  /* NULL: malloc; copied */
    const alc_file_system *files;    /* NULL: the operating system's; copied */
    alc_log_fn log;                  /* NULL: nothing is logged */
    void *log_user;
    char *message;             /* where a failing alc_context_create puts its sentence; NULL: nowhere */
    size_t message_size;
} alc_context_options;

/* Makes a context. On failure *context is NULL and options.message (where given) holds the reason:
 * ALC_INVALID_ARGUMENT for threads < 0 or > 256 or an unknown ALCOR_ISA, ALC_UNSUPPORTED for an instruction set that
 * the CPU lacks, an OpenBLAS that is unsafe under threads or bf16 where there is none, ALC_OUT_OF_MEMORY. */
alc_status alc_context_create(alc_context_options options, alc_context **context);

/* Frees it; everything made with it must be destroyed before. NULL is allowed. */
void alc_context_destroy(alc_context *context);

/* The sentence of the latest failure, of whichever thread, "" if there was none; valid until the next failing call of any
 * thread. Never NULL. */
const char *alc_error_message(const alc_context *context);
/* The same as a copy, for a context with which several threads work: at most `size` bytes at `text`, the terminating zero
 * included. */
void alc_copy_error_message(alc_context *context, char *text, size_t size);
/* Its status, ALC_OK if there was none. */
alc_status alc_error_status(const alc_context *context);

/* What the context was made with; ALC_ISA_AUTO, 0 and 0 for NULL. */
alc_isa alc_context_isa(const alc_context *context);
int alc_context_threads(const alc_context *context);
uint64_t alc_context_seed(const alc_context *context);

/* "avx512" for ALC_ISA_AVX512 and so on; "auto" for ALC_ISA_AUTO. */
const char *alc_isa_name(alc_isa isa);

/* The library's version, such as "0.1.0". */
const char *alc_version(void);

#ifdef __cplusplus
}
#endif
#endif
