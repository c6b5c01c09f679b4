/* lib/base/status.c - the names of statuses, and failing with a sentence. It decides nothing: what
 * went wrong is said by the caller. Sentences are formatted outside the lock and from a copy, so an
 * argument may be the context's old sentence. */
#include <string.h>

#include "lib/base/context_private.h"

#define STATUS_NAME(name, text) #name,
static const char *const status_names[] = {ALC_STATUS_LIST(STATUS_NAME)};
#undef STATUS_NAME

#define STATUS_TEXT(name, text) text,
static const char *const status_texts[] = {ALC_STATUS_LIST(STATUS_TEXT)};
#undef STATUS_TEXT

static bool is_status(alc_status status)
{
    return (int)status >= 0 && status < ALC_STATUS_COUNT;
}

const char *alc_status_name(alc_status status)
{
    return is_status(status) ? status_names[status] : "no alc_status";
}

const char *alc_status_text(alc_status status)
{
    return is_status(status) ? status_texts[status] : "a value that is no status of the library";
}

alc_status alc_fail_v(alc_context *context, alc_status status, const char *format,
                      va_list arguments)
{
    char sentence[ALC_MESSAGE_BYTES];
    if (context == NULL)
        return status;
    int length = alc_format_v(sentence, sizeof sentence, format, arguments);
    if (length < 0)
        alc_format(sentence, sizeof sentence, "%s", alc_status_text(status));
    else if ((size_t)length >= sizeof sentence)
        memcpy(sentence + sizeof sentence - 4, "...", 4);
    pthread_mutex_lock(&context->message_mutex);
    memcpy(context->message, sentence, sizeof sentence);
    pthread_mutex_unlock(&context->message_mutex);
    atomic_store(&context->status, (int)status);
    return status;
}

alc_status alc_fail(alc_context *context, alc_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    alc_fail_v(context, status, format, arguments);
    va_end(arguments);
    return status;
}

alc_status alc_fail_in(alc_context *context, alc_status status, const char *where, const char *format, va_list arguments)
{
    char sentence[ALC_MESSAGE_BYTES] = "";
    alc_format_v(sentence, sizeof sentence, format, arguments);
    return alc_fail(context, status, "%s: %s", where, sentence);
}

alc_status alc_fail_memory(alc_context *context, size_t bytes, const char *what)
{
    return alc_fail(context, ALC_OUT_OF_MEMORY, "cannot allocate %zu bytes for %s", bytes, what);
}

void alc_log(alc_context *context, const char *format, ...)
{
    char line[ALC_MESSAGE_BYTES];
    if (context == NULL || context->log == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = alc_format_v(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length >= 0)
        context->log(context->log_user, line);
}

const char *alc_error_message(const alc_context *context)
{
    return context == NULL ? "" : context->message;
}

void alc_copy_error_message(alc_context *context, char *text, size_t size)
{
    if (size == 0)
        return;
    text[0] = '\0';
    if (context == NULL)
        return;
    pthread_mutex_lock(&context->message_mutex);
    const size_t length = strlen(context->message), copied = length < size ? length : size - 1;
    memcpy(text, context->message, copied);
    pthread_mutex_unlock(&context->message_mutex);
    text[copied] = '\0';
}

alc_status alc_error_status(const alc_context *context)
{
    return context == NULL ? ALC_OK : (alc_status)atomic_load(&context->status);
}
