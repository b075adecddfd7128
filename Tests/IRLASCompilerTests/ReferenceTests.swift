import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// A graph of one op on the first input, and its value on a batch.
private func value(of op: Op, on image: [Double], _ shape: Shape, batch: Int = 1) throws -> [Double] {
  var builder = GraphBuilder(name: "One")
  let x = try builder.add(.input(index: 0), declared: shape)
  let y = try builder.add(op, [x])
  let graph = builder.finish(outputs: [Graph.Output(name: "output", value: y)])
  let inputs = ReferenceInputs(images: [image], tensors: [:])
  let values = try ReferenceInterpreter(graph, batch: batch).run(inputs)
  return try #require(values.output("output", of: graph))
}

private func isClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-12) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
}

/// Known answers, worked out by hand or printed by PyTorch 2.
@Suite struct ReferenceTests {
  private let three = (1...9).map(Double.init)

  @Test func convolutionIsCrossCorrelationWithUnevenPadding() throws {
    var builder = GraphBuilder(name: "Conv")
    let x = try builder.add(.input(index: 0), declared: .image(1, 3, 3))
    let window = Window(
      kernelSize: Extent(2, 2), stride: Extent(2, 1), padding: Border(top: 1, left: 0, bottom: 0, right: 1))
    let (y, parameters) = try builder.conv(x, out: 1, Convolution(window: window), bias: true)
    let graph = builder.finish(outputs: [Graph.Output(name: "output", value: y)])
    let inputs = ReferenceInputs(
      images: [three], tensors: [parameters.values[0]: [1, 10, 100, 1000], parameters.values[1]: [0.5]])
    let values = try ReferenceInterpreter(graph, batch: 1).run(inputs)
    // Rows -1, 0 and 1, 2 of [[1, 2, 3], [4, 5, 6], [7, 8, 9]], columns 0-1, 1-2, 2-padding.
    #expect(values[y] == [2100.5, 3200.5, 300.5, 8754.5, 9865.5, 906.5])
  }

  @Test func averagePoolDividesAsPyTorch() throws {
    // torch.nn.functional.avg_pool2d(x, 2, stride=2, padding=1, ceil_mode=..., count_include_pad=...)
    let window = Window(
      kernelSize: Extent(2, 2), stride: Extent(2, 2), padding: Border(top: 1, left: 1, bottom: 1, right: 1))
    let inside = try value(of: .averagePool(Pool(window: window)), on: three, .image(1, 3, 3))
    #expect(isClose(inside, [1, 2.5, 5.5, 7]))
    let counting = Pool(window: window, countsPadding: true)
    #expect(
      isClose(try value(of: .averagePool(counting), on: three, .image(1, 3, 3)), [0.25, 1.25, 2.75, 7]))
  }

  @Test func partialWindowsCountTheirOwnElements() throws {
    let window = Window(kernelSize: Extent(2, 2), stride: Extent(2, 2))
    let pool = Pool(window: window, ceil: true, countsPadding: true)
    #expect(try value(of: .averagePool(pool), on: three, .image(1, 3, 3)) == [3, 4.5, 7.5, 9])
    #expect(try value(of: .maxPool(pool), on: three, .image(1, 3, 3)) == [5, 6, 8, 9])
  }

  @Test func maximumPoolIgnoresPadding() throws {
    let window = Window(
      kernelSize: Extent(3, 3), stride: Extent(2, 2), padding: Border(top: 1, left: 1, bottom: 1, right: 1))
    let negative = three.map { -$0 }
    #expect(try value(of: .maxPool(Pool(window: window)), on: negative, .image(1, 3, 3)) == [-1, -2, -4, -5])
  }

  @Test func firstMaximumReceivesTheGradient() throws {
    var builder = GraphBuilder(name: "Ties")
    let x = try builder.add(.input(index: 0), declared: .image(1, 2, 3))
    let pool = Pool(window: Window(kernelSize: Extent(2, 2)))
    let dy = try builder.add(.maxPool(pool), [x])
    let dx = try builder.add(.maxPoolGradient(pool), [x, dy])
    let graph = builder.finish(outputs: [Graph.Output(name: "output", value: dx)])
    let values = try ReferenceInterpreter(graph, batch: 1).run(
      ReferenceInputs(images: [[5, 5, 1, 5, 2, 5]], tensors: [:]))
    #expect(values[dx] == [5, 5, 0, 0, 0, 0])
  }

  @Test func shuffleTransposesGroups() throws {
    let channels = (0..<6).map(Double.init)
    #expect(try value(of: .channelShuffle(groups: 2), on: channels, .image(6, 1, 1)) == [0, 3, 1, 4, 2, 5])
    #expect(try value(of: .channelShuffle(groups: 3), on: channels, .image(6, 1, 1)) == [0, 2, 4, 1, 3, 5])
  }

  @Test func upsampleRepeatsAndItsGradientSums() throws {
    #expect(try value(of: .upsample(factor: 2), on: [1, 2], .image(1, 1, 2)) == [1, 1, 2, 2, 1, 1, 2, 2])
    let gradient = try value(
      of: .upsampleGradient(factor: 2), on: [1, 2, 3, 4, 5, 6, 7, 8], .image(1, 2, 4))
    #expect(gradient == [14, 22])
  }

  private static let activationValues: [(Activation, [Double])] = [
    (.relu, [0, 0, 0, 1, 8]), (.relu6, [0, 0, 0, 1, 6]),
    (.sigmoid, [0.017986209962092, 0.119202922022118, 0.5, 0.731058578630005, 0.999664649869534]),
    (.silu, [-0.071944839848366, -0.238405844044235, 0, 0.731058578630005, 7.997317198956269]),
    (.hardSwish, [0, -0.333333333333333, 0, 0.666666666666667, 8]),
    (.hardSigmoid, [0, 0.166666666666667, 0.5, 0.666666666666667, 1]),
    (.gelu, [-0.000126684967332, -0.045500263896358, 0, 0.841344746068543, 7.99999999999999]),
    (.abs, [4, 2, 0, 1, 8]), (.negate, [4, 2, 0, -1, -8]),
  ]

  @Test func activationsHaveTheirValues() throws {
    #expect(Self.activationValues.map(\.0) == Activation.allCases)
    for (function, expected) in Self.activationValues {
      let y = try value(of: .activation(function), on: [-4, -2, 0, 1, 8], .image(5, 1, 1))
      #expect(isClose(y, expected), "\(function)")
    }
  }

  @Test func batchNormMovesRunningStatistics() throws {
    var builder = GraphBuilder(name: "Norm")
    let x = try builder.add(.input(index: 0), declared: .image(1, 1, 2))
    let (y, parameters) = try builder.batchNorm(x, BatchNorm(epsilon: 0, momentum: 0.25))
    let flat = try builder.add(.flatten, [y])
    let forward = builder.finish(outputs: [Graph.Output(name: "output", value: flat)])
    let training = try differentiate(forward, objective: TrainingObjective(update: .none))
    let named = Dictionary(uniqueKeysWithValues: training.ids.map { (training.path(of: $0), $0) })
    let scale = try #require(named["bn.scale"])
    let shift = try #require(named["bn.shift"])
    let mean = try #require(named["bn.running_mean"])
    let variance = try #require(named["bn.running_variance"])
    #expect(parameters.values.count == 4)
    let tensors = [scale: [2.0], shift: [1.0], mean: [4.0], variance: [8.0]]
    let interpreter = ReferenceInterpreter(training, batch: 2)
    // Mean 4, biased variance (9 + 1 + 1 + 9) / 4 = 5, unbiased 20 / 3.
    let values = try interpreter.run(
      ReferenceInputs(images: [[1, 3, 5, 7]], labels: [0, 1], tensors: tensors))
    let logits = try #require(values.output("logits", of: training))
    #expect(isClose(logits, [-3, -1, 1, 3].map { 2 * $0 / 5.0.squareRoot() + 1 }))
    let updated = interpreter.updated(tensors, by: values)
    #expect(updated[mean] == [0.75 * 4 + 0.25 * 4])
    #expect(isClose(try #require(updated[variance]), [0.75 * 8 + 0.25 * 20 / 3]))
    #expect(updated[scale] == [2.0])
  }

  @Test func crossEntropySmoothsItsTargets() throws {
    var builder = GraphBuilder(name: "Loss")
    let x = try builder.add(.input(index: 0), declared: .image(3, 1, 1))
    let labels = try builder.add(.labels, declared: .sampleScalar)
    let loss = try builder.add(.softmaxCrossEntropy(smoothing: 0.1), [x, labels])
    let gradient = try builder.add(.softmaxCrossEntropyGradient(smoothing: 0.1), [x, labels])
    let graph = builder.finish(outputs: [
      Graph.Output(name: "loss", value: loss), Graph.Output(name: "grad", value: gradient),
    ])
    // torch.nn.functional.cross_entropy(tensor([[1., 2, 3], [1000, 0, -1000]]), tensor([0, 0]), label_smoothing=0.1)
    let values = try ReferenceInterpreter(graph, batch: 2).run(
      ReferenceInputs(images: [[1, 2, 3, 1000, 0, -1000]], labels: [0, 0], tensors: [:]))
    #expect(isClose(values[loss], [51.1538029821922], 1e-9))
    #expect(
      isClose(
        values[gradient],
        [
          -0.421651380081476, 0.105697568860732, 0.315953811220744, 0.0333333333333333, -0.0166666666666667,
          -0.0166666666666667,
        ], 1e-12))
  }

  @Test(arguments: [false, true]) func momentumFollowsPyTorch(nesterov: Bool) throws {
    var builder = GraphBuilder(name: "SGD")
    let p = try builder.add(.parameter(Parameter(.weight, .constant(0))), declared: .unbatched(1))
    let g = try builder.add(.parameter(Parameter(.weight, .constant(0))), declared: .unbatched(1))
    let v = try builder.add(.state(.velocity), declared: .unbatched(1))
    let rate = try builder.add(.hyperparameter(.learningRate), declared: .scalar)
    let next = try builder.add(.sgdVelocity(momentum: 0.5, decay: 0.1), [p, g, v])
    let step = SGDStep(momentum: 0.5, decay: 0.1, nesterov: nesterov)
    let moved = try builder.add(.sgdStep(step), [p, g, rate, next])
    let graph = builder.finish(
      outputs: [],
      updates: [Graph.Update(target: p, value: moved), Graph.Update(target: v, value: next)])
    let interpreter = ReferenceInterpreter(graph, batch: 1)
    var tensors = [p: [1.0], g: [2.0], v: [4.0]]
    let values = try interpreter.run(
      ReferenceInputs(images: [], hyperparameters: [.learningRate: 0.1], tensors: tensors))
    tensors = interpreter.updated(tensors, by: values)
    // g' = 2 + 0.1; v' = 0.5 * 4 + 2.1 = 4.1; the direction is v', or 2.1 + 0.5 * 4.1.
    #expect(isClose(tensors[v] ?? [], [4.1]))
    #expect(isClose(tensors[p] ?? [], [nesterov ? 1 - 0.415 : 1 - 0.41]))
  }

  @Test func masksKeepTheirShareAndDependOnSeedStepAndStream() {
    let shape = Shape.image(5, 20, 20)
    let mask = MaskWords(seed: 1, step: 0, stream: 2).mask(shape, batch: 5, rate: 0.25)
    let kept = mask.filter { $0 != 0 }
    #expect(kept.allSatisfy { $0 == 1 / 0.75 })
    // Binomial: 7500 of 10000, with a deviation of 43.
    #expect(abs(kept.count - 7500) < 5 * 43)
    #expect(mask == MaskWords(seed: 1, step: 0, stream: 2).mask(shape, batch: 5, rate: 0.25))
    for other in [
      MaskWords(seed: 2, step: 0, stream: 2), MaskWords(seed: 1, step: 1, stream: 2),
      MaskWords(seed: 1, step: 0, stream: 3),
    ] {
      #expect(mask != other.mask(shape, batch: 5, rate: 0.25))
    }
  }

  /// The test vectors published with the generator (Random123, `kat_vectors`).
  @Test func philoxGivesThePublishedBlocks() {
    let zero = Philox.block(counter: (0, 0, 0, 0), key: (0, 0))
    #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = Philox.block(counter: (.max, .max, .max, .max), key: (.max, .max))
    #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let digitsOfPi = Philox.block(
      counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
    #expect(digitsOfPi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func missingInputsAreErrors() throws {
    let graph = randomNetwork(seed: 1)
    let interpreter = ReferenceInterpreter(graph, batch: 2)
    #expect(throws: ReferenceError.self) { try interpreter.run(ReferenceInputs(images: [], tensors: [:])) }
    #expect(throws: ReferenceError.size("input", expected: 1, actual: 2)) {
      var builder = GraphBuilder(name: "One")
      let x = try builder.add(.input(index: 0), declared: .image(1, 1, 1))
      let one = builder.finish(outputs: [Graph.Output(name: "output", value: x)])
      _ = try ReferenceInterpreter(one, batch: 1).run(ReferenceInputs(images: [[1, 2]], tensors: [:]))
    }
  }
}
