private import CKernels
package import IRLASGraph

/// One of the kernels of the C library: a function that generated code specialises and the prebuilt tier
/// calls as it is.
///
/// This file is the only one that meets the C library; everything else speaks of `Kernel`, `KernelSizes`,
/// `KernelText` and `KernelPool`.
package enum Kernel: String, Hashable, Sendable, CaseIterable {
  case convForward, convInputGradient, convWeightGradient, weightTranspose, weightPack, weightUnpack
  case sumPartials, biasGradientPartial, batchStatisticsPartial, batchStatistics, batchNorm, batchNormalize
  case batchNormReducePartial, batchNormInputGradient, activation, activationGradient, maxPool
  case maxPoolGradient, averagePool, averagePoolGradient, globalAveragePool, globalAveragePoolGradient
  case spatialSum, add, multiply, copy, transpose, channelShuffle, upsample, upsampleGradient, fill
  case randomMask, softmaxCrossEntropy, softmaxCrossEntropyGradient, row, runningMean, runningVariance
  case sgdVelocity, sgdStep, foldedWeight, foldedBias

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

  /// How many tasks a call with these sizes has; a function of the sizes alone.
  package func taskCount(_ sizes: KernelSizes) -> Int {
    sizes.withBytes { Int(entry.tasks($0)) }
  }

  /// How many floats of scratch a thread needs.
  package func scratchCount(_ sizes: KernelSizes) -> Int {
    sizes.withBytes { entry.scratch($0) }
  }
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

/// The sizes a kernel is called with: the value of one of the C library's structures.
package struct KernelSizes: Hashable, Sendable {
  /// One member of the structure.
  package struct Field: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
      case integer(Int)
      case real(Float)
    }
    package let name: String
    package let value: Value
  }

  /// The members in order, whole numbers first.
  package let fields: [Field]

  private init<Structure>(_ structure: Structure) {
    fields = Mirror(reflecting: structure).children.map { child in
      switch child.value {
      case let value as Int: Field(name: child.label ?? "", value: .integer(value))
      case let value as Float: Field(name: child.label ?? "", value: .real(value))
      default: preconditionFailure("a kernel's sizes are whole numbers and floats")
      }
    }
  }

  /// Calls `body` with the structure's bytes as C lays them out.
  package func withBytes<Result>(_ body: (UnsafeRawPointer) -> Result) -> Result {
    bytes.withUnsafeBytes { body($0.baseAddress!) }
  }

  /// The structure's bytes, in words: whole numbers take one, floats half of one.
  package var bytes: [UInt64] {
    var words: [UInt64] = []
    var halves: [UInt32] = []
    for field in fields {
      switch field.value {
      case .integer(let value): words.append(UInt64(bitPattern: Int64(value)))
      case .real(let value): halves.append(value.bitPattern)
      }
    }
    for index in stride(from: 0, to: halves.count, by: 2) {
      words.append(UInt64(halves[index]) | UInt64(index + 1 < halves.count ? halves[index + 1] : 0) << 32)
    }
    return words
  }
}

// MARK: - Sizes of every kernel family

extension KernelSizes {
  /// A convolution of `input` to `output`; the same structure serves its gradients.
  package static func conv(
    batch: Int, input: Shape, output: Shape, _ convolution: Convolution, hasBias: Bool = false
  ) -> KernelSizes {
    KernelSizes(structure(batch: batch, input: input, output: output, convolution, hasBias: hasBias))
  }

  /// The gradient of a convolution's weight; the number of partial sums is the library's choice.
  package static func convWeightGradient(
    batch: Int, input: Shape, output: Shape, _ convolution: Convolution
  ) -> (sizes: KernelSizes, splits: Int) {
    withSplits(structure(batch: batch, input: input, output: output, convolution, hasBias: false))
  }

  /// A linear layer.
  package static func linear(batch: Int, inputs: Int, outputs: Int, hasBias: Bool = false) -> KernelSizes {
    KernelSizes(irlas_linear(batch, inputs, outputs, hasBias ? 1 : 0, 0))
  }

  /// The gradient of a linear layer's weight.
  package static func linearWeightGradient(
    batch: Int, inputs: Int, outputs: Int
  ) -> (sizes: KernelSizes, splits: Int) {
    withSplits(irlas_linear(batch, inputs, outputs, 0, 0))
  }

  private static func withSplits(_ structure: irlas_conv) -> (sizes: KernelSizes, splits: Int) {
    var structure = structure
    structure.splits = max(1, irlas_conv_weight_splits(&structure))
    return (KernelSizes(structure), structure.splits)
  }

  private static func structure(
    batch: Int, input: Shape, output: Shape, _ convolution: Convolution, hasBias: Bool
  ) -> irlas_conv {
    let window = convolution.window
    return irlas_conv(
      batch: batch, height: input.height, width: input.width, channels: input.channels,
      out_height: output.height, out_width: output.width, outputs: output.channels,
      kernel_height: window.kernelSize.height, kernel_width: window.kernelSize.width,
      stride_height: window.stride.height, stride_width: window.stride.width,
      dilation_height: window.dilation.height, dilation_width: window.dilation.width,
      pad_top: window.padding.top, pad_left: window.padding.left, groups: convolution.groups,
      has_bias: hasBias ? 1 : 0, activation: code(convolution.activation), splits: 1)
  }

  /// Sums of `splits` arrays of `count` elements.
  package static func partials(count: Int, splits: Int) -> KernelSizes {
    KernelSizes(irlas_partials(count: count, splits: splits))
  }

  /// A reduction over rows; the library chooses the number of blocks.
  package static func reduction(rows: Int, channels: Int) -> (sizes: KernelSizes, blocks: Int) {
    let blocks = irlas_reduction_blocks(rows, channels)
    return (KernelSizes(irlas_reduction(rows: rows, channels: channels, blocks: blocks)), blocks)
  }

  /// Batch norm over rows, in as many blocks as `reduction` would choose.
  package static func norm(
    rows: Int, channels: Int, epsilon: Double, activation: Activation? = nil
  ) -> (sizes: KernelSizes, blocks: Int) {
    let blocks = irlas_reduction_blocks(rows, channels)
    let structure = irlas_norm(
      rows: rows, channels: channels, blocks: blocks, activation: code(activation), epsilon: Float(epsilon))
    return (KernelSizes(structure), blocks)
  }

  /// Element-wise work with an activation.
  package static func elements(count: Int, activation: Activation) -> KernelSizes {
    KernelSizes(irlas_elements(count: count, option: code(activation), value: 0))
  }

  /// The sum of so many operands.
  package static func elements(count: Int, operands: Int) -> KernelSizes {
    KernelSizes(irlas_elements(count: count, option: operands, value: 0))
  }

  /// Filling with a constant.
  package static func fill(count: Int, value: Float) -> KernelSizes {
    KernelSizes(irlas_elements(count: count, option: 0, value: value))
  }

  /// A pooling of `input` to `output`.
  package static func pooling(batch: Int, input: Shape, output: Shape, _ pool: Pool) -> KernelSizes {
    let window = pool.window
    return KernelSizes(
      irlas_pooling(
        batch: batch, height: input.height, width: input.width, channels: input.channels,
        out_height: output.height, out_width: output.width,
        kernel_height: window.kernelSize.height, kernel_width: window.kernelSize.width,
        stride_height: window.stride.height, stride_width: window.stride.width,
        dilation_height: window.dilation.height, dilation_width: window.dilation.width,
        pad_top: window.padding.top, pad_left: window.padding.left, pad_bottom: window.padding.bottom,
        pad_right: window.padding.right, counts_padding: pool.countsPadding ? 1 : 0))
  }

  /// How the second operand of a product relates to the first.
  package enum Gate: Int, Hashable, Sendable {
    case equalShape = 0
    case perChannel = 1
    case perSample = 2
  }

  /// Work over the places of a map.
  package static func places(batch: Int, _ map: Shape, gate: Gate = .equalShape) -> KernelSizes {
    KernelSizes(
      irlas_places(
        batch: batch, places: map.height * map.width, channels: map.channels, gate: gate.rawValue))
  }

  /// A block of `size` copied from `source` (a map of shape `from`) at an offset to `to` at another.
  /// Offsets are (channel, row, column).
  package static func copy(
    batch: Int, size: Shape, from: Shape, at source: (Int, Int, Int), to: Shape, at target: (Int, Int, Int)
  ) -> KernelSizes {
    KernelSizes(
      irlas_copy(
        batch: batch, rows: size.height, columns: size.width, channels: size.channels,
        from_offset: offset(source, in: from), from_batch: from.elementCount,
        from_row: from.width * from.channels, from_column: from.channels,
        to_offset: offset(target, in: to), to_batch: to.elementCount, to_row: to.width * to.channels,
        to_column: to.channels))
  }

  private static func offset(_ position: (channel: Int, row: Int, column: Int), in map: Shape) -> Int {
    (position.row * map.width + position.column) * map.channels + position.channel
  }

  /// `batch` matrices transposed.
  package static func transpose(batch: Int, rows: Int, columns: Int) -> KernelSizes {
    KernelSizes(irlas_transpose(batch: batch, rows: rows, columns: columns))
  }

  package static func shuffle(rows: Int, channels: Int, groups: Int) -> KernelSizes {
    KernelSizes(irlas_shuffle(rows: rows, channels: channels, groups: groups))
  }

  /// Enlargement of a map of shape `small`.
  package static func upsample(batch: Int, small: Shape, factor: Int) -> KernelSizes {
    KernelSizes(
      irlas_upsample(
        batch: batch, height: small.height, width: small.width, channels: small.channels, factor: factor))
  }

  package static func mask(count: Int, stream: Int, rate: Double) -> KernelSizes {
    KernelSizes(irlas_mask(count: count, stream: stream, rate: Float(rate), scale: Float(1 / (1 - rate))))
  }

  package static func loss(batch: Int, classes: Int, smoothing: Double) -> KernelSizes {
    KernelSizes(irlas_loss(batch: batch, classes: classes, smoothing: Float(smoothing)))
  }

  /// Running statistics over `count` values a channel; the variance is made unbiased.
  package static func running(channels: Int, momentum: Double, count: Int) -> KernelSizes {
    let unbias = count > 1 ? Double(count) / Double(count - 1) : 1
    return KernelSizes(
      irlas_running(channels: channels, momentum: Float(momentum), unbias: Float(unbias)))
  }

  package static func row(channels: Int, index: Int) -> KernelSizes {
    KernelSizes(irlas_row(channels: channels, index: index))
  }

  package static func sgd(
    count: Int, momentum: Double, decay: Double, nesterov: Bool, hasVelocity: Bool
  ) -> KernelSizes {
    KernelSizes(
      irlas_sgd(
        count: count, nesterov: nesterov ? 1 : 0, has_velocity: hasVelocity ? 1 : 0,
        momentum: Float(momentum), decay: Float(decay)))
  }

  /// Batch norm folded into a convolution with a weight of this shape and packing.
  package static func fold(weight: Shape, groups: Int, hasBias: Bool, epsilon: Double) -> KernelSizes {
    KernelSizes(
      irlas_fold(
        taps: weight.elementCount / weight[0], outputs: weight[0],
        channels: weight.rank > 1 ? weight[1] * groups : weight[0], groups: groups,
        has_bias: hasBias ? 1 : 0, epsilon: Float(epsilon)))
  }

  private static func code(_ activation: Activation?) -> Int {
    let value: irlas_activation =
      switch activation {
      case nil: IRLAS_NONE
      case .relu: IRLAS_RELU
      case .relu6: IRLAS_RELU6
      case .sigmoid: IRLAS_SIGMOID
      case .silu: IRLAS_SILU
      case .hardSwish: IRLAS_HARD_SWISH
      case .hardSigmoid: IRLAS_HARD_SIGMOID
      }
    return Int(value.rawValue)
  }
}

// MARK: - Running

/// The threads that run kernels together; the calling thread is one of them. Programs may share a pool, one
/// run at a time.
package final class KernelPool {
  private let pool: OpaquePointer
  /// How many threads work, the caller's included.
  package let threads: Int

  package init(threads: Int) throws(RuntimeError) {
    guard let pool = irlas_pool_create(Int32(clamping: max(1, threads))) else {
      throw .noThreads(threads)
    }
    self.pool = pool
    self.threads = Int(irlas_pool_threads(pool))
  }

  deinit { irlas_pool_destroy(pool) }

  /// Gives every thread scratch of at least so many floats.
  package func reserve(scratch floats: Int) throws(RuntimeError) {
    guard irlas_pool_reserve(pool, floats) == 0 else {
      throw .outOfMemory(bytes: saturatingProduct(4 * threads, floats))
    }
  }

  /// Runs calls in order and returns how many were completed: fewer than all when `cancellation` was requested.
  ///
  /// - Parameter nanoseconds: receives the wall time of each call when it has a place for each.
  package func run(
    _ calls: borrowing BoundCalls, cancellation: Cancellation? = nil, nanoseconds: inout [UInt64]
  ) -> Int {
    let wantsTimes = nanoseconds.count >= calls.count
    return nanoseconds.withUnsafeMutableBufferPointer { times in
      Int(
        irlas_pool_run(
          pool, calls.steps, Int64(calls.count), cancellation?.flag, wantsTimes ? times.baseAddress : nil))
    }
  }
}

/// A request to stop a run between two kernel calls. It may be made from any thread, and from a signal handler.
package final class Cancellation: @unchecked Sendable {
  // Unchecked: the flag is one aligned word that is only ever set, and read between calls.
  fileprivate let flag: UnsafeMutablePointer<Int32>

  package init() {
    flag = .allocate(capacity: 1)
    flag.initialize(to: 0)
  }

  deinit { flag.deallocate() }

  package func request() { flag.pointee = 1 }
  package var isRequested: Bool { flag.pointee != 0 }
}

/// Kernel calls bound to functions, sizes and memory.
package struct BoundCalls: ~Copyable {
  fileprivate let steps: UnsafeMutablePointer<irlas_step>
  package private(set) var count = 0
  private let capacity: Int
  private var sizes: [UnsafeMutablePointer<UInt64>] = []
  private var operandLists: [UnsafeMutablePointer<UnsafeMutablePointer<Float>?>] = []

  package init(capacity: Int) {
    self.capacity = capacity
    steps = .allocate(capacity: max(capacity, 1))
  }

  /// Appends a call. The operands must stay valid as long as the calls are run.
  package mutating func append(
    _ function: KernelFunction, kernel: Kernel, sizes: KernelSizes, operands: [UnsafeMutablePointer<Float>]
  ) {
    precondition(count < capacity, "more calls than announced")
    let words = sizes.bytes
    let storedSizes = UnsafeMutablePointer<UInt64>.allocate(capacity: max(words.count, 1))
    storedSizes.initialize(from: words, count: words.count)
    let list = UnsafeMutablePointer<UnsafeMutablePointer<Float>?>.allocate(capacity: max(operands.count, 1))
    for (index, operand) in operands.enumerated() { (list + index).initialize(to: operand) }
    (steps + count).initialize(
      to: irlas_step(
        run: function, dims: UnsafeRawPointer(storedSizes), operands: list,
        tasks: Int32(clamping: kernel.taskCount(sizes))))
    self.sizes.append(storedSizes)
    operandLists.append(list)
    count += 1
  }

  deinit {
    for pointer in sizes { pointer.deallocate() }
    for pointer in operandLists { pointer.deallocate() }
    steps.deallocate()
  }
}
