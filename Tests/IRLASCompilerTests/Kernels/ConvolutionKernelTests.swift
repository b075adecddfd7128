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
      inputs: [plain.x, packed] + (d.has_bias == 1 ? [plain.bias] : [])
        + (d.has_residual == 1 ? [plain.dy] : []),
      seed: UInt64(seed))[0]
    #expect(PrebuiltKernel.distance(y, plain.forward) <= tolerance, "forward, seed \(seed): \(d)")

    try checkStatistics(plain, packed, y, seed: UInt64(seed))

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

  /// The same result, and what it is on average, from blocks that cover it once.
  private func checkStatistics(_ plain: PlainConvolution, _ packed: [Float], _ y: [Float], seed: UInt64)
    throws
  {
    var d = plain.sizes
    let statistics = irlas_conv_blocks(&d)
    let blocks = statistics.images * statistics.bands
    #expect(statistics.images * statistics.rows * statistics.columns * d.outputs == y.count)
    let results = PrebuiltKernel.run(
      IRLAS_CONV_STATISTICS, d, outputs: [y.count, blocks * 2 * d.outputs],
      inputs: [plain.x, packed] + (d.has_bias == 1 ? [plain.bias] : [])
        + (d.has_residual == 1 ? [plain.dy] : []),
      seed: seed)
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
