import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASSearch
import IRLASStudy
import IRLASTraining

/// `irlas table ...`
struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Measures a small space as a whole, for comparing strategies without training again.",
    subcommands: [Make.self, Signal.self, Replay.self])

  /// `irlas table make FILE [SPACE] -o TABLE`
  struct Make: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Trains every distinct program of a space and writes a line of JSON for each.",
      discussion: """
        The table is written line by line, and a program that is in it is not trained again: stop it at any time and \
        start it again. --part 1/2 and --part 2/2 share the work between two processes with a table each; \
        their lines together are the table. A training that diverges counts as an accuracy of 0.

        Example:
          irlas table make samples/searches/cells.irlas --data pictures --seeds 3 -o cells.jsonl
        """)

    @OptionGroup var source: SpaceOptions

    @Option(help: "The recipe; needed when the file has more than one.")
    var recipe: String?

    @Option(help: "The data folder; the recipe's own by default.", completion: .directory)
    var data: String?

    @Option(help: ArgumentHelp("How often each program is trained.", valueName: "n"))
    var seeds = 3

    @Option(help: ArgumentHelp("The share of this process.", valueName: "i/n"))
    var part = "1/1"

    @Option(
      name: [.customShort("o"), .long], help: "The table (JSON lines).",
      completion: .file(extensions: ["jsonl"]))
    var output: String

    @OptionGroup var machine: MachineOptions
    @OptionGroup var kernels: KernelOptions

    func run() throws {
      guard (1...100).contains(seeds) else {
        throw CommandFailure.usage("--seeds takes a number from 1 to 100, not \(seeds)")
      }
      let (index, count) = try share()
      let (program, open) = try source.open()
      let recipe = try program.recipe(recipe)
      guard recipe.data.validation > 0 else {
        throw CommandFailure.input(
          "the recipe \(recipe.name) holds no images out: write `validation: N` in its data")
      }
      let folder = try program.dataFolder(of: recipe, given: data)
      let done = FileBytes.exists(output) ? try TableFile.read(output).rows : []
      if let other = done.first(where: { $0.validation.count != seeds }) {
        throw CommandFailure.usage("\(output) was begun with --seeds \(other.validation.count)")
      }
      var known = Set(done.map(\.program))
      var file = try TableFile.appending(to: output)
      let programs = try distinctPrograms(of: open).enumerated()
        .filter { $0.offset % count == index }.map(\.element)
      var progress = ProgressLine(
        title: "training", total: programs.count, unit: "programs", quiet: machine.quiet,
        initial: programs.count { known.contains($0.programHash) })
      Interruption.catchSignals()
      var finished = programs.count { known.contains($0.programHash) }
      for graph in programs where known.insert(graph.programHash).inserted {
        guard let row = try train(graph, recipe, folder) else {
          StandardError.write("stopped; the same command goes on\n")
          throw ExitCode(130)
        }
        do throws(FileError) {
          try file.append(TableFile.members(row))
        } catch {
          throw CommandFailure(error)
        }
        finished += 1
        progress.update(finished)
      }
      WorkFolder.remove(checkpoints)
      progress.finish(finished)
      StandardOutput.line("\(output): \(finished) programs")
    }

    /// Where trainings leave their checkpoints.
    private var checkpoints: String { output + ".run" }

    private func share() throws -> (index: Int, count: Int) {
      let numbers = part.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 2, let index = numbers[0], let count = numbers[1], count >= 1,
        (1...count).contains(index)
      else {
        throw CommandFailure.usage("--part takes a share such as 1/2, not `\(part)`")
      }
      return (index - 1, count)
    }

    /// More ways to make all decisions than this are no table that anybody could train.
    private static let mostPrograms = 100_000

    /// The first program of each hash, in the order of the space.
    private func distinctPrograms(of open: OpenProgram) throws -> [Graph] {
      guard let ways = open.count()?.programs.int, ways <= Self.mostPrograms else {
        throw CommandFailure.input(
          "`\(open.name)` has more than \(grouped(Self.mostPrograms)) programs: too many for a table\n"
            + "help: `irlas space count` says how many; --set makes decisions and gives parameters values")
      }
      var progress = ProgressLine(title: "looking", total: ways, unit: "programs", quiet: machine.quiet)
      var seen: Set<GraphHash> = []
      var graphs: [Graph] = []
      var runs = 0
      open.space.enumerate { exploration in
        runs += 1
        if let graph = exploration.graph, seen.insert(graph.programHash).inserted { graphs.append(graph) }
        progress.update(min(runs, ways))
        return true
      }
      progress.finish(ways, note: "\(graphs.count) distinct")
      return graphs
    }

    /// The accuracies of a program; nil when interrupted.
    private func train(_ graph: Graph, _ recipe: Recipe, _ folder: String) throws -> MeasurementTable.Row? {
      var row = MeasurementTable.Row(
        program: graph.programHash, parameters: graph.parameterCount, macs: graph.macs, validation: [],
        test: [])
      let threads = try machine.threadCount()
      let split = recipe.seed
      for seed in 0..<seeds {
        var recipe = recipe
        recipe.seed = StableHash.mix(UInt64(seed), graph.programHash.value)
        do throws(FileError) {
          try FileBytes.createFolder(checkpoints)
        } catch {
          throw CommandFailure(error)
        }
        var last: EpochMetrics?
        let summary = try reportingFailures { () throws(TrainingError) -> TrainingSummary? in
          var request = TrainingSession.Request(
            network: graph, recipe: recipe, dataFolder: folder, folder: checkpoints,
            settings: kernels.settings(threads: threads))
          // All programs are compared on the same images.
          request.splitSeed = split
          do throws(TrainingError) {
            var session = try TrainingSession(request)
            return try session.run(isInterrupted: { Interruption.isRequested }) { event in
              if case .epoch(let metrics) = event { last = metrics }
            }
          } catch {
            if case .diverged = error { return nil }
            throw error
          }
        }
        // A network that does not train knows nothing.
        guard let summary else {
          row.validation.append(0)
          row.test.append(0)
          continue
        }
        if summary.wasInterrupted { return nil }
        row.validation.append(last?.validationAccuracy ?? 0)
        row.test.append(summary.testAccuracy)
      }
      return row
    }
  }

  /// `irlas table signal TABLE`
  struct Signal: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tells how much of a table is the networks, and how much the luck of a seed.",
      discussion: """
        Example:
          irlas table signal samples/searches/cells.jsonl
        """)

    @Argument(help: "The table (JSON lines).", completion: .file(extensions: ["jsonl"]))
    var file: String

    func run() throws {
      let table = try TableFile.read(file).table()
      guard let signal = table.signal else {
        throw CommandFailure.input("\(file) has one program or one seed: there is nothing to compare")
      }
      StandardOutput.line(
        """
        \(table.rows.count) programs, \(table.seedCount) seeds each
        deviation between programs  \(percent(signal.betweenPrograms))
        deviation between seeds     \(percent(signal.betweenSeeds))
        rank correlation of seeds   \(decimal(signal.rankCorrelation, 3))
        test accuracy               best \(percent(signal.best)), by one seed \(percent(signal.ceiling)), \
        mean \(percent(signal.average))
        """)
    }
  }
}

/// A table of measurements as lines of JSON.
struct TableFile {
  let path: String
  let rows: [MeasurementTable.Row]

  /// The table, checked.
  func table() throws -> MeasurementTable {
    do throws(MeasurementTable.Issue) {
      return try MeasurementTable(rows)
    } catch {
      throw CommandFailure.input("\(path): \(error)")
    }
  }

  /// Reads a file; a last line that was not finished is left out.
  static func read(_ path: String) throws -> TableFile {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(path, limit: 1 << 28)
    } catch {
      throw CommandFailure(error)
    }
    var rows: [MeasurementTable.Row] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where !line.isEmpty {
      guard let row = row(Array(line)) else {
        if number == lines.count - 1 { break }
        throw CommandFailure.input("\(path):\(number + 1): not a row of a table of measurements")
      }
      rows.append(row)
    }
    return TableFile(path: path, rows: rows)
  }

  private static func row(_ line: [UInt8]) -> MeasurementTable.Row? {
    guard let json = try? JSON.parse(line[...]),
      let hash = json["program"]?.text.flatMap({ GraphHash(parsing: $0) }),
      let parameters = json["params"]?.int, let macs = json["macs"]?.int,
      let validation = numbers(json["validation"]), let test = numbers(json["test"])
    else { return nil }
    return MeasurementTable.Row(
      program: hash, parameters: parameters, macs: macs, validation: validation, test: test)
  }

  private static func numbers(_ json: JSON?) -> [Double]? {
    var numbers: [Double] = []
    for element in json?.elements ?? [] {
      switch element {
      case .integer(let value): numbers.append(Double(value))
      case .number(let value): numbers.append(value)
      default: return nil
      }
    }
    return json?.elements == nil ? nil : numbers
  }

  /// Opens a file to go on after its complete lines.
  static func appending(to path: String) throws -> MetricsLog {
    do throws(FileError) {
      return try MetricsLog(path: path)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// A row as the members of an object.
  static func members(_ row: MeasurementTable.Row) -> [JSON.Member] {
    [
      .init("program", .string(row.program.description)), .init("params", JSON(row.parameters)),
      .init("macs", JSON(row.macs)),
      .init("validation", .array(row.validation.map { .number($0) })),
      .init("test", .array(row.test.map { .number($0) })),
    ]
  }
}
