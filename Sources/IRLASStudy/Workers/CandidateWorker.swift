import Glibc
import IRLASCompiler
package import IRLASGraph
import IRLASJSON
package import IRLASTraining

/// What a worker process does with its candidate.
package struct CandidateWorker {
  private let network: Graph
  private let settings: EngineSettings
  private let now: () -> Double
  private let say: (WorkerMessage) -> Void

  /// - Parameters:
  ///   - now: seconds of a steady clock.
  ///   - say: tells the parent.
  package init(
    network: Graph, settings: EngineSettings, now: @escaping () -> Double,
    say: @escaping (WorkerMessage) -> Void
  ) {
    self.network = network
    self.settings = settings
    self.now = now
    self.say = say
  }

  // MARK: Training

  /// Trains up to the epoch where training is to pause, from the checkpoint in the folder where there is one.
  ///
  /// Whatever a former worker left behind, the accuracies and the checkpoint are the same: training is a function of
  /// program, recipe and seed.
  package func train(_ training: WorkerJob.Training, by recipe: Recipe) {
    do throws(TrainingError) {
      try makeFolder(training.folder)
      try waitForFolder(training.folder)
      do throws(TrainingError) {
        try attempt(training, recipe, isResuming: hasCheckpoint(training))
      } catch .checkpoint {
        // Of another run, or from beyond the epoch: nothing is lost but time.
        try attempt(training, recipe, isResuming: false)
      }
    } catch {
      switch error {
      case .diverged: say(.diverged(firstLine(error.description)))
      case .file(let error) where error.isMachineFault: say(.machine(error.description))
      default: say(.failed(firstLine(error.description)))
      }
    }
  }

  private func hasCheckpoint(_ training: WorkerJob.Training) -> Bool {
    FileBytes.exists(FileBytes.join(training.folder, Trainer.checkpointName))
  }

  private func makeFolder(_ folder: String) throws(TrainingError) {
    do throws(FileError) {
      try FileBytes.createFolder(folder)
    } catch {
      throw .file(error)
    }
  }

  /// A worker whose parent was killed may take a moment to end.
  private func waitForFolder(_ folder: String) throws(TrainingError) {
    let start = now()
    while true {
      do throws(FileError) {
        _ = try FolderLock(folder)
        return
      } catch {
        guard now() - start < 20 else { throw .file(error) }
        usleep(50_000)
      }
    }
  }

  private func attempt(
    _ training: WorkerJob.Training, _ recipe: Recipe, isResuming: Bool
  ) throws(TrainingError) {
    var seeded = recipe
    seeded.seed = training.seed
    var request = TrainingSession.Request(
      network: network, recipe: seeded, dataFolder: training.data, folder: training.folder, settings: settings
    )
    request.isResuming = isResuming
    request.pauseAfter = training.epochs
    request.evaluatesTest = false
    // All candidates are measured on the same images.
    request.splitSeed = recipe.seed
    var session = try TrainingSession(request)
    guard session.epochsDone <= training.epochs else { throw .checkpoint("beyond the epoch") }
    let chance = 1 / Double(max(1, session.classCount))
    let plan = WorkerMessage.PlanNote(planText: session.planRecord)
    var isHopeless = false
    func tell(_ epoch: Int, _ accuracy: Double) {
      say(.epoch(epoch, accuracy: accuracy))
      if epoch == 1, accuracy < chance, recipe.epochs > 1 { isHopeless = true }
    }
    for (index, accuracy) in try accuracies(training, upTo: session.epochsDone).enumerated() {
      tell(index + 1, accuracy)
    }
    if !isHopeless {
      _ = try session.run(isInterrupted: { isHopeless }) { event in
        guard case .epoch(let metrics) = event else { return }
        tell(metrics.epoch + 1, metrics.validationAccuracy ?? .nan)
      }
    }
    say(isHopeless ? .noBetterThanChance(plan: plan) : .trained(plan: plan, remarks: session.remarks))
  }

  /// The accuracies of epochs that a former worker has trained, from its log.
  private func accuracies(
    _ training: WorkerJob.Training, upTo count: Int
  ) throws(TrainingError) -> [Double] {
    guard count > 0 else { return [] }
    let path = FileBytes.join(training.folder, Trainer.metricsName)
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(path)
    } catch {
      throw error.isMachineFault ? .file(error) : .checkpoint(error.description)
    }
    var values: [Double] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let json = try? JSON.parse(line), json["epoch"]?.int == values.count + 1,
        let accuracy = json["validation_accuracy"]?.real
      else { throw .checkpoint("\(path): line \(values.count + 1) is not of this run") }
      values.append(accuracy)
    }
    guard values.count == count else { throw .checkpoint("\(path) has other epochs than the checkpoint") }
    return values
  }

  private func firstLine(_ text: String) -> String {
    String(text.split(separator: "\n").first ?? "")
  }

  // MARK: Measuring

  /// How many times one batch is run for one visit, at most, and for how long.
  private static let runLimit = 50
  private static let leastRuns = 5
  private static let seconds = 0.3

  /// Measures memory and time of the inference program.
  ///
  /// *Memory* is what the plan of a batch takes: feature maps, parameters, and what is prepared of them. *Time* is that of
  /// whole runs, after as many unmeasured ones as it takes for caches and clocks to settle.
  package func measure(_ measuring: WorkerJob.Measuring) {
    do {
      let deployed = network.withoutAuxiliaryOutputs
      var memory: [Int] = []
      for batch in measuring.memory {
        let plan = try compile(deployed, CompileOptions(mode: .inference, batch: batch))
        let persistent = plan.persistent.reduce(0) { $0 + 4 * $1.shape.elementCount }
        memory.append(
          plan.byteCount(of: .arena) + plan.byteCount(of: .prepared) + plan.byteCount(of: .staging)
            + persistent)
      }
      var latency: [[Double]] = []
      var note = WorkerMessage.PlanNote(hash: "", summary: "")
      for batch in measuring.latency {
        var benchmark = try NetworkBenchmark(network: network, mode: .infer, batch: batch, settings: settings)
        latency.append(times(of: &benchmark))
        note = WorkerMessage.PlanNote(planText: PlanRecord(benchmark.plan, benchmark.kernels).text)
      }
      say(.measured(.init(memory: memory, latency: latency), plan: note))
    } catch {
      say(.failed(firstLine("\(error)")))
    }
  }

  private func times(of benchmark: inout NetworkBenchmark) -> [Double] {
    let begin = now()
    var settling = 0
    while settling < 3 || (now() - begin < Self.seconds / 3 && settling < Self.runLimit) {
      benchmark.run()
      settling += 1
    }
    var times: [Double] = []
    let start = now()
    while times.count < Self.leastRuns || (now() - start < Self.seconds && times.count < Self.runLimit) {
      let before = now()
      benchmark.run()
      times.append(now() - before)
    }
    return times
  }
}

extension WorkerMessage.PlanNote {
  /// The note on a plan record: its hash, and its lines but for the calls.
  init(planText text: String) {
    var hash = StableHash()
    hash.combine(text)
    let summary = text.split(separator: "\n").filter { !$0.hasPrefix("prepare ") && !$0.hasPrefix("step ") }
    self.init(hash: GraphHash(hash.value).description, summary: summary.joined(separator: "\n"))
  }
}
