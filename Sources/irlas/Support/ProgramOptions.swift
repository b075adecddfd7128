import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASTraining

/// The program file and the values that replace parameter defaults: what most commands start from.
struct ProgramOptions: ParsableArguments {
  @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
  var file: String

  @Argument(help: "The network; needed when the file has more than one.")
  var network: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Gives a parameter of the network another value.", valueName: "param=value"))
  var settings: [String] = []

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "Colour in messages: auto, always or never; auto follows the terminal and NO_COLOR.")
  var color = ColorChoice.auto

  /// Loads the file and elaborates the network; prints what there is to say.
  func elaborate() throws -> (program: LoadedProgram, elaboration: Elaboration) {
    let program = try LoadedProgram(file: file, format: short ? .short : .long, color: color)
    try program.messages.print(program.program.diagnostics)
    let name = try program.networkName(network)
    return (program, try program.elaborate(name, settings: try parsedSettings()))
  }

  /// The `--set` options as names and values.
  func parsedSettings() throws -> [(name: String, value: String)] { try irlas.parsedSettings(settings) }
}

/// `--set` options as names and values.
func parsedSettings(_ settings: [String]) throws -> [(name: String, value: String)] {
  try settings.map { setting in
    guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
      throw CommandFailure.usage("--set takes name=value, not `\(setting)`")
    }
    return (String(setting[..<equals]), String(setting[setting.index(after: equals)...]))
  }
}

/// A program whose files have been read and whose names are resolved.
struct LoadedProgram {
  let file: String
  let program: IRLASDSL.Program
  let messages: MessagePrinter

  /// Reads `file` and what it uses, and prints the front end's messages.
  ///
  /// - Throws: `CommandFailure` when the file cannot be read; errors in the text are printed and kept.
  init(file: String, format: MessageFormat, color: ColorChoice = .auto) throws {
    self.file = file
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(file, limit: SourceFile.maximumSize)
    } catch {
      throw CommandFailure(error)
    }
    program = IRLASDSL.Program.load(entry: SourceFile(name: file, utf8: bytes), loader: Self.read)
    messages = MessagePrinter(sources: program.sources, format: format, color: color)
  }

  /// Opens the files that programs name.
  static func read(_ path: String) -> IRLASDSL.Program.LoadResult {
    do throws(FileError) {
      return .bytes(try FileBytes.read(path, limit: SourceFile.maximumSize))
    } catch {
      return error.kind == .missing ? .missing : .unreadable(error.problem)
    }
  }

  /// The network to work on: the one named, or the only one there is. A space counts as one, as its decisions may be
  /// made by `--set`.
  func networkName(_ given: String?) throws -> String {
    let names = program.networks
    if let given {
      guard names.contains(given) || program.spaces.contains(given) else {
        throw CommandFailure.input(
          names.isEmpty
            ? "\(file) has no network" : "\(file) has no network `\(given)`; it has \(list(names))")
      }
      return given
    }
    if names.isEmpty, program.standaloneSpaces.count == 1 { return program.standaloneSpaces[0] }
    guard let only = names.first else { throw CommandFailure.input("\(file) has no network") }
    guard names.count == 1 else {
      throw CommandFailure.usage("\(file) has several networks: name one of \(list(names))")
    }
    return only
  }

  /// The space to work on: the one named, or the only one that can stand by itself.
  func spaceName(_ given: String?) throws -> String {
    let names = program.spaces
    if let given {
      guard names.contains(given) else {
        throw CommandFailure.input(
          names.isEmpty ? "\(file) has no space" : "\(file) has no space `\(given)`; it has \(list(names))")
      }
      return given
    }
    let candidates = program.standaloneSpaces
    guard let only = candidates.first else {
      throw CommandFailure.input(
        names.isEmpty
          ? "\(file) has no space"
          : "\(file) has no space that can stand by itself: no input has a shape")
    }
    guard candidates.count == 1 else {
      throw CommandFailure.usage("\(file) has several spaces: name one of \(list(candidates))")
    }
    return only
  }

  /// The recipe to follow: the one named, or the only one there is.
  func recipe(_ given: String?) throws -> Recipe {
    let names = program.recipes
    let name: String
    if let given {
      guard names.contains(given) else {
        throw CommandFailure.input(
          names.isEmpty
            ? "\(file) has no recipe" : "\(file) has no recipe `\(given)`; it has \(list(names))")
      }
      name = given
    } else {
      guard let only = names.first else {
        throw CommandFailure.input("\(file) has no recipe; a recipe says how to train a network")
      }
      guard names.count == 1 else {
        throw CommandFailure.usage("\(file) has several recipes: --recipe \(names.joined(separator: " | "))")
      }
      name = only
    }
    let (recipe, diagnostics) = program.recipe(named: name)
    try messages.print(diagnostics)
    guard let recipe else { throw CommandFailure.alreadyReported }
    return recipe
  }

  /// The folder of a recipe's images: the one given, or the recipe's own relative to the program's file.
  func dataFolder(of recipe: Recipe, given: String?) throws -> String {
    if let given { return given }
    guard let folder = recipe.data.folder else {
      throw CommandFailure.usage("the recipe \(recipe.name) names no data folder: --data DIR")
    }
    return folder.hasPrefix("/") ? folder : FileBytes.join(FileBytes.folder(of: file), folder)
  }

  /// Elaborates a network with some parameters set.
  func elaborate(_ network: String, settings: [(name: String, value: String)]) throws -> Elaboration {
    let (elaboration, diagnostics) = program.elaborate(network: network, arguments: settings)
    let sources = settings.isEmpty ? program.sources : program.sources(withSettings: settings, of: network)
    try MessagePrinter(sources: sources, format: messages.format, color: messages.color).print(diagnostics)
    guard let elaboration else { throw CommandFailure.alreadyReported }
    return elaboration
  }

  private func list(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }
}

extension LoadedProgram {
  /// Links of a diagram to the lines of the program.
  func links(_ map: SourceMap) -> @Sendable (Int32) -> DiagramOptions.Link? {
    let sources = program.sources
    return { origin in
      guard let span = map[origin], let file = sources[span.file] else { return nil }
      let line = file.location(at: Int(span.lower)).line
      return DiagramOptions.Link(
        url: "\(FileBytes.name(of: file.name))#L\(line)", text: "\(FileBytes.name(of: file.name)):\(line)")
    }
  }
}

/// Prints diagnostics to standard error.
struct MessagePrinter {
  let sources: SourceSet
  let format: MessageFormat
  var color = ColorChoice.auto

  /// Prints all of them.
  ///
  /// - Throws: `CommandFailure.alreadyReported` when one is an error.
  func print(_ diagnostics: [Diagnostic]) throws {
    let renderer = DiagnosticRenderer(sources: sources, color: color.isOn)
    for diagnostic in diagnostics {
      switch format {
      case .long: StandardError.write(renderer.render(diagnostic) + "\n\n")
      case .short: StandardError.write(renderer.renderShort(diagnostic) + "\n")
      case .json: StandardOutput.line(renderer.renderJSON(diagnostic))
      }
    }
    guard let error = diagnostics.first(where: { $0.severity == .error }) else { return }
    if format == .long, StandardError.isTerminal {
      StandardError.write("`irlas explain \(error.code.code)` says more about the first error.\n")
    }
    throw CommandFailure.alreadyReported
  }
}

/// When messages are coloured.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
  /// On terminals, unless `NO_COLOR` is set or the terminal is dumb.
  case auto
  /// Whatever the environment says.
  case always
  case never

  /// Whether messages on standard error are coloured.
  var isOn: Bool {
    switch self {
    case .auto: StandardError.usesColor
    case .always: true
    case .never: false
    }
  }
}

/// How diagnostics are printed.
enum MessageFormat {
  /// With the lines of the program.
  case long
  /// A line each.
  case short
  /// A JSON object each, on standard output.
  case json
}
