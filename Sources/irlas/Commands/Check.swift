import ArgumentParser
import IRLASDSL

/// `irlas check FILE...`
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks programs: names, types, shapes, and the figures their `check` lines pin.",
    discussion: "Example:\n  irlas check samples/published/*.irlas")

  @Argument(help: "The programs (.irlas).", completion: .file(extensions: ["irlas"]))
  var files: [String]

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "text, or json: a line for each message.")
  var format = OutputFormat.text

  @Flag(name: .shortAndLong, help: "Print nothing when all is well.")
  var quiet = false

  func run() throws {
    var failed = false
    for file in files {
      do {
        let loaded = try LoadedProgram(file: file, format: format == .json ? .json : short ? .short : .long)
        let report = loaded.program.check()
        try loaded.messages.print(report.diagnostics)
        guard !quiet, format == .text else { continue }
        var parts = [count(loaded.program.networks.count, "network")]
        let spaces = loaded.program.spaces.count
        if spaces > 0 { parts.append(count(spaces, "space")) }
        parts.append("\(count(report.passedChecks, "check")) passed")
        StandardOutput.line("\(file): \(parts.joined(separator: ", "))")
      } catch let failure as CommandFailure {
        failure.report()
        failed = true
      }
    }
    if failed { throw CommandFailure.alreadyReported }
  }

  private func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
