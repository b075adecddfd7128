import ArgumentParser
import IRLASDSL
import IRLASTraining

/// `irlas next-tokens FILE|-`
struct NextTokensCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "next-tokens",
    abstract: "Lists the tokens that may follow the beginning of a program.",
    discussion: """
      Example:
        printf 'cell A(x:' | irlas next-tokens -
        irlas next-tokens begun.irlas --format json

      Every token of the text is taken to be whole. A token is listed if and only if some program goes on with it;
      whether names exist and shapes fit is not looked at. ID, INT, NUMBER, KERNEL and STRING are the classes of
      the grammar, (end) means that the text is a whole program.
      """)

  @Argument(
    help: "The beginning of a program; `-` reads standard input.", completion: .file(extensions: ["irlas"]))
  var file: String

  @Option(help: "text: a token on each line. json: one object.")
  var format = OutputFormat.text

  @Flag(help: "One line per message.")
  var short = false

  func run() throws {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes =
        file == "-"
        ? try StandardInput.read(limit: SourceFile.maximumSize)
        : try FileBytes.read(file, limit: SourceFile.maximumSize)
    } catch {
      throw CommandFailure(error)
    }
    let source = SourceFile(name: file == "-" ? "standard input" : file, utf8: bytes)
    switch nextTokens(after: source) {
    case .failure(let problem):
      try MessagePrinter(sources: SourceSet(source), format: short ? .short : .long).print(
        problem.diagnostics)
      throw CommandFailure.alreadyReported
    case .success(let next):
      switch format {
      case .text: StandardOutput.write(text(next))
      case .json: StandardOutput.line(json(next))
      }
    }
  }

  private func text(_ next: NextTokens) -> String {
    let lines = next.choices.map { choice in
      switch choice {
      case .anyOf(let name): name
      case .exactly(let word): "\"\(word)\""
      }
    }
    return (lines + (next.isComplete ? ["(end)"] : [])).map { $0 + "\n" }.joined()
  }

  /// No spelling of a token needs an escape.
  private func json(_ next: NextTokens) -> String {
    let choices = next.choices.map { choice in
      switch choice {
      case .anyOf(let name): "{\"class\":\"\(name)\"}"
      case .exactly(let word): "{\"text\":\"\(word)\"}"
      }
    }
    return "{\"complete\":\(next.isComplete),\"next\":[\(choices.joined(separator: ","))]}"
  }
}
