import IRLASCompiler
package import IRLASGraph

/// How often images of each class were taken for each class.
package struct Confusion: Hashable, Sendable {
  /// `rows[label][prediction]`
  package let rows: [[Int]]

  package var count: Int { rows.reduce(0) { $0 + $1.reduce(0, +) } }
  /// The share of images classified rightly.
  package var accuracy: Double {
    count == 0 ? 0 : Double(rows.indices.reduce(0) { $0 + rows[$1][$1] }) / Double(count)
  }
}

/// A classifier ready to be asked: the inference program of a network and its parameters.
package struct InferenceEngine {
  private let program: Executable
  private let threads: Int
  package let batch: Int
  /// What the user should know: kernels could not be compiled.
  package let remarks: [String]
  /// Parameters and states that only training has, those of auxiliary outputs. Looked up only.
  private var trainingOnly: Set<String> = []

  /// Compiles `network` for batches of `batch` images.
  package init(network: Graph, batch: Int, settings: EngineSettings) throws(TrainingError) {
    let pool: KernelPool
    let store: ParameterStore
    let plan: ExecutionPlan
    do {
      plan = try compile(network, settings.options(.inference, batch: batch))
      store = try ParameterStore(for: plan)
      pool = try KernelPool(threads: settings.threads)
    } catch let error as CompileError {
      throw .recipe("\(error)")
    } catch {
      throw .engine("\(error)")
    }
    try self.init(plan: plan, parameters: store, pool: pool, settings: settings)
    let deployed = network.withoutAuxiliaryOutputs
    trainingOnly = Set(network.ids.map { network.path(of: $0) })
      .subtracting(deployed.ids.map { deployed.path(of: $0) })
  }

  /// The same on the parameters, threads and arena of a training program.
  init(
    plan: ExecutionPlan, parameters: ParameterStore, pool: KernelPool, arena: Arena? = nil,
    settings: EngineSettings
  ) throws(TrainingError) {
    do {
      let kernels = try KernelSet(plan.kernelInstances, tier: settings.tier, settings.toolchain)
      program = try Executable(plan, parameters: parameters, kernels: kernels, pool: pool, arena: arena)
      remarks = settings.remarks(on: plan, kernels)
    } catch {
      throw .engine("\(error)")
    }
    batch = plan.samples
    threads = settings.threads
  }

  /// Takes the weights and running statistics of a checkpoint.
  package func load(_ checkpoint: Checkpoint, path: String) throws(TrainingError) {
    try checkpoint.restore([.parameters, .state], to: program.parameters, path: path, spare: trainingOnly)
  }

  /// The class scores of some samples, `samples.count` rows of `classes`.
  ///
  /// - Throws: when a score is not a finite number.
  package func scores(of samples: [Int], from images: BatchAssembler) throws(TrainingError) -> [[Float]] {
    var rows: [[Float]] = []
    rows.reserveCapacity(samples.count)
    var start = 0
    while start < samples.count {
      let chunk = Array(samples[start..<min(start + batch, samples.count)])
      // A last, smaller batch is filled up with its own first image; what comes of that is not looked at.
      let padded = chunk + [Int](repeating: chunk[0], count: batch - chunk.count)
      var labels = [Int32](repeating: 0, count: batch)
      program.withInput(0) { input in
        labels.withUnsafeMutableBufferPointer {
          images.assemble(padded, for: .evaluation, threads: threads, images: input, labels: $0)
        }
      }
      _ = program.run()
      let scores = program.output(program.plan.outputs[0].name) ?? []
      let classes = scores.count / batch
      guard scores[..<(chunk.count * classes)].allSatisfy(\.isFinite) else {
        throw .checkpoint(
          "the network's scores are not finite numbers: its weights are damaged or have diverged")
      }
      for row in chunk.indices { rows.append(Array(scores[row * classes..<(row + 1) * classes])) }
      start += chunk.count
    }
    return rows
  }

  /// Classifies a whole set: the class with the highest score, the first of equals.
  package func confusion(on images: BatchAssembler) throws(TrainingError) -> Confusion {
    let labels = images.dataset.labels
    let scores = try scores(of: Array(0..<images.dataset.count), from: images)
    let classes = max(scores.first?.count ?? 0, images.dataset.classCount)
    var rows = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    for (label, row) in zip(labels, scores) {
      var best = 0
      for (index, score) in row.enumerated() where score > row[best] { best = index }
      rows[Int(label)][best] += 1
    }
    return Confusion(rows: rows)
  }
}

extension KernelSet {
  /// What the user should know about how the kernels came to be.
  package var remarks: [String] {
    warning.map { ["the prebuilt kernels serve, which are slower: \($0)"] } ?? []
  }
}
