import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASTraining

/// `irlas sample FILE [SPACE]`
struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws programs from a search space.",
    discussion: """
      What is printed is an ordinary program. The same seed gives the same program. Several programs differ from one \
      another, unless --repeats asks for plain draws; they go to a folder, or to one line of JSON each.

      Examples:
        irlas sample samples/spaces/nsc.irlas --seed 4 > net.irlas
        irlas sample samples/spaces/nsc.irlas --count 20 -o drawn
      """)

  @OptionGroup var source: SpaceOptions

  @Option(help: "Where the draws begin.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("How many programs to draw.", valueName: "n"))
  var count = 1

  @Flag(help: "Keep equal programs.")
  var repeats = false

  @Option(
    name: [.customShort("o"), .long],
    help: "The file to write, or the folder for several programs.", completion: .file())
  var output: String?

  @Option(help: "text, or json: a line for each program with its decisions and hashes.")
  var format = OutputFormat.text

  func run() throws {
    guard count >= 1 else { throw CommandFailure.usage("--count takes a number of at least 1") }
    if count > 1, format == .text, output == nil {
      throw CommandFailure.usage("several programs go to a folder: -o DIR, or --format json")
    }
    let (program, open) = try source.open()
    // A mistake in the space is told as such before anything is drawn.
    try program.messages.print(open.check().filter { $0.severity == .error })
    let space = open.space
    var seen: Set<GraphHash> = []
    var lines: [String] = []
    var number = 0
    var draw: UInt64 = 0
    var failures = 0
    while number < count {
      let drawSeed = draw == 0 ? seed : StableHash.mix(seed, draw)
      draw += 1
      let sample = try SpaceOptions.draw(space, seed: drawSeed)
      let hash = sample.graph.programHash
      guard seen.insert(hash).inserted || repeats else {
        failures += 1
        if failures < 1000 { continue }
        StandardError.write("note: 1000 draws in a row gave nothing new; \(seen.count) distinct programs\n")
        break
      }
      failures = 0
      number += 1
      let text = try Self.text(of: sample, from: source.file, seed: drawSeed)
      switch format {
      case .json: lines.append(json(sample, hash, drawSeed, text).line)
      case .text:
        guard let output else {
          StandardOutput.write(text)
          continue
        }
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, String(count).count - digits.count)) + digits
        let path = count == 1 ? output : FileBytes.join(output, "\(space.name)-\(padded).irlas")
        try OutputFile.write(Array(text.utf8), to: path)
      }
    }
    guard format == .json else { return }
    if let output {
      try OutputFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: output)
    } else {
      for line in lines { StandardOutput.line(line) }
    }
  }

  /// A drawn program with where it comes from.
  private static func text(of sample: Space.Sample, from file: String, seed: UInt64) throws -> String {
    do throws(RaisingIssue) {
      return "//! Drawn from \(FileBytes.name(of: file)), space \(sample.graph.name), seed \(seed).\n"
        + (try raise(sample.graph).text)
    } catch {
      throw CommandFailure.input(error.description)
    }
  }

  private func json(_ sample: Space.Sample, _ hash: GraphHash, _ seed: UInt64, _ text: String) -> JSON {
    .object([
      .init("seed", .string(String(seed))),
      .init("program", .string(hash.description)),
      .init("topology", .string(sample.graph.topologyHash.description)),
      .init(
        "decisions",
        .array(
          sample.decisions.map {
            .object([.init("name", .string($0.name)), .init("option", .string($0.label))])
          })),
      .init("text", .string(text)),
    ])
  }
}
