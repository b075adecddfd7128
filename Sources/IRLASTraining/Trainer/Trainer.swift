import IRLASJSON
package import IRLASGraph

/// What a run reports while it goes on. The caller draws it, and knows the time.
package enum TrainingEvent: Sendable {
  /// A step has ended; `samples` of the epoch's `total` are done.
  case step(epoch: Int, samples: Int, total: Int, meanLoss: Double)
  /// An epoch has ended.
  case epoch(EpochMetrics)
  /// A checkpoint has been written; the next step starts now.
  case saved
}

/// The figures of one epoch.
package struct EpochMetrics: Hashable, Sendable {
  /// From 0.
  package var epoch: Int
  /// Training samples of the epoch.
  package var samples: Int
  /// The mean of the losses of the epoch's steps, each taken before its update.
  package var trainLoss: Double
  /// The share of held-out training images classified rightly; nil when none are held out.
  package var validationAccuracy: Double?
  /// The share of test images classified rightly; not a number where they are left alone.
  package var testAccuracy: Double
  /// The rate of the epoch's last step.
  package var learningRate: Double
}

/// How a run ended.
package struct TrainingSummary: Hashable, Sendable {
  /// Full epochs done, all runs together.
  package var epochs: Int
  package var trainLoss: Double
  package var testAccuracy: Double
  /// Samples that this run, since it was started or resumed, has trained on.
  package var samples: Int
  package var checkpoint: String
  package var wasInterrupted: Bool
}

/// Trains one network by its recipe: a loop around an executable that performs whole training steps.
///
/// Everything random is a function of (seed, epoch, step, sample), so a run that was interrupted anywhere goes on to
/// the same bytes. The checkpoint is written when an epoch ends, every `checkpointInterval` steps, and on interruption.
package struct Trainer: ~Copyable {
  private let recipe: Recipe
  private let data: PreparedData
  private let engine: TrainingEngine
  private let identity: RunIdentity
  private let checkpointPath: String
  private let schedule: LearningRateSchedule
  private let stepsPerEpoch: Int
  private let batch: Int
  private let checkpointInterval: Int
  private var position: RunPosition
  /// Whether test images are classified after each epoch.
  var evaluatesTest = true
  /// Epochs from the start of the run after which it pauses; nil for the end of the recipe.
  var pauseAfter: Int?
  /// Full epochs done.
  var epochsDone: Int { position.epoch }
  private var log: MetricsLog
  /// Plans by which earlier parts of the run were computed, where they differ from the present one.
  private let earlierPlans: String

  /// The name of the checkpoint in a run's folder.
  package static let checkpointName = "checkpoint.safetensors"
  /// The name of the metrics log in a run's folder: one JSON object per epoch.
  package static let metricsName = "metrics.jsonl"

  /// Prepares a run in `folder`, from the start or from the checkpoint there.
  ///
  /// - Parameters:
  ///   - engine: holds the initial parameters already.
  ///   - resuming: the checkpoint to go on from, already checked to belong to `identity`.
  ///   - checkpointInterval: steps between checkpoints within an epoch; 0 for none.
  package init(
    recipe: Recipe, data: PreparedData, engine: TrainingEngine, identity: RunIdentity, folder: String,
    resuming checkpoint: Checkpoint?, checkpointInterval: Int
  ) throws(TrainingError) {
    let path = FileBytes.join(folder, Self.checkpointName)
    var earlier = checkpoint?.text("earlier_plans") ?? ""
    if let plan = checkpoint?.text("plan"), plan != identity.plan { earlier += plan }
    let steps = data.training.dataset.count / engine.batch
    let start: RunPosition
    if let checkpoint {
      start = try checkpoint.position(path: path)
      guard start.step <= steps, start.epoch <= recipe.epochs,
        start.globalStep == start.epoch * steps + start.step
      else {
        throw .checkpoint("\(path): the position in it is not one of this run")
      }
      try engine.load(checkpoint, path: path)
    } else {
      start = RunPosition()
    }
    log = try Self.openLog(
      FileBytes.join(folder, Self.metricsName), keeping: checkpoint == nil ? 0 : start.metricsLength)
    earlierPlans = earlier
    self.recipe = recipe
    self.data = data
    self.engine = engine
    self.identity = identity
    self.checkpointInterval = checkpointInterval
    batch = engine.batch
    stepsPerEpoch = steps
    schedule = LearningRateSchedule(recipe, stepsPerEpoch: steps)
    checkpointPath = path
    position = start
  }

  private static func openLog(_ path: String, keeping length: Int) throws(TrainingError) -> MetricsLog {
    do throws(FileError) {
      return try MetricsLog(path: path, keeping: length)
    } catch {
      throw .file(error)
    }
  }

  /// Trains to the end of the recipe, or to the epoch where it is to pause.
  ///
  /// - Parameters:
  ///   - isInterrupted: asked after every step; when true the run saves and returns.
  ///   - report: called for every step and epoch.
  package mutating func run(
    isInterrupted: () -> Bool, report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> TrainingSummary {
    var samples = 0
    let end = min(recipe.epochs, pauseAfter ?? recipe.epochs)
    if position.epoch == recipe.epochs { try save() }
    while position.epoch < end {
      let order = RandomStream.epochOrder(
        seed: recipe.seed, epoch: UInt64(position.epoch), count: data.training.dataset.count)
      while position.step < stepsPerEpoch {
        try trainStep(order)
        samples += batch
        report(
          .step(
            epoch: position.epoch, samples: position.step * batch, total: stepsPerEpoch * batch,
            meanLoss: position.lossSum / Double(position.step)))
        if isInterrupted() {
          try save()
          return summary(samples: samples, wasInterrupted: true)
        }
        if checkpointInterval > 0, position.globalStep % checkpointInterval == 0,
          position.step < stepsPerEpoch
        {
          try save()
          report(.saved)
        }
      }
      report(.epoch(try finishEpoch()))
      try save()
      report(.saved)
    }
    return summary(samples: samples, wasInterrupted: false)
  }

  private mutating func trainStep(_ order: [Int]) throws(TrainingError) {
    let start = position.step * batch
    engine.fill(from: data.training, samples: Array(order[start..<start + batch]), epoch: position.epoch)
    let rate = schedule.learningRate(epoch: position.epoch, step: position.step)
    let loss = engine.step(learningRate: rate, seed: recipe.seed, index: position.globalStep)
    guard loss.isFinite else { throw .diverged(epoch: position.epoch, step: position.step) }
    position.lossSum += loss
    position.step += 1
    position.globalStep += 1
  }

  private mutating func finishEpoch() throws(TrainingError) -> EpochMetrics {
    var validation: Double?
    if let held = data.validation { validation = try engine.accuracy(on: held) }
    let metrics = EpochMetrics(
      epoch: position.epoch, samples: stepsPerEpoch * batch,
      trainLoss: position.lossSum / Double(max(stepsPerEpoch, 1)),
      validationAccuracy: validation,
      testAccuracy: evaluatesTest ? try engine.accuracy(on: data.test) : .nan,
      learningRate: schedule.learningRate(epoch: position.epoch, step: max(stepsPerEpoch - 1, 0)))
    var members: [JSON.Member] = [
      .init("epoch", .integer(Int64(metrics.epoch + 1))),
      .init("step", .integer(Int64(position.globalStep))),
      .init("train_loss", .number(metrics.trainLoss)),
    ]
    if let validation { members.append(.init("validation_accuracy", .number(validation))) }
    if evaluatesTest { members.append(.init("test_accuracy", .number(metrics.testAccuracy))) }
    members.append(.init("learning_rate", .number(metrics.learningRate)))
    do throws(FileError) {
      try log.append(members)
    } catch {
      throw .file(error)
    }
    position.epoch += 1
    position.step = 0
    position.lossSum = 0
    position.lastLoss = metrics.trainLoss
    position.lastAccuracy = metrics.testAccuracy
    position.metricsLength = log.length
    return metrics
  }

  private func save() throws(TrainingError) {
    var checkpoint = Checkpoint(identity, position, normalization: data.normalization)
    let names = data.training.dataset.classNames
    if !names.isEmpty { checkpoint.set("class_names", names.joined(separator: "\n")) }
    if !earlierPlans.isEmpty { checkpoint.set("earlier_plans", earlierPlans) }
    engine.store(in: &checkpoint)
    do throws(FileError) {
      try checkpoint.write(to: checkpointPath)
    } catch {
      throw .file(error)
    }
  }

  private func summary(samples: Int, wasInterrupted: Bool) -> TrainingSummary {
    TrainingSummary(
      epochs: position.epoch, trainLoss: position.lastLoss, testAccuracy: position.lastAccuracy,
      samples: samples, checkpoint: checkpointPath, wasInterrupted: wasInterrupted)
  }
}
