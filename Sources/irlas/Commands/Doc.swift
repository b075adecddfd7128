import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASDocumentation
import IRLASTraining

/// `irlas doc FILE`
struct Doc: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes one HTML page about a program: comments, shapes, counts, uses and drawings.",
    discussion: """
      The page needs nothing else: no scripts, no other files. The same program gives the same bytes.

      Examples:
        irlas doc samples/digits.irlas
        irlas doc samples/published/resnet50.irlas -o pages
        irlas doc samples/spaces/nb101.irlas -o nb101.html
      """)

  @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
  var file: String

  @Option(
    name: [.customShort("o"), .long],
    help: "The page to write, a name that ends in .html, or the folder for it; the present one when absent.",
    completion: .file())
  var output: String?

  @Flag(help: "One line per message.")
  var short = false

  func run() throws {
    let loaded = try LoadedProgram(file: file, format: short ? .short : .long)
    let report = loaded.program.check()
    // Figures that do not hold are shown on the page; what cannot be made at all has none.
    guard report.diagnostics.allSatisfy({ $0.severity != .error || $0.code == .checkFailed }) else {
      try loaded.messages.print(report.diagnostics)
      return
    }
    let name = FileBytes.name(of: file)
    let page: String
    do throws(DrawingError) {
      page = try documentationPage(of: loaded.program, report: report, title: name)
    } catch {
      throw CommandFailure.machine(error.description)
    }
    let path: String
    if let output, output.hasSuffix(".html") {
      path = output
    } else {
      let stem = name.hasSuffix(".irlas") ? String(name.dropLast(6)) : name
      path = FileBytes.join(output ?? ".", stem + ".html")
    }
    try OutputFile.write(Array(page.utf8), to: path)
    StandardOutput.line(path)
    try loaded.messages.print(report.diagnostics)
  }
}
