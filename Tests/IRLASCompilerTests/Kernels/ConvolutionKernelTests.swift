import CKernels
import IRLASTestSupport
import Testing

@Suite struct ConvolutionKernelTests {
  /// On whole numbers every kernel is exact; on others it is close.
  @Test(arguments: 0..<60)
  func agreesWithLoops(seed: Int) throws {
    let whole = seed % 3 != 0
    guard let plain = PlainConvolution(seed: UInt64(seed), whole: whole) else { return }
    let tolerance = whole ? 0 : 1e-6
    var d = plain.sizes
    let packed = PrebuiltKernel.run(
      IRLAS_WEIGHT_PACK, d, outputs: [plain.weight.count], inputs: [plain.weight])[0]
    #expect(packed.sorted() == plain.weight.sorted())
    let y = PrebuiltKernel.run(
      IRLAS_CONV_FORWARD, d, outputs: [plain.dy.count],
      inputs: plain.operands(weight: packed), seed: UInt64(seed))[0]
    #expect(PrebuiltKernel.distance(y, plain.forward) <= tolerance, "forward, seed \(seed): \(d)")

    try plain.checkStatistics(weight: packed, y, seed: UInt64(seed))

    let transposed = PrebuiltKernel.run(
      IRLAS_WEIGHT_TRANSPOSE, d, outputs: [packed.count], inputs: [packed])[0]
    let dx = PrebuiltKernel.run(
      IRLAS_CONV_INPUT_GRADIENT, d, outputs: [plain.x.count], inputs: [plain.dy, transposed],
      seed: UInt64(seed))[0]
    #expect(
      PrebuiltKernel.distance(dx, plain.inputGradient) <= tolerance, "input gradient, seed \(seed): \(d)")

    d.splits = seed % 2 == 0 ? irlas_conv_weight_splits(&d) : 1
    var dw = PrebuiltKernel.run(
      IRLAS_CONV_WEIGHT_GRADIENT, d, outputs: [packed.count * d.splits], inputs: [plain.x, plain.dy])[0]
    dw =
      PrebuiltKernel.run(
        IRLAS_SUM_PARTIALS, irlas_partials(count: packed.count, splits: d.splits), outputs: [packed.count],
        inputs: [dw])[0]
    dw = PrebuiltKernel.run(IRLAS_WEIGHT_UNPACK, d, outputs: [dw.count], inputs: [dw])[0]
    #expect(
      PrebuiltKernel.distance(dw, plain.weightGradient) <= tolerance, "weight gradient, seed \(seed): \(d)")
  }

  /// Pixels that lie multiples of 4 KiB apart are copied, by convolutions and by gradients of weights.
  @Test(arguments: [(1024, 1), (512, 2), (2048, 1), (1024, 3)]) func pixelsOfWholePages(
    inputs: Int, stride: Int
  ) throws {
    var random = RandomSource(seed: UInt64(inputs + stride))
    for pixels in [1, 13, 60] {
      let plain = PlainConvolution(
        pixels: pixels, inputs: inputs, outputs: random.pick(1...70), stride: stride, whole: true,
        using: &random)
      let d = plain.sizes
      let packed = PrebuiltKernel.run(
        IRLAS_WEIGHT_PACK, d, outputs: [plain.weight.count], inputs: [plain.weight])[0]
      let y = PrebuiltKernel.run(
        IRLAS_CONV_FORWARD, d, outputs: [plain.dy.count], inputs: plain.operands(weight: packed))[0]
      #expect(PrebuiltKernel.distance(y, plain.forward) == 0, "\(d)")
      try plain.checkStatistics(weight: packed, y, seed: 1)
      let dw = PrebuiltKernel.run(
        IRLAS_CONV_WEIGHT_GRADIENT, d, outputs: [packed.count], inputs: [plain.x, plain.dy])[0]
      let unpacked = PrebuiltKernel.run(IRLAS_WEIGHT_UNPACK, d, outputs: [dw.count], inputs: [dw])[0]
      #expect(PrebuiltKernel.distance(unpacked, plain.weightGradient) == 0, "\(d)")
    }
    // The other way round: the gradient of the result has such pixels.
    let plain = PlainConvolution(
      pixels: 30 * stride, inputs: 40, outputs: inputs, stride: stride, whole: true, using: &random)
    let packed = PrebuiltKernel.run(
      IRLAS_WEIGHT_PACK, plain.sizes, outputs: [plain.weight.count], inputs: [plain.weight])[0]
    let transposed = PrebuiltKernel.run(
      IRLAS_WEIGHT_TRANSPOSE, plain.sizes, outputs: [packed.count], inputs: [packed])[0]
    let dx = PrebuiltKernel.run(
      IRLAS_CONV_INPUT_GRADIENT, plain.sizes, outputs: [plain.x.count], inputs: [plain.dy, transposed])[0]
    #expect(PrebuiltKernel.distance(dx, plain.inputGradient) == 0)
  }

  /// A convolution, its statistics and the gradient of its weight that normalise x on the way: the same bytes as of x
  /// normalised before.
  @Test(arguments: 0..<60)
  func normalisesOnTheWay(seed: Int) throws {
    guard let plain = PlainConvolution(seed: UInt64(seed), whole: false) else { return }
    var random = RandomSource(seed: UInt64(seed) + 1000)
    var d = plain.sizes
    d.pairs = irlas_bf16_count(&d) > 0 ? random.pick(0...1) : 0
    var normalizing = d
    normalizing.normalizes = 1 + random.pick([0, 1, 2, 4])
    let (z, factors) = plain.normalized(by: normalizing, using: &random)
    var weight = PrebuiltKernel.run(
      IRLAS_WEIGHT_PACK, d, outputs: [plain.weight.count], inputs: [plain.weight])[0]
    if d.pairs == 1 {
      weight = PrebuiltKernel.run(IRLAS_BF16_WEIGHT, d, outputs: [irlas_bf16_count(&d)], inputs: [weight])[0]
    }
    let rest = Array(plain.operands(weight: weight).dropFirst())
    let blocks = irlas_conv_blocks(&d)
    d.splits = irlas_conv_weight_splits(&d)
    normalizing.splits = d.splits
    for (kernel, outputs, operands) in [
      (IRLAS_CONV_FORWARD, [plain.dy.count], rest),
      (IRLAS_CONV_STATISTICS, [plain.dy.count, blocks.images * blocks.bands * 2 * d.outputs], rest),
      (IRLAS_CONV_WEIGHT_GRADIENT, [plain.weight.count * d.splits], [plain.dy]),
    ] {
      let before = PrebuiltKernel.run(
        kernel, d, outputs: outputs, inputs: [z] + operands, seed: UInt64(seed))
      let onTheWay = PrebuiltKernel.run(
        kernel, normalizing, outputs: outputs, inputs: [plain.x] + operands + [factors], seed: UInt64(seed))
      #expect(
        before.map { $0.map(\.bitPattern) } == onTheWay.map { $0.map(\.bitPattern) },
        "\(kernel), seed \(seed): \(normalizing)")
    }
  }

  /// Large results go past the caches: what two images give together is what each gives alone, which is small enough not to.
  @Test(arguments: [(1, 1), (3, 1), (3, 64), (3, 2)]) func largeResults(kernel: Int, groups: Int) {
    var random = RandomSource(seed: 9)
    let side = 130
    func sizes(batch: Int) -> irlas_conv {
      irlas_conv(
        batch: batch, height: side, width: side, channels: 64, out_height: side, out_width: side, outputs: 64,
        kernel_height: kernel, kernel_width: kernel, stride_height: 1, stride_width: 1, dilation_height: 1,
        dilation_width: 1, pad_top: kernel / 2, pad_left: kernel / 2, groups: groups, has_bias: 0,
        has_residual: 0, activation: 1, splits: 1, pairs: 0, normalizes: 0, strassen: 0, x_pitch: 64,
        y_pitch: 64,
        residual_pitch: 64)
    }
    let count = side * side * 64
    #expect(count < 1 << 21 && 2 * count >= 1 << 21)
    let x = PrebuiltKernel.values(2 * count, whole: false, using: &random)
    let weight = PrebuiltKernel.values(64 * 64 / groups * kernel * kernel, whole: false, using: &random)
    for id in [IRLAS_CONV_FORWARD, IRLAS_CONV_INPUT_GRADIENT] {
      let both = PrebuiltKernel.run(id, sizes(batch: 2), outputs: [2 * count], inputs: [x, weight])[0]
      let each = [x[..<count], x[count...]].flatMap {
        PrebuiltKernel.run(id, sizes(batch: 1), outputs: [count], inputs: [Array($0), weight])[0]
      }
      #expect(both.map(\.bitPattern) == each.map(\.bitPattern), "\(id)")
    }
    func statistics(_ x: [Float], batch: Int) -> [[Float]] {
      var d = sizes(batch: batch)
      let blocks = irlas_conv_blocks(&d)
      return PrebuiltKernel.run(
        IRLAS_CONV_STATISTICS, d, outputs: [batch * count, blocks.images * blocks.bands * 128],
        inputs: [x, weight])
    }
    let plain = PrebuiltKernel.run(
      IRLAS_CONV_FORWARD, sizes(batch: 2), outputs: [2 * count], inputs: [x, weight])[0]
    let made = statistics(x, batch: 2)
    #expect(made[0].map(\.bitPattern) == plain.map(\.bitPattern))
    // A 1x1 convolution's bands do not end with images.
    guard kernel > 1 else { return }
    let each = [x[..<count], x[count...]].map { statistics(Array($0), batch: 1) }
    #expect(made[1].map(\.bitPattern) == (each[0][1] + each[1][1]).map(\.bitPattern))
  }

  /// A large result of few inputs and many outputs, whose statistics need more scratch than the convolution itself.
  @Test func largeResultsOfFewInputs() {
    var random = RandomSource(seed: 11)
    var d = irlas_conv(
      batch: 1, height: 130, width: 64, channels: 2, out_height: 130, out_width: 64, outputs: 512,
      kernel_height: 1, kernel_width: 1, stride_height: 1, stride_width: 1, dilation_height: 1,
      dilation_width: 1, pad_top: 0, pad_left: 0, groups: 1, has_bias: 0, has_residual: 0, activation: 0,
      splits: 1, pairs: 0, normalizes: 0, strassen: 0, x_pitch: 2, y_pitch: 512, residual_pitch: 512)
    let count = 130 * 64 * 512
    #expect(count >= 1 << 21)
    let x = PrebuiltKernel.values(130 * 64 * 2, whole: false, using: &random)
    let weight = PrebuiltKernel.values(2 * 512, whole: false, using: &random)
    let plain = PrebuiltKernel.run(IRLAS_CONV_FORWARD, d, outputs: [count], inputs: [x, weight])[0]
    let blocks = irlas_conv_blocks(&d)
    let made = PrebuiltKernel.run(
      IRLAS_CONV_STATISTICS, d, outputs: [count, blocks.images * blocks.bands * 1024], inputs: [x, weight])
    #expect(made[0].map(\.bitPattern) == plain.map(\.bitPattern))
    let moments = PrebuiltKernel.run(
      IRLAS_BATCH_STATISTICS, blocks, outputs: [1024], inputs: [made[1]])[0]
    for c in [0, 17, 511] {
      let values = stride(from: c, to: count, by: 512).map { Double(plain[$0]) }
      let mean = values.reduce(0, +) / Double(values.count)
      #expect(abs(Double(moments[c]) - mean) <= 1e-6, "channel \(c)")
    }
  }

  @Test func aLinearLayerIsAConvolution() {
    var random = RandomSource(seed: 7)
    let (batch, inputs, outputs) = (5, 37, 41)
    let d = irlas_linear(batch, inputs, outputs, 1, 0)
    let x = PrebuiltKernel.values(batch * inputs, whole: true, using: &random)
    let weight = PrebuiltKernel.values(inputs * outputs, whole: true, using: &random)
    let bias = PrebuiltKernel.values(outputs, whole: true, using: &random)
    let packed = PrebuiltKernel.run(IRLAS_WEIGHT_PACK, d, outputs: [weight.count], inputs: [weight])[0]
    let y = PrebuiltKernel.run(
      IRLAS_CONV_FORWARD, d, outputs: [batch * outputs], inputs: [x, packed, bias])[0]
    for n in 0..<batch {
      for o in 0..<outputs {
        let products = (0..<inputs).map { x[n * inputs + $0] * weight[o * inputs + $0] }
        #expect(y[n * outputs + o] == products.reduce(bias[o], +))
      }
    }
  }
}
