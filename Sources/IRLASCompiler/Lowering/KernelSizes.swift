private import CKernels
package import IRLASGraph

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
  package private(set) var fields: [Field]

  private init<Structure>(_ structure: Structure) {
    fields = Mirror(reflecting: structure).children.map { child in
      switch child.value {
      case let value as Int: Field(name: child.label ?? "", value: .integer(value))
      case let value as Float: Field(name: child.label ?? "", value: .real(value))
      default: preconditionFailure("a kernel's sizes are whole numbers and floats")
      }
    }
  }

  /// The same sizes where operands are parts of larger maps: members of the structure and their values, nil for
  /// operands by themselves.
  package func pitched(_ pitches: KeyValuePairs<String, Int?>) -> KernelSizes {
    var sizes = self
    for (name, pitch) in pitches {
      guard let pitch else { continue }
      guard let index = fields.firstIndex(where: { $0.name == name }) else {
        preconditionFailure("these sizes have no \(name)")
      }
      sizes.fields[index] = Field(name: name, value: .integer(pitch))
    }
    return sizes
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
    batch: Int, input: Shape, output: Shape, _ convolution: Convolution, hasBias: Bool = false,
    hasResidual: Bool = false
  ) -> KernelSizes {
    var structure = structure(batch: batch, input: input, output: output, convolution, hasBias: hasBias)
    structure.has_residual = hasResidual ? 1 : 0
    return KernelSizes(structure)
  }

  /// Of a convolution's sizes: the blocks of which it leaves the statistics of its result, and their number.
  package var statistics: (sizes: KernelSizes, blocks: Int) {
    let statistics = withBytes { irlas_conv_blocks($0.assumingMemoryBound(to: irlas_conv.self)) }
    return (KernelSizes(statistics), statistics.images * statistics.bands)
  }

  /// Of a convolution's sizes: the floats of a form of its weight; nil where it has none.
  private func count(_ floats: (UnsafePointer<irlas_conv>) -> Int) -> Int? {
    let count = withBytes { floats($0.assumingMemoryBound(to: irlas_conv.self)) }
    return count > 0 ? count : nil
  }

  /// Of a convolution's sizes: how many floats its weight has in the form that Winograd's kernel reads; nil where
  /// the direct kernel is the only one.
  package var winogradWeightCount: Int? {
    count(irlas_winograd_count)
  }

  /// Of the sizes of a convolution that Winograd's kernel can compute: whether it is estimated to be faster.
  ///
  /// - Parameter changing: whether the weight is brought into its form for every call.
  package func winogradIsBetter(changing: Bool) -> Bool {
    withBytes {
      irlas_winograd_is_better($0.assumingMemoryBound(to: irlas_conv.self), changing ? 1 : 0) != 0
    }
  }

  /// Of a convolution's sizes: how many floats its weight has in the form that Strassen's method reads; nil where there is
  /// none.
  package var strassenWeightCount: Int? {
    count(irlas_strassen_count)
  }

  /// Whether a convolution is estimated to be faster by Strassen's method, as `winogradIsBetter`.
  package func strassenIsBetter(changing: Bool) -> Bool {
    withBytes {
      irlas_strassen_is_better($0.assumingMemoryBound(to: irlas_conv.self), changing ? 1 : 0) != 0
    }
  }

  /// Of the sizes of convolutions in strips: whether they are estimated to be faster so than one after the other.
  package var separableIsBetter: Bool {
    withBytes { irlas_separable_is_better($0.assumingMemoryBound(to: irlas_separable.self)) != 0 }
  }

  /// A convolution's sizes without what is done to its results.
  package var withoutEpilogue: KernelSizes {
    pitched(["has_bias": 0, "has_residual": 0, "activation": Int(IRLAS_NONE.rawValue)])
  }

  /// Of a convolution's sizes: how many floats of memory its weight takes when rounded to bfloat16; nil where its groups
  /// are too small for products of pairs.
  package var roundedWeightCount: Int? {
    count(irlas_bf16_count)
  }

  /// A convolution's sizes, its input being normalised and then activated on the way.
  package func normalizing(_ activation: Activation?) -> KernelSizes {
    withBytes { bytes in
      var structure = bytes.load(as: irlas_conv.self)
      structure.normalizes = 1 + Self.code(activation)
      return KernelSizes(structure)
    }
  }

  /// A convolution's groups.
  package var groups: Int { withBytes { $0.load(as: irlas_conv.self).groups } }

  /// Whether a convolution's windows overlap less than they could.
  package var isStrided: Bool { withBytes { $0.load(as: irlas_conv.self).stride_height > 1 } }

  /// A convolution's sizes with products of floats, or of bfloat16.
  package func withPairs(_ pairs: Bool) -> KernelSizes {
    withBytes { bytes in
      var structure = bytes.load(as: irlas_conv.self)
      structure.pairs = pairs ? 1 : 0
      return KernelSizes(structure)
    }
  }

  /// A depthwise convolution of `input` to `between`, with a 1x1 convolution to `output` after it and, with `expansion`, one
  /// before it, in one call; nil where that is not possible.
  package static func separable(
    batch: Int, input: Shape, between: Shape, output: Shape, expansion: (Convolution, hasBias: Bool)?,
    depthwise: (Convolution, hasBias: Bool), projection: (Convolution, hasBias: Bool), hasResidual: Bool,
    pairs: Bool
  ) -> KernelSizes? {
    let window = depthwise.0.window
    var structure = irlas_separable(
      batch: batch, height: input.height, width: input.width, inputs: input.channels,
      channels: between.channels, out_height: between.height, out_width: between.width,
      outputs: output.channels, kernel_height: window.kernelSize.height,
      kernel_width: window.kernelSize.width, stride_height: window.stride.height,
      stride_width: window.stride.width, dilation_height: window.dilation.height,
      dilation_width: window.dilation.width, pad_top: window.padding.top, pad_left: window.padding.left,
      expands: expansion == nil ? 0 : 1, expand_bias: expansion?.hasBias == true ? 1 : 0,
      expand_activation: code(expansion?.0.activation), depthwise_bias: depthwise.hasBias ? 1 : 0,
      depthwise_activation: code(depthwise.0.activation), has_bias: projection.hasBias ? 1 : 0,
      has_residual: hasResidual ? 1 : 0, activation: code(projection.0.activation), pairs: pairs ? 1 : 0,
      x_pitch: input.channels, y_pitch: output.channels, residual_pitch: output.channels)
    return irlas_separable_is_possible(&structure) != 0 ? KernelSizes(structure) : nil
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
      has_bias: hasBias ? 1 : 0, has_residual: 0, activation: code(convolution.activation), splits: 1,
      pairs: 0, normalizes: 0, strassen: 0, x_pitch: input.channels, y_pitch: output.channels,
      residual_pitch: output.channels)
  }

  /// Sums of `splits` arrays of `count` elements.
  package static func partials(count: Int, splits: Int) -> KernelSizes {
    KernelSizes(irlas_partials(count: count, splits: splits))
  }

  /// A reduction over rows; the library chooses the number of blocks.
  package static func reduction(rows: Int, channels: Int) -> (sizes: KernelSizes, blocks: Int) {
    let blocks = irlas_reduction_blocks(rows, channels)
    return (
      KernelSizes(irlas_reduction(rows: rows, channels: channels, blocks: blocks, pitch: channels)), blocks
    )
  }

  /// The statistics of rows from those of so many blocks.
  package static func statistics(rows: Int, channels: Int, blocks: Int) -> KernelSizes {
    KernelSizes(
      irlas_statistics(channels: channels, images: 1, bands: blocks, rows: rows, columns: 1, unit: 1))
  }

  /// Batch norm over rows, in as many blocks as `reduction` would choose.
  package static func norm(
    rows: Int, channels: Int, epsilon: Double, activation: Activation? = nil, hasResidual: Bool = false
  ) -> (sizes: KernelSizes, blocks: Int) {
    let blocks = irlas_reduction_blocks(rows, channels)
    let structure = irlas_norm(
      rows: rows, channels: channels, blocks: blocks, activation: code(activation),
      has_residual: hasResidual ? 1 : 0, x_pitch: channels, y_pitch: channels, residual_pitch: channels,
      epsilon: Float(epsilon))
    return (KernelSizes(structure), blocks)
  }

  /// An activation of `count` elements.
  package static func elements(count: Int, activation: Activation) -> KernelSizes {
    maps(rows: 1, channels: count, option: code(activation), y: nil, xs: [nil])
  }

  /// The same of `rows` pixels with these pitches.
  package static func activation(rows: Int, channels: Int, _ activation: Activation, y: Int?, x: Int?)
    -> KernelSizes
  {
    maps(rows: rows, channels: channels, option: code(activation), y: y, xs: [x])
  }

  /// The gradient of an activation from so many parts, and so many maps added to it; `xs` are the pitches of what is saved,
  /// the parts and what is added.
  package static func gradients(
    rows: Int, channels: Int, activation: Activation, gradients: Int, added: Int, y: Int?, xs: [Int?]
  ) -> KernelSizes {
    let pitches = pitches(xs, channels)
    return KernelSizes(
      irlas_gradients(
        rows: rows, channels: channels, activation: code(activation), gradients: gradients, added: added,
        y_pitch: y ?? channels, pitch0: pitches[0], pitch1: pitches[1], pitch2: pitches[2],
        pitch3: pitches[3], pitch4: pitches[4], pitch5: pitches[5], pitch6: pitches[6], pitch7: pitches[7]))
  }

  /// Operands of equal shape summed or interleaved; nil is the pitch of a map by itself. More than `mostParts`
  /// operands have no pitch.
  package static func maps(rows: Int, channels: Int, y: Int?, xs: [Int?]) -> KernelSizes {
    maps(rows: rows, channels: channels, option: xs.count, y: y, xs: xs)
  }

  /// As many pitches as kernels know, of maps that are nobody's parts their channels.
  private static func pitches(_ xs: [Int?], _ channels: Int) -> [Int] {
    let known = xs.prefix(mostParts).map { $0 ?? channels }
    return known + Array(repeating: 0, count: mostParts - known.count)
  }

  private static func maps(rows: Int, channels: Int, option: Int, y: Int?, xs: [Int?]) -> KernelSizes {
    let pitches = pitches(xs, channels)
    return KernelSizes(
      irlas_maps(
        rows: rows, channels: channels, option: option, y_pitch: y ?? channels, pitch0: pitches[0],
        pitch1: pitches[1], pitch2: pitches[2], pitch3: pitches[3], pitch4: pitches[4], pitch5: pitches[5],
        pitch6: pitches[6], pitch7: pitches[7]))
  }

  /// Filling with a constant.
  package static func fill(count: Int, value: Float) -> KernelSizes {
    KernelSizes(irlas_elements(count: count, value: value))
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
        pad_right: window.padding.right, counts_padding: pool.countsPadding ? 1 : 0, x_pitch: input.channels,
        y_pitch: output.channels))
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
  /// Offsets are (channel, row, column), pitches those of the maps where they are parts of others.
  package static func copy(
    batch: Int, size: Shape, from: Shape, at source: (Int, Int, Int), pitch fromPitch: Int? = nil, to: Shape,
    at target: (Int, Int, Int), pitch toPitch: Int? = nil
  ) -> KernelSizes {
    let (x, y) = (fromPitch ?? from.channels, toPitch ?? to.channels)
    return KernelSizes(
      irlas_copy(
        batch: batch, rows: size.height, columns: size.width, channels: size.channels,
        from_offset: (source.1 * from.width + source.2) * x + source.0,
        from_batch: from.height * from.width * x, from_row: from.width * x, from_column: x,
        to_offset: (target.1 * to.width + target.2) * y + target.0, to_batch: to.height * to.width * y,
        to_row: to.width * y, to_column: y))
  }

  /// How many parts one call joins or splits at most.
  package static let mostParts = 8

  /// Maps joined along an axis, or split; pitches are those of maps which are parts of others, along channels only.
  package static func join(
    batch: Int, _ parts: [Shape], _ axis: Axis, whole: Int? = nil, pitches: [Int?] = []
  ) -> KernelSizes {
    var rows = batch
    if axis != .height { rows *= parts[0].height }
    if axis == .channel { rows *= parts[0].width }
    var ends: [Int] = []
    for part in parts { ends.append((ends.last ?? 0) + batch * part.elementCount / rows) }
    var steps = parts.indices.map { part in
      (part < pitches.count ? pitches[part] : nil) ?? ends[part] - (part > 0 ? ends[part - 1] : 0)
    }
    let step = whole ?? ends.last ?? 0
    ends += Array(repeating: ends.last ?? 0, count: mostParts - parts.count)
    steps += Array(repeating: 0, count: mostParts - parts.count)
    return KernelSizes(
      irlas_join(
        rows: rows, parts: parts.count, end0: ends[0], end1: ends[1], end2: ends[2], end3: ends[3],
        end4: ends[4], end5: ends[5], end6: ends[6], end7: ends[7], pitch: step, pitch0: steps[0],
        pitch1: steps[1], pitch2: steps[2], pitch3: steps[3], pitch4: steps[4], pitch5: steps[5],
        pitch6: steps[6], pitch7: steps[7]))
  }

  /// A map copied from one sample to all.
  package static func copies(batch: Int, _ map: Shape) -> KernelSizes {
    let row = map.width * map.channels
    return KernelSizes(
      irlas_copy(
        batch: batch, rows: map.height, columns: map.width, channels: map.channels, from_offset: 0,
        from_batch: 0, from_row: row, from_column: map.channels, to_offset: 0, to_batch: map.elementCount,
        to_row: row, to_column: map.channels))
  }

  /// Attention over the places of a result of shape `map`.
  package static func attention(batch: Int, _ map: Shape, heads: Int) -> KernelSizes {
    KernelSizes(
      irlas_attention(
        batch: batch, places: map.height * map.width, channels: map.channels, heads: heads,
        scale: Float(1 / Double(map.channels / heads).squareRoot())))
  }

  /// `batch` matrices transposed.
  package static func transpose(batch: Int, rows: Int, columns: Int) -> KernelSizes {
    KernelSizes(irlas_transpose(batch: batch, rows: rows, columns: columns))
  }

  package static func shuffle(rows: Int, channels: Int, groups: Int) -> KernelSizes {
    KernelSizes(irlas_shuffle(rows: rows, channels: channels, groups: groups, pitch: channels))
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

  package static func loss(batch: Int, classes: Int, smoothing: Double, weight: Double = 1) -> KernelSizes {
    KernelSizes(
      irlas_loss(batch: batch, classes: classes, smoothing: Float(smoothing), weight: Float(weight)))
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

  /// Of two 1x1 convolutions one after the other, the first with groups.
  package static func composition(
    inputs: Int, middle: Int, outputs: Int, groups: Int, hasBias: Bool
  ) -> KernelSizes {
    KernelSizes(
      irlas_composition(
        inputs: inputs, middle: middle, outputs: outputs, groups: groups, has_bias: hasBias ? 1 : 0))
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
      case .gelu: IRLAS_GELU
      case .abs: IRLAS_ABS
      case .negate: IRLAS_NEGATE
      }
    return Int(value.rawValue)
  }
}
