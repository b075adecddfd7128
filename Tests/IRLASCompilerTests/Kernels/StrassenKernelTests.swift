import CKernels
import IRLASTestSupport
import Testing

/// 1x1 convolutions by Strassen's method, prebuilt and between guard pages.
@Suite struct StrassenKernelTests {
  /// Its sums and differences of whole numbers are exact; of others the result is within 1e-5 of the loops in the norm. Sizes are
  /// random, also those where it would not be chosen; statistics, checked on whole numbers, are those of the result.
  @Test(arguments: 0..<40)
  func agreesWithLoops(seed: Int) throws {
    var random = RandomSource(seed: UInt64(seed))
    let whole = seed % 2 == 0
    var plain = PlainConvolution(
      pixels: random.pick(1...200), inputs: 32 * random.pick(1...4), outputs: 64 * random.pick(1...3),
      whole: whole,
      using: &random)
    plain.sizes.strassen = 1
    let weight = factors(of: plain)
    let y = PrebuiltKernel.run(
      IRLAS_CONV_FORWARD, plain.sizes, outputs: [plain.dy.count], inputs: plain.operands(weight: weight),
      seed: UInt64(seed))[0]
    #expect(PrebuiltKernel.distance(y, plain.forward) <= (whole ? 0 : 1e-5), "seed \(seed): \(plain.sizes)")
    if whole { try plain.checkStatistics(weight: weight, y, seed: UInt64(seed)) }
  }

  /// Bands of large maps, whose pixels are made in scratch and go past the caches.
  @Test func largeResults() throws {
    var random = RandomSource(seed: 3)
    var plain = PlainConvolution(pixels: 17_001, inputs: 32, outputs: 128, whole: true, using: &random)
    plain.sizes.strassen = 1
    plain.sizes.has_residual = 0
    #expect(plain.dy.count >= 1 << 21)
    let weight = factors(of: plain)
    let y = PrebuiltKernel.run(
      IRLAS_CONV_FORWARD, plain.sizes, outputs: [plain.dy.count], inputs: plain.operands(weight: weight))[0]
    #expect(PrebuiltKernel.distance(y, plain.forward) == 0)
    try plain.checkStatistics(weight: weight, y, seed: 1)
  }

  /// The same bytes as of x normalised before.
  @Test(arguments: 0..<10)
  func normalisesOnTheWay(seed: Int) {
    var random = RandomSource(seed: UInt64(seed))
    var plain = PlainConvolution(
      pixels: random.pick(1...120), inputs: 32 * random.pick(1...3), outputs: 128, whole: false,
      using: &random)
    plain.sizes.strassen = 1
    let d = plain.sizes
    var normalizing = d
    normalizing.normalizes = 1 + random.pick([0, 1, 2, 4])
    let (z, normFactors) = plain.normalized(by: normalizing, using: &random)
    let rest = plain.operands(weight: factors(of: plain)).dropFirst()
    let before = PrebuiltKernel.run(
      IRLAS_CONV_FORWARD, d, outputs: [plain.dy.count], inputs: [z] + rest, seed: UInt64(seed))[0]
    let onTheWay = PrebuiltKernel.run(
      IRLAS_CONV_FORWARD, normalizing, outputs: [plain.dy.count], inputs: [plain.x] + rest + [normFactors],
      seed: UInt64(seed))[0]
    #expect(before.map(\.bitPattern) == onTheWay.map(\.bitPattern), "seed \(seed): \(normalizing)")
  }

  /// The choice depends on the sizes, and takes what was measured to be faster.
  @Test func isChosenBySize() {
    func isChosen(
      _ pixels: Int, _ inputs: Int, _ outputs: Int, stride: Int = 1, pairs: Int = 0, changing: Int32 = 0
    ) -> Bool {
      var random = RandomSource(seed: 1)
      var d = PlainConvolution(
        pixels: pixels, inputs: inputs, outputs: outputs, stride: stride, whole: true, using: &random
      ).sizes
      d.pairs = pairs
      return irlas_strassen_count(&d) > 0 && irlas_strassen_is_better(&d, changing) == 1
    }
    #expect(isChosen(196, 1024, 512))
    #expect(isChosen(784, 256, 512))
    #expect(isChosen(196, 768, 256))
    #expect(isChosen(49, 512, 2048))
    #expect(isChosen(4096, 256, 256, changing: 1))
    // More to add than it saves; more weights to make than it saves; not its kind.
    #expect(!isChosen(3136, 256, 128))
    #expect(!isChosen(784, 192, 64))
    #expect(!isChosen(49, 512, 2048, changing: 1))
    #expect(!isChosen(1, 2048, 1024))
    #expect(!isChosen(784, 256, 480))
    #expect(!isChosen(784, 1000, 512))
    #expect(!isChosen(784, 256, 512, stride: 2))
    #expect(!isChosen(784, 256, 512, pairs: 1))
  }

  private func factors(of plain: PlainConvolution) -> [Float] {
    var d = plain.sizes
    let packed = PrebuiltKernel.run(
      IRLAS_WEIGHT_PACK, d, outputs: [plain.weight.count], inputs: [plain.weight])[0]
    return PrebuiltKernel.run(
      IRLAS_STRASSEN_WEIGHT, d, outputs: [irlas_strassen_count(&d)], inputs: [packed])[0]
  }
}
