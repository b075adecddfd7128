import ArgumentParser
import IRLASDSL
import IRLASJSON

/// `irlas explain [CODE]`
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Explains a message: why it is given, with an example and its cure.",
    discussion: """
      Without a code all messages are listed.

      Examples:
        irlas explain L0201
        irlas explain --format json
      """)

  @Argument(
    help: "The code of the message, as it stands in brackets.",
    completion: .list(DiagnosticCode.allCases.map(\.code)))
  var code: String?

  @Option(help: "text, or json: a line for each message.")
  var format = OutputFormat.text

  func run() throws {
    guard let code else {
      for code in DiagnosticCode.allCases {
        StandardOutput.line(format == .json ? json(code).line : "\(code.code)  \(code.summary)")
      }
      return
    }
    let full = Self.full(code)
    guard let known = DiagnosticCode(code: full) else {
      let near = nearest(to: full, among: DiagnosticCode.allCases.map(\.code))
      throw CommandFailure.usage(
        "no message has the code \(code)"
          + (near.map { "; did you mean \($0)?" } ?? "; `irlas explain` lists all codes"))
    }
    StandardOutput.line(format == .json ? json(known).line : known.explained())
  }

  /// The code as messages write it: `l201` and `201` mean `L0201`.
  private static func full(_ code: String) -> String {
    let digits = code.uppercased().drop { $0 == "L" }
    guard !digits.isEmpty, digits.count < 4, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
      return code.uppercased()
    }
    return "L" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  private func json(_ code: DiagnosticCode) -> JSON {
    let entry = code.explanation
    return .object([
      .init("code", .string(code.code)),
      .init("severity", .string(code.defaultSeverity.rawValue)),
      .init("summary", .string(code.summary)),
      .init("text", .string(entry.text)),
      .init("example", .string(entry.exampleAsShown)),
      .init("cure", .string(entry.cure)),
    ])
  }
}
