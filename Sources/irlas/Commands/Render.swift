import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph

/// `irlas render FILE [NETWORK]`
struct Render: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws a network: SVG, DOT, PNG or PDF, by the name of the output file.",
    discussion: """
      Cells are boxes that fold; copies of a repeat are drawn once with a badge.

      Examples:
        irlas render samples/digits.irlas -o digits.svg
        irlas render samples/published/darts_v2.irlas --depth 1 --theme dark -o darts.png
      """)

  @OptionGroup var source: ProgramOptions

  @Option(name: .shortAndLong, help: "The picture to write; the ending chooses the format.")
  var output: String

  @Option(help: "How many levels of cells are open; chosen by the size of the network when absent.")
  var depth: Int?

  @Option(parsing: .singleValue, help: "A cell that stays folded, by name; may be repeated.")
  var collapse: [String] = []

  @Option(help: "light or dark.")
  var theme = ThemeName.light

  enum ThemeName: String, CaseIterable, ExpressibleByArgument { case light, dark }

  func run() throws {
    guard let dot = output.lastIndex(of: "."),
      let format = DiagramFormat(rawValue: String(output[output.index(after: dot)...]).lowercased())
    else {
      throw CommandFailure.usage(
        "the output file must end in \(DiagramFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", "))"
      )
    }
    if let depth, depth < 0 { throw CommandFailure.usage("--depth takes a number from 0, not \(depth)") }
    let (loaded, elaboration) = try source.elaborate()
    let graph = elaboration.graph
    for name in collapse where !graph.hasCell(named: name) {
      let names = graph.cellNames
      throw CommandFailure.input(
        "\(graph.name) has no cell `\(name)` to collapse"
          + (names.isEmpty
            ? "; it has no cells at all" : "; it has \(names.map { "`\($0)`" }.joined(separator: ", "))"))
    }
    var options = DiagramOptions()
    options.depth = depth
    options.collapse = collapse
    options.theme = theme == .dark ? .dark : .light
    options.link = loaded.links(elaboration.sourceMap)
    do {
      try OutputFile.write(try render(graph, options: options, as: format), to: output)
    } catch let error as DrawingError {
      throw CommandFailure.machine(error.description)
    }
    StandardOutput.line(output)
  }
}
