import CKernels
import IRLASTestSupport
import Testing

/// Winograd's convolution, prebuilt and between guard pages.
@Suite struct WinogradKernelTests {
  /// Within 1e-5 of the loops in the norm; of small random sizes, also those where it would not be chosen.
  @Test(arguments: 0..<60)
  func agreesWithLoops(seed: Int) throws {
    guard let plain = PlainConvolution(winograd: UInt64(seed)) else { return }
    let d = plain.sizes
    let packed = PrebuiltKernel.run(
      IRLAS_WEIGHT_PACK, d, outputs: [plain.weight.count], inputs: [plain.weight])[0]
    let transformed = PrebuiltKernel.run(
      IRLAS_WINOGRAD_WEIGHT, d, outputs: [36 * d.channels * ((d.outputs + 15) / 16 * 16)], inputs: [packed])[
        0]
    let y = PrebuiltKernel.run(
      IRLAS_CONV_WINOGRAD, d, outputs: [plain.dy.count], inputs: plain.operands(weight: transformed),
      seed: UInt64(seed))[0]
    #expect(PrebuiltKernel.distance(y, plain.forward) <= 1e-5, "seed \(seed): \(d)")

    // The input gradient is the convolution of dy with the transposed weight, its taps in reverse.
    var reversed = d
    (reversed.height, reversed.out_height) = (d.out_height, d.height)
    (reversed.width, reversed.out_width) = (d.out_width, d.width)
    (reversed.channels, reversed.outputs) = (d.outputs, d.channels)
    (reversed.x_pitch, reversed.y_pitch) = (d.outputs, d.channels)
    (reversed.pad_top, reversed.pad_left) = (2 - d.pad_top, 2 - d.pad_left)
    (reversed.has_bias, reversed.has_residual, reversed.activation) = (0, 0, 0)
    let transposed = PrebuiltKernel.run(
      IRLAS_WEIGHT_TRANSPOSE, d, outputs: [packed.count], inputs: [packed])[0]
    let gradientWeight = PrebuiltKernel.run(
      IRLAS_WINOGRAD_GRADIENT_WEIGHT, reversed, outputs: [36 * d.outputs * ((d.channels + 15) / 16 * 16)],
      inputs: [transposed])[0]
    let dx = PrebuiltKernel.run(
      IRLAS_CONV_WINOGRAD, reversed, outputs: [plain.x.count], inputs: [plain.dy, gradientWeight])[0]
    #expect(PrebuiltKernel.distance(dx, plain.inputGradient) <= 1e-5, "input gradient, seed \(seed): \(d)")
  }

  /// Of stride 2: within 1e-5 of the loops, and of whole numbers the same, since all factors are sums.
  @Test(arguments: 0..<60)
  func agreesWithLoopsOfStrideTwo(seed: Int) throws {
    for whole in [false, true] {
      guard let plain = PlainConvolution(winograd: UInt64(seed), stride: 2, whole: whole) else { continue }
      var d = plain.sizes
      let packed = PrebuiltKernel.run(
        IRLAS_WEIGHT_PACK, d, outputs: [plain.weight.count], inputs: [plain.weight])[0]
      let transformed = PrebuiltKernel.run(
        IRLAS_STRIDED_WEIGHT, d, outputs: [irlas_winograd_count(&d)], inputs: [packed])[0]
      let y = PrebuiltKernel.run(
        IRLAS_CONV_WINOGRAD, d, outputs: [plain.dy.count], inputs: plain.operands(weight: transformed),
        seed: UInt64(seed))[0]
      if whole {
        #expect(y.map(Double.init) == plain.forward, "seed \(seed): \(d)")
      } else {
        #expect(PrebuiltKernel.distance(y, plain.forward) <= 1e-5, "seed \(seed): \(d)")
      }
    }
  }

  /// The choice depends on the sizes, and takes what was measured to be faster.
  @Test func isChosenBySize() {
    func count(
      _ batch: Int, _ side: Int, _ channels: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1,
      changing: Int32 = 0
    ) -> Int {
      var d = irlas_conv(
        batch: batch, height: side, width: side, channels: channels, out_height: side / stride,
        out_width: side / stride,
        outputs: channels, kernel_height: kernel, kernel_width: kernel, stride_height: stride,
        stride_width: stride, dilation_height: 1, dilation_width: 1, pad_top: 1, pad_left: 1, groups: groups,
        has_bias: 0, has_residual: 0, activation: 0, splits: 1, pairs: 0, normalizes: 0, strassen: 0,
        x_pitch: channels,
        y_pitch: channels,
        residual_pitch: channels)
      return irlas_winograd_is_better(&d, changing) == 1 ? irlas_winograd_count(&d) : 0
    }
    #expect(count(1, 56, 64) == 36 * 64 * 64)
    #expect(count(1, 14, 256) == 36 * 256 * 256)
    #expect(count(64, 32, 16) == 36 * 16 * 16)
    #expect(count(32, 7, 512) > 0)
    #expect(count(64, 32, 16, changing: 1) > 0)
    #expect(count(2, 14, 256) > 0)
    #expect(count(1, 56, 128, stride: 2) == 16 * 128 * 128)
    #expect(count(1, 28, 256, stride: 2) > 0)
    #expect(count(32, 14, 512, stride: 2) > 0)
    // More weights to read than it saves; more to transform than it saves; not its kind.
    #expect(count(1, 7, 512) == 0)
    #expect(count(1, 14, 512, stride: 2) == 0)
    #expect(count(1, 14, 256, changing: 1) == 0)
    #expect(count(64, 32, 8) == 0)
    #expect(count(1, 56, 64, kernel: 5) == 0)
    #expect(count(1, 56, 64, stride: 3) == 0)
    #expect(count(1, 56, 64, groups: 2) == 0)
  }
}
