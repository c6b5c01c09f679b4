/* alcor/alcor.h - the whole public interface in one line. alcor/op.h, for writing layers, is part of it. */
#ifndef ALCOR_ALCOR_H
#define ALCOR_ALCOR_H

#include "alcor/checkpoint.h"
#include "alcor/context.h"
#include "alcor/dataset.h"
#include "alcor/feature_cache.h"
#include "alcor/fit.h"
#include "alcor/gradcheck.h"
#include "alcor/image.h"
#include "alcor/json.h"
#include "alcor/layers.h"
#include "alcor/loader.h"
#include "alcor/metrics.h"
#include "alcor/models.h"
#include "alcor/op.h"
#include "alcor/optimizer.h"
#include "alcor/plan.h"
#include "alcor/safetensors.h"
#include "alcor/status.h"
#include "alcor/table.h"
#include "alcor/tensor.h"

#endif
