import ArgumentParser
import Glibc
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASSearch
import IRLASStudy
import IRLASTraining

/// `irlas search FILE [SEARCH]`
struct Search: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Searches a space for better programs, as a `search` of the program says.",
    discussion: """
      Candidates are trained in processes of their own, as many at a time as there are cores; one that fails, diverges, \
      or exceeds its limits is a recorded trial. Everything is recorded in OUT/study.sqlite. Ctrl-C (exit code 130) or a \
      crash loses nothing but the candidates in work: --resume goes on to the same result. What was found is written to \
      OUT/found as programs; `irlas study` shows the trials.

      Example:
        irlas search samples/searches/digits.irlas --out study
        irlas study list study
      """)

  @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
  var file: String

  @Argument(help: "The search; needed when the file has more than one.")
  var search: String?

  @Option(help: "The folder of the study; SEARCH.study by default.", completion: .directory)
  var out: String?

  @Flag(help: "Go on with the study in OUT.")
  var resume = false

  @Option(help: "Candidates in work at the same time; as many as the cores allow by default.")
  var workers: Int?

  @Option(
    help: "Threads of each; workers times threads never exceed the cores. Results do not depend on either.")
  var threads: Int?

  @Option(help: "Another budget: so many trials.")
  var trials: Int?

  @Option(help: "One seed in place of the search's.")
  var seed: UInt64?

  @Option(help: "The data folder; the recipe's own by default.", completion: .directory)
  var data: String?

  @Option(
    help: ArgumentHelp("Seconds that a candidate may take for one stage of training.", valueName: "seconds"))
  var timeLimit = 3600.0

  @Option(
    help: ArgumentHelp("Memory of each candidate; a share of the machine's by default.", valueName: "MiB"))
  var memoryLimit: Int?

  @OptionGroup var kernels: KernelOptions

  @Flag(name: .shortAndLong, help: "No progress.")
  var quiet = false

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "Colour in messages: auto, always or never; auto follows the terminal and NO_COLOR.")
  var color = ColorChoice.auto

  @Option(help: .hidden)
  var worker: String?

  func validate() throws {
    if let trials, !(1...1_000_000_000).contains(trials) {
      throw ValidationError("--trials takes a number from 1 to 1000000000, not \(trials)")
    }
    guard timeLimit > 0, timeLimit.isFinite else {
      throw ValidationError("--time-limit takes seconds above 0")
    }
    if let memoryLimit, !(64...(1 << 30)).contains(memoryLimit) {
      throw ValidationError("--memory-limit takes MiB from 64, not \(memoryLimit)")
    }
  }

  func run() throws {
    let source = try SearchSource(file: file, search: search, format: short ? .short : .long, color: color)
    let folder = out ?? "\(source.plan.name).study"
    try prepare(folder)
    let lock = try Self.lock(folder)
    try withExtendedLifetime(lock) { try search(source, in: folder) }
  }

  private func search(_ source: SearchSource, in folder: String) throws {
    Interruption.catchSignals()
    var plan = source.plan
    let known = resume ? try open(folder) : nil
    if let host = known?.study.host, host != HostCPU.current().identity {
      StandardError.write(
        "note: the study was begun on another processor (\(host)): latencies measured here do not compare with its\n"
      )
    }
    let settings = try StudySettings(trials: trials, seed: seed, data: data, known: known?.study.settings)
    settings.apply(to: &plan)
    let subject = try source.subject(
      plan: plan, data: settings.data, kernels: kernels, quiet: quiet,
      known: { try known?.mirror(in: folder) })
    if !subject.mirrors.isEmpty {
      try OutputFile.write(Array(subject.mirrors.utf8), to: FileBytes.join(folder, "expert.mirror"))
    }
    let record = source.record(plan: plan, settings: settings.stored, recipe: subject.task, at: wallSeconds())
    let store = try known.map { try $0.checked(against: record) } ?? Self.create(record, in: folder)
    let evaluation = try evaluationSettings()
    var display = SearchDisplay(plan: plan, quiet: quiet)
    let ending = try reportingFailures { () throws(StudyError) in
      let run = try StudyRun(
        subject, settings: evaluation, store: store, folder: folder,
        surroundings: .init(
          now: monotonicSeconds, date: wallSeconds, isInterrupted: { Interruption.isRequested }),
        report: { display.show($0) })
      return try run.run()
    }
    display.finish()
    let command = "irlas search \(file)\(search.map { " \($0)" } ?? "") --out \(folder)"
    switch ending {
    case .interrupted:
      StandardError.write("stopped; everything is saved\nhelp: go on with the same command and --resume\n")
      throw ExitCode(130)
    case .finished(let endings):
      for (seed, reason) in endings where reason != "the budget is used up" {
        StandardError.write("note: the run with seed \(seed) ended before its budget: \(reason)\n")
      }
      let results = FoundPrograms(store: store, plan: plan, folder: folder, command: command)
      try results.write(recipe: subject.task?.recipe)
      let page = FileBytes.join(folder, "report.html")
      try StudyReporting(study: try OpenStudy(folder)).write(to: page)
      StandardOutput.line(page)
    }
  }

  // MARK: The study's folder

  private func prepare(_ folder: String) throws {
    guard !folder.isEmpty else { throw CommandFailure.usage("--out needs the name of a folder") }
    let exists = StudyStore.exists(in: folder)
    if exists, !resume {
      throw CommandFailure.usage(
        "\(folder) holds a study already: --resume goes on with it, another --out starts afresh")
    }
    if !exists, resume { throw CommandFailure.usage("\(folder) holds no study to resume") }
    do throws(FileError) {
      try FileBytes.createFolder(folder)
    } catch {
      throw CommandFailure(error)
    }
  }

  private static func lock(_ folder: String) throws -> FolderLock {
    do throws(FileError) {
      return try FolderLock(folder, user: "another search is working in this folder")
    } catch {
      throw CommandFailure(error)
    }
  }

  private func open(_ folder: String) throws -> KnownStudy {
    try reportingFailures { () throws(StoreError) in
      let store = try StudyStore.open(in: folder, isChecked: true)
      return KnownStudy(store: store, study: try store.study())
    }
  }

  private static func create(_ record: StudyRecord, in folder: String) throws -> StudyStore {
    try reportingFailures { () throws(StoreError) in try StudyStore.create(record, in: folder) }
  }

  // MARK: The machine

  private func evaluationSettings() throws(CommandFailure) -> EvaluationSettings {
    let cores = processorCount()
    let threads = self.threads ?? max(1, workers.map { cores / max(1, $0) } ?? 1)
    let workers = self.workers ?? max(1, cores / max(1, threads))
    guard threads >= 1, workers >= 1 else { throw .usage("--workers and --threads take numbers from 1") }
    guard workers * threads <= cores else {
      throw .usage(
        "\(workers) workers with \(threads) threads each need more than the \(cores) cores there are")
    }
    let pages = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    let memory = memoryLimit.map { $0 << 20 } ?? max(1 << 28, pages / 10 * 8 / workers)
    var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = path.withUnsafeMutableBytes { bytes in
      readlink("/proc/self/exe", bytes.assumingMemoryBound(to: CChar.self).baseAddress!, bytes.count)
    }
    let own = length > 0 ? String(decoding: path[..<length], as: UTF8.self) : "irlas"
    // A candidate that crashes is a result: nobody waits seconds for its backtrace.
    let environment =
      Environment.all.filter { !$0.hasPrefix("SWIFT_BACKTRACE=") } + ["SWIFT_BACKTRACE=enable=no"]
    return EvaluationSettings(
      workers: workers, threads: threads, timeLimit: timeLimit, memoryLimit: memory,
      kernels: kernels.tier.rawValue,
      program: WorkerProgram(
        executable: worker ?? own, arguments: worker == nil ? ["worker"] : [], environment: environment),
      host: HostCPU.current().identity)
  }
}

/// A study that is gone on with.
private struct KnownStudy {
  let store: StudyStore
  let study: StudyRecord

  /// The mirror that the runs so far had; nil before the first one.
  func mirror(in folder: String) throws -> SearchMirror? {
    let runs = try reportingFailures { () throws(StoreError) in try store.runs() }
    return try runs.first.map { try SearchMirror(recorded: $0.mirrors, in: folder) }
  }

  /// The store, when the program and everything else that decides the trials is what it was.
  func checked(against now: StudyRecord) throws -> StudyStore {
    func differs(_ what: String) -> CommandFailure {
      .input(
        "\(store.path) was begun with \(what)\n"
          + "help: undo the change, or start another study; the program as it was is in the study")
    }
    if study.sources.map(\.text) != now.sources.map(\.text) { throw differs("another text of the program") }
    if study.plan != now.plan { throw differs("another search or other options:\n\(study.plan)") }
    if study.recipe != now.recipe { throw differs("another recipe or other images") }
    return store
  }
}
