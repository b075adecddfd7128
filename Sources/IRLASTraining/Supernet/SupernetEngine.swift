import IRLASCompiler
import IRLASGraph

/// A decision of a network of all options, as its training sees it.
package struct SupernetDecision: Hashable, Sendable {
  package var name: String
  /// How many options there are.
  package var count: Int
  /// The path of the parameter `{count, 1, 1}` whose softmax weighs the options; nil when nothing reads it.
  package var logits: String?

  package init(name: String, count: Int, logits: String?) {
    self.name = name
    self.count = count
    self.logits = logits
  }
}

/// The two compiled steps of a network of all options, on one set of parameters: one trains the weights, the other gives
/// the gradients of the decisions.
struct SupernetEngine {
  let batch: Int
  /// What the user should know: kernels could not be compiled.
  let remarks: [String]
  private let weights: Executable
  private let decisions: Executable
  private let threads: Int

  /// Compiles `network` and draws the initial parameters.
  ///
  /// - Parameter logits: the paths of the parameters that belong to decisions.
  init(
    network: Graph, logits: [String], recipe: Recipe, batch: Int, settings: EngineSettings
  ) throws(TrainingError) {
    let paths = Set(logits)
    let slopes = TrainingObjective(loss: recipe.loss, update: .none, trained: .only(paths))
    do {
      let step = try compile(
        network,
        CompileOptions(
          mode: .training(TrainingObjective(recipe, trained: .allBut(paths))), batch: batch))
      let gradient = try compile(network, CompileOptions(mode: .training(slopes), batch: batch))
      let pool = try KernelPool(threads: settings.threads)
      let store = try ParameterStore(for: step)
      store.initialize(seed: recipe.seed)
      let kernels = try KernelSet(
        step.kernelInstances + gradient.kernelInstances, tier: settings.tier, settings.toolchain)
      weights = try Executable(step, parameters: store, kernels: kernels, pool: pool)
      decisions = try Executable(gradient, parameters: store, kernels: kernels, pool: pool)
      remarks = kernels.remarks
    } catch let error as CompileError {
      throw .recipe("\(error)")
    } catch {
      throw .engine("\(error)")
    }
    self.batch = batch
    threads = settings.threads
  }

  private func fill(_ program: Executable, from images: BatchAssembler, samples: [Int], epoch: Int) {
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

  /// One step of the weights.
  ///
  /// - Returns: the mean loss of the batch before it.
  func step(
    on samples: [Int], of images: BatchAssembler, epoch: Int, learningRate: Double, seed: UInt64, index: Int
  ) -> Double {
    fill(weights, from: images, samples: samples, epoch: epoch)
    weights.learningRate = Float(learningRate)
    weights.setRandomKey(seed: seed, step: UInt64(index))
    _ = weights.run()
    return Double(weights.output("loss")?.first ?? .nan)
  }

  /// The gradient of the loss on a batch with respect to the numbers of each decision; zeros where nothing reads them.
  func gradients(
    of decided: [SupernetDecision], on samples: [Int], of images: BatchAssembler, epoch: Int, seed: UInt64,
    index: Int
  ) -> (loss: Double, gradients: [[Double]]) {
    fill(decisions, from: images, samples: samples, epoch: epoch)
    decisions.setRandomKey(seed: seed, step: UInt64(index))
    _ = decisions.run()
    let gradients = decided.map { decision in
      decision.logits.flatMap { decisions.output("\($0).grad") }.map { $0.map(Double.init) }
        ?? [Double](repeating: 0, count: decision.count)
    }
    return (Double(decisions.output("loss")?.first ?? .nan), gradients)
  }

  /// Sets the numbers of a decision.
  func set(_ values: [Double], of decision: SupernetDecision) {
    guard let path = decision.logits else { return }
    _ = weights.parameters.write(values.map { Float($0) }, to: path)
  }

  /// Adds parameters, running statistics and momentum to a checkpoint.
  func store(in checkpoint: inout Checkpoint) { checkpoint.take(from: weights.parameters) }

  /// Takes over everything that a checkpoint of this run holds.
  func load(_ checkpoint: Checkpoint, path: String) throws(TrainingError) {
    try checkpoint.restore(Checkpoint.Group.allCases, to: weights.parameters, path: path)
  }
}
