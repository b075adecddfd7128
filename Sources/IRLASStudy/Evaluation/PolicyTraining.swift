package import IRLASGraph
import IRLASSearch
package import IRLASTraining

/// A space as one network of all options, and how it is computed.
package struct Supernet: Sendable {
  package var network: Graph
  package var decisions: [SupernetDecision]
  package var engine: EngineSettings

  package init(network: Graph, decisions: [SupernetDecision], engine: EngineSettings) {
    self.network = network
    self.decisions = decisions
    self.engine = engine
  }
}

/// The first part of a differentiable search: trains the network of all options, once for each seed. What it learned is on
/// record as a measurement of that network, so that a resumed search has the same.
///
/// It runs in this process, on all cores, before there are candidates: unlike them the network is one that the whole search
/// stands or falls with. Its checkpoint is in the study's folder.
struct PolicyTraining {
  /// What came of it.
  enum Outcome {
    case learned(RelaxedPolicy)
    /// The search is none that learns in this way.
    case none
    case interrupted
  }

  private let search: StudyRun.Search
  private let store: StudyStore
  private let folder: String
  private let host: String
  private let surroundings: StudyRun.Surroundings

  init(
    _ search: StudyRun.Search, store: StudyStore, folder: String, host: String,
    surroundings: StudyRun.Surroundings
  ) {
    self.search = search
    self.store = store
    self.folder = folder
    self.host = host
    self.surroundings = surroundings
  }

  /// What is on record, or what the training learns now.
  func policy(seed: UInt64, report: (String) -> Void) throws(StudyError) -> Outcome {
    guard case .differentiable(let epochs, let rate) = search.plan.agent else { return .none }
    guard let supernet = search.supernet else {
      throw .input("a differentiable search needs the network of all options")
    }
    guard let task = search.task else {
      throw .input(
        "a differentiable search learns on images, and the search \(search.plan.name) asks for no accuracy\n"
          + "help: for example reward: accuracy(Quick)")
    }
    let program = supernet.network.programHash
    let figure = "options(seed: \(seed), epochs: \(epochs), rate: \(rate), task: \(task.key))"
    if let known = try known(program, figure) {
      guard let policy = policy(of: known.samples, supernet) else {
        throw .store(.damaged(store.path, "the probabilities of the options do not fit the program"))
      }
      return .learned(policy)
    }
    guard
      let summary = try train(supernet, task, seed: seed, epochs: epochs, rate: rate, report: report)
    else { return .interrupted }
    let samples = summary.probabilities.flatMap { $0 }
    guard let policy = policy(of: samples, supernet) else { return .none }
    let record = MeasurementRecord(
      program: program, figure: figure, value: summary.validationLoss, reason: nil, samples: samples,
      plan: nil,
      host: host, recorded: surroundings.date())
    try keep(record)
    WorkFolder.remove(workFolder(seed))
    return .learned(policy)
  }

  private func known(_ program: GraphHash, _ figure: String) throws(StudyError) -> MeasurementRecord? {
    do throws(StoreError) {
      return try store.measurement(of: program, figure)
    } catch {
      throw .store(error)
    }
  }

  private func keep(_ record: MeasurementRecord) throws(StudyError) {
    do throws(StoreError) {
      try store.record([record])
    } catch {
      throw .store(error)
    }
  }

  private func workFolder(_ seed: UInt64) -> String { FileBytes.join(folder, "options-\(seed)") }

  /// The probabilities of all options one after the other, by decision.
  private func policy(of samples: [Double], _ supernet: Supernet) -> RelaxedPolicy? {
    var rest = samples[...]
    var choices: [RelaxedPolicy.Choice] = []
    for decision in supernet.decisions {
      guard rest.count >= decision.count else { return nil }
      choices.append(.init(name: decision.name, probabilities: Array(rest.prefix(decision.count))))
      rest = rest.dropFirst(decision.count)
    }
    return rest.isEmpty ? RelaxedPolicy(choices) : nil
  }

  /// Trains to the end, or gives nil when interrupted.
  private func train(
    _ supernet: Supernet, _ task: TrainingTask, seed: UInt64, epochs: Int, rate: Double,
    report: (String) -> Void
  ) throws(StudyError) -> SupernetSession.Summary? {
    let folder = workFolder(seed)
    var request = SupernetSession.Request(
      network: supernet.network, decisions: supernet.decisions, recipe: task.recipe, dataFolder: task.folder,
      folder: folder, epochs: epochs, rate: rate, settings: supernet.engine)
    request.seed = seed
    let context = SearchContext(
      space: search.space, seed: seed, guidance: search.guidance,
      reward: Reward(plan: search.plan, hasMirror: search.guidance.hasMirror))
    var score = RelaxedScore(
      likenessIn: context, decisions: supernet.decisions.map { (name: $0.name, count: $0.count) })
    let preference: SupernetSession.Preference? =
      context.reward.usesMirror
      ? { probabilities, step in
        score.expectation(probabilities, key: context.key(step, purpose: "options")).slopes
      } : nil
    report("learning the options, epoch 1 of \(epochs)")
    let announce: (SupernetSession.Event) -> Void = { event in
      if case .epoch(let done, _, _) = event, done + 1 < epochs {
        report("learning the options, epoch \(done + 2) of \(epochs)")
      }
    }
    do {
      try FileBytes.createFolder(folder)
      let summary = try trainSupernet(
        request, preference: preference, isInterrupted: surroundings.isInterrupted, report: announce)
      return summary.wasInterrupted ? nil : summary
    } catch {
      throw StudyError(error)
    }
  }
}
