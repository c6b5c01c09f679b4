/* reference_ops.c - see reference_ops.h. Obvious, slow, and never to be made faster. */
#include "tests/ops/reference_ops.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/base.h"

/* Half the distance from 1 to the next alc_real: the error of one rounding. */
static double rounding(void)
{
    return (sizeof(alc_real) == sizeof(float) ? (double)FLT_EPSILON : DBL_EPSILON) / 2;
}

/* Norms, softmax and loss, in their own units. */
static double norm_error(void)
{
    return 5e-7 * rounding() / (FLT_EPSILON / 2);
}

static int64_t count_of(const reference_value *v)
{
    return v->rows * v->height * v->width * v->channels;
}

static int64_t at(const reference_value *v, int64_t row, int64_t y, int64_t x, int64_t channel)
{
    return ((row * v->height + y) * v->width + x) * v->channels + channel;
}

static reference_value *alike(reference *r, const reference_value *x)
{
    return reference_new(r, x->rows, x->height, x->width, x->channels);
}

/* sum of a b with its limit: 10 u S, S the sum of absolute values, and what x's own limit can grow to. */
typedef struct dot {
    double sum, absolute, carried;
} dot;

static void dot_add(dot *d, double weight, double value, double limit)
{
    d->sum += weight * value;
    d->absolute += fabs(weight * value);
    d->carried += fabs(weight) * limit;
}

static void dot_store(const dot *d, reference_value *y, int64_t i)
{
    y->data[i] = d->sum;
    y->limit[i] = 10 * rounding() * d->absolute + d->carried;
}

/* Terms of a product are rounded before they are multiplied, where the context wants bf16: each of the two by up to 2^-8. */
static void dot_round_terms(const reference *r, dot *d)
{
    if (alc_context_operands(alc_model_context(r->model)) != ALCK_REALS)
        d->carried += (0x1p-7 + 0x1p-16) * (d->absolute + d->carried);
}

reference_value *reference_dense(reference *r, const reference_value *x, const alc_dense_options *o)
{
    const double *weight = reference_parameter(r, o->name, "weight");
    const double *bias = reference_parameter(r, o->name, "bias");
    reference_value *result = reference_new(r, x->rows, 1, 1, o->units);
    int64_t inputs = x->height * x->width * x->channels;
    for (int64_t row = 0; row < x->rows; row++) {
        for (int64_t u = 0; u < o->units; u++) {
            dot d = {0};
            for (int64_t i = 0; i < inputs; i++) {
                /* i counts in PyTorch's order of flattening: channel, y, x. */
                int64_t channel = i / (x->height * x->width), pixel = i % (x->height * x->width);
                int64_t place = at(x, row, pixel / x->width, pixel % x->width, channel);
                dot_add(&d, weight[u * inputs + i], x->data[place], x->limit[place]);
            }
            dot_round_terms(r, &d);
            if (bias)
                dot_add(&d, 1, bias[u], 0);
            dot_store(&d, result, row * o->units + u);
        }
    }
    return result;
}

typedef struct conv_shape {
    int64_t kernel_height, kernel_width, stride, dilation, groups, top, left, out_height, out_width;
} conv_shape;

static int64_t or_one(int64_t value)
{
    return value ? value : 1;
}

static int64_t padding_for_same(int64_t in, int64_t out, int64_t kernel, int64_t dilation, int64_t stride)
{
    int64_t needed = (out - 1) * stride + (kernel - 1) * dilation + 1 - in;
    return needed > 0 ? needed : 0;
}

static conv_shape shape_of_conv(const reference_value *x, const alc_conv2d_options *o)
{
    conv_shape s = {.kernel_height = o->kernel_height ? o->kernel_height : o->kernel,
                    .kernel_width = o->kernel_width ? o->kernel_width : o->kernel, .stride = or_one(o->stride),
                    .dilation = or_one(o->dilation), .groups = or_one(o->groups), .top = o->padding, .left = o->padding};
    int64_t bottom = o->padding, right = o->padding;
    if (o->pad_top || o->pad_left || o->pad_bottom || o->pad_right) {
        s.top = o->pad_top;
        s.left = o->pad_left;
        bottom = o->pad_bottom;
        right = o->pad_right;
    }
    if (o->same) {
        s.out_height = (x->height + s.stride - 1) / s.stride;
        s.out_width = (x->width + s.stride - 1) / s.stride;
        s.top = padding_for_same(x->height, s.out_height, s.kernel_height, s.dilation, s.stride) / 2;
        s.left = padding_for_same(x->width, s.out_width, s.kernel_width, s.dilation, s.stride) / 2;
        return s;
    }
    s.out_height = (x->height + s.top + bottom - s.dilation * (s.kernel_height - 1) - 1) / s.stride + 1;
    s.out_width = (x->width + s.left + right - s.dilation * (s.kernel_width - 1) - 1) / s.stride + 1;
    return s;
}

/* One output value: filter f at (oy, ox). */
static dot conv_at(const reference_value *x, const conv_shape *s, const double *weight, int64_t filters, int64_t row,
                   int64_t oy, int64_t ox, int64_t f)
{
    int64_t in_per_group = x->channels / s->groups, first = f / (filters / s->groups) * in_per_group;
    dot d = {0};
    for (int64_t c = 0; c < in_per_group; c++) {
        for (int64_t ky = 0; ky < s->kernel_height; ky++) {
            for (int64_t kx = 0; kx < s->kernel_width; kx++) {
                int64_t y = oy * s->stride + ky * s->dilation - s->top, px = ox * s->stride + kx * s->dilation - s->left;
                if (y < 0 || y >= x->height || px < 0 || px >= x->width)
                    continue;
                double w = weight[((f * in_per_group + c) * s->kernel_height + ky) * s->kernel_width + kx];
                dot_add(&d, w, x->data[at(x, row, y, px, first + c)], x->limit[at(x, row, y, px, first + c)]);
            }
        }
    }
    return d;
}

/* Winograd's convolution makes tiles of 4x4 outputs from the same values: each has the largest error of its tile. */
static int64_t first_of_tile(const reference_value *y, int64_t i)
{
    int64_t pixel = i / y->channels, row = pixel / y->width / y->height;
    return at(y, row, pixel / y->width % y->height / 4 * 4, pixel % y->width / 4 * 4, i % y->channels);
}

static void share_limits(reference_value *y)
{
    for (int64_t i = 0; i < count_of(y); i++)
        y->limit[first_of_tile(y, i)] = fmax(y->limit[first_of_tile(y, i)], y->limit[i]);
    for (int64_t i = 0; i < count_of(y); i++)
        y->limit[i] = y->limit[first_of_tile(y, i)];
}

reference_value *reference_conv2d(reference *r, const reference_value *x, const alc_conv2d_options *o)
{
    const double *weight = reference_parameter(r, o->name, "weight");
    const double *bias = reference_parameter(r, o->name, "bias");
    conv_shape s = shape_of_conv(x, o);
    reference_value *result = reference_new(r, x->rows, s.out_height, s.out_width, o->filters);
    for (int64_t row = 0; row < x->rows; row++) {
        for (int64_t y = 0; y < s.out_height; y++) {
            for (int64_t px = 0; px < s.out_width; px++) {
                for (int64_t f = 0; f < o->filters; f++) {
                    dot d = conv_at(x, &s, weight, o->filters, row, y, px, f);
                    dot_round_terms(r, &d);
                    if (bias)
                        dot_add(&d, 1, bias[f], 0);
                    dot_store(&d, result, at(result, row, y, px, f));
                }
            }
        }
    }
    if (s.kernel_height == 3 && s.kernel_width == 3 && s.stride == 1 && s.dilation == 1 && s.groups == 1 &&
        alc_context_convolution(alc_model_context(r->model)) != ALC_CONVOLUTION_DIRECT)
        share_limits(result);
    return result;
}

/* The mean, the biased variance and the mean limit of one channel. */
static void channel_statistics(const reference_value *x, int64_t channel, double *mean, double *variance, double *limit)
{
    int64_t pixels = count_of(x) / x->channels;
    *mean = *variance = *limit = 0;
    for (int64_t p = 0; p < pixels; p++) {
        *mean += x->data[p * x->channels + channel] / (double)pixels;
        *limit += x->limit[p * x->channels + channel] / (double)pixels;
    }
    for (int64_t p = 0; p < pixels; p++) {
        double difference = x->data[p * x->channels + channel] - *mean;
        *variance += difference * difference / (double)pixels;
    }
}

reference_value *reference_batch_norm(reference *r, const reference_value *x, const alc_batch_norm_options *o)
{
    const double *weight = reference_parameter(r, o->name, "weight"), *bias = reference_parameter(r, o->name, "bias");
    const double *running_mean = reference_parameter(r, o->name, "running_mean");
    const double *running_variance = reference_parameter(r, o->name, "running_var");
    bool batch = r->mode == ALC_TRAIN && (o->mode == ALC_BATCH_NORM_TRAIN ||
                                          (o->mode == ALC_BATCH_NORM_AUTO && !r->c->freeze));
    reference_value *result = alike(r, x);
    for (int64_t c = 0; c < x->channels; c++) {
        double mean = running_mean[c], variance = running_variance[c], carried = 0;
        if (batch)
            channel_statistics(x, c, &mean, &variance, &carried);
        double inverse = 1 / sqrt(variance + (o->epsilon != 0 ? o->epsilon : 1e-5));
        for (int64_t i = c; i < count_of(x); i += x->channels) {
            double normalized = (x->data[i] - mean) * inverse, scale = fabs(weight[c] * inverse);
            result->data[i] = weight[c] * normalized + bias[c];
            result->limit[i] = norm_error() * (scale * (fabs(x->data[i]) + fabs(mean)) + fabs(bias[c])) +
                               scale * (x->limit[i] + (1 + fabs(normalized)) * carried);
        }
    }
    return result;
}

static double activate(op_activation kind, double x)
{
    switch (kind) {
    case OP_RELU:
        return x < 0 ? 0 : x;
    case OP_RELU6:
        return x < 0 ? 0 : x > 6 ? 6 : x;
    case OP_SIGMOID:
        return 1 / (1 + exp(-x));
    case OP_SILU:
        return x / (1 + exp(-x));
    case OP_TANH:
        return tanh(x);
    }
    return NAN;
}

/* The steepest that each gets: the limit of its input grows by no more. */
static const double steepest[] = {1, 1, 0.25, 1.1, 1};

reference_value *reference_activation(reference *r, const reference_value *x, op_activation kind)
{
    reference_value *result = alike(r, x);
    for (int64_t i = 0; i < count_of(x); i++) {
        result->data[i] = activate(kind, x->data[i]);
        /* 2 units in the last place, of which one is up to 2 roundings; relu is exact. */
        double own = kind == OP_RELU || kind == OP_RELU6 ? 0 : 4 * rounding() * fabs(result->data[i]);
        result->limit[i] = own + steepest[kind] * x->limit[i];
    }
    return result;
}

reference_value *reference_add(reference *r, const reference_value *a, const reference_value *b)
{
    reference_value *result = alike(r, a);
    for (int64_t i = 0; i < count_of(a); i++) {
        result->data[i] = a->data[i] + b->data[i];
        result->limit[i] = a->limit[i] + b->limit[i] + rounding() * fabs(result->data[i]);
    }
    return result;
}

reference_value *reference_multiply(reference *r, const reference_value *a, const reference_value *b)
{
    reference_value *result = alike(r, a);
    bool gate = b->height * b->width == 1;
    for (int64_t i = 0; i < count_of(a); i++) {
        int64_t row = i / (a->height * a->width * a->channels);
        int64_t other = gate ? row * a->channels + i % a->channels : i;
        result->data[i] = a->data[i] * b->data[other];
        result->limit[i] = fabs(a->data[i]) * b->limit[other] + fabs(b->data[other]) * a->limit[i] +
                           rounding() * fabs(result->data[i]);
    }
    return result;
}

/* One output value of a pooling window whose upper left corner is at (top, left), which may lie outside. */
static void pool_at(const reference_value *x, op_pool kind, const alc_pool_options *o, int64_t row, int64_t top,
                    int64_t left, int64_t channel, double *value, double *limit)
{
    double largest = -INFINITY, sum = 0, absolute = 0, carried = 0, inside = 0;
    *limit = 0;
    for (int64_t y = top; y < top + o->kernel; y++) {
        for (int64_t px = left; px < left + o->kernel; px++) {
            if (y < 0 || y >= x->height || px < 0 || px >= x->width)
                continue;
            int64_t place = at(x, row, y, px, channel);
            largest = fmax(largest, x->data[place]);
            *limit = fmax(*limit, x->limit[place]);
            sum += x->data[place];
            absolute += fabs(x->data[place]);
            carried += x->limit[place];
            inside++;
        }
    }
    *value = largest;
    if (kind == OP_MAX_POOL)
        return;
    double divisor = o->count_padding ? (double)(o->kernel * o->kernel) : inside;
    *value = sum / divisor;
    *limit = (10 * rounding() * absolute + carried) / divisor;
}

reference_value *reference_pool(reference *r, const reference_value *x, op_pool kind, const alc_pool_options *o)
{
    int64_t stride = o->stride ? o->stride : o->kernel;
    int64_t height = (x->height + 2 * o->padding - o->kernel) / stride + 1;
    int64_t width = (x->width + 2 * o->padding - o->kernel) / stride + 1;
    reference_value *result = reference_new(r, x->rows, height, width, x->channels);
    for (int64_t row = 0; row < x->rows; row++) {
        for (int64_t y = 0; y < height; y++) {
            for (int64_t px = 0; px < width; px++) {
                for (int64_t c = 0; c < x->channels; c++) {
                    int64_t place = at(result, row, y, px, c);
                    pool_at(x, kind, o, row, y * stride - o->padding, px * stride - o->padding, c, &result->data[place],
                            &result->limit[place]);
                }
            }
        }
    }
    return result;
}

reference_value *reference_adaptive_average_pool(reference *r, const reference_value *x, int64_t height, int64_t width)
{
    reference_value *result = reference_new(r, x->rows, height, width, x->channels);
    for (int64_t i = 0; i < count_of(result); i++) {
        int64_t c = i % x->channels, px = i / x->channels % width, y = i / x->channels / width % height;
        int64_t row = i / x->channels / width / height;
        int64_t top = y * x->height / height, bottom = ((y + 1) * x->height + height - 1) / height;
        int64_t left = px * x->width / width, right = ((px + 1) * x->width + width - 1) / width;
        dot d = {0};
        for (int64_t p = 0; p < (bottom - top) * (right - left); p++) {
            int64_t place = at(x, row, top + p / (right - left), left + p % (right - left), c);
            dot_add(&d, 1 / (double)((bottom - top) * (right - left)), x->data[place], x->limit[place]);
        }
        dot_store(&d, result, i);
    }
    return result;
}

reference_value *reference_global_average_pool(reference *r, const reference_value *x)
{
    reference_value *result = reference_new(r, x->rows, 1, 1, x->channels);
    int64_t pixels = x->height * x->width;
    for (int64_t row = 0; row < x->rows; row++) {
        for (int64_t c = 0; c < x->channels; c++) {
            dot d = {0};
            for (int64_t p = 0; p < pixels; p++) {
                int64_t place = (row * pixels + p) * x->channels + c;
                dot_add(&d, 1 / (double)pixels, x->data[place], x->limit[place]);
            }
            dot_store(&d, result, row * x->channels + c);
        }
    }
    return result;
}

reference_value *reference_concat(reference *r, int count, reference_value *const *inputs)
{
    int64_t channels = 0, first = 0;
    for (int i = 0; i < count; i++)
        channels += inputs[i]->channels;
    reference_value *result = reference_new(r, inputs[0]->rows, inputs[0]->height, inputs[0]->width, channels);
    for (int i = 0; i < count; i++) {
        const reference_value *x = inputs[i];
        for (int64_t place = 0; place < count_of(x); place++) {
            int64_t to = place / x->channels * channels + first + place % x->channels;
            result->data[to] = x->data[place];
            result->limit[to] = x->limit[place];
        }
        first += x->channels;
    }
    return result;
}

reference_value *reference_flatten(reference *r, const reference_value *x)
{
    int64_t pixels = x->height * x->width;
    reference_value *result = reference_new(r, x->rows, 1, 1, pixels * x->channels);
    for (int64_t row = 0; row < x->rows; row++) {
        for (int64_t c = 0; c < x->channels; c++) {
            for (int64_t p = 0; p < pixels; p++) {
                int64_t to = (row * x->channels + c) * pixels + p, from = (row * pixels + p) * x->channels + c;
                result->data[to] = x->data[from];
                result->limit[to] = x->limit[from];
            }
        }
    }
    return result;
}

/* Element e of a sample takes word e mod 4 of block e / 4 of the sample's random stream, drop-connect word 0 for all, and is
 * dropped where the word is below rate 2^32. The stream is that of the layer's name, the epoch and the sample's place. */
reference_value *reference_dropout(reference *r, const reference_value *x, double rate, bool per_sample)
{
    char name[64];
    snprintf(name, sizeof name, per_sample ? "drop_connect_%d" : "dropout_%d",
             per_sample ? ++r->drop_connects : ++r->dropouts);
    reference_value *result = alike(r, x);
    int64_t elements = x->height * x->width * x->channels;
    for (int64_t i = 0; i < count_of(x); i++) {
        uint32_t words[4];
        uint64_t row = (uint64_t)(i / elements), element = per_sample ? 0 : (uint64_t)(i % elements);
        uint64_t stream = alc_mix(alc_mix(alc_hash_text(name), r->epoch), r->position + row);
        alck_philox(r->seed, stream, element / 4, words);
        double factor = (double)words[element % 4] < floor(rate * 0x1p32) ? 0 : 1 / (1 - rate);
        factor = r->mode == ALC_TRAIN ? factor : 1;
        result->data[i] = factor * x->data[i];
        result->limit[i] = factor * x->limit[i] + 2 * rounding() * fabs(result->data[i]);
    }
    return result;
}

/* log(sum over classes of exp(logit)), without overflow. */
static double log_sum(const double *logits, int64_t classes)
{
    double largest = -INFINITY, sum = 0;
    for (int64_t c = 0; c < classes; c++)
        largest = fmax(largest, logits[c]);
    for (int64_t c = 0; c < classes; c++)
        sum += exp(logits[c] - largest);
    return largest + log(sum);
}

static double largest_limit(const reference_value *x, int64_t pixel)
{
    double largest = 0;
    for (int64_t c = 0; c < x->channels; c++)
        largest = fmax(largest, x->limit[pixel * x->channels + c]);
    return largest;
}

reference_value *reference_softmax(reference *r, const reference_value *x)
{
    reference_value *result = alike(r, x);
    for (int64_t p = 0; p < count_of(x) / x->channels; p++) {
        double total = log_sum(x->data + p * x->channels, x->channels), carried = largest_limit(x, p);
        for (int64_t c = 0; c < x->channels; c++) {
            int64_t i = p * x->channels + c;
            result->data[i] = exp(x->data[i] - total);
            result->limit[i] = norm_error() + 2 * carried * result->data[i];
        }
    }
    return result;
}

reference_value *reference_cross_entropy(reference *r, const reference_value *logits, const reference_value *labels,
                                         const alc_cross_entropy_options *o)
{
    reference_value *result = reference_new(r, 1, 1, 1, 1);
    double sum = 0, weights = 0, carried = 0;
    int64_t classes = logits->channels;
    for (int64_t row = 0; row < logits->rows; row++) {
        const double *x = logits->data + row * classes;
        double total = log_sum(x, classes), loss = 0;
        for (int64_t c = 0; c < classes; c++) {
            double target = o->label_smoothing / (double)classes;
            target += c == labels->labels[row] ? 1 - o->label_smoothing : 0;
            loss += (o->class_weights ? o->class_weights[c] : 1) * target * (total - x[c]);
        }
        sum += loss;
        weights += o->class_weights ? o->class_weights[labels->labels[row]] : 1;
        carried = fmax(carried, largest_limit(logits, row));
    }
    result->data[0] = sum / weights;
    result->limit[0] = norm_error() * (1 + fabs(result->data[0])) + 2 * carried;
    return result;
}
