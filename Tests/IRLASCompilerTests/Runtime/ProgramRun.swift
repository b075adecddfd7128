import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// A network compiled for one mode, with data, and the graph that the reference interpreter runs in its place.
struct ProgramRun {
  let plan: ExecutionPlan
  private let seed: Int
  /// The meaning of the program, straight from differentiation, without passes.
  private let reference: ReferenceInterpreter
  private let images: [[Double]]
  private let labels: [Double]

  init(
    _ network: Graph, _ mode: CompileMode, seed: Int, batch: Int = 3, forms: FormRule = .estimated,
    precision: Precision = .float32, placesValues: Bool = true, memoryLimit: Int? = nil,
    tuned: TunedKernels? = nil
  ) throws {
    self.seed = seed
    plan = try compile(
      network,
      CompileOptions(
        mode: mode, batch: batch, forms: forms, tuned: tuned, precision: precision,
        placesValues: placesValues,
        memoryLimit: memoryLimit))
    #expect(plan.arena.conflicts.isEmpty, "seed \(seed)")
    var graph = network
    if case .training(let objective) = mode {
      // Masks are numbered in the graph that is differentiated, so the passes before it belong to the meaning.
      graph = GraphPass.beforeDifferentiation.reduce(network.canonicalized()) { $1.apply($0) }
      graph = try differentiate(graph, objective: objective)
    }
    reference = ReferenceInterpreter(graph, batch: batch)
    var random = RandomSource(seed: UInt64(seed) + 77)
    var images: [(Int, [Double])] = []
    for id in graph.ids {
      if case .input(let index) = graph[id].op {
        images.append((index, random.reals(reference.elementCount(of: id)).map { Double(Float($0)) }))
      }
    }
    self.images = images.sorted { $0.0 < $1.0 }.map { $0.1 }
    labels = random.integers(batch, in: 0...2)
  }

  /// The program with parameters at random places around their usual ones.
  func executable(
    threads: Int = 2, tier: KernelTier = .prebuilt, sharing store: ParameterStore? = nil
  ) throws -> Executable {
    let parameters: ParameterStore
    if let store {
      parameters = store
    } else {
      parameters = try ParameterStore(for: plan)
      parameters.initialize(seed: UInt64(seed))
      var random = RandomSource(seed: UInt64(seed) + 5)
      for tensor in parameters.tensors where tensor.shape.rank == 1 {
        // Constants would hide mistakes of batch norm.
        let values = random.reals(tensor.shape.elementCount).map { Float(1 + 0.5 * $0) }
        #expect(parameters.write(values, to: tensor.path))
      }
    }
    let kernels = try KernelSet(plan.kernelInstances, tier: tier, SharedToolchain.options)
    return try Executable(plan, parameters: parameters, kernels: kernels, pool: KernelPool(threads: threads))
  }

  /// Runs one step on the data.
  func feed(_ executable: Executable, step: Int) {
    for (index, image) in images.enumerated() { executable.setPlanarInput(index, image.map { Float($0) }) }
    executable.withLabels { place in for (index, label) in labels.enumerated() { place[index] = Float(label) }
    }
    executable.learningRate = 0.125
    executable.setRandomKey(seed: 3, step: UInt64(step))
    #expect(executable.run())
  }

  /// Runs one step and the reference, compares all outputs, and returns what the parameters should be now.
  @discardableResult
  func checkOutputs(
    _ executable: Executable, step: Int, tolerance: Double = 2e-4
  ) throws -> [(String, [Double])] {
    let graph = reference.graph
    var tensors: [NodeID: [Double]] = [:]
    for id in graph.ids {
      switch graph[id].op {
      case .parameter, .state:
        let path = graph.path(of: id)
        // The reference starts every step from the program's own values: errors do not add up.
        let values = try #require(executable.parameters.read(path), "\(path) is missing")
        tensors[id] = values.map { Double($0) }
      default: break
      }
    }
    let values = try reference.run(
      ReferenceInputs(
        images: images, labels: labels, hyperparameters: [.learningRate: 0.125], tensors: tensors,
        masks: .counter(seed: 3, step: UInt64(step))))
    feed(executable, step: step)
    for output in graph.outputs where !output.isAuxiliary {
      let actual = try #require(executable.planarOutput(output.name), "\(output.name) is missing")
      let error = distance(actual, values[output.value])
      #expect(error <= tolerance, "seed \(seed) step \(step): \(output.name)")
    }
    return reference.updated(tensors, by: values).map { (graph.path(of: $0.key), $0.value) }
      .sorted { $0.0 < $1.0 }
  }

  /// Checks an inference program with 1 to 3 threads against the reference, also after its first parameter changed: each the same
  /// bytes.
  func checkThreads(tier: KernelTier, output: String, tolerance: Double) throws {
    var results: [[UInt32]?] = []
    for threads in 1...3 {
      let executable = try executable(threads: threads, tier: tier)
      try checkOutputs(executable, step: 0, tolerance: tolerance)
      let path = executable.parameters.tensors[0].path
      let values = try #require(executable.parameters.read(path))
      #expect(executable.parameters.write(values.map { -$0 }, to: path))
      try checkOutputs(executable, step: 0, tolerance: tolerance)
      results.append(executable.output(output)?.map(\.bitPattern))
    }
    #expect(results[0] != nil && results[0] == results[1] && results[0] == results[2])
  }

  /// Trains for some steps with 1, 2 and 3 threads: outputs and what the parameters become are the reference's, the same
  /// bytes for any number of threads. The tolerance of parameters grows with the steps.
  func checkTraining(tier: KernelTier, steps: Int, outputs: Double = 2e-4, tolerance: Double) throws {
    var results: [[[UInt32]?]] = []
    for threads in 1...3 {
      let executable = try executable(threads: threads, tier: tier)
      for step in 0..<steps {
        for (path, values) in try checkOutputs(executable, step: step, tolerance: outputs) {
          let actual = try #require(executable.parameters.read(path))
          #expect(distance(actual, values) <= tolerance * Double(step + 1), "step \(step): \(path)")
        }
      }
      results.append(
        executable.parameters.tensors.map { executable.parameters.read($0.path)?.map(\.bitPattern) })
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  /// The first output after a checked step.
  func checkedLogits(_ executable: Executable) throws -> [Float] {
    try checkOutputs(executable, step: 0)
    return try #require(executable.planarOutput(plan.outputs[0].name))
  }

  /// Relative to the norm, but not to a norm below one thousandth: gradients may vanish.
  func distance(_ actual: [Float], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    var difference = 0.0
    var norm = 0.0
    for (a, b) in zip(actual, expected) {
      difference += (Double(a) - b) * (Double(a) - b)
      norm += b * b
    }
    return (difference / max(norm, 1e-6 * Double(expected.count))).squareRoot()
  }
}
