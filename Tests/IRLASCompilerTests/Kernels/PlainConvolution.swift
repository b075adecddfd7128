import CKernels
import IRLASTestSupport
import Testing

/// A random convolution and what it computes, as seven nested loops in Double.
struct PlainConvolution {
  var sizes: irlas_conv
  private(set) var x: [Float] = []
  /// {out, in / groups, kh, kw}
  private(set) var weight: [Float] = []
  private(set) var bias: [Float] = []
  private(set) var dy: [Float] = []

  /// Odd sizes, strides, dilations and paddings; groups of every kind that has a kernel of its own.
  init?(seed: UInt64, whole: Bool) {
    var random = RandomSource(seed: seed)
    let groups: Int
    let inputs: Int
    let outputs: Int
    switch random.pick(0...4) {
    case 0: (groups, inputs, outputs) = (1, random.pick(1...40), random.pick(1...70))
    case 1: (groups, inputs, outputs) = (random.pick(2...40), 1, 1)
    case 2:
      let size = random.pick([2, 4, 8])
      (groups, inputs, outputs) = (random.pick(2...7), size, size)
    case 3: (groups, inputs, outputs) = (random.pick(2...3), random.pick(1...20), random.pick(1...40))
    default: (groups, inputs, outputs) = (2, 16, 16)
    }
    let plain = random.once(in: 3)
    let kernel = (random.pick(1...5), plain ? 1 : random.pick(1...5))
    let stride = plain ? (1, 1) : (random.pick(1...3), random.pick(1...3))
    let dilation = (random.pick(1...2), random.pick(1...2))
    let size = (random.pick(1...12), random.pick(1...12))
    let padding =
      plain ? (0, 0, 0, 0) : (random.pick(0...2), random.pick(0...2), random.pick(0...2), random.pick(0...2))
    let room = (
      size.0 + padding.0 + padding.2 - dilation.0 * (kernel.0 - 1) - 1,
      size.1 + padding.1 + padding.3 - dilation.1 * (kernel.1 - 1) - 1
    )
    guard room.0 >= 0, room.1 >= 0 else { return nil }
    sizes = irlas_conv(
      batch: random.pick(1...3), height: size.0, width: size.1, channels: groups * inputs,
      out_height: room.0 / stride.0 + 1, out_width: room.1 / stride.1 + 1, outputs: groups * outputs,
      kernel_height: kernel.0, kernel_width: kernel.1, stride_height: stride.0, stride_width: stride.1,
      dilation_height: dilation.0, dilation_width: dilation.1, pad_top: padding.0, pad_left: padding.1,
      groups: groups, has_bias: random.pick(0...1), has_residual: random.pick(0...1),
      activation: random.pick([0, 1, 2]), splits: 0, pairs: 0, normalizes: 0, strassen: 0, x_pitch: 0,
      y_pitch: 0,
      residual_pitch: 0)
    fill(whole: whole, using: &random)
  }

  /// Dense, 3x3: any channels, padding, bias and activation.
  init?(winograd seed: UInt64, stride: Int = 1, whole: Bool = false) {
    var random = RandomSource(seed: seed)
    let size = (random.pick(1...20), random.pick(1...20))
    let padding = (random.pick(0...3), random.pick(0...3), random.pick(0...3), random.pick(0...3))
    let reach = (size.0 + padding.0 + padding.2 - 3, size.1 + padding.1 + padding.3 - 3)
    guard reach.0 >= 0, reach.1 >= 0 else { return nil }
    let result = (reach.0 / stride + 1, reach.1 / stride + 1)
    sizes = irlas_conv(
      batch: random.pick(1...3), height: size.0, width: size.1, channels: random.pick(1...40),
      out_height: result.0, out_width: result.1, outputs: random.pick(1...80), kernel_height: 3,
      kernel_width: 3, stride_height: stride, stride_width: stride, dilation_height: 1, dilation_width: 1,
      pad_top: padding.0, pad_left: padding.1, groups: 1, has_bias: random.pick(0...1),
      has_residual: random.pick(0...1), activation: random.pick([0, 1, 2]), splits: 1, pairs: 0,
      normalizes: 0, strassen: 0, x_pitch: 0,
      y_pitch: 0, residual_pitch: 0)
    fill(whole: whole, using: &random)
  }

  /// A 1x1 convolution of these sizes, of one row of pixels.
  init(
    pixels: Int, inputs: Int, outputs: Int, stride: Int = 1, whole: Bool, using random: inout RandomSource
  ) {
    sizes = irlas_conv(
      batch: 1, height: 1, width: pixels, channels: inputs, out_height: 1,
      out_width: (pixels - 1) / stride + 1,
      outputs: outputs, kernel_height: 1, kernel_width: 1, stride_height: 1, stride_width: stride,
      dilation_height: 1, dilation_width: 1, pad_top: 0, pad_left: 0, groups: 1,
      has_bias: random.pick(0...1), has_residual: random.pick(0...1), activation: random.pick([0, 1, 2]),
      splits: 1, pairs: 0, normalizes: 0, strassen: 0, x_pitch: 0, y_pitch: 0, residual_pitch: 0)
    fill(whole: whole, using: &random)
  }

  private mutating func fill(whole: Bool, using random: inout RandomSource) {
    (sizes.x_pitch, sizes.y_pitch, sizes.residual_pitch) = (sizes.channels, sizes.outputs, sizes.outputs)
    let d = sizes
    x = PrebuiltKernel.values(d.batch * d.height * d.width * d.channels, whole: whole, using: &random)
    weight = PrebuiltKernel.values(
      d.outputs * (d.channels / d.groups) * d.kernel_height * d.kernel_width, whole: whole, using: &random)
    bias = PrebuiltKernel.values(d.outputs, whole: whole, using: &random)
    dy = PrebuiltKernel.values(
      d.batch * d.out_height * d.out_width * d.outputs, whole: whole, using: &random)
  }

  /// Calls the body with the places of every product's factors in x, weight and y.
  private func forEachProduct(_ body: (_ x: Int, _ weight: Int, _ y: Int) -> Void) {
    let d = sizes
    let inputs = d.channels / d.groups
    let outputs = d.outputs / d.groups
    for n in 0..<d.batch {
      for row in 0..<d.out_height {
        for column in 0..<d.out_width {
          for a in 0..<d.kernel_height {
            for b in 0..<d.kernel_width {
              let h = row * d.stride_height + a * d.dilation_height - d.pad_top
              let w = column * d.stride_width + b * d.dilation_width - d.pad_left
              guard h >= 0, h < d.height, w >= 0, w < d.width else { continue }
              for o in 0..<d.outputs {
                for i in 0..<inputs {
                  body(
                    ((n * d.height + h) * d.width + w) * d.channels + o / outputs * inputs + i,
                    ((o * inputs + i) * d.kernel_height + a) * d.kernel_width + b,
                    ((n * d.out_height + row) * d.out_width + column) * d.outputs + o)
                }
              }
            }
          }
        }
      }
    }
  }

  var forward: [Double] {
    // What comes as the gradient of the result elsewhere is the residual here.
    var y = dy.indices.map {
      (sizes.has_bias == 1 ? Double(bias[$0 % sizes.outputs]) : 0)
        + (sizes.has_residual == 1 ? Double(dy[$0]) : 0)
    }
    forEachProduct { y[$2] += Double(x[$0]) * Double(weight[$1]) }
    if sizes.activation > 0 { y = y.map { max($0, 0) } }
    return sizes.activation == 2 ? y.map { min($0, 6) } : y
  }

  var inputGradient: [Double] {
    var dx = [Double](repeating: 0, count: x.count)
    forEachProduct { dx[$0] += Double(dy[$2]) * Double(weight[$1]) }
    return dx
  }

  var weightGradient: [Double] {
    var dw = [Double](repeating: 0, count: weight.count)
    forEachProduct { dw[$1] += Double(x[$0]) * Double(dy[$2]) }
    return dw
  }

  /// x with a random batch norm and the activation that `sizes.normalizes` says, and the factors with which kernels do that on
  /// the way.
  func normalized(by sizes: irlas_conv, using random: inout RandomSource) -> (x: [Float], factors: [Float]) {
    let norm = irlas_norm(
      rows: sizes.batch * sizes.height * sizes.width, channels: sizes.channels, blocks: 1,
      activation: sizes.normalizes - 1, has_residual: 0, x_pitch: sizes.channels, y_pitch: sizes.channels,
      residual_pitch: sizes.channels, epsilon: 1e-3)
    let rows = (0..<4).map { _ in PrebuiltKernel.values(sizes.channels, whole: false, using: &random) }
    let statistics = rows[0] + rows[1].map { abs($0) + 0.1 }
    let z = PrebuiltKernel.run(
      IRLAS_BATCH_NORMALIZE, norm, outputs: [x.count], inputs: [x, statistics, rows[2], rows[3]])[0]
    let factors = PrebuiltKernel.run(
      IRLAS_NORM_FACTORS, norm, outputs: [3 * sizes.channels], inputs: [statistics, rows[2], rows[3]])[0]
    return (z, factors)
  }

  /// What the forward kernels read, with the weight in the form that they read.
  func operands(weight: [Float]) -> [[Float]] {
    [x, weight] + (sizes.has_bias == 1 ? [bias] : []) + (sizes.has_residual == 1 ? [dy] : [])
  }

  /// The same result, and what it is on average, from blocks that cover it once.
  func checkStatistics(weight: [Float], _ y: [Float], seed: UInt64) throws {
    var d = sizes
    let statistics = irlas_conv_blocks(&d)
    let blocks = statistics.images * statistics.bands
    #expect(statistics.images * statistics.rows * statistics.columns * d.outputs == y.count)
    let results = PrebuiltKernel.run(
      IRLAS_CONV_STATISTICS, d, outputs: [y.count, blocks * 2 * d.outputs],
      inputs: operands(weight: weight), seed: seed)
    #expect(results[0] == y, "statistics, seed \(seed): \(d)")
    let moments = PrebuiltKernel.run(
      IRLAS_BATCH_STATISTICS, statistics, outputs: [2 * d.outputs], inputs: [results[1]])[0]
    let count = y.count / d.outputs
    for c in 0..<d.outputs {
      let values = (0..<count).map { Double(y[$0 * d.outputs + c]) }
      let mean = values.reduce(0, +) / Double(count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      let size = variance.squareRoot()
      #expect(abs(Double(moments[c]) - mean) <= 1e-6 * (abs(mean) + size), "mean, seed \(seed): \(d)")
      #expect(
        abs(Double(moments[d.outputs + c]) - variance) <= 5e-6 * variance, "variance, seed \(seed): \(d)")
    }
  }
}
