import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASSearch
import IRLASStudy
import IRLASTraining

/// A program with the search that is to be carried out.
struct SearchSource {
  let loaded: LoadedProgram
  /// As the program says it.
  let plan: SearchPlan

  /// Loads the file and reads the search; prints what there is to say.
  init(file: String, search: String?, format: MessageFormat, color: ColorChoice) throws {
    loaded = try LoadedProgram(file: file, format: format, color: color)
    try loaded.messages.print(loaded.program.diagnostics)
    let names = loaded.program.searches
    let name: String
    if let search {
      name = search
    } else if names.count == 1 {
      name = names[0]
    } else if names.isEmpty {
      throw CommandFailure.input("\(file) has no search; a `search` says what is sought and where")
    } else {
      throw CommandFailure.usage("\(file) has several searches: name one of \(names.joined(separator: ", "))")
    }
    let (plan, diagnostics) = loaded.program.search(named: name)
    try loaded.messages.print(diagnostics)
    guard let plan else { throw CommandFailure.alreadyReported }
    self.plan = plan
  }

  /// Everything that the search works on: the space, what is known of the experts, the recipe and its images.
  ///
  /// - Parameter known: gives the mirror on record, where there is one.
  func subject(
    plan: SearchPlan, data: String?, kernels: KernelOptions, quiet: Bool,
    known: () throws -> SearchMirror?
  ) throws -> StudyRun.Search {
    let open = try open(plan)
    var task: TrainingTask?
    if let name = plan.recipe {
      let recipe = try loaded.recipe(name)
      let folder = try loaded.dataFolder(of: recipe, given: data)
      task = try reportingFailures { () throws(StudyError) in try TrainingTask(recipe: recipe, folder: folder)
      }
    }
    let mirror =
      try known() ?? SearchMirror(learning: plan, of: loaded, over: open.space, quiet: quiet)
    return StudyRun.Search(
      plan: plan, space: open.space, guidance: Guidance(mirrors: mirror.mirror.map { [$0] } ?? []),
      mirrors: mirror.text, features: TopologyFeatures.table.map(\.name).joined(separator: " "), task: task,
      supernet: try supernet(open, plan: plan, kernels: kernels),
      programText: { graph in try? raise(graph).text })
  }

  /// The space alone and what is known of the experts: for searches that train nothing.
  func scenery(plan: SearchPlan, quiet: Bool) throws -> (space: Space, guidance: Guidance) {
    let space = try open(plan).space
    let mirror = try SearchMirror(learning: plan, of: loaded, over: space, quiet: quiet)
    return (space, Guidance(mirrors: mirror.mirror.map { [$0] } ?? []))
  }

  /// The space of the plan; a mistake in it is told before anything is drawn.
  private func open(_ plan: SearchPlan) throws -> OpenProgram {
    let (open, diagnostics) = loaded.program.space(
      named: plan.space.name, settings: plan.space.arguments.map { ($0.name, $0.value) })
    try loaded.messages.print(diagnostics)
    guard let open else { throw CommandFailure.alreadyReported }
    try loaded.messages.print(open.check().filter { $0.severity == .error })
    return open
  }

  /// The network of all options, where the search is differentiable.
  private func supernet(_ open: OpenProgram, plan: SearchPlan, kernels: KernelOptions) throws -> Supernet? {
    guard case .differentiable = plan.agent else { return nil }
    let (relaxation, diagnostics) = open.relaxed()
    try loaded.messages.print(diagnostics)
    guard let relaxation else { throw CommandFailure.alreadyReported }
    return Supernet(
      network: relaxation.graph,
      decisions: relaxation.decisions.map {
        SupernetDecision(name: $0.name, count: $0.labels.count, logits: $0.logits)
      },
      engine: kernels.settings(threads: processorCount()))
  }

  /// What the study's database says about itself.
  func record(
    plan: SearchPlan, settings: [StudyRecord.Setting], recipe task: TrainingTask?, at time: Double
  ) -> StudyRecord {
    StudyRecord(
      search: plan.name, program: loaded.file, plan: plan.description,
      figures: plan.figures.map(\.description),
      sources: loaded.program.sources.files.map {
        .init(name: $0.name, text: String(decoding: $0.utf8, as: UTF8.self))
      },
      recipe: task.map { "\($0.text)// \($0.key)\n" }, data: task?.folder, settings: settings,
      version: IRLAS.version, host: HostCPU.current().identity, created: time)
  }
}

/// What the command line puts in place of what the search says; kept with the study, so that it is resumed with the same.
struct StudySettings {
  var trials: Int?
  var seed: UInt64?
  var data: String?

  /// Options that are not given are those of the study that is resumed.
  init(trials: Int?, seed: UInt64?, data: String?, known: [StudyRecord.Setting]?) throws {
    func value(_ name: String) -> String? { known?.first { $0.name == name }?.value }
    func check(_ option: String, _ given: String?) throws {
      guard known != nil, let given, given != value(option) else { return }
      throw CommandFailure.usage(
        "the study was begun \(value(option).map { "with --\(option) \($0)" } ?? "without --\(option)"), "
          + "which cannot change: leave it out")
    }
    try check("trials", trials.map(String.init))
    try check("seed", seed.map(String.init))
    self.trials = trials ?? value("trials").flatMap { Int($0) }
    self.seed = seed ?? value("seed").flatMap { UInt64($0) }
    self.data = data ?? value("data")
  }

  /// As they are stored.
  var stored: [StudyRecord.Setting] {
    var settings: [StudyRecord.Setting] = []
    if let trials { settings.append(.init(name: "trials", value: String(trials))) }
    if let seed { settings.append(.init(name: "seed", value: String(seed))) }
    if let data { settings.append(.init(name: "data", value: data)) }
    return settings
  }

  func apply(to plan: inout SearchPlan) {
    if let trials { plan.budget = .trials(trials) }
    if let seed { plan.seeds = [seed] }
  }
}

/// Runs `body` and turns what a study throws into a command's failure.
func reportingFailures<Result>(_ body: () throws(StudyError) -> Result) throws(CommandFailure) -> Result {
  do {
    return try body()
  } catch {
    throw error.isMachineFault ? .machine(error.description) : .input(error.description)
  }
}

/// The same for its database.
func reportingFailures<Result>(_ body: () throws(StoreError) -> Result) throws(CommandFailure) -> Result {
  do {
    return try body()
  } catch {
    throw error.isMachineFault ? .machine(error.description) : .input(error.description)
  }
}
