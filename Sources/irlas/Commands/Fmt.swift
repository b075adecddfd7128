import ArgumentParser
import IRLASDSL
import IRLASTraining

/// `irlas fmt FILE...`
struct Fmt: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Formats programs in place, in the one style of the language.",
    discussion: """
      Example:
        irlas fmt samples/published/*.irlas
        irlas fmt --check --diff program.irlas
        irlas fmt - < program.irlas

      A program with a syntax error is left as it is.
      """)

  @Argument(
    help: "The programs (.irlas); `-` reads standard input and writes standard output.",
    completion: .file(extensions: ["irlas"]))
  var files: [String]

  @Flag(help: "Change nothing; name the files that are not formatted and fail if there are any.")
  var check = false

  @Flag(help: "Change nothing; print what would change in unified form.")
  var diff = false

  @Flag(help: "One line per message.")
  var short = false

  func run() throws {
    var failed = false
    for file in files {
      do {
        if try format(file) { failed = true }
      } catch let failure as CommandFailure {
        failure.report()
        failed = true
      }
    }
    if failed { throw CommandFailure.alreadyReported }
  }

  /// Formats one file. Says whether `--check` fails because of it.
  private func format(_ file: String) throws -> Bool {
    let isInput = file == "-"
    let name = isInput ? "standard input" : file
    let bytes: [UInt8]
    do throws(FileError) {
      bytes =
        isInput
        ? try StandardInput.read(limit: SourceFile.maximumSize)
        : try FileBytes.read(file, limit: SourceFile.maximumSize)
    } catch {
      throw CommandFailure(error)
    }
    let source = SourceFile(name: name, utf8: bytes)
    let text: [UInt8]
    do throws(FormatError) {
      text = try formatted(source)
    } catch {
      try MessagePrinter(sources: SourceSet(source), format: short ? .short : .long).print(error.diagnostics)
      throw CommandFailure.alreadyReported
    }
    if diff {
      StandardOutput.write(LineDifference(from: bytes, to: text).unified(oldName: name, newName: name))
    }
    if check {
      if text != bytes { StandardError.write("\(name) is not formatted\n") }
      return text != bytes
    }
    if diff { return false }
    if isInput {
      StandardOutput.write(String(decoding: text, as: UTF8.self))
    } else if text != bytes {
      try OutputFile.replace(file, by: text)
    }
    return false
  }
}
