import ArgumentParser
import IRLASDSL
import IRLASGraph

/// The program file, the space and what is decided beforehand: what the commands about spaces start from.
struct SpaceOptions: ParsableArguments {
  @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
  var file: String

  @Argument(help: "The space; needed when the file has more than one that can stand by itself.")
  var space: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Gives a parameter a value or makes a decision.", valueName: "name=value"))
  var settings: [String] = []

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "Colour in messages: auto, always or never; auto follows the terminal and NO_COLOR.")
  var color = ColorChoice.auto

  /// Loads the file and finds the space; prints what there is to say.
  func open() throws -> (program: LoadedProgram, space: OpenProgram) {
    let loaded = try LoadedProgram(file: file, format: short ? .short : .long, color: color)
    try loaded.messages.print(loaded.program.diagnostics)
    let name = try loaded.spaceName(space)
    let settings = try parsedSettings(settings)
    let (open, diagnostics) = loaded.program.space(named: name, settings: settings)
    let sources =
      settings.isEmpty ? loaded.program.sources : loaded.program.sources(withSettings: settings, of: name)
    try MessagePrinter(sources: sources, format: loaded.messages.format, color: color).print(diagnostics)
    guard let open else { throw CommandFailure.alreadyReported }
    return (loaded, open)
  }

  /// Draws a program.
  ///
  /// - Throws: `CommandFailure` with the usual reasons when none is sound.
  static func draw(_ space: Space, seed: UInt64) throws -> Space.Sample {
    do throws(Space.SampleFailure) {
      return try space.sample(seed: seed)
    } catch {
      let reasons = error.reasons.prefix(3).map { "\n  \($0.count) times: \($0.reason)" }.joined()
      throw CommandFailure.input(
        "`\(space.name)` gave no sound program in \(error.runs) runs\(reasons)")
    }
  }
}
