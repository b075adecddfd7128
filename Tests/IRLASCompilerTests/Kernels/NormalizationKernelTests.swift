import CKernels
import IRLASTestSupport
import Testing

@Suite struct NormalizationKernelTests {
  /// Forward and backward of batch norm against sums in Double, far from the origin so that a formula which
  /// cancels shows.
  @Test(arguments: [(1, 3), (2, 16), (33, 7), (64, 24), (700, 5), (2500, 33)])
  func agreesWithDouble(rows: Int, channels: Int) {
    var random = RandomSource(seed: UInt64(rows))
    let offsets = (0..<channels).map { _ in Float.random(in: -50..<50, using: &random) }
    let x = (0..<rows * channels).map { Float.random(in: -1..<1, using: &random) + offsets[$0 % channels] }
    let dy = PrebuiltKernel.values(rows * channels, whole: false, using: &random)
    let scale = PrebuiltKernel.values(channels, whole: false, using: &random)
    let shift = PrebuiltKernel.values(channels, whole: false, using: &random)
    let epsilon = 1e-5
    let n = Double(rows)

    let blocks = irlas_reduction_blocks(rows, channels)
    let reduction = irlas_reduction(rows: rows, channels: channels, blocks: blocks, pitch: channels)
    let norm = irlas_norm(
      rows: rows, channels: channels, blocks: blocks, activation: 0, has_residual: 0, x_pitch: channels,
      y_pitch: channels, residual_pitch: channels, epsilon: Float(epsilon))
    var partials = PrebuiltKernel.run(
      IRLAS_BATCH_STATISTICS_PARTIAL, reduction, outputs: [blocks * 2 * channels], inputs: [x])[0]
    let statistics = PrebuiltKernel.run(
      IRLAS_BATCH_STATISTICS,
      irlas_statistics(channels: channels, images: 1, bands: blocks, rows: rows, columns: 1, unit: 1),
      outputs: [2 * channels], inputs: [partials])[0]
    let y = PrebuiltKernel.run(
      IRLAS_BATCH_NORMALIZE, norm, outputs: [x.count], inputs: [x, statistics, scale, shift])[0]
    partials =
      PrebuiltKernel.run(
        IRLAS_BATCH_NORM_REDUCE_PARTIAL, norm, outputs: [blocks * 2 * channels], inputs: [x, dy, statistics])[
        0]
    let sums = PrebuiltKernel.run(
      IRLAS_SUM_PARTIALS, irlas_partials(count: 2 * channels, splits: blocks), outputs: [2 * channels],
      inputs: [partials])[0]
    let dx = PrebuiltKernel.run(
      IRLAS_BATCH_NORM_INPUT_GRADIENT, norm, outputs: [x.count], inputs: [x, dy, statistics, scale, sums])[0]

    for c in 0..<channels {
      let values = (0..<rows).map { Double(x[$0 * channels + c]) }
      let gradients = (0..<rows).map { Double(dy[$0 * channels + c]) }
      let mean = values.reduce(0, +) / n
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
      #expect(abs(Double(statistics[c]) - mean) <= 1e-6 * (1 + abs(mean)))
      #expect(abs(Double(statistics[channels + c]) - variance) <= 1e-5 * variance + 1e-9)
      // The rest from the kernel's statistics: each kernel answers for itself.
      let center = Double(statistics[c])
      let sigma = (Double(statistics[channels + c]) + epsilon).squareRoot()
      let normalized = values.map { ($0 - center) / sigma }
      let sum = gradients.reduce(0, +)
      let product = zip(gradients, normalized).reduce(0) { $0 + $1.0 * $1.1 }
      let size = 1e-6 * (1 + normalized.reduce(0) { $0 + abs($1) })
      #expect(abs(Double(sums[c]) - sum) <= size)
      #expect(abs(Double(sums[channels + c]) - product) <= size)
      for r in 0..<rows {
        let expected = Double(scale[c]) * normalized[r] + Double(shift[c])
        #expect(abs(Double(y[r * channels + c]) - expected) <= 2e-6 * (1 + abs(normalized[r])))
        let gradient =
          Double(scale[c]) / sigma
          * (gradients[r] - Double(sums[c]) / n - normalized[r] * Double(sums[channels + c]) / n)
        #expect(
          abs(Double(dx[r * channels + c]) - gradient)
            <= 5e-6 / sigma * (1 + abs(normalized[r]) * abs(product) / n))
      }
    }
  }

  /// The published answers of Philox4x32-10 (Random123's known-answer tests): key and counter zero.
  @Test func masksFollowPhilox() {
    let words: [UInt32] = [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
    let key = [Float](repeating: 0, count: 4)
    for (index, word) in words.enumerated() {
      let draw = Float(word >> 8) / 16_777_216
      for (rate, expected) in [(draw, Float(3)), (draw.nextUp, 0)] {
        let mask = PrebuiltKernel.run(
          IRLAS_RANDOM_MASK, irlas_mask(count: index + 1, stream: 0, rate: rate, scale: 3),
          outputs: [index + 1], inputs: [key])[0]
        #expect(mask[index] == expected)
      }
    }
  }
}
