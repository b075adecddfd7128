import ArgumentParser
import IRLASDSL
import IRLASTraining

/// `irlas check FILE...`
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks programs: names, types, shapes, and the figures their `check` lines pin.",
    discussion: """
      --fix applies the fixes that leave nothing to decide, and those that become possible by them, as long as no step
      leaves more errors than there were. `irlas explain` says more about a message.

      Examples:
        irlas check samples/published/*.irlas
        irlas check --fix --dry-run program.irlas
      """)

  @Argument(help: "The programs (.irlas).", completion: .file(extensions: ["irlas"]))
  var files: [String]

  @Flag(help: "Repair in place what can be repaired without a choice.")
  var fix = false

  @Flag(help: "With --fix: change nothing, print what would change in unified form.")
  var dryRun = false

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "text, or json: a line for each message.")
  var format = OutputFormat.text

  @Option(help: "Colour in messages: auto, always or never; auto follows the terminal and NO_COLOR.")
  var color = ColorChoice.auto

  @Flag(name: .shortAndLong, help: "Print nothing when all is well.")
  var quiet = false

  func validate() throws {
    if dryRun, !fix { throw ValidationError("--dry-run goes with --fix") }
  }

  func run() throws {
    var failed = false
    for file in files {
      do {
        if fix { try repair(file) }
        let loaded = try LoadedProgram(
          file: file, format: format == .json ? .json : short ? .short : .long, color: color)
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

  /// Applies the fixes to one file, or shows what they would change; says what was done on standard error.
  private func repair(_ file: String) throws {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(file, limit: SourceFile.maximumSize)
    } catch {
      throw CommandFailure(error)
    }
    let result = IRLASDSL.Program.fix(
      entry: SourceFile(name: file, utf8: bytes), loader: LoadedProgram.read)
    if dryRun {
      StandardOutput.write(
        LineDifference(from: bytes, to: result.utf8).unified(oldName: file, newName: file))
    } else if result.utf8 != bytes {
      try OutputFile.replace(file, by: result.utf8)
    }
    if !quiet {
      let word = dryRun ? "would fix" : "fixed"
      for fix in result.fixes { StandardError.write(line(file, fix, word)) }
    }
    for fix in result.refused {
      StandardError.write(line(file, fix, "left alone, as the program would not be better:"))
    }
  }

  private func line(_ file: String, _ fix: FixedProgram.Fix, _ word: String) -> String {
    "\(file):\(fix.location.line):\(fix.location.column): \(word) \(fix.code.code): \(fix.text)\n"
  }

  private func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
