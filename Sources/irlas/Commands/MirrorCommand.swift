import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASSearch
import IRLASTraining

/// `irlas mirror ...`
struct MirrorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mirror",
    abstract: "Learns what makes an expert network what it is, and tells how like it others are.",
    subcommands: [Learn.self, Score.self, Explain.self])

  /// `irlas mirror learn`
  struct Learn: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Learns a mirror from one or more expert networks.",
      discussion: """
        Inverse reinforcement learning finds the reward under which the expert's block is better than the blocks of a \
        search space. What comes out is a text file: features, weights, and what the random blocks of the space are like.

        Of several experts the best match counts. A file with several networks is named FILE:NETWORK.

        Examples:
          irlas mirror learn --expert samples/published/resnext29.irlas --space samples/spaces/nsc.irlas -o resnext.mirror
          irlas mirror learn --expert mine.irlas:Net --space mine.irlas Blocks --method max_margin -o mine.mirror
        """)

    @Option(
      parsing: .singleValue, help: ArgumentHelp("An expert; may be repeated.", valueName: "file[:network]"),
      completion: .file(extensions: ["irlas"]))
    var expert: [String]

    @Option(
      help: ArgumentHelp("The program with the search space.", valueName: "file"),
      completion: .file(extensions: ["irlas"]))
    var space: String

    @Argument(help: "The space; needed when its file has more than one that can stand by itself.")
    var spaceName: String?

    @Option(
      name: .customLong("set"), parsing: .singleValue,
      help: ArgumentHelp(
        "Gives a parameter of the space a value or makes a decision.", valueName: "name=value"))
    var settings: [String] = []

    @Option(name: .shortAndLong, help: "The file to write.", completion: .file(extensions: ["mirror"]))
    var output: String

    @Option(help: "max_entropy, max_margin or projection.")
    var method = SearchPlan.Mirror.Method.maximumEntropy

    @Option(help: ArgumentHelp("How many blocks to draw from the space.", valueName: "n"))
    var pool = 1000

    @Option(
      help: ArgumentHelp("How many times to search for blocks that score above the expert.", valueName: "n"))
    var rounds = 10

    @Option(
      help: "The penalty of max_entropy to begin with; lowered while some block scores above the expert.")
    var regularization = 1.0

    @Option(help: "Where the draws begin.")
    var seed: UInt64 = 0

    @Flag(help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
      guard !expert.isEmpty else { throw ValidationError("a mirror needs an --expert") }
      guard (2...1_000_000).contains(pool) else {
        throw ValidationError("--pool takes a number from 2 to 1000000, not \(pool)")
      }
      guard (0...1000).contains(rounds) else {
        throw ValidationError("--rounds takes a number from 0 to 1000, not \(rounds)")
      }
      guard regularization >= 1e-4, regularization <= 1e6 else {
        throw ValidationError("--regularization takes a number from 0.0001 to 1e6, not \(regularization)")
      }
    }

    func run() throws {
      let start = monotonicSeconds()
      let experts = try expert.map { try NetworkReference($0).elaborate() }
      let space = try openSpace()
      var line = ProgressLine(title: "pool of \(space.name)", total: pool, unit: "blocks", quiet: quiet)
      let (learning, distinct) = try learnedMirror(
        experts, space, pool: pool, seed: seed,
        options: MirrorOptions(method: method, regularization: regularization, rounds: rounds, seed: seed),
        drawn: { $0 == pool ? line.finish($0) : line.update($0) }, round: show)
      try OutputFile.write(Array(learning.mirror.description.utf8), to: output)
      summarize(learning, distinct: distinct, seconds: monotonicSeconds() - start)
    }

    private func openSpace() throws -> Space {
      let program = try LoadedProgram(file: space, format: .long)
      try program.messages.print(program.program.diagnostics)
      let (open, diagnostics) = program.program.space(
        named: try program.spaceName(spaceName), settings: try parsedSettings(settings))
      try program.messages.print(diagnostics)
      guard let open else { throw CommandFailure.alreadyReported }
      try program.messages.print(open.check().filter { $0.severity == .error })
      return open.space
    }

    private func show(_ round: MirrorLearning.Round) {
      guard !quiet else { return }
      var text =
        "\(round.expert): \(grouped(round.blocks)) blocks, the best scores \(decimal(round.bestKnown, 3))"
      if let response = round.bestResponse { text += ", the best response \(decimal(response, 3))" }
      if let distance = round.distance { text += ", distance \(decimal(distance, 3))" }
      StandardError.write(text + "\n")
    }

    private func summarize(_ learning: MirrorLearning, distinct: Int, seconds: Double) {
      let mirror = learning.mirror
      for (index, expert) in mirror.experts.enumerated() {
        if index > 0 { StandardOutput.line() }
        let penalty = method == .maximumEntropy ? ", penalty \(expert.regularization)" : ""
        StandardOutput.line("expert     \(expert.name) (topology \(expert.topology))")
        StandardOutput.line("method     \(mirror.method.rawValue)\(penalty)")
        StandardOutput.line(
          "told from  \(grouped(expert.poolScores.count)) blocks of \(mirror.space) (\(grouped(distinct)) distinct), "
            + "\(grouped(expert.negatives)) best responses")
        StandardOutput.line(
          "stability  \(decimal(expert.stability, 3)) (mean cosine when the pool is drawn again)")
        let closest = learning.rounds.last { $0.expert == expert.name }
        if let best = closest.map({ max($0.bestKnown, $0.bestResponse ?? -.infinity) }) {
          StandardOutput.line("next best  \(decimal(best, 3)) (the expert scores 1, the mean block 0)")
        }
        StandardOutput.line()
        var table = Table([
          ("feature", .left), ("weight", .right), ("+-", .right), ("expert", .right), ("mean", .right),
          ("adds", .right),
        ])
        let contributions = mirror.contributions(expert.features, to: index)
        for item in contributions.sorted(by: { abs($0.share) > abs($1.share) }).prefix(10) {
          table.add([
            item.name, signed(expert.weights[item.feature], 4), decimal(expert.spread[item.feature], 4),
            decimal(item.expert, 3), decimal(item.pool, 3), signed(item.share, 3),
          ])
        }
        for line in table.lines { StandardOutput.line(line) }
      }
      StandardOutput.line()
      StandardOutput.line("\(output) written in \(decimal(seconds, 1)) s")
    }
  }
}

extension SearchPlan.Mirror.Method: ExpressibleByArgument {}

/// A number with its sign.
func signed(_ value: Double, _ places: Int) -> String { (value < 0 ? "" : "+") + decimal(value, places) }
