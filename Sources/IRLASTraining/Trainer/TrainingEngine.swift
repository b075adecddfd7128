import IRLASCompiler
package import IRLASGraph

/// The compiled training step of a network, and its inference program on the same parameters.
package struct TrainingEngine {
  private let program: Executable
  private let inference: InferenceEngine
  private let threads: Int
  package let batch: Int
  /// How the steps are computed, as text: part of what makes a run reproducible.
  package let planRecord: String
  /// What the user should know: kernels could not be compiled.
  package let remarks: [String]

  /// Compiles `network` for training by `recipe`, and draws the initial parameters.
  package init(
    network: Graph, recipe: Recipe, batch: Int, evaluationBatch: Int, settings: EngineSettings
  ) throws(TrainingError) {
    do {
      let (plan, evaluation) = try Self.plans(
        of: network, TrainingObjective(recipe), batch: batch, evaluationBatch: evaluationBatch, settings)
      let pool = try KernelPool(threads: settings.threads)
      let store = try ParameterStore(for: plan)
      store.initialize(seed: recipe.seed)
      let kernels = try KernelSet(plan.kernelInstances, tier: settings.tier, settings.toolchain)
      // Evaluation and training take turns in one arena.
      let arena = try Arena(
        byteCount: max(
          Executable.arenaBytes(of: plan, threads: pool.threads),
          Executable.arenaBytes(of: evaluation, threads: pool.threads)))
      program = try Executable(plan, parameters: store, kernels: kernels, pool: pool, arena: arena)
      inference = try InferenceEngine(
        plan: evaluation, parameters: store, pool: pool, arena: arena, settings: settings)
      planRecord = PlanRecord(plan, kernels).text
      remarks = settings.remarks(on: plan, kernels)
    } catch let error as TrainingError {
      throw error
    } catch let error as CompileError {
      throw .recipe("\(error)")
    } catch {
      throw .engine("\(error)")
    }
    self.batch = batch
    threads = settings.threads
  }

  /// The programs of a run, which together stay within the limit of memory.
  private static func plans(
    of network: Graph, _ objective: TrainingObjective, batch: Int, evaluationBatch: Int,
    _ settings: EngineSettings
  ) throws(CompileError) -> (training: ExecutionPlan, evaluation: ExecutionPlan) {
    let evaluation = try compile(network, settings.options(.inference, batch: evaluationBatch))
    var options = settings.options(.training(objective), batch: batch)
    guard let limit = settings.memoryLimit else { return (try compile(network, options), evaluation) }
    // Parameters and the arena are shared.
    let beside = evaluation.byteCount(of: .prepared) + evaluation.byteCount(of: .staging)
    options.memoryLimit = max(0, limit - beside)
    let training: ExecutionPlan
    do {
      training = try compile(network, options)
    } catch {
      guard case .memoryLimit(_, let least, let persistent, let batch) = error else { throw error }
      throw .memoryLimit(bytes: limit, least: least + beside, persistent: persistent, batch: batch)
    }
    let arena = max(training.byteCount(of: .arena), evaluation.byteCount(of: .arena))
    let needed = training.ownedBytes - training.byteCount(of: .arena) + arena + beside
    guard needed <= limit else {
      throw .memoryLimit(
        bytes: limit, least: needed, persistent: training.byteCount(of: .persistent), batch: batch)
    }
    return (training, evaluation)
  }

  /// Puts a batch of augmented training samples where the next step reads it.
  func fill(from images: BatchAssembler, samples: [Int], epoch: Int) {
    var classes = [Int32](repeating: 0, count: samples.count)
    program.withInput(0) { input in
      classes.withUnsafeMutableBufferPointer {
        images.assemble(samples, for: .training(epoch: epoch), threads: threads, images: input, labels: $0)
      }
    }
    program.withLabels { labels in
      for (index, label) in classes.enumerated() { labels[index] = Float(label) }
    }
  }

  /// One step: forward, backward, update.
  ///
  /// - Parameter index: counts the steps of the run; random masks are drawn by (seed, index).
  /// - Returns: the mean loss of the batch before the update.
  func step(learningRate: Double, seed: UInt64, index: Int) -> Double {
    program.learningRate = Float(learningRate)
    program.setRandomKey(seed: seed, step: UInt64(index))
    _ = program.run()
    return Double(program.output("loss")?.first ?? .nan)
  }

  /// The share of images that the network, as it stands, classifies rightly.
  func accuracy(on images: BatchAssembler) throws(TrainingError) -> Double {
    try inference.confusion(on: images).accuracy
  }

  /// Adds parameters, running statistics and momentum to a checkpoint.
  func store(in checkpoint: inout Checkpoint) { checkpoint.take(from: program.parameters) }

  /// Takes over everything that a checkpoint of this run holds.
  func load(_ checkpoint: Checkpoint, path: String) throws(TrainingError) {
    try checkpoint.restore(Checkpoint.Group.allCases, to: program.parameters, path: path)
  }

  /// Starts from the weights and running statistics of another run, or of another program's safetensors file.
  ///
  /// - Parameter head: paths of the parameters of the last layer: they start afresh when theirs have another shape.
  /// - Returns: the parameters that start afresh.
  package func start(
    from file: Safetensors, path: String, head: Set<String>
  ) throws(TrainingError) -> [String] {
    var fresh: [String] = []
    let store = program.parameters
    for tensor in store.tensors {
      guard let group = Checkpoint.Group(of: tensor.op), group != Checkpoint.Group.velocity else { continue }
      let found = file.tensor("\(group.rawValue)/\(tensor.path)") ?? file.tensor(tensor.path)
      guard let found, let values = found.floats, found.shape == tensor.shape.dimensions else {
        guard head.contains(tensor.path) else {
          let reason =
            found.map {
              "`\(tensor.path)` has shape \($0.shape) there, here it is \(tensor.shape.dimensions)"
            }
            ?? "it has no tensor `\(tensor.path)`"
          throw .checkpoint(
            "\(path) does not fit this network: \(reason)\nhelp: only the last layer may differ")
        }
        fresh.append(tensor.path)
        continue
      }
      _ = store.write(values, to: tensor.path)
    }
    return fresh
  }
}
