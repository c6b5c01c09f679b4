/* print_digests.c - a line for every op of the table and for training small models, with a digest of all bits that come out.
 * Run natively and under an emulator of another machine, the lines must be the same: tests/neon/compare.sh. An argument names
 * the instruction set that the library is expected to choose. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/model_digest.h"
#include "tests/ops/op_run.h"

/* Lines of one precision; whether all ran. */
static bool print_lines(alc_precision precision, const char *name)
{
    alc_context *context = op_context(ALC_ISA_AUTO, 2, precision);
    for (int i = 0; i < op_table_count; i++) {
        op_bits bits = {0};
        if (op_case_run(&op_table[i], context, &bits) != ALC_OK) {
            fprintf(stderr, "%s: %s\n", op_table[i].name, alc_error_message(context));
            return false;
        }
        printf("op %s%s: %016" PRIx64 "\n", op_table[i].name, name, digest_bytes(0, bits.bytes, bits.count));
        op_bits_free(&bits);
    }
    for (int i = 0; i < digest_case_count; i++)
        printf("model %s%s: %016" PRIx64 "\n", digest_cases[i].name, name, digest_of_training(&digest_cases[i], context));
    alc_context_destroy(context);
    return true;
}

int main(int count, char **arguments)
{
    alc_context *context = op_context(ALC_ISA_AUTO, 2, ALC_PRECISION_DEFAULT);
    const char *isa = alc_isa_name(alc_context_isa(context));
    const bool expected = count < 2 || strcmp(isa, arguments[1]) == 0;
    if (!expected)
        fprintf(stderr, "%s was chosen instead of %s\n", isa, arguments[1]);
    alc_context_destroy(context);
    return expected && print_lines(ALC_PRECISION_DEFAULT, "") && print_lines(ALC_PRECISION_BF16, ", bf16") ? 0 : 1;
}
