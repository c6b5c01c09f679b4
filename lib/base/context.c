/* lib/base/context.c - making and freeing a context, and what it is asked for. Every check of the
 * options is here, so that a context that exists is one that works. */
#include <stdio.h>
#include <string.h>

#include "lib/base/context_private.h"

static bool complete_allocator(const alc_allocator *hook)
{
    return hook->allocate != NULL && hook->release != NULL;
}

static bool complete_files(const alc_file_system *hook)
{
    return hook->open != NULL && hook->close != NULL && hook->read != NULL && hook->write != NULL &&
           hook->size != NULL && hook->sync != NULL && hook->rename != NULL &&
           hook->remove != NULL && hook->link != NULL && (hook->map != NULL) == (hook->unmap != NULL);
}

/* NULL if the options are sound, else what is wrong with them. */
static const char *fault_of_options(const alc_context_options *options)
{
    if (options->threads < 0 || options->threads > ALC_MAX_THREADS)
        return "threads is outside 0 .. 256";
    if (options->gemm != ALC_GEMM_ALCOR && options->gemm != ALC_GEMM_OPENBLAS)
        return "gemm is no alc_gemm_backend";
    if (options->convolution != ALC_CONVOLUTION_DEFAULT &&
        options->convolution != ALC_CONVOLUTION_DIRECT)
        return "convolution is no alc_convolution_choice";
    if (options->precision != ALC_PRECISION_DEFAULT && options->precision != ALC_PRECISION_BF16)
        return "precision is no alc_precision";
    if (options->allocator != NULL && !complete_allocator(options->allocator))
        return "the allocator lacks a function";
    if (options->files != NULL && !complete_files(options->files))
        return "the file system lacks a function";
    return NULL;
}

static alc_status reject(const alc_context_options *options, alc_status status, const char *why)
{
    if (options->message != NULL && options->message_size > 0)
        snprintf(options->message, options->message_size, "%s", why);
    return status;
}

/* After the kernels are chosen. */
static alc_status choose_operands(alc_context *context, alc_precision precision)
{
    if (precision == ALC_PRECISION_DEFAULT)
        return ALC_OK;
    if (sizeof(alc_real) != sizeof(float) || context->gemm == ALC_GEMM_OPENBLAS)
        return alc_fail(context, ALC_UNSUPPORTED, "there is no bf16 in %s",
                        sizeof(alc_real) != sizeof(float) ? "double precision" : "OpenBLAS's products");
    context->operands = alck_has_bf16(context->kernels) ? ALCK_BF16_PAIRS : ALCK_BF16_EMULATED;
    return ALC_OK;
}

static alc_status start(alc_context *context, const alc_context_options *options)
{
    alc_status status = alc_choose_isa(context, options->isa);
    if (status == ALC_OK)
        status = choose_operands(context, options->precision);
    if (status == ALC_OK && context->gemm == ALC_GEMM_OPENBLAS)
        status = alc_check_openblas(context);
    if (status == ALC_OK && context->threads > 1)
        status = alc_pool_create(context, context->threads, &context->pool);
    return status;
}

alc_status alc_context_create(alc_context_options options, alc_context **result)
{
    if (options.message != NULL && options.message_size > 0)
        options.message[0] = '\0';
    if (result == NULL)
        return reject(&options, ALC_INVALID_ARGUMENT, "there is nowhere to put the context");
    *result = NULL;
    const char *fault = fault_of_options(&options);
    if (fault != NULL)
        return reject(&options, ALC_INVALID_ARGUMENT, fault);

    const alc_allocator *allocator =
        options.allocator != NULL ? options.allocator : &alc_system_allocator;
    alc_context *context = allocator->allocate(allocator->user, sizeof *context, ALC_ALIGNMENT);
    if (context == NULL)
        return reject(&options, ALC_OUT_OF_MEMORY, "cannot allocate memory for the context");
    memset(context, 0, sizeof *context);
    if (pthread_mutex_init(&context->message_mutex, NULL) != 0) {
        allocator->release(allocator->user, context, sizeof *context);
        return reject(&options, ALC_OUT_OF_MEMORY, "cannot make a mutex for the context");
    }
    context->allocator = *allocator;
    context->most_bytes = options.allocator != NULL ? SIZE_MAX : alc_system_memory();
    context->files = options.files != NULL ? *options.files : alc_system_files;
    context->log = options.log;
    context->log_user = options.log_user;
    context->seed = options.seed;
    context->gemm = options.gemm;
    context->convolution = options.convolution;
    context->threads = options.threads > 0 ? options.threads : alc_available_processors();

    alc_status status = start(context, &options);
    if (status != ALC_OK) {
        reject(&options, status, context->message);
        alc_context_destroy(context);
        return status;
    }
    *result = context;
    return ALC_OK;
}

void alc_context_destroy(alc_context *context)
{
    if (context == NULL)
        return;
    alc_pool_destroy(context, context->pool);
    pthread_mutex_destroy(&context->message_mutex);
    alc_allocator allocator = context->allocator;
    allocator.release(allocator.user, context, sizeof *context);
}

alc_isa alc_context_isa(const alc_context *context)
{
    return context == NULL ? ALC_ISA_AUTO : context->isa;
}

int alc_context_threads(const alc_context *context)
{
    return context == NULL ? 0 : context->threads;
}

uint64_t alc_context_seed(const alc_context *context)
{
    return context == NULL ? 0 : context->seed;
}

const alck_table *alc_context_kernels(const alc_context *context)
{
    return context->kernels;
}

alc_gemm_backend alc_context_gemm(const alc_context *context)
{
    return context->gemm;
}

alc_convolution_choice alc_context_convolution(const alc_context *context)
{
    return context->convolution;
}

alck_operands alc_context_operands(const alc_context *context)
{
    return context->operands;
}

const char *alc_version(void)
{
    return ALCOR_VERSION;
}
