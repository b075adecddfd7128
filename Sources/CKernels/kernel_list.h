// KERNEL(name, structure, integers, its first float or `end`, parts of the text)
//
// The order is that of `enum irlas_kernel_id`.
#define IRLAS_KERNELS(KERNEL)                                                           \
  KERNEL(conv_forward, irlas_conv, 20, end, CONVOLUTION)                                \
  KERNEL(conv_input_gradient, irlas_conv, 20, end, CONVOLUTION)                         \
  KERNEL(conv_weight_gradient, irlas_conv, 20, end, GRADIENT)                           \
  KERNEL(weight_transpose, irlas_conv, 20, end, WEIGHT)                                 \
  KERNEL(weight_pack, irlas_conv, 20, end, WEIGHT)                                      \
  KERNEL(weight_unpack, irlas_conv, 20, end, WEIGHT)                                    \
  KERNEL(sum_partials, irlas_partials, 2, end, REDUCTION)                               \
  KERNEL(bias_gradient_partial, irlas_reduction, 3, end, REDUCTION)                     \
  KERNEL(conv_statistics, irlas_conv, 20, end, CONVOLUTION_STATISTICS)                  \
  KERNEL(batch_statistics_partial, irlas_reduction, 3, end, STATISTICS)                 \
  KERNEL(batch_statistics, irlas_statistics, 5, end, STATISTICS)                        \
  KERNEL(batch_norm, irlas_norm, 5, epsilon, NORMALIZATION)                             \
  KERNEL(batch_normalize, irlas_norm, 5, epsilon, NORMALIZATION)                        \
  KERNEL(batch_norm_reduce_partial, irlas_norm, 5, epsilon, NORMALIZATION)              \
  KERNEL(batch_norm_input_gradient, irlas_norm, 5, epsilon, NORMALIZATION)              \
  KERNEL(activation, irlas_elements, 2, value, ELEMENTWISE)                             \
  KERNEL(activation_gradient, irlas_gradients, 4, end, ELEMENTWISE)                     \
  KERNEL(max_pool, irlas_pooling, 17, end, POOLING)                                     \
  KERNEL(max_pool_gradient, irlas_pooling, 17, end, POOLING)                            \
  KERNEL(average_pool, irlas_pooling, 17, end, POOLING)                                 \
  KERNEL(average_pool_gradient, irlas_pooling, 17, end, POOLING)                        \
  KERNEL(global_average_pool, irlas_places, 4, end, POOLING)                            \
  KERNEL(global_average_pool_gradient, irlas_places, 4, end, POOLING)                   \
  KERNEL(spatial_sum, irlas_places, 4, end, POOLING)                                    \
  KERNEL(add, irlas_elements, 2, value, ELEMENTWISE)                                    \
  KERNEL(multiply, irlas_places, 4, end, ELEMENTWISE)                                   \
  KERNEL(copy, irlas_copy, 12, end, ARRANGEMENT)                                        \
  KERNEL(concat, irlas_join, 10, end, ARRANGEMENT)                                      \
  KERNEL(split, irlas_join, 10, end, ARRANGEMENT)                                       \
  KERNEL(transpose, irlas_transpose, 3, end, ARRANGEMENT)                               \
  KERNEL(channel_shuffle, irlas_shuffle, 3, end, ARRANGEMENT)                           \
  KERNEL(upsample, irlas_upsample, 5, end, ARRANGEMENT)                                 \
  KERNEL(upsample_gradient, irlas_upsample, 5, end, ARRANGEMENT)                        \
  KERNEL(fill, irlas_elements, 2, value, ELEMENTWISE)                                   \
  KERNEL(random_mask, irlas_mask, 2, rate, RANDOM)                                      \
  KERNEL(softmax_cross_entropy, irlas_loss, 2, smoothing, LOSS)                         \
  KERNEL(softmax_cross_entropy_gradient, irlas_loss, 2, smoothing, LOSS)                \
  KERNEL(row, irlas_row, 2, end, ELEMENTWISE)                                           \
  KERNEL(running_mean, irlas_running, 1, momentum, ELEMENTWISE)                         \
  KERNEL(running_variance, irlas_running, 1, momentum, ELEMENTWISE)                     \
  KERNEL(sgd_velocity, irlas_sgd, 3, momentum, ELEMENTWISE)                             \
  KERNEL(sgd_step, irlas_sgd, 3, momentum, ELEMENTWISE)                                 \
  KERNEL(folded_weight, irlas_fold, 5, epsilon, WEIGHT)                                 \
  KERNEL(folded_bias, irlas_fold, 5, epsilon, WEIGHT)                                   \
  KERNEL(layer_norm, irlas_norm, 5, epsilon, LAYER_NORM)                                \
  KERNEL(layer_norm_reduce_partial, irlas_norm, 5, epsilon, LAYER_NORM)                 \
  KERNEL(layer_norm_input_gradient, irlas_norm, 5, epsilon, LAYER_NORM)                 \
  KERNEL(attention, irlas_attention, 4, scale, ATTENTION)                               \
  KERNEL(attention_gradient, irlas_attention, 4, scale, ATTENTION)                      \
  KERNEL(softmax, irlas_reduction, 3, end, SOFTMAX)                                     \
  KERNEL(softmax_gradient, irlas_reduction, 3, end, SOFTMAX)                            \
  KERNEL(conv_winograd, irlas_conv, 20, end, WINOGRAD)                                  \
  KERNEL(winograd_weight, irlas_conv, 20, end, WINOGRAD)                                \
  KERNEL(winograd_gradient_weight, irlas_conv, 20, end, WINOGRAD)
