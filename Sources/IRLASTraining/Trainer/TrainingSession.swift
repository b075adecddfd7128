import IRLASCompiler
package import IRLASGraph

/// Everything that `irlas train` decides before the first step: data, program, identity, and where to start.
package struct TrainingSession: ~Copyable {
  /// What to train, on what, how, and where to.
  package struct Request: Sendable {
    package var network: Graph
    package var recipe: Recipe
    package var dataFolder: String
    /// The folder of the run; it exists.
    package var folder: String
    package var isResuming = false
    /// A safetensors file to start from.
    package var initialWeights: String?
    /// Steps between checkpoints within an epoch; 0 for none.
    package var checkpointInterval = 0
    /// Epochs, counted from the start of the run, after which it pauses; the schedule stays that of the whole recipe, and
    /// resuming goes on to the same bytes. Nil trains to the end.
    package var pauseAfter: Int?
    /// Whether test images are classified after each epoch. A search leaves them alone.
    package var evaluatesTest = true
    /// What chooses the validation images; nil takes the recipe's seed, which also draws everything else.
    package var splitSeed: UInt64?
    package var settings: EngineSettings

    package init(network: Graph, recipe: Recipe, dataFolder: String, folder: String, settings: EngineSettings)
    {
      self.network = network
      self.recipe = recipe
      self.dataFolder = dataFolder
      self.folder = folder
      self.settings = settings
    }
  }

  private var trainer: Trainer
  private let lock: FolderLock
  /// What the user should know before training starts.
  package let remarks: [String]
  /// How the steps are computed, as text.
  package let planRecord: String
  /// How many classes the data set has.
  package let classCount: Int

  /// Reads the data, compiles the step, and goes back to the checkpoint when resuming.
  package init(_ request: Request) throws(TrainingError) {
    var remarks: [String] = []
    let recipe = request.recipe
    let lock = try Self.lock(request.folder)
    let network = request.network.keepingAuxiliaryOutputs(recipe.loss.names)
    if network.outputs.count < request.network.outputs.count {
      let left = request.network.outputs.filter { $0.isAuxiliary && !recipe.loss.names($0.name) }
      remarks.append(
        "auxiliary outputs are left out, because the recipe's loss does not name them: "
          + left.map(\.name).joined(separator: ", "))
    }
    let path = FileBytes.join(request.folder, Trainer.checkpointName)
    let checkpoint = request.isResuming ? try Checkpoint.reading(path) : nil
    let data = try PreparedData(
      recipe: recipe, folder: request.dataFolder, seed: recipe.seed, splitSeed: request.splitSeed,
      normalization: try checkpoint?.normalization(path: path))
    try data.check(against: network)
    let count = data.training.dataset.count
    let batch = min(recipe.batch, count)
    guard batch > 0 else { throw .recipe("\(request.dataFolder) has no training images") }
    if batch < recipe.batch {
      remarks.append("the batch is \(batch), not \(recipe.batch): there are no more training images")
    }
    let engine = try TrainingEngine(
      network: network, recipe: recipe, batch: batch,
      evaluationBatch: max(1, min(batch, data.test.dataset.count)), settings: request.settings)
    remarks += engine.remarks
    var plain = recipe
    plain.name = "_"
    plain.data.folder = nil
    let identity = RunIdentity(
      network: network.name, programHash: network.programHash.description,
      recipe: plain.description,
      dataFingerprint: data.fingerprint, seed: recipe.seed, batch: batch, plan: engine.planRecord)
    if let checkpoint, let remark = try checkpoint.check(belongsTo: identity, path: path) {
      remarks.append(remark)
    }
    if let initial = request.initialWeights {
      let file: Safetensors
      do throws(FileError) {
        file = try Safetensors.read(initial)
      } catch {
        throw .file(error)
      }
      let fresh = try engine.start(from: file, path: initial, head: network.headParameters)
      if !fresh.isEmpty { remarks.append("the head starts afresh: \(fresh.joined(separator: ", "))") }
    }
    trainer = try Trainer(
      recipe: recipe, data: data, engine: engine, identity: identity, folder: request.folder,
      resuming: checkpoint, checkpointInterval: request.checkpointInterval)
    trainer.evaluatesTest = request.evaluatesTest
    trainer.pauseAfter = request.pauseAfter
    planRecord = engine.planRecord
    classCount = data.training.dataset.classCount
    self.lock = lock
    self.remarks = remarks
  }

  private static func lock(_ folder: String) throws(TrainingError) -> FolderLock {
    do throws(FileError) {
      return try FolderLock(folder)
    } catch {
      throw .file(error)
    }
  }

  /// Full epochs that are done already: those of the checkpoint that the run goes on from.
  package var epochsDone: Int { trainer.epochsDone }

  /// Trains to the end of the recipe, to the epoch where it is to pause, or until interrupted.
  package mutating func run(
    isInterrupted: () -> Bool, report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> TrainingSummary {
    try trainer.run(isInterrupted: isInterrupted, report: report)
  }
}

extension Checkpoint {
  /// `read` with this module's error.
  package static func reading(_ path: String) throws(TrainingError) -> Checkpoint {
    do throws(FileError) {
      return try read(path)
    } catch {
      throw .file(error)
    }
  }
}

extension Graph {
  /// Paths of the parameters and states of the last weighted layers before the outputs, and of what follows them.
  var headParameters: Set<String> {
    var head: Set<String> = []
    var pending = outputs.map(\.value)
    var seen: Set<NodeID> = []
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      for input in self[id].inputs {
        switch self[input].op {
        case .parameter, .state: head.insert(path(of: input))
        default: if !self[id].op.isWeightedLayer { pending.append(input) }
        }
      }
    }
    return head
  }
}
