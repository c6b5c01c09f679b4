/* print_digests.c - a line for every op of the table and for training small models, with a digest of all bits that come out.
 * Run natively and under an emulator of another machine, the lines must be the same: tests/neon/compare.sh. An argument names
 * the instruction set that the library is expected to choose. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/model_digest.h"
#include "tests/ops/op_run.h"

int main(int count, char **arguments)
{
    alc_context *context = op_context(ALC_ISA_AUTO, 2);
    const char *isa = alc_isa_name(alc_context_isa(context));
    if (count > 1 && strcmp(isa, arguments[1]) != 0) {
        fprintf(stderr, "%s was chosen instead of %s\n", isa, arguments[1]);
        return 1;
    }
    for (int i = 0; i < op_table_count; i++) {
        op_bits bits = {0};
        if (op_case_run(&op_table[i], context, &bits) != ALC_OK) {
            fprintf(stderr, "%s: %s\n", op_table[i].name, alc_error_message(context));
            return 1;
        }
        printf("op %s: %016" PRIx64 "\n", op_table[i].name, digest_bytes(0, bits.bytes, bits.count));
        op_bits_free(&bits);
    }
    for (int i = 0; i < digest_case_count; i++)
        printf("model %s: %016" PRIx64 "\n", digest_cases[i].name, digest_of_training(&digest_cases[i], context));
    alc_context_destroy(context);
    return 0;
}
