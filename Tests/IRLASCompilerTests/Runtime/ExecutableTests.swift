import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Whole programs against the reference interpreter: schedule, memory plan, in-place results, updates.
@Suite struct ExecutableTests {
  @Test(arguments: 0..<60) func inferenceEqualsTheReference(seed: Int) throws {
    let run = try ProgramRun(randomNetwork(seed: UInt64(seed)), .inference, seed: seed)
    let executable = try run.executable()
    try run.checkOutputs(executable, step: 0)
    // Prepared values follow the parameters.
    let path = executable.parameters.tensors[0].path
    let values = try #require(executable.parameters.read(path))
    #expect(executable.parameters.write(values.map { -$0 }, to: path))
    try run.checkOutputs(executable, step: 0)
  }

  /// Three steps of training: losses, and every parameter, running statistic and velocity.
  @Test(arguments: 0..<60) func trainingEqualsTheReference(seed: Int) throws {
    let objective = TrainingObjective(
      smoothing: 0.1, update: .sgd(momentum: seed % 3 == 0 ? 0 : 0.9, nesterov: seed % 3 == 1, decay: 1e-3))
    let run = try ProgramRun(randomNetwork(seed: UInt64(seed)), .training(objective), seed: seed)
    let executable = try run.executable()
    for step in 0..<3 {
      let expected = try run.checkOutputs(executable, step: step)
      for (path, values) in expected {
        let actual = try #require(executable.parameters.read(path))
        #expect(
          run.distance(actual, values) <= 2e-4 * Double(step + 1), "seed \(seed) step \(step): \(path)")
      }
    }
  }

  /// Gradients as outputs, as they are compared with other frameworks.
  @Test(arguments: 0..<30) func gradientsEqualTheReference(seed: Int) throws {
    let objective = TrainingObjective(update: .none)
    let run = try ProgramRun(randomNetwork(seed: UInt64(seed)), .training(objective), seed: seed)
    try run.checkOutputs(try run.executable(), step: 0)
  }

  /// The number of threads never changes a bit, in neither tier.
  @Test(arguments: [0, 7, 19]) func threadsDoNotChangeABit(seed: Int) throws {
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: false, decay: 1e-4))
    let run = try ProgramRun(randomNetwork(seed: UInt64(seed)), .training(objective), seed: seed, batch: 9)
    for tier in [KernelTier.prebuilt, .specialised] {
      let states = try [1, 2, 3].map { threads in
        let executable = try run.executable(threads: threads, tier: tier)
        for step in 0..<3 { run.feed(executable, step: step) }
        return executable.parameters.tensors.map { executable.parameters.read($0.path)?.map(\.bitPattern) }
      }
      #expect(states[0] == states[1], "seed \(seed) \(tier)")
      #expect(states[0] == states[2], "seed \(seed) \(tier)")
    }
  }

  /// Generated code runs the same program.
  @Test(arguments: [1, 2]) func specialisedProgramsEqualTheReference(seed: Int) throws {
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))
    let run = try ProgramRun(randomNetwork(seed: UInt64(seed)), .training(objective), seed: seed)
    let executable = try run.executable(tier: .specialised)
    #expect(executable.kernels.tier == .specialised)
    for step in 0..<2 { try run.checkOutputs(executable, step: step) }
  }

  /// Evaluation while training: the inference program reads what the training program writes.
  @Test func programsShareParameters() throws {
    let network = randomNetwork(seed: 11, options: RandomNetworkOptions(drops: false))
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: false, decay: 0))
    let training = try ProgramRun(network, .training(objective), seed: 11)
    let trainer = try training.executable()
    let inference = try ProgramRun(network, .inference, seed: 11, batch: 5)
    let evaluator = try inference.executable(sharing: trainer.parameters)
    let before = try inference.checkedLogits(evaluator)
    training.feed(trainer, step: 0)
    let after = try inference.checkedLogits(evaluator)
    #expect(before != after)
  }

  @Test func anotherNetworksParametersAreRefused() throws {
    let first = try ProgramRun(randomNetwork(seed: 1), .inference, seed: 1)
    let second = try ProgramRun(randomNetwork(seed: 2), .inference, seed: 2)
    let store = try first.executable().parameters
    #expect(throws: RuntimeError.self) { try second.executable(sharing: store) }
    #expect(!store.write([1, 2, 3], to: "nothing"))
    #expect(!store.write([], to: store.tensors[0].path))
    #expect(store.read("nothing") == nil)
  }

  /// Without a compiler everything runs, and the reason is told.
  @Test func automaticFallsBack() throws {
    let run = try ProgramRun(randomNetwork(seed: 4), .inference, seed: 4)
    let options = ToolchainOptions(
      compiler: CompilerSettings(searchPath: ["/nonexistent"]), cacheDirectory: "/nonexistent")
    let kernels = try KernelSet(run.plan.kernelInstances, tier: .automatic, options)
    #expect(kernels.tier == .prebuilt)
    #expect(kernels.warning == .noCompiler(searched: ["/nonexistent"]))
    #expect(throws: ToolchainError.self) {
      try KernelSet(run.plan.kernelInstances, tier: .specialised, options)
    }
  }

  @Test func aCancelledStepStops() throws {
    let run = try ProgramRun(randomNetwork(seed: 4), .inference, seed: 4)
    let executable = try run.executable()
    let cancellation = Cancellation()
    #expect(executable.run(cancellation: cancellation))
    cancellation.request()
    #expect(!executable.run(cancellation: cancellation))
    #expect(executable.run())
    #expect(executable.profile().count == run.plan.step.count)
  }

  @Test func impossibleBatches() throws {
    let network = randomNetwork(seed: 4)
    #expect(throws: CompileError.batchNotPositive(0)) {
      try compile(network, CompileOptions(mode: .inference, batch: 0))
    }
    for batch in [1 << 40, Int.max] {
      let error = #expect(throws: CompileError.self) {
        try compile(network, CompileOptions(mode: .inference, batch: batch))
      }
      guard case .tooLarge = error else {
        Issue.record("batch \(batch): \(String(describing: error))")
        continue
      }
    }
  }

  /// Distributions have their moments, and end where they should.
  @Test(arguments: [0, 7, 1 << 40] as [UInt64])
  func initialDistributions(seed: UInt64) {
    let count = 20_001
    let words = MaskWords(seed: seed, step: 0, stream: 3)
    func moments(_ initializer: Parameter.Initializer) -> (mean: Double, deviation: Double, largest: Double) {
      let values = initializer.values(count: count) { (0..<$0).map { words[$0] } }
      #expect(values.count == count)
      let mean = values.reduce(0, +) / Double(count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      return (mean, variance.squareRoot(), values.map { abs($0) }.max() ?? 0)
    }
    // Standard errors: 0.5 / sqrt(20001) = 0.0035 for the mean, 0.0025 for the deviation.
    let normal = moments(.normal(deviation: 0.5))
    #expect(abs(normal.mean) < 0.014 && abs(normal.deviation - 0.5) < 0.01, "\(normal)")
    #expect(normal.largest > 1.5 && normal.largest < 4)
    // Cut at two deviations, a normal distribution of deviation 1 has deviation 0.87963.
    let truncated = moments(.truncatedNormal(deviation: 0.5))
    #expect(abs(truncated.mean) < 0.014 && abs(truncated.deviation - 0.43981) < 0.01, "\(truncated)")
    #expect(truncated.largest > 0.98 && truncated.largest <= 1)
    let constant = moments(.constant(-3))
    #expect(constant.mean == -3 && constant.deviation == 0)
  }

  /// The inverse of the normal distribution at the ends of the words' range and in the middle.
  @Test func truncatedNormalIsExact() {
    let values = Parameter.Initializer.truncatedNormal(deviation: 1).values(count: 4) { _ in
      [0, .max, 1 << 31, 3 << 30]
    }
    // The upper quarter: the quantile of 0.75 within what is left, 0.0227501 + 0.75 * 0.9544997.
    #expect(zip(values, [-2, 2, 0, 0.63911]).allSatisfy { abs($0 - $1) < 1e-4 }, "\(values)")
  }

  /// Initial values: PyTorch's bounds, another seed gives others, and they do not depend on the batch or mode.
  @Test func initialValues() throws {
    let network = randomNetwork(seed: 8)
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: false, decay: 0))
    let training = try ParameterStore(
      for: compile(network, CompileOptions(mode: .training(objective), batch: 4)))
    let inference = try ParameterStore(for: compile(network, CompileOptions(mode: .inference, batch: 1)))
    training.initialize(seed: 5)
    inference.initialize(seed: 5)
    for tensor in inference.tensors {
      let values = try #require(inference.read(tensor.path))
      #expect(values == training.read(tensor.path))
      switch tensor.op {
      case .parameter(let parameter):
        if case .uniform(let fanIn) = parameter.initializer {
          let bound = 1 / Float(fanIn).squareRoot()
          #expect(values.allSatisfy { abs($0) <= bound * 1.0001 })
          let words = MaskWords(seed: 5, step: .max, stream: tensor.stream)
          let drawn = values.indices.map {
            Float((Double(words[$0]) * 0x1p-31 - 1) / Double(fanIn).squareRoot())
          }
          #expect(zip(values, drawn).allSatisfy { abs($0 - $1) <= 1e-6 })
        }
      case .state(let role): #expect(values.allSatisfy { $0 == Float(role.initialValue) })
      default: Issue.record("\(tensor.path) does not persist")
      }
    }
    let before = inference.tensors.map { inference.read($0.path) }
    inference.initialize(seed: 6)
    #expect(before != inference.tensors.map { inference.read($0.path) })
  }
}
