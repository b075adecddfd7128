import CKernels
import IRLASTestSupport
import Testing

/// Depthwise convolutions in one call with their 1x1 convolutions, prebuilt and between guard pages.
@Suite struct SeparableKernelTests {
  /// The same bytes as one convolution after the other, of random sizes, also those where it would not be chosen.
  @Test(arguments: 0..<80)
  func equalsItsConvolutions(seed: Int) {
    var random = RandomSource(seed: UInt64(seed))
    let expands = random.once(in: 2)
    let channels = random.pick(2...70)
    let inputs = expands ? random.pick(2...40) : channels
    let (kernel, stride) = (
      (random.pick(1...5), random.pick(1...5)), (random.pick(1...3), random.pick(1...3))
    )
    let dilation = (random.pick(1...2), random.pick(1...2))
    let size = (random.pick(1...30), random.pick(1...20))
    let padding = (random.pick(0...3), random.pick(0...3), random.pick(0...3), random.pick(0...3))
    let room = (
      size.0 + padding.0 + padding.2 - dilation.0 * (kernel.0 - 1) - 1,
      size.1 + padding.1 + padding.3 - dilation.1 * (kernel.1 - 1) - 1
    )
    guard room.0 >= 0, room.1 >= 0 else { return }
    var d = irlas_separable(
      batch: random.pick(1...3), height: size.0, width: size.1, inputs: inputs, channels: channels,
      out_height: room.0 / stride.0 + 1, out_width: room.1 / stride.1 + 1, outputs: random.pick(1...50),
      kernel_height: kernel.0, kernel_width: kernel.1, stride_height: stride.0, stride_width: stride.1,
      dilation_height: dilation.0, dilation_width: dilation.1, pad_top: padding.0, pad_left: padding.1,
      expands: expands ? 1 : 0, expand_bias: random.pick(0...1), expand_activation: random.pick(0...2),
      depthwise_bias: random.pick(0...1), depthwise_activation: random.pick(0...2),
      has_bias: random.pick(0...1), has_residual: random.pick(0...1), activation: random.pick(0...2),
      pairs: random.pick(0...1), x_pitch: inputs, y_pitch: 0, residual_pitch: 0)
    (d.y_pitch, d.residual_pitch) = (d.outputs, d.outputs)

    func numbers(_ count: Int) -> [Float] { PrebuiltKernel.values(count, whole: false, using: &random) }
    func pointwise(_ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int) -> irlas_conv {
      irlas_conv(
        batch: d.batch, height: height, width: width, channels: inputs, out_height: height, out_width: width,
        outputs: outputs, kernel_height: 1, kernel_width: 1, stride_height: 1, stride_width: 1,
        dilation_height: 1, dilation_width: 1, pad_top: 0, pad_left: 0, groups: 1, has_bias: 0,
        has_residual: 0, activation: 0, splits: 1, pairs: d.pairs, normalizes: 0, strassen: 0,
        x_pitch: inputs,
        y_pitch: outputs,
        residual_pitch: outputs)
    }
    /// Runs one of the convolutions on its own, and takes its operands for all of them together.
    var operands: [[Float]] = []
    func run(_ d: irlas_conv, _ x: [Float], residual: [Float] = []) -> [Float] {
      var d = d
      var weight = numbers(d.outputs * d.channels / d.groups * d.kernel_height * d.kernel_width)
      if d.pairs == 1 {
        weight =
          PrebuiltKernel.run(
            IRLAS_BF16_WEIGHT, d, outputs: [irlas_bf16_count(&d)], inputs: [weight])[0]
      }
      let own = [weight] + (d.has_bias == 1 ? [numbers(d.outputs)] : [])
      operands += own
      return PrebuiltKernel.run(
        IRLAS_CONV_FORWARD, d, outputs: [d.batch * d.out_height * d.out_width * d.outputs],
        inputs: [x] + own + (residual.isEmpty ? [] : [residual]))[0]
    }

    let x = numbers(d.batch * d.height * d.width * inputs)
    var y = x
    if expands {
      var first = pointwise(d.height, d.width, inputs, channels)
      (first.has_bias, first.activation) = (d.expand_bias, d.expand_activation)
      y = run(first, y)
    }
    y = run(
      irlas_conv(
        batch: d.batch, height: d.height, width: d.width, channels: channels, out_height: d.out_height,
        out_width: d.out_width, outputs: channels, kernel_height: kernel.0, kernel_width: kernel.1,
        stride_height: stride.0, stride_width: stride.1, dilation_height: dilation.0,
        dilation_width: dilation.1, pad_top: padding.0, pad_left: padding.1, groups: channels,
        has_bias: d.depthwise_bias, has_residual: 0, activation: d.depthwise_activation, splits: 1, pairs: 0,
        normalizes: 0, strassen: 0,
        x_pitch: channels, y_pitch: channels, residual_pitch: channels),
      y)
    var last = pointwise(d.out_height, d.out_width, channels, d.outputs)
    (last.has_bias, last.has_residual, last.activation) = (d.has_bias, d.has_residual, d.activation)
    let residual = d.has_residual == 1 ? numbers(d.batch * d.out_height * d.out_width * d.outputs) : []
    y = run(last, y, residual: residual)

    let together = PrebuiltKernel.run(
      IRLAS_SEPARABLE, d, outputs: [y.count],
      inputs: [x] + operands + (residual.isEmpty ? [] : [residual]), seed: UInt64(seed))[0]
    #expect(together.map(\.bitPattern) == y.map(\.bitPattern), "seed \(seed): \(d)")

    // The same with maps that are parts of larger ones; what lies between their pixels is not written.
    d.x_pitch += random.pick(0...9)
    d.y_pitch += random.pick(1...9)
    d.residual_pitch += random.pick(0...9)
    let parts = PrebuiltKernel.run(
      IRLAS_SEPARABLE, d, outputs: [(y.count / d.outputs - 1) * d.y_pitch + d.outputs],
      inputs: [spread(x, inputs, d.x_pitch)] + operands
        + (residual.isEmpty ? [] : [spread(residual, d.outputs, d.residual_pitch)]), seed: UInt64(seed))[0]
    #expect(
      parts.map(\.bitPattern) == spread(y, d.outputs, d.y_pitch).map(\.bitPattern), "seed \(seed): \(d)")
  }

  /// Pixels of so many channels `pitch` apart, not-a-number between them.
  private func spread(_ values: [Float], _ channels: Int, _ pitch: Int) -> [Float] {
    var spread = [Float](repeating: .nan, count: (values.count / channels - 1) * pitch + channels)
    for (index, value) in values.enumerated() { spread[index / channels * pitch + index % channels] = value }
    return spread
  }
}
