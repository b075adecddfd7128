package import IRLASGraph

/// Trains a network of all options of a space and learns which options to take: DARTS's alternating update of first order
/// (H. Liu, K. Simonyan and Y. Yang, ICLR 2019, algorithm 1 with xi = 0).
///
/// At every step the numbers of the decisions move by Adam against the gradient of the loss on a batch of validation images,
/// then the weights by the recipe's optimiser against that on a batch of training images. Everything random is a function
/// of (seed, step), so that an interrupted run goes on to the same numbers, whatever the number of threads.
package struct SupernetSession: ~Copyable {
  /// What to train, on what, how, and where to.
  package struct Request: Sendable {
    /// The network of all options.
    package var network: Graph
    package var decisions: [SupernetDecision]
    /// Names the data, the batch, the loss and how the weights are trained. It holds validation images out.
    package var recipe: Recipe
    package var dataFolder: String
    /// The folder of the run; it exists.
    package var folder: String
    /// How often the training images are gone through.
    package var epochs: Int
    /// The step size of the decisions' Adam.
    package var rate: Double
    /// What the initial weights, the order of the images and all masks follow from; the recipe's unless set. Which images
    /// are held out follows from the recipe's.
    package var seed: UInt64
    package var isResuming = false
    package var settings: EngineSettings

    package init(
      network: Graph, decisions: [SupernetDecision], recipe: Recipe, dataFolder: String, folder: String,
      epochs: Int, rate: Double, settings: EngineSettings
    ) {
      self.network = network
      self.decisions = decisions
      self.recipe = recipe
      self.dataFolder = dataFolder
      self.folder = folder
      self.epochs = epochs
      self.rate = rate
      seed = recipe.seed
      self.settings = settings
    }
  }

  /// What is reported while the training goes on.
  package enum Event: Sendable {
    /// A step has ended: so many of all.
    case step(Int, of: Int)
    /// An epoch, from 0, has ended, with the mean losses on training and validation batches.
    case epoch(Int, trainLoss: Double, validationLoss: Double)
  }

  /// How a run ended.
  package struct Summary: Hashable, Sendable {
    /// For each decision how likely each option is: the softmax of its numbers.
    package var probabilities: [[Double]]
    /// Full epochs done, all runs together.
    package var epochs: Int
    /// The means over the last full epoch.
    package var trainLoss: Double
    package var validationLoss: Double
    package var wasInterrupted: Bool
  }

  /// What is maximised beside the accuracy: from the probabilities of the options and the number of the step to the
  /// slope of its expected value with respect to the numbers of each decision.
  package typealias Preference = (_ probabilities: [[Double]], _ step: Int) -> [[Double]]

  /// The name of the checkpoint in a run's folder.
  package static let checkpointName = "supernet.safetensors"

  private var run: SupernetRun
  private let lock: FolderLock
  /// What the user should know before training starts.
  package var remarks: [String] { run.remarks }

  /// Reads the data, compiles both steps, and goes back to the checkpoint when resuming.
  package init(_ request: Request) throws(TrainingError) {
    let lock = try Self.lock(request.folder)
    run = try SupernetRun(request)
    self.lock = lock
  }

  private static func lock(_ folder: String) throws(TrainingError) -> FolderLock {
    do throws(FileError) {
      return try FolderLock(folder)
    } catch {
      throw .file(error)
    }
  }

  /// Trains to the end; the checkpoint is written after every epoch, and an interrupted epoch starts again.
  ///
  /// - Parameters:
  ///   - preference: see `Preference`.
  ///   - isInterrupted: asked after every step; when true the run returns.
  package mutating func run(
    preference: Preference? = nil, isInterrupted: () -> Bool = { false }, report: (Event) -> Void = { _ in }
  ) throws(TrainingError) -> Summary {
    try run.run(preference: preference, isInterrupted: isInterrupted, report: report)
  }
}

/// See `SupernetSession`: trains to the end, from the start or from the checkpoint in the folder. One of another training
/// is passed over: nothing is lost but time.
package func trainSupernet(
  _ request: SupernetSession.Request, preference: SupernetSession.Preference? = nil,
  isInterrupted: () -> Bool = { false }, report: (SupernetSession.Event) -> Void = { _ in }
) throws(TrainingError) -> SupernetSession.Summary {
  var request = request
  request.isResuming = FileBytes.exists(FileBytes.join(request.folder, SupernetSession.checkpointName))
  do throws(TrainingError) {
    return try train(request, preference, isInterrupted, report)
  } catch .checkpoint where request.isResuming {
    request.isResuming = false
    return try train(request, preference, isInterrupted, report)
  }
}

private func train(
  _ request: SupernetSession.Request, _ preference: SupernetSession.Preference?, _ isInterrupted: () -> Bool,
  _ report: (SupernetSession.Event) -> Void
) throws(TrainingError) -> SupernetSession.Summary {
  var session = try SupernetSession(request)
  return try session.run(preference: preference, isInterrupted: isInterrupted, report: report)
}
