private import CKernels

/// One of the kernels of the C library: a function that generated code specialises and the prebuilt tier
/// calls as it is.
///
/// `Kernel`, `KernelText`, `KernelSizes` and `KernelPool` meet the C library; everything else speaks of them.
package enum Kernel: String, Hashable, Sendable, CaseIterable {
  case convForward, convInputGradient, convWeightGradient, weightTranspose, weightPack, weightUnpack
  case sumPartials, biasGradientPartial, convStatistics, batchStatisticsPartial, batchStatistics, batchNorm,
    batchNormalize
  case batchNormReducePartial, batchNormInputGradient, activation, activationGradient, maxPool
  case maxPoolGradient, averagePool, averagePoolGradient, globalAveragePool, globalAveragePoolGradient
  case spatialSum, add, multiply, copy, concat, split, transpose, channelShuffle, upsample, upsampleGradient,
    fill
  case randomMask, softmaxCrossEntropy, softmaxCrossEntropyGradient, row, runningMean, runningVariance
  case sgdVelocity, sgdStep, foldedWeight, foldedBias
  case layerNorm, layerNormReducePartial, layerNormInputGradient, attention, attentionGradient
  case softmax, softmaxGradient
  case convWinograd, winogradWeight, winogradGradientWeight, bf16Weight, bf16GradientWeight
  case separable, normFactors, interleave, strassenWeight, stridedWeight, composedWeight, composedBias

  private var id: irlas_kernel_id {
    switch self {
    case .convForward: IRLAS_CONV_FORWARD
    case .convInputGradient: IRLAS_CONV_INPUT_GRADIENT
    case .convWeightGradient: IRLAS_CONV_WEIGHT_GRADIENT
    case .weightTranspose: IRLAS_WEIGHT_TRANSPOSE
    case .weightPack: IRLAS_WEIGHT_PACK
    case .weightUnpack: IRLAS_WEIGHT_UNPACK
    case .sumPartials: IRLAS_SUM_PARTIALS
    case .biasGradientPartial: IRLAS_BIAS_GRADIENT_PARTIAL
    case .convStatistics: IRLAS_CONV_STATISTICS
    case .batchStatisticsPartial: IRLAS_BATCH_STATISTICS_PARTIAL
    case .batchStatistics: IRLAS_BATCH_STATISTICS
    case .batchNorm: IRLAS_BATCH_NORM
    case .batchNormalize: IRLAS_BATCH_NORMALIZE
    case .batchNormReducePartial: IRLAS_BATCH_NORM_REDUCE_PARTIAL
    case .batchNormInputGradient: IRLAS_BATCH_NORM_INPUT_GRADIENT
    case .activation: IRLAS_ACTIVATION
    case .activationGradient: IRLAS_ACTIVATION_GRADIENT
    case .maxPool: IRLAS_MAX_POOL
    case .maxPoolGradient: IRLAS_MAX_POOL_GRADIENT
    case .averagePool: IRLAS_AVERAGE_POOL
    case .averagePoolGradient: IRLAS_AVERAGE_POOL_GRADIENT
    case .globalAveragePool: IRLAS_GLOBAL_AVERAGE_POOL
    case .globalAveragePoolGradient: IRLAS_GLOBAL_AVERAGE_POOL_GRADIENT
    case .spatialSum: IRLAS_SPATIAL_SUM
    case .add: IRLAS_ADD
    case .multiply: IRLAS_MULTIPLY
    case .copy: IRLAS_COPY
    case .concat: IRLAS_CONCAT
    case .split: IRLAS_SPLIT
    case .transpose: IRLAS_TRANSPOSE
    case .channelShuffle: IRLAS_CHANNEL_SHUFFLE
    case .upsample: IRLAS_UPSAMPLE
    case .upsampleGradient: IRLAS_UPSAMPLE_GRADIENT
    case .fill: IRLAS_FILL
    case .randomMask: IRLAS_RANDOM_MASK
    case .softmaxCrossEntropy: IRLAS_SOFTMAX_CROSS_ENTROPY
    case .softmaxCrossEntropyGradient: IRLAS_SOFTMAX_CROSS_ENTROPY_GRADIENT
    case .row: IRLAS_ROW
    case .runningMean: IRLAS_RUNNING_MEAN
    case .runningVariance: IRLAS_RUNNING_VARIANCE
    case .sgdVelocity: IRLAS_SGD_VELOCITY
    case .sgdStep: IRLAS_SGD_STEP
    case .foldedWeight: IRLAS_FOLDED_WEIGHT
    case .foldedBias: IRLAS_FOLDED_BIAS
    case .layerNorm: IRLAS_LAYER_NORM
    case .layerNormReducePartial: IRLAS_LAYER_NORM_REDUCE_PARTIAL
    case .layerNormInputGradient: IRLAS_LAYER_NORM_INPUT_GRADIENT
    case .attention: IRLAS_ATTENTION
    case .attentionGradient: IRLAS_ATTENTION_GRADIENT
    case .softmax: IRLAS_SOFTMAX
    case .softmaxGradient: IRLAS_SOFTMAX_GRADIENT
    case .convWinograd: IRLAS_CONV_WINOGRAD
    case .winogradWeight: IRLAS_WINOGRAD_WEIGHT
    case .winogradGradientWeight: IRLAS_WINOGRAD_GRADIENT_WEIGHT
    case .bf16Weight: IRLAS_BF16_WEIGHT
    case .bf16GradientWeight: IRLAS_BF16_GRADIENT_WEIGHT
    case .separable: IRLAS_SEPARABLE
    case .normFactors: IRLAS_NORM_FACTORS
    case .interleave: IRLAS_INTERLEAVE
    case .strassenWeight: IRLAS_STRASSEN_WEIGHT
    case .stridedWeight: IRLAS_STRIDED_WEIGHT
    case .composedWeight: IRLAS_COMPOSED_WEIGHT
    case .composedBias: IRLAS_COMPOSED_BIAS
    }
  }

  private var entry: irlas_kernel {
    guard let entry = irlas_kernel(id) else { preconditionFailure("no kernel \(rawValue)") }
    return entry.pointee
  }

  /// The kernel's name in C, without the prefix `irlas_`.
  package var name: String { String(cString: entry.name) }

  /// The C structure of its sizes.
  package var structure: String { String(cString: entry.dims) }

  /// The parts of the kernel text it needs, in the order they must stand in a file.
  package var textParts: [Int] { (0..<32).filter { entry.parts >> UInt32($0) & 1 == 1 } }

  /// The prebuilt function, which reads its sizes at run time.
  package var prebuilt: KernelFunction {
    guard let run = entry.run else { preconditionFailure("kernel \(rawValue) is not built") }
    return run
  }

  /// A matrix product that computes the same with another number of tasks, if the sizes are those of a product
  /// and there is one (`KernelProduct`).
  package func product(_ sizes: KernelSizes) -> KernelBinding? {
    sizes.withBytes { bytes in
      var tasks: Int32 = 0
      return irlas_product(id, bytes, &tasks).map { KernelBinding(function: $0, taskCount: Int(tasks)) }
    }
  }

  /// How many tasks a call with these sizes has; a function of the sizes alone.
  package func taskCount(_ sizes: KernelSizes) -> Int {
    sizes.withBytes { Int(entry.tasks($0)) }
  }

  /// How many floats of scratch a thread needs.
  package func scratchCount(_ sizes: KernelSizes) -> Int {
    sizes.withBytes { entry.scratch($0) }
  }
}

/// A function and the number of its tasks for the sizes it is bound to.
package struct KernelBinding: Sendable {
  package let function: KernelFunction
  package let taskCount: Int
}

/// A matrix product as CBLAS has it.
package typealias MatrixProduct =
  @convention(c) (
    Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32, UnsafePointer<Float>?,
    Int32,
    Float, UnsafeMutablePointer<Float>?, Int32
  ) -> Void

/// The matrix product that stands in for kernels where it is faster.
package enum KernelProduct {
  /// Gives the kernels a product, once and before programs are bound.
  package static func install(_ product: @escaping MatrixProduct) { irlas_set_sgemm(product) }
}

/// The kernel library's source text, in parts.
package enum KernelText {
  /// Part number `index`; nil past the last one.
  package static func part(_ index: Int) -> String? {
    var length = 0
    guard let text = irlas_kernel_text(Int32(index), &length) else { return nil }
    return String(
      decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(text), count: length), as: UTF8.self)
  }

  /// Which instruction set the prebuilt kernels were chosen for on this machine.
  package static var prebuiltInstructionSet: String { String(cString: irlas_prebuilt_name()) }
}
