/* kernels/table.c - the const table of one instruction set: every kernel of ALCK_KERNEL_LIST under its suffixed name.
 * Compiled once per instruction set, as the bodies are; dispatch.c lists the tables. */
#include "kernels/isa.h"

extern const alck_table ALCK_NAME(table);

#define TABLE_ENTRY(type, name, arguments) .name = ALCK_NAME(name),
const alck_table ALCK_NAME(table) = {.isa = ALCK_ISA_TEXT, ALCK_KERNEL_LIST(TABLE_ENTRY)};
#undef TABLE_ENTRY
