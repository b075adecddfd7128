#include "CKernels.h"
#include "kernel_list.h"
#include "kernel_texts.h"

// Parts of the text, numbered in the order of kernel_texts.h.
enum {
  part_dims, part_base, part_math, part_bf16, part_panel, part_weight, part_sweep, part_dense, part_joined, part_strassen,
  part_convolution, part_separable, part_winograd, part_winograd_strided, part_winograd_kernels, part_weight_gradient, part_reduction, part_statistics,
  part_convolution_statistics, part_normalization, part_elementwise, part_pooling,
  part_arrangement, part_loss, part_random, part_layer_norm, part_attention, part_softmax,
  part_count,
};

#define WITH(part) (UINT32_C(1) << part_##part)
enum {
  COMMON = WITH(dims) | WITH(base),
  WEIGHT = COMMON | WITH(math) | WITH(bf16) | WITH(panel) | WITH(weight),
  WINDOW = COMMON | WITH(math) | WITH(bf16) | WITH(panel) | WITH(sweep) | WITH(joined),
  CONVOLUTION = WINDOW | WITH(dense) | WITH(strassen) | WITH(convolution),
  SEPARABLE = WINDOW | WITH(dense) | WITH(separable),
  WINOGRAD = COMMON | WITH(math) | WITH(bf16) | WITH(panel) | WITH(sweep) | WITH(winograd) | WITH(winograd_strided) | WITH(winograd_kernels),
  GRADIENT = WINDOW | WITH(weight_gradient),
  REDUCTION = COMMON | WITH(reduction),
  STATISTICS = REDUCTION | WITH(statistics),
  CONVOLUTION_STATISTICS = CONVOLUTION | STATISTICS | WITH(convolution_statistics),
  NORMALIZATION = REDUCTION | WITH(math) | WITH(normalization),
  ELEMENTWISE = COMMON | WITH(math) | WITH(elementwise),
  POOLING = COMMON | WITH(pooling),
  ARRANGEMENT = COMMON | WITH(arrangement),
  LOSS = COMMON | WITH(math) | WITH(loss),
  RANDOM = COMMON | WITH(random),
  LAYER_NORM = COMMON | WITH(math) | WITH(layer_norm),
  ATTENTION = COMMON | WITH(math) | WITH(attention),
  SOFTMAX = LOSS | WITH(softmax),
};

static const char text_dims[] = {
#embed "include/irlas_dims.h"
    , 0};
static const char text_base[] = {
#embed "source/base.h"
    , 0};
static const char text_math[] = {
#embed "source/math.h"
    , 0};
static const char text_bf16[] = {
#embed "source/bf16.h"
    , 0};
static const char text_panel[] = {
#embed "source/panel.h"
    , 0};
static const char text_weight[] = {
#embed "source/weight.h"
    , 0};
static const char text_sweep[] = {
#embed "source/sweep.h"
    , 0};
static const char text_dense[] = {
#embed "source/dense.h"
    , 0};
static const char text_joined[] = {
#embed "source/joined.h"
    , 0};
static const char text_strassen[] = {
#embed "source/strassen.h"
    , 0};
static const char text_convolution[] = {
#embed "source/convolution.h"
    , 0};
static const char text_separable[] = {
#embed "source/separable.h"
    , 0};
static const char text_winograd[] = {
#embed "source/winograd.h"
    , 0};
static const char text_winograd_strided[] = {
#embed "source/winograd_strided.h"
    , 0};
static const char text_winograd_kernels[] = {
#embed "source/winograd_kernels.h"
    , 0};
static const char text_weight_gradient[] = {
#embed "source/weight_gradient.h"
    , 0};
static const char text_reduction[] = {
#embed "source/reduction.h"
    , 0};
static const char text_statistics[] = {
#embed "source/statistics.h"
    , 0};
static const char text_convolution_statistics[] = {
#embed "source/convolution_statistics.h"
    , 0};
static const char text_normalization[] = {
#embed "source/normalization.h"
    , 0};
static const char text_elementwise[] = {
#embed "source/elementwise.h"
    , 0};
static const char text_pooling[] = {
#embed "source/pooling.h"
    , 0};
static const char text_arrangement[] = {
#embed "source/arrangement.h"
    , 0};
static const char text_loss[] = {
#embed "source/loss.h"
    , 0};
static const char text_random[] = {
#embed "source/random.h"
    , 0};

static const char text_layer_norm[] = {
#embed "source/layer_norm.h"
    , 0};
static const char text_attention[] = {
#embed "source/attention.h"
    , 0};
static const char text_softmax[] = {
#embed "source/softmax.h"
    , 0};

#define TEXT(part) [part_##part] = {text_##part, sizeof text_##part - 1}
static const struct {
  const char *text;
  ptrdiff_t length;
} texts[part_count] = {
    TEXT(dims), TEXT(base), TEXT(math), TEXT(bf16), TEXT(panel), TEXT(weight), TEXT(sweep), TEXT(dense), TEXT(joined), TEXT(strassen),
    TEXT(convolution), TEXT(separable), TEXT(winograd), TEXT(winograd_strided), TEXT(winograd_kernels), TEXT(weight_gradient), TEXT(reduction), TEXT(statistics), TEXT(convolution_statistics), TEXT(normalization), TEXT(elementwise),
    TEXT(pooling), TEXT(arrangement), TEXT(loss), TEXT(random), TEXT(layer_norm), TEXT(attention),
    TEXT(softmax),
};

const char *irlas_kernel_text(int part, ptrdiff_t *length) {
  if (part < 0 || part >= part_count) return NULL;
  if (length) *length = texts[part].length;
  return texts[part].text;
}

// The whole numbers of a structure end where its first float begins.
#define offset_end(structure) sizeof(struct structure)
#define offset_epsilon(structure) offsetof(struct structure, epsilon)
#define offset_value(structure) offsetof(struct structure, value)
#define offset_rate(structure) offsetof(struct structure, rate)
#define offset_smoothing(structure) offsetof(struct structure, smoothing)
#define offset_scale(structure) offsetof(struct structure, scale)
#define offset_momentum(structure) offsetof(struct structure, momentum)
#define floats_end 0
#define floats_epsilon 1
#define floats_value 1
#define floats_rate 2
#define floats_smoothing 2
#define floats_scale 1
#define floats_momentum 2

#define CHECK(name, structure, integers, floats, parts)                                  \
  _Static_assert(offset_##floats(structure) == (integers) * sizeof(ptrdiff_t), #structure); \
  _Static_assert(sizeof(struct structure) - offset_##floats(structure) >= floats_##floats * sizeof(float) && \
                     sizeof(struct structure) - offset_##floats(structure) < (floats_##floats + 2) * sizeof(float), \
                 #structure);
IRLAS_KERNELS(CHECK)

#define SIZES(name, structure, integers, floats, parts)                                                        \
  static int tasks_##name(const void *d) { return irlas_##name##_tasks((const struct structure *)d); }         \
  static ptrdiff_t scratch_##name(const void *d) { return irlas_##name##_scratch((const struct structure *)d); }
IRLAS_KERNELS(SIZES)

extern const irlas_run_fn irlas_tier_portable[], irlas_tier_avx2[], irlas_tier_avx512[];

#define PEAK(name) \
  extern void irlas_tier_##name##_peak(const void *d, float *const *p, float *scratch, int task); \
  extern const int irlas_tier_##name##_peak_flops; \
  extern void irlas_tier_##name##_read(const void *d, float *const *p, float *scratch, int task);
PEAK(portable) PEAK(avx2) PEAK(avx512)

static const irlas_run_fn *tier(const char **name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    *name = "avx512";
    return irlas_tier_avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    *name = "avx2";
    return irlas_tier_avx2;
  }
#endif
  *name = "portable";
  return irlas_tier_portable;
}

#define ROW(name, structure, integers, floats, parts) \
  {#name, #structure, integers, floats_##floats, parts, NULL, tasks_##name, scratch_##name},
static struct irlas_kernel kernels[IRLAS_KERNEL_COUNT] = {IRLAS_KERNELS(ROW)};
static const char *tier_name;

__attribute__((constructor)) static void choose_tier(void) {
  const irlas_run_fn *run = tier(&tier_name);
  for (int id = 0; id < IRLAS_KERNEL_COUNT; id++) kernels[id].run = run[id];
}

const struct irlas_kernel *irlas_kernel(enum irlas_kernel_id id) { return &kernels[id]; }

const char *irlas_prebuilt_name(void) { return tier_name; }

#if defined(__x86_64__)
#define OF_TIER(name)                                                                             \
  (tier_name[0] == 'p' ? irlas_tier_portable_##name                                               \
                       : tier_name[3] == '5' ? irlas_tier_avx512_##name : irlas_tier_avx2_##name)
#else
#define OF_TIER(name) irlas_tier_portable_##name
#endif

irlas_run_fn irlas_peak(int *flops) {
  *flops = OF_TIER(peak_flops);
  return OF_TIER(peak);
}

irlas_run_fn irlas_read(void) { return OF_TIER(read); }

ptrdiff_t irlas_conv_weight_splits(const struct irlas_conv *d) { return irlas_conv_weight_gradient_splits(d); }

struct irlas_statistics irlas_conv_blocks(const struct irlas_conv *d) { return irlas_conv_statistics_blocks(d); }

ptrdiff_t irlas_winograd_count(const struct irlas_conv *d) { return irlas_winograd_weight_count(d); }

int irlas_winograd_is_better(const struct irlas_conv *d, int changing) { return irlas_winograd_pays(d, changing); }

ptrdiff_t irlas_strassen_count(const struct irlas_conv *d) { return irlas_strassen_weight_count(d); }

int irlas_strassen_is_better(const struct irlas_conv *d, int changing) { return irlas_strassen_pays(d, changing); }

int irlas_separable_is_possible(const struct irlas_separable *d) { return irlas_separable_fits(d); }

int irlas_separable_is_better(const struct irlas_separable *d) { return irlas_separable_pays(d); }

ptrdiff_t irlas_bf16_count(const struct irlas_conv *d) { return irlas_bf16_weight_count(d); }

ptrdiff_t irlas_reduction_blocks(ptrdiff_t rows, ptrdiff_t channels) { return irlas_blocks(rows, channels); }
