import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Every pass keeps the meaning of every graph, and does what it is for.
@Suite struct PassTests {
  private static let each: [GraphPass] = [
    .inferenceForm, .simplify, .shareCommonValues, .foldBatchNorm, .composeConvolutions, .fuseBatchNorm,
    .fuseResidual, .fuseGradientSums, .fuseActivation,
  ]

  /// The values of outputs and updates of a graph on numbers that depend on the paths of its sources only.
  private func results(of graph: Graph, seed: UInt64) throws -> [(name: String, values: [Double])] {
    let interpreter = ReferenceInterpreter(graph, batch: 2)
    var images: [Int: [Double]] = [:]
    var tensors: [NodeID: [Double]] = [:]
    for id in graph.ids {
      var hash = StableHash(seed: seed)
      hash.combine(graph.path(of: id))
      var numbers = RandomSource(seed: hash.value)
      let values = numbers.reals(interpreter.elementCount(of: id))
      switch graph[id].op {
      case .input(let index): images[index] = values
      case .parameter: tensors[id] = values
      // Variances are positive.
      case .state: tensors[id] = values.map { 1.5 + $0 }
      default: break
      }
    }
    let inputs = ReferenceInputs(
      images: (0..<images.count).map { images[$0] ?? [] }, labels: [0, 1],
      hyperparameters: [.learningRate: 0.1], tensors: tensors, masks: .counter(seed: seed, step: 0))
    let values = try interpreter.run(inputs)
    return graph.outputs.filter { !$0.isAuxiliary }.map { ($0.name, values[$0.value]) }
      + graph.updates.map { (graph.path(of: $0.target), values[$0.value]) }
  }

  private func expectSameMeaning(_ graph: Graph, _ pass: GraphPass, seed: UInt64) throws -> Graph {
    let rewritten = pass.apply(graph)
    #expect(rewritten.verify() == [], "seed \(seed), \(pass.name)")
    let (before, after) = (try results(of: graph, seed: seed), try results(of: rewritten, seed: seed))
    #expect(before.map(\.name) == after.map(\.name), "seed \(seed), \(pass.name)")
    for (old, new) in zip(before, after) {
      let isEqual = zip(old.values, new.values).allSatisfy { a, b in
        a == b || (!a.isFinite && !b.isFinite) || abs(a - b) <= 1e-9 * max(1, abs(a))
      }
      #expect(isEqual && old.values.count == new.values.count, "seed \(seed), \(pass.name): \(old.name)")
    }
    return rewritten
  }

  @Test(arguments: 0..<30 as Range<UInt64>) func passesKeepTheMeaningOfNetworks(seed: UInt64) throws {
    var graph = randomNetwork(seed: seed, options: RandomNetworkOptions(layers: 14))
    for pass in Self.each { _ = try expectSameMeaning(graph, pass, seed: seed) }
    for pass in GraphPass.forInference { graph = try expectSameMeaning(graph, pass, seed: seed) }
  }

  @Test(arguments: 0..<15 as Range<UInt64>) func passesKeepTheMeaningOfTrainingGraphs(seed: UInt64) throws {
    var graph = randomNetwork(seed: seed)
    for pass in GraphPass.beforeDifferentiation { graph = pass.apply(graph) }
    graph = try differentiate(
      graph, objective: TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 0.01)))
    #expect(graph.verify() == [], "seed \(seed)")
    for pass in GraphPass.forTraining { graph = try expectSameMeaning(graph, pass, seed: seed) }
  }

  /// Graphs of any ops at all, folded, fused and differentiated ones among them.
  @Test(arguments: 0..<60 as Range<UInt64>) func passesKeepTheMeaningOfAnyGraph(seed: UInt64) throws {
    let graph = RandomGraph.make(seed: seed, size: 25)
    for pass in Self.each { _ = try expectSameMeaning(graph, pass, seed: seed) }
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func passesAreDoneAfterOnce(seed: UInt64) {
    var graph = randomNetwork(seed: seed)
    for pass in GraphPass.forInference {
      graph = pass.apply(graph)
      #expect(pass.apply(graph) == graph, "seed \(seed), \(pass.name)")
    }
  }

  private func image(_ builder: inout GraphBuilder, _ channels: Int = 4) throws -> NodeID {
    try builder.add(.input(index: 0), declared: .image(channels, 4, 4))
  }

  private func finish(_ builder: GraphBuilder, _ value: NodeID) -> Graph {
    builder.finish(outputs: [Graph.Output(name: "output", value: value)])
  }

  private func words(_ graph: Graph) -> [String] {
    graph.nodes.filter { !$0.op.isSource }.map(\.op.mnemonic)
  }

  @Test func convolutionBatchNormAndActivationBecomeOne() throws {
    var builder = GraphBuilder(name: "Unit")
    let x = try image(&builder)
    let point = Convolution(window: Window(kernelSize: .one))
    let first = try builder.conv(x, out: 4, point, bias: true).result
    let norm = try builder.batchNorm(first).result
    let relu = try builder.add(.activation(.relu), [norm])
    let dropped = try builder.add(.dropout(rate: 0.5), [relu])
    let output = try builder.conv(dropped, out: 2, point).result
    var graph = finish(builder, output)
    for pass in GraphPass.forInference { graph = pass.apply(graph) }
    #expect(words(graph) == ["folded_weight", "folded_bias", "conv", "conv"])
    let fused = try #require(graph.nodes.first { $0.name == "conv" })
    #expect(fused.op == .conv(Convolution(window: point.window, activation: .relu)))
  }

  /// Three 1x1 convolutions with nothing but batch norm between them, the first depthwise, become one; a bottleneck, and what somebody
  /// else reads, stay.
  @Test func convolutionsWithNothingBetweenAreComposed() throws {
    let point = Convolution(window: Window(kernelSize: .one))
    func composed(_ widths: [Int], depthwise: Bool = false, isShared: Bool = false) throws -> [String] {
      var builder = GraphBuilder(name: "Chain")
      let input = try builder.add(.input(index: 0), declared: .image(8, 5, 5))
      var y = input
      if depthwise {
        y = try builder.conv(y, out: 8, Convolution(window: Window(kernelSize: .one), groups: 8)).result
      }
      var last = y
      for width in widths {
        last = y
        y = try builder.conv(y, out: width, point, bias: width % 3 == 0).result
        if width % 2 == 0 { y = try builder.batchNorm(y).result }
      }
      let outputs = isShared ? [y, last] : [y]
      let graph = builder.finish(
        outputs: outputs.enumerated().map { Graph.Output(name: "y\($0.offset)", value: $0.element) })
      let folded = GraphPass.forInference.prefix { $0.name != "compose" }.reduce(graph) { $1.apply($0) }
      let result = try expectSameMeaning(folded, .composeConvolutions, seed: 1)
      #expect(composeConvolutions(result) == result)
      return words(result).filter { !$0.hasPrefix("folded") }
    }
    #expect(try composed([9, 12], depthwise: true).filter { $0 == "conv" }.count == 1)
    #expect(try composed([9, 12]) == ["composed_weight", "composed_bias", "conv"])
    #expect(try composed([7, 11]) == ["composed_weight", "conv"])
    #expect(try composed([6, 12, 7]).filter { $0 == "conv" }.count == 1)
    // 8 to 2 to 12: 40 products, composed 96.
    #expect(try composed([2, 12]) == ["conv", "conv"])
    #expect(try composed([9, 12], isShared: true) == ["conv", "conv"])
    // The first two alone are a bottleneck, and before a third of few outputs are not.
    #expect(try composed([3, 9, 1]).filter { $0 == "conv" }.count == 1)
  }

  /// A residual block while training: sums and activations join batch norm, and the gradient of an activation is
  /// written only where a residual reads it too.
  @Test(arguments: [Activation.relu, .silu])
  func batchNormTakesWhatFollowsIt(function: Activation) throws {
    var builder = GraphBuilder(name: "Block")
    let point = Convolution(window: Window(kernelSize: .one))
    let x = try builder.conv(try image(&builder), out: 4, point).result
    let inner = try builder.conv(x, out: 4, point).result
    let hidden = try builder.add(.activation(function), [try builder.batchNorm(inner).result])
    let outer = try builder.conv(hidden, out: 4, point).result
    let sum = try builder.add(.add, [x, try builder.batchNorm(outer).result])
    let output = try builder.add(.globalAveragePool, [try builder.add(.activation(function), [sum])])
    let training = try differentiate(finish(builder, output), objective: TrainingObjective(update: .none))
    let word = function.rawValue
    #expect(words(training).filter { $0 == "\(word)_grad" }.count == 2)
    let graph = fuseBatchNorm(training)
    #expect(words(graph).filter { $0 == "\(word)_grad" }.count == 1)
    let norms = graph.nodes.filter { $0.op.mnemonic == "bn_normalize" }
    #expect(norms.map(\.inputs.count) == [4, 5])
    // What the gradient of the last activation needs is its result for relu, its argument for silu.
    let fused: [Activation?] = function.savesOutput ? [function, function] : [function, nil]
    #expect(norms.map(\.op) == fused.map { .batchNormalize(epsilon: 1e-5, activation: $0) })
    #expect(words(graph).filter { $0 == word }.count == (function.savesOutput ? 0 : 1))
    #expect(graph.nodes.filter { $0.op == .add }.allSatisfy { $0.name.hasSuffix("grad") })
    let gradients = graph.nodes.filter { ["bn_reduce", "bn_input_grad"].contains($0.op.mnemonic) }
    #expect(gradients.map(\.inputs.count) == [3, 5, 5, 6])
    _ = try expectSameMeaning(training, .fuseBatchNorm, seed: 1)
  }

  /// Values that others read, gradients above all, are still there.
  @Test func batchNormLeavesWhatOthersRead() throws {
    var builder = GraphBuilder(name: "Read")
    let x = try builder.conv(
      try image(&builder), out: 4, Convolution(window: Window(kernelSize: .one))
    ).result
    let norm = try builder.batchNorm(x).result
    let relu = try builder.add(.activation(.relu), [norm])
    let pooled = try builder.add(.globalAveragePool, [try builder.add(.add, [relu, norm])])
    let training = try differentiate(finish(builder, pooled), objective: TrainingObjective(update: .none))
    let graph = try expectSameMeaning(training, .fuseBatchNorm, seed: 1)
    #expect(words(graph) == words(training))
  }

  /// A value that an activation and others read: its gradient is one node.
  @Test func sumsJoinTheGradientOfAnActivation() throws {
    var builder = GraphBuilder(name: "Sums")
    let point = Convolution(window: Window(kernelSize: .one))
    let x = try builder.conv(try image(&builder), out: 4, point).result
    let relu = try builder.add(.activation(.relu), [x])
    let paths = try [relu, relu, x].map { try builder.conv($0, out: 4, point).result }
    let output = try builder.add(.globalAveragePool, [try builder.add(.add, [x] + paths)])
    let training = try differentiate(finish(builder, output), objective: TrainingObjective(update: .none))
    #expect(words(training).filter { $0 == "add" }.count == 3)
    let graph = try expectSameMeaning(training, .fuseGradientSums, seed: 1)
    #expect(words(graph).filter { $0 == "add" }.count == 1)
    let gradient = try #require(graph.nodes.first { $0.op == .activationGradient(.relu, added: 2) })
    #expect(gradient.inputs.count == 5)
    #expect(graph[gradient.inputs[0]].op == .activation(.relu))
  }

  @Test func batchNormOfAValueThatOthersReadStays() throws {
    var builder = GraphBuilder(name: "Read")
    let x = try image(&builder)
    let y = try builder.conv(x, out: 4, Convolution(window: Window(kernelSize: .one))).result
    let norm = try builder.batchNorm(y).result
    let sum = try builder.add(.add, [norm, y])
    #expect(words(foldBatchNorm(finish(builder, sum))) == ["conv", "bn", "add"])
    #expect(words(fuseActivation(finish(builder, sum))) == ["conv", "bn", "add"])
  }

  @Test func theLaterConvolutionMakesTheSum() throws {
    var builder = GraphBuilder(name: "Residual")
    let x = try image(&builder)
    let point = Convolution(window: Window(kernelSize: .one))
    let first = try builder.conv(x, out: 4, point, bias: true, name: "first").result
    let second = try builder.conv(x, out: 4, point, bias: true, name: "second").result
    let sum = try builder.add(.add, [second, first])
    let relu = try builder.add(.activation(.relu), [sum])
    let graph = fuseActivation(fuseResidual(finish(builder, relu)))
    #expect(words(graph) == ["conv", "conv"])
    let fused = try #require(graph.nodes.last)
    #expect(fused.name == "second" && fused.inputs.count == 4)
    #expect(graph[fused.inputs[3]].name == "first")
    #expect(fused.op == .conv(Convolution(window: point.window, activation: .relu)))
  }

  @Test func sumsThatNoConvolutionCanMakeStay() throws {
    var builder = GraphBuilder(name: "Sums")
    let x = try image(&builder)
    let point = Convolution(window: Window(kernelSize: .one))
    let plain = try builder.conv(x, out: 4, point).result
    let other = try builder.conv(x, out: 4, point).result
    let biased = try builder.conv(x, out: 4, point, bias: true).result
    let active = try builder.add(.activation(.relu), [biased])
    let read = try builder.conv(x, out: 4, point, bias: true).result
    // Without a bias, behind an activation, with another reader, twice the same.
    let sums = try [[plain, other], [active, plain], [read, plain], [read, read]].map {
      try builder.add(.add, $0)
    }
    let all = try builder.add(.concat(.channel), sums)
    let graph = fuseResidual(finish(builder, all))
    #expect(words(graph).count { $0 == "add" } == 4)
  }

  @Test func nestedSumsAreFlatAndKeepTheirOrder() throws {
    var builder = GraphBuilder(name: "Sums")
    let x = try image(&builder)
    let parts = try Activation.allCases.map { try builder.add(.activation($0), [x]) }
    let zero = try builder.add(.zero, declared: builder.shape(of: x))
    let inner = try builder.add(.add, [parts[1], zero, parts[2]])
    let left = try builder.add(.add, [parts[0], inner])
    let alone = try builder.add(.add, [parts[3], zero])
    let outer = try builder.add(.add, [left, alone, parts[4]])
    let graph = simplify(finish(builder, outer))
    let sum = try #require(graph.nodes.last)
    #expect(sum.name == builder[outer].name)
    #expect(
      sum.inputs.map { graph[$0].op.mnemonic } == Activation.allCases.prefix(5).map(\.rawValue))
  }

  @Test func sumsOfZerosAreZero() throws {
    var builder = GraphBuilder(name: "Zeros")
    let x = try image(&builder)
    let zero = try builder.add(.zero, declared: builder.shape(of: x))
    let sum = try builder.add(.add, [zero, zero])
    #expect(words(simplify(finish(builder, sum))) == ["zero"])
  }

  @Test(arguments: [false, true]) func longSumsTakeLinearTime(nestsRight: Bool) throws {
    var builder = GraphBuilder(name: "Chain")
    let x = try image(&builder, 1)
    var sum = x
    for _ in 0..<50_000 { sum = try builder.add(.add, nestsRight ? [x, sum] : [sum, x]) }
    let graph = simplify(finish(builder, sum))
    #expect(graph.nodes.count == 2)
    #expect(graph.nodes[1].inputs.count == 50_001)
  }

  @Test func gradientsOfASplitAreJoined() throws {
    var builder = GraphBuilder(name: "Split")
    let x = try image(&builder)
    let wide = try builder.conv(x, out: 6, Convolution(window: Window(kernelSize: .one))).result
    var parts: [NodeID] = []
    for (index, function) in [Activation.relu, .sigmoid, .silu].enumerated() {
      let part = try builder.add(.slice(axis: .channel, start: 2 * index, length: 2), [wide])
      parts.append(try builder.add(.activation(function), [part]))
    }
    let sum = try builder.add(.add, parts)
    let pooled = try builder.add(.globalAveragePool, [sum])
    let training = try differentiate(
      finish(builder, pooled), objective: TrainingObjective(update: .none))
    let simple = simplify(training)
    #expect(words(training).filter { $0 == "embed" }.count == 3)
    #expect(!words(simple).contains("embed"))
    let joined = try #require(simple.nodes.first { $0.op == .concat(.channel) })
    #expect(joined.inputs.map { simple[$0].op.mnemonic } == ["relu_grad", "sigmoid_grad", "silu_grad"])
  }

  @Test func equalValuesAreComputedOnceButMasksAreNot() throws {
    var builder = GraphBuilder(name: "Twice")
    let x = try image(&builder)
    let relus = try (0..<2).map { _ in try builder.add(.activation(.relu), [x]) }
    let drops = try relus.map { try builder.add(.dropout(rate: 0.5), [$0]) }
    let (first, parameters) = try builder.batchNorm(relus[0])
    let second = try builder.batchNorm(relus[1], sharing: parameters).result
    let sums = [try builder.add(.add, [x, relus[0]]), try builder.add(.add, [relus[1], x])]
    let sum = try builder.add(.add, drops + [first, second] + sums)
    let words = words(shareCommonValues(finish(builder, sum)))
    #expect(words == ["relu", "dropout", "dropout", "bn", "bn", "add", "add"])
  }

  @Test func auxiliaryOutputsAreForTrainingOnly() throws {
    var builder = GraphBuilder(name: "Auxiliary")
    let x = try image(&builder)
    let relu = try builder.add(.activation(.relu), [x])
    let extra = try builder.add(.activation(.silu), [x])
    let graph = builder.finish(outputs: [
      Graph.Output(name: "output", value: relu), Graph.Output(name: "extra", value: extra, isAuxiliary: true),
    ])
    #expect(words(inferenceForm(graph)) == ["relu"])
  }
}
