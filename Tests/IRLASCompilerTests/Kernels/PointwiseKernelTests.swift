import CKernels
import Glibc
import IRLASTestSupport
import Testing

@Suite struct PointwiseKernelTests {
  /// exp, and sigmoid made from it, over the range where the result is no denormal number.
  @Test func sigmoidIsAccurate() {
    let x = (-870...870).map { Float($0) / 10 }
    let y = PrebuiltKernel.run(
      IRLAS_ACTIVATION, Self.sizes(x.count, 3), outputs: [x.count], inputs: [x])[
        0]
    for (value, result) in zip(x, y) {
      let expected = 1 / (1 + exp(-Double(value)))
      #expect(abs(Double(result) - expected) <= 4 * Double(Float(expected).ulp), "at \(value)")
    }
  }

  @Test(arguments: 1...6)
  func activationGradientsAreDerivatives(activation: Int) {
    var random = RandomSource(seed: 3)
    let x = (0..<1001).map { _ in Float.random(in: -8..<8, using: &random) }
    let dy = PrebuiltKernel.values(x.count, whole: false, using: &random)
    let sizes = Self.sizes(x.count, activation)
    let y = PrebuiltKernel.run(IRLAS_ACTIVATION, sizes, outputs: [x.count], inputs: [x])[0]
    let savesInput = activation == 4 || activation == 5
    let dx = PrebuiltKernel.run(
      IRLAS_ACTIVATION_GRADIENT,
      irlas_gradients(
        rows: 1, channels: x.count, activation: activation, gradients: 1, added: 0, y_pitch: x.count,
        pitch0: x.count, pitch1: x.count, pitch2: 0, pitch3: 0, pitch4: 0, pitch5: 0, pitch6: 0, pitch7: 0),
      outputs: [x.count], inputs: [savesInput ? x : y, dy])[0]
    let step = 1e-5
    for i in x.indices where [-3, 0, 3, 6].allSatisfy({ abs(Double(x[i]) - $0) > 2 * step }) {
      let value = Double(x[i])
      let slope =
        (Self.activate(activation, value + step) - Self.activate(activation, value - step)) / (2 * step)
      #expect(abs(Double(y[i]) - Self.activate(activation, value)) <= 2e-6)
      #expect(abs(Double(dx[i]) - slope * Double(dy[i])) <= 2e-6, "activation \(activation) at \(x[i])")
    }
  }

  private static func sizes(_ count: Int, _ activation: Int) -> irlas_maps {
    irlas_maps(
      rows: 1, channels: count, option: activation, y_pitch: count, pitch0: count, pitch1: 0, pitch2: 0,
      pitch3: 0, pitch4: 0, pitch5: 0, pitch6: 0, pitch7: 0)
  }

  private static func activate(_ activation: Int, _ x: Double) -> Double {
    switch activation {
    case 1: max(x, 0)
    case 2: min(max(x, 0), 6)
    case 3: 1 / (1 + exp(-x))
    case 4: x / (1 + exp(-x))
    case 5: x * min(max(x + 3, 0), 6) / 6
    default: min(max(x + 3, 0), 6) / 6
    }
  }

  /// Loss and gradient against sums in Double.
  @Test(arguments: [(1, 2, 0), (7, 10, 0), (13, 33, 0.1), (3, 1000, 0.2)])
  func crossEntropy(batch: Int, classes: Int, smoothing: Double) {
    var random = RandomSource(seed: UInt64(classes))
    let logits = (0..<batch * classes).map { _ in Float.random(in: -20..<20, using: &random) }
    let labels = (0..<batch).map { _ in random.pick(0...(classes - 1)) }
    let sizes = irlas_loss(batch: batch, classes: classes, smoothing: Float(smoothing), weight: 1)
    let inputs = [logits, labels.map { Float($0) }]
    let loss = PrebuiltKernel.run(IRLAS_SOFTMAX_CROSS_ENTROPY, sizes, outputs: [1], inputs: inputs)[0][0]
    let gradient = PrebuiltKernel.run(
      IRLAS_SOFTMAX_CROSS_ENTROPY_GRADIENT, sizes, outputs: [logits.count], inputs: inputs)[0]
    var expected = 0.0
    for n in 0..<batch {
      let row = (0..<classes).map { Double(logits[n * classes + $0]) }
      let normalizer = log(row.reduce(0) { $0 + exp($1) })
      for k in 0..<classes {
        let target = (k == labels[n] ? 1 - smoothing : 0) + smoothing / Double(classes)
        expected -= target * (row[k] - normalizer) / Double(batch)
        let slope = (exp(row[k] - normalizer) - target) / Double(batch)
        #expect(abs(Double(gradient[n * classes + k]) - slope) <= 1e-6)
      }
    }
    #expect(abs(Double(loss) - expected) <= 1e-6 * (1 + expected))
  }

  /// Three steps of PyTorch's SGD on one number, by hand.
  @Test func nesterovStepsAsPyTorchDoes() {
    let sizes = irlas_sgd(count: 1, nesterov: 1, has_velocity: 1, momentum: 0.5, decay: 0.25)
    var parameter: Float = 2
    var velocity: Float = 0
    for (gradient, expected) in [(Float(1), Float(1.71875)), (-2, 1.966_308_593_75)] {
      velocity =
        PrebuiltKernel.run(
          IRLAS_SGD_VELOCITY, sizes, outputs: [1], inputs: [[parameter], [gradient], [velocity]])[0][0]
      parameter =
        PrebuiltKernel.run(
          IRLAS_SGD_STEP, sizes, outputs: [1], inputs: [[parameter], [gradient], [0.125], [velocity]])[0][0]
      #expect(parameter == expected)
    }
  }
}
