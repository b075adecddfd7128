import ArgumentParser
import IRLASDSL
import IRLASJSON
import IRLASTraining

/// `irlas hash FILE [NAME]`
struct Hash: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Identifies a network or cell, whatever its names and the order of its statements.",
    discussion: """
      Equal `program` hashes mean that two programs train to the same numbers; `topology` leaves out widths and the
      order of concatenation. The hash is the last word of its line. A cell is hashed with its parameters and input
      shapes symbolic, its defaults closed, and `fit` as one op.

      Examples:
        irlas hash samples/digits.irlas
        irlas hash samples/digits.irlas Bottleneck --set groups=8
        irlas hash samples/published/resnet50.irlas --format json
      """)

  @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
  var file: String

  @Argument(help: "The network or cell; needed when the file has more than one network.")
  var name: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Gives a parameter a value.", valueName: "param=value"))
  var settings: [String] = []

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "text or json.")
  var format = OutputFormat.text

  func run() throws {
    let loaded = try LoadedProgram(file: file, format: short ? .short : .long)
    try loaded.messages.print(loaded.program.diagnostics)
    let name = try self.name ?? defaultName(loaded)
    guard (loaded.program.networks + loaded.program.cells).contains(name) else {
      throw CommandFailure.input("\(file) has no network or cell `\(name)`")
    }
    let arguments = try parsedSettings(settings)
    let (identity, diagnostics, sources) = loaded.program.identity(of: name, arguments: arguments)
    try MessagePrinter(sources: sources, format: loaded.messages.format).print(diagnostics)
    guard let identity else { throw CommandFailure.alreadyReported }
    switch format {
    case .text:
      StandardOutput.line("program   \(identity.program)")
      StandardOutput.line("topology  \(identity.topology)")
    case .json:
      StandardOutput.line(
        JSON.object([
          .init("name", .string(name)),
          .init("program", .string("\(identity.program)")),
          .init("topology", .string("\(identity.topology)")),
          .init("open", .array(identity.open.map { .string($0) })),
          .init("closed", .array(identity.closed.map { .string($0) })),
        ]).line)
    }
  }

  /// The only network, or the only cell of a file without networks.
  private func defaultName(_ loaded: LoadedProgram) throws -> String {
    if loaded.program.networks.isEmpty, loaded.program.cells.count == 1 { return loaded.program.cells[0] }
    return try loaded.networkName(nil)
  }
}
