package import IRLASCompiler
package import IRLASGraph

/// A network compiled and filled with numbers, to be run and timed.
///
/// Inputs are values from -1 to 1 of which no two neighbours are alike, classes go through all there are, and parameters
/// are those that training starts with (seed 0): the same on every machine.
package struct NetworkBenchmark {
  /// What one run is.
  package enum Mode: String, Sendable, CaseIterable {
    /// The forward pass with running statistics.
    case infer
    /// Forward, backward and update (SGD with momentum 0.9 and decay 1e-4), the batch in memory already.
    case train

    fileprivate var compiled: CompileMode {
      let update = TrainingObjective.Update.sgd(momentum: 0.9, nesterov: false, decay: 1e-4)
      return self == .infer ? .inference : .training(TrainingObjective(update: update))
    }
  }

  /// What runs: without auxiliary outputs, unless it trains.
  package let network: Graph
  private let program: Executable
  private let settings: EngineSettings
  private let pool: KernelPool
  package let mode: Mode
  private var runs: UInt64 = 0
  private static let learningRate: Float = 1e-3

  /// Compiles a network for batches of `batch` samples.
  package init(network: Graph, mode: Mode, batch: Int, settings: EngineSettings) throws(TrainingError) {
    let network = mode == .infer ? network.withoutAuxiliaryOutputs : network
    self.network = network
    self.mode = mode
    self.settings = settings
    (program, pool) = try Self.program(network, mode.compiled, batch, settings)
  }

  /// What a benchmark would run.
  static func plan(
    of network: Graph, _ mode: Mode, batch: Int, _ settings: EngineSettings
  ) throws(TrainingError) -> ExecutionPlan {
    let network = mode == .infer ? network.withoutAuxiliaryOutputs : network
    do {
      return try compile(network, options(mode.compiled, batch, settings))
    } catch {
      throw .recipe("\(error)")
    }
  }

  private static func options(
    _ mode: CompileMode, _ batch: Int, _ settings: EngineSettings
  ) -> CompileOptions {
    var options = settings.options(mode, batch: batch)
    options.memoryLimit = settings.memoryLimit
    return options
  }

  private static func program(
    _ network: Graph, _ mode: CompileMode, _ batch: Int, _ settings: EngineSettings
  ) throws(TrainingError) -> (Executable, KernelPool) {
    do {
      let plan = try compile(network, options(mode, batch, settings))
      let store = try ParameterStore(for: plan)
      store.initialize(seed: 0)
      let kernels = try KernelSet(plan.kernelInstances, tier: settings.tier, settings.toolchain)
      let pool = try KernelPool(threads: settings.threads)
      let program = try Executable(plan, parameters: store, kernels: kernels, pool: pool)
      fill(program)
      return (program, pool)
    } catch let error as CompileError {
      throw .recipe("\(error)")
    } catch {
      throw .engine("\(error)")
    }
  }

  private static func fill(_ program: Executable) {
    for index in program.plan.inputs.indices {
      program.withInput(index) { input in
        for place in input.indices {
          input[place] = Float(Double(StableHash.mix(UInt64(place)) >> 11) * 0x1p-52 - 1)
        }
      }
    }
    let classes = program.plan.graph.ids.lazy.compactMap { id -> Int? in
      guard case .softmaxCrossEntropy = program.plan.graph[id].op else { return nil }
      return program.plan.graph.inputShapes(of: id)[0].channels
    }.min()
    program.withLabels { labels in
      for place in labels.indices { labels[place] = Float(place % (classes ?? 1)) }
    }
    program.learningRate = learningRate
  }

  // MARK: Running

  /// One run.
  package mutating func run() {
    program.setRandomKey(seed: 0, step: runs)
    runs += 1
    _ = program.run()
  }

  /// One run, and how long each call of its plan took, in nanoseconds.
  private mutating func profile() -> [UInt64] {
    program.setRandomKey(seed: 0, step: runs)
    runs += 1
    return program.profile()
  }

  /// The median time of each call of the plan, all passes together, in `runs` runs, in seconds, after three runs that do not count.
  mutating func callTimes(runs: Int) -> [Double] {
    for _ in 0..<3 { run() }
    var times = [[UInt64]](repeating: [], count: plan.step.count)
    for _ in 0..<max(1, runs) {
      for (call, time) in profile().enumerated() { times[call].append(time) }
    }
    return times.map { Double(max(1, $0.sorted()[$0.count / 2])) * 1e-9 }
  }

  /// The median time of each kernel of the plan in `runs` runs; of a kernel that is called several times the mean of its
  /// calls.
  package mutating func timings(runs: Int) -> [KernelTimings.Entry] {
    // A pass that has a thread for itself takes as many times longer as there are threads.
    let threads = KernelPool.threads(for: plan, of: settings.threads)
    let share = Double(settings.threads / threads) / Double(plan.passes)
    let times = callTimes(runs: runs).map { $0 * share }
    var sums: [(load: KernelLoad, seconds: Double, calls: Int)] = []
    var places: [String: Int] = [:]
    for (load, seconds) in zip(plan.loads, times) {
      if let place = places[load.symbol] {
        sums[place].seconds += seconds
        sums[place].calls += 1
      } else {
        places[load.symbol] = sums.count
        sums.append((load, seconds, 1))
      }
    }
    return sums.map {
      KernelTimings.Entry($0.load, threads: threads, seconds: $0.seconds / Double($0.calls))
    }
  }

  /// What the machine could do with the same threads: see `KernelPool.peakRate`.
  package func peakRate() throws(TrainingError) -> Double {
    do {
      return try pool.peakRate()
    } catch {
      throw .engine("\(error)")
    }
  }

  /// What its memory could do: see `KernelPool.readRate`.
  package func readRate() throws(TrainingError) -> Double {
    do {
      return try pool.readRate()
    } catch {
      throw .engine("\(error)")
    }
  }

  // MARK: What it is

  package var plan: ExecutionPlan { program.plan }
  package var kernels: KernelSet { program.kernels }
  package var remarks: [String] { settings.remarks(on: plan, kernels) }

  /// The floating-point operations of a run: two for each multiply-add of convolutions and linear layers, three times as
  /// many when training, for the gradients of inputs and weights.
  package var flops: Double {
    Double(network.macs) * Double(plan.samples) * (mode == .infer ? 2 : 6)
  }

  /// Bytes of the plan: feature maps, what is prepared, inputs, parameters and the optimiser's state.
  package var plannedBytes: Int { program.ownedBytes }

  // MARK: Comparing

  /// Everything that another implementation needs to compute the same, and what is computed here: parameters and states
  /// under their instance paths, `input:NAME` and `output:NAME` as `[batch, channels, height, width]`; when training also
  /// `labels`, `loss` and the gradient `PATH.grad` of every parameter.
  package func record() throws(TrainingError) -> Safetensors {
    let objective = TrainingObjective(update: .none)
    let (fresh, _) = try Self.program(
      network, mode == .infer ? .inference : .training(objective), plan.samples, settings)
    var tensors: [Safetensors.Tensor] = []
    for tensor in fresh.parameters.tensors {
      guard let values = fresh.parameters.read(tensor.path) else { continue }
      tensors.append(.init(name: tensor.path, shape: tensor.shape.dimensions, floats: values))
    }
    for (index, port) in fresh.plan.inputs.enumerated() {
      var values: [Float] = []
      fresh.withInput(index) { values = Array($0) }
      tensors.append(
        .init(
          name: "input:\(port.name)", shape: [plan.samples] + port.shape.dimensions,
          floats: Layout.planar(values, port.shape, batch: plan.samples)))
    }
    if fresh.plan.labels != nil {
      var labels: [Int64] = []
      fresh.withLabels { labels = $0.map { Int64($0) } }
      tensors.append(.init(name: "labels", shape: [plan.samples], integers: labels))
    }
    _ = fresh.run()
    for port in fresh.plan.outputs {
      guard let values = fresh.planarOutput(port.name) else { continue }
      let isOwn = port.name == "loss" || port.name.hasSuffix(".grad")
      let shape = port.shape.isBatched ? [plan.samples] + port.shape.dimensions : port.shape.dimensions
      tensors.append(.init(name: isOwn ? port.name : "output:\(port.name)", shape: shape, floats: values))
    }
    return Safetensors(tensors: tensors)
  }
}
