/* kernels/f32/epilogue_bf16.h - rows that are rounded to bf16 (epilogue.h), by VCVTNEPS2BF16: only for CPUs that have it. */
#ifndef ALCK_F32_EPILOGUE_BF16_H
#define ALCK_F32_EPILOGUE_BF16_H

#include "kernels/f32/epilogue.h"

/* Without span. */
void ALCK_NAME(epilogue_rows_bf16)(const alck_epilogue *e, const epilogue_rows_job *j);

#endif
