import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Every kernel against the reference interpreter.
@Suite struct KernelTests {
  /// Random sizes in the prebuilt tier: exact on small whole numbers where the kernel only adds and
  /// multiplies, else within 1e-5 of the norm.
  @Test(arguments: KernelCase.allCases) func prebuilt(kind: KernelCase) throws {
    for seed in 0..<16 {
      let example = try KernelExample(kind, seed: seed)
      example.check(KernelSet(prebuilt: example.plan.kernelInstances))
    }
  }

  /// Channels of larger maps, read and written where they are.
  @Test(arguments: KernelCase.withPitch) func parts(kind: KernelCase) throws {
    for seed in 0..<16 {
      let example = try KernelExample(kind, seed: seed, amongOthers: true)
      #expect(example.movesNothing, "\(kind) seed \(seed)")
      example.check(KernelSet(prebuilt: example.plan.kernelInstances))
    }
  }

  /// Where OpenBLAS stands in for the kernels of plain products.
  @Test(
    .enabled(if: OpenBLAS.isAvailable, "OpenBLAS is not installed"),
    arguments: [
      .pointwise, .pointwiseInputGradient, .pointwiseWeightGradient, .linear, .linearInputGradient,
      .linearWeightGradient,
    ] as [KernelCase])
  func openBLAS(kind: KernelCase) throws {
    for seed in 0..<12 {
      let example = try KernelExample(kind, seed: seed)
      let instances = example.plan.kernelInstances
      #expect(instances.contains { $0.kernel.product($0.sizes) != nil }, "\(kind) seed \(seed)")
      example.check(KernelSet(prebuilt: instances, usesOpenBLAS: true))
    }
  }

  /// With products of bfloat16, of numbers that have no more digits: as close as in single precision.
  @Test(arguments: KernelCase.allCases.filter(\.multipliesPairs)) func prebuiltPairs(kind: KernelCase) throws
  {
    var count = 0
    for seed in 0..<16 {
      let example = try KernelExample(kind, seed: seed, precision: .bfloat16)
      example.check(KernelSet(prebuilt: example.plan.kernelInstances))
      count += example.plan.step.filter { [.bf16Weight, .bf16GradientWeight].contains($0.kernel) }.count
    }
    #expect(count > 0)
  }

  /// The same in generated code: the first sizes of every kind, compiled together.
  @Test func specialised() throws {
    var examples: [KernelExample] = []
    for kind in KernelCase.allCases {
      let isConvolution = kind.rawValue.hasPrefix("conv")
      for seed in 0..<(isConvolution ? 6 : 2) {
        examples.append(try KernelExample(kind, seed: seed))
        guard kind.multipliesPairs else { continue }
        examples.append(try KernelExample(kind, seed: seed, precision: .bfloat16))
      }
      guard KernelCase.withPitch.contains(kind) else { continue }
      for seed in 0..<(isConvolution ? 3 : 1) {
        examples.append(try KernelExample(kind, seed: seed, amongOthers: true))
      }
    }
    var seen: Set<KernelInstance> = []
    let instances = examples.flatMap { $0.plan.kernelInstances }.filter { seen.insert($0).inserted }
    let kernels = try KernelSet(specialised: instances, SharedToolchain.options)
    for example in examples { example.check(kernels) }
  }
}

/// A case with its data and the reference's answer.
struct KernelExample {
  let kind: KernelCase
  let seed: Int
  let graph: Graph
  let plan: ExecutionPlan
  private let usesWholeNumbers: Bool
  private let inputs: ReferenceInputs
  private let expected: [Double]

  /// - Parameter amongOthers: whether maps are some channels of larger ones.
  init(
    _ kind: KernelCase, seed: Int, precision: Precision = .float32, amongOthers: Bool = false
  ) throws {
    self.kind = kind
    self.seed = seed
    let index = KernelCase.allCases.firstIndex(of: kind) ?? 0
    var random = RandomSource(seed: UInt64(seed * 1000 + index))
    let graph = kind.graph(&random)
    self.graph = amongOthers ? try graph.amongOthers(&random) : graph
    let batch = random.pick(1...3)
    // Nothing is prepared, so that every call belongs to the step.
    plan = try ExecutionPlan(
      lowering: self.graph, batch: batch, parametersAreConstant: false,
      methods: Methods(winograd: precision == .bfloat16 ? .never : .auto),
      precision: precision, placesValues: true)
    usesWholeNumbers = kind.isExact && seed % 2 == 0
    let reference = ReferenceInterpreter(self.graph, batch: batch)
    inputs = Self.inputs(self.graph, reference, wholeNumbers: usesWholeNumbers, precision, &random)
    expected = try reference.run(inputs)[self.graph.outputs[0].value]
  }

  /// Whether the op's operands and result are not copied: only the neighbours of the result are, if it has some.
  var movesNothing: Bool {
    let copies = plan.step.filter { call in
      guard [.copy, .split, .concat].contains(call.kernel) else { return false }
      if case .concat = graph[call.node].op, call.node == graph.outputs[0].value { return false }
      return true
    }
    let own: Set<KernelCase> = [.concat, .split, .slice, .crop, .pad, .embed]
    return own.contains(kind) || copies.isEmpty
  }

  private static func inputs(
    _ graph: Graph, _ reference: ReferenceInterpreter, wholeNumbers: Bool, _ precision: Precision,
    _ random: inout RandomSource
  ) -> ReferenceInputs {
    func number() -> Double {
      // Halves of small whole numbers are floats, and so is every number given to the reference.
      if wholeNumbers { return Double(random.pick(-3...3)) }
      let number = Float.random(in: -1..<1, using: &random)
      return Double(precision == .float32 ? number : Float(bitPattern: number.bitPattern & 0xffff_0000))
    }
    var images: [[Double]] = []
    var tensors: [NodeID: [Double]] = [:]
    for id in graph.ids {
      let count = reference.elementCount(of: id)
      switch graph[id].op {
      case .input: images.append((0..<count).map { _ in number() })
      case .parameter: tensors[id] = (0..<count).map { _ in number() }
      case .state: tensors[id] = (0..<count).map { _ in abs(number()) + 0.5 }
      default: break
      }
    }
    let classes = graph.nodes.last?.inputs.first.map { graph[$0].shape }.map { $0.rank > 0 ? $0[0] : 1 } ?? 1
    let hasLabels = graph.nodes.contains { $0.op == .labels }
    return ReferenceInputs(
      images: images,
      labels: hasLabels
        ? (0..<reference.batch).map { _ in Double(random.pick(0...max(0, classes - 1))) } : [],
      hyperparameters: [.learningRate: 0.5], tensors: tensors, masks: .counter(seed: 0x1_0000_0007, step: 9))
  }

  /// Runs the plan with these functions and compares.
  func check(_ kernels: KernelSet, sourceLocation: SourceLocation = #_sourceLocation) {
    let comment = Comment("\(kind) seed \(seed) \(kernels.tier):\n\(graph.text)")
    for reversed in [false, true] {
      let run = GuardedRun(plan)
      for (port, image) in zip(plan.inputs, inputs.images) {
        run.set(port, Layout.interleaved(image.map { Float($0) }, port.shape, batch: plan.batch))
      }
      if let labels = plan.labels { run.set(labels, inputs.labels.map { Float($0) }) }
      if let rate = plan.learningRate { run.set(rate, [0.5]) }
      if let key = plan.randomKey { run.set(key, [7, 1, 9, 0].map { Float(bitPattern: $0) }) }
      for id in graph.ids {
        guard let values = inputs.tensors[id],
          let tensor = plan.persistent.first(where: { $0.path == graph.path(of: id) })
        else { continue }
        run.buffers[tensor.buffer].values = tensor.packed(values.map { Float($0) })
      }
      run.run(kernels, reversed: reversed)
      let port = plan.outputs[0]
      var actual = run.output("y")
      if port.shape.isImage { actual = Layout.planar(actual, port.shape, batch: plan.batch) }
      if let packing = port.packing { actual = packing.unpacked(actual, port.shape) }
      if usesWholeNumbers {
        #expect(actual == expected.map { Float($0) }, comment, sourceLocation: sourceLocation)
      } else {
        #expect(distance(actual, expected) <= 1e-5, comment, sourceLocation: sourceLocation)
      }
    }
  }
}

/// The distance of two vectors relative to the norm of the second.
func distance(_ actual: [Float], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  var difference = 0.0
  var norm = 0.0
  for (a, b) in zip(actual, expected) {
    difference += (Double(a) - b) * (Double(a) - b)
    norm += b * b
  }
  return difference == 0 ? 0 : (difference / max(norm, 1e-12)).squareRoot()
}
